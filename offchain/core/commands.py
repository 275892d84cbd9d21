"""Commands: everything that changes the state of the exchange, in the order of the journal.

A command is a row of fixed width that the engine understands, and an optional attachment that only the rooms
around the engine read (who signed it, which log of the chain it came from). Both are journaled together.

Unused fields are zero. Amounts are ledger units, quantities lots, prices ticks, rates parts per million.
"""

import struct
from enum import IntEnum
from typing import Final, NamedTuple

import msgspec
import numpy as np

from offchain.core.authorizations import (
    LADDER_ORDERS_MAX,
    LADDER_TERMS_MAX,
    AuthorizationKind,
    LadderAuthorization,
    LadderOrder,
    OrderAuthorization,
    RenewalLadder,
    RenewedOrder,
    StatementAnswer,
    WithdrawalAuthorization,
)
from offchain.core.facts import (
    UNLIMITED,
    BatchSettledFact,
    ChainFact,
    ChainPosition,
    DepositFact,
    ExitFact,
    FloorFact,
    SessionFact,
    SessionRevokedFact,
    SkippedFill,
    SkippedGroup,
    WithdrawnFact,
)

# Whoever reads commands reads what is attached to them: those forms are told here too.
__all__ = [
    "AccountOpening",
    "AssetListing",
    "Attachment",
    "AuthorizationKind",
    "BatchSettledFact",
    "COMMAND_BYTES",
    "COMMAND_DTYPE",
    "CancelReason",
    "ChainFact",
    "ChainPosition",
    "Command",
    "CommandKind",
    "DepositFact",
    "ExitFact",
    "FEE_OWNER",
    "FloorFact",
    "LADDER_ORDERS_MAX",
    "LADDER_TERMS_MAX",
    "LadderAuthorization",
    "LadderOrder",
    "MarketListing",
    "MarketStatus",
    "ORDER_KINDS",
    "OperatorMark",
    "OrderAuthorization",
    "OrderInstructions",
    "OrderType",
    "PostOnly",
    "RenewalLadder",
    "RenewedOrder",
    "STOP_TYPES",
    "SelfTradePrevention",
    "SessionFact",
    "SessionRevokedFact",
    "Side",
    "SkippedFill",
    "SkippedGroup",
    "StatementAnswer",
    "TimeInForce",
    "UNLIMITED",
    "WithdrawalAuthorization",
    "WithdrawnFact",
    "decode_attachment",
    "encode_attachment",
]

FEE_OWNER: Final = bytes(20)
"""Whose balance the uncollected fees are in the contract: the zero address, which cannot sign."""


