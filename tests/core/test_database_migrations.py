"""Migrations make exactly the tables that the rooms declare, in one step, as often as asked."""

import importlib
import pkgutil

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

import indexer
import offchain
from offchain.core.database import Base, open_database, upgrade_database
from offchain.core.errors import ConfigurationError


def _import_all_tables() -> None:
    names = ["offchain.core.listings", "offchain.core.projecting", "indexer.project.registry"]
    for package in (offchain, indexer):
        names += [
            module.name
            for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.", onerror=lambda _: None)
            if module.name.endswith(".models")
        ]
    for name in names:
        importlib.import_module(name)


def test_the_migrated_tables_are_the_declared_ones(database: Engine) -> None:
    _import_all_tables()
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)
    assert differences == []
    assert "orders" in Base.metadata.tables


def test_upgrading_again_changes_nothing(database: Engine) -> None:
    before = inspect(database).get_table_names()
    upgrade_database(database)
    assert inspect(database).get_table_names() == before


def test_a_database_of_a_newer_version_is_refused(database_url: str) -> None:
    engine = open_database(database_url)
    upgrade_database(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'x9' WHERE version_num = 'orders_0001'"))
    with pytest.raises(ConfigurationError, match="does not fit this version"):
        upgrade_database(engine)
    engine.dispose()


def test_a_failing_migration_leaves_no_tables(database_url: str) -> None:
    engine = open_database(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE orders (something INTEGER)"))
    with pytest.raises(Exception, match="orders"):
        upgrade_database(engine)
    assert inspect(engine).get_table_names() == ["orders"]
    engine.dispose()
