"""Settlement works out every account's rates from the log as the engine does: tiers, volumes, discounts, own rates."""

import msgspec

from offchain.core.commands import Command, CommandKind
from offchain.settlement.fee_rates import DAY_US, FeeRates

DAY = 20_000
WHALE, RETAIL = 7, 8
MARKET, FINE, NEVER = 1, 2, 3


def noted(rates: FeeRates, kind: CommandKind, **fields: int) -> None:
    rates.note(Command(sequence=1, timestamp_us=0, kind=kind, **fields))


def traded(rates: FeeRates, account: int, day: int, units: int, market: int = MARKET) -> None:
    rates.traded(account, market, day * DAY_US + DAY_US - 1, units)


def with_tiers() -> FeeRates:
    rates = FeeRates()
    noted(rates, CommandKind.SET_FEE_TIER, mode=2, amount=1_000, maker_fee_ppm=1_000, taker_fee_ppm=2_000)
    noted(rates, CommandKind.SET_FEE_TIER, mode=3, amount=5_000, maker_fee_ppm=-100, taker_fee_ppm=1_000)
    return rates


def test_the_first_tier_is_what_the_venue_charges() -> None:
    rates = FeeRates()
    assert rates.of(WHALE) == (1_500, 2_500)
    noted(rates, CommandKind.SET_FEES, maker_fee_ppm=100, taker_fee_ppm=200)
    assert rates.of(WHALE) == (100, 200)


def test_rates_of_ones_own_come_before_tiers_and_discounts_until_they_are_taken_away() -> None:
    rates = FeeRates()
    noted(rates, CommandKind.SET_DISCOUNTS, account=WHALE, amount=500_000, counter_amount=500_000)
    noted(rates, CommandKind.SET_FEES, account=WHALE, maker_fee_ppm=-30, taker_fee_ppm=700)
    assert rates.of(WHALE) == (-30, 700)
    noted(rates, CommandKind.SET_FEES, account=WHALE, mode=1)
    assert rates.of(WHALE) == (750, 1_250)


def test_a_tier_is_reached_when_volumes_are_counted_and_not_before() -> None:
    rates = with_tiers()
    traded(rates, WHALE, DAY, 5_000)
    traded(rates, RETAIL, DAY, 4_999)
    assert rates.of(WHALE) == rates.of(RETAIL) == (1_500, 2_500)
    noted(rates, CommandKind.ROLL_VOLUMES, amount=DAY)
    assert rates.of(WHALE) == (1_500, 2_500), "the day itself is not over"
    noted(rates, CommandKind.ROLL_VOLUMES, amount=DAY + 1)
    assert (rates.of(WHALE), rates.of(RETAIL)) == ((-100, 1_000), (1_000, 2_000))


def test_fills_count_by_what_their_market_says_each_rounded_down() -> None:
    rates = with_tiers()
    noted(rates, CommandKind.LIST_MARKET, market=FINE, mode=1, order_id=10_000)
    noted(rates, CommandKind.LIST_MARKET, market=NEVER, mode=1)
    for market, units in ((FINE, 9_989_999), (FINE, 9_999), (NEVER, 10**9), (MARKET, 1)):
        traded(rates, WHALE, DAY, units, market)
    traded(rates, WHALE, DAY + 40, 9_999, FINE)
    noted(rates, CommandKind.ROLL_VOLUMES, amount=DAY + 1)
    assert rates.of(WHALE) == (1_500, 2_500)
    traded(rates, WHALE, DAY + 1, 10_000, FINE)
    noted(rates, CommandKind.ROLL_VOLUMES, amount=DAY + 2)
    assert rates.of(WHALE) == (1_000, 2_000)


def test_a_snapshot_from_before_counts_each_unit_of_the_markets_that_it_knew() -> None:
    *older, divisors = msgspec.to_builtins(with_tiers())
    assert divisors == {}
    rates = msgspec.convert(older, FeeRates, str_keys=True)
    traded(rates, WHALE, DAY, 1_000)
    noted(rates, CommandKind.ROLL_VOLUMES, amount=DAY + 1)
    assert rates.of(WHALE) == (1_000, 2_000)


def test_thirty_days_count() -> None:
    rates = with_tiers()
    traded(rates, WHALE, DAY, 1_000)
    noted(rates, CommandKind.ROLL_VOLUMES, amount=DAY + 30)
    assert rates.of(WHALE) == (1_000, 2_000)
    noted(rates, CommandKind.ROLL_VOLUMES, amount=DAY + 31)
    assert rates.of(WHALE) == (1_500, 2_500)


def test_a_fill_of_a_day_long_past_is_not_remembered() -> None:
    rates = with_tiers()
    traded(rates, WHALE, DAY, 999)
    traded(rates, WHALE, DAY - 31, 5_000)
    traded(rates, WHALE, DAY - 30, 1)
    noted(rates, CommandKind.ROLL_VOLUMES, amount=DAY)
    assert rates.of(WHALE) == (1_500, 2_500)
    noted(rates, CommandKind.SET_FEE_TIER, mode=4, amount=1, maker_fee_ppm=1, taker_fee_ppm=2)
    assert rates.of(WHALE) == (1, 2), "the day 30 days ago counts"


def test_an_account_whose_volumes_are_all_forgotten_begins_anew() -> None:
    rates = with_tiers()
    traded(rates, WHALE, DAY, 5_000)
    noted(rates, CommandKind.ROLL_VOLUMES, amount=DAY + 50)
    traded(rates, WHALE, DAY - 40, 5_000)
    noted(rates, CommandKind.ROLL_VOLUMES, amount=DAY - 39)
    assert rates.of(WHALE) == (-100, 1_000)


def test_the_highest_tier_reached_counts_even_if_a_lower_one_asks_for_more() -> None:
    rates = with_tiers()
    noted(rates, CommandKind.SET_FEE_TIER, mode=2, amount=9_000, maker_fee_ppm=1, taker_fee_ppm=1)
    traded(rates, WHALE, DAY, 5_000)
    noted(rates, CommandKind.ROLL_VOLUMES, amount=DAY + 1)
    assert rates.of(WHALE) == (-100, 1_000)
    noted(rates, CommandKind.SET_FEE_TIER, mode=3)
    assert rates.of(WHALE) == (1_500, 2_500), "a tier that was removed"


def test_a_discount_lowers_charges_and_leaves_rebates() -> None:
    rates = FeeRates()
    noted(rates, CommandKind.SET_FEES, maker_fee_ppm=-100, taker_fee_ppm=2_501)
    noted(rates, CommandKind.SET_DISCOUNTS, account=WHALE, amount=250_000, counter_amount=400_001)
    assert rates.of(WHALE) == (-100, 2_501 - 1_000)
    assert rates.of(RETAIL) == (-100, 2_501)
    noted(rates, CommandKind.SET_DISCOUNTS, account=WHALE, amount=1_000_000)
    assert rates.of(WHALE) == (-100, 2_501)
    noted(rates, CommandKind.SET_FEES, maker_fee_ppm=100, taker_fee_ppm=2_501)
    assert rates.of(WHALE) == (0, 2_501)


def test_volumes_stop_at_the_end_of_the_word() -> None:
    rates = FeeRates()
    for day in (DAY, DAY, DAY + 1):
        traded(rates, WHALE, day, 2**63 - 2)
    noted(rates, CommandKind.ROLL_VOLUMES, amount=DAY + 2)
    noted(rates, CommandKind.SET_FEE_TIER, mode=7, amount=2**63 - 1, maker_fee_ppm=3, taker_fee_ppm=4)
    assert rates.of(WHALE) == (3, 4)
