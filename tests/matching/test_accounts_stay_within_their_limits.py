"""Open orders, messages within a window of the log, and the most that buys may bring a position to."""

import pytest

from offchain.core.commands import CancelReason, Command, CommandKind, OrderType, TimeInForce
from offchain.core.events import RejectReason
from offchain.core.money import UNITS_MAX
from tests.matching.desk import BUY, LOT, RICH, SELL, Desk

K, R = CommandKind, RejectReason
ORDER = {"account": 1, "market": 1, "side": BUY, "price": 100, "quantity": 1, "taker_fee_ppm": 5_000}
IOC = {"time_in_force": TimeInForce.IOC}
STOP = {"order_type": OrderType.STOP_LIMIT, "counter_amount": 200}


def limit_orders(desk: Desk, most: int, account: int = 1) -> None:
    desk.take(K.SET_ACCOUNT_LIMITS, account=account, quantity=most)


def limit_messages(desk: Desk, most: int, window: int, account: int = 1) -> None:
    desk.take(K.SET_ACCOUNT_LIMITS, account=account, amount=most, counter_amount=window)


def test_no_more_orders_may_be_open_than_the_limit(desk: Desk) -> None:
    limit_orders(desk, 2)
    first = desk.rest(1, BUY, 100, 1)
    desk.rest(1, BUY, 100, 1, market=2)

    assert desk.refusal(K.PLACE, **ORDER) == R.TOO_MANY_ORDERS
    desk.cancel(1, first)
    desk.rest(1, BUY, 100, 1)
    desk.rest(2, BUY, 100, 1)


def test_orders_that_were_open_before_count(desk: Desk) -> None:
    for _ in range(3):
        desk.rest(1, BUY, 100, 1)
    limit_orders(desk, 3)

    assert desk.refusal(K.PLACE, **ORDER) == R.TOO_MANY_ORDERS
    desk.place(2, SELL, 100, 1)
    desk.take(K.PLACE, **ORDER)


def test_armed_stops_count_as_open_orders(desk: Desk) -> None:
    limit_orders(desk, 1)
    desk.take(K.PLACE, **ORDER, **STOP)

    assert desk.refusal(K.PLACE, **ORDER) == R.TOO_MANY_ORDERS
    assert desk.refusal(K.PLACE, **ORDER, **STOP) == R.TOO_MANY_ORDERS
    assert desk.refusal(K.PLACE, **ORDER, **STOP, **IOC) == R.TOO_MANY_ORDERS


def test_orders_that_cannot_rest_and_replacements_are_not_bound_by_open_orders(desk: Desk) -> None:
    limit_orders(desk, 1)
    resting = desk.rest(1, BUY, 100, 1)

    desk.take(K.PLACE, **ORDER, **IOC)
    desk.take(K.REPLACE, **ORDER, order_id=resting)
    assert desk.engine.open_orders == 1


def test_limits_of_all_are_of_those_that_have_none_of_their_own(desk: Desk) -> None:
    limit_orders(desk, 1, account=0)
    limit_orders(desk, 2, account=2)
    desk.rest(1, BUY, 100, 1)
    desk.rest(2, BUY, 100, 1)
    desk.rest(2, BUY, 100, 1)

    assert desk.refusal(K.PLACE, **ORDER) == R.TOO_MANY_ORDERS
    assert desk.refusal(K.PLACE, **ORDER | {"account": 2}) == R.TOO_MANY_ORDERS


def test_limits_of_ones_own_that_are_all_zero_are_none_of_ones_own(desk: Desk) -> None:
    limit_orders(desk, 1, account=0)
    limit_orders(desk, 9, account=1)
    limit_orders(desk, 0, account=1)
    desk.rest(1, BUY, 100, 1)

    assert desk.refusal(K.PLACE, **ORDER) == R.TOO_MANY_ORDERS
    limit_orders(desk, 0, account=0)
    desk.rest(1, BUY, 100, 1)


