"""The events of the commands at hand, written as rows."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.fields import (
    account_of,
    amount_of,
    asset_of,
    counter_account_of,
    counter_amount_of,
    market_of,
    order_id_of,
    price_of,
    quantity_of,
    reason_of,
    side_of,
)
from offchain.matching.words import I64, Record, Room, Row, copy_two, record, room_in, unwritten_bytes


@cython.final
@cython.cclass
class Outbox:
    """EVENT_DTYPE rows, numbered by the one gap-free sequence of events; `room` is what they are in, `rows` its words.

    There are `count` of them, and `before` is the sequence that the one before them had.
    """

    room: bytearray
    own: bytearray
    rows: Room
    row: Record
    capacity: I64
    count: I64
    before: I64

    def __init__(self) -> None:
        self.own = unwritten_bytes(256 * at.EVENT_WORDS)
        self.count = 0
        self.before = 0
        self.use(self.own)

    @cython.cfunc
    def use(self, room: bytearray) -> I64:
        """Write to this room."""
        self.room = room
        self.rows = room_in(room)
        self.row = record(self.rows, 0, at.EVENT_WORDS)
        self.capacity = len(room) // (8 * at.EVENT_WORDS)
        return 0

    @cython.cfunc
    def open(self, capacity: I64) -> I64:
        """Write to new rows, which are to be given away."""
        self.use(unwritten_bytes(capacity * at.EVENT_WORDS))
        return self.empty()

    @cython.cfunc
    def empty(self) -> I64:
        """Write over the rows that there are."""
        self.before += self.count
        self.count = 0
        return 0

    @cython.cfunc
    def last_sequence(self) -> I64:
        """The sequence of the last event that was written."""
        return self.before + self.count

    @cython.cfunc
    def close(self) -> bytearray:
        """What was written to since `open`; what comes next is written to room of one's own again.

        Whoever has the events may let go of them before the next batch, whose events are in the same memory then.
        """
        room: bytearray = self.room
        self.use(self.own)
        return room

    @cython.cfunc
    @cython.inline
    def emit(self, command: Row, kinds: I64, parties: I64, place: I64) -> I64:
        """Start an event in `row`, of which the words from 6 on are still to be set, zero or not.

        `kinds` is kind | reason << 16 | side << 32 | time in force << 48, `parties` account | counter account << 32,
        `place` market | asset << 32.
        """
        if self.count == self.capacity:
            self.widen()
        event: Record = record(self.rows, self.count * at.EVENT_WORDS, at.EVENT_WORDS)
        self.row = event
        self.count += 1
        event[0] = self.before + self.count
        copy_two(event, 1, command, 0)
        event[3] = kinds
        event[4] = parties
        event[5] = place
        return 0

    @cython.cfunc
    def widen(self) -> I64:
        """Make room for twice as many events."""
        larger: bytearray = unwritten_bytes(2 * self.capacity * at.EVENT_WORDS)
        larger[: len(self.room)] = self.room
        return self.use(larger)

    @cython.cfunc
    @cython.inline
    def order(self, order_id: I64, counter_order_id: I64, price: I64, quantity: I64) -> I64:
        """Set the words of an order's names, price and quantity."""
        self.row[6] = order_id
        self.row[7] = counter_order_id
        self.row[8] = price
        self.row[9] = quantity
        return 0

    @cython.cfunc
    @cython.inline
    def left(self, remaining: I64, counter_remaining: I64, amount: I64, counter_amount: I64) -> I64:
        """Set the words of what remains open and of amounts."""
        self.row[10] = remaining
        self.row[11] = counter_remaining
        self.row[12] = amount
        self.row[13] = counter_amount
        return 0

    @cython.cfunc
    @cython.inline
    def fees(self, fee: I64, counter_fee: I64) -> I64:
        """Set the words of fees."""
        self.row[14] = fee
        self.row[15] = counter_fee
        return 0

    @cython.cfunc
    @cython.inline
    def amounts(self, order_id: I64, price: I64, quantity: I64, remaining: I64, amount: I64) -> I64:
        """Set all that an event of one order alone says of it."""
        self.row[6] = order_id
        self.row[7] = 0
        self.row[8] = price
        self.row[9] = quantity
        self.row[10] = remaining
        self.row[11] = 0
        self.row[12] = amount
        self.row[13] = 0
        return self.fees(0, 0)

    @cython.cfunc
    def plain(self, command: Row, kind: I64, reason: I64) -> I64:
        """A NOTED or REJECTED event, which has no further fields."""
        self.emit(command, kind | reason << 16, 0, 0)
        self.order(0, 0, 0, 0)
        self.left(0, 0, 0, 0)
        return self.fees(0, 0)

    @cython.cfunc
    def status(self, command: Row, market: I64, status: I64, price: I64) -> I64:
        """A STATUS_CHANGED event; `price` is the one that tripped the circuit breaker, or 0."""
        self.emit(command, codes.STATUS_CHANGED | status << 16, 0, market)
        return self.amounts(0, price, 0, 0, 0)

    @cython.cfunc
    def moved(self, command: Row, kind: I64) -> I64:
        """A CREDITED or DEBITED event of the command's account, asset and amount."""
        self.emit(command, kind, account_of(command), asset_of(command) << 32)
        self.order(0, 0, 0, 0)
        self.left(0, 0, amount_of(command), 0)
        return self.fees(0, 0)

    @cython.cfunc
    def unwound(self, command: Row, quote: I64) -> I64:
        """An UNWOUND event of an UNWIND_FILL command."""
        kinds: I64 = codes.UNWOUND | reason_of(command) << 16 | side_of(command) << 32
        parties: I64 = account_of(command) | counter_account_of(command) << 32
        self.emit(command, kinds, parties, market_of(command) | quote << 32)
        self.order(order_id_of(command), 0, price_of(command), quantity_of(command))
        self.left(0, 0, 0, 0)
        return self.fees(amount_of(command), counter_amount_of(command))
