"""Sums that are asked for at every block: what is final is read once, what a reorg can still undo each time."""

from collections.abc import Callable
from operator import add
from typing import Any, Final, Generic, NamedTuple, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from indexer.store.asking import Moment
from indexer.store.models import IndexerContract

_Key = TypeVar("_Key", bytes, int)
Values = tuple[int, ...]
_BEFORE_ALL: Final = -1
_PAGE: Final = 10_000


def added(before: Values, row: Values) -> Values:
    """The sums of columns."""
    return tuple(map(add, before, row))


def replaced(_: Values, row: Values) -> Values:
    """The newest row's columns."""
    return row


class Tallied(NamedTuple, Generic[_Key]):
    """What rows come to by key: those in final blocks, and all."""

    final: dict[_Key, Values]
    all: dict[_Key, Values]


class _Known(NamedTuple, Generic[_Key]):
    """What the rows through a final block come to, when so much of each contract was stored."""

    contracts: tuple[Any, ...]
    through_block: int
    values: dict[_Key, Values]


class Tally(Generic[_Key]):
    """What the rows of a table come to, by a key.

    Final rows stay, and none comes to final blocks but from a contract that catches up: then all are read again.

    Args:
        chain_id: the chain.
        key: what they are told apart by.
        columns: what is tallied of them, of the same table.
        combine: what a key's values are after another row, in the order of logs.
    """

    def __init__(
        self,
        chain_id: int,
        key: InstrumentedAttribute[_Key],
        *columns: InstrumentedAttribute[int],
        combine: Callable[[Values, Values], Values] = added,
    ) -> None:
        self._chain_id = chain_id
        of = key.class_
        told: list[InstrumentedAttribute[Any]] = [key, *columns]
        self._block = of.block_number
        self._rows = select(*told).where(of.chain_id == chain_id).order_by(of.block_number, of.log_index)
        self._combine = combine
        self._known: _Known[_Key] | None = None

    def at(self, session: Session, moment: Moment) -> Tallied[_Key]:
        """What they come to as of this session's newest block."""
        contracts, known = self._contracts(session), self._known
        if known is None or known.contracts != contracts or known.through_block > moment.final:
            known = _Known(contracts, _BEFORE_ALL, {})
        if known.through_block < moment.final:
            values = self._after(session, known, moment.final)
            # In one step: other threads may ask meanwhile.
            self._known = known = _Known(contracts, moment.final, values)
        return Tallied(known.values, self._after(session, known, moment.head))

    def _after(self, session: Session, known: _Known[_Key], through: int) -> dict[_Key, Values]:
        """What is known, with the rows that follow up to a block."""
        values = known.values.copy()
        query = self._rows.where(self._block > known.through_block, self._block <= through)
        for key, *row in session.execute(query.execution_options(yield_per=_PAGE)):
            before = values.get(key)
            values[key] = tuple(row) if before is None else self._combine(before, tuple(row))
        return values

    def _contracts(self, session: Session) -> tuple[Any, ...]:
        """How far the logs of each contract are stored."""
        of = IndexerContract
        query = select(of.address, of.joined, of.through_number, of.through_hash).where(of.chain_id == self._chain_id)
        return tuple(session.execute(query.order_by(of.address)).all())
