"""A database opens the same way whichever it is, and keeps exactly what it is given."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, MetaData, Table, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from offchain.core.database import (
    Address,
    Hash32,
    Int64,
    WideInteger,
    insert_or_update,
    insert_rows,
    open_database,
    reading_sessions,
    upgrade_database,
    writing_sessions,
)
from offchain.core.errors import ConfigurationError

THINGS = Table(
    "things",
    MetaData(),
    Column("id", Int64, primary_key=True, autoincrement=False),
    Column("owner", Address, nullable=True),
    Column("hash", Hash32, nullable=True),
    Column("total", WideInteger, nullable=True),
)


@pytest.fixture
def things(database: Engine) -> Engine:
    with database.begin() as connection:
        THINGS.create(connection)
    return database


def test_values_come_back_as_they_were_stored(things: Engine) -> None:
    row = (2**63 - 1, bytes(range(20)), b"\xff" * 32, -(10**60))
    with writing_sessions(things).begin() as session:
        session.execute(THINGS.insert().values(row))
    with reading_sessions(things)() as session:
        assert session.execute(select(THINGS)).one() == row


@pytest.mark.parametrize(("column", "value"), [("owner", b"\x01" * 19), ("owner", b"\x01" * 21), ("hash", b"")])
def test_an_address_or_hash_of_another_length_is_refused(things: Engine, column: str, value: bytes) -> None:
    with pytest.raises(StatementError, match="bytes, got"), writing_sessions(things).begin() as session:
        session.execute(THINGS.insert().values(**{"id": 1, column: value}))


def test_a_session_reads_one_moment_while_another_writes(things: Engine) -> None:
    with reading_sessions(things)() as session:
        assert session.execute(select(THINGS)).all() == []
        with writing_sessions(things).begin() as writer:
            writer.execute(THINGS.insert().values(id=1))
        assert session.execute(select(THINGS)).all() == []
    with reading_sessions(things)() as session:
        assert len(session.execute(select(THINGS)).all()) == 1


def test_a_failed_transaction_leaves_nothing(things: Engine) -> None:
    with pytest.raises(IntegrityError), writing_sessions(things).begin() as session:
        session.execute(THINGS.insert(), [{"id": 1}, {"id": 1}])
    with reading_sessions(things)() as session:
        assert session.execute(select(THINGS)).all() == []


def test_writers_that_read_first_wait_for_each_other(things: Engine) -> None:
    sessions = writing_sessions(things)
    with sessions.begin() as session:
        session.execute(THINGS.insert().values(id=1, total=0))

    def count_up() -> None:
        for _ in range(20):
            with sessions.begin() as session:
                total = session.execute(select(THINGS.c.total).with_for_update()).scalar_one()
                session.execute(THINGS.update().values(total=total + 1))

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading_sessions(things)() as session:
        assert session.execute(select(THINGS.c.total)).scalar_one() == 80


def test_many_rows_are_inserted_as_they_are(things: Engine) -> None:
    rows = [
        {"id": number, "owner": number.to_bytes(20, "big"), "hash": None, "total": (-(10**30)) ** number}
        for number in range(3)
    ]
    with writing_sessions(things).begin() as session:
        insert_rows(session, THINGS, rows)
        insert_rows(session, THINGS, [])
    with reading_sessions(things)() as session:
        found = session.execute(select(THINGS).order_by(THINGS.c.id)).all()
        assert [row._asdict() for row in found] == rows


def test_a_bad_row_among_many_inserts_none(things: Engine) -> None:
    rows = [{"id": 1, "owner": bytes(20)}, {"id": 2, "owner": bytes(19)}]
    with (
        pytest.raises((StatementError, ValueError), match="expected 20 bytes"),
        writing_sessions(things).begin() as session,
    ):
        insert_rows(session, THINGS, rows)
    with reading_sessions(things)() as session:
        assert session.execute(select(THINGS)).all() == []


def test_insert_or_update_replaces_what_is_there(things: Engine) -> None:
    with writing_sessions(things).begin() as session:
        insert = insert_or_update(session, THINGS)
        statement = insert.on_conflict_do_update(index_elements=["id"], set_={"total": insert.excluded.total})
        session.execute(statement, [{"id": 1, "total": 5}, {"id": 2, "total": 6}, {"id": 1, "total": 7}])
        assert dict(session.execute(select(THINGS.c.id, THINGS.c.total)).all()) == {1: 7, 2: 6}


def test_sqlite_syncs_and_checks_as_promised(tmp_path: Path) -> None:
    engine = open_database(f"sqlite+pysqlite:///{tmp_path / 'new folder' / 'x.db'}")
    with engine.connect() as connection:
        pragma = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    engine.dispose()
    assert pragma == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1}


@pytest.mark.parametrize("url", ["", "mysql://somewhere/db", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused_with_what_to_do(url: str) -> None:
    with pytest.raises(ConfigurationError, match="QUANTATRADE_DATABASE_URL"):
        open_database(url)


def test_an_unreachable_database_is_a_configuration_error() -> None:
    engine = open_database("postgresql://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1") as refused:
        upgrade_database(engine)
    assert "secret" not in str(refused.value)
