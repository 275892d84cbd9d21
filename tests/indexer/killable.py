"""An indexer as a process of its own, to be killed; its sink is a file that is written through, a line a fact.

It is forked from a parent that has everything loaded, because two hundred starts would take most of the time.
"""

import asyncio
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from indexer.backfill import Nobody
from indexer.blocks import IndexedContract
from indexer.fetch.http_node import HttpNode
from indexer.service import Indexer, IndexerSettings
from offchain.core.database import open_database
from offchain.core.intents import RecordChainFact

CONFIRMATIONS = 3


class FileSink:
    """Facts as lines of block number, log index, block hash, kind, owner and amount; as durable as the journal's."""

    def __init__(self, path: Path) -> None:
        text = path.read_text() if path.exists() else ""
        self._file = path.open("r+" if path.exists() else "w")
        whole = text.rfind("\n") + 1
        self._file.truncate(whole)
        self._file.seek(whole)
        lines = text[:whole].splitlines()
        self.chain_position = (int(lines[-1].split()[0]), int(lines[-1].split()[1])) if lines else (0, 0)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    async def submit_in_order(self, intents: Sequence[RecordChainFact], /) -> None:
        """Takes what is after the last fact."""
        for intent in intents:
            position = intent.fact.position
            place = (position.block_number, position.log_index)
            if place > self.chain_position:
                told = (*place, position.block_hash.hex(), intent.kind.name, intent.owner.hex(), intent.amount_units)
                self._file.write(" ".join(map(str, told)) + "\n")
                self.chain_position = place
        self._file.flush()
        os.fsync(self._file.fileno())


class Killable(NamedTuple):
    """What a process needs to index."""

    node_url: str
    database_url: str
    facts: Path | None
    """Where the facts go; None: it tells none, because another process does."""
    chain_id: int
    contracts: tuple[IndexedContract, ...]

    def start(self) -> int:
        """Starts the process; its id."""
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(self._index())
            except BaseException:  # What it was must be seen, and must not run on as the parent.
                traceback.print_exc()
            finally:
                os._exit(1)
        return child

    async def _index(self) -> None:
        database = open_database(self.database_url)
        settings = IndexerSettings(self.chain_id, CONFIRMATIONS, poll_interval_s=0.02)
        nodes = [HttpNode(self.node_url)]
        sink = Nobody() if self.facts is None else FileSink(self.facts)
        indexer = Indexer(nodes, database, settings, lambda: self.contracts, sink)
        await indexer.start()
        await asyncio.Event().wait()
