"""How rooms above the indexer ask its tables: as of their newest block, knowing which rows are final."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from indexer.store.models import IndexerBlock, IndexerCursor, LogRow

_T = TypeVar("_T")
_Row = TypeVar("_Row", bound=LogRow)


class Moment(NamedTuple):
    """The newest stored block, its time in seconds since 1970, and the last final one."""

    head: int
    head_hash: bytes
    timestamp_s: int
    final: int


def moment_of(session: Session, chain_id: int) -> Moment | None:
    """Where the tables stand in this session's view; nothing before the first block is stored."""
    query = (
        select(IndexerCursor.head_number, IndexerCursor.head_hash, IndexerBlock.timestamp_s, IndexerCursor.final_number)
        .join(
            IndexerBlock,
            (IndexerBlock.chain_id == IndexerCursor.chain_id) & (IndexerBlock.number == IndexerCursor.head_number),
        )
        .where(IndexerCursor.chain_id == chain_id)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else Moment(*row)


def rows_of(session: Session, chain_id: int, model: type[_Row], **values: object) -> Sequence[_Row]:
    """The rows of a chain that have these values, in the order of their logs."""
    return session.scalars(_having(chain_id, model, values).order_by(model.block_number, model.log_index)).all()


def newest_of(session: Session, chain_id: int, model: type[_Row], limit: int, **values: object) -> Sequence[_Row]:
    """At most so many of the rows of a chain that have these values, newest first."""
    query = _having(chain_id, model, values)
    return session.scalars(query.order_by(model.block_number.desc(), model.log_index.desc()).limit(limit)).all()


def of_chain(chain_id: int, column: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """That a row is of a chain, for queries that an index of another column answers.

    The key begins with the chain and is in the order of logs, so SQLite, which knows no distribution, would take it and
    look at every row of the chain. It cannot take it for a sum.
    """
    return column + 0 == chain_id


def _having(chain_id: int, model: type[_Row], values: dict[str, object]) -> Select[_Row]:
    """The rows of a chain that have these values, by the index of one of them."""
    query = select(model).filter_by(**values)
    return query.where(of_chain(chain_id, model.chain_id) if values else model.chain_id == chain_id)


def summed(
    session: Session,
    chain_id: int,
    key: InstrumentedAttribute[int],
    amount: InstrumentedAttribute[int],
    *where: ColumnElement[bool],
) -> Counter[int]:
    """The sums of a chain's amounts by a key. They are added here: they may outgrow what SQL adds."""
    column = key.class_.chain_id
    query = select(key, amount).where(of_chain(chain_id, column) if where else column == chain_id, *where)
    sums: Counter[int] = Counter()
    for place, units in session.execute(query.execution_options(yield_per=10_000)):
        sums[place] += units
    return sums


class OncePerBlock:
    """An answer that is worked out again only when there is another newest block."""

    def __init__(self) -> None:
        self._kept: tuple[bytes, object] | None = None

    def get(self, moment: Moment, work: Callable[[], _T]) -> _T:
        """What the work returned for this block."""
        kept = self._kept
        if kept is not None and kept[0] == moment.head_hash:
            return kept[1]  # type: ignore[return-value] # one place asks for one kind of answer
        answer = work()
        self._kept = (moment.head_hash, answer)
        return answer
