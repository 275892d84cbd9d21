"""Seven tiers by the volume of 30 days, rates of one's own, and discounts for makers and takers."""

import pytest

from offchain.core.commands import CommandKind
from offchain.core.events import RejectReason
from offchain.core.money import UNITS_MAX
from offchain.matching.engine import Engine
from tests.matching.clock import DAY_US, trade_at
from tests.matching.desk import RICH, Desk, fills

K = CommandKind
DAY = 20_000
FIRST = (1_500, 2_500)


def set_tier(desk: Desk, tier: int, volume: int, maker: int, taker: int) -> None:
    desk.take(K.SET_FEE_TIER, mode=tier, amount=volume, maker_fee_ppm=maker, taker_fee_ppm=taker)


def roll(desk: Desk, day: int) -> None:
    desk.take(K.ROLL_VOLUMES, amount=day)


def traded(desk: Desk, day: int, notional: int = 1_000) -> None:
    """A trade of accounts 1 and 2 on a day."""
    assert fills(trade_at(desk, day * DAY_US, notional))


def rates(desk: Desk) -> list[tuple[int, int]]:
    return [desk.engine.rates(account) for account in (1, 2, 3)]


def test_everyone_begins_in_tier_1(desk: Desk) -> None:
    assert rates(desk) == [FIRST] * 3
    assert [desk.engine.volume(account) for account in (1, 2, 3)] == [0] * 3


def test_an_account_is_in_the_highest_tier_whose_volume_it_reached(desk: Desk) -> None:
    set_tier(desk, 2, 500, 1_000, 2_000)
    set_tier(desk, 4, 1_000, -100, 1_000)
    set_tier(desk, 7, 1_001, 0, 1)
    traded(desk, DAY - 1)
    assert rates(desk) == [FIRST] * 3

    roll(desk, DAY)

    assert rates(desk) == [(-100, 1_000), (-100, 1_000), FIRST]
    assert [desk.engine.volume(account) for account in (1, 2, 3)] == [1_000, 1_000, 0]


def test_the_highest_number_wins_even_where_its_volume_is_lower(desk: Desk) -> None:
    set_tier(desk, 2, 1_000, 5, 5)
    set_tier(desk, 3, 10, 7, 7)
    traded(desk, DAY - 1)
    roll(desk, DAY)

    assert rates(desk)[0] == (7, 7)


def test_a_tier_that_is_set_changed_or_removed_binds_at_once_by_the_volume_last_counted(desk: Desk) -> None:
    traded(desk, DAY - 1)
    roll(desk, DAY)
    traded(desk, DAY, 10**6)

    set_tier(desk, 3, 1_000, 300, 400)
    set_tier(desk, 4, 1_001, 1, 1)
    assert rates(desk)[0] == (300, 400)
    set_tier(desk, 3, 900, 300, 350)
    assert rates(desk)[0] == (300, 350)
    set_tier(desk, 3, 0, 0, 0)
    assert rates(desk)[0] == FIRST


def test_the_first_tier_is_what_account_0_has(desk: Desk) -> None:
    desk.take(K.SET_FEES, account=0, maker_fee_ppm=-1, taker_fee_ppm=7)

    assert rates(desk) == [(-1, 7)] * 3
    assert desk.engine.rates(0) == (-1, 7)


def test_an_account_opened_later_begins_in_tier_1_too(desk: Desk) -> None:
    desk.take(K.SET_FEES, account=0, maker_fee_ppm=3, taker_fee_ppm=7)
    desk.take(K.OPEN_ACCOUNT, account=5)

    assert desk.engine.rates(5) == (3, 7)


def test_rates_of_ones_own_hold_until_the_account_goes_back_to_its_tier(desk: Desk) -> None:
    desk.take(K.SET_FEES, account=1, maker_fee_ppm=-200, taker_fee_ppm=300)
    set_tier(desk, 2, 1, 10, 20)
    traded(desk, DAY - 1)
    roll(desk, DAY)
    assert rates(desk) == [(-200, 300), (10, 20), FIRST]

    desk.take(K.SET_FEES, account=1, mode=1)

    assert rates(desk) == [(10, 20), (10, 20), FIRST]


@pytest.mark.parametrize(
    ("maker_off", "taker_off", "in_force"),
    [
        (100_000, 0, (-100, 2_500)),
        (0, 100_000, (-100, 2_250)),
        (0, 1, (-100, 2_500)),
        (1_000_000, 1_000_000, (-100, 0)),
        (0, 333_333, (-100, 1_667)),
    ],
)
def test_discounts_lower_what_is_charged_and_leave_rebates(
    desk: Desk, maker_off: int, taker_off: int, in_force: tuple[int, int]
) -> None:
    desk.take(K.SET_FEES, account=0, maker_fee_ppm=-100, taker_fee_ppm=2_500)
    desk.take(K.SET_DISCOUNTS, account=1, amount=maker_off, counter_amount=taker_off)

    assert rates(desk) == [in_force, (-100, 2_500), (-100, 2_500)]


