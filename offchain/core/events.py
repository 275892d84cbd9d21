"""Events: what the engine did with a command. One gap-free sequence; projections follow it.

Unused fields are zero. Amounts are ledger units, quantities lots, prices ticks. Every change of a balance can be
computed from its event alone, exactly.
"""

import struct
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from offchain.core.commands import Attachment, Command


class EventKind(IntEnum):
    """What happened, and how balances moved.

    The quote notional of a fill is price * quantity * quote_units_per_tick_lot of its market.
    """

    NOTED = 1
    """A command without effect on books or balances is on record (a listing, an opened account, a chain fact)."""
    REJECTED = 2
    """Nothing changed. reason: `RejectReason`."""
    ACCEPTED = 3
    """order_id, account, market, side, time_in_force, price (the limit in force: slid or clamped if need be), quantity,
    remaining (= quantity), asset and amount (moved from available to reserved). A stop is armed, not in the book."""
    FILLED = 4
    """Taker: order_id, account, side, remaining, fee, amount (released: reserved back to available beyond what the
    fill spent). Maker: counter_order_id, counter_account, counter_remaining, counter_fee, counter_amount
    (released). market, price (the maker's), quantity, asset (the quote asset, of fees and notional)."""
    CANCELLED = 5
    """order_id, account, market, side, price, quantity (cancelled lots), reason (`CancelReason`), asset and amount
    (what moved from reserved back to available)."""
    CREDITED = 6
    """account, asset, amount added to available."""
    DEBITED = 7
    """account, asset, amount taken from available (which only UNWOUND and an exit can turn negative)."""
    UNWOUND = 8
    """A fill taken back from the available balances of both sides: market, price, quantity, asset (quote), side,
    account and fee of the taker, counter_account and counter_fee of the maker, order_id (sequence of the FILLED
    event), reason."""
    TRIGGERED = 9
    """A stop begins to match: order_id, account, market, side, time_in_force, price (the limit in force), quantity and
    remaining (its lots), asset and amount (what the limit in force releases of its reservation)."""
    AMENDED = 10
    """order_id, account, market, side, price, quantity (lots taken away), remaining, asset and amount (what moved from
    reserved back to available), reason (0: the owner's wish, or `CancelReason.SELF_TRADE`)."""
    PREVENTED = 11
    """Two orders of one account did not match: order_id and account of the incoming one, counter_order_id and
    counter_account of the resting one, market, side (incoming), price (resting), quantity, remaining and
    counter_remaining (of both, before), reason (`SelfTradePrevention`). No balance moves by this event."""
    STATUS_CHANGED = 12
    """market, reason (`MarketStatus`), price (the one that was not traded, if the circuit breaker did it)."""


class RejectReason(IntEnum):
    """Why the engine refused a command."""

    NONE = 0
    UNKNOWN_COMMAND = 1
    UNKNOWN_ACCOUNT = 2
    UNKNOWN_ASSET = 3
    UNKNOWN_MARKET = 4
    UNKNOWN_ORDER = 5
    NOT_OWNER = 6
    BAD_SIDE = 7
    BAD_TIME_IN_FORCE = 8
    BAD_PRICE = 9
    BAD_QUANTITY = 10
    BAD_AMOUNT = 11
    NOTIONAL_TOO_SMALL = 12
    FEE_CAP_TOO_LOW = 13
    BAD_FEE = 14
    INSUFFICIENT_BALANCE = 15
    ALREADY_LISTED = 16
    ACCOUNT_EXITING = 17
    BAD_MARKET = 18
    OVERFLOW = 19
    MALFORMED = 20
    """A field holds what it can never hold, such as a number wider than the field."""
    BAD_SEQUENCE = 21
    """The command's sequence is not above the last one applied."""
    BAD_ORDER_TYPE = 22
    BAD_POST_ONLY = 23
    BAD_SELF_TRADE_PREVENTION = 24
    BAD_TRIGGER = 25
    BAD_BUDGET = 26
    BAD_REPLACEMENT = 27
    """The order to be replaced is on another market or side."""
    WOULD_CROSS = 28
    WOULD_TRIGGER = 29
    WOULD_SELF_TRADE = 30
    MARKET_CLOSED = 31
    TRADING_KILLED = 32
    PRICE_OUTSIDE_BAND = 33
    PRICE_TOO_FAR = 34
    """So far past the last price that it looks like a slip of the finger."""
    NOTIONAL_TOO_LARGE = 35
    TOO_MANY_ORDERS = 36
    TOO_MANY_MESSAGES = 37
    POSITION_CAP = 38
    BAD_LIMIT = 39
    BAD_TIER = 40
    BAD_DAY = 41


class Event(NamedTuple):
    """One event as Python reads it; `EVENT_DTYPE` is the same row for NumPy and the engine.

    Every field is aligned to its width, so that the engine writes a row as whole 64-bit words.
    """

    sequence: int
    command_sequence: int
    timestamp_us: int
    kind: int
    reason: int
    side: int
    time_in_force: int
    account: int
    counter_account: int
    market: int
    asset: int
    order_id: int
    counter_order_id: int
    price: int
    quantity: int
    remaining: int
    counter_remaining: int
    amount: int
    counter_amount: int
    fee: int
    counter_fee: int

    def pack(self) -> bytes:
        """The row's bytes, little-endian.

        Raises:
            struct.error: a field does not fit its width.
        """
        return _ROW.pack(*self)

    @classmethod
    def unpack_all(cls, rows: bytes | memoryview) -> "list[Event]":
        """The events in a whole number of `EVENT_BYTES` bytes."""
        return [cls._make(fields) for fields in _ROW.iter_unpack(rows)]


_ROW = struct.Struct("<QQQHHHHIIIIQQqqqqqqqq")
EVENT_BYTES = _ROW.size
EVENT_DTYPE = np.dtype(
    [
        (name, code)
        for name, code in zip(
            Event._fields,
            "<u8 <u8 <u8 <u2 <u2 <u2 <u2 <u4 <u4 <u4 <u4 <u8 <u8 <i8 <i8 <i8 <i8 <i8 <i8 <i8 <i8".split(),
            strict=True,
        )
    ]
)
assert EVENT_DTYPE.itemsize == EVENT_BYTES


class LoggedCommand(NamedTuple):
    """A command that is durable, with its attachment and all the events it caused: what the bus carries."""

    command: Command
    attachment: Attachment
    events: tuple[Event, ...]


def events_of(command_sequence: int, events: npt.NDArray[Any]) -> tuple[Event, ...]:
    """The events of one command among rows of EVENT_DTYPE, in the order of the log."""
    told = events["command_sequence"]
    start, end = (int(told.searchsorted(np.uint64(command_sequence), side)) for side in ("left", "right"))
    return tuple(Event.unpack_all(events[start:end].tobytes()))
