"""A projection applies every command exactly once and in order, whatever fails in between."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, insert, select
from sqlalchemy.orm import Session

from offchain.core.commands import Command, CommandKind
from offchain.core.database import reading_sessions
from offchain.core.errors import ServiceUnavailable, StateDiverged
from offchain.core.events import LoggedCommand
from offchain.core.projecting import ProjectionStore, Projector, common_sequence, read_cursors

METADATA = MetaData()


class Diary:
    """Writes down every sequence it is given: a second application of one would show as a second row."""

    def __init__(self, name: str) -> None:
        self.name = name
        table = METADATA.tables.get(name)
        self.table = Table(name, METADATA, Column("sequence", Integer)) if table is None else table
        self.tables: Sequence[Table] = (self.table,)
        self.failures = 0

    def load(self, session: Session) -> None:
        """Nothing."""

    def apply(self, session: Session, logged: Sequence[LoggedCommand]) -> None:
        session.execute(insert(self.table), [{"sequence": one.command.sequence} for one in logged])
        if self.failures:
            self.failures -= 1
            msg = "the disk is full"
            raise OSError(msg)

    def rows(self, database: Engine) -> list[int]:
        with reading_sessions(database)() as session:
            return list(session.scalars(select(self.table.c.sequence)))


@pytest.fixture
def diaries(database: Engine) -> tuple[Diary, Diary]:
    made = Diary("first_diary"), Diary("second_diary")
    with database.begin() as connection:
        METADATA.create_all(connection)
    return made


def commands(first: int, last: int) -> list[LoggedCommand]:
    return [LoggedCommand(Command(n, 1_000 * n, CommandKind.SET_FEES), None, ()) for n in range(first, last + 1)]


def opened(database: Engine, *diaries: Diary) -> ProjectionStore:
    store = ProjectionStore(database, diaries)
    store.open()
    return store


def test_commands_that_come_again_are_not_applied_again(database: Engine, diaries: tuple[Diary, Diary]) -> None:
    store = opened(database, *diaries)
    store.apply(commands(1, 5))
    store.apply(commands(3, 8))
    store.apply(commands(1, 8))
    assert [diary.rows(database) for diary in diaries] == [[1, 2, 3, 4, 5, 6, 7, 8]] * 2
    assert store.sequence == 8


def test_missing_commands_are_refused(database: Engine, diaries: tuple[Diary, Diary]) -> None:
    store = opened(database, *diaries)
    store.apply(commands(1, 5))
    with pytest.raises(StateDiverged, match="at command 5 and was given 7 to 9"):
        store.apply(commands(7, 9))
    with pytest.raises(StateDiverged):
        store.apply(commands(6, 7) + commands(9, 9))
    assert diaries[0].rows(database) == [1, 2, 3, 4, 5]


def test_a_failure_of_one_projection_leaves_the_rows_of_none(database: Engine, diaries: tuple[Diary, Diary]) -> None:
    store = opened(database, *diaries)
    store.apply(commands(1, 2))
    diaries[1].failures = 1
    with pytest.raises(OSError, match="the disk is full"):
        store.apply(commands(3, 4))
    assert [diary.rows(database) for diary in diaries] == [[1, 2]] * 2
    assert opened(database, *diaries).sequence == 2
    store.apply(commands(3, 4))
    assert [diary.rows(database) for diary in diaries] == [[1, 2, 3, 4]] * 2


def test_a_projection_that_is_new_is_brought_level_with_the_others(
    database: Engine, diaries: tuple[Diary, Diary]
) -> None:
    old, new = diaries
    opened(database, old).apply(commands(1, 3))
    store = opened(database, old, new)
    assert store.sequence == 0
    store.apply(commands(1, 2))
    with reading_sessions(database)() as session, pytest.raises(StateDiverged, match="different commands"):
        common_sequence(session)
    store.apply(commands(3, 4))
    assert [diary.rows(database) for diary in diaries] == [[1, 2, 3, 4]] * 2
    with reading_sessions(database)() as session:
        assert common_sequence(session) == 4


def test_a_projection_that_is_gone_holds_nothing_up(database: Engine, diaries: tuple[Diary, Diary]) -> None:
    opened(database, *diaries).apply(commands(1, 3))
    opened(database, diaries[0]).apply(commands(4, 5))
    with reading_sessions(database)() as session:
        assert common_sequence(session) == 5


def test_one_projection_can_be_rebuilt_alone(database: Engine, diaries: tuple[Diary, Diary]) -> None:
    store = opened(database, *diaries)
    store.apply(commands(1, 6))
    store.rebuild(commands(1, 6), ["second_diary"])
    assert [diary.rows(database) for diary in diaries] == [[1, 2, 3, 4, 5, 6]] * 2
    with pytest.raises(KeyError, match="third_diary"):
        store.reset(["third_diary"])


def test_an_interrupted_rebuild_goes_on_where_it_came_to(database: Engine, diaries: tuple[Diary, Diary]) -> None:
    store = opened(database, *diaries)
    store.apply(commands(1, 6))
    store.reset()
    store.apply(commands(1, 2))
    store = opened(database, *diaries)
    assert store.sequence == 2
    store.apply(commands(3, 6))
    assert [diary.rows(database) for diary in diaries] == [[1, 2, 3, 4, 5, 6]] * 2


async def test_a_failed_delivery_can_be_delivered_again_and_the_status_says_why(
    database: Engine, diaries: tuple[Diary, Diary]
) -> None:
    projector = Projector(ProjectionStore(database, diaries))
    assert await projector.open(last_sequence=9) == 0
    diaries[1].failures = 2
    for _ in range(2):
        with pytest.raises(OSError, match="the disk is full"):
            await projector.deliver(commands(1, 3))
        assert projector.status(3).lag == 3
        assert projector.status(3).error == "OSError; the log has the rest"
    await projector.deliver(commands(1, 3))
    status = projector.status(4)
    assert (status.sequence, status.lag, status.error) == (3, 1, None)
    assert status.cursors == {"first_diary": 3, "second_diary": 3}
    assert [diary.rows(database) for diary in diaries] == [[1, 2, 3]] * 2
    projector.close()


async def test_a_reader_waits_until_their_own_write_shows(database: Engine, diaries: tuple[Diary, Diary]) -> None:
    projector = Projector(ProjectionStore(database, diaries))
    await projector.open(last_sequence=0)
    reader = asyncio.create_task(projector.caught_up(3))
    await projector.deliver(commands(1, 2))
    await asyncio.sleep(0)
    assert not reader.done()
    await projector.deliver(commands(3, 5))
    await reader
    await projector.caught_up(5, timeout_s=0)
    projector.close()


async def test_a_reader_does_not_wait_for_ever(database: Engine, diaries: tuple[Diary, Diary]) -> None:
    projector = Projector(ProjectionStore(database, diaries))
    await projector.open(last_sequence=0)
    with pytest.raises(ServiceUnavailable, match="at command 0, 1 was asked for"):
        await projector.caught_up(1, timeout_s=0.01)
    await projector.deliver(commands(1, 1))
    projector.close()


async def test_a_database_ahead_of_the_journal_is_refused(database: Engine, diaries: tuple[Diary, Diary]) -> None:
    opened(database, *diaries).apply(commands(1, 6))
    projector = Projector(ProjectionStore(database, diaries))
    with pytest.raises(StateDiverged, match="has applied command 6, the journal ends at 5"):
        await projector.open(last_sequence=5)
    projector.close()


async def test_a_long_delivery_is_committed_in_parts(database: Engine, diaries: tuple[Diary, Diary]) -> None:
    projector = Projector(ProjectionStore(database, diaries))
    await projector.open(last_sequence=0)
    delivery = asyncio.create_task(projector.deliver(commands(1, 4_100)))
    await projector.caught_up(2_000)
    with reading_sessions(database)() as session:
        assert read_cursors(session)["first_diary"] in {2_000, 4_000, 4_100}
    await delivery
    assert diaries[0].rows(database) == list(range(1, 4_101))
    projector.close()
