"""A book built from events shows what the engine's book holds, and its updates rebuild it elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from offchain.core.commands import OrderType, PostOnly, Side, TimeInForce
from offchain.core.database import reading_sessions
from offchain.core.projecting import common_sequence
from offchain.marketdata.book import BookSnapshot, BookUpdate, Level
from offchain.marketdata.feed import MarketDataFeed
from offchain.orders.service import read_open_orders
from tests.support.exchange_log import MARKETS, ExchangeLog
from tests.support.projections import project
from tests.support.random_log import random_log


class Reader:
    """What a client of the public stream does: a snapshot, then updates on top of it, checking for gaps."""

    def __init__(self, snapshot: BookSnapshot) -> None:
        self.sequence = snapshot.sequence
        self.bids = {level.price_ticks: level for level in snapshot.bids}
        self.asks = {level.price_ticks: level for level in snapshot.asks}

    def take(self, update: BookUpdate) -> None:
        assert update.previous_sequence == self.sequence
        self.sequence = update.sequence
        for levels, changes in ((self.bids, update.bids), (self.asks, update.asks)):
            for level in changes:
                levels.pop(level.price_ticks, None)
                if level.quantity_lots:
                    levels[level.price_ticks] = level


def assert_book_is_the_engines(snapshot: BookSnapshot, log: ExchangeLog) -> None:
    for side, levels in ((Side.BUY, snapshot.bids), (Side.SELL, snapshot.asks)):
        depth = log.engine.depth(snapshot.market, side, 10_000)
        assert [(level.price_ticks, level.quantity_lots, level.orders) for level in levels] == depth


@given(seed=st.integers(min_value=0), delivery=st.integers(min_value=1, max_value=60))
async def test_books_and_their_readers_agree_with_the_engine(seed: int, delivery: int) -> None:
    log = random_log(seed, 400)
    feed = MarketDataFeed(lambda: log.now_us)
    listed = 3 + 2 * len(MARKETS)
    await feed.deliver(log.logged[:listed])
    readers = {market: (Reader(feed.book(market)), feed.subscribe_book(market, limit=1_000)) for market in MARKETS}
    for start in range(listed, len(log.logged), delivery):
        await feed.deliver(log.logged[start : start + delivery])
    for market, (reader, subscription) in readers.items():
        assert_book_is_the_engines(feed.book(market), log)
        for update in subscription.drain():
            reader.take(update)
        snapshot = feed.book(market)
        assert reader.sequence == snapshot.sequence
        assert sorted(reader.bids.values(), key=lambda level: -level.price_ticks) == list(snapshot.bids)
        assert sorted(reader.asks.values(), key=lambda level: level.price_ticks) == list(snapshot.asks)


@pytest.mark.parametrize("restart", [60, 333, 800])
async def test_a_feed_that_starts_from_the_tables_goes_on_exactly(database: Engine, restart: int) -> None:
    log = random_log(21, 1_000)
    unbroken, restarted = MarketDataFeed(lambda: log.now_us), MarketDataFeed(lambda: log.now_us)
    await unbroken.deliver(log.logged)
    project(database, log.logged[:restart])
    with reading_sessions(database)() as session:
        restarted.restore(session, common_sequence(session), read_open_orders(session))
    assert restarted.sequence == restart
    reader = Reader(restarted.book(1))
    subscription = restarted.subscribe_book(1)
    await restarted.deliver(log.logged[restart - 50 : restart + 10])
    await restarted.deliver(log.logged[restart + 10 :])
    for update in subscription.drain():
        reader.take(update)
    for market in MARKETS:
        assert_book_is_the_engines(restarted.book(market), log)
        before, after = unbroken.trades(market).trades, restarted.trades(market).trades
        assert after == before
        assert restarted.day_figures(market) == unbroken.day_figures(market)
    assert set(reader.bids.values()) == set(restarted.book(1).bids)


async def test_a_snapshot_can_be_limited_to_the_best_levels() -> None:
    log = ExchangeLog()
    log.deposit(1, 2, 10**12)
    for price in (95, 97, 96):
        log.place(1, 1, Side.BUY, price, 10)
    feed = MarketDataFeed(lambda: log.now_us)
    await feed.deliver(log.logged)
    assert [level.price_ticks for level in feed.book(1, limit=2).bids] == [97, 96]
    assert feed.book(1).asks == ()


async def test_a_market_that_is_not_listed_has_no_book() -> None:
    with pytest.raises(KeyError):
        MarketDataFeed(lambda: 0).book(1)


async def test_the_book_holds_what_rests_at_the_price_in_force_and_no_armed_stop() -> None:
    log = ExchangeLog()
    for account in (1, 2):
        for asset in (1, 2):
            log.deposit(account, asset, 10**12)
    log.place(1, 1, Side.SELL, 110, 10)
    stop = log.place(2, 1, Side.BUY, 112, 3, order_type=OrderType.STOP_LIMIT, trigger=111)
    other_stop = log.place(2, 1, Side.BUY, 90, 3, order_type=OrderType.STOP_LIMIT, trigger=200)
    log.place(1, 1, Side.BUY, 115, 5, post_only=PostOnly.SLIDE)
    resting = log.place(1, 1, Side.SELL, 120, 8)
    assert None not in (stop, other_stop, resting)
    feed = MarketDataFeed(lambda: log.now_us)

    async def book() -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
        await feed.deliver(log.logged)
        snapshot = feed.book(1)
        assert_book_is_the_engines(snapshot, log)
        return list(map(as_tuple, snapshot.bids)), list(map(as_tuple, snapshot.asks))

    assert await book() == ([(109, 5, 1)], [(110, 10, 1), (120, 8, 1)])
    log.amend(1, resting.command.sequence, 6)
    log.cancel(2, other_stop.command.sequence)
    assert await book() == ([(109, 5, 1)], [(110, 10, 1), (120, 6, 1)])
    log.place(1, 1, Side.SELL, 121, 9, replaces=resting.command.sequence)
    assert await book() == ([(109, 5, 1)], [(110, 10, 1), (121, 9, 1)])
    log.place(1, 1, Side.SELL, 111, 1)
    log.place(2, 1, Side.BUY, 111, 11, TimeInForce.IOC)
    assert await book() == ([(112, 3, 1), (109, 5, 1)], [(121, 9, 1)])


def as_tuple(level: Level) -> tuple[int, int, int]:
    return level.price_ticks, level.quantity_lots, level.orders
