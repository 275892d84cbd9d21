"""Rebuild: a projection made again from the raw logs, and a comparison of what was there with what is there now."""

import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec
from sqlalchemy import Engine, Table, delete, select, tuple_
from sqlalchemy.orm import Session

from indexer.blocks import Decoded, IndexedContract, RawLog
from indexer.decode import Decoder
from indexer.project.projection import Projection, table_of
from indexer.project.registry import PROJECTIONS
from indexer.project.writer import Writer
from indexer.store.models import IndexerCursor, IndexerLog
from indexer.store.reading import RAW_LOG, LogPosition
from offchain.core.database import writing_sessions
from offchain.core.errors import InvalidRequest

_PAGE_LOGS: Final = 5_000


class RebuiltTable(msgspec.Struct, frozen=True):
    """A table before and after. It is `same` when each row is what it was, in the same order."""

    table: str
    rows_before: int
    rows: int
    same: bool


class Rebuilt(msgspec.Struct, frozen=True):
    """A projection that was made again."""

    projection: str
    chain_id: int
    tables: tuple[RebuiltTable, ...]

    @property
    def is_same(self) -> bool:
        """Whether it was right before."""
        return all(table.same for table in self.tables)


def projection_named(name: str) -> Projection:
    """The projection of a name.

    Raises:
        InvalidRequest: there is none.
    """
    for projection in PROJECTIONS:
        if projection.name == name:
            return projection
    names = ", ".join(projection.name for projection in PROJECTIONS)
    raise InvalidRequest(f"There is no projection {name} of the chain.", f"Choose from {names}.")


def rebuild(database: Engine, chain_id: int, contracts: tuple[IndexedContract, ...], projection: Projection) -> Rebuilt:
    """Makes a projection of a chain again from the raw logs, in one transaction.

    The indexer may be running: its steps wait until this is done.
    """
    read = tuple(contract for contract in contracts if contract.name in projection.contracts)
    writer, decoder = Writer([projection], keeps_logs=False), Decoder(read)
    tables = [table_of(model) for model in projection.models]
    if projection.fold is not None:
        tables.append(table_of(projection.fold.table))
    with writing_sessions(database).begin() as session:
        session.get(IndexerCursor, chain_id, with_for_update=True)
        before = {table.name: _digest(session, table, chain_id) for table in tables}
        for table in tables:
            session.execute(delete(table).where(table.c.chain_id == chain_id))
        for logs in _pages(session, chain_id, read):
            # One by one, as a step does not make them: so this tells whether steps make them right.
            writer.write(session, chain_id, Decoded((), decoder.decode_all(logs)))
        after = {table.name: _digest(session, table, chain_id) for table in tables}
    return Rebuilt(
        projection.name,
        chain_id,
        tuple(RebuiltTable(str(name), before[name][0], after[name][0], before[name] == after[name]) for name in before),
    )


def _pages(session: Session, chain_id: int, contracts: tuple[IndexedContract, ...]) -> Iterator[list[RawLog]]:
    logs = table_of(IndexerLog)
    place: LogPosition = (-1, -1)
    while True:
        query = (
            select(*RAW_LOG)
            .where(logs.c.chain_id == chain_id, logs.c.contract.in_([contract.address for contract in contracts]))
            .where(tuple_(logs.c.block_number, logs.c.log_index) > tuple_(*place))
            .order_by(logs.c.block_number, logs.c.log_index)
            .limit(_PAGE_LOGS)
        )
        page = [RawLog(*row) for row in session.execute(query)]
        if not page:
            return
        yield page
        place = (page[-1].block_number, page[-1].log_index)


def _digest(session: Session, table: Table, chain_id: int) -> tuple[int, bytes]:
    """The number of a table's rows, and a hash of them in the order of their keys."""
    digest, rows = hashlib.blake2b(), 0
    query = select(table).where(table.c.chain_id == chain_id).order_by(*table.primary_key.columns)
    for row in session.execute(query.execution_options(yield_per=_PAGE_LOGS)):
        digest.update(repr(tuple(row)).encode())
        rows += 1
    return rows, digest.digest()
