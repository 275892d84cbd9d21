"""Tables of the indexer. Every row of a log is keyed by (chain, block hash, log index): it can exist once only.

`indexer_*` is the indexer's own record of the chain; `chain_*` are projections of it, and can be rebuilt from
`indexer_logs`. Rows of blocks that are not final yet disappear when a reorg replaces their block.
"""

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from offchain.core.database import Address, Base, Hash32, Int64, WideInteger


class IndexerCursor(Base):
    """How far one chain has been read: one row a chain, moved in the transaction of every step."""

    __tablename__ = "indexer_cursors"

    chain_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    contract: Mapped[bytes] = mapped_column(Address)
    """The Settlement contract whose logs these are."""
    head_number: Mapped[int] = mapped_column(Int64)
    head_hash: Mapped[bytes] = mapped_column(Hash32)
    final_number: Mapped[int] = mapped_column(Int64)
    final_hash: Mapped[bytes] = mapped_column(Hash32)
    reorgs: Mapped[int] = mapped_column(Int64)
    deepest_reorg: Mapped[int] = mapped_column(Int64)
    """Blocks replaced by the deepest reorg."""


class IndexerBlock(Base):
    """A block that a reorg could still replace, and the last final one below them."""

    __tablename__ = "indexer_blocks"

    chain_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(Hash32)
    timestamp_s: Mapped[int] = mapped_column(Int64)


class _LogRow:
    """The columns by which every row says which log it comes from, and when."""

    chain_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    block_hash: Mapped[bytes] = mapped_column(Hash32, primary_key=True)
    log_index: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    block_number: Mapped[int] = mapped_column(Int64)
    transaction_hash: Mapped[bytes] = mapped_column(Hash32)
    timestamp_s: Mapped[int] = mapped_column(Int64)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Index, ...]:  # noqa: N805 - SQLAlchemy passes the class
        return (Index(None, "chain_id", "block_number", "log_index"),)


class IndexerLog(_LogRow, Base):
    """A log of the contract, raw. `event` is empty and `error` says why where it could not be decoded."""

    __tablename__ = "indexer_logs"

    topics: Mapped[bytes] = mapped_column(LargeBinary)
    """All topics, 32 bytes each."""
    data: Mapped[bytes] = mapped_column(LargeBinary)
    event: Mapped[str] = mapped_column(String(64))
    error: Mapped[str] = mapped_column(String(300))


class ChainDeposit(_LogRow, Base):
    """A `Deposited` log."""

    __tablename__ = "chain_deposits"

    owner: Mapped[bytes] = mapped_column(Address, index=True)
    asset: Mapped[int] = mapped_column(Int64)
    amount: Mapped[int] = mapped_column(Int64)
    """Ledger units."""


class ChainPayout(_LogRow, Base):
    """A `Withdrawn`, `Exited` or `FeesCollected` log: tokens that left the contract. Only the first has a nonce."""

    __tablename__ = "chain_payouts"

    owner: Mapped[bytes] = mapped_column(Address, index=True)
    asset: Mapped[int] = mapped_column(Int64)
    amount: Mapped[int] = mapped_column(Int64)
    """Ledger units."""
    nonce: Mapped[int | None] = mapped_column(WideInteger)


class ChainRequest(_LogRow, Base):
    """What an owner did without the exchange's consent, and its end; fields that the event does not have are 0.

    `event` is `ExitRequested`, `ExitCancelled`, `CancelRequested` or `CancelFloorRaised`.
    """

    __tablename__ = "chain_requests"

    event: Mapped[str] = mapped_column(String(64))
    owner: Mapped[bytes] = mapped_column(Address, index=True)
    asset: Mapped[int] = mapped_column(Int64)
    floor: Mapped[int] = mapped_column(Int64)
    effective_at_s: Mapped[int] = mapped_column(Int64)


class ChainBatch(_LogRow, Base):
    """A `BatchSettled` log."""

    __tablename__ = "chain_batches"

    number: Mapped[int] = mapped_column(Int64, index=True)
    batch_hash: Mapped[bytes] = mapped_column(Hash32)
    journal_root: Mapped[bytes] = mapped_column(Hash32)
    through_sequence: Mapped[int] = mapped_column(Int64)
    fills: Mapped[int] = mapped_column(Int64)
    skipped: Mapped[int] = mapped_column(Int64)


class ChainSkippedFill(_LogRow, Base):
    """A `FillSkipped` log."""

    __tablename__ = "chain_skipped_fills"

    number: Mapped[int] = mapped_column(Int64, index=True)
    fill: Mapped[int] = mapped_column(Int64)
    reason: Mapped[int] = mapped_column(Int64)
