"""The fee schedule: tiers by volume, and what holding and staking QTRA take off a tier's rates. Rates are ppm."""

from collections.abc import Awaitable, Callable, Collection
from typing import Final, NamedTuple

import msgspec

from offchain.core.intents import SetFeeTier
from offchain.core.money import VOLUME_UNITS_PER_DOLLAR
from offchain.core.settings import Settings

QTRA_UNIT: Final = 10**18


class Discount(NamedTuple):
    """What is taken off a tier's rates, in parts per million of them: as maker and as taker. Rebates stay."""

    maker_ppm: int = 0
    taker_ppm: int = 0


NOTHING: Final = Discount()
HOLDER: Final = Discount(800_000, 760_000)
"""At the base tier 15 and 25 basis points become 3 and 6."""


class VolumeTier(NamedTuple):
    """A tier above the first, and the dollars of 30-day volume from which on it applies."""

    tier: int
    dollars: int
    maker_ppm: int
    taker_ppm: int


VOLUME_TIERS: Final = (
    VolumeTier(2, 50_000, 1_200, 2_200),
    VolumeTier(3, 500_000, 1_000, 2_000),
    VolumeTier(4, 2_000_000, 800, 1_800),
    VolumeTier(5, 10_000_000, 500, 1_500),
    VolumeTier(6, 50_000_000, 200, 1_200),
    VolumeTier(7, 100_000_000, -200, 1_000),
)
"""Tier 1 is what everybody begins in: 15 and 25 basis points."""


class FeeSchedule(msgspec.Struct, frozen=True):
    """What accounts are entitled to. `staking` has the discounts of tiers 1, 2, ...; tiers beyond have the last."""

    holder_minimum: int
    staking: tuple[Discount, ...]

    def of_tier(self, tier: int) -> Discount:
        """The discount of a staking tier; 0: none."""
        return self.staking[min(tier, len(self.staking)) - 1] if tier and self.staking else NOTHING

    def entitled(self, balance: int, staked: int, tier: int) -> Discount:
        """What a wallet is entitled to: as holder or by its staking tier, on each side whichever is more.

        Args:
            balance: base units of QTRA in the wallet.
            staked: base units that it has staked.
            tier: its staking tier.
        """
        held = HOLDER if balance + staked >= self.holder_minimum else NOTHING
        return Discount(*map(max, held, self.of_tier(tier)))


def fee_schedule(settings: Settings) -> FeeSchedule:
    """The schedule that a deployment has chosen."""
    staking = tuple(Discount(*rates) for rates in settings.staking_discounts)
    return FeeSchedule(settings.holder_minimum * QTRA_UNIT, staking)


async def journal_volume_tiers(submit: Callable[[SetFeeTier], Awaitable[object]], ever_set: Collection[int]) -> None:
    """Sets the tiers that nobody has ever set or removed; what operators chose stands."""
    for tier, dollars, maker_ppm, taker_ppm in VOLUME_TIERS:
        if tier not in ever_set:
            await submit(SetFeeTier(tier, dollars * VOLUME_UNITS_PER_DOLLAR, maker_ppm, taker_ppm))
