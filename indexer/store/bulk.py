"""Many rows into one table at once: PostgreSQL takes them by binary COPY, SQLite by one prepared statement.

Rows come column by column. For PostgreSQL they are laid into the bytes that COPY reads by copies of whole columns, so
that a row costs a fraction of a microsecond.
"""

import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, Final, NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import BigInteger, Integer, LargeBinary, Table
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from offchain.core.database import FixedBytes

Row = tuple[Any, ...]
ByteMatrix = NDArray[np.uint8]
"""As many bytes for each row, a row of the matrix."""
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_width: Final = struct.Struct(">i").pack
_count: Final = struct.Struct(">h").pack
_integer: Final = struct.Struct(">q").pack
_NULL_WIDTH: Final = -1
"""PostgreSQL's documentation of COPY has the binary format: a row is its number of columns, and each with its width."""


class Repeated(NamedTuple):
    """A column that has one value in all rows."""

    value: Any


Column = Repeated | NDArray[np.int64] | ByteMatrix | Sequence[Any]
"""The values of a column: integers, bytes of one width, or any."""


class Rows(NamedTuple):
    """Rows by their columns. Values are as the table stores them: a `WideInteger` is decimal text already."""

    number: int
    columns: Sequence[Column]

    def one_by_one(self) -> Iterator[Row]:
        """Each row as a tuple."""
        return zip(*(_values(column, self.number) for column in self.columns), strict=True)


def by_columns(rows: Sequence[Row]) -> Rows:
    """Rows that are there one by one."""
    return Rows(len(rows), list(zip(*rows, strict=True)))


def byte_matrix(values: Sequence[bytes], width: int) -> ByteMatrix:
    """The bytes of values that all have one width."""
    return np.frombuffer(bytearray().join(values), np.uint8).reshape(len(values), width)


class BulkInsert:
    """Inserts rows into some columns of a table. Bytes have their column's length."""

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        self._types = [table.c[name].type for name in columns]
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        self._copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table.name), names)
        places = ", ".join("?" * len(columns))
        self._insert = f'INSERT INTO "{table.name}" ({", ".join(columns)}) VALUES ({places})'  # noqa: S608 - own names

    def write(self, session: Session, parts: Sequence[Rows]) -> None:
        """Inserts rows, each with its values in the order of the columns.

        Raises:
            SQLAlchemyError, psycopg.Error: the database refuses; the transaction has to be rolled back.
        """
        parts = [rows for rows in parts if rows.number]
        if not parts:
            return
        connection = session.connection()
        if connection.dialect.name != "postgresql":
            for rows in parts:
                connection.exec_driver_sql(self._insert, list(rows.one_by_one()))
            return
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection), f"PostgreSQL is driven by {type(driver)}"
        with driver.cursor() as cursor, cursor.copy(self._copy) as copy:
            copy.write(_SIGNATURE)
            for rows in parts:
                for text in self._packed(rows):
                    copy.write(text)
            copy.write(_END)

    def _packed(self, rows: Rows) -> Iterator[bytearray]:
        """The bytes of COPY: rows whose columns all have one width together."""
        cells = [_cells(column, kind) for column, kind in zip(rows.columns, self._types, strict=True)]
        several = [cell for cell in cells if isinstance(cell, list)]
        if not several:
            yield _together(rows.number, cells)
            return
        alike: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
        for place, widths in enumerate(zip(*([_width_of(cell) for cell in cells] for cells in several), strict=True)):
            alike[widths].append(place)
        for places in alike.values():
            yield _together(len(places), [_picked(cell, places) for cell in cells])


_Cells = bytes | ByteMatrix | list[bytes | None] | None
"""A column as COPY has it: one value of all rows, one width of all rows, any widths, or null in all rows."""


def _cells(column: Column, kind: TypeEngine[Any]) -> _Cells:
    if isinstance(column, Repeated):
        return _cell(column.value, kind)
    if isinstance(column, np.ndarray):
        return column.view(np.uint8) if column.ndim == 2 else column.astype(">i8").view(np.uint8).reshape(-1, 8)
    values = [_cell(value, kind) for value in column]
    return _picked(values, range(len(values))) if len(set(map(_width_of, values))) == 1 else values


def _cell(value: Any, kind: TypeEngine[Any]) -> bytes | None:
    if value is None:
        return None
    if isinstance(kind, BigInteger | Integer):
        return _integer(value)
    if isinstance(kind, LargeBinary | FixedBytes):
        return bytes(value)
    return str(value).encode()


def _picked(cells: _Cells, places: Sequence[int]) -> _Cells:
    """The cells of some rows, which have one width."""
    if isinstance(cells, list):
        some = [cells[place] for place in places]
        first = some[0]
        return None if first is None else byte_matrix([cell for cell in some if cell is not None], len(first))
    return cells[places] if isinstance(cells, np.ndarray) else cells


def _width_of(cell: bytes | None) -> int:
    return _NULL_WIDTH if cell is None else len(cell)


def _together(count: int, cells: Sequence[_Cells]) -> bytearray:
    """Rows as COPY reads them: one row with the repeated values, as often as there are rows, and the others into it."""
    row = bytearray(_count(len(cells)))
    columns: list[tuple[int, ByteMatrix]] = []
    for cell in cells:
        if isinstance(cell, np.ndarray):
            row += _width(cell.shape[1])
            columns.append((len(row), cell))
            row += bytes(cell.shape[1])
        else:
            assert not isinstance(cell, list)
            row += _width(_width_of(cell)) + (cell or b"")
    text = row * count
    table = np.frombuffer(text, np.uint8).reshape(count, len(row))
    for start, cell in columns:
        table[:, start : start + cell.shape[1]] = cell
    return text


def _values(column: Column, count: int) -> Iterable[Any]:
    """A column as Python has its values."""
    if isinstance(column, Repeated):
        return repeat(column.value, count)
    if not isinstance(column, np.ndarray):
        return column
    if column.ndim == 1:
        numbers: list[int] = column.tolist()
        return numbers
    width, text = column.shape[1], column.tobytes()
    return [text[place * width : (place + 1) * width] for place in range(count)]
