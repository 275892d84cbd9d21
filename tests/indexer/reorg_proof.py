"""Real reorgs under load, each followed by a comparison with the node and with a rebuild."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine

from indexer.fetch.http_node import HttpNode
from indexer.service import Indexer, IndexerSettings
from indexer.verify import verify
from offchain.core.commands import CommandKind
from tests.indexer.chain_load import ChainLoad
from tests.indexer.recording_sink import RecordingSink
from tests.support.waiting import eventually

CONFIRMATIONS = 64
_SHARE_MADE_FINAL = 0.5
"""After so many of the reorgs what is left becomes final; the others go on where one was."""


class ReorgProof:
    """An indexer that follows a node under load. `findings` are empty if all is well."""

    def __init__(self, load: ChainLoad, database: Engine, rng: random.Random) -> None:
        self.findings: list[str] = []
        self.totals: Counter[str] = Counter()
        self.double_credit = 0
        self._load = load
        self._database = database
        self._rng = rng
        self._sink = RecordingSink()
        self._removed: set[tuple[int, int, bytes]] = set()
        self._deepest = 0
        self._goes_on = asyncio.Event()
        self._goes_on.set()

    async def run(self, depths: Sequence[int], told: Any = lambda depth: None) -> None:
        """A reorg of each depth."""
        urls = self._load.exchange.nodes.urls
        nodes = [HttpNode(url) for url in urls]
        settings = IndexerSettings(self._load.manifest.chain_id, CONFIRMATIONS, poll_interval_s=0.02)
        indexer = Indexer(nodes, self._database, settings, lambda: self._load.contracts, self._sink)
        await indexer.start()
        loading = asyncio.create_task(self._keep_loading())
        try:
            for depth in depths:
                self._goes_on.set()
                await self._reorg(indexer, depth)
                told(depth)
                if self._rng.random() < _SHARE_MADE_FINAL:
                    await self._load.exchange.mine(CONFIRMATIONS)
            await self._pause()
            await self._load.exchange.mine(CONFIRMATIONS)
            await self._caught_up(indexer)
            await self._finish(indexer)
        finally:
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)
            await indexer.stop()
            for node in nodes:
                await node.close()

    async def _keep_loading(self) -> None:
        while True:
            await self._goes_on.wait()
            self._is_busy = True
            await self._load.do_something()
            self._is_busy = False
            self.totals["deeds"] += 1

    async def _pause(self) -> None:
        self._goes_on.clear()
        await eventually(lambda: not self._is_busy)

    async def _reorg(self, indexer: Indexer, depth: int) -> None:
        """A reorg while deposits and settlements go on, and what is there when they pause."""
        deeds = self.totals["deeds"] + self._rng.randrange(1, 4)
        await eventually(lambda: self.totals["deeds"] >= deeds)
        await self._pause()
        await self._caught_up(indexer)
        before = {log.place for log in await self._load.logs() if log.event == "Deposited"}
        # The load rests for this one call: a node that mines while it replaces blocks may lose one of them for good.
        await self._load.reorg(depth)
        self._deepest = max(self._deepest, depth)
        self._goes_on.set()
        # A chain that is no longer than ours is not believed yet.
        await self._load.exchange.mine()
        after = {log.place for log in await self._load.logs() if log.event == "Deposited"}
        self._removed |= before - after
        deeds = self.totals["deeds"]
        await eventually(lambda: self.totals["deeds"] > deeds)
        await self._pause()
        await self._caught_up(indexer)
        self.findings += [f"After depth {depth}: {one}" for one in await self._load.differences(self._database)]
        await self._count_credits()

    async def _caught_up(self, indexer: Indexer) -> None:
        await self._load.exchange.mined()
        head = await self._load.exchange.nodes.block_number()
        await eventually(lambda: indexer.status().caught_up and indexer.status().head == head)

    async def _count_credits(self) -> None:
        """Deposits that were credited and are none, or were credited twice."""
        true = {log.place for log in await self._load.logs() if log.event == "Deposited"}
        credited = [_place(fact) for fact in self._sink.facts if fact.kind == CommandKind.CHAIN_DEPOSIT]
        twice = len(credited) - len(set(credited))
        self.double_credit = max(self.double_credit, twice + len(set(credited) - true))

    async def _finish(self, indexer: Indexer) -> None:
        await self._count_credits()
        true = await self._load.final_facts(CONFIRMATIONS)
        told = [_place(fact) for fact in self._sink.facts]
        if told != [log.place for log in true]:
            self.findings.append(f"{len(told)} facts were told, {len(true)} are true")
        if indexer.status().deepest_reorg < self._deepest:
            self.findings.append(f"no reorg of depth {self._deepest} was seen: {indexer.status()}")
        chain_id, contracts = self._load.manifest.chain_id, self._load.contracts
        verified = await verify(self._database, chain_id, contracts, self._load.exchange.nodes)
        self.findings += [str(one) for one in verified.checked if one.mismatches]
        self.totals["reorgs"] = indexer.status().reorgs
        self.totals["deepest_reorg"] = indexer.status().deepest_reorg
        self.totals["deposits_credited"] = sum(fact.kind == CommandKind.CHAIN_DEPOSIT for fact in self._sink.facts)
        self.totals["deposits_removed"] = len(self._removed)
        self.totals["batches_settled"] = sum(fact.kind == CommandKind.CHAIN_BATCH_SETTLED for fact in self._sink.facts)
        self.totals["refused"] = self._load.refused


def _place(fact: Any) -> tuple[int, int, bytes]:
    position = fact.fact.position
    return position.block_number, position.log_index, position.block_hash