def test_discounts_follow_the_tier_and_spare_rates_of_ones_own(desk: Desk) -> None:
    desk.take(K.SET_DISCOUNTS, account=1, amount=500_000, counter_amount=250_000)
    assert rates(desk)[0] == (750, 1_875)
    desk.take(K.SET_FEES, account=0, maker_fee_ppm=100, taker_fee_ppm=200)
    assert rates(desk)[0] == (50, 150)
    desk.take(K.SET_FEES, account=1, maker_fee_ppm=100, taker_fee_ppm=200)
    assert rates(desk)[0] == (100, 200)
    desk.take(K.SET_FEES, account=1, mode=1)
    assert rates(desk)[0] == (50, 150)
    desk.take(K.SET_DISCOUNTS, account=1)
    assert rates(desk)[0] == (100, 200)


def test_fills_are_charged_at_the_rates_in_force(desk: Desk) -> None:
    desk.take(K.SET_FEES, account=0, maker_fee_ppm=1_000, taker_fee_ppm=2_000)
    desk.take(K.SET_DISCOUNTS, account=1, amount=500_000)
    desk.take(K.SET_DISCOUNTS, account=2, counter_amount=250_000)

    (fill,) = fills(trade_at(desk, 0, 10_000, 100))

    assert (fill.counter_fee, fill.fee) == (500, 1_500)


def test_an_order_whose_cap_is_below_the_discounted_rate_only_is_taken(desk: Desk) -> None:
    order = {"account": 1, "market": 1, "side": 0, "price": 100, "quantity": 1, "taker_fee_ppm": 2_000}
    assert desk.refusal(K.PLACE, **order) == RejectReason.FEE_CAP_TOO_LOW
    desk.take(K.SET_DISCOUNTS, account=1, amount=999_999, counter_amount=199_999)
    assert desk.refusal(K.PLACE, **order) == RejectReason.FEE_CAP_TOO_LOW
    desk.take(K.SET_DISCOUNTS, account=1, counter_amount=200_000)

    desk.take(K.PLACE, **order)


@pytest.mark.parametrize(("day", "counted"), [(DAY - 1, 1), (DAY - 30, 1), (DAY - 31, 0), (DAY, 0), (0, 0)])
def test_the_thirty_days_before_the_roll_count(desk: Desk, day: int, counted: int) -> None:
    traded(desk, day)

    roll(desk, DAY)

    assert desk.engine.volume(1) == desk.engine.volume(2) == 1_000 * counted


def test_days_move_out_of_the_volume_one_by_one(desk: Desk) -> None:
    for day in range(DAY, DAY + 70, 7):
        traded(desk, day, day)

    for day in range(DAY, DAY + 140):
        roll(desk, day)
        newest = DAY + 63
        held = [of for of in range(DAY, DAY + 70, 7) if of >= newest - 30]
        assert desk.engine.volume(1) == sum(of for of in held if day - 30 <= of < day)


def test_the_volume_of_a_day_is_the_sum_of_its_fills(desk: Desk) -> None:
    for notional in (1, 10, 100):
        traded(desk, DAY, notional)
    roll(desk, DAY + 1)

    assert desk.engine.volume(1) == 111


def test_trades_with_oneself_count_once_per_side(desk: Desk) -> None:
    assert fills(trade_at(desk, DAY * DAY_US, 1_000, maker=1, taker=1))
    roll(desk, DAY + 1)

    assert desk.engine.volume(1) == 2_000


def test_a_fill_of_an_earlier_day_is_counted_on_it_up_to_thirty_days_back(desk: Desk) -> None:
    traded(desk, DAY, 1)
    traded(desk, DAY - 30, 10)
    traded(desk, DAY - 31, 100)
    traded(desk, DAY - 1, 1_000)
    traded(desk, DAY - 1, 1_000)

    roll(desk, DAY)
    assert desk.engine.volume(1) == 2_010
    roll(desk, DAY + 1)
    assert desk.engine.volume(1) == 2_001


def test_a_newer_day_lets_older_ones_go_though_nothing_was_rolled(desk: Desk) -> None:
    traded(desk, DAY, 1)
    traded(desk, DAY + 1, 10)
    traded(desk, DAY + 31, 100)

    roll(desk, DAY + 30)

    assert desk.engine.volume(1) == 10


@pytest.mark.parametrize("gap", [1, 29, 30, 31, 32, 60, 61, 1_000])
def test_a_gap_of_any_length_between_trades_is_counted_right(desk: Desk, gap: int) -> None:
    days = (DAY - 30, DAY - 2, DAY, DAY + gap)
    for day in days:
        traded(desk, day, day)
    for day in sorted({DAY + 1, DAY + gap, DAY + gap + 1}):
        roll(desk, day)
        held = [of for of in days if of >= DAY + gap - 30]
        assert desk.engine.volume(1) == sum(of for of in held if day - 30 <= of < day)


