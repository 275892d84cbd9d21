"""What is read of the stored logs: final ones to publish, deposits that are not credited yet, and counts."""

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Engine, Select, func, select, text, tuple_, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from indexer.blocks import RawLog
from indexer.project.batches import ChainSkippedFill, ChainSkippedGroup
from indexer.project.funds import ChainDeposit
from indexer.project.projection import table_of
from indexer.store.models import IndexerCursor, IndexerLog, LogRow
from offchain.core.commands import SkippedFill, SkippedGroup
from offchain.core.database import reading_sessions

LogPosition = tuple[int, int]
"""Block number and log index."""
RAW_LOG: Final[tuple[ColumnElement[Any], ...]] = tuple(
    type_coerce(table_of(IndexerLog).c[name], NullType()) for name in RawLog.__struct_fields__
)
"""The columns of a log, in the order of `RawLog`, as the drivers have them, which is as Python has them."""


BatchPlace = tuple[bytes, int]
"""Transaction hash and batch number."""
_Row = TypeVar("_Row", bound=LogRow)


_WINDOW_BLOCKS_START: Final = 16
_WINDOW_BLOCKS_MAX: Final = 2**20


class Unreadable(NamedTuple):
    """How many stored logs could not be decoded, when the newest block was this one."""

    logs: int
    head_hash: bytes


class Skipped(NamedTuple):
    """What the contract left out of a batch."""

    fills: list[SkippedFill]
    groups: list[SkippedGroup]


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


class StoredLogs:
    """The stored logs of one chain.

    Args:
        database: where they are.
        chain_id: the chain.
        contract: whose logs are facts for the exchange.
        confirmations: blocks on top of a block that make it final.
    """

    def __init__(self, database: Engine, chain_id: int, contract: bytes, confirmations: int) -> None:
        self._reading = reading_sessions(database)
        self._chain_id = chain_id
        self._contract = contract
        self._confirmations = confirmations
        self._window_blocks = _WINDOW_BLOCKS_START

    def final_logs(self, after: LogPosition, events: Collection[str], limit: int) -> list[RawLog]:
        """The final logs of some events of the contract after a position, in order."""
        found: list[RawLog] = []
        with self._reading() as session:
            cursors = table_of(IndexerCursor)
            query = select(cursors.c.final_number).where(cursors.c.chain_id == self._chain_id)
            final = session.scalar(query)
            if final is None:
                return []
            # A window of blocks after the other: a database without statistics would sort all that is left for a page.
            while len(found) < limit and after[0] <= final:
                last = min(final, max(0, after[0]) + self._window_blocks)
                page = self._window(session, after, last, events, limit - len(found))
                found += page
                if len(found) == limit:
                    self._window_blocks = max(1, self._window_blocks // 2)
                else:
                    self._window_blocks = min(_WINDOW_BLOCKS_MAX, 2 * self._window_blocks)
                    after = (last + 1, -1)
        return found

    def _window(
        self, session: Session, after: LogPosition, last: int, events: Collection[str], limit: int
    ) -> list[RawLog]:
        logs = table_of(IndexerLog)
        query = (
            select(*RAW_LOG)
            .where(logs.c.chain_id == self._chain_id, logs.c.block_number <= last)
            .where(tuple_(logs.c.block_number, logs.c.log_index) > tuple_(*after))
            .where(logs.c.contract == self._contract, logs.c.event.in_(events))
            .order_by(logs.c.block_number, logs.c.log_index)
            .limit(limit)
        )
        # The driver's own rows: SQLAlchemy's would cost as much again, and nothing of theirs is used.
        cursor = session.connection().execute(query).cursor
        assert cursor is not None
        return [RawLog(*row) for row in cursor.fetchall()]

    def skipped(self, logs: Sequence[RawLog]) -> dict[BatchPlace, Skipped]:
        """What was skipped in the transactions of some logs."""
        numbers = {log.block_number for log in logs}
        found: dict[BatchPlace, Skipped] = {}
        with self._reading() as session:
            for fill in session.scalars(self._of_blocks(ChainSkippedFill, numbers)):
                of_batch = found.setdefault((fill.transaction_hash, fill.number), Skipped([], []))
                of_batch.fills.append(SkippedFill(fill.fill, fill.reason))
            for group in session.scalars(self._of_blocks(ChainSkippedGroup, numbers)):
                of_batch = found.setdefault((group.transaction_hash, group.number), Skipped([], []))
                of_batch.groups.append(SkippedGroup(group.net_group, group.reason, group.item))
        return found

    def _of_blocks(self, model: type[_Row], numbers: Collection[int]) -> Select[_Row]:
        query = select(model).where(model.chain_id == self._chain_id, model.block_number.in_(numbers))
        return query.order_by(model.block_number, model.log_index)

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
                    min(head - row.block_number, self._confirmations),
                    self._confirmations,
                )
                for row, head in session.execute(query)
            ]

    def unreadable_logs(self) -> Unreadable:
        """How many logs could not be decoded."""
        # As the index says it, letter by letter, so that it is used.
        unreadable = text("error <> ''")
        logs = select(func.count(IndexerLog.log_index)).where(IndexerLog.chain_id == self._chain_id, unreadable)
        # In one statement, so that both are of one moment.
        query = select(logs.scalar_subquery(), IndexerCursor.head_hash)
        with self._reading() as session:
            return Unreadable(*session.execute(query.where(IndexerCursor.chain_id == self._chain_id)).one())
