import pytest

from offchain.core.commands import CancelReason, CommandKind, MarketStatus, PostOnly
from offchain.core.events import EventKind, RejectReason
from tests.matching.desk import BUY, SELL, Desk

K, R = CommandKind, RejectReason
ORDER = {"market": 1, "side": BUY, "price": 100, "quantity": 10, "taker_fee_ppm": 5_000}


def test_a_market_begins_open(desk: Desk) -> None:
    assert desk.engine.status(1) == MarketStatus.TRADING


@pytest.mark.parametrize("status", MarketStatus)
def test_a_new_status_is_told(desk: Desk, status: MarketStatus) -> None:
    (event,) = desk.take(K.SET_MARKET_STATUS, market=2, mode=status)

    assert (event.kind, event.market, event.reason, event.price) == (EventKind.STATUS_CHANGED, 2, status, 0)
    assert event[7:9] == (0, 0)
    assert event[10:] == (0,) * 11
    assert (desk.engine.status(1), desk.engine.status(2)) == (MarketStatus.TRADING, status)


@pytest.mark.parametrize("status", [MarketStatus.HALT, MarketStatus.CANCEL_ONLY])
def test_a_closed_market_takes_no_order_but_cancels(desk: Desk, status: MarketStatus) -> None:
    resting = desk.rest(1, BUY, 100, 10)
    desk.take(K.SET_MARKET_STATUS, market=1, mode=status)

    assert desk.refusal(K.PLACE, account=2, **ORDER) == R.MARKET_CLOSED
    assert desk.refusal(K.PLACE, account=2, post_only=PostOnly.REJECT, **ORDER) == R.MARKET_CLOSED
    assert desk.refusal(K.REPLACE, account=1, order_id=resting, **ORDER) == R.MARKET_CLOSED
    desk.rest(2, BUY, 100, 10, market=2)
    desk.cancel(1, resting)


def test_only_a_halted_market_takes_no_amendment(desk: Desk) -> None:
    resting = desk.rest(1, BUY, 100, 10)
    desk.take(K.SET_MARKET_STATUS, market=1, mode=MarketStatus.HALT)
    assert desk.refusal(K.AMEND, account=1, order_id=resting, quantity=5) == R.MARKET_CLOSED

    for left, status in ((5, MarketStatus.CANCEL_ONLY), (4, MarketStatus.POST_ONLY), (3, MarketStatus.TRADING)):
        desk.take(K.SET_MARKET_STATUS, market=1, mode=status)
        desk.take(K.AMEND, account=1, order_id=resting, quantity=left)


def test_a_post_only_market_takes_what_cannot_match_at_once(desk: Desk) -> None:
    desk.take(K.SET_MARKET_STATUS, market=1, mode=MarketStatus.POST_ONLY)

    assert desk.refusal(K.PLACE, account=2, **ORDER) == R.MARKET_CLOSED
    desk.take(K.PLACE, account=2, post_only=PostOnly.REJECT, **ORDER)
    desk.take(K.PLACE, account=2, post_only=PostOnly.SLIDE, **ORDER)


def test_a_market_that_opens_again_takes_orders_again(desk: Desk) -> None:
    desk.take(K.SET_MARKET_STATUS, market=1, mode=MarketStatus.HALT)
    desk.take(K.SET_MARKET_STATUS, market=1, mode=MarketStatus.TRADING)

    desk.rest(2, BUY, 100, 10)


def orders(desk: Desk) -> dict[str, int]:
    return {
        "a": desk.rest(2, BUY, 90, 1),
        "b": desk.rest(1, SELL, 120, 1, market=2),
        "c": desk.rest(1, BUY, 95, 1),
        "d": desk.rest(2, SELL, 110, 1, market=2),
        "e": desk.rest(1, SELL, 110, 1),
    }


@pytest.mark.parametrize(
    ("where", "gone"), [({}, "abcde"), ({"market": 1}, "ace"), ({"market": 2}, "bd"), ({"account": 1}, "bce")]
)
def test_a_kill_switch_cancels_its_orders_by_ascending_id_and_takes_no_more(
    desk: Desk, where: dict[str, int], gone: str
) -> None:
    ids = orders(desk)
    owners = {order_id: desk.engine.order(order_id)[0] for order_id in ids.values()}

    events = desk.take(K.SET_KILL_SWITCH, mode=1, **where)

    assert [event.order_id for event in events] == [ids[name] for name in gone]
    assert {(event.kind, event.reason) for event in events} == {(EventKind.CANCELLED, CancelReason.KILLED)}
    assert [event.account for event in events] == [owners[event.order_id] for event in events]
    assert desk.refusal(K.PLACE, **ORDER | {"account": 1} | where) == R.TRADING_KILLED


def test_a_kill_switch_without_orders_is_noted(desk: Desk) -> None:
    (on,) = desk.take(K.SET_KILL_SWITCH, account=3, mode=1)
    (off,) = desk.take(K.SET_KILL_SWITCH, account=3, mode=0)

    assert (on.kind, off.kind) == (EventKind.NOTED, EventKind.NOTED)


@pytest.mark.parametrize("where", [{}, {"market": 1}, {"account": 1}])
def test_a_kill_switch_that_is_off_again_lets_orders_through(desk: Desk, where: dict[str, int]) -> None:
    desk.take(K.SET_KILL_SWITCH, mode=1, **where)
    desk.take(K.SET_KILL_SWITCH, mode=0, **where)

    desk.rest(1, BUY, 100, 1)


def test_each_kill_switch_holds_by_itself(desk: Desk) -> None:
    for where in ({}, {"market": 1}, {"account": 1}):
        desk.take(K.SET_KILL_SWITCH, mode=1, **where)
    for where in ({}, {"account": 1}, {"market": 1}):
        assert desk.refusal(K.PLACE, account=1, **ORDER) == R.TRADING_KILLED
        desk.take(K.SET_KILL_SWITCH, mode=0, **where)

    desk.rest(1, BUY, 100, 1)


def test_a_killed_account_or_market_spares_the_others(desk: Desk) -> None:
    desk.take(K.SET_KILL_SWITCH, account=1, mode=1)
    desk.take(K.SET_KILL_SWITCH, market=2, mode=1)

    desk.rest(2, BUY, 100, 1)
    assert desk.refusal(K.PLACE, account=2, **ORDER | {"market": 2}) == R.TRADING_KILLED


def test_a_market_that_is_listed_while_the_exchange_is_killed_is_killed_too(desk: Desk) -> None:
    desk.take(K.SET_KILL_SWITCH, mode=1)
    terms = {"asset": 1, "counter_asset": 2, "amount": 1, "counter_amount": 1, "price": 10**6, "quantity": 10**6}
    desk.take(K.LIST_MARKET, market=7, **terms)

    assert desk.refusal(K.PLACE, account=1, **ORDER | {"market": 7}) == R.TRADING_KILLED


def test_amendments_are_not_taken_while_killed_for_orders_there_cannot_be(desk: Desk) -> None:
    resting = desk.rest(1, BUY, 100, 10)
    desk.take(K.SET_KILL_SWITCH, account=1, mode=1)

    assert desk.refusal(K.AMEND, account=1, order_id=resting, quantity=5) == R.UNKNOWN_ORDER


def test_a_kill_switch_comes_before_the_status(desk: Desk) -> None:
    desk.take(K.SET_KILL_SWITCH, market=1, mode=1)
    desk.take(K.SET_MARKET_STATUS, market=1, mode=MarketStatus.HALT)

    assert desk.refusal(K.PLACE, account=1, **ORDER) == R.TRADING_KILLED
