"""Whatever the node lies, the database drops and the process crashes, the end state equals the truth, row by row.

A failing seed is the test's id; `QUANTATRADE_SIMULATIONS` asks for more of them.
"""

import asyncio
import os
import random
from typing import Any

import pytest
from sqlalchemy import Engine, select

from indexer import project
from indexer.service import Indexer, IndexerSettings
from indexer.store import StepConflict
from offchain.chain.bindings import load_contract
from offchain.chain.node import RpcError
from offchain.core.commands import CommandKind
from offchain.core.errors import ChainError, DeepReorg
from tests.indexer.recording_sink import RecordingSink
from tests.indexer.simulated_chain import CONTRACT, FACT_EVENTS, Block, Log, LyingNode, SimulatedChain

SIMULATIONS = int(os.environ.get("QUANTATRADE_SIMULATIONS", "100"))
GROUP = 10
_KINDS = {
    "Deposited": CommandKind.CHAIN_DEPOSIT,
    "Withdrawn": CommandKind.CHAIN_WITHDRAWN,
    "BatchSettled": CommandKind.CHAIN_BATCH_SETTLED,
    "ExitRequested": CommandKind.CHAIN_EXIT_REQUESTED,
    "ExitCancelled": CommandKind.CHAIN_EXIT_CANCELLED,
    "Exited": CommandKind.CHAIN_EXITED,
    "CancelRequested": CommandKind.CHAIN_CANCEL_FLOOR,
    "CancelFloorRaised": CommandKind.CHAIN_CANCEL_FLOOR,
}


class CrashError(Exception):
    """The simulated end of a process."""


