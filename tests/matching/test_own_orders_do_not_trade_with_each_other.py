"""Self-trade prevention: every mode, in the order of matching, by the incoming order."""

import pytest

from offchain.core.commands import CancelReason, SelfTradePrevention, Side, TimeInForce
from offchain.core.events import Event, EventKind
from tests.matching.desk import BUY, RICH, SELL, Desk, fills

E, STP = EventKind, SelfTradePrevention
NAMES = {E.ACCEPTED: "accepted", E.FILLED: "filled", E.PREVENTED: "prevented", E.CANCELLED: "cancelled"}
NAMES[E.AMENDED] = "amended"


def story(events: list[Event]) -> list[tuple[str, int, int]]:
    """What happened after the order was accepted: the event, its order, its lots."""
    assert events[0].kind == E.ACCEPTED
    return [(NAMES[E(event.kind)], event.order_id, event.quantity) for event in events[1:]]


def reasons(events: list[Event]) -> set[int]:
    return {event.reason for event in events if event.kind in (E.CANCELLED, E.AMENDED)}


def assert_no_funds_but_of(desk: Desk, account: int, available: tuple[int, int]) -> None:
    assert (desk.engine.balance(account, 1), desk.engine.balance(account, 2)) == ((available[0], 0), (available[1], 0))


@pytest.mark.parametrize("side", [BUY, SELL])
def test_cancel_resting_takes_own_orders_out_and_goes_on(desk: Desk, side: Side) -> None:
    own = desk.rest(1, side, 100, 4)
    other = desk.rest(2, side, 100, 4)
    behind = desk.rest(1, side, 100, 4)

    events = desk.place(1, 1 - side, 100, 5, self_trade_prevention=STP.CANCEL_RESTING)

    new = events[0].order_id
    assert story(events) == [
        ("prevented", new, 4),
        ("cancelled", own, 4),
        ("filled", new, 4),
        ("prevented", new, 1),
        ("cancelled", behind, 4),
    ]
    assert events[3].counter_order_id == other
    assert reasons(events) == {CancelReason.SELF_TRADE}
    assert desk.engine.order(new) == (1, 1, 1 - side, 100, 1)
    assert desk.engine.depth(1, side, 5) == []


def test_a_prevented_event_names_both_orders_as_they_were(desk: Desk) -> None:
    own = desk.rest(1, SELL, 99, 4)

    _, event, *_ = desk.place(1, BUY, 100, 7, self_trade_prevention=STP.CANCEL_RESTING)

    assert (event.account, event.counter_account, event.counter_order_id) == (1, 1, own)
    assert (event.market, event.side, event.price, event.quantity) == (1, BUY, 99, 4)
    assert (event.remaining, event.counter_remaining, event.reason) == (7, 4, STP.CANCEL_RESTING)
    assert (event.asset, event.amount, event.counter_amount, event.fee, event.counter_fee) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("tif", [TimeInForce.GTC, TimeInForce.IOC])
def test_cancel_incoming_spares_the_resting_order_and_nothing_of_the_new_one_rests(desk: Desk, tif: int) -> None:
    own = desk.rest(1, SELL, 100, 4)
    desk.rest(2, SELL, 99, 1)

    events = desk.place(1, BUY, 105, 7, tif=tif, self_trade_prevention=STP.CANCEL_INCOMING)

    new = events[0].order_id
    assert story(events) == [("filled", new, 1), ("prevented", new, 4), ("cancelled", new, 6)]
    assert reasons(events) == {CancelReason.SELF_TRADE}
    assert desk.engine.order(own) == (1, 1, SELL, 100, 4)
    assert desk.engine.order(new) is None
    assert desk.engine.depth(1, BUY, 5) == []
    assert desk.engine.balance(1, 2)[1] == 0


def test_cancel_both_takes_both_and_ends(desk: Desk) -> None:
    own = desk.rest(1, SELL, 100, 4)
    spared = desk.rest(2, SELL, 100, 4)

    events = desk.place(1, BUY, 100, 7, self_trade_prevention=STP.CANCEL_BOTH)

    new = events[0].order_id
    assert story(events) == [("prevented", new, 4), ("cancelled", own, 4), ("cancelled", new, 7)]
    assert desk.engine.open_order_ids().tolist() == [spared]
    assert_no_funds_but_of(desk, 1, (RICH, RICH))


