"""Store: one database transaction a step.

The expected head, the new blocks, the raw logs, their projections, what a reorg undoes and the cursor move together or
not at all. A step that was worked out from another head than the stored one changes nothing, so two indexers on one
database cannot write anything twice.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Engine, delete, func, insert, select, tuple_
from sqlalchemy.orm import Session

from indexer import project
from indexer.decode import DecodedLog
from indexer.fetch import BlockRef, Header, RawLog
from indexer.models import ChainDeposit, ChainSkippedFill, IndexerBlock, IndexerCursor, IndexerLog
from offchain.core.commands import SkippedFill
from offchain.core.database import insert_or_update, reading_sessions, writing_sessions
from offchain.core.errors import ChainError, ConfigurationError

LogPosition = tuple[int, int]
"""Block number and log index."""
_WORD = 32


class StepConflict(ChainError):
    """Another indexer moved the stored head in the meantime; nothing was written."""

    code, name = 6007, "INDEXER_CONFLICT"


class Progress(NamedTuple):
    """What is stored of one chain. `known` has the block hashes by number, from the final block to the head."""

    head: BlockRef
    head_timestamp_s: int
    final: BlockRef
    reorgs: int
    deepest_reorg: int
    known: Mapping[int, bytes]


class Step(NamedTuple):
    """What one step writes: blocks with their logs on top of `ancestor`, which is the head unless a reorg is undone."""

    expected_head: BlockRef
    ancestor: BlockRef
    headers: Sequence[Header]
    logs: Sequence[DecodedLog]


class PendingDeposit(NamedTuple):
    """A deposit that is on chain and not credited yet: it has `confirmations` blocks on top of the `required`."""

    asset: int
    amount_units: int
    block_number: int
    log_index: int
    transaction_hash: bytes
    timestamp_s: int
    confirmations: int
    required: int


class Store:
    """The indexer's tables of one chain.

    Args:
        engine: the database, with its tables up to date.
        chain_id: the chain.
        contract: the 20-byte address whose logs are stored.
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
            cursor = session.get(IndexerCursor, self._chain_id)
            if cursor is None:
                return None
            if cursor.contract != self._contract:
                raise ConfigurationError(
                    f"The database has indexed contract 0x{cursor.contract.hex()} of chain {self._chain_id}, and the "
                    f"deployment manifest names 0x{self._contract.hex()}.",
                    "Use the state folder of this deployment, or start with an empty one.",
                )
            blocks = session.scalars(select(IndexerBlock).where(IndexerBlock.chain_id == self._chain_id)).all()
            return Progress(
                BlockRef(cursor.head_number, cursor.head_hash),
                next(block.timestamp_s for block in blocks if block.number == cursor.head_number),
                BlockRef(cursor.final_number, cursor.final_hash),
                cursor.reorgs,
                cursor.deepest_reorg,
                {block.number: block.hash for block in blocks},
            )

    def begin(self, anchor: Header) -> None:
        """Starts the chain at a block that has no logs of ours at or below it."""
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
            begun = insert_or_update(session, project.table_of(IndexerCursor)).values(cursor).on_conflict_do_nothing()
            if session.execute(begun.returning(project.table_of(IndexerCursor).c.chain_id)).first() is not None:
                self._add_blocks(session, [anchor])

    def apply(self, step: Step) -> None:
        """Writes a step.

        Raises:
            StepConflict: the stored head is not the one that the step was worked out from.
        """
        with self._writing.begin() as session:
            cursor = session.scalar(
                select(IndexerCursor).where(IndexerCursor.chain_id == self._chain_id).with_for_update()
            )
            if cursor is None or (cursor.head_number, cursor.head_hash) != step.expected_head:
                raise StepConflict("Another indexer writes to this database.", "Run one indexer for a chain.")
            assert cursor.final_number <= step.ancestor.number <= step.expected_head.number
            if step.ancestor != step.expected_head:
                self._undo(session, cursor, step)
            head = step.headers[-1].ref if step.headers else step.ancestor
            final_number = max(cursor.final_number, head.number - self.confirmations)
            self._add_blocks(session, [header for header in step.headers if header.number >= final_number])
            project.write(session, self._chain_id, step.logs)
            self._prune_blocks(session, final_number)
            final = session.get_one(IndexerBlock, (self._chain_id, final_number))
            cursor.head_number, cursor.head_hash = head
            cursor.final_number, cursor.final_hash = final.number, final.hash

    def final_logs(self, after: LogPosition, events: Collection[str], limit: int) -> list[RawLog]:
        """The final logs of some events after a position, in order."""
        place = tuple_(IndexerLog.block_number, IndexerLog.log_index)
        query = (
            select(IndexerLog)
            .join(IndexerCursor, IndexerCursor.chain_id == IndexerLog.chain_id)
            .where(IndexerLog.chain_id == self._chain_id, IndexerLog.block_number <= IndexerCursor.final_number)
            .where(place > tuple_(*after), IndexerLog.event.in_(events))
            .order_by(IndexerLog.block_number, IndexerLog.log_index)
            .limit(limit)
        )
        with self._reading() as session:
            return [_raw(row) for row in session.scalars(query)]

    def skipped_fills(self, logs: Sequence[RawLog]) -> dict[tuple[bytes, int], list[SkippedFill]]:
        """The fills skipped in the transactions of some logs, by transaction hash and batch number."""
        query = (
            select(ChainSkippedFill)
            .where(ChainSkippedFill.chain_id == self._chain_id)
            .where(ChainSkippedFill.block_number.in_({log.block_number for log in logs}))
            .order_by(ChainSkippedFill.block_number, ChainSkippedFill.log_index)
        )
        skipped: dict[tuple[bytes, int], list[SkippedFill]] = {}
        with self._reading() as session:
            for row in session.scalars(query):
                skips = skipped.setdefault((row.transaction_hash, row.number), [])
                skips.append(SkippedFill(row.fill, row.reason))
        return skipped

    def pending_deposits(self, owner: bytes, after: LogPosition) -> list[PendingDeposit]:
        """The owner's deposits after a position, oldest first."""
        query = (
            select(ChainDeposit, IndexerCursor.head_number)
            .join(IndexerCursor, IndexerCursor.chain_id == ChainDeposit.chain_id)
            .where(ChainDeposit.chain_id == self._chain_id, ChainDeposit.owner == owner)
            .where(tuple_(ChainDeposit.block_number, ChainDeposit.log_index) > tuple_(*after))
            .order_by(ChainDeposit.block_number, ChainDeposit.log_index)
        )
        with self._reading() as session:
            return [
                PendingDeposit(
                    row.asset,
                    row.amount,
                    row.block_number,
                    row.log_index,
                    row.transaction_hash,
                    row.timestamp_s,
                    min(head - row.block_number, self.confirmations),
                    self.confirmations,
                )
                for row, head in session.execute(query)
            ]

    def unreadable_logs(self) -> int:
        """How many logs of the contract could not be decoded."""
        query = select(func.count()).where(IndexerLog.chain_id == self._chain_id, IndexerLog.error != "")
        with self._reading() as session:
            return session.scalar(query) or 0

    def _undo(self, session: Session, cursor: IndexerCursor, step: Step) -> None:
        project.undo(session, self._chain_id, step.ancestor.number)
        session.execute(
            delete(IndexerBlock).where(
                IndexerBlock.chain_id == self._chain_id, IndexerBlock.number > step.ancestor.number
            )
        )
        cursor.reorgs += 1
        cursor.deepest_reorg = max(cursor.deepest_reorg, step.expected_head.number - step.ancestor.number)

    def _add_blocks(self, session: Session, headers: Sequence[Header]) -> None:
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


def _raw(row: IndexerLog) -> RawLog:
    topics = tuple(row.topics[start : start + _WORD] for start in range(0, len(row.topics), _WORD))
    return RawLog(
        row.block_number, row.block_hash, row.transaction_hash, row.log_index, row.timestamp_s, topics, row.data
    )
