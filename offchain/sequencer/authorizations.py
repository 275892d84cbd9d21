"""Order authorizations as rows of fixed width, as the journal holds them beside the commands."""

import struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from offchain.core.commands import CommandKind, OrderAuthorization

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
        ("padding", "V7"),
    ]
)
"""One row. The client order id is ASCII, filled up with zero bytes; the padding is zero."""
_ROW: Final = struct.Struct("<QQIHH32s20s36s65s7x")
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
    lengths = (len(signed.digest), len(signed.owner), len(signed.signature))
    if lengths != (DIGEST_BYTES, OWNER_BYTES, SIGNATURE_BYTES):
        raise ValueError(f"digest, owner and signature have {lengths} bytes")
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
        signed.signature,
    )


def unpack_authorization(row: bytes | memoryview) -> OrderAuthorization:
    """What `pack_authorization` was given.

    Raises:
        struct.error: there are not as many bytes as a row has.
        UnicodeDecodeError: the client order id is not ASCII.
    """
    expiry_s, seq, flags, lane, max_fee_bps, digest, owner, name, signature = _ROW.unpack(row)
    client_order_id = name.rstrip(b"\0").decode("ascii")
    return OrderAuthorization(client_order_id, owner, expiry_s, seq, lane, max_fee_bps, flags, signature, digest)


def is_order(commands: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which of the rows of COMMAND_DTYPE are of `ORDER_KINDS`."""
    kinds = commands["kind"]
    orders: npt.NDArray[np.bool_] = (kinds == CommandKind.PLACE) | (kinds == CommandKind.REPLACE)
    return orders
