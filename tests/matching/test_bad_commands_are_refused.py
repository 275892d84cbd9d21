import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.core.commands import CancelReason, Command, CommandKind
from offchain.core.events import Event, EventKind, RejectReason
from offchain.core.money import UNITS_MAX
from tests.matching.desk import BUY, RICH, Desk
from tests.matching.engines import UncompiledEngine

K, R = CommandKind, RejectReason
ORDER = {"account": 1, "market": 1, "side": BUY, "price": 100, "quantity": 10, "taker_fee_ppm": 5_000}
MARKET = {"market": 7, "asset": 1, "counter_asset": 2, "amount": 1, "counter_amount": 1, "price": 10, "quantity": 10}
UNWIND = {"account": 1, "counter_account": 2, "market": 1, "price": 1, "quantity": 1}


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        (0, {}, R.UNKNOWN_COMMAND),
        (max(K) + 1, {"account": 1, "asset": 1, "amount": 1}, R.UNKNOWN_COMMAND),
        (255, {}, R.UNKNOWN_COMMAND),
        (K.OPEN_ACCOUNT, {"account": 0}, R.ALREADY_LISTED),
        (K.OPEN_ACCOUNT, {"account": 4}, R.ALREADY_LISTED),
        (K.OPEN_ACCOUNT, {"account": 6}, R.UNKNOWN_ACCOUNT),
        (K.LIST_ASSET, {"asset": 0}, R.UNKNOWN_ASSET),
        (K.LIST_ASSET, {"asset": 2**16}, R.MALFORMED),
        (K.LIST_ASSET, {"asset": 3}, R.ALREADY_LISTED),
        (K.LIST_MARKET, MARKET | {"market": 1}, R.ALREADY_LISTED),
        (K.LIST_MARKET, MARKET | {"market": 0}, R.BAD_MARKET),
        (K.LIST_MARKET, MARKET | {"market": 2**16}, R.MALFORMED),
        (K.LIST_MARKET, MARKET | {"asset": 4}, R.UNKNOWN_ASSET),
        (K.LIST_MARKET, MARKET | {"counter_asset": 0}, R.UNKNOWN_ASSET),
        (K.LIST_MARKET, MARKET | {"counter_asset": 1}, R.BAD_MARKET),
        (K.LIST_MARKET, MARKET | {"price": 0}, R.BAD_MARKET),
        (K.LIST_MARKET, MARKET | {"quantity": -1}, R.BAD_MARKET),
        (K.LIST_MARKET, MARKET | {"amount": 0}, R.BAD_MARKET),
        (K.LIST_MARKET, MARKET | {"counter_amount": 0}, R.BAD_MARKET),
        (K.LIST_MARKET, MARKET | {"price": 2**31, "quantity": 2**31 + 1}, R.BAD_MARKET),
        (K.LIST_MARKET, MARKET | {"price": 2**62, "quantity": 2**62, "counter_amount": 2**62}, R.BAD_MARKET),
        (K.LIST_MARKET, MARKET | {"quantity": 2, "amount": 2**62}, R.BAD_MARKET),
        (K.LIST_MARKET, MARKET | {"mode": 2}, R.BAD_MARKET),
        (K.LIST_MARKET, MARKET | {"mode": 255, "order_id": 1}, R.BAD_MARKET),
        (K.LIST_MARKET, MARKET | {"mode": 1, "order_id": 2**63}, R.BAD_MARKET),
        (K.LIST_MARKET, MARKET | {"mode": 1, "order_id": 2**64 - 1}, R.BAD_MARKET),
        (K.LIST_MARKET, MARKET | {"mode": 1, "order_id": 2**64}, R.MALFORMED),
        (K.LIST_MARKET, MARKET | {"mode": 1, "order_id": -1}, R.MALFORMED),
        (K.SET_MARKET_LIMITS, {"market": 3, "price": 1, "quantity": 1, "counter_amount": 1}, R.UNKNOWN_MARKET),
        (K.SET_MARKET_LIMITS, {"market": 1, "price": 2**61, "quantity": 3, "counter_amount": 1}, R.BAD_MARKET),
        (K.SET_MARKET_LIMITS, {"market": 1, "price": 1, "quantity": 1, "counter_amount": 0}, R.BAD_MARKET),
        (K.SET_MARKET_LIMITS, {"market": 1, "price": 1, "quantity": 1, "counter_amount": 2}, R.BAD_MARKET),
        (
            K.SET_MARKET_LIMITS,
            {"market": 1, "price": 1, "quantity": 1, "counter_amount": 1, "amount": -1},
            R.BAD_MARKET,
        ),
        (K.SET_FEES, {"account": 5}, R.UNKNOWN_ACCOUNT),
        (K.SET_FEES, {"account": 1, "maker_fee_ppm": 5_001}, R.BAD_FEE),
        (K.SET_FEES, {"account": 1, "maker_fee_ppm": -5_001}, R.BAD_FEE),
        (K.SET_FEES, {"account": 1, "taker_fee_ppm": 5_001}, R.BAD_FEE),
        (K.SET_FEES, {"account": 1, "taker_fee_ppm": -1}, R.BAD_FEE),
        (K.PLACE, ORDER | {"account": 0}, R.UNKNOWN_ACCOUNT),
        (K.PLACE, ORDER | {"account": 5}, R.UNKNOWN_ACCOUNT),
        (K.PLACE, ORDER | {"account": 2**32 - 1}, R.UNKNOWN_ACCOUNT),
        (K.PLACE, ORDER | {"market": 0}, R.UNKNOWN_MARKET),
        (K.PLACE, ORDER | {"market": 2**16 - 1}, R.UNKNOWN_MARKET),
        (K.PLACE, ORDER | {"side": 2}, R.BAD_SIDE),
        (K.PLACE, ORDER | {"time_in_force": 4}, R.BAD_TIME_IN_FORCE),
        (K.PLACE, ORDER | {"price": 0}, R.BAD_PRICE),
        (K.PLACE, ORDER | {"price": -(2**63)}, R.BAD_PRICE),
        (K.PLACE, ORDER | {"price": 10**9 + 1}, R.BAD_PRICE),
        (K.PLACE, ORDER | {"quantity": 0}, R.BAD_QUANTITY),
        (K.PLACE, ORDER | {"quantity": 10**6 + 1}, R.BAD_QUANTITY),
        (K.PLACE, ORDER | {"quantity": 2**63 - 1}, R.BAD_QUANTITY),
        (K.PLACE, ORDER | {"taker_fee_ppm": -1}, R.BAD_FEE),
        (K.PLACE, ORDER | {"taker_fee_ppm": 5_001}, R.BAD_FEE),
        (K.PLACE, ORDER | {"price": 10**9, "quantity": 10**6}, R.INSUFFICIENT_BALANCE),
        (K.CANCEL, {"account": 1, "order_id": 1, "reason": CancelReason.USER}, R.UNKNOWN_ORDER),
        (K.CANCEL, {"account": 1, "order_id": 2**64 - 1, "reason": CancelReason.USER}, R.UNKNOWN_ORDER),
        (K.CANCEL, {"account": 9, "order_id": 1, "reason": CancelReason.USER}, R.UNKNOWN_ACCOUNT),
        (K.CANCEL, {"account": 1, "order_id": 1, "reason": 0}, R.MALFORMED),
        (K.CANCEL_ALL, {"account": 1, "reason": max(CancelReason) + 1}, R.MALFORMED),
        (K.CANCEL_ALL, {"account": 1, "asset": 4, "reason": CancelReason.USER}, R.UNKNOWN_ASSET),
        (K.WITHDRAW, {"account": 1, "asset": 1, "amount": RICH + 1}, R.INSUFFICIENT_BALANCE),
        (K.WITHDRAW, {"account": 1, "asset": 1, "amount": 0}, R.BAD_AMOUNT),
        (K.WITHDRAW, {"account": 1, "asset": 1, "amount": -1}, R.BAD_AMOUNT),
        (K.WITHDRAW, {"account": 5, "asset": 1, "amount": 1}, R.UNKNOWN_ACCOUNT),
        (K.REVERT_WITHDRAWAL, {"account": 1, "asset": 4, "amount": 1}, R.UNKNOWN_ASSET),
        (K.CHAIN_DEPOSIT, {"account": 1, "asset": 1, "amount": UNITS_MAX}, R.OVERFLOW),
        (K.CHAIN_DEPOSIT, {"account": 1, "asset": 1, "amount": -(2**63)}, R.BAD_AMOUNT),
        (K.CHAIN_WITHDRAWN, {"account": 1, "asset": 1, "amount": 0}, R.BAD_AMOUNT),
        (K.CHAIN_EXIT_REQUESTED, {"account": 1, "asset": 2**16 - 1}, R.UNKNOWN_ASSET),
        (K.CHAIN_EXITED, {"account": 1, "asset": 1, "amount": -1}, R.BAD_AMOUNT),
        (K.CHAIN_CANCEL_FLOOR, {"account": 5, "asset": 1}, R.UNKNOWN_ACCOUNT),
        (K.UNWIND_FILL, UNWIND | {"market": 2**16 - 1}, R.UNKNOWN_MARKET),
    ],
)
def test_a_command_that_cannot_be_taken_is_refused_for_its_reason(
    desk: Desk, kind: int, fields: dict[str, int], reason: RejectReason
) -> None:
    assert desk.refusal(kind, **fields) == reason


