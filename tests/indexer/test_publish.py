"""Facts reach the sequencer in order and once, whatever it refuses on the way."""

import random
from collections import Counter
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from indexer import publish, service
from indexer.service import Indexer, IndexerSettings
from offchain.chain.bindings import load_contract
from offchain.core.commands import BatchSettledFact
from offchain.core.errors import ConfigurationError, NodeInconsistent, ServiceUnavailable
from tests.indexer.recording_sink import RecordingSink
from tests.indexer.simulated_chain import CONTRACT, FACT_EVENTS, SimulatedChain, settlement_at
from tests.indexer.simulated_nodes import LyingNode


@pytest.fixture
def chain() -> SimulatedChain:
    chain = SimulatedChain(random.Random(9), load_contract("Settlement"), 77, first_block=0)
    for _ in range(60):
        chain.mine()
    for _ in range(3):
        chain.mine(empty=True)
    return chain


def make_indexer(chain: SimulatedChain, database: Engine, sink: RecordingSink, contract: bytes = CONTRACT) -> Indexer:
    node = LyingNode(chain, random.Random(0), lies=0.0)
    contracts = (settlement_at(contract, 0),)
    return Indexer([node], database, IndexerSettings(77, 3, 0.01), lambda: contracts, sink)


def true_positions(chain: SimulatedChain) -> list[tuple[int, int]]:
    logs = [(block, log) for block in chain.blocks for log in block.logs if log.event in FACT_EVENTS]
    return [(block.number, log.log_index) for block, log in logs]


def positions(sink: RecordingSink) -> list[tuple[int, int]]:
    return [(fact.fact.position.block_number, fact.fact.position.log_index) for fact in sink.facts]


async def test_a_refused_fact_is_told_again_before_any_later_one(chain: SimulatedChain, database: Engine) -> None:
    sink = RecordingSink()
    sink.refused = {1, 2, 5, 9, 10}
    indexer = make_indexer(chain, database, sink)
    truth = true_positions(chain)
    for _ in sink.refused:
        with pytest.raises(ServiceUnavailable):
            await indexer.look()
        assert positions(sink) == truth[: len(sink.facts)]
        assert len(sink.facts) < len(truth)
        assert not indexer.status().caught_up
    while await indexer.look():
        pass
    assert positions(sink) == truth
    await indexer.stop()


async def test_a_backlog_of_many_pages_arrives_in_order(
    chain: SimulatedChain, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (publish, service):
        monkeypatch.setattr(module, "PAGE_LOGS", 3)
    sink = RecordingSink()
    indexer = make_indexer(chain, database, sink)
    while await indexer.look():
        assert not indexer.status().caught_up
    assert indexer.status().caught_up
    assert positions(sink) == true_positions(chain)
    assert sink.submissions == len(sink.facts)
    await indexer.stop()


async def test_a_sequencer_that_knows_some_facts_is_told_the_rest_only(chain: SimulatedChain, database: Engine) -> None:
    sink = RecordingSink()
    truth = true_positions(chain)
    sink.chain_position = truth[9]
    indexer = make_indexer(chain, database, sink)
    while await indexer.look():
        pass
    assert positions(sink) == truth[10:]
    assert sink.submissions == len(truth) - 10
    await indexer.stop()


async def test_facts_that_somebody_else_told_meanwhile_are_left_out(
    chain: SimulatedChain, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (publish, service):
        monkeypatch.setattr(module, "PAGE_LOGS", 3)
    sink = RecordingSink()
    truth = true_positions(chain)
    indexer = make_indexer(chain, database, sink)
    await indexer.look()
    assert positions(sink) == truth[:3]
    sink.chain_position = truth[7]
    while await indexer.look():
        pass
    assert positions(sink) == truth[:3] + truth[8:]
    await indexer.stop()


async def test_a_batch_is_not_believed_without_all_its_skipped_fills(chain: SimulatedChain, database: Engine) -> None:
    sink = RecordingSink()
    indexer = make_indexer(chain, database, sink)
    topic = "0x" + load_contract("Settlement").topic("FillSkipped").hex()
    (member,) = indexer._follower.nodes.members
    call, withheld = member.fetcher._rpc.call, []

    async def withholding(method: str, *params: Any) -> Any:
        answer = await call(method, *params)
        if method == "eth_getLogs" and not withheld:
            rows = msgspec.json.decode(answer)
            skips = [row for row in rows if row["topics"][:1] == [topic]]
            # One of two in a block: the block's bloom filter promises no more than the other.
            blocks = Counter(row["blockHash"] for row in skips)
            withheld.append(next(row for row in skips if blocks[row["blockHash"]] > 1))
            return msgspec.Raw(msgspec.json.encode([row for row in rows if row is not withheld[0]]))
        return answer

    member.fetcher._rpc.call = withholding
    with pytest.raises(NodeInconsistent, match="skipped"):
        await indexer.look()
    assert sink.facts == []
    while await indexer.look():
        pass
    assert positions(sink) == true_positions(chain)
    told = sum(len(fact.fact.skipped) for fact in sink.facts if isinstance(fact.fact, BatchSettledFact))
    assert told == sum(log.event == "FillSkipped" for block in chain.blocks for log in block.logs) > 0
    await indexer.stop()


async def test_a_database_of_another_deployment_is_refused(chain: SimulatedChain, database: Engine) -> None:
    sink = RecordingSink()
    indexer = make_indexer(chain, database, sink)
    await indexer.look()
    await indexer.stop()
    other = make_indexer(chain, database, sink, contract=b"\x44" * 20)
    with pytest.raises(ConfigurationError, match="state folder of this deployment"):
        await other.start()
    await other.stop()
