"""A breaker of 10 % within 1,000 microseconds, most of the time."""

import pytest

from offchain.core.commands import CancelReason, CommandKind, MarketStatus, TimeInForce
from offchain.core.events import EventKind
from tests.matching.clock import take_at, trade_at, traded_at
from tests.matching.desk import BUY, RICH, SELL, Desk, fills

K = CommandKind
WINDOW = 1_000
NOON = 1_000_000


def armed(desk: Desk, *, ppm: int = 100_000) -> None:
    desk.take(K.SET_CIRCUIT_BREAKER, market=1, amount=ppm, counter_amount=WINDOW)


@pytest.mark.parametrize(("first", "second"), [(1_000, 1_100), (1_000, 900), (1_099, 1_000), (999, 1_098)])
def test_a_move_as_far_as_the_breaker_lets_is_traded(desk: Desk, first: int, second: int) -> None:
    armed(desk)

    assert traded_at(desk, NOON, first)
    assert traded_at(desk, NOON, second)
    assert desk.engine.status(1) == MarketStatus.TRADING


@pytest.mark.parametrize(("first", "second"), [(1_000, 1_101), (1_000, 899), (1_112, 1_000), (999, 1_099)])
def test_a_move_that_is_further_halts_the_market_in_place_of_the_fill(desk: Desk, first: int, second: int) -> None:
    armed(desk)
    trade_at(desk, NOON, first)

    accepted, status, cancelled = trade_at(desk, NOON + 1, second, 3)

    assert (status.kind, status.market, status.reason, status.price) == (
        EventKind.STATUS_CHANGED,
        1,
        MarketStatus.HALT,
        second,
    )
    assert (cancelled.kind, cancelled.reason, cancelled.quantity) == (EventKind.CANCELLED, CancelReason.HALTED, 3)
    assert cancelled.amount == accepted.amount
    assert desk.engine.status(1) == MarketStatus.HALT
    assert desk.engine.balance(2, 2)[1] == 0
    assert desk.engine.depth(1, SELL, 9) == [(second, 3, 1)]


def test_what_was_filled_before_the_breaker_tripped_stays(desk: Desk) -> None:
    armed(desk)
    for price in (1_000, 1_050, 1_100, 1_101, 1_102):
        desk.rest(1, SELL, price, 2)

    events = desk.place(2, BUY, 2_000, 100)

    assert [event.price for event in fills(events)] == [1_000, 1_050, 1_100]
    assert [event.kind for event in events[-2:]] == [EventKind.STATUS_CHANGED, EventKind.CANCELLED]
    assert (events[-1].reason, events[-1].quantity) == (CancelReason.HALTED, 94)
    assert desk.engine.balance(2, 2)[1] == 0
    assert desk.engine.last_price(1) == 1_100


def test_an_order_that_would_rest_is_cancelled_too_when_it_trips(desk: Desk) -> None:
    armed(desk)
    trade_at(desk, NOON, 1_000)
    order = {"market": 1, "price": 1_200, "taker_fee_ppm": 5_000}
    take_at(desk, NOON, K.PLACE, account=1, side=SELL, quantity=1, **order)

    events = take_at(desk, NOON, K.PLACE, account=2, side=BUY, quantity=5, **order)

    assert events[-1].reason == CancelReason.HALTED
    assert desk.engine.depth(1, BUY, 9) == []


def test_the_breaker_of_one_market_is_not_that_of_another(desk: Desk) -> None:
    armed(desk)
    trade_at(desk, 0, 1_000)
    desk.rest(1, SELL, 5_000, 1, market=2)
    desk.rest(1, SELL, 9_000, 1, market=2)

    assert len(fills(desk.place(2, BUY, 9_000, 2, market=2))) == 2


@pytest.mark.parametrize("later", [2 * WINDOW, 2 * WINDOW + 1, 10**9])
def test_prices_of_two_windows_ago_are_forgotten(desk: Desk, later: int) -> None:
    armed(desk)
    trade_at(desk, NOON, 1_000)

    assert traded_at(desk, NOON + later, 2_000)


@pytest.mark.parametrize("later", [0, WINDOW - 1, WINDOW, 2 * WINDOW - 1])
def test_prices_of_this_window_and_the_one_before_count(desk: Desk, later: int) -> None:
    armed(desk)
    trade_at(desk, NOON, 1_000)

    assert not traded_at(desk, NOON + later, 2_000)


