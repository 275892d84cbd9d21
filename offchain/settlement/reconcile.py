"""Compares what the engine, the ledger and the contract say that everybody owns. Amounts are ledger units."""

from collections.abc import Iterable, Mapping

import msgspec

from offchain.core.balance_moves import FEE_ACCOUNT, balance_moves
from offchain.core.commands import Command, CommandKind
from offchain.core.events import Event
from offchain.core.money import Asset, Market
from offchain.settlement.contract import SettlementContract
from offchain.settlement.models import SettlementWithdrawal

Holding = tuple[int, int]
"""(account, asset)."""


class Books(msgspec.Struct, frozen=True):
    """What the exchange believes, all as of one command of the log. Holdings of zero may be left out.

    Args:
        owners: the 20-byte address of every account but the fee account.
        assets: the assets by id.
        engine: total (available and reserved) by the engine.
        ledger: the same by the ledger.
        in_transit: what the contract holds beyond the engine, because fills are not settled or withdrawals not paid.
        isolated: what the contract holds in isolated accounts by asset, which the engine knows nothing of.
    """

    owners: Mapping[int, bytes]
    assets: Mapping[int, Asset]
    engine: Mapping[Holding, int]
    ledger: Mapping[Holding, int]
    in_transit: Mapping[Holding, int]
    isolated: Mapping[int, int]


class Mismatch(msgspec.Struct, frozen=True):
    """A holding on which the three do not agree: contract = engine + in transit, and ledger = engine."""

    account: int
    asset: int
    engine_units: int
    ledger_units: int
    contract_units: int
    in_transit_units: int


class Conservation(msgspec.Struct, frozen=True):
    """One asset in the contract: what all accounts and fees add up to, what it says it owes, and the tokens held."""

    asset: int
    owned_units: int
    owed_units: int
    held_base_units: int
    unit_scale: int

    @property
    def error_units(self) -> int:
        """Units by which the books do not add up, and units that are owed and not held."""
        shortfall_base_units = max(0, self.owed_units * self.unit_scale - self.held_base_units)
        return abs(self.owned_units - self.owed_units) + -(-shortfall_base_units // self.unit_scale)


class Reconciliation(msgspec.Struct, frozen=True):
    """The comparison as of a block."""

    block: int
    holdings_compared: int
    mismatches: tuple[Mismatch, ...]
    conservation: tuple[Conservation, ...]

    @property
    def is_clean(self) -> bool:
        """Whether everything agrees."""
        return not self.mismatches and not any(asset.error_units for asset in self.conservation)


def in_transit(
    fills: Iterable[Event], withdrawals: Iterable[SettlementWithdrawal], markets: Mapping[int, Market]
) -> dict[Holding, int]:
    """What the contract holds beyond the engine, given the fills and the withdrawals that it has not seen yet."""
    units: dict[Holding, int] = {}
    for fill in fills:
        command = Command(fill.command_sequence, fill.timestamp_us, CommandKind.PLACE)
        for move in balance_moves(command, fill, markets):
            holding = (move.account, move.asset)
            units[holding] = units.get(holding, 0) - move.amount_units
    for withdrawal in withdrawals:
        holding = (withdrawal.account, withdrawal.asset)
        units[holding] = units.get(holding, 0) + withdrawal.amount_units
    return units


async def reconcile(contract: SettlementContract, books: Books, block: int) -> Reconciliation:
    """Compares the books with the contract as of a block up to which the log knows the chain.

    Raises:
        NodeUnavailable: no node answered.
        ChainError: the node refused a read, such as of a block that is too old for it.
    """
    tag = hex(block)
    accounts = [(owner, asset) for owner in books.owners.values() for asset in books.assets]
    balances = await contract.balances(accounts, tag)
    fees = await contract.fees(list(books.assets), tag)
    held: dict[Holding, int] = {
        (account, asset): balances[owner, asset] for account, owner in books.owners.items() for asset in books.assets
    }
    held |= {(FEE_ACCOUNT, asset): units for asset, units in fees.items()}
    mismatches = []
    for holding, contract_units in sorted(held.items()):
        engine, ledger = books.engine.get(holding, 0), books.ledger.get(holding, 0)
        in_transit = books.in_transit.get(holding, 0)
        if engine != ledger or contract_units != engine + in_transit:
            mismatches.append(Mismatch(*holding, engine, ledger, contract_units, in_transit))
    conservation = [
        Conservation(
            asset.asset_id,
            books.isolated.get(asset.asset_id, 0)
            + sum(units for (_, held_asset), units in held.items() if held_asset == asset.asset_id),
            await contract.owed(asset.asset_id, tag),
            await contract.token_balance(asset.token, tag),
            asset.unit_scale,
        )
        for asset in books.assets.values()
    ]
    return Reconciliation(block, len(held), tuple(mismatches), tuple(conservation))
