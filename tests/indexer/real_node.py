"""An indexer on nodes that run."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import Engine

from indexer.blocks import IndexedContract
from indexer.fetch.http_node import HttpNode
from indexer.service import Indexer, IndexerSettings
from offchain.chain.node import NodePool
from tests.indexer.recording_sink import RecordingSink
from tests.support.waiting import eventually

_POLL_INTERVAL_S = 0.02


@asynccontextmanager
async def indexing(
    urls: Sequence[str],
    database: Engine,
    chain_id: int,
    confirmations: int,
    contracts: Callable[[], Sequence[IndexedContract]],
    sink: RecordingSink | None = None,
    timeout_s: float = 10.0,
) -> AsyncIterator[Indexer]:
    """A started indexer on some nodes."""
    nodes = [HttpNode(url, timeout_s) for url in urls]
    settings = IndexerSettings(chain_id, confirmations, _POLL_INTERVAL_S)
    indexer = Indexer(nodes, database, settings, contracts, sink or RecordingSink())
    await indexer.start()
    try:
        yield indexer
    finally:
        await indexer.stop()
        for node in nodes:
            await node.close()


async def caught_up(indexer: Indexer, nodes: NodePool) -> None:
    """Waits until all that the nodes have is indexed."""
    head = await nodes.block_number()
    await eventually(lambda: indexer.status().caught_up and indexer.status().head == head)
