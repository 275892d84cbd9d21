"""Intents: what a caller asks the sequencer for, before it has a place in the log.

The sequencer checks an intent against the sequenced state and either refuses it with an error (nothing is journaled)
or turns it into a command. Owners are 20-byte addresses. A number has its unit in its name: `_units` are ledger
units, `_ticks` prices, `_lots` quantities, `_ppm` parts per million, `_us` microseconds.
"""

import msgspec

from offchain.core.commands import (
    AssetListing,
    CancelReason,
    ChainFact,
    CommandKind,
    LadderAuthorization,
    MarketStatus,
    OrderAuthorization,
    StatementAnswer,
    WithdrawalAuthorization,
)
from offchain.core.events import Event


class PlaceOrder(msgspec.Struct, frozen=True):
    """A signed order. The signature has been verified by whoever submits this.

    How it is to be treated (time in force, type, post-only, self-trade prevention) is in `authorization.flags`.
    `trigger_price_ticks` is that of a stop, `budget_units` (of the quote asset) that of a FOK_BUDGET; else 0.
    `session_key` is the address that signed, if that is not the owner's; which session it is, the sequencer finds. Of a
    `ladder`, `authorization.place` says where in it the order is; which command the ladder is, the sequencer says.
    """

    market: int
    side: int
    price_ticks: int
    quantity_lots: int
    authorization: OrderAuthorization
    trigger_price_ticks: int = 0
    budget_units: int = 0
    session_key: bytes = b""
    ladder: LadderAuthorization | None = None


class ReplaceOrder(msgspec.Struct, frozen=True):
    """A signed order that takes the place of an open one of the same owner, market and side: both happen or neither.

    The one that goes is named by its client order id or else by its order id.
    """

    order: PlaceOrder
    client_order_id: str | None = None
    order_id: int | None = None


class AmendOrder(msgspec.Struct, frozen=True):
    """Let less of an open order remain: `quantity_lots` from now on. It keeps its place.

    The order is named by its client order id or else by its order id.
    """

    owner: bytes
    quantity_lots: int
    client_order_id: str | None = None
    order_id: int | None = None


class CancelOrder(msgspec.Struct, frozen=True):
    """Take one order of the owner out of the book, named by its client order id or else by its order id.

    `session_key` is the address that asks, if that is not the owner's: a session of the order's market.
    """

    owner: bytes
    client_order_id: str | None = None
    order_id: int | None = None
    reason: CancelReason = CancelReason.USER
    session_key: bytes = b""


class CancelAllOrders(msgspec.Struct, frozen=True):
    """Cancel all open orders of the owner, armed stops too: of an asset's markets (0: any), of a market (0: any)."""

    owner: bytes
    asset: int = 0
    market: int = 0


class RenewAuthorization(msgspec.Struct, frozen=True):
    """Note what an owner signed for a batch instead of having its orders proved. Settlement has verified it.

    From then on the owner's new orders need a seq above the statement's floor, and above every renewed one's of a lane.
    """

    answer: StatementAnswer


class RequestWithdrawal(msgspec.Struct, frozen=True):
    """Take funds out of the available balance, to be paid by the contract to the owner."""

    asset: int
    amount_units: int
    authorization: WithdrawalAuthorization


class RevertWithdrawal(msgspec.Struct, frozen=True):
    """Give back a withdrawal whose deadline passed on the final chain without being used."""

    withdraw_sequence: int


class RecordChainFact(msgspec.Struct, frozen=True):
    """A final fact of the chain; `kind` is one of the CHAIN_* commands.

    Facts at or before the last recorded chain position are dropped as already known.
    """

    kind: CommandKind
    fact: ChainFact
    owner: bytes = b""
    asset: int = 0
    amount_units: int = 0
    market: int = 0


class UnwindFill(msgspec.Struct, frozen=True):
    """Take back a fill that the contract skipped. `fill` is its FILLED event."""

    fill: Event
    reason: int


class ListAsset(msgspec.Struct, frozen=True):
    """Make an asset of the contract's list known to the engine."""

    asset: int
    listing: AssetListing


