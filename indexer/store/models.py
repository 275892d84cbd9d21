"""Tables of the indexer's own record of the chain. The projections of its logs have theirs in `indexer/project/`.

Every row of a log is keyed by (chain, block, log index), the block by its number and hash: it can exist once only, and
the key has the order of the chain. Rows of blocks that are not final yet disappear when a reorg replaces their block.
"""

from sqlalchemy import Boolean, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from offchain.core.database import Address, Base, Hash32, Int64


class IndexerCursor(Base):
    """How far one chain has been read: one row a chain, moved in the transaction of every step."""

    __tablename__ = "indexer_cursors"

    chain_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    contract: Mapped[bytes] = mapped_column(Address)
    """The first contract of the deployment; a database belongs to one."""
    head_number: Mapped[int] = mapped_column(Int64)
    head_hash: Mapped[bytes] = mapped_column(Hash32)
    final_number: Mapped[int] = mapped_column(Int64)
    final_hash: Mapped[bytes] = mapped_column(Hash32)
    reorgs: Mapped[int] = mapped_column(Int64)
    deepest_reorg: Mapped[int] = mapped_column(Int64)
    """Blocks replaced by the deepest reorg."""


class IndexerContract(Base):
    """A contract whose logs are kept. One that was added later catches up by itself before it joins the others."""

    __tablename__ = "indexer_contracts"

    chain_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    address: Mapped[bytes] = mapped_column(Address, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    first_block: Mapped[int] = mapped_column(Int64)
    joined: Mapped[bool] = mapped_column(Boolean)
    """It is read with the others, up to the cursor's head."""
    through_number: Mapped[int] = mapped_column(Int64)
    """The last block that it has caught up with, while it has not joined."""
    through_hash: Mapped[bytes | None] = mapped_column(Hash32)


class IndexerBlock(Base):
    """A block that a reorg could still replace, and the last final one below them."""

    __tablename__ = "indexer_blocks"

    chain_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(Hash32)
    timestamp_s: Mapped[int] = mapped_column(Int64)


class LogRow:
    """The columns by which every row says which log it comes from, and when."""

    chain_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    block_number: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    log_index: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    block_hash: Mapped[bytes] = mapped_column(Hash32, primary_key=True)
    transaction_hash: Mapped[bytes] = mapped_column(Hash32)
    timestamp_s: Mapped[int] = mapped_column(Int64)


LOG_KEY = ("chain_id", "block_number", "log_index", "block_hash")
"""The key of `LogRow`."""
LOG_COLUMNS = (*LOG_KEY, "transaction_hash", "timestamp_s")
"""The columns of `LogRow`, in the order in which rows are written."""


UNREADABLE = "ix_indexer_logs_unreadable"
"""The index of the few logs that could not be decoded: counting them must not read all."""


class IndexerLog(LogRow, Base):
    """A log of a contract, raw. `event` is empty and `error` says why where it could not be decoded."""

    __tablename__ = "indexer_logs"

    contract: Mapped[bytes] = mapped_column(Address)
    topics: Mapped[bytes] = mapped_column(LargeBinary)
    """All topics, 32 bytes each."""
    data: Mapped[bytes] = mapped_column(LargeBinary)
    event: Mapped[str] = mapped_column(String(64))
    error: Mapped[str] = mapped_column(String(300))

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Index, ...]:  # noqa: N805 - SQLAlchemy passes the class
        unreadable = text("error <> ''")
        return (Index(UNREADABLE, "chain_id", postgresql_where=unreadable, sqlite_where=unreadable),)
