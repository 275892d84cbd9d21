"""The wire format of the websocket at /ws, one definition for both ends. A message is told by its `op` or `type`.

Book and private updates carry `seq` and `prevSeq`: when `prevSeq` is not the `seq` of the message before, something
was missed, and subscribing again brings a new snapshot.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

ChannelName = Literal["book", "trades", "status", "private", "statements"]
PRIVATE_CHANNELS: Final = frozenset(("private", "statements"))
"""Those that need `auth` before them, and no market."""
LevelText = tuple[str, str]
"""Price and quantity; quantity 0: the price is empty."""
SUBSCRIPTIONS_MAX: Final = 100
"""The most channels that one connection subscribes to."""


class _Request(msgspec.Struct, frozen=True, rename="camel", tag_field="op", forbid_unknown_fields=True):
    """Base of what a client sends. `id` comes back in the answer."""

    id: Annotated[int, Meta(ge=0, le=2**53 - 1)]


class SubscribeRequest(_Request, frozen=True, tag="subscribe"):
    """`private` and `statements` need `auth` before them, and no market; `sinceSeq` asks for updates after that one."""

    channel: ChannelName
    market: Annotated[str, Meta(max_length=40)] | None = None
    since_seq: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None


class UnsubscribeRequest(_Request, frozen=True, tag="unsubscribe"):
    """Names a channel like `subscribe`."""

    channel: ChannelName
    market: Annotated[str, Meta(max_length=40)] | None = None


class AuthRequest(_Request, frozen=True, tag="auth"):
    """Tells who is asking; again with a fresh token before the old one expires."""

    token: Annotated[str, Meta(max_length=2_000)]


class PingRequest(_Request, frozen=True, tag="ping"):
    """Asks for an `ack`."""


StreamRequest = SubscribeRequest | UnsubscribeRequest | AuthRequest | PingRequest


class _Message(msgspec.Struct, frozen=True, rename="camel", tag_field="type"):
    """Base of what the exchange sends."""


class Ack(_Message, frozen=True, tag="ack"):
    """The request with this `id` was carried out."""

    id: int
    op: str


class StreamError(_Message, frozen=True, tag="error"):
    """The request with this `id` was refused; null: it is about the connection or a message without one."""

    id: int | None
    code: int
    name: str
    message: str
    next_step: str


class Heartbeat(_Message, frozen=True, tag="heartbeat"):
    """Comes every second; `counter` grows by one."""

    counter: int
    server_time_ms: int


class ServerShutdown(_Message, frozen=True, tag="server_shutdown"):
    """The server is about to close the connection; connect again after `retryAfterMs`."""

    reason: str
    retry_after_ms: int


class BookSnapshotMessage(_Message, frozen=True, tag="book_snapshot"):
    """All levels, best first."""

    market: str
    seq: int
    bids: list[LevelText]
    asks: list[LevelText]


class BookUpdateMessage(_Message, frozen=True, tag="book_update"):
    """The levels that changed, each with all that it holds now."""

    market: str
    seq: int
    prev_seq: int
    timestamp_ms: int
    bids: list[LevelText]
    asks: list[LevelText]


class TradeMessage(msgspec.Struct, frozen=True, rename="camel"):
    """A trade. `unwound`: the contract refused it later and it was taken back."""

    trade_id: int
    price: str
    quantity: str
    taker_side: Literal["BUY", "SELL"]
    timestamp_ms: int
    unwound: bool


class TradesSnapshotMessage(_Message, frozen=True, tag="trades_snapshot"):
    """The latest trades, oldest first."""

    market: str
    seq: int
    trades: list[TradeMessage]


class TradesUpdateMessage(_Message, frozen=True, tag="trades_update"):
    """New trades, oldest first, and ids of earlier ones that were unwound."""

    market: str
    seq: int
    prev_seq: int
    trades: list[TradeMessage]
    unwound: list[int]


class StatusSnapshotMessage(_Message, frozen=True, tag="status_snapshot"):
    """What the market takes, a `MarketStatus`. `killed`: a kill switch is on, and only cancels are taken."""

    market: str
    seq: int
    status: str
    killed: bool


class StatusUpdateMessage(_Message, frozen=True, tag="status_update"):
    """What the market takes from now on. `haltedAtPrice`: the price that the circuit breaker did not let trade."""

    market: str
    seq: int
    prev_seq: int
    timestamp_ms: int
    status: str
    killed: bool
    halted_at_price: str | None


class PrivateSnapshotMessage(_Message, frozen=True, tag="private_snapshot"):
    """Open orders and balances, as the HTTP API tells them."""

    seq: int
    orders: list[dict[str, Any]]
    balances: list[dict[str, Any]]


class PrivateUpdateMessage(_Message, frozen=True, tag="private_update"):
    """Orders and balances that changed, as they are now, new fills, and matches that were prevented."""

    seq: int
    prev_seq: int
    timestamp_ms: int
    orders: list[dict[str, Any]]
    fills: list[dict[str, Any]]
    balances: list[dict[str, Any]]
    prevented_matches: list[dict[str, Any]]


class OrderToRenewMessage(msgspec.Struct, frozen=True, rename="camel"):
    """An own order to be signed again, with the statement's floor plus `seqStep` as its seq and so many lots."""

    order_id: int
    market_id: int
    seq_step: int
    quantity_lots: int


class StatementRequestMessage(_Message, frozen=True, tag="statement_request"):
    """A batch is about to settle: sign what it comes to for you, or stay silent and have your orders proved.

    `deltas` are (asset id, ledger units as text) of the slots that the statement names. It stands for `fillIds`. Its
    floor may be from `floor` to `floorMax`. An answer after `deadlineMs` is too late.
    """

    batch: int
    previous_hash: str
    floor: int
    floor_max: int
    deltas: list[tuple[int, str]]
    fill_ids: list[int]
    renewals: list[OrderToRenewMessage]
    deadline_ms: int


StreamMessage = (
    Ack
    | StreamError
    | Heartbeat
    | ServerShutdown
    | BookSnapshotMessage
    | BookUpdateMessage
    | TradesSnapshotMessage
    | TradesUpdateMessage
    | StatusSnapshotMessage
    | StatusUpdateMessage
    | PrivateSnapshotMessage
    | PrivateUpdateMessage
    | StatementRequestMessage
)
_REQUESTS: Final[msgspec.json.Decoder[StreamRequest]] = msgspec.json.Decoder(StreamRequest)
_MESSAGES: Final[msgspec.json.Decoder[StreamMessage]] = msgspec.json.Decoder(StreamMessage)
decode_request: Final = _REQUESTS.decode
decode_message: Final = _MESSAGES.decode
