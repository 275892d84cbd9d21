"""The life of an order and its fills, told from the log: one place for the tables and for the private feed.

Quantities are lots, prices ticks, amounts quote units, times microseconds since 1970.
"""

from collections.abc import Mapping, MutableMapping
from enum import Enum, StrEnum, auto
from typing import Final

import msgspec

from offchain.core.commands import ORDER_KINDS, STOP_TYPES, CancelReason, Command, CommandKind, OrderAuthorization
from offchain.core.errors import StateDiverged
from offchain.core.events import Event, EventKind, LoggedCommand
from offchain.core.money import Market


class OrderStatus(StrEnum):
    """Where an order is in its life."""

    PENDING_NEW = "PENDING_NEW"
    """Its command has a place in the log, and the engine has not said yet what becomes of it."""
    NEW = "NEW"
    """Taken and not filled: it matches, rests in the book, or is armed as a stop."""
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    """Its time ran out, or it was to be filled at once and found too little on the other side."""
    REJECTED = "REJECTED"
    """Journaled and then refused by the engine; it never held funds."""


class OrderChange(Enum):
    """What can happen to an order."""

    ACCEPTED = auto()
    REJECTED = auto()
    TRIGGERED = auto()
    """The stop begins to match."""
    PARTLY_FILLED = auto()
    FILLED = auto()
    """Nothing is left of it."""
    PREVENTED = auto()
    """It met an order of its own account, and they did not match."""
    AMENDED = auto()
    """Less of it remains, and it lives on."""
    CANCELLED = auto()
    EXPIRED = auto()


_OPEN: Final = {
    OrderChange.PARTLY_FILLED: OrderStatus.PARTIALLY_FILLED,
    OrderChange.FILLED: OrderStatus.FILLED,
    OrderChange.CANCELLED: OrderStatus.CANCELLED,
    OrderChange.EXPIRED: OrderStatus.EXPIRED,
}
TRANSITIONS: Final[Mapping[OrderStatus, Mapping[OrderChange, OrderStatus]]] = {
    OrderStatus.PENDING_NEW: {
        OrderChange.ACCEPTED: OrderStatus.NEW,
        OrderChange.REJECTED: OrderStatus.REJECTED,
    },
    OrderStatus.NEW: _OPEN
    | {
        OrderChange.TRIGGERED: OrderStatus.NEW,
        OrderChange.PREVENTED: OrderStatus.NEW,
        OrderChange.AMENDED: OrderStatus.NEW,
    },
    OrderStatus.PARTIALLY_FILLED: _OPEN
    | {
        OrderChange.PREVENTED: OrderStatus.PARTIALLY_FILLED,
        OrderChange.AMENDED: OrderStatus.PARTIALLY_FILLED,
    },
    OrderStatus.FILLED: {},
    OrderStatus.CANCELLED: {},
    OrderStatus.EXPIRED: {},
    OrderStatus.REJECTED: {},
}
"""Every transition that there is: the status that follows a change. What is not here cannot happen."""

_WHILE_MATCHING: Final = frozenset({OrderChange.PARTLY_FILLED, OrderChange.FILLED, OrderChange.PREVENTED})
"""What cannot happen to a stop before it is triggered."""
EXPIRY_REASONS: Final = frozenset({CancelReason.IOC_REMAINDER, CancelReason.EXPIRED, CancelReason.FOK_KILLED})
"""Why an order that is cancelled counts as expired."""


class Order(msgspec.Struct):
    """An order as it stands after `updated_sequence`, the last command that touched it.

    `price_ticks` is the limit in force (slid, or held within the market's collar) and `quantity_lots` what it is for
    after amendments; `signed_price_ticks` and `signed_quantity_lots` are what its owner signed. `remaining_lots` is
    what can still be filled: 0 once the order is dead. `filled_lots` is what matched, including fills that were
    unwound later (`Fill.unwound_reason` tells); `prevented_lots` what did not, because it met its own account. The
    average price is `notional_units` over `filled_lots`. `fee_units` is negative where rebates outweigh. `reason` is a
    `CancelReason` or, of a rejected order, a `RejectReason`; 0 otherwise. `trigger_price_ticks` is 0 unless it is a
    stop, `budget_units` unless it is FOK_BUDGET. `replaces` and `replaced_by` are orders.
    """

    order_id: int
    account: int
    client_order_id: str
    market: int
    side: int
    order_type: int
    time_in_force: int
    post_only: int
    self_trade_prevention: int
    signed_price_ticks: int
    signed_quantity_lots: int
    trigger_price_ticks: int
    budget_units: int
    replaces: int | None
    price_ticks: int
    quantity_lots: int
    filled_lots: int
    remaining_lots: int
    prevented_lots: int
    notional_units: int
    fee_units: int
    status: OrderStatus
    reason: int
    is_triggered: bool
    replaced_by: int | None
    lane: int
    seq: int
    max_fee_bps: int
    expiry_s: int
    created_us: int
    updated_us: int
    updated_sequence: int

    @property
    def is_open(self) -> bool:
        """Whether it can still be filled: it is in the book or armed."""
        return self.remaining_lots > 0

    @property
    def is_armed(self) -> bool:
        """Whether it is a stop that waits for its trigger price, and so is not in the book."""
        return self.is_open and self.order_type in STOP_TYPES and not self.is_triggered

    def change(self, change: OrderChange, event: Event) -> None:
        """Go over to the status that follows.

        Raises:
            StateDiverged: nothing like that can happen to an order of this status.
        """
        following = TRANSITIONS[self.status].get(change)
        is_out_of_turn = change in _WHILE_MATCHING if self.is_armed else change is OrderChange.TRIGGERED
        if following is None or is_out_of_turn:
            raise StateDiverged(
                f"Event {event.sequence}: order {self.order_id} is {self.status} and was {change.name}.",
                "Compare the tables with the journal, and rebuild them.",
            )
        self.status = following
        self.updated_us = event.timestamp_us
        self.updated_sequence = event.command_sequence


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


