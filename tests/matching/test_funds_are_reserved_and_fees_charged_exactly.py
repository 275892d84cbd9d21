import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.core.commands import CommandKind, Side, TimeInForce
from offchain.core.events import RejectReason
from offchain.core.money import UNITS_MAX, buy_reservation_units, fee_units
from offchain.matching import words
from tests.matching.desk import BUY, LOT, RICH, SELL, Desk, fills
from tests.matching.engines import EngineType, UncompiledEngine

K = CommandKind


def test_a_sell_reserves_its_base(desk: Desk) -> None:
    (accepted,) = desk.place(1, SELL, 100, 7)

    assert (accepted.asset, accepted.amount) == (1, 7 * LOT)
    assert desk.engine.balance(1, 1) == (RICH - 7 * LOT, 7 * LOT)


def test_a_buy_reserves_notional_fee_at_its_cap_and_a_unit_a_lot(desk: Desk) -> None:
    (accepted,) = desk.place(1, BUY, 333, 7, cap=4_000)

    assert (accepted.asset, accepted.amount) == (2, 2_331 + 10 + 7)
    assert desk.engine.balance(1, 2) == (RICH - 2_348, 2_348)


def test_both_sides_pay_in_quote_and_the_fee_account_gets_it(desk: Desk) -> None:
    desk.rest(1, SELL, 1_001, 3)

    (event,) = fills(desk.place(2, BUY, 1_001, 3))

    assert (event.fee, event.counter_fee) == (8, 5)  # 3,003 at 2,500 and 1,500 ppm, rounded up
    assert desk.engine.balance(1, 2) == (RICH + 3_003 - 5, 0)
    assert desk.engine.balance(2, 2) == (RICH - 3_003 - 8, 0)
    assert desk.engine.balance(2, 1) == (RICH + 3 * LOT, 0)
    assert desk.engine.balance(0, 2) == (13, 0)


def test_a_better_price_than_the_limit_gives_the_difference_back(desk: Desk) -> None:
    desk.rest(1, SELL, 900, 10)

    (event,) = fills(desk.place(2, BUY, 1_000, 10))

    assert event.amount == buy_reservation_units(10_000, 10, 5_000) - 9_000 - event.fee
    assert desk.engine.balance(2, 2) == (RICH - 9_000 - event.fee, 0)


def test_an_account_may_have_rates_of_its_own(desk: Desk) -> None:
    desk.take(K.SET_FEES, account=1, maker_fee_ppm=-200, taker_fee_ppm=300)
    desk.rest(1, SELL, 10_000, 100)

    (event,) = fills(desk.place(2, BUY, 10_000, 100))

    assert (event.fee, event.counter_fee) == (2_500, -200)
    assert desk.engine.balance(0, 2) == (2_300, 0)


def test_new_default_rates_apply_to_all_that_have_none(desk: Desk) -> None:
    desk.take(K.SET_FEES, account=1, maker_fee_ppm=100, taker_fee_ppm=100)
    desk.take(K.SET_FEES, account=0, maker_fee_ppm=0, taker_fee_ppm=1_000)
    desk.rest(2, SELL, 10_000, 100)

    assert [(event.fee, event.counter_fee) for event in fills(desk.place(1, BUY, 10_000, 50))] == [(50, 0)]
    assert [(event.fee, event.counter_fee) for event in fills(desk.place(3, BUY, 10_000, 50))] == [(500, 0)]


def test_a_rebate_never_exceeds_the_rate_of_the_taker_who_pays_it(desk: Desk) -> None:
    desk.take(K.SET_FEES, account=1, maker_fee_ppm=-3_000, taker_fee_ppm=2_000)
    desk.take(K.SET_FEES, account=2, maker_fee_ppm=0, taker_fee_ppm=1_000)
    desk.rest(1, SELL, 10_000, 100)

    (event,) = fills(desk.place(2, BUY, 10_000, 100))

    assert (event.fee, event.counter_fee) == (1_000, -1_000)
    assert desk.engine.balance(0, 2) == (0, 0)


def test_a_resting_order_never_pays_above_the_cap_that_it_signed(desk: Desk) -> None:
    desk.rest(1, SELL, 10_000, 100, cap=2_500)
    desk.take(K.SET_FEES, account=1, maker_fee_ppm=4_000, taker_fee_ppm=4_000)

    (event,) = fills(desk.place(2, BUY, 10_000, 100))

    assert event.counter_fee == 2_500


@pytest.mark.parametrize("cap", [0, 1_499, 2_499])
def test_an_order_that_signs_too_low_a_cap_is_refused(desk: Desk, cap: int) -> None:
    fields = {"account": 1, "market": 1, "side": BUY, "price": 1, "quantity": 1, "taker_fee_ppm": cap}
    assert desk.refusal(K.PLACE, **fields) == RejectReason.FEE_CAP_TOO_LOW


