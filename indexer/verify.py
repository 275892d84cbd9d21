"""Verify: the projections of a chain against the contracts' storage at the last final block."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Engine, func, select

from indexer.blocks import IndexedContract
from indexer.project.projection import table_of
from indexer.project.reading import ContractReader, Mismatch
from indexer.project.registry import PROJECTIONS
from indexer.store.models import IndexerContract, IndexerCursor, IndexerLog
from offchain.chain.node import NodePool
from offchain.core.database import reading_sessions
from offchain.core.errors import ChainError


class Checked(msgspec.Struct, frozen=True):
    """A projection compared with a contract."""

    projection: str
    contract: str
    mismatches: tuple[Mismatch, ...]


class Verified(msgspec.Struct, frozen=True):
    """All of a chain's projections as of a block."""

    chain_id: int
    block: int
    checked: tuple[Checked, ...]

    @property
    def is_clean(self) -> bool:
        """Whether everything agrees."""
        return not any(one.mismatches for one in self.checked)


class ContractStatus(msgspec.Struct, frozen=True):
    """One indexed contract, as it is stored."""

    name: str
    address: str
    first_block: int
    joined: bool
    through_block: int


class StoredStatus(msgspec.Struct, frozen=True):
    """How far one chain is stored. What a running indexer does now is told by the exchange's status page."""

    chain_id: int
    head: int
    final: int
    reorgs: int
    deepest_reorg: int
    logs: int
    unreadable_logs: int
    contracts: tuple[ContractStatus, ...]
    rows: dict[str, int]
    """The rows of every table of the projections."""


async def verify(database: Engine, chain_id: int, contracts: Sequence[IndexedContract], nodes: NodePool) -> Verified:
    """Compares every projection with the storage of its contracts at the last final block.

    Raises:
        ChainError: the chain was never indexed, or the node no longer has the state of that block.
    """
    with reading_sessions(database)() as session:
        cursor = session.get(IndexerCursor, chain_id)
        if cursor is None:
            raise ChainError(f"Chain {chain_id} was never indexed.", "Start the exchange.")
        checked = []
        rows = session.scalars(select(IndexerContract).where(IndexerContract.chain_id == chain_id))
        # A contract that is above the final block has nothing to be asked there.
        there = {row.address for row in rows if row.joined and row.first_block <= cursor.final_number}
        for contract in contracts:
            reader = ContractReader(nodes, contract, cursor.final_number)
            for projection in PROJECTIONS:
                if contract.address in there and contract.name in projection.contracts:
                    found = await projection.check(session, chain_id, reader)
                    checked.append(Checked(projection.name, contract.name, tuple(found)))
        return Verified(chain_id, cursor.final_number, tuple(checked))


def stored_status(database: Engine, chain_id: int) -> StoredStatus:
    """How far a chain is stored.

    Raises:
        ChainError: it was never indexed.
    """
    with reading_sessions(database)() as session:
        cursor = session.get(IndexerCursor, chain_id)
        if cursor is None:
            raise ChainError(f"Chain {chain_id} was never indexed.", "Start the exchange.")
        logs = select(func.count()).where(IndexerLog.chain_id == chain_id)
        known = session.scalars(select(IndexerContract).where(IndexerContract.chain_id == chain_id)).all()
        tables = [table_of(model) for projection in PROJECTIONS for model in projection.models]
        tables += [table_of(projection.fold.table) for projection in PROJECTIONS if projection.fold is not None]
        return StoredStatus(
            chain_id,
            cursor.head_number,
            cursor.final_number,
            cursor.reorgs,
            cursor.deepest_reorg,
            session.scalar(logs) or 0,
            session.scalar(logs.where(IndexerLog.error != "")) or 0,
            tuple(
                ContractStatus(
                    row.name,
                    "0x" + row.address.hex(),
                    row.first_block,
                    row.joined,
                    cursor.head_number if row.joined else row.through_number,
                )
                for row in known
            ),
            {
                table.name: session.scalar(select(func.count()).where(table.c.chain_id == chain_id)) or 0
                for table in tables
            },
        )
