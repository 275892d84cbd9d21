"""`quantatrade index ...`: what is stored of the chain, whether it is right, and how to make it again."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from offchain.core.settings import Settings

if TYPE_CHECKING:
    import msgspec
    from sqlalchemy import Engine

    from offchain.chain.manifest import Manifest


@click.group()
def index() -> None:
    """Look into what the indexer keeps of the chain."""


@index.command()
@click.pass_obj
def status(settings: Settings) -> None:
    """Show how far the chain is stored. The exchange may be running."""
    from indexer.verify import stored_status

    with _deployed(settings) as (database, manifest):
        _tell(stored_status(database, manifest.chain_id))


@index.command()
@click.pass_obj
def verify(settings: Settings) -> None:
    """Compare what is projected with the contracts' storage at the last final block; exit code 1 if they differ."""
    from indexer.contracts import contracts_of
    from indexer.verify import verify as verify_chain
    from offchain.chain.node import NodePool

    async def verified() -> bool:
        async with NodePool(settings.node_urls) as nodes:
            found = await verify_chain(database, manifest.chain_id, contracts_of(manifest), nodes)
        _tell(found)
        return found.is_clean

    with _deployed(settings) as (database, manifest):
        if not asyncio.run(verified()):
            sys.exit(1)


@index.command()
@click.argument("projection")
@click.pass_obj
def rebuild(settings: Settings, projection: str) -> None:
    """Make a projection again from the stored logs; exit code 1 if it is not what it was."""
    from indexer.contracts import contracts_of
    from indexer.rebuild import projection_named
    from indexer.rebuild import rebuild as rebuild_projection

    chosen = projection_named(projection)
    with _deployed(settings) as (database, manifest):
        rebuilt = rebuild_projection(database, manifest.chain_id, contracts_of(manifest), chosen)
    _tell(rebuilt)
    if not rebuilt.is_same:
        sys.exit(1)


@index.command("catch-up")
@click.pass_obj
def catch_up(settings: Settings) -> None:
    """Read the chain up to its head before the exchange is started. Nothing is published."""
    from indexer.backfill import backfill

    asyncio.run(backfill(settings))


@contextmanager
def _deployed(settings: Settings) -> "Iterator[tuple[Engine, Manifest]]":
    """The database, and the manifest of the deployment that it is of."""
    from offchain.chain.manifest import load_manifest
    from offchain.core.database import open_database

    manifest = load_manifest(settings.manifest_path)
    database = open_database(settings.effective_database_url)
    try:
        yield database, manifest
    finally:
        database.dispose()


def _tell(answer: "msgspec.Struct") -> None:
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(answer)).decode())
