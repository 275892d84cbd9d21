"""The life of an order and its fills, told from the log: one place for the tables and for the private feed.

Quantities are lots, prices ticks, amounts quote units, times microseconds since 1970.
"""

from collections.abc import Mapping, MutableMapping
from enum import StrEnum
from typing import Final

import msgspec

from offchain.core.commands import CancelReason, CommandKind, OrderAuthorization
from offchain.core.events import Event, EventKind, LoggedCommand
from offchain.core.money import Market


class OrderStatus(StrEnum):
    """Where an order is in its life."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    """Its time ran out, or it was immediate and its remainder found no counterpart."""
    REJECTED = "REJECTED"
    """Journaled and then refused by the engine; it never held funds."""


_EXPIRY_REASONS: Final = (CancelReason.IOC_REMAINDER, CancelReason.EXPIRED)


class Order(msgspec.Struct):
    """An order as it stands after `updated_sequence`, the last command that touched it.

    `remaining_lots` is what is still in the book: 0 once the order is dead. `filled_lots` is what matched, including
    fills that were unwound later (`Fill.unwound_reason` tells). The average price is `notional_units` over
    `filled_lots`. `fee_units` is negative where rebates outweigh. `reason` is a `CancelReason` or, of a rejected
    order, a `RejectReason`; 0 otherwise.
    """

    order_id: int
    account: int
    client_order_id: str
    market: int
    side: int
    time_in_force: int
    price_ticks: int
    quantity_lots: int
    filled_lots: int
    remaining_lots: int
    notional_units: int
    fee_units: int
    status: OrderStatus
    reason: int
    lane: int
    seq: int
    max_fee_bps: int
    expiry_s: int
    created_us: int
    updated_us: int
    updated_sequence: int

    @property
    def is_open(self) -> bool:
        """Whether it is in the book."""
        return self.remaining_lots > 0


class Fill(msgspec.Struct, frozen=True):
    """A taker met a maker. `fill_id` is the sequence of the FILLED event.

    `batch_number` is the settled batch that carried it, None before; `unwound_reason` the contract's reason for
    skipping it, None unless it was taken back.
    """

    fill_id: int
    command_sequence: int
    market: int
    taker_side: int
    price_ticks: int
    quantity_lots: int
    notional_units: int
    taker_account: int
    taker_order_id: int
    taker_fee_units: int
    maker_account: int
    maker_order_id: int
    maker_fee_units: int
    created_us: int
    batch_number: int | None = None
    unwound_reason: int | None = None


class AccountFill(msgspec.Struct, frozen=True):
    """One account's side of a fill. `fee_units` is in the quote asset, negative if it is a rebate."""

    fill_id: int
    account: int
    order_id: int
    market: int
    side: int
    is_maker: bool
    price_ticks: int
    quantity_lots: int
    notional_units: int
    fee_units: int
    created_us: int
    batch_number: int | None
    unwound_reason: int | None


def fill_of(event: Event, market: Market) -> Fill:
    """The fill that a FILLED event tells of."""
    return Fill(
        fill_id=event.sequence,
        command_sequence=event.command_sequence,
        market=event.market,
        taker_side=event.side,
        price_ticks=event.price,
        quantity_lots=event.quantity,
        notional_units=market.notional_units(event.price, event.quantity),
        taker_account=event.account,
        taker_order_id=event.order_id,
        taker_fee_units=event.fee,
        maker_account=event.counter_account,
        maker_order_id=event.counter_order_id,
        maker_fee_units=event.counter_fee,
        created_us=event.timestamp_us,
    )


def side_of(fill: Fill, *, maker: bool) -> AccountFill:
    """The maker's or the taker's side of a fill."""
    return AccountFill(
        fill_id=fill.fill_id,
        account=fill.maker_account if maker else fill.taker_account,
        order_id=fill.maker_order_id if maker else fill.taker_order_id,
        market=fill.market,
        side=1 - fill.taker_side if maker else fill.taker_side,
        is_maker=maker,
        price_ticks=fill.price_ticks,
        quantity_lots=fill.quantity_lots,
        notional_units=fill.notional_units,
        fee_units=fill.maker_fee_units if maker else fill.taker_fee_units,
        created_us=fill.created_us,
        batch_number=fill.batch_number,
        unwound_reason=fill.unwound_reason,
    )


def orders_named_by(event: Event) -> tuple[int, ...]:
    """The ids of the orders that an event changes."""
    if event.kind == EventKind.FILLED:
        return (event.order_id, event.counter_order_id)
    return (event.order_id,) if event.kind == EventKind.CANCELLED else ()


def advance_orders(logged: LoggedCommand, orders: MutableMapping[int, Order], markets: Mapping[int, Market]) -> None:
    """Take the orders through one command: a new one is added, those it touches are changed in place.

    Raises:
        KeyError: an event touches an order that is not among `orders`, or a market that was never listed.
    """
    if logged.command.kind == CommandKind.PLACE:
        order = _new_order(logged)
        orders[order.order_id] = order
    for event in logged.events:
        if event.kind == EventKind.FILLED:
            notional = markets[event.market].notional_units(event.price, event.quantity)
            _fill(orders[event.order_id], event, event.remaining, notional, event.fee)
            _fill(orders[event.counter_order_id], event, event.counter_remaining, notional, event.counter_fee)
        elif event.kind == EventKind.CANCELLED:
            expired = event.reason in _EXPIRY_REASONS
            _end(orders[event.order_id], event, OrderStatus.EXPIRED if expired else OrderStatus.CANCELLED)
        elif event.kind == EventKind.REJECTED and logged.command.kind == CommandKind.PLACE:
            _end(orders[logged.command.sequence], event, OrderStatus.REJECTED)


def _new_order(logged: LoggedCommand) -> Order:
    command, authorization = logged.command, logged.attachment
    if not isinstance(authorization, OrderAuthorization):
        msg = f"PLACE {command.sequence} carries no authorization"
        raise TypeError(msg)
    return Order(
        order_id=command.sequence,
        account=command.account,
        client_order_id=authorization.client_order_id,
        market=command.market,
        side=command.side,
        time_in_force=command.time_in_force,
        price_ticks=command.price,
        quantity_lots=command.quantity,
        filled_lots=0,
        remaining_lots=command.quantity,
        notional_units=0,
        fee_units=0,
        status=OrderStatus.NEW,
        reason=0,
        lane=authorization.lane,
        seq=authorization.seq,
        max_fee_bps=authorization.max_fee_bps,
        expiry_s=authorization.expiry_s,
        created_us=command.timestamp_us,
        updated_us=command.timestamp_us,
        updated_sequence=command.sequence,
    )


def _fill(order: Order, event: Event, remaining_lots: int, notional_units: int, fee_units: int) -> None:
    order.filled_lots += event.quantity
    order.remaining_lots = remaining_lots
    order.notional_units += notional_units
    order.fee_units += fee_units
    order.status = OrderStatus.PARTIALLY_FILLED if remaining_lots else OrderStatus.FILLED
    _touch(order, event)


def _end(order: Order, event: Event, status: OrderStatus) -> None:
    order.remaining_lots = 0
    order.status = status
    order.reason = event.reason
    _touch(order, event)


def _touch(order: Order, event: Event) -> None:
    order.updated_us = event.timestamp_us
    order.updated_sequence = event.command_sequence