class CommandKind(IntEnum):
    """What a command asks for, and which fields it reads beside `sequence` and `timestamp_us`."""

    OPEN_ACCOUNT = 1
    """account. Attachment `AccountOpening`."""
    LIST_ASSET = 2
    """asset. Attachment `AssetListing`."""
    LIST_MARKET = 3
    """market, asset (base), counter_asset (quote), amount (base units per lot), counter_amount (quote units per
    tick and lot), price (maximum, ticks), quantity (maximum, lots); mode 1: order_id (quote units that count as one
    unit of volume; 0: no fill is counted); mode 0, as in older logs: each unit counts as one. Attachment
    `MarketListing`."""
    SET_MARKET_LIMITS = 4
    """market, price (maximum, ticks), quantity (maximum, lots), counter_amount (minimum lots), amount (minimum
    notional, quote units)."""
    SET_FEES = 5
    """account (0: fee tier 1, which every account begins in), maker_fee_ppm, taker_fee_ppm; mode 1: the account goes
    back from rates of its own to those of its tier."""
    PLACE = 6
    """account, market, side, time_in_force, order_type, post_only, self_trade_prevention, price (the signed limit),
    quantity, taker_fee_ppm (the signed cap), amount (FOK_BUDGET: quote units to spend at most or receive at least),
    counter_amount (stops: trigger price, ticks). The order's id is the command's sequence. Attachment
    `OrderAuthorization`."""
    CANCEL = 7
    """account, order_id, reason (`CancelReason`)."""
    CANCEL_ALL = 8
    """account, asset (orders of all markets with this base or quote; 0: any), market (0: any), reason."""
    WITHDRAW = 9
    """account, asset, amount: leaves the available balance. Attachment `WithdrawalAuthorization`."""
    REVERT_WITHDRAWAL = 10
    """account, asset, amount, order_id (sequence of the WITHDRAW): an approved withdrawal that lapsed unused."""
    UNWIND_FILL = 11
    """market, side and account (taker), counter_account (maker), price, quantity, amount (taker's fee),
    counter_amount (maker's fee), order_id (sequence of the fill's event), reason (the contract's skip reason)."""
    CHAIN_DEPOSIT = 12
    """account, asset, amount. Attachment `DepositFact`."""
    CHAIN_WITHDRAWN = 13
    """account, asset, amount: the withdrawal that WITHDRAW took out is paid. Attachment `WithdrawnFact`."""
    CHAIN_BATCH_SETTLED = 14
    """Attachment `BatchSettledFact`."""
    CHAIN_EXIT_REQUESTED = 15
    """account, asset: cancels its orders there and refuses new ones. Attachment `ExitFact`."""
    CHAIN_EXIT_CANCELLED = 16
    """account, asset: lifts what CHAIN_EXIT_REQUESTED set. Attachment `ExitFact`."""
    CHAIN_EXITED = 17
    """account, asset, amount: left on chain without us (account 0: collected fees). Attachment `ExitFact`."""
    CHAIN_CANCEL_FLOOR = 18
    """account, asset (base): every order whose seq is at or under the floor is dead. Attachment `FloorFact`."""
    REPLACE = 19
    """As PLACE, and order_id: the open order that goes as the new one comes, both or neither. Attachment
    `OrderAuthorization`."""
    AMEND = 20
    """account, order_id, quantity (what remains from now on, lots; less than before). The order keeps its place."""
    SET_MARKET_STATUS = 21
    """market, mode (`MarketStatus`)."""
    SET_MARKET_RISK = 22
    """market, amount (price band, ppm of the last price), counter_amount (fat finger, the same), quantity (maximum
    notional, quote units), price (reference that replaces the last price, ticks). 0: none, or as it is."""
    SET_CIRCUIT_BREAKER = 23
    """market, amount (a move of more ppm than this), counter_amount (within so many microseconds) halts it. 0: none."""
    SET_KILL_SWITCH = 24
    """account or market (neither: the exchange), mode 1: cancels its orders and takes none; 0: takes them again."""
    SET_ACCOUNT_LIMITS = 25
    """account (0: of all that have none of their own), quantity (open orders), amount (messages) within counter_amount
    (sequences of the log). 0: none."""
    SET_POSITION_CAP = 26
    """account, asset, amount (the most that buys may bring it to; 0: none)."""
    SET_FEE_TIER = 27
    """mode (2 to 7), amount (30-day volume from which on), maker_fee_ppm, taker_fee_ppm. All 0: no such tier."""
    SET_DISCOUNTS = 28
    """account, amount (off what it pays as maker, ppm of its tier's rate), counter_amount (as taker, the same)."""
    ROLL_VOLUMES = 29
    """amount (the day, since 1970): counts the volumes of the 30 days before it, and finds every account's tier."""
    SIGN_LADDER = 30
    """account, market: one signature over several of its orders. Orders that come later name it by this command's
    sequence, and their place in it. Attachment `LadderAuthorization`."""
    RENEW_AUTHORIZATION = 31
    """account: it answers for a batch by a netted statement, and signs its orders again, by ladders that count from the
    statement's cancel floor on. Attachment `StatementAnswer`."""
    CHAIN_SESSION_SET = 32
    """account, market, counter_account (the session's number: one more than the last one's). Attachment
    `SessionFact`."""
    CHAIN_SESSION_REVOKED = 33
    """account, market, counter_account (the session that ends). Attachment `SessionRevokedFact`."""


ORDER_KINDS: Final = frozenset({CommandKind.PLACE, CommandKind.REPLACE})
"""The commands whose sequence is an order's id."""


class Side(IntEnum):
    """Which side of the book an order is on; the values are those of the signed order."""

    BUY = 0
    SELL = 1


class TimeInForce(IntEnum):
    """How long an order lives; the values are the low three bits of the signed order's flags."""

    GTC = 0
    """Good until it is cancelled, or expires as every signed order does."""
    IOC = 1
    """Immediate; what is not filled at once is cancelled."""
    FOK = 2
    """Filled whole at once, or not at all."""
    FOK_BUDGET = 3
    """Filled whole at once within a budget in quote units, or not at all."""


class OrderType(IntEnum):
    """How an order's price is meant; bits 3 and 4 of the signed flags. Its signed price bounds every kind."""

    LIMIT = 0
    MARKET = 1
    """At once, at any price within the signed one and the market's collar."""
    STOP_LIMIT = 2
    STOP_MARKET = 3


STOP_TYPES: Final = frozenset({OrderType.STOP_LIMIT, OrderType.STOP_MARKET})
"""Orders that are armed and wait for their trigger price before they match."""


class PostOnly(IntEnum):
    """What becomes of an order that would match at once; bits 5 and 6 of the signed flags."""

    NO = 0
    REJECT = 1
    SLIDE = 2
    """It rests one tick short of the other side."""


class SelfTradePrevention(IntEnum):
    """What an incoming order does on meeting one of its own account; bits 7 to 9 of the signed flags."""

    NONE = 0
    CANCEL_RESTING = 1
    CANCEL_INCOMING = 2
    CANCEL_BOTH = 3
    DECREMENT_AND_CANCEL = 4


class MarketStatus(IntEnum):
    """What a market takes. A cancel is always taken."""

    TRADING = 0
    HALT = 1
    """No order and no amendment, and no stop fires."""
    CANCEL_ONLY = 2
    """Cancels, and amendments that reduce."""
    POST_ONLY = 3
    """No order that could match at once."""


