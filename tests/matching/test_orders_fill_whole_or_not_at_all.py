"""FOK and FOK_BUDGET: they look before they trade."""

import pytest

from offchain.core.commands import CancelReason, SelfTradePrevention, Side, TimeInForce
from offchain.core.events import Event, EventKind
from tests.matching.desk import BUY, LOT, RICH, SELL, Desk, fills

FOK, BUDGET = TimeInForce.FOK, TimeInForce.FOK_BUDGET
E, STP = EventKind, SelfTradePrevention


def killed(events: list[Event]) -> bool:
    """Whether an order was cancelled whole before anything else happened."""
    accepted, *rest = events
    assert accepted.kind == E.ACCEPTED
    if [event.reason for event in rest] != [CancelReason.FOK_KILLED]:
        return False
    assert (rest[0].kind, rest[0].quantity, rest[0].amount) == (E.CANCELLED, accepted.quantity, accepted.amount)
    return True


@pytest.mark.parametrize("side", [BUY, SELL])
def test_an_order_that_can_be_filled_whole_is(desk: Desk, side: Side) -> None:
    for price in (100, 101, 99):
        desk.rest(1, 1 - side, price, 2)

    events = desk.place(2, side, 101 if side == BUY else 99, 5, tif=FOK)

    assert [event.quantity for event in fills(events)] == [2, 2, 1]
    assert len(events) == 4


@pytest.mark.parametrize(("limit", "lots"), [(101, 5), (100, 4), (99, 1)])
def test_an_order_that_cannot_be_filled_whole_changes_nothing(desk: Desk, limit: int, lots: int) -> None:
    desk.rest(1, SELL, 100, 3)
    desk.rest(1, SELL, 101, 1)
    before = desk.view()[:2]

    assert killed(desk.place(2, BUY, limit, lots, tif=FOK))
    assert desk.view()[:2] == before


def test_lots_count_and_not_orders(desk: Desk) -> None:
    desk.rest(1, SELL, 100, 7)

    assert not killed(desk.place(2, BUY, 100, 7, tif=FOK))


def test_own_orders_do_not_count_where_they_would_be_cancelled_first(desk: Desk) -> None:
    own = desk.rest(2, SELL, 100, 5)
    desk.rest(1, SELL, 100, 5)
    before = desk.view()[:2]

    assert killed(desk.place(2, BUY, 100, 6, tif=FOK, self_trade_prevention=STP.CANCEL_RESTING))
    assert desk.view()[:2] == before
    events = desk.place(2, BUY, 100, 5, tif=FOK, self_trade_prevention=STP.CANCEL_RESTING)
    assert [event.kind for event in events] == [E.ACCEPTED, E.PREVENTED, E.CANCELLED, E.FILLED]
    assert desk.engine.order(own) is None


@pytest.mark.parametrize("mode", [STP.CANCEL_INCOMING, STP.CANCEL_BOTH, STP.DECREMENT_AND_CANCEL])
def test_an_own_order_in_the_way_kills_it_and_one_behind_does_not(desk: Desk, mode: int) -> None:
    desk.rest(1, SELL, 100, 5)
    desk.rest(2, SELL, 100, 5)
    before = desk.view()[:2]

    assert killed(desk.place(2, BUY, 100, 6, tif=FOK, self_trade_prevention=mode))
    assert desk.view()[:2] == before
    assert len(fills(desk.place(2, BUY, 100, 5, tif=FOK, self_trade_prevention=mode))) == 1


def test_without_self_trade_prevention_own_orders_count(desk: Desk) -> None:
    desk.rest(2, SELL, 100, 5)

    assert len(fills(desk.place(2, BUY, 100, 5, tif=FOK))) == 1


@pytest.mark.parametrize(("side", "worth"), [(BUY, 100 * 2 + 101 * 3), (SELL, 101 * 3 + 100 * 2)])
def test_a_budget_bounds_what_is_paid_and_what_is_received(desk: Desk, side: Side, worth: int) -> None:
    desk.rest(1, 1 - side, 100, 3 if side == SELL else 2)
    desk.rest(1, 1 - side, 101, 3)
    limit = 200 if side == BUY else 50
    short = worth - 1 if side == BUY else worth + 1

    assert killed(desk.place(2, side, limit, 5, tif=BUDGET, amount=short))
    assert len(fills(desk.place(2, side, limit, 5, tif=BUDGET, amount=worth))) == 2


def test_a_budget_may_be_met_only_whole(desk: Desk) -> None:
    desk.rest(1, SELL, 100, 3)

    assert killed(desk.place(2, BUY, 100, 4, tif=BUDGET, amount=10**9))


def test_a_killed_order_gives_all_back(desk: Desk) -> None:
    assert killed(desk.place(2, BUY, 100, 5, tif=FOK))
    assert killed(desk.place(2, SELL, 100, 5, tif=FOK))

    assert desk.engine.balance(2, 1) == (RICH, 0)
    assert desk.engine.balance(2, 2) == (RICH, 0)
    assert desk.engine.open_orders == 0


def test_a_fill_whole_moves_the_funds_of_each_fill(desk: Desk) -> None:
    desk.rest(1, SELL, 100, 3)
    (fill,) = fills(desk.place(2, BUY, 105, 3, tif=FOK))

    assert desk.engine.balance(2, 1) == (RICH + 3 * LOT, 0)
    assert desk.engine.balance(2, 2) == (RICH - 300 - fill.fee, 0)