def test_windows_follow_one_another_on_a_grid(desk: Desk) -> None:
    armed(desk)
    trade_at(desk, NOON, 1_000)
    trade_at(desk, NOON + WINDOW + 900, 1_100)

    # The window of the first trade goes; that of the second is the earlier one now.
    assert traded_at(desk, NOON + 2 * WINDOW, 1_210)
    assert not traded_at(desk, NOON + 2 * WINDOW, 1_211)


def test_a_time_before_the_window_counts_as_within_it(desk: Desk) -> None:
    armed(desk)
    trade_at(desk, NOON, 1_000)

    assert not traded_at(desk, NOON - 10 * WINDOW, 1_101)


@pytest.mark.parametrize("time", [2**63, 2**64 - 1])
def test_a_time_that_is_negative_as_a_word_counts_as_none(desk: Desk, time: int) -> None:
    armed(desk)
    assert traded_at(desk, time, 1_000)
    assert not traded_at(desk, time, 1_101)


def test_the_last_moment_there_is_does_not_overflow(desk: Desk) -> None:
    armed(desk)
    assert traded_at(desk, 2**63 - 1, 1_000)
    assert not traded_at(desk, 2**63 - 1, 1_101)


def test_prices_as_high_as_there_can_be_do_not_overflow(desk: Desk) -> None:
    top = 2**61
    desk.take(K.SET_MARKET_LIMITS, market=1, price=top, quantity=2, counter_amount=1)
    for account in (1, 2):
        desk.take(K.CHAIN_DEPOSIT, account=account, asset=2, amount=2**62 - 10 * RICH)
    armed(desk, ppm=1_000_000)
    assert traded_at(desk, NOON, top // 2)
    assert traded_at(desk, NOON, top)
    assert traded_at(desk, NOON, 1)


@pytest.mark.parametrize("again", [{"ppm": 100_000}, {"ppm": 200_000}])
def test_setting_the_breaker_anew_forgets_what_was(desk: Desk, again: dict[str, int]) -> None:
    armed(desk)
    trade_at(desk, NOON, 1_000)
    armed(desk, **again)

    assert traded_at(desk, NOON, 2_000)


def test_a_new_status_forgets_what_was(desk: Desk) -> None:
    armed(desk)
    trade_at(desk, NOON, 1_000)
    assert not traded_at(desk, NOON, 2_000)
    desk.take(K.SET_MARKET_STATUS, market=1, mode=MarketStatus.TRADING)
    desk.take(K.CANCEL_ALL, account=1, reason=CancelReason.USER)

    assert traded_at(desk, NOON, 2_000)


def test_without_a_breaker_prices_move_as_they_like(desk: Desk) -> None:
    armed(desk)
    desk.take(K.SET_CIRCUIT_BREAKER, market=1)

    assert all(traded_at(desk, NOON, price) for price in (1_000, 9_000, 1))


def test_an_order_to_be_filled_whole_is_killed_rather_than_trip_the_breaker(desk: Desk) -> None:
    armed(desk)
    desk.rest(1, SELL, 1_000, 1)
    desk.rest(1, SELL, 1_101, 1)

    killed = desk.place(2, BUY, 2_000, 2, tif=TimeInForce.FOK)

    assert [event.kind for event in killed] == [EventKind.ACCEPTED, EventKind.CANCELLED]
    assert killed[-1].reason == CancelReason.FOK_KILLED
    assert desk.engine.status(1) == MarketStatus.TRADING
    assert len(fills(desk.place(2, BUY, 2_000, 1, tif=TimeInForce.FOK))) == 1


def test_a_look_ahead_leaves_no_trace_in_the_windows(desk: Desk) -> None:
    armed(desk)
    desk.rest(1, SELL, 1_000, 1)
    before = desk.engine.state_hash()
    sequence = desk.sequence

    take_at(
        desk,
        NOON,
        K.PLACE,
        account=2,
        market=1,
        side=BUY,
        time_in_force=2,
        price=1_000,
        quantity=2,
        taker_fee_ppm=5_000,
    )

    assert desk.engine.depth(1, SELL, 9) == [(1_000, 1, 1)]
    assert sequence + 1 == desk.sequence
    assert before != desk.engine.state_hash()
    assert traded_at(desk, NOON, 500)
