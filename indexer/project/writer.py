"""The writer: from decoded logs to rows of all tables, and back when a block is undone."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import BigInteger, Integer, delete, select, tuple_
from sqlalchemy.orm import Session

from indexer.blocks import DecodedLog
from indexer.project.projection import EventRow, Projection, table_of
from indexer.store.bulk import BulkInsert, Row
from indexer.store.models import LOG_COLUMNS, LOG_KEY, IndexerLog, LogRow
from offchain.core.money import UNITS_MAX

_PAGE_ROWS: Final = 5_000
_RAW_COLUMNS: Final = (*LOG_COLUMNS, "contract", "topics", "data", "event", "error")


class Writer:
    """Writes what some projections make of logs, and, if asked, the logs themselves.

    All rows of a table go in at once, by `BulkInsert`.
    """

    def __init__(self, projections: Sequence[Projection], *, keeps_logs: bool) -> None:
        self._keeps_logs = keeps_logs
        self._projections = projections
        self._rows = {
            (contract, event): (row, _integers(row))
            for projection in projections
            for contract in projection.contracts
            for event, row in projection.events.items()
        }
        self._inserts = {
            row.model: BulkInsert(table_of(row.model), (*LOG_COLUMNS, *row.columns)) for row, _ in self._rows.values()
        }
        self._insert_logs = BulkInsert(table_of(IndexerLog), _RAW_COLUMNS)

    @property
    def models(self) -> list[type[LogRow]]:
        """The tables that it writes rows of logs to."""
        return [*([IndexerLog] if self._keeps_logs else []), *self._inserts]

    def write(self, session: Session, chain_id: int, logs: Sequence[DecodedLog]) -> None:
        """Writes what the logs of some new blocks make, table by table."""
        raw_rows: list[Row] = []
        rows: dict[type[LogRow], list[Row]] = {model: [] for model in self._inserts}
        for log in logs:
            raw, error = log.raw, log.error
            key = (chain_id, raw.block_number, raw.log_index, raw.block_hash, raw.transaction_hash, raw.timestamp_s)
            wanted = None if error else self._rows.get((log.contract, log.event))
            if wanted is not None:
                row, places = wanted
                values = row.values(log)
                for place in places:
                    if values[place] > UNITS_MAX:
                        error = f"{log.event}.{row.columns[place]} {values[place]} does not fit 63 bits"
                if not error:
                    rows[row.model].append(key + values)
            raw_rows.append((*key, raw.contract, raw.topics, raw.data, "" if error else log.event, error))
        if self._keeps_logs:
            self._insert_logs.write(session, raw_rows)
        for model, batch in rows.items():
            self._inserts[model].write(session, batch)
        for projection in self._projections:
            if projection.fold is not None and rows[projection.fold.model]:
                projection.fold.add(session, chain_id, rows[projection.fold.model])

    def undo(self, session: Session, chain_id: int, above: int) -> None:
        """Deletes every row of the blocks above a number, and what was made of it."""
        for projection in self._projections:
            if projection.fold is not None:
                projection.fold.undo(session, chain_id, above)
        for model in self.models:
            table = table_of(model)
            session.execute(delete(table).where(table.c.chain_id == chain_id, table.c.block_number > above))

    def forget(self, session: Session, chain_id: int, contract: bytes) -> None:
        """Deletes every row of the logs of a contract, the logs last, and makes again what sums up the others."""
        keys = [table_of(IndexerLog).c[name] for name in LOG_KEY]
        of_contract = select(*keys).where(IndexerLog.chain_id == chain_id, IndexerLog.contract == contract)
        for model in reversed(self.models):
            table = table_of(model)
            place = tuple_(*(table.c[name] for name in LOG_KEY))
            session.execute(delete(table).where(table.c.chain_id == chain_id, place.in_(of_contract)))
        self.fold_again(session, chain_id)

    def fold_again(self, session: Session, chain_id: int) -> None:
        """Makes the sums of rows again from the rows."""
        for projection in self._projections:
            if projection.fold is None:
                continue
            sums, table = table_of(projection.fold.table), table_of(projection.fold.model)
            session.execute(delete(sums).where(sums.c.chain_id == chain_id))
            columns = next(row.columns for row, _ in self._rows.values() if row.model is projection.fold.model)
            query = select(*(table.c[name] for name in (*LOG_COLUMNS, *columns))).where(table.c.chain_id == chain_id)
            pages = session.execute(query.order_by(table.c.block_number, table.c.log_index)).partitions(_PAGE_ROWS)
            for rows in list(pages) if session.get_bind().dialect.name == "sqlite" else pages:
                projection.fold.add(session, chain_id, [tuple(row) for row in rows])


def _integers(row: EventRow) -> tuple[int, ...]:
    """The places of the values that must fit the 63 bits of a column. The contracts keep amounts within them."""
    table = table_of(row.model)
    return tuple(
        place for place, name in enumerate(row.columns) if isinstance(table.c[name].type, BigInteger | Integer)
    )
