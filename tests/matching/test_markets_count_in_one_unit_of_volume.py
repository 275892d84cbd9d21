"""A market says how many of its quote's units are a unit of volume, so that volumes of all markets add up."""

import pytest

from offchain.core.commands import CommandKind
from offchain.core.money import NOTIONAL_MAX_UNITS
from offchain.matching.engine import Engine
from tests.matching.clock import DAY_US, trade_at
from tests.matching.desk import Desk, fills

K = CommandKind
DAY = 20_000
FINE, WHOLE, NEVER = 3, 4, 5
"""Markets whose quote has 10,000 units for one of volume, one, and none that counts."""
TERMS = {"asset": 1, "counter_asset": 3, "amount": 1, "counter_amount": 1, "price": 10**9, "quantity": 10**6}


def listed(desk: Desk) -> Desk:
    for market, divisor in ((FINE, 10_000), (WHOLE, 1), (NEVER, 0)):
        desk.take(K.LIST_MARKET, market=market, mode=1, order_id=divisor, **TERMS)
    return desk


def traded(desk: Desk, market: int, *notionals: int, day: int = DAY) -> None:
    for notional in notionals:
        assert fills(trade_at(desk, day * DAY_US, notional, market=market))


def volumes(desk: Desk, day: int = DAY + 1) -> list[int]:
    desk.take(K.ROLL_VOLUMES, amount=day)
    return [desk.engine.volume(account) for account in (1, 2)]


def test_markets_with_quotes_of_unlike_scale_add_up(desk: Desk) -> None:
    traded(listed(desk), FINE, 70_000)
    traded(desk, WHOLE, 5)
    traded(desk, FINE, 20_000)

    assert volumes(desk) == [7 + 5 + 2] * 2


def test_tiers_follow_from_what_all_of_them_count(desk: Desk) -> None:
    desk.take(K.SET_FEE_TIER, mode=2, amount=10, maker_fee_ppm=100, taker_fee_ppm=200)
    traded(listed(desk), FINE, 99_999)
    assert volumes(desk) == [9, 9]
    assert desk.engine.rates(1) == (1_500, 2_500)

    traded(desk, WHOLE, 1)
    assert volumes(desk, DAY + 2) == [10, 10]
    assert desk.engine.rates(1) == desk.engine.rates(2) == (100, 200)


def test_each_fill_counts_rounded_down_for_both_sides(desk: Desk) -> None:
    traded(listed(desk), FINE, 9_999, 10_000, 19_999, 20_001, 9_999)

    assert volumes(desk) == [1 + 1 + 2] * 2


def test_fills_of_a_market_that_counts_nothing_leave_no_trace_in_volumes(desk: Desk) -> None:
    traded(listed(desk), NEVER, 1, 10**9)

    assert volumes(desk) == [0, 0]
    traded(desk, WHOLE, 7, day=DAY - 40)
    assert volumes(desk, DAY + 2) == [0, 0]


def test_a_fill_that_comes_to_nothing_does_not_make_its_day_the_newest(desk: Desk) -> None:
    traded(listed(desk), WHOLE, 7)
    traded(desk, FINE, 9_999, day=DAY + 40)
    traded(desk, NEVER, 10**6, day=DAY + 40)

    assert volumes(desk) == [7, 7]


def test_a_market_of_a_log_from_before_counts_each_quote_unit(desk: Desk) -> None:
    desk.take(K.LIST_MARKET, market=FINE, order_id=10_000, **TERMS)
    traded(desk, FINE, 123)

    assert volumes(desk) == [123, 123]


@pytest.mark.parametrize("divisor", [2, NOTIONAL_MAX_UNITS - 1, NOTIONAL_MAX_UNITS, 2**63 - 1])
def test_any_number_of_units_may_be_one_of_volume(desk: Desk, divisor: int) -> None:
    wide = TERMS | {"price": NOTIONAL_MAX_UNITS, "quantity": 1}
    desk.take(K.LIST_MARKET, market=FINE, mode=1, order_id=divisor, **wide)
    for account in (1, 2):
        desk.take(K.CHAIN_DEPOSIT, account=account, asset=3, amount=NOTIONAL_MAX_UNITS // 3)
    price = NOTIONAL_MAX_UNITS // 4
    traded(desk, FINE, price)

    assert volumes(desk) == [price // divisor] * 2


def test_what_markets_count_is_in_a_snapshot(real_type: type[Engine]) -> None:
    desk = listed(Desk(real_type()))
    twin = Desk(real_type.restore(desk.engine.snapshot()), opened=False)
    twin.sequence = desk.sequence
    assert twin.engine.snapshot() == desk.engine.snapshot()

    for both in (desk, twin):
        for market in (FINE, WHOLE, NEVER):
            traded(both, market, 55_555)
        assert volumes(both) == [5 + 55_555] * 2
    assert twin.engine.state_hash() == desk.engine.state_hash()


def test_engines_whose_markets_count_otherwise_are_not_in_the_same_state(real_type: type[Engine]) -> None:
    hashes = set()
    for mode, divisor in ((0, 0), (1, 1), (1, 0), (1, 2)):
        desk = Desk(real_type())
        desk.take(K.LIST_MARKET, market=FINE, mode=mode, order_id=divisor, **TERMS)
        hashes.add(desk.engine.state_hash())

    assert len(hashes) == 3
