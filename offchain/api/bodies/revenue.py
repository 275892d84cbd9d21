"""The flow of revenue: fees in, split, auctions, burned, distributed."""

from pydantic import Field

from offchain.api.bodies.base import Address, ApiModel, Bps, TimestampMs
from offchain.api.bodies.chain import AsOf, QtraText, TokenBody, TokenText


class SplitBody(ApiModel):
    """The shares in force, in basis points."""

    stakers_bps: Bps
    buyback_bps: Bps
    treasury_bps: Bps
    insurance_bps: Bps


class PriceBody(ApiModel):
    """The price that was reported last: QTRA for one token."""

    price: QtraText
    at_ms: TimestampMs


class RevenueFlowBody(ApiModel):
    """The fees of one token, in all."""

    token: TokenBody
    collected: TokenText
    bounty: TokenText = Field(description="To whoever routed it.")
    stakers: TokenText
    buyback: TokenText = Field(description="Set aside for auctions; of QTRA, burned at once.")
    treasury: TokenText
    insurance: TokenText
    sold: TokenText = Field(description="By auctions.")
    sold_for: QtraText
    price: PriceBody | None


class AuctionBody(ApiModel):
    """An auction for QTRA. Prices are QTRA for one token; `asks` is null once it is over."""

    auction: int
    token: TokenBody
    amount: TokenText
    sold: TokenText
    sold_for: QtraText
    unsold: TokenText | None = Field(description="What was left at its end; null until then.")
    start_price: QtraText
    floor_price: QtraText
    asks: QtraText | None
    start_ms: TimestampMs
    end_ms: TimestampMs
    final: bool


class RevenueBody(ApiModel):
    """The flow of revenue, and the newest auctions, newest first."""

    as_of: AsOf | None
    contract: Address | None
    split: SplitBody | None
    flows: list[RevenueFlowBody]
    auctions: list[AuctionBody]
    burned: QtraText = Field(description="By auctions, and of fees in QTRA.")
    burned_pending: QtraText = Field(description="What of `burned` is not final yet.")
