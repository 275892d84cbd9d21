"""One simulated indexer, or two at once, on nodes that lie and a database that fails, killed and started again.

A simulation repeats by its seed: the loop's clock is its own, and nothing waits.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Engine, select

from indexer.blocks import IndexedContract
from indexer.service import Indexer, IndexerSettings
from indexer.store.models import IndexerCursor
from offchain.chain.bindings import load_contract
from offchain.core.errors import ServiceUnavailable
from offchain.core.intents import RecordChainFact
from tests.indexer.economy.chain import Economy
from tests.indexer.economy.truth import ROWS
from tests.indexer.recording_sink import RecordingSink
from tests.indexer.simulated_chain import CONTRACT, SimulatedChain, settlement_at, token_from
from tests.indexer.simulated_database import FailingDatabase
from tests.indexer.simulated_end import End
from tests.indexer.simulated_loop import IndexerLoop
from tests.indexer.simulated_nodes import PROVIDERS, LyingNode

PATIENCE_S: Final = 3_000.0
"""How long, on the loop's clock, an indexer may take with honest nodes and a sound database."""


class BusySequencer(RecordingSink):
    """A sequencer that refuses some facts, and whose answers are lost now and then."""

    def __init__(self, simulation: "Simulation") -> None:
        super().__init__()
        self.trouble = 0.0
        self._of = simulation

    async def submit_in_order(self, intents: Sequence[RecordChainFact], /) -> None:
        rng = self._of.rng
        await asyncio.sleep(rng.uniform(0, 0.01))
        for intent in intents:
            if rng.random() < self.trouble:
                raise ServiceUnavailable("The sequencer is busy.")
            if intent.fact.position.block_number > self._of.highest - self._of.confirmations:
                self._of.findings.append(f"told before it was final: {intent}")
            await self.submit(intent)
        await asyncio.sleep(rng.uniform(0, 0.01))
        if rng.random() < self.trouble:
            raise ServiceUnavailable("The sequencer stopped before it could answer.")


