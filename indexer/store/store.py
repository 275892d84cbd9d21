"""Store: one database transaction a step.

The expected head, the new blocks, the raw logs, their projections, what a reorg undoes and the cursor move together or
not at all. A step that was worked out from another head than the stored one changes nothing, so two indexers on one
database cannot write anything twice.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.orm import Session

from indexer.blocks import BlockRef, Decoded, Header, IndexedContract
from indexer.project.projection import table_of
from indexer.project.registry import PROJECTIONS
from indexer.project.writer import Writer
from indexer.store.models import IndexerBlock, IndexerContract, IndexerCursor
from offchain.core.database import insert_or_update, reading_sessions, writing_sessions
from offchain.core.errors import ChainError, ConfigurationError

WRITER: Final = Writer(PROJECTIONS, keeps_logs=True)


class StepConflict(ChainError):
    """Another indexer moved the stored head in the meantime; nothing was written."""

    code, name = 6007, "INDEXER_CONFLICT"

    def __init__(self) -> None:
        super().__init__("Another indexer writes to this database.", "Run one indexer for a chain.")


class Progress(NamedTuple):
    """What is stored of one chain. `known` has the block hashes by number, from the final block to the head."""

    head: BlockRef
    head_timestamp_s: int
    final: BlockRef
    reorgs: int
    deepest_reorg: int
    known: Mapping[int, bytes]


class ContractProgress(NamedTuple):
    """How far one contract's logs are stored: with all others, or through a block of its own."""

    joined: bool
    through_number: int
    through_hash: bytes | None


class Step(NamedTuple):
    """What one step writes: blocks with their logs on top of `ancestor`, which is the head unless a reorg is undone."""

    expected_head: BlockRef
    ancestor: BlockRef
    headers: Sequence[Header]
    logs: Decoded
    contracts: Collection[bytes]
    """The addresses whose logs it has. Another indexer may have joined one more in the meantime."""


