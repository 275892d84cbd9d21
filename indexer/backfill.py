"""Backfill by itself: the whole history into the database, with a bar that tells rate and remaining time."""

import asyncio
from collections.abc import Sequence
from typing import Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from indexer.contracts import ManifestContracts
from indexer.fetch.http_node import HttpNode
from indexer.service import Indexer, IndexerSettings
from offchain.chain.manifest import load_manifest
from offchain.core.database import open_database, upgrade_database
from offchain.core.intents import RecordChainFact
from offchain.core.settings import Settings

_REFRESH_S: Final = 0.2
_LAST: Final = 2**62


class Nobody:
    """A sink that is ahead of every chain, so that nothing is published to it."""

    chain_position = (_LAST, _LAST)

    async def submit_in_order(self, intents: Sequence[RecordChainFact], /) -> None:
        """Takes nothing: there is nothing after its position."""
        assert not intents


async def backfill(settings: Settings) -> None:
    """Reads the chain until nothing is missing.

    Raises:
        ConfigurationError: there is no deployment, or the database belongs to another.
    """
    manifest = load_manifest(settings.manifest_path)
    database = open_database(settings.effective_database_url)
    upgrade_database(database)
    nodes = [HttpNode(url) for url in settings.node_urls]
    options = IndexerSettings(manifest.chain_id, settings.finality_confirmations, settings.head_interval_s)
    indexer = Indexer(nodes, database, options, ManifestContracts(settings.manifest_path), Nobody())
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("blocks, {task.fields[events_per_second]:,.0f} events/s,"),
        TimeRemainingColumn(),
    )
    await indexer.start()
    try:
        with Progress(*columns) as bar:
            task = bar.add_task(f"chain {manifest.chain_id}", total=None, events_per_second=0.0)
            while not (status := indexer.status()).caught_up:
                if status.node_head >= 0:
                    rate = indexer.events_per_second
                    bar.update(task, total=status.node_head, completed=max(0, status.head), events_per_second=rate)
                if status.error:
                    bar.update(task, description=status.error[:80])
                await asyncio.sleep(_REFRESH_S)
            bar.update(task, total=status.head, completed=status.head, events_per_second=indexer.events_per_second)
    finally:
        await indexer.stop()
        for node in nodes:
            await node.close()
        database.dispose()
