"""The fixed parts of a batch payload's bytes, version 2: docs/contracts/batch-format.md."""

import struct
from typing import Final, NamedTuple

VERSION: Final = 2
FEE_CLASSES_MAX: Final = 2**7
MARKETS_MAX: Final = 2**8 - 1
ASSETS_MAX: Final = 2**8 - 1
SECTIONS_MAX: Final = 2**16 - 1
ORDERS_MAX: Final = 2**16 - 1
FILLS_MAX: Final = 2**16 - 1
SLOTS_MAX: Final = 2**16 - 1
GROUPS_MAX: Final = 2**8 - 1
STATEMENTS_MAX: Final = 2**16 - 1
HALVES_MAX: Final = 2**16 - 1
FEE_ROWS_MAX: Final = 2**8 - 1
STATEMENT_ROWS_MAX: Final = 2**8 - 1
LADDER_ORDERS_MAX: Final = 2**8 - 1
PAYLOAD_BYTES_MAX: Final = 128_000
"""Nodes take no transaction above 131,072 bytes; the rest is for its envelope and the call's other arguments."""

HEADER: Final = struct.Struct(">BBBBHHBHHHB")
FEE_CLASS: Final = struct.Struct(">hhHH")
SECTION: Final = struct.Struct(">BBH3s6s5s")
GROUP: Final = struct.Struct(">HHBBH6s")

AMOUNT_BYTES_MAX: Final = 8
"""Prices, slides, quantities and deltas."""
SEQ_BYTES: Final = 6
"""Seqs and cancel floors, and their bases."""
EXPIRY_BYTES: Final = 5
LANE_BYTES_MAX: Final = 2
SIGNATURE_BYTES: Final = 64
ADDRESS_BYTES: Final = 20

LADDER_FORM: Final = 0x80
SELL_BIT: Final = 0x80
ISOLATED_STATEMENT: Final = 0x10


class RecordWidths(NamedTuple):
    """The bytes of the fields of a section's records, in their order."""

    price: int
    quantity: int
    seq: int
    expiry: int
    lane: int
    slide: int


RECORD_WIDTHS_MOST: Final = RecordWidths(
    AMOUNT_BYTES_MAX, AMOUNT_BYTES_MAX, SEQ_BYTES, EXPIRY_BYTES, LANE_BYTES_MAX, AMOUNT_BYTES_MAX
)


def join_nibbles(widths: tuple[int, ...]) -> int:
    """Four bits each, the first one highest."""
    joined = 0
    for width in widths:
        joined = joined << 4 | width
    return joined


def split_nibbles(joined: int, count: int) -> tuple[int, ...]:
    """What `join_nibbles` was given."""
    return tuple(joined >> 4 * place & 0xF for place in reversed(range(count)))
