"""What holding and staking take off the fees, and the tiers that nobody has ever set."""

from itertools import pairwise

import pytest

from offchain.core.intents import SetFeeTier
from offchain.core.settings import Settings
from offchain.staking.fee_schedule import (
    HOLDER,
    NOTHING,
    QTRA_UNIT,
    VOLUME_TIERS,
    Discount,
    FeeSchedule,
    fee_schedule,
    journal_volume_tiers,
)

SCHEDULE = FeeSchedule(100, (Discount(700_000, 900_000), Discount(950_000, 910_000)))


@pytest.mark.parametrize(
    ("balance", "staked", "tier", "expected"),
    [
        (99, 0, 0, NOTHING),
        (100, 0, 0, HOLDER),
        (0, 100, 0, HOLDER),
        (50, 50, 0, HOLDER),
        (50, 49, 0, NOTHING),
        (0, 99, 1, Discount(700_000, 900_000)),
        (100, 0, 1, Discount(800_000, 900_000)),
        (0, 500, 2, Discount(950_000, 910_000)),
        (0, 500, 9, Discount(950_000, 910_000)),
    ],
)
def test_the_better_of_both_counts_on_each_side(balance: int, staked: int, tier: int, expected: Discount) -> None:
    assert SCHEDULE.entitled(balance, staked, tier) == expected


def test_a_deployment_without_staking_discounts_has_those_of_holders() -> None:
    assert FeeSchedule(100, ()).entitled(0, 100, 3) == HOLDER


def test_settings_choose_the_schedule() -> None:
    chosen = fee_schedule(Settings(holder_minimum=5, staking_discounts=((1, 2),)))
    assert chosen == FeeSchedule(5 * QTRA_UNIT, (Discount(1, 2),))
    default = fee_schedule(Settings())
    assert all(default.of_tier(tier + 1) >= default.of_tier(tier) for tier in range(5))
    assert all(high >= low for high, low in zip(default.of_tier(1), HOLDER, strict=True))


async def test_only_tiers_that_nobody_ever_set_are_set() -> None:
    taken: list[SetFeeTier] = []

    async def submit(intent: SetFeeTier) -> None:
        taken.append(intent)

    await journal_volume_tiers(submit, {2, 5})
    assert [intent.tier for intent in taken] == [3, 4, 6, 7]
    assert taken[0] == SetFeeTier(3, 500_000 * 10**6, 1_000, 2_000)
    assert taken[-1] == SetFeeTier(7, 100_000_000 * 10**6, -200, 1_000)


def test_the_tiers_rise_and_their_rates_fall() -> None:
    for lower, higher in pairwise(VOLUME_TIERS):
        assert (higher.tier, higher.dollars > lower.dollars) == (lower.tier + 1, True)
        assert higher.maker_ppm < lower.maker_ppm
        assert higher.taker_ppm < lower.taker_ppm
