"""Events: what the engine did with a command. One gap-free sequence; projections follow it.

Unused fields are zero. Amounts are ledger units, quantities lots, prices ticks. Every change of a balance can be
computed from its event alone, exactly.
"""

import struct
from enum import IntEnum
from typing import NamedTuple

import numpy as np

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
    """order_id, account, market, side, time_in_force, price, quantity, remaining (= quantity), asset and amount
    (what moved from available to reserved)."""
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