class Simulation:
    """One chain, one node, one database, one sequencer, and an indexer that is killed and started again."""

    def __init__(self, seed: int, database: Engine) -> None:
        self.rng = random.Random(seed)
        self.abi = load_contract("Settlement")
        self.database = database
        self.confirmations = self.rng.randrange(1, 7)
        self.first_block = self.rng.randrange(0, 4)
        self.chain = SimulatedChain(self.rng, self.abi, 10_000 + seed, self.first_block)
        self.node = LyingNode(self.chain, self.rng, lies=self.rng.choice((0.0, 0.2, 0.6)))
        self.crashes = self.rng.choice((0.0, 0.1))
        self.sink = RecordingSink()
        self.highest = 0
        self.indexers = [self._start() for _ in range(self.rng.choice((1, 1, 2)))]

    async def run(self) -> None:
        for _ in range(self.rng.randrange(5, 40)):
            self._move_chain()
            for _ in range(self.rng.randrange(3)):
                await self._look()
        self.node.lies = self.crashes = 0.0
        self.node.result_cap = 1_000
        for _ in range(self.confirmations + 5):
            self.chain.mine(empty=True)
        for _ in range(200):
            await self._look()
            if all(self._caught_up(indexer) for indexer in self.indexers):
                break

    async def close(self) -> None:
        for indexer in self.indexers:
            await indexer.stop()

    def _caught_up(self, indexer: Indexer) -> bool:
        # Only `start` notes a failed look in the status; here the looks of an honest node do not fail.
        return indexer.status().head == self.chain.head.number and indexer.status().caught_up

    def _start(self) -> Indexer:
        settings = IndexerSettings(self.chain.chain_id, CONTRACT, self.first_block, self.confirmations, 0.1)
        return Indexer(self.node, self.database, settings, self.abi, self.sink)

    def _move_chain(self) -> None:
        for _ in range(self.rng.choice((0, 1, 1, 2, 8))):
            self.chain.mine()
        self.highest = max(self.highest, self.chain.head.number)
        # What was final once, by the highest head there ever was, stays: a deeper reorg is the alarm's business.
        replaceable = self.chain.head.number - max(self.highest - self.confirmations, self.first_block)
        if replaceable > 0 and self.rng.random() < 0.25:
            depth = self.rng.randrange(1, replaceable + 1)
            self.chain.reorg(depth, max(1, depth + self.rng.choice((-1, 0, 1, 2))))
            self.highest = max(self.highest, self.chain.head.number)

    async def _look(self) -> None:
        which = self.rng.randrange(len(self.indexers))
        indexer = self.indexers[which]
        if len(self.indexers) > 1 and self.rng.random() < 0.3:
            await asyncio.gather(*(self._look_through(one) for one in self.indexers))
        elif self.rng.random() < self.crashes:
            self._plan_crash(indexer)
            await self._look_through(indexer)
            self.sink.fail_before = self.sink.fail_after = None
            await indexer.stop()
            self.indexers[which] = self._start()
        else:
            await self._look_through(indexer)

    async def _look_through(self, indexer: Indexer) -> None:
        try:
            await indexer.look()
        except CrashError:
            pass
        except ChainError as error:
            # An honest node refuses at most a range with too many logs, and nothing here replaces a final block.
            if isinstance(error, DeepReorg) or not (self.node.lies or isinstance(error, RpcError | StepConflict)):
                raise

    def _plan_crash(self, indexer: Indexer) -> None:
        place = self.rng.randrange(4)
        apply = indexer._store.apply
        if place == 0:
            self.sink.fail_before = CrashError()
        elif place == 1:
            self.sink.fail_after = CrashError()
        else:

            def apply_and_crash(step: Any) -> None:
                if place == 2:
                    apply(step)
                raise CrashError

            indexer._store.apply = apply_and_crash  # type: ignore[method-assign]

    def check(self) -> None:
        truth = [(block, log) for block in self.chain.blocks if block.number >= self.first_block for log in block.logs]
        final = [(block, log) for block, log in truth if block.number <= self.chain.head.number - self.confirmations]
        self._check_rows(truth)
        facts = [(block, log) for block, log in final if log.event in FACT_EVENTS]
        assert [_told(fact) for fact in self.sink.facts] == [_true_fact(block, log) for block, log in facts]
        assert max(indexer.status().unreadable_logs for indexer in self.indexers) == sum(
            log.event == "" for _, log in truth
        )

    def _check_rows(self, truth: list[tuple[Block, Log]]) -> None:
        tables: dict[str, list[Any]] = {model.__tablename__: [] for model in project.projected_models()}
        for block, log in truth:
            values = log.arguments
            row = {"block_number": block.number, "block_hash": block.hash, "timestamp_s": block.timestamp_s}
            row |= {"log_index": log.log_index, "transaction_hash": log.transaction_hash}
            raw = {**row, "topics": b"".join(log.topics), "data": log.data, "event": log.event}
            tables["indexer_logs"].append(raw)
            if log.event == "Deposited":
                tables["chain_deposits"].append(row | values)
            elif log.event in ("Withdrawn", "Exited"):
                tables["chain_payouts"].append(row | {"nonce": None} | values)
            elif log.event in ("ExitRequested", "ExitCancelled", "CancelRequested", "CancelFloorRaised"):
                request = {"event": log.event, "owner": values["owner"], "asset": values["asset"]}
                request |= {"floor": values.get("floor", 0), "effective_at_s": values.get("effectiveAt", 0)}
                tables["chain_requests"].append(row | request)
            elif log.event == "FillSkipped":
                tables["chain_skipped_fills"].append(row | values)
            elif log.event == "BatchSettled":
                batch = {"batch_hash": values["batchHash"], "journal_root": values["journalRoot"]}
                batch |= {"through_sequence": values["throughSequence"], "number": values["number"]}
                tables["chain_batches"].append(row | batch | {"fills": values["fills"], "skipped": values["skipped"]})
        for model in project.projected_models():
            assert self._stored(model) == tables[model.__tablename__], model.__tablename__

    def _stored(self, model: Any) -> list[dict[str, Any]]:
        table = model.__table__
        query = select(table).where(table.c.chain_id == self.chain.chain_id)
        with self.database.connect() as connection:
            rows = connection.execute(query.order_by(table.c.block_number, table.c.log_index)).mappings()
            return [{name: value for name, value in row.items() if name not in ("chain_id", "error")} for row in rows]


def _told(fact: Any) -> tuple[Any, ...]:
    position = fact.fact.position
    place = (position.block_number, position.log_index, position.block_hash, position.transaction_hash)
    skipped = tuple((skip.fill, skip.reason) for skip in getattr(fact.fact, "skipped", ()))
    return (*place, fact.kind, fact.owner, fact.asset, fact.amount_units, skipped)


def _true_fact(block: Block, log: Log) -> tuple[Any, ...]:
    values = log.arguments
    of_owner = (values.get("owner", b""), values.get("asset", 0), values.get("amount", 0))
    skipped = tuple(
        (one.arguments["fill"], one.arguments["reason"])
        for one in block.logs
        if log.event == "BatchSettled" and one.event == "FillSkipped" and one.arguments["number"] == values["number"]
    )
    return (block.number, log.log_index, block.hash, log.transaction_hash, _KINDS[log.event], *of_owner, skipped)


@pytest.mark.parametrize("group", range(SIMULATIONS // GROUP))
async def test_a_lying_node_and_crashes_leave_the_truth(group: int, database: Engine) -> None:
    for seed in range(group * GROUP, (group + 1) * GROUP):
        simulation = Simulation(seed, database)
        try:
            await simulation.run()
            simulation.check()
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
        finally:
            await simulation.close()