def test_volumes_that_are_forgotten_whole_begin_anew(desk: Desk) -> None:
    traded(desk, DAY)
    roll(desk, DAY + 100)
    traded(desk, DAY + 99, 7)
    traded(desk, DAY - 500, 9)
    roll(desk, DAY + 101)

    assert desk.engine.volume(1) == 7


def test_an_old_day_may_be_the_first_again_when_all_was_forgotten(desk: Desk) -> None:
    traded(desk, DAY)
    roll(desk, DAY + 100)
    traded(desk, DAY - 500, 9)
    traded(desk, DAY + 100, 7)
    roll(desk, DAY + 101)

    assert desk.engine.volume(1) == 7


def test_a_time_that_is_negative_as_a_word_is_the_first_day(desk: Desk) -> None:
    assert fills(trade_at(desk, 2**64 - 1, 1_000))
    assert fills(trade_at(desk, 2**63, 1_000))
    roll(desk, 1)

    assert desk.engine.volume(1) == 2_000


def test_the_last_day_that_a_time_can_name_is_counted(desk: Desk) -> None:
    assert fills(trade_at(desk, 2**63 - 1, 1_000))
    assert fills(trade_at(desk, 2**63 - 2, 1_000))
    roll(desk, (2**63 - 1) // DAY_US + 1)

    assert desk.engine.volume(1) == 2_000


def test_volumes_stop_at_the_largest_number(desk: Desk) -> None:
    price = 2**61
    desk.take(K.SET_MARKET_LIMITS, market=1, price=price, quantity=2, counter_amount=1)
    for account in (1, 2):
        desk.take(K.CHAIN_DEPOSIT, account=account, asset=2, amount=2**62 - 10 * RICH)
    for day in (DAY, DAY, DAY, DAY + 1, DAY + 1, DAY + 1):
        assert fills(trade_at(desk, day * DAY_US, price))
        assert fills(trade_at(desk, day * DAY_US, price, maker=2, taker=1))

    roll(desk, DAY + 1)
    assert desk.engine.volume(1) == UNITS_MAX
    roll(desk, DAY + 2)
    assert desk.engine.volume(1) == UNITS_MAX


def test_a_roll_needs_a_later_day(desk: Desk) -> None:
    roll(desk, DAY)

    assert desk.refusal(K.ROLL_VOLUMES, amount=DAY) == RejectReason.BAD_DAY
    assert desk.refusal(K.ROLL_VOLUMES, amount=DAY - 1) == RejectReason.BAD_DAY
    roll(desk, DAY + 1)


def test_volumes_and_tiers_are_in_a_snapshot(real_type: type[Engine]) -> None:
    desk = Desk(real_type())
    set_tier(desk, 2, 1_000, 10, 20)
    for day in (DAY - 40, DAY - 5, DAY + 2):
        traded(desk, day)
    roll(desk, DAY)
    traded(desk, DAY + 1)
    desk.take(K.SET_DISCOUNTS, account=2, amount=100_000, counter_amount=200_000)
    desk.take(K.SET_FEES, account=3, maker_fee_ppm=-5_000, taker_fee_ppm=5_000)

    twin = Desk(real_type.restore(desk.engine.snapshot()), opened=False)
    twin.sequence = desk.sequence

    assert rates(twin) == rates(desk)
    for both in (desk, twin):
        traded(both, DAY - 5)
        traded(both, DAY + 9)
        roll(both, DAY + 3)
    assert twin.engine.state_hash() == desk.engine.state_hash()
    assert (twin.engine.volume(1), rates(twin)) == (desk.engine.volume(1), rates(desk))


@pytest.mark.parametrize(
    ("tier", "maker", "taker", "held"),
    [
        (1, 1_500, 2_500, (300, 600)),
        (2, 1_200, 2_200, (240, 528)),
        (3, 1_000, 2_000, (200, 480)),
        (4, 800, 1_800, (160, 432)),
        (5, 500, 1_500, (100, 360)),
        (6, 200, 1_200, (40, 288)),
        (7, -200, 1_000, (-200, 240)),
    ],
)
def test_a_holder_pays_a_fifth_as_maker_and_24_hundredths_as_taker_of_every_tier(
    desk: Desk, tier: int, maker: int, taker: int, held: tuple[int, int]
) -> None:
    """At the base tier 15 and 25 bps become 3 and 6; a rebate stays."""
    if tier > 1:
        set_tier(desk, tier, 1_000, maker, taker)
        traded(desk, DAY - 1)
        roll(desk, DAY)
    desk.take(K.SET_DISCOUNTS, account=1, amount=800_000, counter_amount=760_000)

    assert rates(desk)[:2] == [held, (maker, taker)]
