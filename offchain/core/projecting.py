"""Projections: tables that follow the log, each a fold over it that can be dropped and rebuilt.

`ProjectionStore` applies commands to all projections and moves their cursors in one transaction; `Projector` does that
in a thread of its own behind a consumer of the sequencer's log. A projection sees every command exactly once, in order,
whatever dies in between: its rows and its cursor are committed together, and what its cursor has passed is not applied
again. So nothing that `apply` keeps in memory may be needed for correctness, except facts that never change.
"""

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Final, Protocol

import msgspec
from sqlalchemy import Engine, String, Table, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.schema import sort_tables

from offchain.core.database import Base, Int64, insert_or_update, writing_sessions
from offchain.core.errors import ServiceUnavailable, StateDiverged, public_reason
from offchain.core.events import LoggedCommand

_COMMANDS_PER_TRANSACTION: Final = 2_000


class ProjectionCursor(Base):
    """The last command that a projection has applied."""

    __tablename__ = "projection_cursors"

    name: Mapped[str] = mapped_column(String, primary_key=True)
    sequence: Mapped[int] = mapped_column(Int64)


class Projection(Protocol):
    """Something that keeps tables in step with the log."""

    @property
    def name(self) -> str:
        """Key of its cursor."""

    @property
    def tables(self) -> Sequence[Table]:
        """All that it writes: emptied by a rebuild, touched by nobody else."""

    def load(self, session: Session) -> None:
        """Read what it needs in memory; called once before the first `apply`, and after a rebuild's emptying."""

    def apply(self, session: Session, logged: Sequence[LoggedCommand]) -> None:
        """Write the effect of consecutive commands. May be called again with the same ones after a rollback."""


class ProjectorStatus(msgspec.Struct, frozen=True):
    """How far the projections are: `lag` in commands behind the log, `error` of the attempt that is being retried."""

    sequence: int
    lag: int
    error: str | None
    cursors: dict[str, int]


class ProjectionStore:
    """The projections of one database, in the order in which they apply."""

    def __init__(self, database: Engine, projections: Sequence[Projection]) -> None:
        self._sessions = writing_sessions(database)
        self._projections = tuple(projections)
        self.cursors: dict[str, int] = {}

    @property
    def sequence(self) -> int:
        """The last command that every projection has applied."""
        return min(self.cursors.values(), default=0)

    def open(self) -> int:
        """Load the projections and their cursors; returns `sequence`, from where they go on.

        Cursors of projections that no longer exist are forgotten.
        """
        names = [projection.name for projection in self._projections]
        with self._sessions.begin() as session:
            session.execute(delete(ProjectionCursor).where(ProjectionCursor.name.not_in(names)))
            stored = read_cursors(session)
            for projection in self._projections:
                projection.load(session)
        self.cursors = {name: stored.get(name, 0) for name in names}
        return self.sequence

    def apply(self, logged: Sequence[LoggedCommand]) -> None:
        """Bring every projection to the end of these consecutive commands, in one transaction.

        Raises:
            StateDiverged: commands between a cursor and the first of these are missing.
            sqlalchemy.exc.SQLAlchemyError: the database refused; nothing was changed.
        """
        first, last = logged[0].command.sequence, logged[-1].command.sequence
        behind = [projection for projection in self._projections if self.cursors[projection.name] < last]
        if not behind:
            return
        with self._sessions.begin() as session:
            for projection in behind:
                cursor = self.cursors[projection.name]
                if cursor + 1 < first or last - first + 1 != len(logged):
                    raise StateDiverged(
                        f"Projection {projection.name} is at command {cursor} and was given {first} to {last}.",
                        "Rebuild the projections from the journal.",
                    )
                projection.apply(session, logged[max(0, cursor + 1 - first) :])
            names = [projection.name for projection in behind]
            _store_cursors(session, [{"name": name, "sequence": last} for name in names])
        self.cursors.update(dict.fromkeys(names, last))

    def reset(self, names: Iterable[str] | None = None) -> None:
        """Empty the tables of the named projections (default: of all) and put their cursors before the first command.

        Raises:
            KeyError: there is no projection of that name.
        """
        by_name = {projection.name: projection for projection in self._projections}
        chosen = [by_name[name] for name in (by_name if names is None else names)]
        tables = sort_tables([table for projection in chosen for table in projection.tables])
        with self._sessions.begin() as session:
            for table in reversed(tables):
                session.execute(delete(table))
            for projection in chosen:
                projection.load(session)
            _store_cursors(session, [{"name": projection.name, "sequence": 0} for projection in chosen])
        self.cursors.update((projection.name, 0) for projection in chosen)

    def rebuild(self, history: Iterable[LoggedCommand], names: Iterable[str] | None = None) -> None:
        """Make the named projections (default: all) again from the log; `history` is all of it.

        If it is interrupted, the next start of the exchange carries on from where it came to.
        """
        self.reset(names)
        commands = iter(history)
        while logged := tuple(islice(commands, _COMMANDS_PER_TRANSACTION)):
            self.apply(logged)


