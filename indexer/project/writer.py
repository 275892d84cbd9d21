"""The writer: from decoded logs to rows of all tables, and back when a block is undone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

import numpy as np
from sqlalchemy import BigInteger, Integer, delete, select, tuple_
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from indexer.blocks import Decoded, DecodedLog, EventLogs, RawLog
from indexer.project.projection import CONTRACT, EventRow, Projection, table_of
from indexer.store.bulk import BulkInsert, ByteMatrix, Column, Repeated, Row, Rows, by_columns, byte_matrix
from indexer.store.models import LOG_COLUMNS, LOG_KEY, IndexerLog, LogRow
from offchain.core.database import WideInteger
from offchain.core.money import UNITS_MAX

_PAGE_ROWS: Final = 5_000
_RAW_COLUMNS: Final = (*LOG_COLUMNS, "contract", "topics", "data", "event", "error")
_HASH_BYTES: Final = 32
_INTEGER_BYTES: Final = 8
_SIGN: Final = 0x80
_in_order: Final = itemgetter(*(LOG_COLUMNS.index(name) for name in ("block_number", "log_index")))


class _Row(NamedTuple):
    """An event's row, the types of its columns, and the places of those whose values must fit 63 bits."""

    row: EventRow
    types: tuple[TypeEngine[Any], ...]
    integers: tuple[int, ...]


class _Pages:
    """Rows of the tables, as far as they are made."""

    def __init__(self) -> None:
        self.logs: list[Rows] = []
        self.of: defaultdict[type[LogRow], list[Rows]] = defaultdict(list)


class Writer:
    """Writes what some projections make of logs, and, if asked, the logs themselves.

    All rows of a table go in at once, by `BulkInsert`.
    """

    def __init__(self, projections: Sequence[Projection], *, keeps_logs: bool) -> None:
        self._keeps_logs = keeps_logs
        self._projections = projections
        self._rows = {
            (contract, event): _row_of(row)
            for projection in projections
            for contract in projection.contracts
            for event, row in projection.events.items()
        }
        self._inserts = {
            known.row.model: BulkInsert(table_of(known.row.model), (*LOG_COLUMNS, *known.row.columns))
            for known in self._rows.values()
        }
        self._insert_logs = BulkInsert(table_of(IndexerLog), _RAW_COLUMNS)

    @property
    def models(self) -> list[type[LogRow]]:
        """The tables that it writes rows of logs to."""
        return [*([IndexerLog] if self._keeps_logs else []), *self._inserts]

    def write(self, session: Session, chain_id: int, decoded: Decoded) -> None:
        """Writes what the logs of some new blocks make, table by table."""
        pages, alone = _Pages(), list(decoded.logs)
        for events in decoded.events:
            if not self._add_together(pages, chain_id, events):
                alone += events.one_by_one()
        self._add_one_by_one(pages, chain_id, alone)
        if self._keeps_logs:
            self._insert_logs.write(session, pages.logs)
        for model, insert in self._inserts.items():
            insert.write(session, pages.of[model])
        for projection in self._projections:
            if projection.fold is not None and pages.of[projection.fold.model]:
                rows = [row for part in pages.of[projection.fold.model] for row in part.one_by_one()]
                projection.fold.add(session, chain_id, sorted(rows, key=_in_order))

    def _add_together(self, pages: _Pages, chain_id: int, events: EventLogs) -> bool:
        """Adds the rows of logs of one event; False if they have to be made one by one, and none was added."""
        known = self._rows.get((events.contract, events.event))
        own = () if known is None else _own_columns(known, events)
        if own is None:
            return False
        count, key = len(events.raw), _key_columns(chain_id, events.raw)
        contract = Repeated(events.raw[0].contract)
        raw = (contract, events.topics, events.data, Repeated(events.event), Repeated(""))
        pages.logs.append(Rows(count, (*key, *raw)))
        if known is not None:
            pages.of[known.row.model].append(Rows(count, (*key, *own)))
        return True

    def _add_one_by_one(self, pages: _Pages, chain_id: int, logs: Sequence[DecodedLog]) -> None:
        raw_rows: list[Row] = []
        rows: defaultdict[type[LogRow], list[Row]] = defaultdict(list)
        for log in logs:
            raw, error = log.raw, log.error
            key = (chain_id, raw.block_number, raw.log_index, raw.block_hash, raw.transaction_hash, raw.timestamp_s)
            known = None if error else self._rows.get((log.contract, log.event))
            if known is not None:
                row, _, places = known
                values = row.values(log)
                for place in places:
                    if values[place] > UNITS_MAX:
                        error = f"{log.event}.{row.columns[place]} {values[place]} does not fit 63 bits"
                if not error:
                    rows[row.model].append(key + values)
            raw_rows.append((*key, raw.contract, raw.topics, raw.data, "" if error else log.event, error))
        pages.logs.append(by_columns(raw_rows))
        for model, some in rows.items():
            pages.of[model].append(by_columns(some))

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
            columns = next(one.row.columns for one in self._rows.values() if one.row.model is projection.fold.model)
            query = select(*(table.c[name] for name in (*LOG_COLUMNS, *columns))).where(table.c.chain_id == chain_id)
            pages = session.execute(query.order_by(table.c.block_number, table.c.log_index)).partitions(_PAGE_ROWS)
            for rows in list(pages) if session.get_bind().dialect.name == "sqlite" else pages:
                projection.fold.add(session, chain_id, [tuple(row) for row in rows])


