"""Bands, fat fingers, the largest notional, the collar of market orders and the reference price."""

import pytest

from offchain.core.commands import CommandKind, OrderType, TimeInForce
from offchain.core.events import RejectReason
from tests.matching.desk import BUY, RICH, SELL, Desk, fills

K, R = CommandKind, RejectReason
ORDER = {"account": 1, "market": 1, "quantity": 1, "taker_fee_ppm": 5_000}


def risk(desk: Desk, **rules: int) -> None:
    names = {"band": "amount", "fat_finger": "counter_amount", "notional": "quantity", "reference": "price"}
    desk.take(K.SET_MARKET_RISK, market=1, **{names[name]: value for name, value in rules.items()})


@pytest.mark.parametrize(("price", "side"), [(950, BUY), (1_050, BUY), (950, SELL), (1_050, SELL)])
def test_a_price_at_the_edge_of_the_band_is_taken(desk: Desk, price: int, side: int) -> None:
    risk(desk, band=50_000, reference=1_000)

    desk.take(K.PLACE, **ORDER, side=side, price=price)


@pytest.mark.parametrize(("price", "side"), [(949, BUY), (1_051, BUY), (949, SELL), (1_051, SELL), (1, BUY)])
def test_a_price_outside_the_band_is_refused_on_either_side(desk: Desk, price: int, side: int) -> None:
    risk(desk, band=50_000, reference=1_000)

    assert desk.refusal(K.PLACE, **ORDER, side=side, price=price) == R.PRICE_OUTSIDE_BAND


@pytest.mark.parametrize(("price", "side"), [(1_050, BUY), (1, BUY), (950, SELL), (10**9, SELL)])
def test_a_price_that_is_not_too_far_past_the_last_is_taken(desk: Desk, price: int, side: int) -> None:
    risk(desk, fat_finger=50_000, reference=1_000)

    desk.take(K.PLACE, **ORDER, side=side, price=price)


@pytest.mark.parametrize(("price", "side"), [(1_051, BUY), (949, SELL)])
def test_a_price_too_far_past_the_last_is_refused(desk: Desk, price: int, side: int) -> None:
    risk(desk, fat_finger=50_000, reference=1_000)

    assert desk.refusal(K.PLACE, **ORDER, side=side, price=price) == R.PRICE_TOO_FAR


def test_the_band_comes_before_the_fat_finger(desk: Desk) -> None:
    risk(desk, band=50_000, fat_finger=10_000, reference=1_000)

    assert desk.refusal(K.PLACE, **ORDER, side=BUY, price=1_100) == R.PRICE_OUTSIDE_BAND
    assert desk.refusal(K.PLACE, **ORDER, side=BUY, price=1_020) == R.PRICE_TOO_FAR


def test_without_a_last_price_no_band_holds(desk: Desk) -> None:
    risk(desk, band=1, fat_finger=1)

    desk.rest(1, BUY, 10**9 - 1, 1)


def test_every_trade_moves_the_band(desk: Desk) -> None:
    risk(desk, band=50_000)
    assert desk.engine.last_price(1) == 0
    desk.rest(2, SELL, 1_000, 1)
    desk.place(3, BUY, 1_000, 1)

    assert desk.engine.last_price(1) == 1_000
    assert desk.refusal(K.PLACE, **ORDER, side=BUY, price=1_051) == R.PRICE_OUTSIDE_BAND
    desk.rest(2, SELL, 1_050, 1)
    desk.place(3, BUY, 1_050, 1)
    desk.take(K.PLACE, **ORDER, side=BUY, price=1_051)


def test_a_reference_takes_the_place_of_the_last_price_and_none_leaves_it(desk: Desk) -> None:
    risk(desk, reference=500)
    risk(desk, band=1_000)

    assert (desk.engine.last_price(1), desk.engine.last_price(2)) == (500, 0)


def test_rules_that_are_set_to_nothing_are_gone(desk: Desk) -> None:
    risk(desk, band=1, fat_finger=1, notional=1, reference=100)
    risk(desk)

    desk.take(K.PLACE, **ORDER, side=BUY, price=9_999)


def test_an_order_may_be_worth_the_largest_notional_and_no_more(desk: Desk) -> None:
    risk(desk, notional=1_000)

    desk.rest(1, BUY, 100, 10)
    fields = ORDER | {"side": BUY, "price": 1_001}
    assert desk.refusal(K.PLACE, **fields) == R.NOTIONAL_TOO_LARGE
    desk.rest(1, BUY, 1_001, 1, market=2)


def test_the_largest_notional_comes_before_a_kill_switch(desk: Desk) -> None:
    risk(desk, notional=1_000)
    desk.take(K.SET_KILL_SWITCH, mode=1)

    assert desk.refusal(K.PLACE, **ORDER, side=BUY, price=1_001) == R.NOTIONAL_TOO_LARGE
    assert desk.refusal(K.PLACE, **ORDER, side=BUY, price=1_000) == R.TRADING_KILLED


MARKET = {"order_type": OrderType.MARKET, "time_in_force": TimeInForce.IOC}


@pytest.mark.parametrize(
    ("rules", "side", "price", "limit"),
    [
        ({"band": 50_000}, BUY, 9_000, 1_050),
        ({"band": 50_000}, SELL, 1, 950),
        ({"fat_finger": 20_000}, BUY, 9_000, 1_020),
        ({"fat_finger": 20_000}, SELL, 1, 980),
        ({"band": 50_000, "fat_finger": 20_000}, BUY, 9_000, 1_020),
        ({"band": 10_000, "fat_finger": 20_000}, SELL, 1, 990),
        ({"band": 50_000}, BUY, 1_049, 1_049),
        ({"band": 50_000}, SELL, 951, 951),
        ({"band": 1_000_000}, SELL, 1, 1),
        ({}, BUY, 9_000, 9_000),
    ],
)
def test_a_market_order_goes_no_further_than_the_collar(
    desk: Desk, rules: dict[str, int], side: int, price: int, limit: int
) -> None:
    risk(desk, reference=1_000, **rules)

    accepted, *_ = desk.take(K.PLACE, **ORDER, **MARKET, side=side, price=price)

    assert accepted.price == limit


def test_a_market_order_reserves_at_the_collar_and_takes_what_is_within(desk: Desk) -> None:
    risk(desk, reference=1_000, band=50_000)
    for price in (1_050, 1_040, 1_030):
        desk.rest(2, SELL, price, 1)
    desk.take(K.SET_MARKET_RISK, market=1, price=1_000, amount=40_000)

    events = desk.take(K.PLACE, **ORDER | {"quantity": 3}, **MARKET, side=BUY, price=10**9)

    assert events[0].amount == 1_040 * 3 + 16 + 3
    assert [event.price for event in fills(events)] == [1_030, 1_040]


def test_the_collar_of_the_highest_price_does_not_overflow(desk: Desk) -> None:
    top = 2**62
    desk.take(K.SET_MARKET_LIMITS, market=1, price=top, quantity=1, counter_amount=1)
    desk.take(K.CHAIN_DEPOSIT, account=1, asset=2, amount=2**63 - 1 - 4 * RICH)
    risk(desk, band=10**6, reference=top)

    accepted, *_ = desk.take(K.PLACE, **ORDER, **MARKET, side=BUY, price=top)

    assert accepted.price == top
