"""All projections together, as the exchange runs them, on a database of a test."""

from collections.abc import Sequence

from sqlalchemy import Engine, Table, select

from offchain.app import all_projections
from offchain.core.database import reading_sessions
from offchain.core.events import LoggedCommand
from offchain.core.projecting import ProjectionStore

Rows = dict[str, list[tuple[object, ...]]]


def opened_store(database: Engine) -> ProjectionStore:
    """A store of all projections, where the database left off."""
    store = ProjectionStore(database, all_projections())
    store.open()
    return store


def project(database: Engine, logged: Sequence[LoggedCommand], delivery: int = 300) -> ProjectionStore:
    """Apply a log, `delivery` commands at a time."""
    store = opened_store(database)
    for start in range(0, len(logged), delivery):
        store.apply(logged[start : start + delivery])
    return store


def all_rows(database: Engine) -> Rows:
    """Every row of every table of the projections, in the order of the primary keys."""
    tables: list[Table] = [table for projection in all_projections() for table in projection.tables]
    with reading_sessions(database)() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in tables
        }
