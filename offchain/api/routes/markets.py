"""Book, trades, candles and 24-hour figures of a market."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from offchain.api.bodies.market_data import (
    BookBody,
    CandleBody,
    CandlesBody,
    TickerBody,
    TradeBody,
    TradesBody,
)
from offchain.api.dependencies import Before, Limit, ServicesOf, public
from offchain.api.services import market_named
from offchain.api.views import level_texts, milliseconds, side_name
from offchain.core.money import Market
from offchain.marketdata.trades import MINUTE_US, Candle

router = APIRouter(prefix="/api/v1/markets", tags=["market data"])
Symbol = Annotated[str, Path(max_length=40, examples=["BTC-USDC"])]
Depth = Annotated[int, Query(ge=1, le=1_000, description="Levels of each side.")]
CandleLimit = Annotated[int, Query(ge=1, le=1_000, description="The most minutes to return.")]
_MINUTE_MS = MINUTE_US // 1_000


@router.get("/{symbol}/book", **public("getBook"))
async def read_book(symbol: Symbol, services: ServicesOf, limit: Depth = 100) -> BookBody:
    """The best levels of both sides."""
    market = market_named(services, symbol)
    book = services.market_feed.book(market.market_id, limit)
    return BookBody(
        market=market.symbol,
        seq=book.sequence,
        bids=level_texts(market, book.bids),
        asks=level_texts(market, book.asks),
    )


@router.get("/{symbol}/trades", **public("listTrades"))
def list_trades(symbol: Symbol, services: ServicesOf, limit: Limit = 100, before: Before = None) -> TradesBody:
    """Trades, newest first."""
    market = market_named(services, symbol)
    trades = services.market_data.trades(market.market_id, limit, before)
    return TradesBody(
        market=market.symbol,
        trades=[
            TradeBody(
                trade_id=trade.trade_id,
                price=market.price_text(trade.price_ticks),
                quantity=market.quantity_text(trade.quantity_lots),
                taker_side=side_name(trade.taker_side),
                timestamp_ms=milliseconds(trade.created_us),
                unwound=trade.unwound,
            )
            for trade in trades
        ],
        next_before=trades[-1].trade_id if len(trades) == limit else None,
    )


@router.get("/{symbol}/candles", **public("listCandles"))
def list_candles(
    symbol: Symbol,
    services: ServicesOf,
    since_ms: Annotated[int, Query(alias="sinceMs", ge=0, lt=2**53, description="From this moment on.")] = 0,
    limit: CandleLimit = 500,
) -> CandlesBody:
    """One-minute candles, oldest first."""
    market = market_named(services, symbol)
    candles = services.market_data.candles(market.market_id, since_ms // _MINUTE_MS, limit)
    return CandlesBody(market=market.symbol, candles=[_candle(candle, market) for candle in candles])


@router.get("/{symbol}/ticker", **public("getTicker"))
async def read_ticker(symbol: Symbol, services: ServicesOf) -> TickerBody:
    """The last price and the last 24 hours."""
    market = market_named(services, symbol)
    day = services.market_feed.day_figures(market.market_id)
    return TickerBody(
        market=market.symbol,
        last_price=_price(market, day.last_ticks),
        open_price=_price(market, day.open_ticks),
        high_price=_price(market, day.high_ticks),
        low_price=_price(market, day.low_ticks),
        volume=market.quantity_text(day.volume_lots),
        quote_volume=market.quote.to_decimal(day.notional_units),
        trades=day.trades,
    )


def _price(market: Market, price_ticks: int | None) -> str | None:
    return None if price_ticks is None else market.price_text(price_ticks)


def _candle(candle: Candle, market: Market) -> CandleBody:
    return CandleBody(
        open_time_ms=candle.minute * _MINUTE_MS,
        open=market.price_text(candle.open_ticks),
        high=market.price_text(candle.high_ticks),
        low=market.price_text(candle.low_ticks),
        close=market.price_text(candle.close_ticks),
        volume=market.quantity_text(candle.volume_lots),
        quote_volume=market.quote.to_decimal(candle.notional_units),
        trades=candle.trades,
    )