def test_an_order_may_use_up_a_balance_to_the_last_unit_and_no_more(desk: Desk) -> None:
    need = buy_reservation_units(1_000 * 10, 10, 5_000)
    desk.take(K.WITHDRAW, account=1, asset=2, amount=RICH - need)
    fields = {"account": 1, "market": 1, "side": BUY, "taker_fee_ppm": 5_000}

    assert desk.refusal(K.PLACE, price=1_000, quantity=11, **fields) == RejectReason.INSUFFICIENT_BALANCE
    desk.take(K.PLACE, price=1_000, quantity=10, **fields)
    assert desk.engine.balance(1, 2) == (0, need)


def test_the_largest_orders_there_can_be_do_not_overflow(engine_type: EngineType) -> None:
    desk = Desk(engine_type(), opened=False)
    for asset in (1, 2):
        desk.take(K.LIST_ASSET, asset=asset)
    desk.take(K.OPEN_ACCOUNT, account=1)
    desk.take(K.OPEN_ACCOUNT, account=2)
    desk.take(K.CHAIN_DEPOSIT, account=1, asset=1, amount=UNITS_MAX)
    desk.take(K.CHAIN_DEPOSIT, account=2, asset=2, amount=UNITS_MAX)
    fields = {"market": 1, "asset": 1, "counter_asset": 2, "amount": 1, "counter_amount": 1}
    desk.take(K.LIST_MARKET, price=2**31, quantity=2**31, **fields)
    desk.take(K.SET_MARKET_LIMITS, market=1, price=1, quantity=2**62, counter_amount=1)

    order = {"market": 1, "taker_fee_ppm": 5_000}
    refused = {"account": 2, "side": BUY, "price": 1, "quantity": 2**62}
    assert desk.refusal(K.PLACE, **order, **refused) == RejectReason.INSUFFICIENT_BALANCE
    desk.take(K.SET_MARKET_LIMITS, market=1, price=2**31, quantity=2**31, counter_amount=1)
    desk.take(K.PLACE, account=1, side=SELL, price=2**31, quantity=2**31, **order)
    (event,) = fills(desk.take(K.PLACE, account=2, side=BUY, price=2**31, quantity=2**31, **order))
    assert event.fee == fee_units(2**62, 2_500)
    assert desk.total(1) == desk.total(2) == UNITS_MAX


@given(
    price=st.integers(1, 50),
    better=st.lists(st.tuples(st.integers(0, 49), st.integers(1, 30)), min_size=1, max_size=30),
    rate=st.integers(0, 5_000),
    spare=st.integers(0, 2_000),
)
def test_no_way_of_filling_a_buy_spends_more_than_its_reservation_falls(
    price: int, better: list[tuple[int, int]], rate: int, spare: int
) -> None:
    cap = min(rate + spare, 5_000)
    left = sum(lots for _, lots in better)
    for discount, lots in better:
        notional = max(price - discount, 1) * lots
        fall = buy_reservation_units(price * left, left, cap) - buy_reservation_units(
            price * (left - lots), left - lots, cap
        )
        assert notional + fee_units(notional, rate) <= fall
        left -= lots


@given(notional=st.integers(0, 2**62), rate=st.integers(-1_000_000, 1_000_000))
def test_the_engine_charges_what_money_says(notional: int, rate: int) -> None:
    assert words.fee_of(notional, rate) == fee_units(notional, rate)


@given(
    quantities=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    price=st.integers(1, 400),
    taker_ppm=st.integers(0, 5_000),
    maker_ppm=st.integers(-5_000, 5_000),
    taker_side=st.sampled_from(Side),
)
def test_a_taker_through_many_makers_leaves_nothing_reserved_and_no_unit_lost(
    quantities: list[int], price: int, taker_ppm: int, maker_ppm: int, taker_side: Side
) -> None:
    desk = Desk(UncompiledEngine())
    desk.take(K.SET_FEES, account=1, maker_fee_ppm=maker_ppm, taker_fee_ppm=abs(maker_ppm))
    desk.take(K.SET_FEES, account=2, maker_fee_ppm=0, taker_fee_ppm=taker_ppm)
    for quantity in quantities:
        desk.rest(1, 1 - taker_side, price, quantity)

    desk.place(2, taker_side, price, sum(quantities) + 1, tif=TimeInForce.IOC)

    assert all(reserved == 0 for _, _, _, reserved in desk.engine.balances())
    assert [desk.total(asset) for asset in (1, 2, 3)] == [4 * RICH] * 3
    assert desk.engine.balance(0, 2)[0] >= 0
