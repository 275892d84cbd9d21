"""Flows of commands with a fixed seed, in the shapes that engines are compared by.

A flow is made against a running engine, so that every cancel names an order that is open and every book stays about as
deep as it should. A price lies within `spread` ticks of a middle that wanders; an order that is to trade reaches up to
two ticks past the best price of the other side.
An order is reduced by an AMEND, and moved by a REPLACE: one command, which is a cancel and a new order.
"""

import random
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from offchain.core.commands import COMMAND_DTYPE, CancelReason, Command, CommandKind, Side, TimeInForce
from offchain.core.events import Event, EventKind
from offchain.matching.engine import Engine

SEED: Final = 20_260_501
ACCOUNTS: Final = 1_000
QUOTE_ASSET: Final = 1
FUNDS_UNITS: Final = 10**15
FEE_CAP_PPM: Final = 5_000
QUANTITY_MAX_LOTS: Final = 100
K = CommandKind


@dataclass(frozen=True)
class Shape:
    """What a flow is made of: shares of the decisions taken, and how deep each book is."""

    name: str
    markets: int
    zipf: float
    live_orders: int
    spread: int
    rest: float
    immediate: float
    cancel: float
    reduce: float
    move: float
    crossing: float


SHAPES: Final = (
    Shape("w1", 1, 0.0, 973, 53, 0.50, 0.10, 0.36, 0.015, 0.025, 0.07),
    Shape("w2", 100, 0.9, 973, 53, 0.50, 0.10, 0.36, 0.015, 0.025, 0.07),
    Shape("w3", 1, 0.0, 5_000, 412, 0.14, 0.03, 0.11, 0.0, 0.72, 0.0),
)


class Flow(NamedTuple):
    """`opening` brings a new engine to the depth from which `commands` are timed."""

    opening: npt.NDArray[Any]
    commands: npt.NDArray[Any]
    live_orders: int
    levels: int
    trading_share: float
    fills: int


class Book:
    """One market's open orders as the maker of a flow knows them."""

    def __init__(self, market: int) -> None:
        self.market = market
        self.middle = 10_000
        self.orders: list[Command] = []
        self.places: dict[int, int] = {}

    def add(self, order: Command) -> None:
        """An order rests."""
        self.places[order.sequence] = len(self.orders)
        self.orders.append(order)

    def remove(self, order_id: int) -> None:
        """An order left."""
        place = self.places.pop(order_id)
        last = self.orders.pop()
        if last.sequence != order_id:
            self.orders[place] = last
            self.places[last.sequence] = place


