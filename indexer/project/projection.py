"""What a projection is."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import Table
from sqlalchemy.orm import Session

from indexer.blocks import DecodedLog
from indexer.project.reading import ContractReader, Mismatch
from indexer.store.bulk import Row
from indexer.store.models import LogRow
from offchain.core.database import Base

Values = Callable[[DecodedLog], Row]
"""The values of a row's own columns, without those of the log's key."""


CONTRACT: Final = ""
"""Among the names of arguments: the address of the log's contract."""


class EventRow(NamedTuple):
    """The row that an event writes: into which table, which columns beside the log's key, and their values.

    Where each column has an argument of the event as it is, or the log's contract, `arguments` has their names: by them
    the rows of many logs are made together.
    """

    model: type[LogRow]
    columns: tuple[str, ...]
    values: Values
    arguments: tuple[str, ...] = ()


class Fold(Protocol):
    """A table that is the sum of rows of logs."""

    model: type[LogRow]
    """The table of rows that it sums."""
    table: type[Base]

    def add(self, session: Session, chain_id: int, rows: Sequence[Row]) -> None:
        """Adds rows that were just inserted: the log's key, then the row's own values."""

    def undo(self, session: Session, chain_id: int, above: int) -> None:
        """Takes back the rows of the blocks above a number, which are still there."""


Check = Callable[[Session, int, ContractReader], Awaitable[list[Mismatch]]]
"""Compares the rows of a chain with a contract's storage at the reader's block."""


class Projection(NamedTuple):
    """Some events of the contracts of some names in the manifest, and what they write."""

    name: str
    contracts: frozenset[str]
    events: Mapping[str, EventRow]
    check: Check
    fold: Fold | None = None

    @property
    def models(self) -> list[type[LogRow]]:
        """The tables of its rows."""
        return list(dict.fromkeys(row.model for row in self.events.values()))


async def unchecked(session: Session, chain_id: int, reader: ContractReader) -> list[Mismatch]:
    """The check of what the contract's storage cannot confirm: it keeps what is left, not what was told."""
    return []


def by_name(*columns: str, **renamed: str) -> tuple[tuple[str, ...], Values, tuple[str, ...]]:
    """Columns that have the values of the event's arguments of the same or of another name; none is a `WideInteger`."""
    names = {column: column for column in columns} | renamed
    arguments = tuple(names.values())

    def values(log: DecodedLog) -> Row:
        told: Mapping[str, Any] = log.arguments
        return tuple([told[argument] for argument in arguments])

    return tuple(names), values, arguments


def table_of(model: type[Any]) -> Table:
    """The table of a model, for statements that need it bare."""
    table = model.__table__
    assert isinstance(table, Table)
    return table
