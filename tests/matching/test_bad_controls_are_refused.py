import pytest

from offchain.core.commands import CommandKind
from offchain.core.events import RejectReason
from tests.matching.clock import DAY_US
from tests.matching.desk import Desk

K, R = CommandKind, RejectReason
LIMITS = {"account": 1, "quantity": 1, "amount": 1, "counter_amount": 1}
TIER = {"mode": 2, "amount": 10, "maker_fee_ppm": 1, "taker_fee_ppm": 1}


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        (K.SET_MARKET_STATUS, {"market": 3, "mode": 1}, R.UNKNOWN_MARKET),
        (K.SET_MARKET_STATUS, {"market": 1, "mode": 4}, R.BAD_LIMIT),
        (K.SET_MARKET_RISK, {"market": 0}, R.UNKNOWN_MARKET),
        (K.SET_MARKET_RISK, {"market": 1, "amount": -1}, R.BAD_LIMIT),
        (K.SET_MARKET_RISK, {"market": 1, "amount": 1_000_001}, R.BAD_LIMIT),
        (K.SET_MARKET_RISK, {"market": 1, "counter_amount": -1}, R.BAD_LIMIT),
        (K.SET_MARKET_RISK, {"market": 1, "counter_amount": 1_000_001}, R.BAD_LIMIT),
        (K.SET_MARKET_RISK, {"market": 1, "quantity": -1}, R.BAD_LIMIT),
        (K.SET_MARKET_RISK, {"market": 1, "price": -1}, R.BAD_LIMIT),
        (K.SET_MARKET_RISK, {"market": 1, "price": 10**9 + 1}, R.BAD_LIMIT),
        (K.SET_CIRCUIT_BREAKER, {"market": 9, "amount": 1, "counter_amount": 1}, R.UNKNOWN_MARKET),
        (K.SET_CIRCUIT_BREAKER, {"market": 1, "amount": 1}, R.BAD_LIMIT),
        (K.SET_CIRCUIT_BREAKER, {"market": 1, "counter_amount": 1}, R.BAD_LIMIT),
        (K.SET_CIRCUIT_BREAKER, {"market": 1, "amount": 1_000_001, "counter_amount": 1}, R.BAD_LIMIT),
        (K.SET_CIRCUIT_BREAKER, {"market": 1, "amount": 1, "counter_amount": DAY_US + 1}, R.BAD_LIMIT),
        (K.SET_CIRCUIT_BREAKER, {"market": 1, "amount": -1, "counter_amount": 1}, R.BAD_LIMIT),
        (K.SET_KILL_SWITCH, {"account": 1, "market": 1, "mode": 1}, R.MALFORMED),
        (K.SET_KILL_SWITCH, {"account": 5, "mode": 2}, R.UNKNOWN_ACCOUNT),
        (K.SET_KILL_SWITCH, {"market": 3, "mode": 2}, R.UNKNOWN_MARKET),
        (K.SET_KILL_SWITCH, {"mode": 2}, R.BAD_LIMIT),
        (K.SET_ACCOUNT_LIMITS, LIMITS | {"account": 5}, R.UNKNOWN_ACCOUNT),
        (K.SET_ACCOUNT_LIMITS, LIMITS | {"quantity": -1}, R.BAD_LIMIT),
        (K.SET_ACCOUNT_LIMITS, LIMITS | {"quantity": 2**31}, R.BAD_LIMIT),
        (K.SET_ACCOUNT_LIMITS, LIMITS | {"amount": -1}, R.BAD_LIMIT),
        (K.SET_ACCOUNT_LIMITS, LIMITS | {"amount": 2**31}, R.BAD_LIMIT),
        (K.SET_ACCOUNT_LIMITS, LIMITS | {"amount": 0}, R.BAD_LIMIT),
        (K.SET_ACCOUNT_LIMITS, LIMITS | {"counter_amount": 0}, R.BAD_LIMIT),
        (K.SET_ACCOUNT_LIMITS, LIMITS | {"counter_amount": -1}, R.BAD_LIMIT),
        (K.SET_ACCOUNT_LIMITS, LIMITS | {"counter_amount": 2**62}, R.BAD_LIMIT),
        (K.SET_POSITION_CAP, {"account": 0, "asset": 1, "amount": 1}, R.UNKNOWN_ACCOUNT),
        (K.SET_POSITION_CAP, {"account": 5, "asset": 1, "amount": 1}, R.UNKNOWN_ACCOUNT),
        (K.SET_POSITION_CAP, {"account": 1, "asset": 4, "amount": -1}, R.UNKNOWN_ASSET),
        (K.SET_POSITION_CAP, {"account": 1, "asset": 1, "amount": -1}, R.BAD_AMOUNT),
        (K.SET_FEES, {"account": 5, "mode": 7}, R.UNKNOWN_ACCOUNT),
        (K.SET_FEES, {"account": 1, "mode": 2}, R.BAD_FEE),
        (K.SET_FEES, {"account": 0, "mode": 1}, R.BAD_FEE),
        (K.SET_FEES, {"account": 1, "mode": 1, "maker_fee_ppm": 1}, R.BAD_FEE),
        (K.SET_FEES, {"account": 1, "mode": 1, "taker_fee_ppm": 1}, R.BAD_FEE),
        (K.SET_FEE_TIER, TIER | {"mode": 0}, R.BAD_TIER),
        (K.SET_FEE_TIER, TIER | {"mode": 1}, R.BAD_TIER),
        (K.SET_FEE_TIER, TIER | {"mode": 8}, R.BAD_TIER),
        (K.SET_FEE_TIER, TIER | {"amount": -1}, R.BAD_TIER),
        (K.SET_FEE_TIER, TIER | {"amount": 0, "maker_fee_ppm": 0}, R.BAD_TIER),
        (K.SET_FEE_TIER, TIER | {"amount": 0, "taker_fee_ppm": 0}, R.BAD_TIER),
        (K.SET_FEE_TIER, TIER | {"maker_fee_ppm": -5_001}, R.BAD_FEE),
        (K.SET_FEE_TIER, TIER | {"taker_fee_ppm": 5_001}, R.BAD_FEE),
        (K.SET_DISCOUNTS, {"account": 0}, R.UNKNOWN_ACCOUNT),
        (K.SET_DISCOUNTS, {"account": 5}, R.UNKNOWN_ACCOUNT),
        (K.SET_DISCOUNTS, {"account": 1, "amount": -1}, R.BAD_FEE),
        (K.SET_DISCOUNTS, {"account": 1, "counter_amount": -1}, R.BAD_FEE),
        (K.SET_DISCOUNTS, {"account": 1, "amount": 1_000_001}, R.BAD_FEE),
        (K.SET_DISCOUNTS, {"account": 1, "counter_amount": 1_000_001}, R.BAD_FEE),
        (K.ROLL_VOLUMES, {"amount": 0}, R.BAD_DAY),
        (K.ROLL_VOLUMES, {"amount": -1}, R.BAD_DAY),
        (K.ROLL_VOLUMES, {"amount": 2**31}, R.BAD_DAY),
    ],
)
def test_a_control_that_cannot_be_set_is_refused_for_its_reason(
    desk: Desk, kind: int, fields: dict[str, int], reason: RejectReason
) -> None:
    assert desk.refusal(kind, **fields) == reason


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (K.SET_MARKET_RISK, {"market": 1, "amount": 10**6, "counter_amount": 10**6, "quantity": 2**63 - 1}),
        (K.SET_MARKET_RISK, {"market": 1, "price": 10**9}),
        (K.SET_CIRCUIT_BREAKER, {"market": 1, "amount": 10**6, "counter_amount": DAY_US}),
        (K.SET_CIRCUIT_BREAKER, {"market": 1}),
        (K.SET_ACCOUNT_LIMITS, {"quantity": 2**31 - 1, "amount": 2**31 - 1, "counter_amount": 2**62 - 1}),
        (K.SET_POSITION_CAP, {"account": 1, "asset": 3, "amount": 2**63 - 1}),
        (K.SET_FEE_TIER, {"mode": 7, "amount": 2**63 - 1, "maker_fee_ppm": -5_000, "taker_fee_ppm": 5_000}),
        (K.SET_FEE_TIER, {"mode": 7}),
        (K.SET_DISCOUNTS, {"account": 1, "amount": 1_000_000, "counter_amount": 1_000_000}),
        (K.ROLL_VOLUMES, {"amount": 2**31 - 1}),
    ],
)
def test_a_control_at_its_bounds_is_taken_and_noted(desk: Desk, kind: int, fields: dict[str, int]) -> None:
    (event,) = desk.take(kind, **fields)

    assert event[3:] == (1, *[0] * 17)
