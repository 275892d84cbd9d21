"""The database: one declarative base, one way to open an engine, one way to bring its tables up to date.

SQLite and PostgreSQL hold the same tables. Nothing in them is a source of truth about the exchange: what the
projections write can be rebuilt from the journal, so SQLite runs with `synchronous=NORMAL` and a power cut may cost
the last commits of the database but never its consistency.

How a room adds tables:

1. Declare them on `Base` in the room's `models.py`, with the column types of this module.
2. Add a file `offchain/migrations/versions/<room>_<number>_<words>.py` (see `ledger_0001_*`) with
   `revision = "<room>_<number>"`. A room's first revision has `down_revision = None` and `branch_labels = ("<room>",)`;
   later ones name the room's previous revision in `down_revision`. Every room is an Alembic branch of its own, so rooms
   never wait for each other; `upgrade_database` brings all branches to their heads in one transaction.
3. `tests/core/test_database_migrations.py` compares the migrated tables with the models of every room.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from typing import Any, Final

import alembic.command
import psycopg
from alembic.config import Config
from psycopg import sql
from sqlalchemy import (
    BigInteger,
    Connection,
    Dialect,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from offchain.core.errors import ConfigurationError

Sessions = sessionmaker[Session]
"""What makes sessions, for reading (`reading_sessions`) or for writing (`writing_sessions`)."""

UpsertInsert = sqlite.Insert | postgresql.Insert

MIGRATIONS: Final = Path(__file__).parents[1] / "migrations"
_BUSY_TIMEOUT_MS: Final = 15_000
_MIGRATION_LOCK: Final = 0x51545241
"""Key of PostgreSQL's advisory lock that keeps two starting processes from migrating at once."""
_BEGIN: Final = "sqlite_begin"
_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    f"busy_timeout={_BUSY_TIMEOUT_MS}",
    "cache_size=-16384",
    "temp_store=MEMORY",
)


class Base(DeclarativeBase):
    """Base of all tables of all rooms; constraints get the same names in every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


Int64 = BigInteger().with_variant(Integer(), "sqlite")
"""A signed 64-bit integer: amounts, prices, quantities, sequences, microseconds. (SQLite's INTEGER has 64 bits, and
only under that name can a primary key be the row's own address.)"""


class FixedBytes(TypeDecorator[bytes]):
    """Exactly `length` bytes.

    Raises:
        ValueError: a value of another length, wrapped by SQLAlchemy in a `StatementError`.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """The value, if it has the right length."""
        if value is not None and len(value) != self.length:
            msg = f"expected {self.length} bytes, got {len(value)}"
            raise ValueError(msg)
        return value

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """The stored bytes."""
        return None if value is None else bytes(value)


class WideInteger(TypeDecorator[int]):
    """An integer that may outgrow 64 bits (a sum over many fills), kept as decimal text; not for SQL arithmetic."""

    impl = String(78)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        """The decimal text."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:
        """The integer."""
        return None if value is None else int(value)


Address = FixedBytes(20)
"""An address of the chain."""
Hash32 = FixedBytes(32)
"""A 32-byte hash."""


def open_database(url: str) -> Engine:
    """An engine on a SQLite file (`sqlite+pysqlite:///path`) or PostgreSQL (`postgresql+psycopg://...`).

    SQLite's folder is made when it does not exist. Nothing is connected yet with PostgreSQL.

    Raises:
        ConfigurationError: the URL is not one of these.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError("The database URL is not a URL.", "Set QUANTATRADE_DATABASE_URL right.") from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(parsed, pool_size=16, max_overflow=32)
    if backend != "sqlite" or parsed.database in (None, "", ":memory:"):
        raise ConfigurationError(
            f"The database {parsed.render_as_string()} is not supported.",
            "Set QUANTATRADE_DATABASE_URL to a sqlite+pysqlite:///file or a postgresql+psycopg:// URL.",
        )
    Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, pool_size=16, max_overflow=32, connect_args={"timeout": _BUSY_TIMEOUT_MS / 1_000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def reading_sessions(database: Engine) -> Sessions:
    """Sessions whose reads all see one moment of the database, whatever is being written."""
    if database.dialect.name == "postgresql":
        database = database.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return sessionmaker(database, expire_on_commit=False)


def writing_sessions(database: Engine) -> Sessions:
    """Sessions that write.

    SQLite has one writer at a time; it takes its turn when the transaction begins, so that it waits and never fails
    half-way.
    """
    return sessionmaker(database.execution_options(**{_BEGIN: "IMMEDIATE"}), expire_on_commit=False)


def insert_or_update(session: Session, table: Table) -> UpsertInsert:
    """An INSERT into `table` that can be given `on_conflict_do_update` or `on_conflict_do_nothing`."""
    make: Callable[[Table], UpsertInsert] = (
        postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    )
    return make(table)


def insert_rows(session: Session, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert many rows, which all have the same keys. PostgreSQL takes them by COPY, a statement for all."""
    if not rows:
        return
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        session.execute(insert(table), rows)
        return
    names = list(rows[0])
    types = [table.c[name].type.dialect_impl(connection.dialect) for name in names]
    adapters = [type_.bind_processor(connection.dialect) or _as_it_is for type_ in types]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection), f"PostgreSQL is driven by {type(driver)}"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([adapt(row[name]) for adapt, name in zip(adapters, names, strict=True)])


def upgrade_database(database: Engine) -> None:
    """Bring every room's tables to the newest revision, in one transaction: all or nothing.

    Raises:
        ConfigurationError: the database cannot be reached, or was made by a newer version.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        with database.execution_options(**{_BEGIN: "IMMEDIATE"}).begin() as connection:
            if database.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            config.attributes["connection"] = connection
            alembic.command.upgrade(config, "heads")
    except OperationalError as error:
        raise ConfigurationError(
            f"The database {database.url.render_as_string()} cannot be used: {error.orig}.",
            "Start it, or set QUANTATRADE_DATABASE_URL.",
        ) from error
    except alembic.util.CommandError as error:
        raise ConfigurationError(
            f"The database {database.url.render_as_string()} does not fit this version: {error}.",
            "Use the version that made it, or remove the database: it is rebuilt from the journal.",
        ) from error


def _as_it_is(value: Any) -> Any:
    return value


def _prepare_sqlite(connection: SQLiteConnection, _record: Any) -> None:
    # The driver's own transactions begin late and not at all for reads and DDL; `_begin_sqlite` begins them instead.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get(_BEGIN, 'DEFERRED')}")
