"""What can be asked about the public past of a market."""

from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from offchain.core.database import reading_sessions
from offchain.marketdata.models import CandleRow, TradeRow
from offchain.marketdata.trades import Candle, Trade

PAGE_MAX: Final = 1_000
_TRADE_COLUMNS: Final = [getattr(TradeRow, name) for name in Trade.__struct_fields__]
_CANDLE_COLUMNS: Final = [getattr(CandleRow, name) for name in Candle.__struct_fields__]


class MarketDataService:
    """Trades and candles from the tables, in pages of at most `PAGE_MAX`."""

    def __init__(self, database: Engine) -> None:
        self._sessions = reading_sessions(database)

    def trades(self, market: int, limit: int = 100, before: int | None = None) -> list[Trade]:
        """The market's trades, newest first, with ids under `before`."""
        with self._sessions() as session:
            return read_trades(session, market, min(limit, PAGE_MAX), before)

    def candles(self, market: int, since_minute: int, limit: int = PAGE_MAX) -> list[Candle]:
        """The market's minutes that saw trades, oldest first, from `since_minute` (minutes since 1970) on."""
        with self._sessions() as session:
            return read_candles(session, market, since_minute, min(limit, PAGE_MAX))


def read_trades(session: Session, market: int, limit: int, before: int | None = None) -> list[Trade]:
    """The market's trades in this session's view, newest first."""
    query = select(*_TRADE_COLUMNS).where(TradeRow.market == market).order_by(TradeRow.trade_id.desc()).limit(limit)
    if before is not None:
        query = query.where(TradeRow.trade_id < before)
    return [Trade(*row) for row in session.execute(query)]


def read_candles(session: Session, market: int, since_minute: int, limit: int | None = None) -> list[Candle]:
    """The market's candles in this session's view, oldest first."""
    query = select(*_CANDLE_COLUMNS).where(CandleRow.market == market, CandleRow.minute >= since_minute)
    return [Candle(*row) for row in session.execute(query.order_by(CandleRow.minute).limit(limit))]
