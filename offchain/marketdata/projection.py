"""Follows the log into the tables of trades and candles."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import Table, select, tuple_, update
from sqlalchemy.orm import Session

from offchain.core.database import Base, insert_or_update, insert_rows
from offchain.core.events import EventKind, LoggedCommand
from offchain.core.money import Market
from offchain.marketdata.models import CandleRow, TradeRow
from offchain.marketdata.trades import Candle, Trade, trade_of

_TRADES, _CANDLES = Base.metadata.tables[TradeRow.__tablename__], Base.metadata.tables[CandleRow.__tablename__]
_CANDLE_COLUMNS: Final = [_CANDLES.c[name] for name in Candle.__struct_fields__]


class MarketDataProjection:
    """Every trade, and one candle per market and minute that saw any."""

    name = "marketdata"
    tables: Sequence[Table] = (_TRADES, _CANDLES)

    def __init__(self, markets: Mapping[int, Market]) -> None:
        self._markets = markets

    def load(self, session: Session) -> None:
        """Nothing is kept in memory."""

    def apply(self, session: Session, logged: Sequence[LoggedCommand]) -> None:
        """Write the trades of the commands."""
        events = [event for one in logged for event in one.events]
        trades = [trade_of(event, self._markets[event.market]) for event in events if event.kind == EventKind.FILLED]
        insert_rows(session, _TRADES, [msgspec.structs.asdict(trade) for trade in trades])
        if trades:
            _add_to_candles(session, trades)
        unwound = [event.order_id for event in events if event.kind == EventKind.UNWOUND]
        if unwound:
            session.execute(update(_TRADES).where(_TRADES.c.trade_id.in_(unwound)).values(unwound=True))


def _add_to_candles(session: Session, trades: Sequence[Trade]) -> None:
    touched = {(candle.market, candle.minute) for candle in map(Candle.starting_with, trades)}
    query = select(*_CANDLE_COLUMNS).where(tuple_(_CANDLES.c.market, _CANDLES.c.minute).in_(sorted(touched)))
    candles = {(row.market, row.minute): Candle(*row) for row in session.execute(query)}
    for trade in trades:
        fresh = Candle.starting_with(trade)
        candles.setdefault((fresh.market, fresh.minute), fresh).add(trade)
    new = insert_or_update(session, _CANDLES)
    values = {column.name: new.excluded[column.name] for column in _CANDLE_COLUMNS[2:]}
    statement = new.on_conflict_do_update(index_elements=["market", "minute"], set_=values)
    session.execute(statement, [msgspec.structs.asdict(candle) for candle in candles.values()])
