"""Batches: what `Settlement` settled, and the fills and net groups that it skipped."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from indexer.project.projection import EventRow, Projection, by_name
from indexer.project.reading import ContractReader, Mismatch, compare
from indexer.store.models import LogRow
from offchain.core.database import Base, Hash32, Int64


class ChainBatch(LogRow, Base):
    """A `BatchSettled` log."""

    __tablename__ = "chain_batches"

    number: Mapped[int] = mapped_column(Int64, index=True)
    batch_hash: Mapped[bytes] = mapped_column(Hash32)
    journal_root: Mapped[bytes] = mapped_column(Hash32)
    through_sequence: Mapped[int] = mapped_column(Int64)
    fills: Mapped[int] = mapped_column(Int64)
    skipped: Mapped[int] = mapped_column(Int64)


class ChainSkippedFill(LogRow, Base):
    """A `FillSkipped` log."""

    __tablename__ = "chain_skipped_fills"

    number: Mapped[int] = mapped_column(Int64, index=True)
    fill: Mapped[int] = mapped_column(Int64)
    reason: Mapped[int] = mapped_column(Int64)


class ChainSkippedGroup(LogRow, Base):
    """A `NetGroupSkipped` log."""

    __tablename__ = "chain_skipped_groups"

    number: Mapped[int] = mapped_column(Int64, index=True)
    net_group: Mapped[int] = mapped_column(Int64)
    reason: Mapped[int] = mapped_column(Int64)
    item: Mapped[int] = mapped_column(Int64)


async def _check(session: Session, chain_id: int, reader: ContractReader) -> list[Mismatch]:
    """The last batch is the contract's last, and the numbers before it have no gap."""
    query = (
        select(ChainBatch.number, ChainBatch.batch_hash)
        .where(ChainBatch.chain_id == chain_id, ChainBatch.block_number <= reader.block_number)
        .order_by(ChainBatch.block_number, ChainBatch.log_index)
    )
    batches = session.execute(query).all()
    number, batch_hash = batches[-1] if batches else (0, bytes(32))
    return [
        *compare("batches without a gap", [row.number for row in batches], list(range(1, len(batches) + 1))),
        *compare("number of the last batch", number, await reader.read("batchNumber")),
        *compare("hash of the last batch", batch_hash, await reader.read("batchHash")),
    ]


BATCHES: Final = Projection(
    name="batches",
    contracts=frozenset({"Settlement"}),
    events={
        "BatchSettled": EventRow(
            ChainBatch,
            *by_name(
                "number",
                "fills",
                "skipped",
                batch_hash="batchHash",
                journal_root="journalRoot",
                through_sequence="throughSequence",
            ),
        ),
        "FillSkipped": EventRow(ChainSkippedFill, *by_name("number", "fill", "reason")),
        "NetGroupSkipped": EventRow(ChainSkippedGroup, *by_name("number", "reason", "item", net_group="group")),
    },
    check=_check,
)