class Projector:
    """Runs a `ProjectionStore` behind the log: `subscribe("projections", await p.open(last), p.deliver)`.

    All database work is done in one thread, so that the event loop never waits for a disk. The log delivers again what
    failed, so a database that is away stops the projections and nothing else, and they catch up when it is back.
    """

    def __init__(self, store: ProjectionStore) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="projector")
        self._sequence = 0
        self._error: str | None = None
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    async def open(self, last_sequence: int) -> int:
        """Load cursors; returns the sequence to subscribe from.

        Raises:
            StateDiverged: the database has applied commands beyond `last_sequence`, the end of the journal.
        """
        loop = asyncio.get_running_loop()
        self._sequence = await loop.run_in_executor(self._thread, self._store.open)
        ahead = max(self._store.cursors.values(), default=0)
        if ahead > last_sequence:
            raise StateDiverged(
                f"The database has applied command {ahead}, the journal ends at {last_sequence}.",
                "Restore the journal, or rebuild the projections from it.",
            )
        return self._sequence

    async def deliver(self, logged: Sequence[LoggedCommand]) -> None:
        """Apply commands; returns when they are committed. What raised must be delivered again, never skipped.

        Raises:
            Exception: whatever the database or a projection raised; `status` tells of it until a retry succeeds.
        """
        loop = asyncio.get_running_loop()
        for start in range(0, len(logged), _COMMANDS_PER_TRANSACTION):
            chunk = logged[start : start + _COMMANDS_PER_TRANSACTION]
            try:
                await loop.run_in_executor(self._thread, self._store.apply, chunk)
            except Exception as error:  # Told in the status, and raised: the log delivers again.
                self._error = public_reason(error)
                raise
            self._error = None
            self._advance()

    async def caught_up(self, sequence: int, timeout_s: float = 5.0) -> None:
        """Return once the projections show everything up to `sequence`, so that a caller reads their own writes.

        Raises:
            ServiceUnavailable: not within the time.
        """
        if sequence <= self._sequence:
            return
        future = asyncio.get_running_loop().create_future()
        entry = (sequence, future)
        self._waiting.append(entry)
        try:
            await asyncio.wait_for(future, timeout_s)
        except TimeoutError as error:
            raise ServiceUnavailable(
                f"Reads are behind: at command {self._sequence}, {sequence} was asked for.", "Ask again shortly."
            ) from error
        finally:
            self._waiting.remove(entry)

    def status(self, last_sequence: int) -> ProjectorStatus:
        """How far behind `last_sequence`, the end of the log, the projections are."""
        return ProjectorStatus(
            sequence=self._sequence,
            lag=max(0, last_sequence - self._sequence),
            error=self._error,
            cursors=dict(self._store.cursors),
        )

    def close(self) -> None:
        """Wait for the transaction under way and end the thread."""
        self._thread.shutdown(wait=True)

    def _advance(self) -> None:
        self._sequence = self._store.sequence
        for wanted, future in self._waiting:
            if wanted <= self._sequence and not future.done():
                future.set_result(None)


def read_cursors(session: Session) -> dict[str, int]:
    """The last command that each projection shows in this session's view of the database."""
    return dict(session.execute(select(ProjectionCursor.name, ProjectionCursor.sequence)).all())


def common_sequence(session: Session) -> int:
    """The command up to which all projections agree in this session's view: from there memory can follow the log.

    Raises:
        StateDiverged: one of them is being rebuilt; wait until the projector has caught up.
    """
    cursors = read_cursors(session)
    sequences = set(cursors.values())
    if len(sequences) > 1:
        raise StateDiverged(f"The projections stand at different commands: {cursors}.", "Let them catch up first.")
    return sequences.pop() if sequences else 0


def _store_cursors(session: Session, rows: list[dict[str, object]]) -> None:
    insert = insert_or_update(session, Base.metadata.tables["projection_cursors"])
    statement = insert.on_conflict_do_update(index_elements=["name"], set_={"sequence": insert.excluded.sequence})
    session.execute(statement, rows)
