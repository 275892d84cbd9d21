"""A migrated database for a test: SQLite always, PostgreSQL where one can be reached.

A test that asks for `database` runs once on each. Migrating takes longer than most tests, so it is done once a run:
SQLite's file is copied for each test, PostgreSQL's schema is emptied after each.
"""

import atexit
import functools
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import URL, Engine, MetaData, create_engine, delete, inspect, make_url, table, text
from sqlalchemy.exc import OperationalError

from offchain.core.database import open_database, upgrade_database

_DEFAULT_POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/test"
_VERSIONS = "alembic_version"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database (of PostgreSQL: a schema of its own, dropped afterwards)."""
    if request.param == "sqlite":
        yield f"sqlite+pysqlite:///{tmp_path / 'test.db'}"
        return
    with postgres_schema() as url:
        yield url


@contextmanager
def postgres_schema() -> Iterator[str]:
    """The URL of a schema of its own in PostgreSQL, dropped afterwards; skips the test where there is no PostgreSQL."""
    server = _postgres()
    url = _make_schema(server)
    try:
        yield url
    finally:
        _drop_schema(server, url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine on a database with the tables of every room, all empty."""
    if request.param == "sqlite":
        shutil.copy(_migrated_file(), tmp_path / "migrated.db")
        engine = open_database(f"sqlite+pysqlite:///{tmp_path / 'migrated.db'}")
        yield engine
        engine.dispose()
        return
    migrated = _migrated_schema(_postgres())
    engine = open_database(migrated.url)
    yield engine
    _clear(engine, migrated.tables)
    engine.dispose()


@functools.cache
def _migrated_file() -> Path:
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    engine = open_database(f"sqlite+pysqlite:///{folder}/migrated.db")
    upgrade_database(engine)
    # Closing the last connection brings everything from the write-ahead log into the file.
    engine.dispose()
    return Path(folder) / "migrated.db"


class _Schema(NamedTuple):
    url: str
    tables: tuple[str, ...]
    """Those that hold rows of the exchange, none before one that it refers to."""


@functools.cache
def _migrated_schema(server: URL) -> _Schema:
    url = _make_schema(server)
    atexit.register(_drop_schema, server, url)
    engine = open_database(url)
    upgrade_database(engine)
    metadata = MetaData()
    metadata.reflect(engine)
    engine.dispose()
    return _Schema(url, tuple(table.name for table in metadata.sorted_tables if table.name != _VERSIONS))


@functools.cache
def _reached(url: URL) -> bool:
    engine = create_engine(url, connect_args={"connect_timeout": 3})
    try:
        engine.connect().close()
    except OperationalError:
        return False
    finally:
        engine.dispose()
    return True


def _postgres() -> URL:
    url = make_url(os.environ.get("QUANTATRADE_TEST_POSTGRES_URL") or _DEFAULT_POSTGRES)
    if not _reached(url):
        where = f"no PostgreSQL at {url.render_as_string()}: set QUANTATRADE_TEST_POSTGRES_URL"
        if os.environ.get("CI") == "true":
            pytest.fail(where)
        pytest.skip(where)
    return url


def _make_schema(server: URL) -> str:
    schema = f"test_{uuid.uuid4().hex}"
    _execute(server, f"CREATE SCHEMA {schema}")
    return server.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)


def _drop_schema(server: URL, url: str) -> None:
    schema = str(make_url(url).query["options"]).removeprefix("-csearch_path=")
    _execute(server, f"DROP SCHEMA {schema} CASCADE")


def _execute(server: URL, statement: str) -> None:
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _clear(engine: Engine, tables: tuple[str, ...]) -> None:
    """Drop what the test made, and empty the rest."""
    made = set(inspect(engine).get_table_names()) - {*tables, _VERSIONS}
    with engine.begin() as connection:
        for name in made:
            connection.execute(text(f'DROP TABLE "{name}" CASCADE'))
        for name in reversed(tables):
            connection.execute(delete(table(name)))
