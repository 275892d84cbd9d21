"""Whatever ends the process, and however the log is delivered, the tables come out the same."""

import os
import random
import signal
from collections.abc import Sequence

import pytest
from sqlalchemy import Engine, Table, text
from sqlalchemy.orm import Session

from offchain.app import all_projections
from offchain.core.database import open_database, upgrade_database
from offchain.core.events import LoggedCommand
from offchain.core.projecting import ProjectionStore
from tests.support.projections import Rows, all_rows, opened_store, project
from tests.support.random_log import random_log

COMMANDS = 900


@pytest.fixture(scope="module")
def log() -> Sequence[LoggedCommand]:
    return random_log(51, COMMANDS).logged


@pytest.fixture(scope="module")
def truth(log: Sequence[LoggedCommand], tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The rows of a database that nothing ever happened to."""
    engine = open_database(f"sqlite+pysqlite:///{tmp_path_factory.mktemp('truth') / 'truth.db'}")
    upgrade_database(engine)
    project(engine, log, delivery=10_000)
    rows = all_rows(engine)
    engine.dispose()
    return rows


class Killer:
    """A projection that kills the process when it is given a certain command, rows of others already written."""

    name = "killer"
    tables: Sequence[Table] = ()

    def __init__(self, at_sequence: int) -> None:
        self._at_sequence = at_sequence

    def load(self, session: Session) -> None:
        """Nothing."""

    def apply(self, session: Session, logged: Sequence[LoggedCommand]) -> None:
        assert session.scalar(text("SELECT count(*) FROM accounts"))
        if logged[-1].command.sequence >= self._at_sequence:
            os.kill(os.getpid(), signal.SIGKILL)


def run_until_killed(url: str, log: Sequence[LoggedCommand], at_sequence: int, place: int, delivery: int) -> None:
    child = os.fork()
    if child == 0:
        try:
            projections = all_projections()
            projections.insert(place, Killer(at_sequence))
            store = ProjectionStore(open_database(url), projections)
            store.open()
            for start in range(0, len(log), delivery):
                store.apply(log[start : start + delivery])
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("seed", [1])
def test_a_process_killed_inside_transactions_loses_and_repeats_nothing(
    database_url: str, log: Sequence[LoggedCommand], truth: Rows, seed: int
) -> None:
    dice = random.Random(seed)
    engine = open_database(database_url)
    upgrade_database(engine)
    engine.dispose()
    for at_sequence in sorted(dice.sample(range(20, COMMANDS), 6)):
        run_until_killed(database_url, log, at_sequence, dice.randrange(2, 6), dice.randrange(10, 120))
    for start in range(0, len(log), 100):
        opened_store(engine).apply(log[start : start + 100])
    assert all_rows(engine) == truth
    engine.dispose()


def test_rebuilt_tables_equal_the_ones_that_grew(database: Engine, log: Sequence[LoggedCommand], truth: Rows) -> None:
    store = project(database, log, delivery=33)
    assert all_rows(database) == truth
    assert all(truth.values()), "the log should leave something in every table"
    store.rebuild(log, ["ledger", "listings"])
    assert all_rows(database) == truth
    store.rebuild(log)
    assert all_rows(database) == truth


def test_a_damaged_table_is_made_good_by_a_rebuild(database: Engine, log: Sequence[LoggedCommand], truth: Rows) -> None:
    store = project(database, log)
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE orders SET filled_lots = filled_lots + 1")
        connection.exec_driver_sql("DELETE FROM fills WHERE market = 1")
    assert all_rows(database) != truth
    store.rebuild(log, ["orders"])
    assert all_rows(database) == truth
