"""The live public feed: books, recent trades, 24-hour figures and status in memory, and updates to whoever subscribes.

It starts from the tables at one moment of the log and follows the log from there. Everything here belongs to the event
loop: nothing awaits between a snapshot and the updates that follow it.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from sqlalchemy.orm import Session

from offchain.core.bus import Subscription, Topic
from offchain.core.clock import ClockUs
from offchain.core.events import EventKind, LoggedCommand
from offchain.core.listings import Listings
from offchain.core.operator_settings import read_exchange_killed
from offchain.core.order_life import Order
from offchain.marketdata.book import CHANGES_BOOKS, Book, BookSnapshot, BookUpdate
from offchain.marketdata.service import read_candles, read_trades
from offchain.marketdata.status import StatusBoard, StatusSnapshot, StatusUpdate
from offchain.marketdata.trades import DAY_MINUTES, MINUTE_US, Candle, DayFigures, Trade, day_figures, trade_of

RECENT_TRADES: Final = 500
"""How many trades per market are kept in memory."""


class TradesUpdate(msgspec.Struct, frozen=True):
    """New trades, oldest first, and ids of earlier ones that were unwound.

    `sequence` is that of the last event in it; `previous_sequence` that of the update before.
    """

    market: int
    sequence: int
    previous_sequence: int
    trades: tuple[Trade, ...]
    unwound: tuple[int, ...]


class TradesSnapshot(msgspec.Struct, frozen=True):
    """A market's latest trades, oldest first, as of the event `sequence`."""

    market: int
    sequence: int
    trades: tuple[Trade, ...]


class _Tape:
    """What traded in one market."""

    def __init__(self, market: int, trades: Sequence[Trade], candles: Iterable[Candle]) -> None:
        self.market = market
        self.recent = deque(trades, RECENT_TRADES)
        self.sequence = trades[-1].trade_id if trades else 0
        self.last_ticks = trades[-1].price_ticks if trades else None
        self.candles = deque(candles, DAY_MINUTES + 1)

    def publishable(self, trades: Sequence[Trade], unwound: Sequence[int], sequence: int) -> TradesUpdate:
        """Take in trades and unwindings up to the event `sequence`; returns what to tell."""
        for trade in trades:
            self.recent.append(trade)
            self.last_ticks = trade.price_ticks
            if not self.candles or self.candles[-1].minute < trade.created_us // MINUTE_US:
                self.candles.append(Candle.starting_with(trade))
            self.candles[-1].add(trade)
        for index, trade in enumerate(self.recent):
            if unwound and trade.trade_id in unwound:
                self.recent[index] = msgspec.structs.replace(trade, unwound=True)
        update = TradesUpdate(self.market, sequence, self.sequence, tuple(trades), tuple(unwound))
        self.sequence = sequence
        return update


class MarketDataFeed:
    """Books and trades of all markets. A consumer of the log: `subscribe(name, feed.sequence, feed.deliver)`."""

    def __init__(self, clock: ClockUs) -> None:
        self._clock = clock
        self._listings = Listings()
        self._books: dict[int, Book] = {}
        self._tapes: dict[int, _Tape] = {}
        self._book_topics: dict[int, Topic[BookUpdate]] = defaultdict(Topic)
        self._trade_topics: dict[int, Topic[TradesUpdate]] = defaultdict(Topic)
        self._status = StatusBoard(self._listings)
        self.sequence = 0

    def restore(self, session: Session, sequence: int, open_orders: Iterable[Order]) -> None:
        """Start from the tables, whose projections all stand at `sequence` in this session's view."""
        self.sequence = sequence
        self._listings.load(session)
        self._status.restore(sequence, read_exchange_killed(session))
        by_market: dict[int, list[Order]] = defaultdict(list)
        for order in open_orders:
            by_market[order.market].append(order)
        since_minute = self._clock() // MINUTE_US - DAY_MINUTES
        for market in self._listings.markets:
            self._open(market)
            self._books[market].load(by_market[market])
            trades = read_trades(session, market, RECENT_TRADES)
            self._tapes[market] = _Tape(market, trades[::-1], read_candles(session, market, since_minute))

    async def deliver(self, logged: Sequence[LoggedCommand]) -> None:
        """Follow commands and tell subscribers, one update per market and delivery."""
        touched: dict[int, LoggedCommand] = {}
        trades: dict[int, list[Trade]] = defaultdict(list)
        unwound: dict[int, list[int]] = defaultdict(list)
        event_sequences: dict[int, int] = {}
        for one in logged:
            if one.command.sequence <= self.sequence:
                continue
            is_listed_anew = self._listings.note(one)
            if is_listed_anew and one.command.market:
                self._open(one.command.market)
            self._status.follow(one, is_listed_anew)
            for market in {event.market for event in one.events if event.kind in CHANGES_BOOKS}:
                self._books[market].follow(one)
                touched[market] = one
            for event in one.events:
                if event.kind == EventKind.FILLED:
                    trades[event.market].append(trade_of(event, self._listings.markets[event.market]))
                    event_sequences[event.market] = event.sequence
                elif event.kind == EventKind.UNWOUND:
                    unwound[event.market].append(event.order_id)
                    event_sequences[event.market] = event.sequence
            self.sequence = one.command.sequence
        for market, one in touched.items():
            update = self._books[market].take_update(one.command.sequence, one.command.timestamp_us)
            if update is not None:
                self._book_topics[market].publish(update)
        for market, sequence in event_sequences.items():
            tape = self._tapes[market]
            self._trade_topics[market].publish(tape.publishable(trades[market], unwound[market], sequence))

    def book(self, market: int, limit: int | None = None) -> BookSnapshot:
        """The market's depth now; KeyError if it is not listed. Updates of `subscribe_book` go on from it."""
        return self._books[market].snapshot(limit)

    def trades(self, market: int) -> TradesSnapshot:
        """The market's latest trades; KeyError if it is not listed. Updates of `subscribe_trades` go on from it."""
        tape = self._tapes[market]
        return TradesSnapshot(market, tape.sequence, tuple(tape.recent))

    def day_figures(self, market: int) -> DayFigures:
        """The market's last price and last 24 hours; KeyError if it is not listed."""
        tape = self._tapes[market]
        return day_figures(market, tape.last_ticks, tape.candles, self._clock())

    def status(self, market: int) -> StatusSnapshot:
        """What the market takes now; KeyError if it is not listed. Updates of `subscribe_status` go on from it."""
        return self._status.snapshot(market)

    def subscribe_book(self, market: int, limit: int = 1_024) -> Subscription[BookUpdate]:
        """Updates of the market's depth from now on; a reader with more than `limit` waiting is cut."""
        return self._book_topics[market].subscribe(limit)

    def subscribe_trades(self, market: int, limit: int = 1_024) -> Subscription[TradesUpdate]:
        """The market's trades from now on; a reader with more than `limit` updates waiting is cut."""
        return self._trade_topics[market].subscribe(limit)

    def subscribe_status(self, market: int, limit: int = 1_024) -> Subscription[StatusUpdate]:
        """Changes of what the market takes, from now on; a reader with more than `limit` waiting is cut."""
        return self._status.subscribe(market, limit)

    def close(self) -> None:
        """End all subscriptions after what is waiting in them."""
        self._status.close()
        for books in self._book_topics.values():
            books.close()
        for trades in self._trade_topics.values():
            trades.close()

    def _open(self, market: int) -> None:
        if market not in self._books:
            self._books[market] = Book(market, self.sequence)
            self._tapes[market] = _Tape(market, (), ())
