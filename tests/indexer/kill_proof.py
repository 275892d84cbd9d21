"""`kill -9` of an indexer at any moment, in backfill and live, and what it has left in the end."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import delete, select

from indexer.project.projection import table_of
from indexer.project.registry import PROJECTIONS
from indexer.store.models import IndexerBlock, IndexerContract, IndexerCursor, IndexerLog
from offchain.core.database import open_database, upgrade_database
from tests.indexer.chain_load import ChainLoad
from tests.indexer.killable import CONFIRMATIONS, Killable
from tests.support.waiting import eventually

KILLS_A_ROUND = 20
"""Half of them while the history is read from its beginning, half while blocks arrive."""
_START_S = 0.1
_TABLES = [
    *(table_of(model) for projection in PROJECTIONS for model in projection.models),
    *(table_of(projection.fold.table) for projection in PROJECTIONS if projection.fold is not None),
    *map(table_of, (IndexerLog, IndexerBlock, IndexerContract, IndexerCursor)),
]


class KillProof:
    """Rounds of kills on one chain and one database. `findings` are empty if all is well."""

    def __init__(self, load: ChainLoad, database_url: str, folder: Path, rng: random.Random) -> None:
        self.findings: list[str] = []
        self.totals: Counter[str] = Counter()
        self._load = load
        self._rng = rng
        self._facts = folder / "facts"
        self._database = open_database(database_url)
        upgrade_database(self._database)
        (url,) = load.exchange.nodes.urls
        self._process = Killable(url, database_url, self._facts, load.manifest.chain_id, load.contracts)
        self._backfill_s = 1.0

    async def run(self, kills: int, told: Callable[[], None] = lambda: None) -> None:
        """So many kills, in rounds that each begin with an empty database."""
        while self.totals["kills"] < kills and not self.findings:
            of_round = min(KILLS_A_ROUND, kills - self.totals["kills"])
            self._empty()
            for number in range(of_round):
                is_live = number >= of_round // 2
                if number == of_round // 2:
                    await self._follow_to_the_end()
                await (self._kill_live() if is_live else self._kill_in_backfill())
                self.totals["kills"] += 1
                told()
            await self._follow_to_the_end()
            await self._compare()
        self._database.dispose()

    def _empty(self) -> None:
        self._facts.unlink(missing_ok=True)
        with self._database.begin() as connection:
            for table in _TABLES:
                connection.execute(delete(table))
        self._database.dispose()

    async def _kill_in_backfill(self) -> None:
        child = self._process.start()
        await asyncio.sleep(self._rng.uniform(0, _START_S + self._backfill_s / 2))
        self._end(child)
        head = self._head()
        self.totals["kills_before_a_block"] += head < 0
        self.totals["kills_in_backfill"] += 0 <= head < await self._load.exchange.nodes.block_number()

    async def _kill_live(self) -> None:
        """A kill while blocks are made and replaced, perhaps of two that write the same tables."""
        children = [self._process.start()]
        if self._rng.random() < 0.5:
            children.append(self._process._replace(facts=None).start())
            self.totals["pairs"] += 1
        until_s = time.monotonic() + self._rng.uniform(0, 3 * _START_S)
        while time.monotonic() < until_s:
            await self._load.do_something()
            if self._rng.random() < 0.2:
                await self._load.reorg(self._rng.randrange(1, CONFIRMATIONS + 1))
                self.totals["reorgs"] += 1
        for child in children:
            self._end(child)

    async def _follow_to_the_end(self) -> None:
        """One process that is left alone until it has everything; then it is killed too."""
        await self._load.exchange.mine(CONFIRMATIONS + 1)
        head, facts = await self._load.exchange.nodes.block_number(), await self._load.final_facts(CONFIRMATIONS)
        started_s, child = time.monotonic(), self._process.start()
        await eventually(lambda: self._head() == head and len(self._lines()) >= len(facts))
        if not self.totals["rounds"]:
            self._backfill_s = time.monotonic() - started_s
        self._end(child)

    def _end(self, child: int) -> None:
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            self.findings.append(f"the indexer ended by itself: {status}")

    def _head(self) -> int:
        query = select(IndexerCursor.head_number).where(IndexerCursor.chain_id == self._load.manifest.chain_id)
        with self._database.connect() as connection:
            number: int | None = connection.scalar(query)
        # No connection may be open when a process is forked.
        self._database.dispose()
        return -1 if number is None else number

    def _lines(self) -> list[list[str]]:
        return [line.split() for line in self._facts.read_text().splitlines()] if self._facts.exists() else []

    async def _compare(self) -> None:
        self.totals["rounds"] += 1
        self.findings += await self._load.differences(self._database)
        self._database.dispose()
        told = [(int(line[0]), int(line[1]), bytes.fromhex(line[2])) for line in self._lines()]
        facts = await self._load.final_facts(CONFIRMATIONS)
        if told != [log.place for log in facts]:
            missing, wrong = {log.place for log in facts} - set(told), set(told) - {log.place for log in facts}
            self.findings.append(f"{len(told)} facts of {len(facts)}: missing {missing}, not true {wrong}")
        deposited = sum(log.arguments["amount"] for log in facts if log.event == "Deposited")
        credited = sum(int(line[5]) for line in self._lines() if line[3] == "CHAIN_DEPOSIT")
        if credited != deposited:
            self.findings.append(f"{credited} units were credited, {deposited} deposited")
        self.totals["facts"] += len(facts)
