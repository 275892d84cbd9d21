"""On a real node, with the real contract: deposits through reorgs, rollbacks, absences and restarts."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine

from indexer.contracts import contracts_of
from indexer.service import Indexer
from offchain.chain.keys import LocalSigner
from offchain.chain.manifest import Manifest
from offchain.chain.node import NodePool
from offchain.core.commands import CommandKind
from tests.indexer import real_node
from tests.indexer.chain_load import ChainLoad
from tests.indexer.real_node import caught_up
from tests.indexer.recording_sink import RecordingSink
from tests.indexer.reorg_proof import CONFIRMATIONS as DEEPEST
from tests.indexer.reorg_proof import ReorgProof
from tests.support.chain import TestExchange, deploy_exchange, running_anvil
from tests.support.waiting import eventually

CONFIRMATIONS = 4
ALICE = bytes([0xA1]) * 20
BOB = bytes([0xB0]) * 20
USDC = 2
ENGINE = LocalSigner(bytes([7]) * 32)


@pytest.fixture
async def exchange(node_url: str) -> AsyncIterator[TestExchange]:
    async with NodePool([node_url]) as nodes:
        yield await deploy_exchange(nodes, ENGINE.address)


def indexing(
    urls: Sequence[str], manifest: Manifest, database: Engine, sink: RecordingSink, timeout_s: float = 10.0
) -> contextlib.AbstractAsyncContextManager[Indexer]:
    contracts = contracts_of(manifest)
    return real_node.indexing(urls, database, manifest.chain_id, CONFIRMATIONS, lambda: contracts, sink, timeout_s)


def credited(sink: RecordingSink, owner: bytes) -> int:
    return sum(fact.amount_units for fact in sink.facts if fact.owner == owner)


async def roll_back(exchange: TestExchange) -> None:
    """Replaces the last three blocks by another one."""
    await exchange.nodes.call("anvil_rollback", 3)
    await exchange.nodes.call("evm_increaseTime", 100)
    await exchange.mine()


async def test_a_deposit_is_pending_until_it_is_final_and_then_credited_once(
    exchange: TestExchange, database: Engine
) -> None:
    sink = RecordingSink()
    async with indexing(exchange.nodes.urls, exchange.manifest, database, sink) as indexer:
        await exchange.deposit(ALICE, USDC, 1_000)
        await caught_up(indexer, exchange.nodes)
        for confirmations in range(CONFIRMATIONS):
            (pending,) = indexer.pending_deposits(ALICE)
            assert (pending.asset, pending.amount_units) == (USDC, 1_000)
            assert (pending.confirmations, pending.required) == (confirmations, CONFIRMATIONS)
            assert sink.facts == []
            await exchange.mine()
            await caught_up(indexer, exchange.nodes)
        assert indexer.pending_deposits(ALICE) == []
        (fact,) = sink.facts
        assert (fact.kind, fact.owner, fact.asset, fact.amount_units) == (CommandKind.CHAIN_DEPOSIT, ALICE, USDC, 1_000)
        await exchange.mine(10)
        await caught_up(indexer, exchange.nodes)
        assert len(sink.facts) == sink.submissions == 1


async def test_a_deposit_that_a_reorg_removes_is_never_credited(exchange: TestExchange, database: Engine) -> None:
    sink = RecordingSink()
    async with indexing(exchange.nodes.urls, exchange.manifest, database, sink) as indexer:
        await exchange.deposit(BOB, USDC, 7)
        await exchange.mine(CONFIRMATIONS)
        for depth in range(1, CONFIRMATIONS + 1):
            await exchange.deposit(ALICE, USDC, 1_000)
            await exchange.mine(depth - 1)
            await caught_up(indexer, exchange.nodes)
            assert len(indexer.pending_deposits(ALICE)) == 1
            await exchange.nodes.call("anvil_reorg", depth, [])
            await exchange.mine()
            await caught_up(indexer, exchange.nodes)
            assert indexer.pending_deposits(ALICE) == []
            assert indexer.status().reorgs == depth
            assert indexer.status().deepest_reorg == depth
        await exchange.mine(CONFIRMATIONS + 1)
        await caught_up(indexer, exchange.nodes)
        assert credited(sink, ALICE) == 0 == await exchange.read("balanceOf", ALICE, USDC)
        assert credited(sink, BOB) == 7 == await exchange.read("balanceOf", BOB, USDC)


async def test_a_shorter_chain_is_not_believed_until_it_is_longer(exchange: TestExchange, database: Engine) -> None:
    sink = RecordingSink()
    async with indexing(exchange.nodes.urls, exchange.manifest, database, sink) as indexer:
        await exchange.deposit(ALICE, USDC, 1_000)
        await exchange.mine(2)
        await caught_up(indexer, exchange.nodes)
        head = await exchange.nodes.block_number()
        await roll_back(exchange)
        await eventually(lambda: "no other node tells it" in indexer.status().error)
        assert indexer.status().head == head
        assert not indexer.status().caught_up
        assert len(indexer.pending_deposits(ALICE)) == 1
        await exchange.mine(3)
        await caught_up(indexer, exchange.nodes)
        assert indexer.pending_deposits(ALICE) == []
        assert indexer.status().reorgs == 1


async def test_a_shorter_chain_is_believed_when_a_second_node_tells_it(
    exchange: TestExchange, database: Engine
) -> None:
    sink = RecordingSink()
    urls = [*exchange.nodes.urls, exchange.nodes.urls[0].replace("127.0.0.1", "localhost")]
    async with indexing(urls, exchange.manifest, database, sink) as indexer:
        await exchange.deposit(ALICE, USDC, 1_000)
        await exchange.mine(2)
        await caught_up(indexer, exchange.nodes)
        await roll_back(exchange)
        head = await exchange.nodes.block_number()
        await eventually(lambda: indexer.status().head == head)
        assert indexer.pending_deposits(ALICE) == []
        await exchange.deposit(BOB, USDC, 5)
        await caught_up(indexer, exchange.nodes)
        assert [pending.amount_units for pending in indexer.pending_deposits(BOB)] == [5]


async def test_a_replaced_final_block_halts_and_destroys_nothing(exchange: TestExchange, database: Engine) -> None:
    sink = RecordingSink()
    async with indexing(exchange.nodes.urls, exchange.manifest, database, sink) as indexer:
        await exchange.deposit(ALICE, USDC, 1_000)
        await exchange.mine(CONFIRMATIONS)
        await caught_up(indexer, exchange.nodes)
        await exchange.nodes.call("anvil_reorg", CONFIRMATIONS + 1, [])
        await exchange.mine()
        await eventually(lambda: indexer.status().halted)
        assert "DEEP_REORG" in indexer.status().error
        assert not indexer.status().caught_up
        await exchange.mine(CONFIRMATIONS + 1)
        await asyncio.sleep(0.5)
        assert indexer.status().halted
        assert credited(sink, ALICE) == 1_000


async def test_a_stopped_indexer_goes_on_where_it_was(exchange: TestExchange, database: Engine) -> None:
    sink = RecordingSink()
    total = 0
    for amount in range(1, 6):
        async with indexing(exchange.nodes.urls, exchange.manifest, database, sink) as indexer:
            await exchange.deposit(ALICE, USDC, amount)
            total += amount
            await asyncio.sleep(0.03 * amount)
    async with indexing(exchange.nodes.urls, exchange.manifest, database, sink) as indexer:
        await exchange.mine(CONFIRMATIONS)
        await caught_up(indexer, exchange.nodes)
        assert credited(sink, ALICE) == total == await exchange.read("balanceOf", ALICE, USDC)
        assert sink.submissions == 5


async def test_reorgs_of_any_depth_under_load_credit_nothing_wrongly(node_url: str, database: Engine) -> None:
    rng = random.Random(64)
    async with NodePool([node_url]) as nodes:
        proof = ReorgProof(await ChainLoad.on(nodes, rng, DEEPEST), database, rng)
        await proof.run((1, 64, 2, 17))
    assert proof.findings == []
    assert proof.double_credit == 0
    assert proof.totals["deepest_reorg"] == DEEPEST
    assert proof.totals["deposits_credited"] > 0


class Door:
    """Stands before a node, and can be shut: then it takes requests and never answers."""

    def __init__(self, node_url: str) -> None:
        self._port = urlsplit(node_url).port
        self.open = asyncio.Event()
        self.open.set()

    async def serve(self) -> tuple[asyncio.Server, str]:
        server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(self._carry(reader, inner_writer), self._carry(inner_reader, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                await self.open.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


async def test_a_node_that_stops_answering_is_reported_and_waited_for(
    node_url: str, exchange: TestExchange, database: Engine
) -> None:
    door = Door(node_url)
    server, url = await door.serve()
    sink = RecordingSink()
    async with server, indexing([url], exchange.manifest, database, sink, timeout_s=0.3) as indexer:
        await exchange.deposit(ALICE, USDC, 3)
        await caught_up(indexer, exchange.nodes)
        door.open.clear()
        await exchange.mine(CONFIRMATIONS)
        await eventually(lambda: not indexer.status().node_reachable)
        assert "NODE_UNAVAILABLE" in indexer.status().error
        assert not indexer.status().caught_up
        assert len(indexer.pending_deposits(ALICE)) == 1
        door.open.set()
        await caught_up(indexer, exchange.nodes)
        assert indexer.status().node_reachable
        assert indexer.status().error == ""
        assert credited(sink, ALICE) == 3


async def test_a_node_of_another_chain_is_refused(exchange: TestExchange, database: Engine) -> None:
    with running_anvil() as url:
        async with NodePool([url]) as others:
            await others.call("anvil_setChainId", 5)
            async with indexing(others.urls, exchange.manifest, database, RecordingSink()) as indexer:
                await eventually(lambda: "chain 5" in indexer.status().error)
                assert indexer.status().head == -1
