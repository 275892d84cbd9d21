"""Orders and fills as their owner reads them."""

from enum import StrEnum

from pydantic import Field

from offchain.api.bodies.base import ApiModel, DecimalText, TimestampMs
from offchain.core.order_life import OrderStatus


class SideName(StrEnum):
    """Side of the book."""

    BUY = "BUY"
    SELL = "SELL"


class TimeInForceName(StrEnum):
    """How long an order lives: until cancelled, or immediate or cancel."""

    GTC = "GTC"
    IOC = "IOC"


class OrderBody(ApiModel):
    """An order of the account. `lane` and `seq` are the signed ones; a resting order occupies its lane."""

    order_id: int
    client_order_id: str
    market: str
    side: SideName
    type: str = Field(examples=["LIMIT"])
    time_in_force: TimeInForceName
    price: DecimalText
    quantity: DecimalText
    filled_quantity: DecimalText
    filled_notional: DecimalText = Field(description="What the fills were worth, in the quote asset.")
    fee: DecimalText = Field(description="Fees of all fills, in the quote asset; negative: rebates.")
    status: OrderStatus
    cancel_reason: str | None = Field(examples=["USER"])
    seq: int
    lane: int
    expiry: int = Field(description="Seconds since 1970.")
    max_fee_bps: int
    created_at_ms: TimestampMs
    updated_at_ms: TimestampMs
    updated_sequence: int = Field(description="Sequence of the command that changed it last.")


class OrdersBody(ApiModel):
    """Orders, newest first. `nextBefore` is the `before` of the next page, null on the last."""

    orders: list[OrderBody]
    next_before: int | None


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
    next_before: int | None
