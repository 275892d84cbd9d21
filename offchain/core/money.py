"""Money is integers: exact conversion between decimal strings at the edges and units, ticks and lots inside."""

import re
from fractions import Fraction
from functools import cache
from typing import Final

import msgspec

from offchain.core.commands import MarketStatus
from offchain.core.errors import BadAmount, BadPrice, BadQuantity, QuantaTradeError

UNITS_MAX: Final = 2**63 - 1
"""The most that one asset may hold in all accounts together; the contract refuses deposits beyond it."""
NOTIONAL_MAX_UNITS: Final = 2**62
"""The most that an order may be worth in quote units: leaves room for its fee within 64 bits."""
PPM: Final = 1_000_000
VOLUME_UNITS_PER_DOLLAR: Final = 1_000_000
"""Volumes, which fee tiers follow from, are millionths of a dollar whatever the quotes are."""
_DIGITS_MAX: Final = 80
_DECIMAL: Final = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)


class Asset(msgspec.Struct, frozen=True):
    """A listed token. One ledger unit is `unit_scale` base units of the token."""

    asset_id: int
    symbol: str
    token: bytes
    token_decimals: int
    unit_scale: int

    @property
    def units_per_token(self) -> int:
        """Ledger units in one whole token."""
        return int(10**self.token_decimals) // self.unit_scale

    def to_units(self, amount: str) -> int:
        """The ledger units in a decimal amount of tokens.

        Raises:
            BadAmount: it is not a positive decimal, or finer than a ledger unit.
        """
        return _whole(amount, 1, self.units_per_token, BadAmount, f"{self.symbol} amount")

    def to_decimal(self, units: int) -> str:
        """The decimal amount of tokens in `units`, exactly."""
        return _text(units, 1, self.units_per_token)


class Market(msgspec.Struct, frozen=True):
    """A listed market. notional_units = price_ticks * quantity_lots * quote_units_per_tick_lot, without rounding.

    A fill counts as notional_units // quote_units_per_volume_unit of volume, or not at all if that is 0.
    Of what operators set (from `status` on), 0 means that there is no such limit. A move of the price by more than
    `breaker_ppm` within `breaker_window_us` halts the market.
    """

    market_id: int
    symbol: str
    base: Asset
    quote: Asset
    base_units_per_lot: int
    quote_units_per_tick_lot: int
    quote_units_per_volume_unit: int
    max_price_ticks: int
    max_quantity_lots: int
    min_quantity_lots: int
    min_notional_units: int
    status: MarketStatus = MarketStatus.TRADING
    is_killed: bool = False
    """Whether the market's own kill switch is on."""
    max_notional_units: int = 0
    band_ppm: int = 0
    """How far from the last price, either way, a limit order may be; parts per million of it."""
    fat_finger_ppm: int = 0
    """How far past the last price a limit order may be; parts per million of it."""
    breaker_ppm: int = 0
    breaker_window_us: int = 0

    @property
    def _lot(self) -> tuple[int, int]:
        """Base tokens in one lot, as numerator and denominator."""
        return self.base_units_per_lot, self.base.units_per_token

    @property
    def _tick(self) -> tuple[int, int]:
        """Quote tokens per base token in one tick, as numerator and denominator."""
        numerator = self.quote_units_per_tick_lot * self.base.units_per_token
        return numerator, self.quote.units_per_token * self.base_units_per_lot

    def to_ticks(self, price: str) -> int:
        """The ticks in a decimal price.

        Raises:
            BadPrice: it is not a positive decimal, or not a multiple of the tick.
        """
        return _whole(price, *self._tick, BadPrice, f"{self.symbol} price")

    def to_lots(self, quantity: str) -> int:
        """The lots in a decimal quantity.

        Raises:
            BadQuantity: it is not a positive decimal, or not a multiple of the lot.
        """
        return _whole(quantity, *self._lot, BadQuantity, f"{self.symbol} quantity")

    def price_text(self, price_ticks: int) -> str:
        """A price in ticks as a decimal string."""
        return _text(price_ticks, *self._tick)

    def quantity_text(self, quantity_lots: int) -> str:
        """A quantity in lots as a decimal string."""
        return _text(quantity_lots, *self._lot)

    def notional_units(self, price_ticks: int, quantity_lots: int) -> int:
        """What the quantity is worth at the price, in quote units."""
        return price_ticks * quantity_lots * self.quote_units_per_tick_lot


def fee_units(notional_units: int, fee_ppm: int) -> int:
    """The fee of one fill: charges round up, rebates (negative) round towards zero, so splitting never pays."""
    if fee_ppm >= 0:
        return -(-notional_units * fee_ppm // PPM)
    return -(notional_units * -fee_ppm // PPM)


def buy_reservation_units(notional_units: int, quantity_lots: int, fee_cap_ppm: int) -> int:
    """What a buy order holds back in quote units: its notional, its fee at the signed cap, and one unit a lot.

    Each fill's fee rounds up by less than one unit and takes at least one lot, so whatever way an order is filled,
    what it spends never exceeds the fall of this reservation.
    """
    return notional_units + fee_units(notional_units, fee_cap_ppm) + quantity_lots


def _whole(text: str, numerator: int, denominator: int, error: type[QuantaTradeError], what: str) -> int:
    """How often numerator / denominator goes into a decimal. It stands on the order path, so it is all integers."""
    if not _DECIMAL.fullmatch(text):
        raise error(f"{what} is not a decimal number: {text[:40]!r}.", "Send a plain decimal string such as 12.5.")
    whole, _, decimals = text.partition(".")
    scale: int = 10 ** len(decimals)
    steps, rest = divmod(int(whole + decimals) * denominator, numerator * scale)
    if rest:
        raise error(
            f"{what} {text} is not a multiple of {_text(1, numerator, denominator)}.", "Round it to a multiple."
        )
    if not 0 < steps <= UNITS_MAX:
        raise error(f"{what} {text} is out of range.", "Send a positive number within the market's limits.")
    return steps


def _text(steps: int, numerator: int, denominator: int) -> str:
    """The plain decimal string of steps * numerator / denominator."""
    factor, places = _decimal_form(numerator, denominator)
    digits = str(abs(steps) * factor).rjust(places + 1, "0")
    sign = "-" if steps < 0 else ""
    if not places:
        return sign + digits
    return f"{sign}{digits[:-places]}.{digits[-places:]}".rstrip("0").rstrip(".")


@cache
def _decimal_form(numerator: int, denominator: int) -> tuple[int, int]:
    """The factor and the fewest places for which numerator / denominator is factor / 10**places.

    Raises:
        ValueError: it is no finite decimal, so prices or amounts in such steps could not be told exactly.
    """
    step = Fraction(numerator, denominator)
    for places in range(_DIGITS_MAX):
        factor = step * 10**places
        if factor.denominator == 1:
            return factor.numerator, places
    msg = f"{step} is no finite decimal"
    raise ValueError(msg)