class Simulation:
    """A chain, nodes, a database, a sequencer and indexers. `findings` are empty if the end is the truth.

    With `economy` the chain has the contracts of the token's economy, and without it perhaps a token by itself.
    """

    def __init__(self, seed: int, database: Engine, *, economy: bool) -> None:
        self.rng = rng = random.Random(seed)
        self.totals: Counter[str] = Counter()
        self.findings: list[str] = []
        self.confirmations = rng.choice((1, 2, 3, 4, 6, 12))
        first_block, token_block = rng.randrange(4), rng.choice((None, rng.randrange(20)))
        chain_id = 10_000 + seed
        token_block = None if economy else token_block
        contracts = Economy(rng) if economy else None
        self.chain = SimulatedChain(rng, load_contract("Settlement"), chain_id, first_block, token_block, contracts)
        self.nodes = [
            LyingNode(
                self.chain,
                rng,
                rng.choice((0.0, 0.2, 0.6)),
                provider=rng.choice(PROVIDERS),
                latency_s=rng.choice((0.01, 0.3)),
            )
            for _ in range(rng.choice((1, 2, 2, 3)))
        ]
        self.sequencer = BusySequencer(self)
        self.highest = 0
        self._failing = FailingDatabase(database, rng)
        self._contracts: tuple[IndexedContract, ...] = (settlement_at(CONTRACT, first_block),)
        self._later: list[IndexedContract] = []
        """What the manifest does not name yet."""
        self._name_contracts()
        self._troubled = rng.random() < 0.5
        self._settings = IndexerSettings(chain_id, self.confirmations, poll_interval_s=rng.choice((0.5, 2.0)))
        self._loop = IndexerLoop(rng)
        self._indexers: list[Indexer] = []

    def _name_contracts(self) -> None:
        """Some of the contracts are in the manifest from the first; the others follow, if at all."""
        if self.chain.economy is not None:
            contracts = self.chain.economy.contracts()
            self.rng.shuffle(contracts)
            named = self.rng.randrange(len(contracts) + 1)
        elif self.chain.token_first_block is not None:
            contracts, named = [token_from(self.chain.token_first_block)], int(self.rng.random() < 0.5)
        else:
            return
        self._contracts += tuple(contracts[:named])
        self._later = contracts[named:]

    def run(self) -> None:
        """From the first block to the comparison of everything with the truth."""
        try:
            with self._failing.in_the_way():
                self._loop.play(self._story())
            self._compare()
        # Whatever ends a story is a finding of its seed.
        except Exception as error:
            self.findings.append(f"{type(error).__name__}: {error}")
        self.totals["database_failures"] += self._failing.failures
        self.totals["requests"] += sum(node.requests for node in self.nodes)
        self.totals["facts"] += len(self.sequencer.facts)
        self.totals["blocks"] += len(self.chain.blocks)
        self.totals["economies"] += self.chain.economy is not None
        self.totals["economy_logs"] += sum(log.contract in ROWS for block in self.chain.blocks for log in block.logs)
        self._stored_end().forget()

    async def _story(self) -> None:
        for _ in range(self.rng.choice((1, 1, 1, 2))):
            self._indexers.append(await self._started())
        deeds = {
            self._mine: 10,
            self._reorg: 4,
            self._kill: 2,
            self._restart: 1,
            self._trouble: 2,
            self._part: 1,
            self._go_away: 1,
            self._change_manifest: 1,
        }
        for _ in range(self.rng.randrange(5, 20)):
            (deed,) = self.rng.choices(list(deeds), list(deeds.values()))
            await deed()
            await asyncio.sleep(self.rng.choice((0.0, 0.1, 1.0, 3.0)))
        await self._come_to_rest()
        for indexer in self._indexers:
            await indexer.stop()

    async def _started(self) -> Indexer:
        while True:
            indexer = Indexer(
                self.nodes,
                self._failing.engine,
                self._settings,
                lambda: self._contracts,
                self.sequencer,
                clock=lambda: int(self._loop.time() * 1_000_000),
                monotonic=self._loop.time,
            )
            try:
                await indexer.start()
            # Of any kind, while the database is made to fail; without that it is raised.
            except Exception:
                if not self._failing.trouble:
                    raise
                await indexer.stop()
                await asyncio.sleep(0.1)
            else:
                return indexer

    async def _mine(self) -> None:
        for _ in range(self.rng.choice((1, 1, 2, 3, 12))):
            self.chain.mine()
        self._note_head()

    async def _reorg(self) -> None:
        # What was final once, by the highest head there ever was, stays.
        head = self.chain.head.number
        replaceable = head - max(self.highest - self.confirmations, self.chain.first_block)
        if replaceable > 0:
            depth = self.rng.randrange(1, replaceable + 1)
            self.chain.reorg(depth, max(1, depth + self.rng.choice((-1, 0, 1, 2))))
            self._note_head()
            self.totals["reorgs"] += 1

    def _note_head(self) -> None:
        self.highest = max(self.highest, self.chain.head.number)

    async def _kill(self) -> None:
        """The end of a process at any moment: what its threads have begun is done or never was."""
        place = self.rng.randrange(len(self._indexers))
        await self._end(self._indexers[place])
        self._indexers[place] = await self._started()
        self.totals["kills"] += 1

    async def _end(self, indexer: Indexer) -> None:
        if self.rng.random() < 0.5:
            self._loop.drop(indexer._threads)
        for task in indexer._tasks:
            task.cancel()
        await asyncio.gather(*indexer._tasks, return_exceptions=True)
        indexer._follower.close()

    async def _restart(self) -> None:
        place = self.rng.randrange(len(self._indexers))
        await self._indexers[place].stop()
        self._indexers[place] = await self._started()

    async def _trouble(self) -> None:
        """The database and the sequencer fail for a while."""
        if self._troubled:
            self._failing.trouble = self.sequencer.trouble = self.rng.choice((0.0, 0.02, 0.2))

    async def _part(self) -> None:
        """All nodes or some tell a chain that contradicts the final one; then they tell the true one again."""
        final = self._final_number()
        if final < 1:
            return
        at = self.rng.randrange(max(1, final - 3), final + 1)
        self.chain.part_at(at, self.highest - at + self.rng.choice((1, 2, 21)))
        parted = self.rng.sample(self.nodes, self.rng.randrange(1, len(self.nodes) + 1))
        before = [node.lies for node in self.nodes], self._failing.trouble
        is_sure = len(parted) == len(self.nodes) and self.rng.random() < 0.3
        for node in parted:
            node.is_parted = True
            node.lies = 0.0 if is_sure else node.lies
        if is_sure:
            self._failing.trouble = 0.0
            await asyncio.sleep(200)
            # A chain that is no longer than ours, which one node alone tells, is not looked into, and one that ends
            # below our final block contradicts nothing.
            self._expect(
                "halted",
                lambda status: (
                    status.halted
                    or "below our final block" in status.error
                    or (len(self.nodes) == 1 and "no other" in status.error)
                ),
            )
        else:
            await asyncio.sleep(self.rng.choice((1.0, 10.0)))
        for node, lies in zip(self.nodes, before[0], strict=True):
            node.is_parted, node.lies = False, lies
        self._failing.trouble = before[1]
        self.chain.other = None
        self.totals["deep_reorgs"] += 1

    async def _go_away(self) -> None:
        """No node answers for a while; blocks are mined meanwhile."""
        for node in self.nodes:
            node.is_away = True
        is_long = self.rng.random() < 0.3
        await asyncio.sleep(200 if is_long else self.rng.choice((1.0, 10.0)))
        if is_long:
            self._expect("unreachable", lambda status: not status.node_reachable and not status.caught_up)
        await self._mine()
        for node in self.nodes:
            node.is_away = False
        self.totals["absences"] += 1

    async def _change_manifest(self) -> None:
        """A contract is added whose history the indexers lack, or some are."""
        if not self._later:
            return
        count = 1 if len(self._later) == 1 else self.rng.randrange(1, len(self._later) + 1)
        self._contracts += tuple(self._later[:count])
        del self._later[:count]
        self.totals["late_contracts"] += count

    def _expect(self, what: str, holds: Any) -> None:
        for indexer in self._indexers:
            if not holds(indexer.status()):
                self.findings.append(f"the status does not say that it is {what}: {indexer.status()}")

    def _final_number(self) -> int:
        query = select(IndexerCursor.final_number).where(IndexerCursor.chain_id == self.chain.chain_id)
        trouble, self._failing.trouble = self._failing.trouble, 0.0
        with self._failing.engine.connect() as connection:
            number: int | None = connection.scalar(query)
        self._failing.trouble = trouble
        return -1 if number is None else number

    async def _come_to_rest(self) -> None:
        """Everybody is honest from now on; the indexers must find the truth in time."""
        for node in self.nodes:
            node.lies, node.is_parted = 0.0, False
        self._failing.trouble = self.sequencer.trouble = 0.0
        while self.chain.head.number <= self.highest:
            self.chain.mine()
        for _ in range(self.rng.randrange(3)):
            self.chain.mine()
        self._note_head()
        deadline_s = self._loop.time() + PATIENCE_S
        while not all(self._is_at_rest(indexer) for indexer in self._indexers):
            if self._loop.time() > deadline_s:
                self.findings.append(f"not caught up: {[indexer.status() for indexer in self._indexers]}")
                return
            await asyncio.sleep(1.0)

    def _is_at_rest(self, indexer: Indexer) -> bool:
        status = indexer.status()
        return status.head == self.chain.head.number and status.caught_up and not status.catching_up

    def _compare(self) -> None:
        end = self._stored_end()
        end.compare(self._indexers, self.sequencer.facts, self.rng)
        self.findings += end.findings

    def _stored_end(self) -> End:
        database = self._failing.engine
        return End(database, self.chain, self._contracts, self.confirmations, self._final_number())


def simulation_of(seed: int, database: Engine) -> Simulation:
    """The simulation of a seed. Every second chain has the economy's contracts."""
    return Simulation(seed, database, economy=seed % 2 == 1)
