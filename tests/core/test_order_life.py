"""An order goes through the states of its table and through no others, whatever the log tells."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.core.commands import (
    ORDER_KINDS,
    STOP_TYPES,
    CancelReason,
    Command,
    CommandKind,
    OrderAuthorization,
    OrderType,
)
from offchain.core.errors import StateDiverged
from offchain.core.events import Event, EventKind, LoggedCommand
from offchain.core.listings import Listings
from offchain.core.order_life import (
    TRANSITIONS,
    Order,
    OrderChange,
    OrderStatus,
    advance_orders,
    orders_named_by,
)
from tests.support.exchange_log import ExchangeLog
from tests.support.random_log import random_log

S, C = OrderStatus, OrderChange
OPEN = (S.NEW, S.PARTIALLY_FILLED)
ALLOWED = {
    (S.PENDING_NEW, C.ACCEPTED, S.NEW),
    (S.PENDING_NEW, C.REJECTED, S.REJECTED),
    (S.NEW, C.TRIGGERED, S.NEW),
    *((status, C.PREVENTED, status) for status in OPEN),
    *((status, C.AMENDED, status) for status in OPEN),
    *((status, C.PARTLY_FILLED, S.PARTIALLY_FILLED) for status in OPEN),
    *((status, C.FILLED, S.FILLED) for status in OPEN),
    *((status, C.CANCELLED, S.CANCELLED) for status in OPEN),
    *((status, C.EXPIRED, S.EXPIRED) for status in OPEN),
}
QUANTITY = 10


def placing(
    order_id: int = 1, order_type: OrderType = OrderType.LIMIT, kind: CommandKind = CommandKind.PLACE
) -> LoggedCommand:
    """The command of an order, without events."""
    command = Command(
        order_id,
        5,
        int(kind),
        account=1,
        market=1,
        order_type=order_type,
        price=100,
        quantity=QUANTITY,
        counter_amount=90,
    )
    signed = OrderAuthorization(f"order-{order_id}", bytes(20), 10**10, order_id, 1, 50, 0, bytes(65), bytes(32))
    return LoggedCommand(command, signed, ())


def event(kind: EventKind, order_id: int, sequence: int = 9, **fields: int) -> Event:
    blank = dict.fromkeys(Event._fields, 0) | {"sequence": sequence, "command_sequence": 7, "market": 1, "price": 100}
    return Event(**(blank | {"kind": int(kind), "order_id": order_id} | fields))


def new_order(order_type: OrderType) -> Order:
    orders: dict[int, Order] = {}
    advance_orders(placing(order_type=order_type), orders, {})
    return orders[1]


def test_the_table_allows_what_is_written_here_and_nothing_else() -> None:
    assert {
        (status, change, following) for status, changes in TRANSITIONS.items() for change, following in changes.items()
    } == ALLOWED
    assert set(TRANSITIONS) == set(OrderStatus)


@pytest.mark.parametrize("status", list(OrderStatus))
@pytest.mark.parametrize("change", list(OrderChange))
def test_what_is_not_in_the_table_stops_the_reader_and_changes_nothing(
    status: OrderStatus, change: OrderChange
) -> None:
    order = new_order(OrderType.STOP_LIMIT if change is C.TRIGGERED else OrderType.LIMIT)
    order.status = status
    following = {(old, name): new for old, name, new in ALLOWED}.get((status, change))
    if following is None:
        with pytest.raises(StateDiverged, match=f"order 1 is {status} and was {change.name}"):
            order.change(change, event(EventKind.NOTED, 1))
        assert (order.status, order.updated_sequence) == (status, 1)
    else:
        order.change(change, event(EventKind.NOTED, 1))
        assert (order.status, order.updated_sequence) == (following, 7)


@pytest.mark.parametrize("change", [C.PARTLY_FILLED, C.FILLED, C.PREVENTED])
def test_a_stop_does_not_match_before_it_is_triggered(change: OrderChange) -> None:
    order = new_order(OrderType.STOP_LIMIT)
    order.change(C.ACCEPTED, event(EventKind.ACCEPTED, 1))
    assert order.is_armed
    with pytest.raises(StateDiverged):
        order.change(change, event(EventKind.FILLED, 1))


def test_a_stop_is_triggered_once_and_other_orders_never() -> None:
    for order_type, taken in ((OrderType.STOP_MARKET, True), (OrderType.LIMIT, False)):
        orders = {1: new_order(order_type)}
        told = LoggedCommand(Command(2, 5, 7), None, (event(EventKind.ACCEPTED, 1), event(EventKind.TRIGGERED, 1)))
        if taken:
            advance_orders(told, orders, {})
            assert orders[1].is_triggered
            assert not orders[1].is_armed
        with pytest.raises(StateDiverged):
            advance_orders(LoggedCommand(told.command, None, (event(EventKind.TRIGGERED, 1),)), orders, {})


LOTS = st.integers(0, QUANTITY)
ANY_EVENT = st.one_of(
    st.builds(event, st.sampled_from([EventKind.ACCEPTED, EventKind.TRIGGERED]), st.integers(1, 2)),
    st.builds(
        event,
        st.sampled_from([EventKind.FILLED, EventKind.AMENDED, EventKind.PREVENTED]),
        st.integers(1, 2),
        quantity=LOTS,
        remaining=LOTS,
        counter_order_id=st.integers(1, 2),
        counter_remaining=LOTS,
    ),
    st.builds(event, st.just(EventKind.CANCELLED), st.integers(1, 2), quantity=LOTS, reason=st.integers(1, 11)),
)


@given(types=st.tuples(st.sampled_from(OrderType), st.sampled_from(OrderType)), events=st.lists(ANY_EVENT, max_size=20))
def test_random_events_lead_through_the_table_or_are_refused(
    types: tuple[OrderType, OrderType], events: list[Event]
) -> None:
    listings = Listings()
    for one in ExchangeLog().logged:
        listings.note(one)
    orders: dict[int, Order] = {}
    for order_id, order_type in enumerate(types, start=1):
        advance_orders(placing(order_id, order_type), orders, listings.markets)
    steps = {(old, new) for old, _, new in ALLOWED} | {(status, status) for status in OrderStatus}
    for told in events:
        before = {order_id: order.status for order_id, order in orders.items()}
        try:
            advance_orders(LoggedCommand(Command(7, 5, 7), None, (told,)), orders, listings.markets)
        except StateDiverged:
            return
        for order_id, order in orders.items():
            assert (before[order_id], order.status) in steps
            assert 0 <= order.filled_lots <= order.quantity_lots <= order.signed_quantity_lots
            if order.status in OPEN:
                assert order.is_open
                assert order.filled_lots + order.remaining_lots == order.quantity_lots
            else:
                assert order.is_open == (order.status is S.PENDING_NEW)


class Told:
    """What the events of one order say, by themselves."""

    def __init__(self) -> None:
        self.filled = 0
        self.prevented = 0
        self.amended = 0
        self.end: tuple[OrderStatus, int] | None = None
        self.is_triggered = False
        self.price = 0

    def state(self) -> tuple[OrderStatus, int]:
        return self.end or (S.PARTIALLY_FILLED if self.filled else S.NEW, 0)

    def take(self, event: Event, remaining: int) -> None:
        assert self.end is None, "nothing happens to an order after its end"
        match event.kind:
            case EventKind.FILLED:
                self.filled += event.quantity
                self.end = None if remaining else (S.FILLED, 0)
            case EventKind.PREVENTED:
                self.prevented += event.quantity
            case EventKind.AMENDED:
                self.amended += event.quantity
            case EventKind.CANCELLED:
                expired = {CancelReason.IOC_REMAINDER, CancelReason.FOK_KILLED, CancelReason.EXPIRED}
                self.end = (S.EXPIRED if event.reason in expired else S.CANCELLED, event.reason)
            case EventKind.ACCEPTED | EventKind.TRIGGERED:
                self.is_triggered = event.kind == EventKind.TRIGGERED
                self.price = event.price


@given(seed=st.integers(min_value=0))
def test_every_order_of_a_random_engine_ends_as_its_events_say(seed: int) -> None:
    log = random_log(seed, 400)
    listings, orders = Listings(), dict[int, Order]()
    told: dict[int, Told] = defaultdict(Told)
    replaced = {}
    for one in log.logged:
        listings.note(one)
        advance_orders(one, orders, listings.markets)
        assert not any(orders[name].status is S.PENDING_NEW for event in one.events for name in orders_named_by(event))
        if one.command.kind == CommandKind.REPLACE:
            replaced[one.command.order_id] = one.command.sequence
        for event in one.events:
            names = orders_named_by(event)
            for name, remaining in zip(names, (event.remaining, event.counter_remaining), strict=False):
                told[name].take(event, remaining)
    assert set(orders) == set(told) == {one.command.sequence for one in log.logged if one.command.kind in ORDER_KINDS}
    for order_id, order in orders.items():
        says, resting = told[order_id], log.engine.order(order_id)
        assert (order.status, order.reason) == says.state()
        assert (order.filled_lots, order.prevented_lots) == (says.filled, says.prevented)
        assert order.quantity_lots == order.signed_quantity_lots - says.amended
        assert (order.is_triggered, order.price_ticks) == (says.is_triggered, says.price)
        assert order.replaced_by == replaced.get(order_id)
        assert order.is_open == (resting is not None)
        if resting is not None:
            assert (order.price_ticks, order.remaining_lots) == resting[3:]
            assert order.is_armed == (order.order_type in STOP_TYPES and not says.is_triggered)
