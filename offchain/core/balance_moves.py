"""How an event moves balances: exact, from the event and its market alone.

Every unit that moves leaves one purse and enters another, so the moves of an event sum to zero per asset. This is the
one place that says so; the ledger stores the moves and the private feed applies them in memory.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, NamedTuple

import msgspec

from offchain.core.commands import Command, CommandKind, Side
from offchain.core.events import Event, EventKind
from offchain.core.money import Market

FEE_ACCOUNT: Final = 0
"""The account that fees go to; it also carries the vault's side of the ledger."""


class Purse(IntEnum):
    """Where units can be."""

    AVAILABLE = 1
    """The account's, free to trade or withdraw."""
    RESERVED = 2
    """The account's, held for its open orders."""
    WITHDRAWING = 3
    """Taken out by a withdrawal that the chain has not paid yet."""
    VAULT = 4
    """The contract's side, negative: minus what the contract owes according to the log."""


class Move(NamedTuple):
    """Units entering (positive) or leaving (negative) a purse of an account."""

    account: int
    asset: int
    purse: int
    amount_units: int


class Balance(msgspec.Struct, frozen=True):
    """What an account holds of an asset; `withdrawing_units` have left `available_units` and are not paid yet."""

    account: int
    asset: int
    available_units: int
    reserved_units: int
    withdrawing_units: int

    @property
    def total_units(self) -> int:
        """Available and reserved together."""
        return self.available_units + self.reserved_units


_CREDIT_FROM: Final = {
    CommandKind.CHAIN_DEPOSIT: Purse.VAULT,
    CommandKind.REVERT_WITHDRAWAL: Purse.WITHDRAWING,
}
_DEBIT_TO: Final = {
    CommandKind.WITHDRAW: Purse.WITHDRAWING,
    CommandKind.CHAIN_EXITED: Purse.VAULT,
}


def balance_moves(command: Command, event: Event, markets: Mapping[int, Market]) -> list[Move]:
    """The moves of one of the command's events; none if it moved nothing.

    Raises:
        KeyError: the event's market was never listed, or the command cannot cause such an event.
    """
    match event.kind:
        case EventKind.ACCEPTED:
            moves = _shift(event.account, event.asset, Purse.AVAILABLE, Purse.RESERVED, event.amount)
        case EventKind.CANCELLED | EventKind.TRIGGERED | EventKind.AMENDED:
            moves = _shift(event.account, event.asset, Purse.RESERVED, Purse.AVAILABLE, event.amount)
        case EventKind.FILLED:
            moves = _fill(event, markets[event.market])
        case EventKind.CREDITED:
            source = _CREDIT_FROM[CommandKind(command.kind)]
            moves = _shift(event.account, event.asset, source, Purse.AVAILABLE, event.amount)
        case EventKind.DEBITED:
            target = _DEBIT_TO[CommandKind(command.kind)]
            moves = _shift(event.account, event.asset, Purse.AVAILABLE, target, event.amount)
        case EventKind.NOTED if command.kind == CommandKind.CHAIN_WITHDRAWN:
            moves = _shift(command.account, command.asset, Purse.WITHDRAWING, Purse.VAULT, command.amount)
        case EventKind.UNWOUND:
            moves = _unwind(event, markets[event.market])
        case _:
            return []
    return [move for move in moves if move.amount_units]


def _shift(account: int, asset: int, source: Purse, target: Purse, amount_units: int) -> list[Move]:
    return [
        Move(FEE_ACCOUNT if source is Purse.VAULT else account, asset, source, -amount_units),
        Move(FEE_ACCOUNT if target is Purse.VAULT else account, asset, target, amount_units),
    ]


def _fill(event: Event, market: Market) -> list[Move]:
    base, quote = market.base.asset_id, market.quote.asset_id
    base_units = event.quantity * market.base_units_per_lot
    notional = market.notional_units(event.price, event.quantity)
    taker = (event.account, event.fee, event.amount)
    maker = (event.counter_account, event.counter_fee, event.counter_amount)
    buyer, seller = (taker, maker) if event.side == Side.BUY else (maker, taker)
    (buyer_account, buyer_fee, buyer_release), (seller_account, seller_fee, seller_release) = buyer, seller
    return [
        Move(buyer_account, quote, Purse.RESERVED, -(notional + buyer_fee + buyer_release)),
        Move(buyer_account, quote, Purse.AVAILABLE, buyer_release),
        Move(seller_account, quote, Purse.AVAILABLE, notional - seller_fee),
        Move(FEE_ACCOUNT, quote, Purse.AVAILABLE, buyer_fee + seller_fee),
        Move(seller_account, base, Purse.RESERVED, -(base_units + seller_release)),
        Move(seller_account, base, Purse.AVAILABLE, seller_release),
        Move(buyer_account, base, Purse.AVAILABLE, base_units),
    ]


def _unwind(event: Event, market: Market) -> list[Move]:
    base, quote = market.base.asset_id, market.quote.asset_id
    base_units = event.quantity * market.base_units_per_lot
    notional = market.notional_units(event.price, event.quantity)
    taker, maker = (event.account, event.fee), (event.counter_account, event.counter_fee)
    (buyer, buyer_fee), (seller, seller_fee) = (taker, maker) if event.side == Side.BUY else (maker, taker)
    return [
        Move(buyer, quote, Purse.AVAILABLE, notional + buyer_fee),
        Move(seller, quote, Purse.AVAILABLE, -(notional - seller_fee)),
        Move(FEE_ACCOUNT, quote, Purse.AVAILABLE, -(buyer_fee + seller_fee)),
        Move(buyer, base, Purse.AVAILABLE, -base_units),
        Move(seller, base, Purse.AVAILABLE, base_units),
    ]