class Maker:
    """Makes one flow."""

    def __init__(self, shape: Shape, seed: int = SEED) -> None:
        self._shape = shape
        self._chance = random.Random(seed)
        self._engine = Engine()
        self._books = [Book(market) for market in range(1, shape.markets + 1)]
        self._weights = list(accumulate(book.market**-shape.zipf for book in self._books))
        self._rows: list[bytes] = []
        self._sequence = 0
        self._trading = 0
        self._fills = 0

    def make(self, count: int) -> Flow:
        """The flow, with `count` commands (or one more) to be timed."""
        self._open()
        for book in self._books:
            while len(book.orders) < self._shape.live_orders:
                self._rest(book)
        opening, self._rows, self._trading, self._fills = self._rows, [], 0, 0
        while len(self._rows) < count:
            book = self._chance.choices(self._books, cum_weights=self._weights)[0]
            if self._chance.random() < 0.001:
                book.middle += self._chance.choice((-1, 1))
            self._decide(book)
        levels = sum(len(self._engine.depth(book.market, side, 10**6)) for book in self._books for side in Side)
        share = self._trading / len(self._rows)
        return Flow(rows(opening), rows(self._rows), self._engine.open_orders, levels, share, self._fills)

    def _open(self) -> None:
        for asset in range(1, len(self._books) + 2):
            self._send(K.LIST_ASSET, asset=asset)
        for account in range(1, ACCOUNTS + 1):
            self._send(K.OPEN_ACCOUNT, account=account)
            for asset in range(1, len(self._books) + 2):
                self._send(K.CHAIN_DEPOSIT, account=account, asset=asset, amount=FUNDS_UNITS)
        for book in self._books:
            pair = {"asset": book.market + 1, "counter_asset": QUOTE_ASSET, "amount": 1_000, "counter_amount": 1}
            self._send(K.LIST_MARKET, market=book.market, price=10**9, quantity=10**6, mode=1, order_id=1, **pair)

    def _decide(self, book: Book) -> None:
        """One decision by the shares of the shape, bent towards the depth that the book should have."""
        shape, draw = self._shape, self._chance.random()
        # Sixteen orders too many make a cancel of what would have been a new order in one case of a hundred.
        bend = (len(book.orders) - shape.live_orders) / (1_600 if shape.live_orders < 2_000 else 16_000)
        steps = accumulate((shape.immediate, shape.reduce, shape.move, shape.cancel + bend))
        immediate, reduce, move, cancel = steps
        if draw < immediate:
            side = self._chance.randrange(2)
            self._place(book, side, self._crossing_price(book, side), TimeInForce.IOC)
        elif draw < cancel and book.orders:
            order = self._chance.choice(book.orders)
            remaining = self._remaining(order)
            if draw < reduce and remaining > 1:
                self._send(K.AMEND, account=order.account, order_id=order.sequence, quantity=remaining // 2)
            elif draw < move:
                self._move(book, order)
            else:
                self._cancel(book, order)
        else:
            self._rest(book)

    def _rest(self, book: Book) -> None:
        side = self._chance.randrange(2)
        crosses = self._chance.random() < self._shape.crossing
        price = self._crossing_price(book, side) if crosses else self._resting_price(book, side)
        self._place(book, side, price, TimeInForce.GTC)

    def _resting_price(self, book: Book, side: int) -> int:
        distance = self._chance.randint(1, self._shape.spread)
        return book.middle - distance if side == Side.BUY else book.middle + distance

    def _crossing_price(self, book: Book, side: int) -> int:
        best = self._engine.depth(book.market, 1 - side, 1)
        past = self._chance.randint(0, 2)
        price = best[0][0] if best else book.middle
        return price + past if side == Side.BUY else price - past

    def _place(self, book: Book, side: int, price: int, time_in_force: int) -> None:
        self._order(
            book,
            Command(
                0,
                0,
                K.PLACE,
                side=side,
                time_in_force=time_in_force,
                account=self._chance.randint(1, ACCOUNTS),
                market=book.market,
                taker_fee_ppm=FEE_CAP_PPM,
                price=price,
                quantity=self._chance.randint(1, QUANTITY_MAX_LOTS),
            ),
        )

    def _order(self, book: Book, order: Command) -> None:
        order = self._numbered(order)
        events = self._apply(order)
        fills = [event for event in events if event.kind == EventKind.FILLED]
        self._fills += len(fills)
        self._trading += bool(fills)
        for fill in fills:
            if fill.counter_remaining == 0:
                book.remove(fill.counter_order_id)
        if events[-1].remaining and order.time_in_force == TimeInForce.GTC:
            book.add(order)

    def _remaining(self, order: Command) -> int:
        found = self._engine.order(order.sequence)
        return found[4] if found else 0

    def _move(self, book: Book, order: Command) -> None:
        """The same lots at another price, in one command."""
        book.remove(order.sequence)
        price = self._resting_price(book, order.side)
        self._order(book, order._replace(kind=K.REPLACE, order_id=order.sequence, price=price))

    def _cancel(self, book: Book, order: Command) -> None:
        self._send(K.CANCEL, account=order.account, order_id=order.sequence, reason=CancelReason.USER)
        book.remove(order.sequence)

    def _send(self, kind: int, **fields: int) -> None:
        self._apply(self._numbered(Command(0, 0, kind, **fields)))

    def _numbered(self, command: Command) -> Command:
        self._sequence += 1
        return command._replace(sequence=self._sequence, timestamp_us=self._sequence)

    def _apply(self, command: Command) -> list[Event]:
        events = self._engine.apply(command)
        if events[0].kind == EventKind.REJECTED:
            raise ValueError(f"The engine refuses {command}: {events[0]}")
        self._rows.append(command.pack())
        return events


def rows(packed: list[bytes]) -> npt.NDArray[Any]:
    """Packed commands as an array of rows."""
    return np.frombuffer(b"".join(packed), dtype=COMMAND_DTYPE)
