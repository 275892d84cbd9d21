"""Tables of public market data. Prices are ticks, quantities lots, notionals quote units."""

from sqlalchemy import Boolean, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from offchain.core.database import Base, Int64, WideInteger


class TradeRow(Base):
    """A trade as the public sees it, by the sequence of its FILLED event."""

    __tablename__ = "trades"
    __table_args__ = (Index(None, "market", "trade_id"),)

    trade_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    market: Mapped[int] = mapped_column(Int64)
    taker_side: Mapped[int] = mapped_column(SmallInteger)
    price_ticks: Mapped[int] = mapped_column(Int64)
    quantity_lots: Mapped[int] = mapped_column(Int64)
    notional_units: Mapped[int] = mapped_column(Int64)
    created_us: Mapped[int] = mapped_column(Int64)
    unwound: Mapped[bool] = mapped_column(Boolean)


class CandleRow(Base):
    """The trades of one market in one minute (minutes since 1970)."""

    __tablename__ = "candles"

    market: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    minute: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    open_ticks: Mapped[int] = mapped_column(Int64)
    high_ticks: Mapped[int] = mapped_column(Int64)
    low_ticks: Mapped[int] = mapped_column(Int64)
    close_ticks: Mapped[int] = mapped_column(Int64)
    volume_lots: Mapped[int] = mapped_column(WideInteger)
    notional_units: Mapped[int] = mapped_column(WideInteger)
    trades: Mapped[int] = mapped_column(Int64)
