"""The end of a simulation: every table, fact and status compared with the truth."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Engine, delete, select

from indexer.blocks import IndexedContract
from indexer.project.projection import table_of
from indexer.project.registry import PROJECTIONS
from indexer.project.staking import ChainStake
from indexer.project.tokens import ChainTokenBalance
from indexer.rebuild import rebuild
from indexer.service import Indexer
from indexer.store.models import IndexerBlock, IndexerContract, IndexerCursor
from indexer.store.store import WRITER
from offchain.core.database import reading_sessions
from offchain.core.intents import RecordChainFact
from tests.indexer.economy import staking, token
from tests.indexer.economy.chain import StorageReader
from tests.indexer.simulated_chain import Block, SimulatedChain
from tests.indexer.simulated_events import OWNERS
from tests.indexer.simulated_truth import balances_of, facts_of, logs_of, rows_of, told_fact

_OF_LOGS: Final = tuple(map(table_of, WRITER.models))
_TABLES: Final = (
    *_OF_LOGS,
    *map(table_of, (ChainTokenBalance, ChainStake, IndexerBlock, IndexerContract, IndexerCursor)),
)


class End:
    """What is stored of a chain at the end. `findings` say where it is not the truth.

    Args:
        database: where it is stored.
        chain: the truth.
        contracts: those that are indexed, `Settlement` first.
        confirmations: blocks on top of a block that make it final.
        final_number: the final block by the database; -1 where nothing is stored.
    """

    def __init__(
        self,
        database: Engine,
        chain: SimulatedChain,
        contracts: tuple[IndexedContract, ...],
        confirmations: int,
        final_number: int,
    ) -> None:
        self.findings: list[str] = []
        self._database = database
        self._chain = chain
        self._contracts = contracts
        self._confirmations = confirmations
        self._final_number = max(final_number, 0)
        self._logs = logs_of(chain.blocks, [contract.address for contract in contracts])

    def compare(self, indexers: Sequence[Indexer], told: Sequence[RecordChainFact], rng: random.Random) -> None:
        """Compares everything."""
        self._compare_rows()
        self._compare_facts(told)
        self._compare_statuses(indexers, rng)
        if self._chain.economy is not None:
            self._compare_amounts()
            asyncio.run(self._verify(self._chain.blocks[self._final_number]))
            self._rebuild(rng)

    def forget(self) -> None:
        """Deletes what is stored of the chain."""
        with self._database.begin() as connection:
            for table in _TABLES:
                connection.execute(delete(table).where(table.c.chain_id == self._chain.chain_id))

    def _compare_rows(self) -> None:
        expected: dict[str, list[Any]] = {table.name: [] for table in _OF_LOGS}
        for table, row in rows_of(self._logs):
            expected[table].append(row)
        for stored in _OF_LOGS:
            self._same(stored.name, self._stored(stored), expected[stored.name])
        self._same("balances", self._sums(ChainTokenBalance, "holder"), balances_of(self._logs))

    def _compare_facts(self, told: Sequence[RecordChainFact]) -> None:
        final = self._chain.blocks[: max(0, self._chain.head.number - self._confirmations + 1)]
        self._same("facts", [told_fact(fact) for fact in told], facts_of(final))
        self._same("final", self._final_number, max(len(final) - 1, min(self._final_number, 0)))
        known = [(block.number, block.hash) for block in self._chain.blocks[self._final_number :]]
        self._same("known", [(row["number"], row["hash"]) for row in self._stored(table_of(IndexerBlock))], known)

    def _compare_statuses(self, indexers: Sequence[Indexer], rng: random.Random) -> None:
        last_final = self._chain.head.number - self._confirmations
        pending = Counter(
            log.arguments["owner"]
            for block, log in self._logs
            if log.event == "Deposited" and block.number > last_final
        )
        for indexer in indexers:
            owner = rng.choice(OWNERS)
            self._same("pending", len(indexer.pending_deposits(owner)), pending[owner])
            unreadable = sum(log.event == "" for _, log in self._logs)
            self._same("unreadable logs", indexer.status().unreadable_logs, unreadable)

    def _compare_amounts(self) -> None:
        """The sums are what the contracts' storage has at the head, of the contracts that are indexed."""
        indexed = {contract.name for contract in self._contracts}
        for model, key, *kind in (
            (ChainTokenBalance, "holder", token.NAME, "balance"),
            (ChainStake, "account", staking.NAME, "staked"),
        ):
            storage = self._chain.head.storage if kind[0] in indexed else {}
            true = {place[2]: amount for place, amount in storage.items() if list(place[:2]) == kind and amount}
            self._same(f"amounts {kind}", self._sums(model, key), true)

    async def _verify(self, block: Block) -> None:
        """What `quantatrade index verify` compares, for the economy's contracts that are there at the final block."""
        there = [one for one in self._contracts[1:] if one.first_block <= block.number]
        with reading_sessions(self._database)() as session:
            for contract in there:
                reader = StorageReader(contract, block.number, block.storage, block.timestamp_s)
                for projection in PROJECTIONS:
                    if contract.name in projection.contracts:
                        found = await projection.check(session, self._chain.chain_id, reader)
                        self.findings += [f"verify of {projection.name}: {one}" for one in found]

    def _rebuild(self, rng: random.Random) -> None:
        """One of the projections, made again from the logs, is what it was."""
        rebuilt = rebuild(self._database, self._chain.chain_id, self._contracts, rng.choice(PROJECTIONS))
        if not rebuilt.is_same:
            self.findings.append(f"a rebuild is not what was there: {rebuilt}")

    def _same(self, what: str, stored: Any, true: Any) -> None:
        if stored == true:
            return
        if isinstance(true, list):
            lacking = [row for row in true if row not in stored]
            added = [row for row in stored if row not in true]
            told = f"{len(stored)} rows, {len(true)} true; lacking {lacking!r:.1500}; not true {added!r:.1500}"
        else:
            told = f"{stored!r:.1500} is not {true!r:.1500}"
        self.findings.append(f"{what} differ: {told}")

    def _sums(self, model: Any, key: str) -> dict[bytes, int]:
        return {row[key]: row["amount"] for row in self._stored(table_of(model))}

    def _stored(self, table: Any) -> list[dict[str, Any]]:
        query = select(table).where(table.c.chain_id == self._chain.chain_id)
        order = [table.c[name] for name in ("block_number", "log_index", "number") if name in table.c][:2]
        with self._database.connect() as connection:
            rows = connection.execute(query.order_by(*order)).mappings()
            return [{name: value for name, value in row.items() if name not in ("chain_id", "error")} for row in rows]
