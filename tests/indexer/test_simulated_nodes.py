"""Whatever nodes lie, the database drops and processes crash, the end equals the truth, row by row.

`make sim-indexer` does it ten thousand times.
"""

import asyncio
import logging
import random
from collections.abc import Iterator

import msgspec
import pytest
from sqlalchemy import Engine

from offchain.chain.bindings import load_contract
from tests.indexer.economy.chain import Economy
from tests.indexer.economy.truth import ROWS
from tests.indexer.simulated_chain import SimulatedChain
from tests.indexer.simulation import Simulation, simulation_of

SIMULATIONS = 200
GROUP = 20
FAILED_ONCE = (4, 21, 27)
"""The seeds of pairs of which one joined a contract that the other had not read."""


class PairWithLateContract(Simulation):
    """Two indexers on honest nodes, and a contract that is added while blocks arrive quickly."""

    async def _story(self) -> None:
        self._settings = msgspec.structs.replace(self._settings, poll_interval_s=0.1)
        for node in self.nodes:
            node.lies = 0.0
        self._indexers = [await self._started(), await self._started()]
        for block in range(14):
            if block == 5:
                await self._change_manifest()
            await self._mine()
            await asyncio.sleep(self.rng.choice((0.0, 0.1, 0.3)))
        await self._come_to_rest()
        for indexer in self._indexers:
            await indexer.stop()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("group", range(SIMULATIONS // GROUP))
def test_lying_nodes_failures_and_crashes_leave_the_truth(group: int, database: Engine) -> None:
    for seed in range(group * GROUP, (group + 1) * GROUP):
        simulation = simulation_of(seed, database)
        simulation.run()
        assert simulation.findings == [], f"SEED={seed} N=1"


@pytest.mark.parametrize("seed", FAILED_ONCE)
def test_of_two_indexers_none_goes_on_without_a_contract_that_the_other_joined(seed: int, database: Engine) -> None:
    simulation = PairWithLateContract(seed, database, economy=False)
    simulation.run()
    assert simulation.totals["late_contracts"] == 1
    assert simulation.findings == []


@pytest.mark.parametrize("seed", [1_076_001_067, 1_801_052_539])
def test_what_the_status_once_kept_to_itself_is_told(seed: int, database: Engine) -> None:
    """A chain that ends below the final block is named; a log of a late contract that cannot be read is counted."""
    simulation = Simulation(seed, database, economy=False)
    simulation.run()
    assert simulation.findings == []


def test_logs_are_counted_again_when_blocks_that_a_late_contract_took_back_come_again(database: Engine) -> None:
    simulation = Simulation(1_094_659_093, database, economy=True)
    simulation.run()
    assert simulation.totals["late_contracts"] == 6
    assert simulation.findings == []


def test_requests_that_nobody_waits_for_any_more_keep_no_others_waiting(database: Engine) -> None:
    simulation = Simulation(447_452_425, database, economy=True)
    simulation.run()
    assert simulation.findings == []


@pytest.mark.parametrize("seed", [758, 863, 888])
def test_a_contract_that_begins_above_the_final_block_joins_at_once(seed: int, database: Engine) -> None:
    simulation = Simulation(seed, database, economy=False)
    simulation.run()
    assert simulation.totals["late_contracts"] == 1
    assert simulation.findings == []


@pytest.mark.parametrize("seed", [6, 7])
def test_a_simulation_repeats_by_its_seed(seed: int, database: Engine) -> None:
    first, second = simulation_of(seed, database), simulation_of(seed, database)
    first.run()
    second.run()
    assert first.totals == second.totals
    assert first.totals["economies"] == seed % 2
    assert first.sequencer.facts == second.sequencer.facts


def lose_rows(simulation: Simulation, database: Engine, table: str) -> None:
    """Runs a simulation of which a table is emptied before it is compared with the truth."""
    compare = simulation._compare

    def lose_and_compare() -> None:
        with database.begin() as connection:
            lost = f"DELETE FROM {table} WHERE chain_id = {simulation.chain.chain_id}"
            assert connection.exec_driver_sql(lost).rowcount
        compare()

    simulation._compare = lose_and_compare
    simulation.run()


@pytest.mark.parametrize("table", ["chain_deposits", "indexer_logs", "chain_token_balances"])
def test_a_simulation_sees_a_row_that_is_lost(database: Engine, table: str) -> None:
    simulation = Simulation(17, database, economy=False)
    lose_rows(simulation, database, table)
    # A deposit that was not final yet is also missing from what is pending.
    assert len([finding for finding in simulation.findings if not finding.startswith("pending")]) == 1


@pytest.mark.parametrize(
    ("table", "seed", "seen"),
    [
        ("chain_token_balances", 0, "amounts ['QTRAToken', 'balance'] differ"),
        ("chain_stakes", 5, "amounts ['Staking', 'staked'] differ"),
        ("chain_staking_moves", 6, "verify of staking"),
        ("chain_sale_purchases", 12, "verify of sale"),
        ("chain_vesting_claims", 6, "verify of vesting"),
        ("chain_revenue_splits", 7, "verify of revenue"),
    ],
)
def test_what_the_economys_contracts_have_shows_a_row_that_is_lost(
    database: Engine, table: str, seed: int, seen: str
) -> None:
    simulation = Simulation(seed, database, economy=True)
    lose_rows(simulation, database, table)
    assert any(finding.startswith(seen) for finding in simulation.findings)


def test_every_event_that_has_a_row_occurs() -> None:
    occurred = set()
    for seed in range(60):
        rng = random.Random(seed)
        chain = SimulatedChain(rng, load_contract("Settlement"), 1, 0, economy=Economy(rng))
        for _ in range(60):
            chain.mine()
        occurred |= {(log.contract, log.event) for block in chain.blocks for log in block.logs}
    assert occurred >= {(contract, event) for contract, events in ROWS.items() for event in events}
