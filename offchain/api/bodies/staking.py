"""Staking: totals, tiers, rewards, and positions."""

from enum import StrEnum

from pydantic import Field

from offchain.api.bodies.base import Address, ApiModel, DiscountPpm, TimestampMs
from offchain.api.bodies.chain import AsOf, QtraText, TokenBody, TokenText


class RewardSource(StrEnum):
    """Who pays a reward in."""

    REVENUE = "REVENUE"
    """The exchange's fees, by the revenue router."""
    OTHER = "OTHER"


class RewardPaymentBody(ApiModel):
    """A payment into a reward that is streamed now."""

    payer: Address
    source: RewardSource
    amount: TokenText
    at_ms: TimestampMs
    end_ms: TimestampMs
    final: bool


class StreamBody(ApiModel):
    """What a reward pays now, as the contract says at the block."""

    left: TokenText
    waiting: TokenText = Field(description="Joins the next stream.")
    per_day: TokenText = Field(description="To all stakes together.")
    per_qtra_year: TokenText | None = Field(
        description="What a year at this rate pays on one QTRA staked; null while nothing is staked."
    )
    end_ms: TimestampMs


class RewardBody(ApiModel):
    """A reward token. `stream` is null where no node tells."""

    reward: int
    token: TokenBody
    notified: TokenText = Field(description="Paid in, in all.")
    paid: TokenText = Field(description="Paid to stakers, in all.")
    stream: StreamBody | None
    live_payments: list[RewardPaymentBody]


class StakingTierBody(ApiModel):
    """A tier, and what it takes off the rates of the account's volume tier."""

    tier: int
    threshold: QtraText
    maker_discount_ppm: DiscountPpm
    taker_discount_ppm: DiscountPpm


class HolderBody(ApiModel):
    """What holding takes off: a wallet that has at least the minimum, its stake included."""

    minimum: QtraText
    maker_discount_ppm: DiscountPpm
    taker_discount_ppm: DiscountPpm


class StakingBody(ApiModel):
    """Staking as a whole."""

    as_of: AsOf | None
    contract: Address | None
    staked: QtraText
    stakers: int
    holder: HolderBody
    tiers: list[StakingTierBody]
    rewards: list[RewardBody]


class UnstakeRequestBody(ApiModel):
    """QTRA on its way out."""

    request: int
    amount: QtraText
    withdrawable_ms: TimestampMs
    withdrawable: bool = Field(description="Whether its cooldown is over by the block's time.")
    final: bool


class EarnedBody(ApiModel):
    """An account's rewards in one token. `claimable` is null where no node tells."""

    reward: int
    token: TokenBody
    claimable: TokenText | None
    paid: TokenText


class StakingPositionBody(ApiModel):
    """An account's stake. The discounts are those of its staking tier alone."""

    as_of: AsOf | None
    address: Address
    staked: QtraText
    staked_final: QtraText
    tier: int
    next_threshold: QtraText | None = Field(description="What the next tier asks for.")
    maker_discount_ppm: DiscountPpm
    taker_discount_ppm: DiscountPpm
    requests: list[UnstakeRequestBody]
    rewards: list[EarnedBody]
    forfeits: int = Field(description="How often it left without its rewards.")
