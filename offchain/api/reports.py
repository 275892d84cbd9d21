"""What a trader is told about an order that is durable, made from the sequencer's receipt."""

import asyncio
from collections.abc import Iterable

from offchain.api.services import Services
from offchain.client.messages import (
    AllCancelledMessage,
    AmendedMessage,
    CancelledMessage,
    ImmediateFill,
    PlacedMessage,
    PlaceMessage,
    ReplacedMessage,
)
from offchain.core.commands import CancelReason
from offchain.core.errors import StateDiverged
from offchain.core.events import Event, EventKind
from offchain.core.intents import Receipt
from offchain.core.money import Market
from offchain.core.order_life import EXPIRY_REASONS, OrderStatus


class OrderReports:
    """Makes the answers of order entry."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._directory = services.sequencer.directory

    async def placed(self, message: PlaceMessage, market: Market, receipt: Receipt) -> PlacedMessage:
        """How the order stands after its own command; for a repeated one, how it stands now."""
        if receipt.repeated:
            return await self._repeated(message, market, receipt)
        news = _News(receipt.sequence)
        for event in receipt.events:
            news.take(event)
        return PlacedMessage(
            order_id=receipt.sequence,
            client_order_id=message.client_order_id,
            market=message.market,
            status=news.status,
            price=market.price_text(news.price_ticks),
            filled_quantity=market.quantity_text(news.filled_lots),
            fills=[_fill(event, market, receipt.sequence) for event in news.fills],
            cancel_reason=CancelReason(news.reason).name if news.reason else None,
            sequence=receipt.sequence,
            timestamp_ms=receipt.timestamp_us // 1_000,
            repeated=False,
        )

    async def replaced(self, message: PlaceMessage, market: Market, receipt: Receipt) -> ReplacedMessage:
        """The order that went and the one that came."""
        placed = await self.placed(message, market, receipt)
        if receipt.repeated:
            return ReplacedMessage(None, placed)
        (old,) = (event for event in _cancellations(receipt.events) if event.reason == CancelReason.REPLACED)
        return ReplacedMessage(self._cancelled(old, receipt), placed)

    def cancelled(self, receipt: Receipt) -> CancelledMessage:
        """The order that a cancel took out of the book."""
        (event,) = _cancellations(receipt.events)
        return self._cancelled(event, receipt)

    def amended(self, receipt: Receipt, remaining: str) -> AmendedMessage:
        """The order of which less remains; `remaining` is what was asked for, and may have been so before."""
        order_id, reduced = receipt.sequence, "0"
        for event in receipt.events:
            if event.kind == EventKind.AMENDED:
                market = self._directory.markets[event.market]
                order_id, reduced = event.order_id, market.quantity_text(event.quantity)
                remaining = market.quantity_text(event.remaining)
        return AmendedMessage(
            order_id=order_id,
            client_order_id=self._client_order_id(order_id),
            reduced_quantity=reduced,
            remaining_quantity=remaining,
            sequence=receipt.sequence,
            timestamp_ms=receipt.timestamp_us // 1_000,
        )

    def all_cancelled(self, receipt: Receipt) -> AllCancelledMessage:
        """The orders that a mass cancel took out of the books."""
        return AllCancelledMessage(
            order_ids=[event.order_id for event in _cancellations(receipt.events)],
            sequence=receipt.sequence,
            timestamp_ms=receipt.timestamp_us // 1_000,
        )

    def _cancelled(self, event: Event, receipt: Receipt) -> CancelledMessage:
        return CancelledMessage(
            order_id=event.order_id,
            client_order_id=self._client_order_id(event.order_id),
            status=OrderStatus.CANCELLED,
            cancelled_quantity=self._directory.markets[event.market].quantity_text(event.quantity),
            sequence=receipt.sequence,
            timestamp_ms=receipt.timestamp_us // 1_000,
        )

    def _client_order_id(self, order_id: int) -> str:
        order = self._directory.order(order_id)
        if order is None:
            raise StateDiverged(f"Order {order_id} changed and is not known.")
        return order.client_order_id

    async def _repeated(self, message: PlaceMessage, market: Market, receipt: Receipt) -> PlacedMessage:
        """The order was taken before; how it stands now is for the tables to say."""
        services = self._services
        await services.projector.caught_up(services.sequencer.last_sequence)
        account = self._directory.account_of(bytes.fromhex(message.owner[2:]))
        assert account is not None, "a repeated order has an account"
        order = await asyncio.to_thread(services.orders.order, account, receipt.sequence)
        if order is None:
            raise StateDiverged(f"Order {receipt.sequence} is in the log and not in the tables.")
        return PlacedMessage(
            order_id=receipt.sequence,
            client_order_id=message.client_order_id,
            market=message.market,
            status=order.status,
            price=market.price_text(order.price_ticks),
            filled_quantity=market.quantity_text(order.filled_lots),
            fills=[],
            cancel_reason=CancelReason(order.reason).name if order.reason else None,
            sequence=receipt.sequence,
            timestamp_ms=receipt.timestamp_us // 1_000,
            repeated=True,
        )


class _News:
    """What the events of its own command did to a new order: as taker, and as maker of a stop that it fired."""

    def __init__(self, order_id: int) -> None:
        self.status = OrderStatus.NEW
        self.price_ticks = self.filled_lots = self.reason = 0
        self.fills: list[Event] = []
        self._order_id = order_id

    def take(self, event: Event) -> None:
        """Take in the next event; those of other orders change nothing."""
        if event.kind == EventKind.FILLED and self._order_id in (event.order_id, event.counter_order_id):
            remaining = event.remaining if event.order_id == self._order_id else event.counter_remaining
            self.status = OrderStatus.PARTIALLY_FILLED if remaining else OrderStatus.FILLED
            self.filled_lots += event.quantity
            self.fills.append(event)
        elif event.order_id != self._order_id:
            return
        elif event.kind == EventKind.ACCEPTED:
            self.price_ticks = event.price
        elif event.kind == EventKind.CANCELLED:
            self.status = OrderStatus.EXPIRED if event.reason in EXPIRY_REASONS else OrderStatus.CANCELLED
            self.reason = event.reason


def _fill(event: Event, market: Market, order_id: int) -> ImmediateFill:
    return ImmediateFill(
        fill_id=event.sequence,
        price=market.price_text(event.price),
        quantity=market.quantity_text(event.quantity),
        fee=market.quote.to_decimal(event.fee if event.order_id == order_id else event.counter_fee),
    )


def _cancellations(events: Iterable[Event]) -> list[Event]:
    return [event for event in events if event.kind == EventKind.CANCELLED]
