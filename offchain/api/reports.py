"""What a trader is told about an order that is durable, made from the sequencer's receipt."""

import asyncio
from typing import Final

from offchain.api.services import Services
from offchain.client.messages import (
    AllCancelledMessage,
    CancelledMessage,
    ImmediateFill,
    PlacedMessage,
    PlaceMessage,
)
from offchain.core.commands import CancelReason
from offchain.core.errors import StateDiverged
from offchain.core.events import Event, EventKind
from offchain.core.intents import Receipt
from offchain.core.money import Market
from offchain.core.order_life import OrderStatus

_EXPIRY_REASONS: Final = (CancelReason.IOC_REMAINDER, CancelReason.EXPIRED)


class OrderReports:
    """Makes the answers of order entry."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._directory = services.sequencer.directory

    async def placed(self, message: PlaceMessage, market: Market, receipt: Receipt) -> PlacedMessage:
        """How the order stands after its own command; for a repeated one, how it stands now."""
        if receipt.repeated:
            return await self._repeated(message, market, receipt)
        status, filled_lots, fills = OrderStatus.NEW, 0, []
        for event in receipt.events:
            if event.kind == EventKind.FILLED and event.order_id == receipt.sequence:
                status = OrderStatus.PARTIALLY_FILLED if event.remaining else OrderStatus.FILLED
                filled_lots += event.quantity
                fills.append(_fill(event, market))
            elif event.kind == EventKind.CANCELLED and event.order_id == receipt.sequence:
                status = OrderStatus.EXPIRED if event.reason in _EXPIRY_REASONS else OrderStatus.CANCELLED
        return _placed(message, receipt, market.quantity_text(filled_lots), status, fills)

    def cancelled(self, receipt: Receipt) -> CancelledMessage:
        """The order that a cancel took out of the book."""
        (event,) = _cancellations(receipt)
        order = self._directory.order(event.order_id)
        if order is None:
            raise StateDiverged(f"Order {event.order_id} was cancelled and is not known.")
        return CancelledMessage(
            order_id=event.order_id,
            client_order_id=order.client_order_id,
            status=OrderStatus.CANCELLED,
            cancelled_quantity=self._directory.markets[event.market].quantity_text(event.quantity),
            sequence=receipt.sequence,
            timestamp_ms=receipt.timestamp_us // 1_000,
        )

    def all_cancelled(self, receipt: Receipt) -> AllCancelledMessage:
        """The orders that a mass cancel took out of the books."""
        return AllCancelledMessage(
            order_ids=[event.order_id for event in _cancellations(receipt)],
            sequence=receipt.sequence,
            timestamp_ms=receipt.timestamp_us // 1_000,
        )

    async def _repeated(self, message: PlaceMessage, market: Market, receipt: Receipt) -> PlacedMessage:
        """The order was taken before; how it stands now is for the tables to say."""
        services = self._services
        await services.projector.caught_up(services.sequencer.last_sequence)
        account = self._directory.account_of(bytes.fromhex(message.owner[2:]))
        assert account is not None, "a repeated order has an account"
        order = await asyncio.to_thread(services.orders.order, account, receipt.sequence)
        if order is None:
            raise StateDiverged(f"Order {receipt.sequence} is in the log and not in the tables.")
        return _placed(message, receipt, market.quantity_text(order.filled_lots), order.status, [])


def _placed(
    message: PlaceMessage, receipt: Receipt, filled_quantity: str, status: OrderStatus, fills: list[ImmediateFill]
) -> PlacedMessage:
    return PlacedMessage(
        order_id=receipt.sequence,
        client_order_id=message.client_order_id,
        market=message.market,
        status=status,
        filled_quantity=filled_quantity,
        fills=fills,
        sequence=receipt.sequence,
        timestamp_ms=receipt.timestamp_us // 1_000,
        repeated=receipt.repeated,
    )


def _fill(event: Event, market: Market) -> ImmediateFill:
    return ImmediateFill(
        fill_id=event.sequence,
        price=market.price_text(event.price),
        quantity=market.quantity_text(event.quantity),
        fee=market.quote.to_decimal(event.fee),
    )


def _cancellations(receipt: Receipt) -> list[Event]:
    return [event for event in receipt.events if event.kind == EventKind.CANCELLED]
