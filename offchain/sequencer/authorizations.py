"""Order authorizations as rows of fixed width, as the journal holds them beside the commands.

An order of a ladder has no signature of its own; its row has the ladder's sequence in that place.
"""

import struct
from typing import Final

import numpy as np

from offchain.core.commands import LADDER_ORDERS_MAX, AuthorizationKind, OrderAuthorization

CLIENT_ORDER_ID_BYTES: Final = 36
DIGEST_BYTES: Final = 32
OWNER_BYTES: Final = 20
SIGNATURE_BYTES: Final = 65
AUTHORIZATION_DTYPE: Final = np.dtype(
    [
        ("expiry_s", "<u8"),
        ("seq", "<u8"),
        ("flags", "<u4"),
        ("lane", "<u2"),
        ("max_fee_bps", "<u2"),
        ("digest", f"V{DIGEST_BYTES}"),
        ("owner", f"V{OWNER_BYTES}"),
        ("client_order_id", f"S{CLIENT_ORDER_ID_BYTES}"),
        ("signature", f"V{SIGNATURE_BYTES}"),
        ("kind", "u1"),
        ("place", "u1"),
        ("padding", "V1"),
        ("session", "<u4"),
    ]
)
"""One row. The client order id is ASCII, filled up with zero bytes; the padding is zero. Where `place` is not zero, the
signature is the sequence of the ladder (8 bytes), filled up with zero bytes."""
_ROW: Final = struct.Struct("<QQIHH32s20s36s65sBBxI")
_LADDER: Final = struct.Struct(f"<Q{SIGNATURE_BYTES - 8}x")
AUTHORIZATION_BYTES: Final = _ROW.size
assert AUTHORIZATION_DTYPE.itemsize == AUTHORIZATION_BYTES
assert AUTHORIZATION_BYTES % 8 == 0


def pack_authorization(signed: OrderAuthorization) -> bytes:
    """The row's bytes.

    Raises:
        struct.error: a number does not fit its field.
        ValueError: a text or a byte string does not.
    """
    name = signed.client_order_id.encode("ascii")
    signature = signed.signature
    if signed.place or signed.ladder:
        signature = _ladder(signed)
    lengths = (len(signed.digest), len(signed.owner), len(signature))
    if lengths != (DIGEST_BYTES, OWNER_BYTES, SIGNATURE_BYTES):
        raise ValueError(f"digest, owner and signature have {lengths} bytes")
    if (signed.kind == AuthorizationKind.SESSION_KEY) != (signed.session > 0):
        raise ValueError(f"kind {signed.kind} does not go with session {signed.session}")
    if not 0 < len(name) <= CLIENT_ORDER_ID_BYTES or b"\0" in name:
        raise ValueError(f"{signed.client_order_id[:40]!r} is not a client order id")
    return _ROW.pack(
        signed.expiry_s,
        signed.seq,
        signed.flags,
        signed.lane,
        signed.max_fee_bps,
        signed.digest,
        signed.owner,
        name,
        signature,
        signed.kind,
        signed.place,
        signed.session,
    )


def _ladder(signed: OrderAuthorization) -> bytes:
    """What stands in the place of the signature of an order of a ladder."""
    if signed.signature or signed.ladder <= 0 or not 0 < signed.place <= LADDER_ORDERS_MAX:
        raise ValueError(
            f"an order of a ladder names it and a place from 1 to {LADDER_ORDERS_MAX}, and has no signature"
        )
    return _LADDER.pack(signed.ladder)


def unpack_authorization(row: bytes | memoryview) -> OrderAuthorization:
    """What `pack_authorization` was given.

    Raises:
        struct.error: there are not as many bytes as a row has.
        UnicodeDecodeError: the client order id is not ASCII.
    """
    expiry_s, seq, flags, lane, max_fee_bps, digest, owner, name, signature, kind, place, session = _ROW.unpack(row)
    client_order_id, ladder = name.rstrip(b"\0").decode("ascii"), 0
    if place:
        (ladder,), signature = _LADDER.unpack(signature), b""
    return OrderAuthorization(
        client_order_id, owner, expiry_s, seq, lane, max_fee_bps, flags, signature, digest, kind, session, ladder, place
    )
