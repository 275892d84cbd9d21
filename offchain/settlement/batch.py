"""What a settlement batch holds: orders with the consent of their owners, net groups, and fills.

`encoding.py` writes them as bytes, `decoding.py` reads those, `rules.py` says what they do. Quantities are lots, prices
ticks, rates parts per million of the notional, and all other amounts ledger units.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, NamedTuple

import msgspec

from offchain.chain.typed_data import (
    ISOLATED,
    IsolatedNetStatement,
    Ladder,
    NetStatement,
    Order,
    TypedStruct,
)
from offchain.core.commands import AuthorizationKind, OrderInstructions, PostOnly, Side

UNIFIED: Final = 0
"""In place of a market: the account that all markets share."""


class SkipReason(IntEnum):
    """Why the contract left out a fill or a net group: the numbers in its `FillSkipped` and `NetGroupSkipped`."""

    NONE = 0
    BAD_SIGNATURE = 1
    EXPIRED = 2
    CANCELLED = 3
    EXITED = 4
    UNSUPPORTED_ORDER = 5
    FEE_ABOVE_CAP = 6
    NOT_OPPOSITE = 7
    LIMIT_CROSSED = 8
    SHARED_LANE = 9
    SUPERSEDED = 10
    SEQ_REUSED = 11
    OVERFILL = 12
    BASE_SHORT = 13
    QUOTE_SHORT = 14
    REBATE_UNFUNDED = 15
    ACCOUNT_FULL = 16
    SESSION_INVALID = 17
    SESSION_LIMIT = 18
    LADDER_WAITING = 19
    NET_REPEATED = 20
    NET_SHORT = 21
    UNBALANCED = 22


class Authorization(msgspec.Struct, frozen=True, array_like=True):
    """The consent to an order, a ladder or a statement.

    `signature` is r, s and v (27 or 28), 65 bytes, with s in the lower half; of a contract wallet any bytes. `owner` is
    empty where the signature tells it.
    """

    signature: bytes
    kind: AuthorizationKind = AuthorizationKind.OWNER
    owner: bytes = b""


class LadderPlace(msgspec.Struct, frozen=True, array_like=True):
    """The ladder that was signed instead of an order, and which of its orders that is, from 0."""

    ladder: Ladder
    place: int


FeeClass = tuple[int, int, int, int]
"""(maker ppm, taker ppm, signed cap in basis points, signed flags): what many orders of a batch share."""


class BatchOrder(msgspec.Struct, frozen=True):
    """An order, the consent to it (or to its ladder), and the rates that its fills in this batch are charged.

    `slide` is by how many ticks the price in force is better for the owner than the signed one; none but an order
    signed as post-only SLIDE has one. An order whose rates changed may stand in a batch twice: fills count together.
    """

    order: Order
    authorization: Authorization
    maker_fee_ppm: int
    taker_fee_ppm: int
    slide: int = 0
    ladder: LadderPlace | None = None

    @property
    def price_in_force(self) -> int:
        """The price of its fills as a maker, ticks."""
        return self.order.price - self.slide if self.order.side == Side.BUY else self.order.price + self.slide

    @property
    def fee_class(self) -> FeeClass:
        """What it shares with other orders of its batch."""
        return fee_class(self.maker_fee_ppm, self.taker_fee_ppm, self.order.max_fee_bps, self.order.flags)

    @property
    def sub_account(self) -> int:
        """The market whose isolated account it trades from, or `UNIFIED`."""
        return self.order.market if self.order.flags & ISOLATED else UNIFIED

    def signed_digest(self, domain_separator: bytes) -> bytes:
        """What its authorization is a signature of."""
        return (self.ladder.ladder if self.ladder else self.order).digest(domain_separator)


class BatchFill(NamedTuple):
    """A fill between two orders, which are indices into the batch's orders, at the maker's price."""

    maker: int
    taker: int
    quantity_lots: int


class Role(IntEnum):
    """Which of its two rates an order is charged in a half."""

    MAKER = 0
    TAKER = 1


class Half(NamedTuple):
    """One order's side of a fill in a net group; the others of the group are its other side."""

    order: int
    role: Role
    price_ticks: int
    quantity_lots: int


class Delta(NamedTuple):
    """What an account gets of an asset, in units; negative: what it gives."""

    asset: int
    units: int


class UnifiedStatement(msgspec.Struct, frozen=True):
    """The signed outcome of a batch for the account that all markets share. Assets ascend; none comes twice.

    `session_market` is the market of the session key that signed it, 0 if none did; it states that market's assets.
    """

    authorization: Authorization
    floor: int
    deltas: tuple[Delta, ...]
    session_market: int = 0

    @property
    def units(self) -> tuple[int, ...]:
        """The deltas without their assets."""
        return tuple(delta.units for delta in self.deltas)

    def stated(self, number: int, previous_hash: bytes) -> TypedStruct:
        """What is signed: the statement for the batch that follows the one of this hash."""
        assets = tuple(delta.asset for delta in self.deltas)
        return NetStatement(number, previous_hash, self.floor, assets, self.units)


class IsolatedStatement(msgspec.Struct, frozen=True):
    """The signed outcome of a batch for the isolated account of a market: what it gets of base and quote."""

    authorization: Authorization
    floor: int
    market: int
    base_units: int
    quote_units: int

    @property
    def units(self) -> tuple[int, ...]:
        """The two deltas."""
        return self.base_units, self.quote_units

    def stated(self, number: int, previous_hash: bytes) -> TypedStruct:
        """What is signed: the statement for the batch that follows the one of this hash."""
        return IsolatedNetStatement(number, previous_hash, self.floor, self.market, self.base_units, self.quote_units)


Statement = UnifiedStatement | IsolatedStatement


class NetGroup(msgspec.Struct, frozen=True):
    """Statements, the halves that stand against them, and the fees of both: settled whole or not at all."""

    statements: tuple[Statement, ...]
    halves: tuple[Half, ...]
    fees: tuple[Delta, ...]

    def renumbered(self, position: Mapping[int, int]) -> "NetGroup":
        """The same where each order has another index."""
        halves = tuple(half._replace(order=position[half.order]) for half in self.halves)
        return NetGroup(self.statements, halves, self.fees)


class BatchPayload(NamedTuple):
    """What a payload holds. Groups settle first, then the fills, each in their order.

    `assets` are, in a batch with groups, all that they and the markets of the batch have to do with, ascending.
    """

    orders: tuple[BatchOrder, ...]
    fills: tuple[BatchFill, ...]
    groups: tuple[NetGroup, ...] = ()
    assets: tuple[int, ...] = ()


def fee_class(maker_ppm: int, taker_ppm: int, max_fee_bps: int, flags: int) -> FeeClass:
    """The row of a payload's class table for an order."""
    return maker_ppm, taker_ppm, max_fee_bps, flags


def may_slide(flags: int) -> bool:
    """Whether an order's signed flags let the engine make its price better for the owner, lest it match at once."""
    return OrderInstructions.of(flags).post_only == PostOnly.SLIDE
