"""A node that contradicts what is final does not stop the indexer while another one tells the truth."""

import random

import pytest
from sqlalchemy import Engine

from indexer.service import Indexer, IndexerSettings
from offchain.chain.bindings import load_contract
from offchain.core.errors import DeepReorg, NodeInconsistent
from tests.indexer.recording_sink import RecordingSink
from tests.indexer.simulated_chain import CONTRACT, FACT_EVENTS, SimulatedChain, settlement_at
from tests.indexer.simulated_nodes import LyingNode

CONFIRMATIONS = 3


def made(database: Engine, nodes: int) -> tuple[SimulatedChain, list[LyingNode], RecordingSink, Indexer]:
    chain = SimulatedChain(random.Random(9), load_contract("Settlement"), 77, first_block=0)
    for _ in range(30):
        chain.mine()
    members = [LyingNode(chain, random.Random(place), lies=0.0) for place in range(nodes)]
    sink, settings = RecordingSink(), IndexerSettings(77, CONFIRMATIONS, 0.01)
    contracts = (settlement_at(CONTRACT, 0),)
    return chain, members, sink, Indexer(members, database, settings, lambda: contracts, sink)


async def test_a_node_that_agrees_with_what_is_final_leads_from_then_on(database: Engine) -> None:
    chain, nodes, sink, indexer = made(database, 2)
    while await indexer.look():
        pass
    chain.part_at(chain.head.number - CONFIRMATIONS, 20)
    nodes[0].is_parted = True
    with pytest.raises(NodeInconsistent, match="another one leads now"):
        await indexer.look()
    for _ in range(10):
        chain.mine()
    while await indexer.look():
        pass
    assert indexer.status().head == chain.head.number
    final = chain.blocks[: chain.head.number - CONFIRMATIONS + 1]
    true = [(block.number, log.log_index) for block in final for log in block.logs if log.event in FACT_EVENTS]
    assert [(fact.fact.position.block_number, fact.fact.position.log_index) for fact in sink.facts] == true
    await indexer.stop()


@pytest.mark.parametrize("count", [1, 2])
async def test_it_halts_where_all_nodes_contradict_what_is_final(database: Engine, count: int) -> None:
    chain, nodes, _, indexer = made(database, count)
    while await indexer.look():
        pass
    chain.part_at(chain.head.number - CONFIRMATIONS, 20)
    for node in nodes:
        node.is_parted = True
    for _ in range(3):
        with pytest.raises(DeepReorg):
            await indexer.look()
    await indexer.stop()
