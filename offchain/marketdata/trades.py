"""Trades, and what is computed from them: minute candles and rolling 24-hour figures.

Prices are ticks, quantities lots, notionals quote units, times microseconds since 1970. A trade that the contract
refused later is marked as unwound; candles and figures tell what traded at the time and keep it.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from offchain.core.events import Event
from offchain.core.money import Market

MINUTE_US: Final = 60_000_000
DAY_MINUTES: Final = 1_440


class Trade(msgspec.Struct, frozen=True):
    """A fill without its parties. `trade_id` is the sequence of the FILLED event."""

    trade_id: int
    market: int
    taker_side: int
    price_ticks: int
    quantity_lots: int
    notional_units: int
    created_us: int
    unwound: bool = False


class Candle(msgspec.Struct):
    """The trades of one market in one minute (minutes since 1970)."""

    market: int
    minute: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    volume_lots: int = 0
    notional_units: int = 0
    trades: int = 0

    @classmethod
    def starting_with(cls, trade: Trade) -> "Candle":
        """An empty candle for the minute of a trade, to which the trade is yet to be added."""
        price = trade.price_ticks
        return cls(trade.market, trade.created_us // MINUTE_US, price, price, price, price)

    def add(self, trade: Trade) -> None:
        """Take in the next trade of the minute."""
        self.high_ticks = max(self.high_ticks, trade.price_ticks)
        self.low_ticks = min(self.low_ticks, trade.price_ticks)
        self.close_ticks = trade.price_ticks
        self.volume_lots += trade.quantity_lots
        self.notional_units += trade.notional_units
        self.trades += 1


class DayFigures(msgspec.Struct, frozen=True):
    """A market's last 24 hours, to the minute. Prices are None when nothing ever traded (`last`) or not that day."""

    market: int
    last_ticks: int | None
    open_ticks: int | None
    high_ticks: int | None
    low_ticks: int | None
    volume_lots: int
    notional_units: int
    trades: int


def trade_of(event: Event, market: Market) -> Trade:
    """The trade that a FILLED event tells of."""
    return Trade(
        trade_id=event.sequence,
        market=event.market,
        taker_side=event.side,
        price_ticks=event.price,
        quantity_lots=event.quantity,
        notional_units=market.notional_units(event.price, event.quantity),
        created_us=event.timestamp_us,
    )


def day_figures(market: int, last_ticks: int | None, candles: Iterable[Candle], now_us: int) -> DayFigures:
    """The figures at `now_us` from the market's candles, oldest first."""
    since = now_us // MINUTE_US - DAY_MINUTES
    day = [candle for candle in candles if candle.minute > since]
    return DayFigures(
        market=market,
        last_ticks=last_ticks,
        open_ticks=day[0].open_ticks if day else None,
        high_ticks=max((candle.high_ticks for candle in day), default=None),
        low_ticks=min((candle.low_ticks for candle in day), default=None),
        volume_lots=sum(candle.volume_lots for candle in day),
        notional_units=sum(candle.notional_units for candle in day),
        trades=sum(candle.trades for candle in day),
    )
