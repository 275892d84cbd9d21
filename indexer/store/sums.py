"""Sums by key: many amounts read and written at once. PostgreSQL takes them as arrays, SQLite in pages."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, LargeBinary, String, Table, cast, delete, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

_PAGE: Final = 900
"""SQLite takes at least 999 values in a statement."""


class Sums:
    """A table of amounts as decimal text, by chain, one owner of the sums (such as a token), and a key of bytes."""

    def __init__(self, table: Table, owner: str, key: str, amount: str) -> None:
        self._table = table
        self._owner, self._key, self._amount = table.c[owner], table.c[key], table.c[amount]
        self._identity = [table.c.chain_id, self._owner, self._key]

    def change(self, session: Session, chain_id: int, owner: bytes, changes: Mapping[bytes, int]) -> None:
        """Adds to the amounts of some keys; an amount of zero has no row."""
        keys = [key for key, change in changes.items() if change]
        page = len(keys) if session.get_bind().dialect.name == "postgresql" else _PAGE
        for start in range(0, len(keys), max(1, page)):
            some = keys[start : start + page]
            before = self._read(session, chain_id, owner, some)
            after = {key: before.get(key, 0) + changes[key] for key in some}
            self._write(session, chain_id, owner, {key: amount for key, amount in after.items() if amount})
            self._drop(session, chain_id, owner, [key for key in before if not after[key]])

    def _read(self, session: Session, chain_id: int, owner: bytes, keys: Sequence[bytes]) -> dict[bytes, int]:
        query = select(self._key, self._amount).where(self._of(chain_id, owner), self._among(session, keys))
        return {row[0]: row[1] for row in session.execute(query)}

    def _write(self, session: Session, chain_id: int, owner: bytes, amounts: Mapping[bytes, int]) -> None:
        if not amounts:
            return
        names = [column.name for column in (*self._identity, self._amount)]
        if session.get_bind().dialect.name == "postgresql":
            told = (
                func.unnest(_array_of_bytes(amounts), _array_of_decimals(amounts.values()))
                .table_valued("key", "amount")
                .render_derived()
            )
            rows = select(literal(chain_id), literal(owner, LargeBinary), told.c.key, told.c.amount)
            new = postgresql.insert(self._table).from_select(names, rows)
            session.execute(
                new.on_conflict_do_update(
                    index_elements=self._identity, set_={self._amount.name: new.excluded[self._amount.name]}
                )
            )
            return
        upsert = sqlite.insert(self._table)
        update = upsert.on_conflict_do_update(
            index_elements=self._identity, set_={self._amount.name: upsert.excluded[self._amount.name]}
        )
        session.execute(
            update, [dict(zip(names, (chain_id, owner, key, amount), strict=True)) for key, amount in amounts.items()]
        )

    def _drop(self, session: Session, chain_id: int, owner: bytes, keys: Sequence[bytes]) -> None:
        if keys:
            session.execute(delete(self._table).where(self._of(chain_id, owner), self._among(session, keys)))

    def _of(self, chain_id: int, owner: bytes) -> ColumnElement[bool]:
        return (self._table.c.chain_id == chain_id) & (self._owner == owner)

    def _among(self, session: Session, keys: Sequence[bytes]) -> ColumnElement[bool]:
        if session.get_bind().dialect.name == "postgresql":
            # Not `= ANY(array)`: what is cast is no constant, and would be searched from its start for every row.
            return self._key.in_(select(func.unnest(_array_of_bytes(keys))))
        return self._key.in_(keys)


def _array_of_bytes(values: Iterable[bytes]) -> ColumnElement[Any]:
    """An array as PostgreSQL writes it, one text: the driver takes longer for each element than the database."""
    return cast(literal("{" + ",".join([rf'"\\x{value.hex()}"' for value in values]) + "}", String), ARRAY(LargeBinary))


def _array_of_decimals(values: Iterable[int]) -> ColumnElement[Any]:
    return cast(literal("{" + ",".join(map(str, values)) + "}", String), ARRAY(String))