class OrderInstructions(NamedTuple):
    """How an order is to be treated: what its signed `flags` say."""

    time_in_force: int = TimeInForce.GTC
    order_type: int = OrderType.LIMIT
    post_only: int = PostOnly.NO
    self_trade_prevention: int = SelfTradePrevention.NONE

    @property
    def flags(self) -> int:
        """The signed flags; each instruction must be within its enumeration."""
        return self.time_in_force | self.order_type << 3 | self.post_only << 5 | self.self_trade_prevention << 7

    @property
    def can_rest(self) -> bool:
        """Whether such an order can outlive its command: in the book, or armed as a stop."""
        return self.time_in_force == TimeInForce.GTC or self.order_type in STOP_TYPES

    @classmethod
    def of(cls, flags: int) -> "OrderInstructions":
        """The instructions in signed flags; bits above the ninth are not looked at."""
        return cls(flags & 7, flags >> 3 & 3, flags >> 5 & 3, flags >> 7 & 7)


class CancelReason(IntEnum):
    """Why an order left the book with a remainder."""

    USER = 1
    IOC_REMAINDER = 2
    EXPIRED = 3
    EXIT = 4
    FLOOR = 5
    UNBACKED = 6
    """A fill was taken back, and with it the funds that the order reserved."""
    SELF_TRADE = 7
    """Self-trade prevention; a PREVENTED event says against which order."""
    FOK_KILLED = 8
    """It could not be filled whole."""
    HALTED = 9
    """Its next fill would have moved the price so far that the market's circuit breaker tripped."""
    KILLED = 10
    """A kill switch."""
    REPLACED = 11
    SESSION_REVOKED = 12
    """The owner took back the session key that signed it."""


class Command(NamedTuple):
    """One command as Python reads it; `COMMAND_DTYPE` is the same row for NumPy and the engine.

    Every field is aligned to its width, so that the engine reads a row as whole 64-bit words.
    """

    sequence: int
    timestamp_us: int
    kind: int
    side: int = 0
    time_in_force: int = 0
    reason: int = 0
    account: int = 0
    counter_account: int = 0
    market: int = 0
    order_type: int = 0
    post_only: int = 0
    asset: int = 0
    self_trade_prevention: int = 0
    mode: int = 0
    counter_asset: int = 0
    maker_fee_ppm: int = 0
    taker_fee_ppm: int = 0
    order_id: int = 0
    price: int = 0
    quantity: int = 0
    amount: int = 0
    counter_amount: int = 0

    def pack(self) -> bytes:
        """The row's bytes, little-endian.

        Raises:
            struct.error: a field does not fit its width.
        """
        return _ROW.pack(*self)

    @classmethod
    def unpack(cls, row: bytes | memoryview) -> "Command":
        """The command in `COMMAND_BYTES` bytes."""
        return cls._make(_ROW.unpack(row))

    @classmethod
    def unpack_all(cls, rows: bytes | memoryview) -> "list[Command]":
        """The commands in a whole number of `COMMAND_BYTES` bytes."""
        return [cls._make(fields) for fields in _ROW.iter_unpack(rows)]


_ROW = struct.Struct("<QQBBBBIIHBBHBBIiiQqqqq")
COMMAND_BYTES = _ROW.size
COMMAND_DTYPE = np.dtype(
    [
        (name, code)
        for name, code in zip(
            Command._fields,
            "<u8 <u8 u1 u1 u1 u1 <u4 <u4 <u2 u1 u1 <u2 u1 u1 <u4 <i4 <i4 <u8 <i8 <i8 <i8 <i8".split(),
            strict=True,
        )
    ]
)
assert COMMAND_DTYPE.itemsize == COMMAND_BYTES


class AccountOpening(msgspec.Struct, frozen=True, array_like=True, tag="account"):
    """The wallet that owns a new account: its 20-byte address."""

    owner: bytes


class AssetListing(msgspec.Struct, frozen=True, array_like=True, tag="asset"):
    """A token of the contract's list. One ledger unit is `unit_scale` base units of the token."""

    symbol: str
    token: bytes
    token_decimals: int
    unit_scale: int


class MarketListing(msgspec.Struct, frozen=True, array_like=True, tag="market"):
    """The name that people know a market by, such as `QTRA-USDC`."""

    symbol: str


class OperatorMark(msgspec.Struct, frozen=True, array_like=True, tag="operator"):
    """Which operator asked for a setting: the 20-byte address of the wallet that signed in."""

    wallet: bytes


Attachment = (
    AccountOpening
    | AssetListing
    | MarketListing
    | OrderAuthorization
    | LadderAuthorization
    | StatementAnswer
    | WithdrawalAuthorization
    | OperatorMark
    | ChainFact
    | None
)

encode_attachment = msgspec.msgpack.Encoder().encode
_ATTACHMENT: Final[msgspec.msgpack.Decoder[Attachment]] = msgspec.msgpack.Decoder(Attachment)


def decode_attachment(encoded: bytes) -> Attachment:
    """What `encode_attachment` was given.

    Raises:
        msgspec.DecodeError: the bytes are no attachment.
    """
    try:
        return _ATTACHMENT.decode(encoded)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error
