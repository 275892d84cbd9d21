"""Many rows into one table at once: PostgreSQL takes them by binary COPY, SQLite by one prepared statement."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import BigInteger, Integer, LargeBinary, Table
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from offchain.core.database import FixedBytes

Row = tuple[Any, ...]


class BulkInsert:
    """Inserts rows into some columns of a table.

    Values are as the columns store them: a `WideInteger` is decimal text already. Bytes have their column's length.
    """

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        self._types = [_postgres_type(table.c[name].type) for name in columns]
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        self._copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table.name), names)
        places = ", ".join("?" * len(columns))
        self._insert = f'INSERT INTO "{table.name}" ({", ".join(columns)}) VALUES ({places})'  # noqa: S608 - own names

    def write(self, session: Session, rows: Sequence[Row]) -> None:
        """Inserts rows, each with its values in the order of the columns.

        Raises:
            SQLAlchemyError, psycopg.Error: the database refuses; the transaction has to be rolled back.
        """
        if not rows:
            return
        connection = session.connection()
        if connection.dialect.name != "postgresql":
            connection.exec_driver_sql(self._insert, list(rows))
            return
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection), f"PostgreSQL is driven by {type(driver)}"
        with driver.cursor() as cursor, cursor.copy(self._copy) as copy:
            copy.set_types(self._types)
            for row in rows:
                copy.write_row(row)


def _postgres_type(kind: TypeEngine[Any]) -> str:
    """What binary COPY has to know of a column's values."""
    if isinstance(kind, LargeBinary | FixedBytes):
        return "bytea"
    return "int8" if isinstance(kind, BigInteger | Integer) else "text"
