"""Orders and fills as their owner reads them."""

from enum import StrEnum

from pydantic import Field

from offchain.api.bodies.base import ApiModel, Bps, DecimalText, NextBefore, TimestampMs
from offchain.core.order_life import OrderStatus


class SideName(StrEnum):
    """Side of the book."""

    BUY = "BUY"
    SELL = "SELL"


class TimeInForceName(StrEnum):
    """How long an order lives: until cancelled, immediate or cancel, fill or kill (within a budget in quote)."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    FOK_BUDGET = "FOK_BUDGET"


class OrderTypeName(StrEnum):
    """How an order's price is meant."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP_LIMIT = "STOP_LIMIT"
    STOP_MARKET = "STOP_MARKET"


class PostOnlyName(StrEnum):
    """What becomes of an order that would match at once."""

    NO = "NO"
    REJECT = "REJECT"
    SLIDE = "SLIDE"


class SelfTradePreventionName(StrEnum):
    """What an incoming order does on meeting one of its own account."""

    NONE = "NONE"
    CANCEL_RESTING = "CANCEL_RESTING"
    CANCEL_INCOMING = "CANCEL_INCOMING"
    CANCEL_BOTH = "CANCEL_BOTH"
    DECREMENT_AND_CANCEL = "DECREMENT_AND_CANCEL"


class OrderBody(ApiModel):
    """An order of the account. `lane` and `seq` are the signed ones; an open order occupies its lane."""

    order_id: int
    client_order_id: str
    market: str
    side: SideName
    type: OrderTypeName
    time_in_force: TimeInForceName
    post_only: PostOnlyName
    self_trade_prevention: SelfTradePreventionName
    price: DecimalText = Field(description="The signed limit.")
    limit_price: DecimalText = Field(description="The limit in force: slid, or clamped to the market's collar.")
    stop_price: DecimalText | None = Field(description="Of a stop.")
    armed: bool = Field(description="An open stop that has not been triggered: it is not in the book.")
    budget: DecimalText | None = Field(description="Of FOK_BUDGET, in the quote asset.")
    quantity: DecimalText = Field(description="As it was signed.")
    remaining_quantity: DecimalText = Field(description="What may still be filled; 0 once the order has ended.")
    filled_quantity: DecimalText
    prevented_quantity: DecimalText = Field(description="What met the account's own orders and did not match.")
    filled_notional: DecimalText = Field(description="What the fills were worth, in the quote asset.")
    fee: DecimalText = Field(description="Fees of all fills, in the quote asset; negative: rebates.")
    status: OrderStatus
    cancel_reason: str | None = Field(examples=["USER"])
    replaces_order_id: int | None = Field(description="The order that went as this one came.")
    replaced_by_order_id: int | None = Field(description="The order that came as this one went.")
    seq: int
    lane: int
    expiry: int = Field(description="Seconds since 1970.")
    max_fee_bps: Bps
    created_at_ms: TimestampMs
    updated_at_ms: TimestampMs
    updated_sequence: int = Field(description="Sequence of the command that changed it last.")


class OrdersBody(ApiModel):
    """Orders, newest first. `nextBefore` is the `before` of the next page, null on the last."""

    orders: list[OrderBody]
    next_before: NextBefore


class LiquidityRole(StrEnum):
    """Whether the order was resting (maker) or came in (taker)."""

    MAKER = "MAKER"
    TAKER = "TAKER"


class FillState(StrEnum):
    """How far a fill is on its way to the chain."""

    PENDING = "PENDING"
    SETTLED = "SETTLED"
    UNWOUND = "UNWOUND"


class FillBody(ApiModel):
    """One side of a trade. `settledBatch` is the batch that settled it on chain."""

    fill_id: int
    order_id: int
    market: str
    side: SideName
    role: LiquidityRole
    price: DecimalText
    quantity: DecimalText
    notional: DecimalText
    fee: DecimalText
    fee_asset: str
    settlement: FillState
    settled_batch: int | None
    timestamp_ms: TimestampMs


class FillsBody(ApiModel):
    """Fills, newest first."""

    fills: list[FillBody]
    next_before: NextBefore


class PreventedMatchBody(ApiModel):
    """Two orders of the account that did not match. Quantities are of before; the mode is the incoming order's."""

    prevented_match_id: int
    market: str
    order_id: int = Field(description="The incoming order.")
    resting_order_id: int
    side: SideName = Field(description="Of the incoming order.")
    price: DecimalText = Field(description="Of the resting order.")
    quantity: DecimalText = Field(description="What would have matched.")
    self_trade_prevention: SelfTradePreventionName
    timestamp_ms: TimestampMs


class PreventedMatchesBody(ApiModel):
    """Prevented matches, newest first."""

    prevented_matches: list[PreventedMatchBody]
    next_before: NextBefore
