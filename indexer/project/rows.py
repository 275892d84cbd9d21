"""Rows that have the values of an event's arguments, each as its column stores it; and rows as of a block."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from indexer.blocks import DecodedLog
from indexer.project.projection import EventRow, table_of
from indexer.store.bulk import Row
from indexer.store.models import LogRow
from offchain.core.database import WideInteger

_Row = TypeVar("_Row", bound=LogRow)
EVENT: Final = "event"
"""The column that has the event's name."""
_PLACE: Final = "."
"""Between a struct's name and the place of a field in it."""


def row_of(model: type[LogRow], *columns: str, **renamed: str) -> EventRow:
    """The row of an event: columns that have its arguments of the same or of another name.

    An argument `terms.3` is the field at place 3 of the struct `terms`. What the event does not have is 0.
    """
    names = {column: column for column in columns} | renamed
    table = table_of(model)
    wide = tuple(isinstance(table.c[column].type, WideInteger) for column in names)
    readers = tuple(_reader(argument) for argument in names.values())

    def values(log: DecodedLog) -> Row:
        told = {EVENT: log.event, **log.arguments}
        return tuple([str(read(told)) if is_wide else read(told) for read, is_wide in zip(readers, wide, strict=True)])

    return EventRow(model, tuple(names), values)


def _reader(argument: str) -> Any:
    name, separator, place = argument.partition(_PLACE)
    if separator:
        field = itemgetter(int(place))
        return lambda told: field(told[name])
    return lambda told: told.get(name, 0)


def fields_of(struct: str, columns: Sequence[str]) -> dict[str, str]:
    """The columns of an event's struct with the arguments that they have, for `row_of`."""
    return {column: f"{struct}{_PLACE}{place}" for place, column in enumerate(columns)}


def struct_of(row: LogRow, columns: Sequence[str]) -> tuple[int, ...]:
    """The struct that a row has in these columns, as the contract returns it."""
    return tuple(getattr(row, column) for column in columns)


def rows_until(model: type[_Row], session: Session, chain_id: int, block_number: int) -> Sequence[_Row]:
    """The rows of a chain up to a block, in the order of their logs."""
    query = select(model).where(model.chain_id == chain_id, model.block_number <= block_number)
    return session.scalars(query.order_by(model.block_number, model.log_index)).all()
