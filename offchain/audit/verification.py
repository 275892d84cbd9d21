"""`quantatrade verify`: the exchange's state from the journal alone and from the chain alone, compared.

It reads beside a running exchange: everything is compared as of one command of the log and one block of the chain.
"""

import asyncio
import hashlib
import sys
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from offchain.audit.settled_books import Holding, SettledBooks
from offchain.chain.bindings import load_contract
from offchain.chain.manifest import Manifest, load_manifest
from offchain.chain.node import NodePool
from offchain.core.database import open_database, reading_sessions
from offchain.core.projecting import common_sequence
from offchain.core.settings import Settings
from offchain.ledger.audit import LedgerFault, audit_ledger
from offchain.ledger.service import read_balances
from offchain.sequencer.replay import replay, replay_events
from offchain.settlement.chain_check import differences, views
from offchain.settlement.chain_state import ChainReader, ChainState
from offchain.settlement.contract import SettlementContract


class Verification(msgspec.Struct, frozen=True, rename="camel"):
    """What the records say. Hashes are SHA-256, in hex; mismatches of the ledger are counted in holdings."""

    last_sequence: int
    state_hash: str
    """Of the engine after the last command, replayed from the first one."""
    ledger_sequence: int
    ledger_mismatches: int
    """Holdings of the database's ledger that differ from the engine replayed to the same command."""
    ledger_faults: int
    """Entries of the ledger that do not balance, and balances that are not the sums of their lines."""
    block: int
    batches: int
    fills_settled: int
    """Fills that the chain has settled, skipped ones not counted."""
    pending_fills: int
    """Fills of the journal that no batch up to the block has settled."""
    journal_hash: str
    """Of the contract's balances as the journal alone has them."""
    chain_hash: str
    """Of the same as the chain's logs and calldata alone have them."""
    storage_mismatches: int
    """Views of the contract that return something else than the chain's logs and calldata lead to."""

    @property
    def is_clean(self) -> bool:
        """Whether all records agree."""
        found = (self.ledger_mismatches, self.ledger_faults, self.storage_mismatches)
        return self.journal_hash == self.chain_hash and not any(found)


class ChainVerification(msgspec.Struct, frozen=True, rename="camel"):
    """What the chain alone says, up to a block."""

    block: int
    batches: int
    fills_settled: int
    fills_skipped: int
    groups_settled: int
    groups_skipped: int
    views_compared: int
    """Balances, cancel floors, lanes, exits, sessions and fees, by the contract's views."""
    chain_hash: str
    """Of the contract's balances as its logs and calldata alone have them."""
    storage_mismatches: int
    """Views that return something else than the chain's logs and calldata lead to."""

    @property
    def is_clean(self) -> bool:
        """Whether the contract holds what its logs and calldata lead to."""
        return self.storage_mismatches == 0


class LedgerReading(NamedTuple):
    """What one look at the database's ledger found: total units by (account, asset) after command `sequence`."""

    sequence: int
    totals: dict[tuple[int, int], int]
    faults: list[LedgerFault]


async def verify(settings: Settings) -> Verification:
    """Recomputes and compares everything.

    Raises:
        JournalCorrupt: the journal is damaged.
        StateDiverged: the journal or the chain contradicts itself.
        NodeUnavailable: no node answers.
    """
    manifest = load_manifest(settings.manifest_path)
    ledger = await asyncio.to_thread(read_ledger, settings)
    machine = await asyncio.to_thread(replay, settings.journal_folder)
    then = await asyncio.to_thread(replay, settings.journal_folder, ledger.sequence)
    block = machine.registry.chain_position[0]
    chain, stored_otherwise = await _read_chain(settings, manifest, block)
    books = await asyncio.to_thread(_books, settings, block)
    return Verification(
        last_sequence=machine.sequence,
        state_hash=machine.engine.state_hash().hex(),
        ledger_sequence=ledger.sequence,
        ledger_mismatches=count_differences(ledger.totals, engine_totals(then.engine.balances())),
        ledger_faults=len(ledger.faults),
        block=block,
        batches=chain.batch_number,
        fills_settled=chain.fills_settled,
        pending_fills=books.pending_fills,
        journal_hash=holdings_hash(books.balances),
        chain_hash=holdings_hash(chain.balances),
        storage_mismatches=stored_otherwise,
    )


async def verify_chain(settings: Settings) -> ChainVerification:
    """Recomputes from the contract's logs and calldata what it must hold, and compares; nothing of ours is read.

    Raises:
        StateDiverged: the chain contradicts itself, or a batch settled otherwise than the rules say.
        NodeUnavailable: no node answers.
    """
    manifest = load_manifest(settings.manifest_path)
    async with NodePool(settings.node_urls) as nodes:
        block = max(await nodes.block_number() - settings.finality_confirmations, manifest.first_block)
    chain, stored_otherwise = await _read_chain(settings, manifest, block)
    return ChainVerification(
        block=block,
        batches=chain.batch_number,
        fills_settled=chain.fills_settled,
        fills_skipped=chain.fills_skipped,
        groups_settled=chain.groups_settled,
        groups_skipped=chain.groups_skipped,
        views_compared=sum(1 for _ in views(chain.accounts, 0)),
        chain_hash=holdings_hash(chain.balances),
        storage_mismatches=stored_otherwise,
    )


def read_ledger(settings: Settings) -> LedgerReading:
    """The ledger as the database has it, beside whoever writes there."""
    database = open_database(settings.effective_database_url)
    try:
        with reading_sessions(database)() as session:
            totals = {(row.account, row.asset): row.total_units for row in read_balances(session)}
            return LedgerReading(common_sequence(session), totals, audit_ledger(session))
    finally:
        database.dispose()


def engine_totals(rows: list[tuple[int, int, int, int]]) -> dict[tuple[int, int], int]:
    """Available plus reserved units by (account, asset), from the engine's rows."""
    return {(account, asset): available + reserved for account, asset, available, reserved in rows}


def count_differences(one: Mapping[tuple[int, int], int], other: Mapping[tuple[int, int], int]) -> int:
    """How many keys have different units; a missing one counts as zero."""
    return sum(one.get(key, 0) != other.get(key, 0) for key in one.keys() | other.keys())


def holdings_hash(balances: Mapping[Holding, int]) -> str:
    """SHA-256 over (owner, asset, units) of all holdings that are not zero, in order."""
    digest = hashlib.sha256()
    for (owner, asset), units in sorted(balances.items()):
        if units:
            digest.update(owner + asset.to_bytes(2, "big") + units.to_bytes(9, "big", signed=True))
    return digest.hexdigest()


def _books(settings: Settings, block: int) -> SettledBooks:
    books = SettledBooks(block)
    books.follow(replay_events(settings.journal_folder, 0, sys.maxsize))
    return books


async def _read_chain(settings: Settings, manifest: Manifest, block: int) -> tuple[ChainState, int]:
    settlement, address = load_contract("Settlement"), manifest.address("Settlement")
    async with NodePool(settings.node_urls) as nodes:
        state = await ChainReader(nodes, settlement, address, manifest.chain_id).derive(manifest.first_block, block)
        contract = SettlementContract(nodes, settlement, address, manifest.chain_id)
        return state, len(await differences(state.accounts, contract, block))
