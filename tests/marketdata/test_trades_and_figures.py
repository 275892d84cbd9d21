"""Public trades, candles and 24-hour figures are sums over the fills, in the tables and in memory alike."""

import pytest
from sqlalchemy import Engine

from offchain.core.commands import Side
from offchain.core.events import EventKind
from offchain.marketdata.feed import RECENT_TRADES, MarketDataFeed
from offchain.marketdata.service import MarketDataService
from offchain.marketdata.trades import MINUTE_US, Candle
from tests.support.exchange_log import MARKETS, ExchangeLog
from tests.support.projections import project
from tests.support.random_log import random_log


def trading(*trades: tuple[int, int, int]) -> ExchangeLog:
    """A log in which (seconds since the last, price, lots) trade in market 1."""
    log = ExchangeLog()
    log.now_us -= log.now_us % MINUTE_US
    for account, asset in ((1, 1), (2, 2)):
        log.deposit(account, asset, 10**15)
    for seconds, price, lots in trades:
        log.now_us += 1_000_000 * seconds
        log.place(1, 1, Side.SELL, price, lots)
        log.place(2, 1, Side.BUY, price, lots)
    return log


@pytest.mark.parametrize("seed", [31])
def test_the_public_trades_are_the_fills(database: Engine, seed: int) -> None:
    log = random_log(seed, 1_500)
    project(database, log.logged)
    unwound = {event.order_id for one in log.logged for event in one.events if event.kind == EventKind.UNWOUND}
    for market in MARKETS:
        fills = [fill for fill in log.fills() if fill.market == market][::-1]
        service = MarketDataService(database)
        trades = service.trades(market, limit=1_000)
        assert [(one.trade_id, one.price_ticks, one.quantity_lots, one.taker_side) for one in trades] == [
            (fill.sequence, fill.price, fill.quantity, fill.side) for fill in fills
        ]
        assert {one.trade_id for one in trades if one.unwound} == unwound & {fill.sequence for fill in fills}
        assert service.trades(market, limit=3, before=trades[4].trade_id) == trades[5:8]


@pytest.mark.parametrize("delivery", [1, 7, 500])
def test_candles_do_not_depend_on_how_the_log_was_delivered(database: Engine, delivery: int) -> None:
    log = trading((0, 100, 5), (30, 103, 1), (20, 99, 2), (15, 101, 4), (120, 102, 1))
    project(database, log.logged, delivery)
    first = (log.now_us - 185_000_000) // MINUTE_US
    assert MarketDataService(database).candles(1, first) == [
        Candle(1, first, 100, 103, 99, 99, 8, 500 + 103 + 198, 3),
        Candle(1, first + 1, 101, 101, 101, 101, 4, 404, 1),
        Candle(1, first + 3, 102, 102, 102, 102, 1, 102, 1),
    ]
    assert len(MarketDataService(database).candles(1, first + 1)) == 2
    assert MarketDataService(database).candles(2, first) == []


async def test_a_day_later_only_the_last_price_is_left() -> None:
    log = trading((0, 100, 5), (90, 103, 1), (3_600, 99, 2))
    now_us = log.now_us
    feed = MarketDataFeed(lambda: now_us)
    await feed.deliver(log.logged)
    day = feed.day_figures(1)
    assert (day.last_ticks, day.open_ticks, day.high_ticks, day.low_ticks) == (99, 100, 103, 99)
    assert (day.volume_lots, day.notional_units, day.trades) == (8, 801, 3)
    now_us += 86_400_000_000 - 1_800_000_000
    assert (feed.day_figures(1).open_ticks, feed.day_figures(1).trades) == (99, 1)
    now_us += 1_800_000_000
    day = feed.day_figures(1)
    assert (day.last_ticks, day.open_ticks, day.high_ticks, day.trades, day.volume_lots) == (99, None, None, 0, 0)


async def test_a_market_without_trades_has_no_prices() -> None:
    log = ExchangeLog()
    feed = MarketDataFeed(lambda: log.now_us)
    await feed.deliver(log.logged)
    day = feed.day_figures(2)
    assert (day.last_ticks, day.open_ticks, day.high_ticks, day.low_ticks, day.trades) == (None, None, None, None, 0)


async def test_trades_are_told_in_order_and_an_unwound_one_is_named() -> None:
    log = trading((0, 100, 5), (1, 101, 6))
    feed = MarketDataFeed(lambda: log.now_us)
    await feed.deliver(log.logged[:-2])
    snapshot, subscription = feed.trades(1), feed.subscribe_trades(1)
    assert [trade.price_ticks for trade in snapshot.trades] == [100]
    await feed.deliver(log.logged[-2:])
    log.unwind(log.fills()[0])
    await feed.deliver(log.logged[-1:])
    traded, taken_back = subscription.drain()
    assert traded.previous_sequence == snapshot.sequence
    assert [trade.price_ticks for trade in traded.trades] == [101]
    assert taken_back.previous_sequence == traded.sequence
    assert taken_back.unwound == (log.fills()[0].sequence,)
    assert [trade.unwound for trade in feed.trades(1).trades] == [True, False]


async def test_memory_keeps_the_latest_trades_only() -> None:
    log = trading(*[(0, 100, 1)] * (RECENT_TRADES + 3))
    feed = MarketDataFeed(lambda: log.now_us)
    await feed.deliver(log.logged)
    kept = feed.trades(1).trades
    assert [trade.trade_id for trade in kept] == [fill.sequence for fill in log.fills()[3:]]
    assert feed.day_figures(1).trades == RECENT_TRADES + 3
