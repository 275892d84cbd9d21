"""One indexer as a process of its own, from an empty database to caught up: `python -m benchmarks.indexer.follow ...`.

Prints one JSON object: seconds, stored events, published facts, and the peak of its memory.
"""

import asyncio
import gc
import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import uvloop

from indexer.contracts import contracts_of
from indexer.fetch.http_node import HttpNode
from indexer.service import Indexer, IndexerSettings
from offchain.chain.manifest import load_manifest
from offchain.core.database import open_database, upgrade_database
from offchain.core.intents import RecordChainFact

CONFIRMATIONS = 2
HEAD_INTERVAL_S = 0.05


class DurableFacts:
    """A sink that keeps facts as the sequencer's journal does: a page is written and synced before it is answered."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self.chain_position = (0, -1)
        self.taken = 0

    async def submit_in_order(self, intents: Sequence[RecordChainFact], /) -> None:
        """Writes and syncs the facts."""
        self._file.write(msgspec.msgpack.encode([(intent.kind, intent.fact, intent.owner) for intent in intents]))
        await asyncio.to_thread(os.fdatasync, self._file.fileno())
        position = intents[-1].fact.position
        self.chain_position = (position.block_number, position.log_index)
        self.taken += len(intents)


class Followed(msgspec.Struct, frozen=True):
    """What a run measured. Memory is in MiB; `rss_mb_before` is that of the interpreter with all modules."""

    seconds: float
    facts: int
    head: int
    rss_mb_before: float
    rss_mb_peak: float
    cpu_seconds: float


async def follow(node_url: str, manifest_path: Path, database_url: str, facts: Path) -> Followed:
    """Follows the chain until nothing is missing."""
    manifest = load_manifest(manifest_path)
    database = open_database(database_url)
    upgrade_database(database)
    sink, node = DurableFacts(facts), HttpNode(node_url)
    settings = IndexerSettings(manifest.chain_id, CONFIRMATIONS, HEAD_INTERVAL_S)
    contracts = contracts_of(manifest)
    gc.freeze()
    before_mb = _rss_mb()
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    indexer = Indexer([node], database, settings, lambda: contracts, sink)
    await indexer.start()
    while not indexer.status().caught_up:  # noqa: ASYNC110 - nothing tells us
        await asyncio.sleep(0.005)
    elapsed_s = time.perf_counter() - started_s
    cpu_s = time.process_time() - started_cpu_s
    head = indexer.status().head
    await indexer.stop()
    await node.close()
    database.dispose()
    return Followed(elapsed_s, sink.taken, head, before_mb, _rss_mb(), cpu_s)


def _rss_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    node, manifest, url, sink_path = sys.argv[1:]
    sys.stdout.write(
        msgspec.json.encode(uvloop.run(follow(node, Path(manifest), url, Path(sink_path)))).decode() + "\n"
    )
