"""Who signed what: the attachments of commands that prove an owner's consent.

Addresses are 20 bytes, signatures 65 (r, s, v), times in seconds since 1970.
"""

from enum import IntEnum
from typing import Final

import msgspec

LADDER_ORDERS_MAX: Final = 255
"""The most orders that one signature is over."""
LADDER_TERMS_MAX: Final = 16
"""The most pairs of fee cap and flags among them: a payload has room for 128, and all of a ladder is sent."""


class AuthorizationKind(IntEnum):
    """Who signs for an owner; the values are those of a batch's payload."""

    OWNER = 0
    """The owner's own key."""
    SESSION_KEY = 1
    """A key that the owner registered on chain for one market."""
    CONTRACT_WALLET = 2
    """The code of the owner (ERC-1271). The contract takes it; no order is taken by it here."""


class OrderAuthorization(msgspec.Struct, frozen=True, array_like=True, tag="order"):
    """What was signed of an order beyond the engine's fields, and what proves that its owner wants it.

    `digest` is the order's EIP-712 digest; `expiry_s` is in seconds since 1970. An order that was signed alone
    (`place` 0) has its signature here (r, s, v; 65 bytes) over that digest. One of a ladder has none: `ladder` is the
    sequence of its SIGN_LADDER command, and `place`, from 1 on, where in it the order stands. `session` is the number
    of the session whose key signed, if `kind` says that one did.
    """

    client_order_id: str
    owner: bytes
    expiry_s: int
    seq: int
    lane: int
    max_fee_bps: int
    flags: int
    signature: bytes
    digest: bytes
    kind: int = AuthorizationKind.OWNER
    session: int = 0
    ladder: int = 0
    place: int = 0


class LadderOrder(msgspec.Struct, frozen=True, array_like=True):
    """An order of a ladder as it was signed: price in ticks, quantity in lots."""

    side: int
    price: int
    quantity: int
    expiry_s: int
    seq: int
    lane: int
    max_fee_bps: int
    flags: int


class LadderAuthorization(msgspec.Struct, frozen=True, array_like=True, tag="ladder"):
    """One signature (r, s, v; 65 bytes) over 1 to 255 orders of one owner and market: EIP-712 `Ladder`.

    `orders` are all of them in their order, also those that were never taken: all are needed to prove any. They count
    only while the owner's cancel floor on chain is `floor` or above.
    """

    owner: bytes
    market: int
    floor: int
    orders: tuple[LadderOrder, ...]
    signature: bytes
    kind: int = AuthorizationKind.OWNER
    session: int = 0


class RenewedOrder(msgspec.Struct, frozen=True, array_like=True):
    """An order as it was signed again: what is not here is as it was placed."""

    order_id: int
    seq: int
    quantity_lots: int


class RenewalLadder(msgspec.Struct, frozen=True, array_like=True):
    """Orders of one market, signed again together: `signature` (65 bytes) is over the `Ladder` of all of them.

    The ladder's floor is that of the statement that it comes with.
    """

    market: int
    orders: tuple[RenewedOrder, ...]
    signature: bytes


class StatementAnswer(msgspec.Struct, frozen=True, array_like=True, tag="statement"):
    """An owner's netted statement about a batch, and its orders below the statement's floor, signed again.

    `assets` are the slots that the statement names, ascending, and `deltas` what it adds to them, in ledger units.
    `fills` are the FILLED events that it stands for, ascending. The ladders count once the chain has settled the
    statement and so raised the floors; until then the orders' former authorizations do. Never both. Who signed the
    statement signed the ladders.
    """

    owner: bytes
    batch: int
    previous_hash: bytes
    floor: int
    assets: tuple[int, ...]
    deltas: tuple[int, ...]
    signature: bytes
    fills: tuple[int, ...]
    ladders: tuple[RenewalLadder, ...]
    kind: int = AuthorizationKind.OWNER
    session: int = 0

    @property
    def signatures(self) -> bytes:
        """Of the statement and of all ladders: the same statement may come again beside other ladders."""
        return self.signature + b"".join(ladder.signature for ladder in self.ladders)


class WithdrawalAuthorization(msgspec.Struct, frozen=True, array_like=True, tag="withdrawal"):
    """The owner's EIP-712 signature over a withdrawal; `deadline_s` is in seconds since 1970."""

    owner: bytes
    nonce: int
    deadline_s: int
    signature: bytes
