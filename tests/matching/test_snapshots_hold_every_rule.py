"""Rules, windows and switches that operators set, in a snapshot: none is lost, and all bind on."""

import pytest

from offchain.core.commands import CommandKind, MarketStatus
from offchain.core.events import RejectReason
from offchain.matching.engine import Engine
from tests.matching.clock import trade_at, traded_at
from tests.matching.desk import BUY, RICH, Desk

K, R = CommandKind, RejectReason
ORDER = {"account": 1, "market": 1, "side": BUY, "price": 1_000, "quantity": 1, "taker_fee_ppm": 5_000}


def restored(desk: Desk, real_type: type[Engine]) -> Desk:
    twin = Desk(real_type.restore(desk.engine.snapshot()), opened=False)
    twin.sequence = desk.sequence
    assert twin.engine.snapshot() == desk.engine.snapshot()
    return twin


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        (K.SET_KILL_SWITCH, {"mode": 1}, R.TRADING_KILLED),
        (K.SET_KILL_SWITCH, {"mode": 1, "market": 1}, R.TRADING_KILLED),
        (K.SET_KILL_SWITCH, {"mode": 1, "account": 1}, R.TRADING_KILLED),
        (K.SET_MARKET_STATUS, {"market": 1, "mode": MarketStatus.CANCEL_ONLY}, R.MARKET_CLOSED),
        (K.SET_MARKET_RISK, {"market": 1, "amount": 1, "price": 500}, R.PRICE_OUTSIDE_BAND),
        (K.SET_MARKET_RISK, {"market": 1, "counter_amount": 1, "price": 500}, R.PRICE_TOO_FAR),
        (K.SET_MARKET_RISK, {"market": 1, "quantity": 999}, R.NOTIONAL_TOO_LARGE),
        (K.SET_POSITION_CAP, {"account": 1, "asset": 1, "amount": RICH}, R.POSITION_CAP),
        (K.SET_FEES, {"account": 1, "maker_fee_ppm": 0, "taker_fee_ppm": 5_000}, R.FEE_CAP_TOO_LOW),
    ],
)
def test_a_rule_that_was_set_binds_on(
    real_type: type[Engine], kind: int, fields: dict[str, int], reason: RejectReason
) -> None:
    desk = Desk(real_type())
    desk.take(kind, **fields)
    twin = restored(desk, real_type)

    assert twin.refusal(K.PLACE, **ORDER | {"taker_fee_ppm": 4_999}) == reason
    assert desk.refusal(K.PLACE, **ORDER | {"taker_fee_ppm": 4_999}) == reason
    assert twin.engine.state_hash() == desk.engine.state_hash()


@pytest.mark.parametrize("account", [0, 1])
def test_limits_and_what_was_counted_under_them_bind_on(real_type: type[Engine], account: int) -> None:
    desk = Desk(real_type())
    desk.sequence = 1_000
    desk.take(K.SET_ACCOUNT_LIMITS, account=account, quantity=2, amount=3, counter_amount=100)
    desk.take(K.PLACE, **ORDER)
    desk.take(K.PLACE, **ORDER)
    twin = restored(desk, real_type)

    assert twin.refusal(K.PLACE, **ORDER) == R.TOO_MANY_ORDERS
    twin.take(K.PLACE, **ORDER, time_in_force=1)
    assert twin.refusal(K.PLACE, **ORDER, time_in_force=1) == R.TOO_MANY_MESSAGES
    if account == 1:
        twin.take(K.PLACE, **ORDER | {"account": 2})


def test_a_cap_that_was_taken_back_leaves_no_trace(real_type: type[Engine]) -> None:
    desk, plain = Desk(real_type()), Desk(real_type())
    desk.take(K.SET_POSITION_CAP, account=1, asset=1, amount=5)
    desk.take(K.SET_POSITION_CAP, account=1, asset=1)
    for _ in range(2):
        plain.take(K.SET_POSITION_CAP, account=2, asset=3)

    assert desk.engine.state_hash() == plain.engine.state_hash()
    restored(desk, real_type).take(K.PLACE, **ORDER)


def test_the_windows_of_a_breaker_go_on(real_type: type[Engine]) -> None:
    desk = Desk(real_type())
    desk.take(K.SET_CIRCUIT_BREAKER, market=1, amount=100_000, counter_amount=1_000)
    trade_at(desk, 10_000, 1_000)
    trade_at(desk, 11_500, 1_050)
    twin = restored(desk, real_type)

    assert traded_at(twin, 11_999, 1_100)
    assert not traded_at(twin, 11_999, 1_101)
    assert twin.engine.status(1) == MarketStatus.HALT
    assert restored(twin, real_type).engine.status(1) == MarketStatus.HALT
