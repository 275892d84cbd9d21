"""Intents: what a caller asks the sequencer for, before it has a place in the log.

The sequencer checks an intent against the sequenced state and either refuses it with an error (nothing is journaled)
or turns it into a command. Owners are 20-byte addresses; amounts ledger units, prices ticks, quantities lots.
"""

import msgspec

from offchain.core.commands import (
    AssetListing,
    CancelReason,
    ChainFact,
    CommandKind,
    OrderAuthorization,
    WithdrawalAuthorization,
)
from offchain.core.events import Event


class PlaceOrder(msgspec.Struct, frozen=True):
    """A signed order. The signature has been verified by whoever submits this."""

    market: int
    side: int
    time_in_force: int
    price_ticks: int
    quantity_lots: int
    authorization: OrderAuthorization


class CancelOrder(msgspec.Struct, frozen=True):
    """Take one order of the owner out of the book, named by its client order id or else by its order id."""

    owner: bytes
    client_order_id: str | None = None
    order_id: int | None = None
    reason: CancelReason = CancelReason.USER


class CancelAllOrders(msgspec.Struct, frozen=True):
    """Take all orders of the owner out of the books, of one asset's markets or (asset 0) of every market."""

    owner: bytes
    asset: int = 0


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


class UnwindFill(msgspec.Struct, frozen=True):
    """Take back a fill that the contract skipped. `fill` is its FILLED event."""

    fill: Event
    reason: int


class ListAsset(msgspec.Struct, frozen=True):
    """Make an asset of the contract's list known to the engine."""

    asset: int
    listing: AssetListing


class ListMarket(msgspec.Struct, frozen=True):
    """Open a market of the contract's list, with its limits."""

    market: int
    symbol: str
    base_asset: int
    quote_asset: int
    base_units_per_lot: int
    quote_units_per_tick_lot: int
    max_price_ticks: int
    max_quantity_lots: int
    min_quantity_lots: int
    min_notional_units: int


class SetFees(msgspec.Struct, frozen=True):
    """Fee rates of one owner, or (no owner) the default, in parts per million; a negative maker rate is a rebate."""

    maker_fee_ppm: int
    taker_fee_ppm: int
    owner: bytes = b""


Intent = (
    PlaceOrder
    | CancelOrder
    | CancelAllOrders
    | RequestWithdrawal
    | RevertWithdrawal
    | RecordChainFact
    | UnwindFill
    | ListAsset
    | ListMarket
    | SetFees
)


class Receipt(msgspec.Struct, frozen=True):
    """What became of an intent that was taken: durable, and acknowledged only then.

    `repeated` means that the same intent was taken before under this `sequence`; its events are not told again.
    """

    sequence: int
    timestamp_us: int
    events: tuple[Event, ...] = ()
    repeated: bool = False
