"""The balances after a replay in every place that holds them: API, engine, ledger and contract."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from offchain.audit.verification import Verification, engine_totals, read_ledger, verify
from offchain.chain.bindings import load_contract
from offchain.chain.manifest import Manifest
from offchain.chain.node import NodePool
from offchain.client.session import Session
from offchain.core.settings import Settings
from offchain.sequencer.directory import Directory
from offchain.sequencer.replay import replay
from offchain.settlement.contract import SettlementContract
from offchain.settlement.reconcile import Books, reconcile


class Agreement(NamedTuple):
    """How far the places agree. `holdings` are the (account, asset) pairs that were compared."""

    holdings: int
    balance_mismatches: int
    conservation_error_units: int
    verification: Verification


async def compare_books(
    settings: Settings, manifest: Manifest, nodes: NodePool, sessions: Mapping[bytes, Session]
) -> Agreement:
    """Compares every account and asset at rest: everything is settled, nobody trades; sessions by owner."""
    machine = await asyncio.to_thread(replay, settings.journal_folder)
    directory = Directory(machine)
    ledger = await asyncio.to_thread(read_ledger, settings)
    engine = engine_totals(machine.engine.balances())
    owners = {account: directory.owner_of(account) for account in range(1, directory.accounts_count)}
    contract = SettlementContract(nodes, load_contract("Settlement"), manifest.address("Settlement"), manifest.chain_id)
    # Nothing is in transit, and no wallet of a replay has an isolated account.
    books = Books(owners, directory.assets, engine, ledger.totals, in_transit={}, isolated={})
    found = await reconcile(contract, books, await nodes.block_number())
    apart = {(mismatch.account, mismatch.asset) for mismatch in found.mismatches}
    for account, owner in owners.items():
        shown = await sessions[owner].balances()
        apart |= {
            (account, asset.asset_id)
            for asset in directory.assets.values()
            if shown[asset.symbol]["total"] != asset.to_decimal(engine.get((account, asset.asset_id), 0))
        }
    return Agreement(
        holdings=found.holdings_compared,
        balance_mismatches=len(apart),
        conservation_error_units=sum(asset.error_units for asset in found.conservation),
        verification=await verify(settings),
    )
