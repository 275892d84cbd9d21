"""The wire format of order entry, one definition for both ends: strict, and cheap to encode and decode.

JSON in camelCase, unknown fields refused; prices, quantities and amounts are decimal strings, expiry is in seconds
since 1970, timestamps are in milliseconds.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from offchain.core.order_life import OrderStatus

OPERATIONS_MAX: Final = 50
"""The most operations that one batch takes."""
MAX_FEE_BPS: Final = 50
"""The highest fee cap that an order may sign; the contract refuses more."""

# The patterns are for the schema only: whoever takes the bytes out finds what is no hexadecimal, and much cheaper.
OwnerText = Annotated[
    str,
    Meta(
        min_length=42,
        max_length=42,
        description="The wallet that signed.",
        extra_json_schema={"pattern": "^0x[0-9a-fA-F]{40}$"},
    ),
]
SignatureText = Annotated[
    str,
    Meta(
        min_length=132,
        max_length=132,
        description="EIP-712 signature: r, s, v.",
        extra_json_schema={"pattern": "^0x[0-9a-fA-F]{130}$"},
    ),
]
ClientOrderId = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,36}$", description="Unique for the account, for ever.", examples=["bot-1"])
]
SideText = Literal["BUY", "SELL"]


class _Message(msgspec.Struct, frozen=True, rename="camel"):
    """Base of the messages that the exchange sends."""


class PlaceMessage(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An order, signed as EIP-712 `Order` with price in ticks, quantity in lots, and the time in force in `flags`."""

    market: Annotated[str, Meta(max_length=40, examples=["BTC-USDC"])]
    side: SideText
    price: Annotated[str, Meta(examples=["60000.1"])]
    quantity: Annotated[str, Meta(examples=["0.25"])]
    expiry: Annotated[int, Meta(ge=0, le=2**40 - 1, description="Seconds since 1970.")]
    seq: Annotated[int, Meta(ge=1, le=2**48 - 1, description="Higher than any before it in its lane.")]
    lane: Annotated[int, Meta(ge=0, le=2**16 - 1, description="0 for immediate orders, else a free lane.")]
    max_fee_bps: Annotated[int, Meta(ge=0, le=MAX_FEE_BPS, description="The highest fee that the owner accepts.")]
    client_order_id: ClientOrderId
    owner: OwnerText
    signature: SignatureText
    type: Literal["LIMIT"] = "LIMIT"
    time_in_force: Literal["GTC", "IOC"] = "GTC"


class CancelMessage(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A cancel, signed as EIP-712 `CancelOrder`."""

    client_order_id: ClientOrderId
    owner: OwnerText
    signature: SignatureText


class Operation(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """One operation of a batch: either of the two."""

    place: PlaceMessage | None = None
    cancel: CancelMessage | None = None


class BatchMessage(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Operations that are carried out in this order; each stands for itself."""

    operations: Annotated[list[Operation], Meta(min_length=1, max_length=OPERATIONS_MAX)]


class ImmediateFill(_Message, frozen=True):
    """A fill that the order met when it came in; the fee is in the quote asset."""

    fill_id: int
    price: str
    quantity: str
    fee: str


class PlacedMessage(_Message, frozen=True, tag_field="operation", tag="place"):
    """A durable order. `repeated`: the same order was taken before, and this is how it stands now, without fills."""

    order_id: int
    client_order_id: str
    market: str
    status: OrderStatus
    filled_quantity: str
    fills: list[ImmediateFill]
    sequence: int
    timestamp_ms: int
    repeated: bool


class CancelledMessage(_Message, frozen=True, tag_field="operation", tag="cancel"):
    """An order that left the book."""

    order_id: int
    client_order_id: str
    status: OrderStatus
    cancelled_quantity: str
    sequence: int
    timestamp_ms: int


class CancelAllMessage(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Cancel every order of the signed-in wallet, or only those in the markets of one asset."""

    asset: Annotated[str, Meta(max_length=40, examples=["BTC"])] | None = None


class AllCancelledMessage(_Message, frozen=True):
    """The orders that left the book."""

    order_ids: list[int]
    sequence: int
    timestamp_ms: int


class ErrorMessage(_Message, frozen=True):
    """A refusal: nothing was journaled and nothing changed."""

    code: int
    name: str
    message: str
    next_step: str
    request_id: str


class OperationResult(_Message, frozen=True, omit_defaults=True):
    """What became of one operation: either of the two."""

    ok: PlacedMessage | CancelledMessage | None = None
    error: ErrorMessage | None = None


class BatchResult(_Message, frozen=True):
    """One result for each operation, in order."""

    results: list[OperationResult]