def test_an_account_opened_later_has_the_limits_of_all(desk: Desk) -> None:
    limit_orders(desk, 1, account=0)
    desk.take(K.OPEN_ACCOUNT, account=5)
    desk.take(K.CHAIN_DEPOSIT, account=5, asset=2, amount=RICH)
    desk.rest(5, BUY, 100, 1)

    assert desk.refusal(K.PLACE, **ORDER | {"account": 5}) == R.TOO_MANY_ORDERS


def test_no_more_messages_are_taken_within_a_window_than_the_limit(desk: Desk) -> None:
    limit_messages(desk, 2, 100)
    desk.sequence = 1_000
    desk.take(K.PLACE, **ORDER)
    desk.take(K.PLACE, **ORDER, **IOC)

    assert desk.refusal(K.PLACE, **ORDER) == R.TOO_MANY_MESSAGES
    desk.sequence = 1_099
    assert desk.refusal(K.PLACE, **ORDER) == R.TOO_MANY_MESSAGES
    desk.take(K.PLACE, **ORDER)


def test_replacements_and_amendments_are_messages_and_cancels_are_not(desk: Desk) -> None:
    desk.sequence = 1_000
    resting = desk.rest(1, BUY, 100, 10)
    limit_messages(desk, 2, 100)
    desk.take(K.AMEND, account=1, order_id=resting, quantity=9)
    (_, accepted) = desk.take(K.REPLACE, **ORDER | {"quantity": 8}, order_id=resting)

    assert desk.refusal(K.AMEND, account=1, order_id=accepted.order_id, quantity=1) == R.TOO_MANY_MESSAGES
    assert desk.refusal(K.REPLACE, **ORDER, order_id=accepted.order_id) == R.TOO_MANY_MESSAGES
    desk.cancel(1, accepted.order_id)
    desk.take(K.CANCEL_ALL, account=1, reason=CancelReason.USER)


def test_messages_that_are_refused_are_not_counted(desk: Desk) -> None:
    limit_messages(desk, 1, 100)
    desk.sequence = 1_000
    desk.refusal(K.PLACE, **ORDER | {"price": 0})
    desk.refusal(K.PLACE, **ORDER | {"price": 10**9, "quantity": 10**6})

    desk.take(K.PLACE, **ORDER)


def test_messages_are_counted_only_while_a_limit_applies(desk: Desk) -> None:
    desk.sequence = 1_000
    for _ in range(5):
        desk.take(K.PLACE, **ORDER)
    limit_messages(desk, 1, 100, account=0)
    desk.take(K.PLACE, **ORDER)

    assert desk.refusal(K.PLACE, **ORDER) == R.TOO_MANY_MESSAGES


def test_a_window_may_be_as_long_as_a_log_can_be(desk: Desk) -> None:
    limit_messages(desk, 1, 2**62 - 1)
    for sequence, verdict in ((2**62 - 1, R.NONE), (2**63 - 3, R.TOO_MANY_MESSAGES), (2**63 - 2, R.NONE)):
        command = Command(sequence, 0, K.PLACE, **ORDER)
        assert desk.engine.check(command) == verdict
        desk.engine.apply(command)
    assert desk.engine.check(Command(2**63 - 1, 0, K.PLACE, **ORDER)) == R.TOO_MANY_MESSAGES


def cap(desk: Desk, units: int, asset: int = 1) -> None:
    desk.take(K.SET_POSITION_CAP, account=1, asset=asset, amount=units)


def test_a_buy_may_bring_a_position_to_its_cap_and_no_further(desk: Desk) -> None:
    cap(desk, RICH + 10 * LOT)

    assert desk.refusal(K.PLACE, **ORDER | {"quantity": 11}) == R.POSITION_CAP
    desk.take(K.PLACE, **ORDER | {"quantity": 10})
    assert desk.refusal(K.PLACE, **ORDER, **IOC) == R.POSITION_CAP
    desk.take(K.PLACE, **ORDER | {"side": SELL, "quantity": 50, "price": 200})


