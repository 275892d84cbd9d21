"""The wire format of order entry, one definition for both ends: strict, and cheap to encode and decode.

JSON in camelCase, unknown fields refused; prices, quantities and amounts are decimal strings, expiry is in seconds
since 1970, timestamps are in milliseconds.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from offchain.client.instructions import (
    OrderTypeText,
    PostOnlyText,
    SelfTradePreventionText,
    SignedFlags,
    TimeInForceText,
)
from offchain.core.order_life import OrderStatus

OPERATIONS_MAX: Final = 50
"""The most operations that one batch takes."""
MAX_FEE_BPS: Final = 50
"""The highest fee cap that an order may sign; the contract refuses more."""
ORDER_ID_MAX: Final = 2**63 - 1
"""What the journal holds of an id."""

# The patterns are for the schema only: whoever takes the bytes out finds what is no hexadecimal, and much cheaper.
OwnerText = Annotated[
    str,
    Meta(
        min_length=42,
        max_length=42,
        description="The wallet whose order it is.",
        extra_json_schema={"pattern": "^0x[0-9a-fA-F]{40}$"},
    ),
]
SessionKeyText = Annotated[
    str,
    Meta(
        min_length=42,
        max_length=42,
        description="The owner's session key, if that signed and not the owner.",
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
LadderNumber = Annotated[
    int, Meta(ge=0, lt=OPERATIONS_MAX, description="In place of a signature: which of the batch's `ladders` signs it.")
]
ClientOrderId = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,36}$", description="Unique for the account, for ever.", examples=["bot-1"])
]
SideText = Literal["BUY", "SELL"]


class _Message(msgspec.Struct, frozen=True, rename="camel"):
    """Base of the messages that the exchange sends."""


class PlaceMessage(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """An order, signed as EIP-712 `Order` with price in ticks and quantity in lots, or with others as a `Ladder`.

    The signed `flags` are time in force (bits 0 to 2), type (3 and 4), post-only (5 and 6) and self-trade prevention
    (7 to 9).
    """

    market: Annotated[str, Meta(max_length=40, examples=["BTC-USDC"])]
    side: SideText
    price: Annotated[
        str, Meta(description="The limit; of a market order the worst price that it takes.", examples=["60000.1"])
    ]
    quantity: Annotated[str, Meta(examples=["0.25"])]
    expiry: Annotated[int, Meta(ge=0, le=2**40 - 1, description="Seconds since 1970.")]
    seq: Annotated[int, Meta(ge=1, le=2**48 - 1, description="Higher than any before it in its lane.")]
    lane: Annotated[int, Meta(ge=0, le=2**16 - 1, description="0 for orders that never rest, else a free lane.")]
    max_fee_bps: Annotated[int, Meta(ge=0, le=MAX_FEE_BPS, description="The highest fee that the owner accepts.")]
    client_order_id: ClientOrderId
    owner: OwnerText
    signature: SignatureText | None = None
    type: OrderTypeText = "LIMIT"
    time_in_force: Annotated[
        TimeInForceText | None,
        Meta(description="Without it: IOC of MARKET and STOP_MARKET, else GTC. GTD is GTC until `expiry`."),
    ] = None
    post_only: Annotated[
        PostOnlyText, Meta(description="An order that would match at once is refused, or rests one tick short of it.")
    ] = "NO"
    self_trade_prevention: Annotated[
        SelfTradePreventionText, Meta(description="What becomes of the two when it meets an order of its own account.")
    ] = "NONE"
    stop_price: Annotated[
        str | None, Meta(description="Stops: from which traded price on it matches; not signed.", examples=["59000"])
    ] = None
    budget: Annotated[
        str | None,
        Meta(description="FOK_BUDGET: quote to spend at most, or to receive at least; not signed.", examples=["15000"]),
    ] = None
    flags: SignedFlags | None = None
    session_key: SessionKeyText | None = None
    ladder: LadderNumber | None = None


class OrderName(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """An order by either of its ids."""

    order_id: Annotated[int, Meta(ge=1, le=ORDER_ID_MAX)] | None = None
    client_order_id: ClientOrderId | None = None


class ReplaceMessage(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An open order goes and a new one, signed like any, comes: both or neither.

    They are of one market and side. The new one may use the lane of the old one.
    """

    replaces: OrderName
    order: PlaceMessage


class AmendMessage(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Let less of an open order remain. It keeps its place in the queue."""

    remaining: Annotated[str, Meta(description="What may still be filled from now on.", examples=["0.1"])]


class CancelMessage(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """A cancel, signed as EIP-712 `CancelOrder`."""

    client_order_id: ClientOrderId
    owner: OwnerText
    signature: SignatureText
    session_key: SessionKeyText | None = None


class Operation(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """One operation of a batch: one of the three."""

    place: PlaceMessage | None = None
    cancel: CancelMessage | None = None
    replace: ReplaceMessage | None = None


class BatchMessage(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """Operations that are carried out in this order; each stands for itself.

    Each of `ladders` is one signature over all orders of the batch that name it, in their order: EIP-712 `Ladder` with
    floor 0. They are of one market and one owner.
    """

    operations: Annotated[list[Operation], Meta(min_length=1, max_length=OPERATIONS_MAX)]
    ladders: Annotated[list[SignatureText], Meta(max_length=OPERATIONS_MAX)] = []


class ImmediateFill(_Message, frozen=True):
    """A fill that the order met when it came in; the fee is in the quote asset."""

    fill_id: int
    price: str
    quantity: str
    fee: str


class PlacedMessage(_Message, frozen=True, tag_field="operation", tag="place"):
    """A durable order. `repeated`: the same order was taken before, and this is how it stands now, without fills.

    `price` is the limit in force: that of the order, or where a post-only order slid to, or the market's collar.
    `cancelReason` says why it ended without being filled whole, or null.
    """

    order_id: int
    client_order_id: str
    market: str
    status: OrderStatus
    price: str
    filled_quantity: str
    fills: list[ImmediateFill]
    cancel_reason: str | None
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


class ReplacedMessage(_Message, frozen=True, tag_field="operation", tag="replace"):
    """Both are done. `cancelled` is null when the same replacement was taken before."""

    cancelled: CancelledMessage | None
    placed: PlacedMessage


class AmendedMessage(_Message, frozen=True):
    """An order of which less remains."""

    order_id: int
    client_order_id: str
    reduced_quantity: str
    remaining_quantity: str
    sequence: int
    timestamp_ms: int


class CheckedMessage(_Message, frozen=True):
    """The order would be taken as things stand; nothing was journaled. `digest` is what its signature is over."""

    client_order_id: str
    market: str
    flags: int
    digest: str


class CancelAllMessage(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Cancel every order of the signed-in wallet, or only those in one market, or in the markets of one asset."""

    asset: Annotated[str, Meta(max_length=40, examples=["BTC"])] | None = None
    market: Annotated[str, Meta(max_length=40, examples=["BTC-USDC"])] | None = None


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

    ok: PlacedMessage | CancelledMessage | ReplacedMessage | None = None
    error: ErrorMessage | None = None


class BatchResult(_Message, frozen=True):
    """One result for each operation, in order."""

    results: list[OperationResult]
