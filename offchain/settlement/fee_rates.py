"""The fee rates that the log has set, as the contract will have to charge them: by tier and volume, or of one's own."""

from typing import Final

import msgspec

from offchain.core.commands import Command, CommandKind
from offchain.core.listings import quote_units_per_volume_unit
from offchain.core.money import PPM
from offchain.matching.codes import DEFAULT_MAKER_PPM, DEFAULT_TAKER_PPM

Rates = tuple[int, int]
"""(maker, taker) in parts per million of the notional."""
DAY_US: Final = 86_400_000_000
VOLUME_DAYS: Final = 30
"""An account's tier goes by what it traded on so many days before the one that volumes are rolled for."""
_SATURATED: Final = 2**63 - 1
"""Where volumes stop growing."""
_OWN_RATES_END: Final = 1
"""The mode of SET_FEES that takes an account's own rates away."""


class FeeTier(msgspec.Struct, array_like=True):
    """A tier: the counted volume from which on an account is in it, and its rates."""

    volume: int
    rates: Rates


class TradedVolume(msgspec.Struct, array_like=True):
    """An account's units of volume: by day since 1970, up to 30 days back from its newest; and as counted."""

    newest_day: int = 0
    by_day: dict[int, int] = msgspec.field(default_factory=dict)
    counted: int = 0

    def add(self, day: int, units: int) -> None:
        """Takes in a fill, unless it is of a day that is past remembering."""
        if day > self.newest_day or not self.by_day:
            self.newest_day = day
            self._forget_before(day - VOLUME_DAYS)
        if day >= self.newest_day - VOLUME_DAYS:
            self.by_day[day] = min(self.by_day.get(day, 0) + units, _SATURATED)

    def roll(self, day: int) -> None:
        """Counts the 30 days before a day, and forgets what came before them."""
        self._forget_before(day - VOLUME_DAYS)
        self.counted = min(sum(units for at, units in self.by_day.items() if at < day), _SATURATED)

    def _forget_before(self, day: int) -> None:
        self.by_day = {at: units for at, units in self.by_day.items() if at >= day}


class FeeRates(msgspec.Struct, array_like=True):
    """The fee schedule as the commands and fills of the log have made it; all by account but the tiers."""

    tiers: dict[int, FeeTier] = msgspec.field(
        default_factory=lambda: {1: FeeTier(0, (DEFAULT_MAKER_PPM, DEFAULT_TAKER_PPM))}
    )
    own: dict[int, Rates] = msgspec.field(default_factory=dict)
    discounts: dict[int, Rates] = msgspec.field(default_factory=dict)
    volumes: dict[int, TradedVolume] = msgspec.field(default_factory=dict)
    volume_divisors: dict[int, int] = msgspec.field(default_factory=dict)
    """By market, how many quote units are one of volume; 0: it is not counted. Snapshots from before have none: 1."""

    def note(self, command: Command) -> None:
        """Follows a command that the engine took."""
        rates = (command.maker_fee_ppm, command.taker_fee_ppm)
        match command.kind:
            case CommandKind.LIST_MARKET:
                self.volume_divisors[command.market] = quote_units_per_volume_unit(command)
            case CommandKind.SET_FEES if not command.account:
                self.tiers[1].rates = rates
            case CommandKind.SET_FEES if command.mode == _OWN_RATES_END:
                self.own.pop(command.account, None)
            case CommandKind.SET_FEES:
                self.own[command.account] = rates
            case CommandKind.SET_FEE_TIER if command.amount:
                self.tiers[command.mode] = FeeTier(command.amount, rates)
            case CommandKind.SET_FEE_TIER:
                self.tiers.pop(command.mode, None)
            case CommandKind.SET_DISCOUNTS:
                self.discounts[command.account] = command.amount, command.counter_amount
            case CommandKind.ROLL_VOLUMES:
                for volume in self.volumes.values():
                    volume.roll(command.amount)
            case _:
                pass

    def traded(self, account: int, market: int, timestamp_us: int, notional_units: int) -> None:
        """Adds a fill to an account's volume; a fill between an account's own orders is added for each of them."""
        divisor = self.volume_divisors.get(market, 1)
        units = notional_units // divisor if divisor else 0
        if units:
            self.volumes.setdefault(account, TradedVolume()).add(timestamp_us // DAY_US, units)

    def of(self, account: int) -> Rates:
        """The (maker, taker) rates in force for an account, before the caps that its orders sign.

        Volumes are counted, and tiers set, by commands only: between these an account's tier stays what it is.
        """
        own = self.own.get(account)
        if own is not None:
            return own
        volume = self.volumes.get(account)
        counted = volume.counted if volume else 0
        tier = max(number for number, tier in self.tiers.items() if tier.volume <= counted)
        maker_off, taker_off = self.discounts.get(account, (0, 0))
        maker_ppm, taker_ppm = self.tiers[tier].rates
        return _discounted(maker_ppm, maker_off), _discounted(taker_ppm, taker_off)


def _discounted(rate_ppm: int, discount_ppm: int) -> int:
    """A rate after a discount; a rebate stays what it is."""
    return rate_ppm - rate_ppm * discount_ppm // PPM if rate_ppm > 0 else rate_ppm