def test_open_buys_of_all_markets_with_that_base_count(desk: Desk) -> None:
    cap(desk, RICH + 10 * LOT)
    desk.rest(1, BUY, 100, 4)
    desk.rest(1, BUY, 100, 3, market=2)
    desk.take(K.PLACE, **ORDER | {"quantity": 2}, **STOP)

    assert desk.refusal(K.PLACE, **ORDER | {"quantity": 2}) == R.POSITION_CAP
    desk.take(K.PLACE, **ORDER)


def test_what_is_reserved_for_sells_counts_and_what_was_bought(desk: Desk) -> None:
    cap(desk, RICH + 10 * LOT)
    desk.rest(1, SELL, 300, 5)
    desk.rest(2, SELL, 100, 6)
    desk.place(1, BUY, 100, 6)

    assert desk.refusal(K.PLACE, **ORDER | {"quantity": 5}) == R.POSITION_CAP
    desk.take(K.PLACE, **ORDER | {"quantity": 4})


def test_a_replaced_buy_does_not_count(desk: Desk) -> None:
    cap(desk, RICH + 10 * LOT)
    resting = desk.rest(1, BUY, 100, 10)

    assert desk.refusal(K.REPLACE, **ORDER | {"quantity": 11}, order_id=resting) == R.POSITION_CAP
    desk.take(K.REPLACE, **ORDER | {"quantity": 10}, order_id=resting)


def test_a_debt_counts_as_nothing(desk: Desk) -> None:
    desk.take(K.CHAIN_EXITED, account=1, asset=1, amount=RICH + 50 * LOT)
    cap(desk, 10 * LOT)

    assert desk.refusal(K.PLACE, **ORDER | {"quantity": 11}) == R.POSITION_CAP
    desk.take(K.PLACE, **ORDER | {"quantity": 10})


def test_a_cap_below_what_is_there_refuses_every_buy(desk: Desk) -> None:
    cap(desk, 1)

    assert desk.refusal(K.PLACE, **ORDER) == R.POSITION_CAP


def test_a_cap_that_is_taken_back_or_of_another_asset_binds_nothing(desk: Desk) -> None:
    cap(desk, 1)
    cap(desk, 0)
    cap(desk, 1, asset=2)

    desk.take(K.PLACE, **ORDER)


def test_a_cap_outlives_an_exit(desk: Desk) -> None:
    cap(desk, 1)
    desk.take(K.CHAIN_EXIT_REQUESTED, account=1, asset=1)
    assert desk.refusal(K.PLACE, **ORDER) == R.ACCOUNT_EXITING
    desk.take(K.CHAIN_EXIT_CANCELLED, account=1, asset=1)

    assert desk.refusal(K.PLACE, **ORDER) == R.POSITION_CAP


def test_the_largest_cap_does_not_overflow(desk: Desk) -> None:
    cap(desk, UNITS_MAX)
    desk.take(K.CHAIN_DEPOSIT, account=1, asset=1, amount=UNITS_MAX - 4 * RICH)
    desk.rest(1, BUY, 100, 10**6)

    desk.take(K.PLACE, **ORDER)


@pytest.mark.parametrize("kind", ["orders", "messages", "cap"])
def test_limits_are_asked_one_after_the_other(desk: Desk, kind: str) -> None:
    desk.sequence = 1_000
    desk.rest(1, BUY, 100, 1)
    cap(desk, 1)
    orders, messages = (kind == "orders"), (kind in ("orders", "messages"))
    desk.take(K.SET_ACCOUNT_LIMITS, account=1, quantity=2, amount=1, counter_amount=100)
    if messages:
        desk.take(K.PLACE, **ORDER | {"side": SELL, "price": 500})
    if kind == "messages":
        desk.take(K.CANCEL_ALL, account=1, reason=CancelReason.USER)

    expected = R.TOO_MANY_ORDERS if orders else R.TOO_MANY_MESSAGES if messages else R.POSITION_CAP
    assert desk.refusal(K.PLACE, **ORDER) == expected