def _row_of(row: EventRow) -> _Row:
    types = tuple(table_of(row.model).c[name].type for name in row.columns)
    return _Row(row, types, tuple(place for place, kind in enumerate(types) if isinstance(kind, BigInteger | Integer)))


def _key_columns(chain_id: int, logs: Sequence[RawLog]) -> tuple[Column, ...]:
    """The columns of `LOG_COLUMNS`."""
    return (
        Repeated(chain_id),
        _integers(log.block_number for log in logs),
        _integers(log.log_index for log in logs),
        byte_matrix([log.block_hash for log in logs], _HASH_BYTES),
        byte_matrix([log.transaction_hash for log in logs], _HASH_BYTES),
        _integers(log.timestamp_s for log in logs),
    )


def _integers(values: Iterable[int]) -> Column:
    return np.fromiter(values, np.int64)


def _own_columns(known: _Row, events: EventLogs) -> tuple[Column, ...] | None:
    """The columns of a row beside the log's key; nothing where they are not just arguments, or one does not fit."""
    row = known.row
    if len(row.arguments) != len(row.columns):
        return None
    columns: list[Column] = []
    for argument, kind in zip(row.arguments, known.types, strict=True):
        if argument == CONTRACT:
            columns.append(Repeated(events.raw[0].contract))
        elif isinstance(kind, BigInteger | Integer):
            numbers = _numbers(events.arguments[argument])
            if numbers is None:
                return None
            columns.append(numbers)
        elif isinstance(kind, WideInteger):
            columns.append(_decimals(events.arguments[argument]))
        else:
            columns.append(events.arguments[argument])
    return tuple(columns)


def _numbers(words: ByteMatrix) -> np.ndarray[Any, np.dtype[np.int64]] | None:
    """Integers whose bytes are given, the highest first; nothing if one does not fit 63 bits."""
    count, width = words.shape
    low = np.zeros((count, _INTEGER_BYTES), np.uint8)
    used = min(width, _INTEGER_BYTES)
    low[:, _INTEGER_BYTES - used :] = words[:, width - used :]
    if words[:, : width - used].any() or (low[:, 0] & _SIGN).any():
        return None
    return low.view(">i8").ravel().astype(np.int64)


def _decimals(words: ByteMatrix) -> list[str]:
    """The same as decimal text, of any size."""
    numbers = _numbers(words)
    if numbers is not None:
        return list(map(str, numbers.tolist()))
    return [str(int.from_bytes(word.tobytes())) for word in words]