class ListMarket(msgspec.Struct, frozen=True):
    """Open a market of the contract's list, with its limits.

    `quote_units_per_volume_unit` count as one unit of volume, a millionth of a dollar; 0: its fills are not counted.
    """

    market: int
    symbol: str
    base_asset: int
    quote_asset: int
    base_units_per_lot: int
    quote_units_per_tick_lot: int
    quote_units_per_volume_unit: int
    max_price_ticks: int
    max_quantity_lots: int
    min_quantity_lots: int
    min_notional_units: int


class SetMarketStatus(msgspec.Struct, frozen=True):
    """Open, halt or restrict a market; its circuit breaker starts afresh."""

    market: int
    status: MarketStatus


class SetMarketLimits(msgspec.Struct, frozen=True):
    """The sizes that a market takes. Notionals are quote units."""

    market: int
    max_price_ticks: int
    max_quantity_lots: int
    min_quantity_lots: int
    min_notional_units: int


class SetMarketRisk(msgspec.Struct, frozen=True):
    """How far from the last price, and how large, an order may be; 0: no such limit.

    `reference_price_ticks` replaces the last price; 0 keeps it.
    """

    market: int
    band_ppm: int
    fat_finger_ppm: int
    max_notional_units: int
    reference_price_ticks: int = 0


class SetCircuitBreaker(msgspec.Struct, frozen=True):
    """A move of the price by more than `move_ppm` within `window_us` halts the market; both 0: none does."""

    market: int
    move_ppm: int
    window_us: int


class SetKillSwitch(msgspec.Struct, frozen=True):
    """Cancel every open order of an owner, a market, or (neither is given) the exchange, and take none until off."""

    on: bool
    owner: bytes = b""
    market: int = 0


class SetAccountLimits(msgspec.Struct, frozen=True):
    """How many orders an owner may have open, and messages it may send within `window_sequences` of the log; 0: any.

    Messages are orders, replacements and amendments. Without owner: the limits of all that have none of their own.
    """

    open_orders: int
    messages: int
    window_sequences: int
    owner: bytes = b""


class SetPositionCap(msgspec.Struct, frozen=True):
    """The most that an owner's buys may bring its balance of an asset to; 0: no cap."""

    owner: bytes
    asset: int
    cap_units: int


class SetFees(msgspec.Struct, frozen=True):
    """Fee rates of one owner, or (no owner) of tier 1, in parts per million; a negative maker rate is a rebate.

    With `of_tier` the owner goes back to the rates of its tier, and both rates are 0.
    """

    maker_fee_ppm: int
    taker_fee_ppm: int
    owner: bytes = b""
    of_tier: bool = False


class SetFeeTier(msgspec.Struct, frozen=True):
    """The rates (parts per million) of tier 2 to 7 and the 30-day volume from which on it applies.

    Volumes are millionths of a dollar. With volume and rates 0 there is no such tier.
    """

    tier: int
    volume_units: int
    maker_fee_ppm: int
    taker_fee_ppm: int


class SetDiscounts(msgspec.Struct, frozen=True):
    """What an owner is spared of its tier's fees, in parts per million of the rate: as maker and as taker.

    Without `Operate` around it, it is what final facts of the chain entitle to, and is refused where operators chose.
    """

    owner: bytes
    maker_ppm: int
    taker_ppm: int


OrderIntent = PlaceOrder | ReplaceOrder | AmendOrder | CancelOrder | CancelAllOrders
OperatorIntent = (
    ListAsset
    | ListMarket
    | SetMarketStatus
    | SetMarketLimits
    | SetMarketRisk
    | SetCircuitBreaker
    | SetKillSwitch
    | SetAccountLimits
    | SetPositionCap
    | SetFees
    | SetFeeTier
    | SetDiscounts
)


class Operate(msgspec.Struct, frozen=True):
    """A setting that an operator asked for: its command bears the operator's wallet."""

    operator: bytes
    setting: OperatorIntent


Intent = (
    OrderIntent
    | Operate
    | RenewAuthorization
    | RequestWithdrawal
    | RevertWithdrawal
    | RecordChainFact
    | UnwindFill
    | OperatorIntent
)


class Receipt(msgspec.Struct, frozen=True):
    """What became of an intent that was taken: durable, and acknowledged only then.

    `repeated` means that the same intent was taken before under this `sequence`; its events are not told again.
    """

    sequence: int
    timestamp_us: int
    events: tuple[Event, ...] = ()
    repeated: bool = False