_NAMING_ONE: Final = frozenset({EventKind.ACCEPTED, EventKind.CANCELLED, EventKind.TRIGGERED, EventKind.AMENDED})
_NAMING_TWO: Final = frozenset({EventKind.FILLED, EventKind.PREVENTED})


def orders_named_by(event: Event) -> tuple[int, ...]:
    """The ids of the orders that an event changes."""
    if event.kind in _NAMING_TWO:
        return (event.order_id, event.counter_order_id)
    return (event.order_id,) if event.kind in _NAMING_ONE else ()


def advance_orders(logged: LoggedCommand, orders: MutableMapping[int, Order], markets: Mapping[int, Market]) -> None:
    """Take the orders through one command: a new one is added, those it touches are changed in place.

    Raises:
        StateDiverged: an event tells of an order what cannot happen to it as it stands.
        KeyError: an event touches an order that is not among `orders`, or a market that was never listed.
    """
    command = logged.command
    if command.kind in ORDER_KINDS:
        order = _new_order(logged)
        orders[order.order_id] = order
    for event in logged.events:
        match event.kind:
            case EventKind.FILLED:
                notional = markets[event.market].notional_units(event.price, event.quantity)
                _fill(orders[event.order_id], event, event.remaining, notional, event.fee)
                _fill(orders[event.counter_order_id], event, event.counter_remaining, notional, event.counter_fee)
            case EventKind.CANCELLED:
                _cancel(orders[event.order_id], event, command)
            case EventKind.ACCEPTED | EventKind.TRIGGERED:
                _begin(orders[event.order_id], event)
            case EventKind.AMENDED:
                _amend(orders[event.order_id], event)
            case EventKind.PREVENTED:
                for order_id in (event.order_id, event.counter_order_id):
                    orders[order_id].change(OrderChange.PREVENTED, event)
                    orders[order_id].prevented_lots += event.quantity
            case EventKind.REJECTED if command.kind in ORDER_KINDS:
                _reject(orders[command.sequence], event)


def _new_order(logged: LoggedCommand) -> Order:
    command, authorization = logged.command, logged.attachment
    if not isinstance(authorization, OrderAuthorization):
        msg = f"Order {command.sequence} carries no authorization"
        raise TypeError(msg)
    return Order(
        order_id=command.sequence,
        account=command.account,
        client_order_id=authorization.client_order_id,
        market=command.market,
        side=command.side,
        order_type=command.order_type,
        time_in_force=command.time_in_force,
        post_only=command.post_only,
        self_trade_prevention=command.self_trade_prevention,
        signed_price_ticks=command.price,
        signed_quantity_lots=command.quantity,
        trigger_price_ticks=command.counter_amount,
        budget_units=command.amount,
        replaces=command.order_id if command.kind == CommandKind.REPLACE else None,
        price_ticks=command.price,
        quantity_lots=command.quantity,
        filled_lots=0,
        remaining_lots=command.quantity,
        prevented_lots=0,
        notional_units=0,
        fee_units=0,
        status=OrderStatus.PENDING_NEW,
        reason=0,
        is_triggered=False,
        replaced_by=None,
        lane=authorization.lane,
        seq=authorization.seq,
        max_fee_bps=authorization.max_fee_bps,
        expiry_s=authorization.expiry_s,
        created_us=command.timestamp_us,
        updated_us=command.timestamp_us,
        updated_sequence=command.sequence,
    )


def _begin(order: Order, event: Event) -> None:
    """The engine took the order, or fired the stop: its limit is in force."""
    is_triggered = event.kind == EventKind.TRIGGERED
    order.change(OrderChange.TRIGGERED if is_triggered else OrderChange.ACCEPTED, event)
    order.is_triggered = is_triggered
    order.price_ticks = event.price


def _fill(order: Order, event: Event, remaining_lots: int, notional_units: int, fee_units: int) -> None:
    order.change(OrderChange.PARTLY_FILLED if remaining_lots else OrderChange.FILLED, event)
    _check_remainder(order, event, order.remaining_lots - event.quantity, remaining_lots)
    order.filled_lots += event.quantity
    order.remaining_lots = remaining_lots
    order.notional_units += notional_units
    order.fee_units += fee_units


def _amend(order: Order, event: Event) -> None:
    order.change(OrderChange.AMENDED, event)
    _check_remainder(order, event, order.remaining_lots - event.quantity, event.remaining)
    order.quantity_lots -= event.quantity
    order.remaining_lots = event.remaining


def _cancel(order: Order, event: Event, command: Command) -> None:
    order.change(OrderChange.EXPIRED if event.reason in EXPIRY_REASONS else OrderChange.CANCELLED, event)
    _check_remainder(order, event, order.remaining_lots, event.quantity)
    order.remaining_lots = 0
    order.reason = event.reason
    if event.reason == CancelReason.REPLACED:
        order.replaced_by = command.sequence


def _reject(order: Order, event: Event) -> None:
    order.change(OrderChange.REJECTED, event)
    order.remaining_lots = 0
    order.reason = event.reason


def _check_remainder(order: Order, event: Event, expected_lots: int, told_lots: int) -> None:
    if expected_lots != told_lots:
        raise StateDiverged(
            f"Event {event.sequence} leaves or takes {told_lots} lots of order {order.order_id}, and {expected_lots} "
            "are to be expected.",
            "Compare the tables with the journal, and rebuild them.",
        )
