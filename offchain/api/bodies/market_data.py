"""Book and trades."""

from typing import Annotated

from pydantic import Field

from offchain.api.bodies.base import ApiModel, DecimalText, NextBefore, TimestampMs
from offchain.api.bodies.trading import SideName

Level = Annotated[tuple[str, str], Field(description="Price and quantity.", examples=[["60000.1", "0.25"]])]


class BookBody(ApiModel):
    """The best levels of both sides, best first. `seq` is what the websocket's book updates continue."""

    market: str
    seq: int
    bids: list[Level]
    asks: list[Level]


class TickerBody(ApiModel):
    """The last 24 hours. Prices are null where nothing traded."""

    market: str
    last_price: DecimalText | None
    open_price: DecimalText | None
    high_price: DecimalText | None
    low_price: DecimalText | None
    volume: DecimalText = Field(description="In the base asset.")
    quote_volume: DecimalText
    trades: int


class CandleBody(ApiModel):
    """The trades of one minute."""

    open_time_ms: TimestampMs
    open: DecimalText
    high: DecimalText
    low: DecimalText
    close: DecimalText
    volume: DecimalText
    quote_volume: DecimalText
    trades: int


class CandlesBody(ApiModel):
    """The minutes that saw trades, oldest first."""

    market: str
    candles: list[CandleBody]


class TradeBody(ApiModel):
    """A trade. `tradeId` grows; `takerSide` is the side of the order that came in."""

    trade_id: int
    price: DecimalText
    quantity: DecimalText
    taker_side: SideName
    timestamp_ms: TimestampMs
    unwound: bool = Field(description="The contract refused it later, and it was taken back.")


class TradesBody(ApiModel):
    """Trades, newest first."""

    market: str
    trades: list[TradeBody]
    next_before: NextBefore
