"""What operators set. A setting is sent whole: what is left out is none."""

from typing import Annotated

from pydantic import Field

from offchain.api.bodies.base import Address, ApiModel, DecimalText, RatePpm, TimestampMs
from offchain.api.bodies.system import MarketStatus

Ppm = Annotated[int, Field(ge=0, le=1_000_000, description="Parts per million; 0: none.", examples=[100_000])]
Rate = Annotated[int, Field(ge=-(2**31), lt=2**31, description="Parts per million of the notional.", examples=[1_500])]
Count = Annotated[int, Field(ge=0, lt=2**31, description="0: no limit.")]


class SettingTaken(ApiModel):
    """The setting is in the log, as this command, and in force."""

    sequence: int
    timestamp_ms: TimestampMs
    cancelled_order_ids: list[int] = Field(description="Orders that a kill switch took out of the books.")


class MarketStatusSetting(ApiModel):
    """What a market takes from now on. Its circuit breaker starts afresh."""

    status: MarketStatus


class MarketLimitsSetting(ApiModel):
    """The sizes that a market takes."""

    max_price: DecimalText
    min_quantity: DecimalText
    max_quantity: DecimalText
    min_notional: DecimalText | None = None


class MarketRiskSetting(ApiModel):
    """How far from the last price, and how large, an order may be."""

    band_ppm: Ppm = 0
    fat_finger_ppm: Ppm = 0
    max_notional: DecimalText | None = None
    reference_price: DecimalText | None = Field(None, description="Replaces the last price; without it that stays.")


class CircuitBreakerSetting(ApiModel):
    """A move of the price by more than `movePpm` within `windowMs` halts the market; both 0: none does."""

    move_ppm: Ppm = 0
    window_ms: int = Field(0, ge=0, le=86_400_000)


class KillSwitchSetting(ApiModel):
    """On: every open order is cancelled and no new one is taken. Off: orders are taken again."""

    on: bool


class AccountLimitsSetting(ApiModel):
    """Open orders, and messages (orders, replacements, amendments) within so many commands of the log."""

    open_orders: Count = 0
    messages: Count = 0
    window_commands: int = Field(0, ge=0, lt=2**62)


class PositionCapSetting(ApiModel):
    """The most that buys may bring the balance to; without it there is no cap."""

    cap: DecimalText | None = None


class FeesSetting(ApiModel):
    """Rates; a negative maker rate is a rebate."""

    maker_ppm: Rate
    taker_ppm: Rate


class FeeTierSetting(ApiModel):
    """A tier's rates, and the 30-day volume from which on it applies."""

    volume_units: str = Field(pattern=r"^[0-9]{1,19}$", description="Millionths of a dollar.")
    maker_ppm: Rate
    taker_ppm: Rate


class DiscountsSetting(ApiModel):
    """What an account is spared of its tier's rates; rebates stay as they are."""

    maker_ppm: Ppm = 0
    taker_ppm: Ppm = 0


class SettingBody(ApiModel):
    """The last command of its kind for an account, a market, an asset or a tier; null where it is not about one.

    The figures are the command's own, in ledger units; offchain/core/commands.py tells what they are.
    """

    kind: str = Field(examples=["SET_FEE_TIER"])
    owner: Address | None
    market: str | None
    asset: str | None
    tier: int | None
    mode: int
    quantity: str
    amount: str
    counter_amount: str
    maker_ppm: RatePpm
    taker_ppm: RatePpm
    operator: Address | None = Field(description="The wallet that asked for it, if one did.")
    sequence: int
    timestamp_ms: TimestampMs


class SettingsBody(ApiModel):
    """What operators have set for accounts and the exchange, newest first; what they set for markets is with those."""

    settings: list[SettingBody]
