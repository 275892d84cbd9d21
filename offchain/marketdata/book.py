"""The depth of one market, followed from events: quantity and number of orders per price."""

from collections.abc import Iterable
from typing import Final

import msgspec

from offchain.core.commands import STOP_TYPES, Side
from offchain.core.events import Event, EventKind, LoggedCommand
from offchain.core.order_life import Order

SIDES: Final = (Side.BUY, Side.SELL)
CHANGES_BOOKS: Final = frozenset(
    {EventKind.ACCEPTED, EventKind.TRIGGERED, EventKind.FILLED, EventKind.AMENDED, EventKind.CANCELLED}
)
"""The events that `Book.follow` reads. A replacement cancels the one order and accepts the other."""


class Level(msgspec.Struct, frozen=True, array_like=True):
    """A price of one side: all its quantity, and the number of its orders."""

    price_ticks: int
    quantity_lots: int
    orders: int


class BookSnapshot(msgspec.Struct, frozen=True):
    """A market's depth, best price first, after the command `sequence`."""

    market: int
    sequence: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class BookUpdate(msgspec.Struct, frozen=True):
    """Levels that changed, each with all that it holds now (quantity 0: the price is empty).

    `previous_sequence` is the `sequence` of the snapshot or update before; if a reader has another one, it missed
    something.
    """

    market: int
    sequence: int
    previous_sequence: int
    timestamp_us: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class _Incoming:
    """An order on its way through the other side of the book; what is left of it in the end rests."""

    def __init__(self, event: Event) -> None:
        self.order_id = event.order_id
        self.side = event.side
        self.price_ticks = event.price
        self.remaining_lots = event.quantity


class Book:
    """The depth of one market. `follow` collects changes, `take_update` tells them once. Armed stops are not in it."""

    def __init__(self, market: int, sequence: int) -> None:
        self.market = market
        self.sequence = sequence
        self._levels: tuple[dict[int, tuple[int, int]], dict[int, tuple[int, int]]] = ({}, {})
        self._changed: tuple[set[int], set[int]] = (set(), set())
        self._armed: set[int] = set()

    def load(self, orders: Iterable[Order]) -> None:
        """Put the open orders of this market into an empty book."""
        for order in orders:
            if order.is_armed:
                self._armed.add(order.order_id)
            else:
                self._add(order.side, order.price_ticks, order.remaining_lots, 1)
        for changed in self._changed:
            changed.clear()

    def follow(self, logged: LoggedCommand) -> None:
        """Take in the events of one command that belong to this market."""
        incoming: _Incoming | None = None
        for event in logged.events:
            if event.market != self.market:
                continue
            if event.kind == EventKind.ACCEPTED:
                if logged.command.order_type in STOP_TYPES:
                    self._armed.add(event.order_id)
                else:
                    incoming = _Incoming(event)
            elif event.kind == EventKind.TRIGGERED:
                self._rest(incoming)
                self._armed.remove(event.order_id)
                incoming = _Incoming(event)
            elif event.kind in CHANGES_BOOKS:
                self._change(event, incoming)
        self._rest(incoming)

    def _change(self, event: Event, incoming: _Incoming | None) -> None:
        """Take in what a fill, an amendment or a cancel does to the incoming order and to those in the book."""
        is_incoming = incoming is not None and event.order_id == incoming.order_id
        if incoming is not None and is_incoming:
            incoming.remaining_lots = 0 if event.kind == EventKind.CANCELLED else event.remaining
        if event.kind == EventKind.FILLED:
            self._add(1 - event.side, event.price, -event.quantity, -1 if event.counter_remaining == 0 else 0)
        elif event.order_id in self._armed:
            if event.kind == EventKind.CANCELLED:
                self._armed.remove(event.order_id)
        elif not is_incoming:
            self._add(event.side, event.price, -event.quantity, -1 if event.kind == EventKind.CANCELLED else 0)

    def _rest(self, incoming: _Incoming | None) -> None:
        if incoming is not None and incoming.remaining_lots:
            self._add(incoming.side, incoming.price_ticks, incoming.remaining_lots, 1)

    def take_update(self, sequence: int, timestamp_us: int) -> BookUpdate | None:
        """What changed since the last call, as of the command `sequence`; None if nothing did."""
        if not any(self._changed):
            return None
        bids, asks = (
            tuple(Level(price, *self._levels[side].get(price, (0, 0))) for price in sorted(self._changed[side]))
            for side in SIDES
        )
        update = BookUpdate(self.market, sequence, self.sequence, timestamp_us, bids, asks)
        self.sequence = sequence
        for changed in self._changed:
            changed.clear()
        return update

    def snapshot(self, limit: int | None = None) -> BookSnapshot:
        """The best `limit` prices of each side (default: all)."""
        bids, asks = (
            tuple(
                Level(price, *self._levels[side][price])
                for price in sorted(self._levels[side], reverse=side == Side.BUY)[:limit]
            )
            for side in SIDES
        )
        return BookSnapshot(self.market, self.sequence, bids, asks)

    def _add(self, side: int, price_ticks: int, quantity_lots: int, orders: int) -> None:
        levels = self._levels[side]
        held_lots, held_orders = levels.get(price_ticks, (0, 0))
        held_lots += quantity_lots
        held_orders += orders
        assert held_lots >= 0, f"market {self.market} holds {held_lots} lots at {price_ticks}"
        assert (held_lots == 0) == (held_orders == 0), f"market {self.market}: {held_lots} lots, {held_orders} orders"
        if held_lots:
            levels[price_ticks] = (held_lots, held_orders)
        else:
            levels.pop(price_ticks, None)
        self._changed[side].add(price_ticks)