class Store:
    """The indexer's tables of one chain.

    Args:
        database: where they are, up to date.
        chain_id: the chain.
        contract: the 20-byte address of the deployment's first contract, by which a database is told from another's.
        confirmations: blocks on top of a block that make it final.
    """

    def __init__(self, database: Engine, chain_id: int, contract: bytes, confirmations: int) -> None:
        self._reading = reading_sessions(database)
        self._writing = writing_sessions(database)
        self._chain_id = chain_id
        self._contract = contract
        self.confirmations = confirmations

    def progress(self) -> Progress | None:
        """How far the chain is stored, or nothing where it was never begun.

        Raises:
            ConfigurationError: what is stored belongs to another deployment on this chain.
        """
        with self._reading() as session:
            cursors, blocks = table_of(IndexerCursor), table_of(IndexerBlock)
            cursor = session.execute(select(cursors).where(cursors.c.chain_id == self._chain_id)).first()
            if cursor is None:
                return None
            if cursor.contract != self._contract:
                raise ConfigurationError(
                    f"The database has indexed contract 0x{cursor.contract.hex()} of chain {self._chain_id}, and the "
                    f"deployment manifest names 0x{self._contract.hex()}.",
                    "Use the state folder of this deployment, or start with an empty one.",
                )
            query = select(blocks.c.number, blocks.c.hash, blocks.c.timestamp_s)
            rows = session.execute(query.where(blocks.c.chain_id == self._chain_id)).all()
            return Progress(
                BlockRef(cursor.head_number, cursor.head_hash),
                next(timestamp_s for number, _, timestamp_s in rows if number == cursor.head_number),
                BlockRef(cursor.final_number, cursor.final_hash),
                cursor.reorgs,
                cursor.deepest_reorg,
                {number: block_hash for number, block_hash, _ in rows},
            )

    def contracts(self) -> dict[bytes, ContractProgress]:
        """The contracts whose logs are stored, by address."""
        with self._reading() as session:
            rows = session.scalars(select(IndexerContract).where(IndexerContract.chain_id == self._chain_id))
            return {row.address: ContractProgress(row.joined, row.through_number, row.through_hash) for row in rows}

    def begin(self, anchor: Header, contracts: Sequence[IndexedContract]) -> None:
        """Starts the chain at a block that has no logs of these contracts at or below it."""
        cursor = {
            "chain_id": self._chain_id,
            "contract": self._contract,
            "head_number": anchor.number,
            "head_hash": anchor.hash,
            "final_number": anchor.number,
            "final_hash": anchor.hash,
            "reorgs": 0,
            "deepest_reorg": 0,
        }
        with self._writing.begin() as session:
            begun = insert_or_update(session, table_of(IndexerCursor)).values(cursor).on_conflict_do_nothing()
            if session.execute(begun.returning(table_of(IndexerCursor).c.chain_id)).first() is not None:
                self._add_blocks(session, [anchor])
                for contract in contracts:
                    session.add(self._contract_row(contract, joined=True))

    def add_contract(self, contract: IndexedContract) -> None:
        """Notes a new contract: it joins at once if it has no logs up to the stored head, and else catches up first."""
        with self._writing.begin() as session:
            cursor = self._lock(session)
            if session.get(IndexerContract, (self._chain_id, contract.address)) is None:
                session.add(self._contract_row(contract, joined=contract.first_block > cursor.head_number))

    def apply(self, step: Step) -> None:
        """Writes a step.

        Raises:
            StepConflict: the stored head is not the one that the step was worked out from, or a contract has joined
                whose logs the step does not have.
        """
        with self._writing.begin() as session:
            cursor = self._lock(session)
            if (cursor.head_number, cursor.head_hash) != step.expected_head:
                raise StepConflict
            joined = select(IndexerContract.address).where(
                IndexerContract.chain_id == self._chain_id, IndexerContract.joined
            )
            if not set(session.scalars(joined)) <= set(step.contracts):
                raise StepConflict
            assert cursor.final_number <= step.ancestor.number <= step.expected_head.number
            if step.ancestor != step.expected_head:
                self._undo(session, step.ancestor.number)
                cursor.reorgs += 1
                cursor.deepest_reorg = max(cursor.deepest_reorg, step.expected_head.number - step.ancestor.number)
            head = step.headers[-1].ref if step.headers else step.ancestor
            final_number = max(cursor.final_number, head.number - self.confirmations)
            self._add_blocks(session, [header for header in step.headers if header.number >= final_number])
            WRITER.write(session, self._chain_id, step.logs)
            self._prune_blocks(session, final_number)
            final = session.get_one(IndexerBlock, (self._chain_id, final_number))
            cursor.head_number, cursor.head_hash = head
            cursor.final_number, cursor.final_hash = final.number, final.hash

    def catch_up(self, address: bytes, expected: ContractProgress, headers: Sequence[Header], logs: Decoded) -> None:
        """Writes final blocks' logs of a contract that has not joined yet.

        Raises:
            StepConflict: the contract has not come as far as is expected, or further.
        """
        with self._writing.begin() as session:
            self._lock(session)
            row = session.get(IndexerContract, (self._chain_id, address))
            now = None if row is None else ContractProgress(row.joined, row.through_number, row.through_hash)
            if row is None or row.joined or now != expected:
                raise StepConflict
            WRITER.write(session, self._chain_id, logs)
            row.through_number, row.through_hash = headers[-1].ref

    def join(self, address: bytes) -> bool:
        """Joins a contract that has caught up to the final block to the others.

        What is above the final block is undone, to be read again with the logs of all.

        Returns:
            Whether it has joined, by whichever indexer: not if more has become final, or if what it caught up with
            is not our final chain.
        """
        with self._writing.begin() as session:
            cursor = self._lock(session)
            row = session.get_one(IndexerContract, (self._chain_id, address))
            if row.joined:
                return True
            has_no_final_logs = row.through_hash is None and row.through_number >= cursor.final_number
            is_at_final = (row.through_number, row.through_hash) == (cursor.final_number, cursor.final_hash)
            if not has_no_final_logs and not is_at_final:
                return False
            self._undo(session, cursor.final_number)
            cursor.head_number, cursor.head_hash = cursor.final_number, cursor.final_hash
            row.joined = True
            return True

    def forget(self, address: bytes) -> None:
        """Deletes what was stored of a contract that has not joined, so that it begins again."""
        with self._writing.begin() as session:
            self._lock(session)
            row = session.get_one(IndexerContract, (self._chain_id, address))
            if not row.joined:
                WRITER.forget(session, self._chain_id, address)
                row.through_number, row.through_hash = row.first_block - 1, None

    def _lock(self, session: Session) -> IndexerCursor:
        """The cursor, which whoever writes anything of the chain holds: sums are read before they are written."""
        return session.get_one(IndexerCursor, self._chain_id, with_for_update=True)

    def _contract_row(self, contract: IndexedContract, *, joined: bool) -> IndexerContract:
        return IndexerContract(
            chain_id=self._chain_id,
            address=contract.address,
            name=contract.name,
            first_block=contract.first_block,
            joined=joined,
            through_number=contract.first_block - 1,
            through_hash=None,
        )

    def _undo(self, session: Session, above: int) -> None:
        WRITER.undo(session, self._chain_id, above)
        session.execute(
            delete(IndexerBlock).where(IndexerBlock.chain_id == self._chain_id, IndexerBlock.number > above)
        )

    def _add_blocks(self, session: Session, headers: Collection[Header]) -> None:
        if headers:
            rows = [
                {"chain_id": self._chain_id, "number": h.number, "hash": h.hash, "timestamp_s": h.timestamp_s}
                for h in headers
            ]
            session.execute(insert(IndexerBlock), rows)

    def _prune_blocks(self, session: Session, final_number: int) -> None:
        session.execute(
            delete(IndexerBlock).where(IndexerBlock.chain_id == self._chain_id, IndexerBlock.number < final_number)
        )
