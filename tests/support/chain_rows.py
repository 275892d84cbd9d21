"""Rows of the indexer's tables as if logs had told them, for tests of who reads these tables."""

from typing import Any, Final

from sqlalchemy import Engine, delete

from indexer.store.models import IndexerBlock, IndexerCursor, LogRow
from offchain.core.database import writing_sessions

CHAIN_ID: Final = 31337
START_S: Final = 1_800_000_000
BLOCK_S: Final = 10


class ChainRows:
    """A chain of which only rows are known: block n has the time START_S + BLOCK_S * n."""

    def __init__(self, database: Engine) -> None:
        self._sessions = writing_sessions(database)
        self._logs = 0

    def add(self, block: int, *rows: LogRow) -> None:
        """Adds rows of a block."""
        with self._sessions.begin() as session:
            for row in rows:
                self._logs += 1
                row.chain_id, row.block_number, row.log_index = CHAIN_ID, block, self._logs
                row.block_hash = block.to_bytes(32)
                row.transaction_hash, row.timestamp_s = self._logs.to_bytes(32), time_of(block)
                session.add(row)

    def undo(self, above: int, *models: type[LogRow]) -> None:
        """Removes the rows of the blocks above a number, as a reorg does."""
        with self._sessions.begin() as session:
            for model in models:
                session.execute(delete(model).where(model.chain_id == CHAIN_ID, model.block_number > above))

    def put(self, *rows: Any) -> None:
        """Adds or replaces rows that are no logs'."""
        with self._sessions.begin() as session:
            for row in rows:
                session.merge(row)

    def head(self, block: int, *, final: int, branch: int = 0) -> None:
        """Says at which block the tables stand."""
        block_hash = bytes([branch]) + block.to_bytes(31)
        cursor = IndexerCursor(
            chain_id=CHAIN_ID,
            contract=bytes(20),
            head_number=block,
            head_hash=block_hash,
            final_number=final,
            final_hash=bytes(32),
            reorgs=0,
            deepest_reorg=0,
        )
        self.put(cursor, IndexerBlock(chain_id=CHAIN_ID, number=block, hash=block_hash, timestamp_s=time_of(block)))


def time_of(block: int) -> int:
    """The time of a block."""
    return START_S + BLOCK_S * block