@pytest.mark.parametrize(
    "terms",
    [
        {"amount": UNITS_MAX, "counter_amount": 1, "price": 1, "quantity": 1},
        {"amount": UNITS_MAX // 7, "counter_amount": 1, "price": 1, "quantity": 7},
        {"amount": 1, "counter_amount": 2**20, "price": 2**21, "quantity": 2**21},
    ],
)
def test_a_market_may_be_as_large_as_words_hold_and_no_larger(desk: Desk, terms: dict[str, int]) -> None:
    market = {"market": 3, "asset": 1, "counter_asset": 2}

    assert desk.refusal(K.LIST_MARKET, **market, **terms | {"quantity": terms["quantity"] + 1}) == R.BAD_MARKET
    desk.take(K.LIST_MARKET, **market, **terms)


def test_limits_bind_new_orders_and_spare_resting_ones(desk: Desk) -> None:
    resting = desk.rest(1, BUY, 100, 10)
    desk.take(K.SET_MARKET_LIMITS, market=1, price=50, quantity=20, counter_amount=4, amount=30)

    assert desk.refusal(K.PLACE, **ORDER) == R.BAD_PRICE
    assert desk.refusal(K.PLACE, **ORDER | {"price": 50, "quantity": 3}) == R.BAD_QUANTITY
    assert desk.refusal(K.PLACE, **ORDER | {"price": 50, "quantity": 21}) == R.BAD_QUANTITY
    assert desk.refusal(K.PLACE, **ORDER | {"price": 7, "quantity": 4}) == R.NOTIONAL_TOO_SMALL
    desk.take(K.PLACE, **ORDER | {"price": 6, "quantity": 5})
    assert desk.engine.order(resting) is not None


def test_a_fee_above_the_cap_is_refused_whichever_of_both_rates_it_is(desk: Desk) -> None:
    desk.take(K.SET_FEES, account=1, maker_fee_ppm=3_000, taker_fee_ppm=2_000)

    assert desk.refusal(K.PLACE, **ORDER | {"taker_fee_ppm": 2_999}) == R.FEE_CAP_TOO_LOW
    desk.take(K.PLACE, **ORDER | {"taker_fee_ppm": 3_000})


@pytest.mark.parametrize("sequence", [0, 1, 2**63, 2**64 - 1])
def test_a_sequence_that_does_not_rise_is_refused(desk: Desk, sequence: int) -> None:
    command = Command(sequence, 5, K.PLACE, **ORDER)

    assert desk.engine.check(command) == R.BAD_SEQUENCE
    (event,) = desk.engine.apply(command)
    assert (event.kind, event.reason, event.command_sequence) == (EventKind.REJECTED, R.BAD_SEQUENCE, sequence)


@pytest.mark.parametrize(
    "fields",
    [
        {"price": 2**63},
        {"account": -1},
        {"side": 256},
        {"taker_fee_ppm": 2**31},
        {"quantity": "7"},
        {"quantity": 1.5},
        {"order_id": None},
    ],
)
def test_a_field_that_does_not_fit_is_refused_without_an_exception(desk: Desk, fields: dict[str, int]) -> None:
    assert desk.refusal(K.PLACE, **ORDER | fields) == R.MALFORMED


def test_a_sequence_that_does_not_fit_is_refused_without_an_exception(desk: Desk) -> None:
    (event,) = desk.engine.apply(Command(2**64, -1, K.PLACE))

    assert (event.kind, event.reason) == (EventKind.REJECTED, R.MALFORMED)
    assert (event.command_sequence, event.timestamp_us) == (0, 0)


WORD = {
    "side": st.integers(0, 255),
    "time_in_force": st.integers(0, 255),
    "reason": st.integers(0, 255),
    "mode": st.integers(0, 255) | st.just(1),
    **{name: st.integers(0, 2**32 - 1) for name in ("account", "counter_account", "market", "asset", "counter_asset")},
    **{name: st.integers(-(2**31), 2**31 - 1) for name in ("maker_fee_ppm", "taker_fee_ppm")},
    "order_id": st.integers(0, 2**64 - 1),
    **{
        name: st.integers(-(2**63), 2**63 - 1) | st.sampled_from([1, 2**62, 2**63 - 1, -(2**63)])
        for name in ("price", "quantity", "amount", "counter_amount")
    },
}


@given(
    sound=st.sampled_from(
        [(K.PLACE, ORDER), (K.LIST_MARKET, MARKET), (K.UNWIND_FILL, UNWIND), *((k, ORDER) for k in K)]
    ),
    garbage=st.fixed_dictionaries({}, optional=WORD),
    sequence=st.integers(0, 2**64 - 1),
)
def test_garbage_in_any_field_never_raises_nor_breaks_the_books(
    sound: tuple[CommandKind, dict[str, int]], garbage: dict[str, int], sequence: int
) -> None:
    desk = Desk(UncompiledEngine())
    kind, fields = sound
    before = desk.view()

    events: list[Event] = desk.engine.apply(Command(sequence, sequence, kind, **fields | garbage))

    assert events
    if events[0].kind == EventKind.REJECTED:
        assert len(events) == 1
        assert desk.view() == before
    assert all(reserved >= 0 for _, _, _, reserved in desk.engine.balances())