def test_decrement_takes_the_lots_from_both_and_goes_on_with_what_is_left(desk: Desk) -> None:
    own = desk.rest(1, SELL, 100, 4)
    desk.rest(2, SELL, 100, 2)

    events = desk.place(1, BUY, 103, 7, self_trade_prevention=STP.DECREMENT_AND_CANCEL)

    new = events[0].order_id
    assert story(events) == [("prevented", new, 4), ("cancelled", own, 4), ("amended", new, 4), ("filled", new, 2)]
    amended = events[3]
    assert (amended.remaining, amended.price, amended.asset) == (3, 103, 2)
    assert amended.amount == 4 * 103 + 4 + events[0].amount - (7 * 103 + 7) - 2  # the fee's share rounds up
    assert reasons(events) == {CancelReason.SELF_TRADE}
    assert desk.engine.order(new) == (1, 1, BUY, 103, 1)


def test_decrement_keeps_the_larger_resting_order_in_its_place(desk: Desk) -> None:
    own = desk.rest(1, SELL, 100, 9)
    desk.rest(2, SELL, 100, 9)

    events = desk.place(1, BUY, 100, 7, self_trade_prevention=STP.DECREMENT_AND_CANCEL)

    new = events[0].order_id
    assert story(events) == [("prevented", new, 7), ("amended", own, 7), ("cancelled", new, 7)]
    assert (events[2].remaining, events[2].amount) == (2, 7_000)
    assert desk.engine.order(own) == (1, 1, SELL, 100, 2)
    assert desk.engine.depth(1, SELL, 5) == [(100, 11, 2)]
    assert fills(desk.place(3, BUY, 100, 1))[0].counter_order_id == own


def test_decrement_of_equals_takes_both(desk: Desk) -> None:
    own = desk.rest(1, BUY, 100, 5)

    events = desk.place(1, SELL, 100, 5, self_trade_prevention=STP.DECREMENT_AND_CANCEL)

    new = events[0].order_id
    assert story(events) == [("prevented", new, 5), ("cancelled", own, 5), ("cancelled", new, 5)]
    assert desk.engine.open_orders == 0
    assert_no_funds_but_of(desk, 1, (RICH, RICH))


@pytest.mark.parametrize("mode", [STP.CANCEL_RESTING, STP.CANCEL_INCOMING, STP.CANCEL_BOTH, STP.DECREMENT_AND_CANCEL])
def test_own_orders_are_met_in_the_order_of_matching(desk: Desk, mode: int) -> None:
    """The best price first, then the oldest; what lies behind the last fill is not met at all."""
    desk.rest(1, SELL, 103, 1)
    desk.rest(1, SELL, 101, 1)
    desk.rest(2, SELL, 100, 3)
    desk.rest(2, SELL, 101, 3)

    events = desk.place(1, BUY, 103, 3, self_trade_prevention=mode)

    assert [event.kind for event in events] == [E.ACCEPTED, E.FILLED]


def test_own_orders_out_of_reach_are_not_met(desk: Desk) -> None:
    own = desk.rest(1, SELL, 101, 1)

    events = desk.place(1, BUY, 100, 3, self_trade_prevention=STP.CANCEL_BOTH)

    assert [event.kind for event in events] == [E.ACCEPTED]
    assert desk.engine.order(own) is not None


def test_the_mode_of_the_resting_order_does_not_matter(desk: Desk) -> None:
    desk.rest(1, SELL, 100, 1, self_trade_prevention=STP.CANCEL_BOTH)

    assert len(fills(desk.place(1, BUY, 100, 1))) == 1


def test_a_market_order_prevents_too(desk: Desk) -> None:
    desk.rest(1, SELL, 100, 1)

    events = desk.place(1, BUY, 100, 1, tif=TimeInForce.IOC, order_type=1, self_trade_prevention=STP.CANCEL_INCOMING)

    assert [event.kind for event in events] == [E.ACCEPTED, E.PREVENTED, E.CANCELLED]
