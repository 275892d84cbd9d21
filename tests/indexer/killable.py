"""An indexer as a process of its own, to be killed: `python -m tests.indexer.killable NODE MANIFEST DATABASE FACTS`.

Its sink is a file that is written through, a line a fact, as the sequencer's journal is.
"""

import asyncio
import os
import sys
from pathlib import Path

from indexer.service import Indexer, IndexerSettings
from offchain.chain.bindings import load_contract
from offchain.chain.manifest import load_manifest
from offchain.chain.node import NodePool
from offchain.core.database import open_database, upgrade_database
from offchain.core.intents import RecordChainFact


class FileSink:
    """Facts as lines of block number, log index, owner and amount."""

    def __init__(self, path: Path) -> None:
        text = path.read_text() if path.exists() else ""
        self._file = path.open("r+" if path.exists() else "w")
        whole = text.rfind("\n") + 1
        self._file.truncate(whole)
        self._file.seek(whole)
        lines = text[:whole].splitlines()
        self.chain_position = (int(lines[-1].split()[0]), int(lines[-1].split()[1])) if lines else (0, 0)

    async def submit(self, intent: RecordChainFact, /) -> None:
        place = (intent.fact.position.block_number, intent.fact.position.log_index)
        if place > self.chain_position:
            self._file.write(f"{place[0]} {place[1]} {intent.owner.hex()} {intent.amount_units}\n")
            self._file.flush()
            os.fsync(self._file.fileno())
            self.chain_position = place


async def main(node: str, manifest_path: str, database: str, facts: str) -> None:
    manifest = load_manifest(Path(manifest_path))
    engine = open_database(database)
    upgrade_database(engine)
    settings = IndexerSettings(manifest.chain_id, manifest.address("Settlement"), manifest.first_block, 2, 0.02)
    async with NodePool([node]) as nodes:
        indexer = Indexer(nodes, engine, settings, load_contract("Settlement"), FileSink(Path(facts)))
        await indexer.start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
