"""Load on a real node: deposits, settled batches, requests and transfers of the real contracts, and reorgs of them."""

import asyncio
import random
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Engine, select

from indexer.blocks import IndexedContract
from indexer.contracts import contracts_of
from indexer.project.projection import table_of
from indexer.project.registry import PROJECTIONS
from indexer.rebuild import rebuild
from indexer.store.models import IndexerLog
from offchain.chain.bindings import load_contract
from offchain.chain.keys import LocalSigner
from offchain.chain.manifest import DeployedContract, Manifest
from offchain.chain.node import NodePool
from offchain.chain.typed_data import Batch, Order, domain_separator
from offchain.core.errors import ChainError
from offchain.settlement.batch import Authorization, BatchFill, BatchOrder
from offchain.settlement.contract import SettlementContract
from offchain.settlement.encoding import encode_payload, payload_hash
from tests.indexer.simulated_chain import FACT_EVENTS
from tests.support.chain import TestExchange, deploy_exchange

ENGINE_KEY: Final = LocalSigner(bytes([7]) * 32)
TRADERS: Final = tuple(LocalSigner(bytes([number]) * 32) for number in (21, 22, 23))
_MARKET, _BASE, _QUOTE = 2, 3, 2
_END_S: Final = 2**40 - 1
_PATIENCE_S: Final = 2.0


class ChainLog(NamedTuple):
    """A log as the node itself tells it."""

    block_number: int
    log_index: int
    block_hash: bytes
    contract: bytes
    data: bytes
    event: str
    arguments: dict[str, Any]

    @property
    def place(self) -> tuple[int, int, bytes]:
        """Block, log index and block hash."""
        return self.block_number, self.log_index, self.block_hash


class ChainLoad:
    """What goes on at an exchange on a node. What it does is chosen by chance."""

    def __init__(self, exchange: TestExchange, rng: random.Random) -> None:
        self.exchange = exchange
        # The token of an asset stands for the exchange's own: its transfers and balances are indexed too.
        token = exchange.manifest.assets[_QUOTE - 1].token
        added = {"QTRAToken": DeployedContract(token, load_contract("QTRAToken").abi_hash)}
        self.manifest: Manifest = msgspec.structs.replace(
            exchange.manifest, contracts={**exchange.manifest.contracts, **added}
        )
        self.contracts: tuple[IndexedContract, ...] = contracts_of(self.manifest)
        self.refused = 0
        self._rng = rng
        self._seq = 0
        self._domain = domain_separator(self.manifest.chain_id, exchange.settlement)
        self._contract = SettlementContract(
            exchange.nodes, exchange.contract, exchange.settlement, self.manifest.chain_id
        )

    @classmethod
    async def on(cls, nodes: NodePool, rng: random.Random, blocks: int) -> "ChainLoad":
        """Load on a new exchange, whose deployment lies so many blocks deep."""
        load = cls(await deploy_exchange(nodes, ENGINE_KEY.address), rng)
        for trader in TRADERS:
            await load.exchange.fund(trader.address)
            await nodes.call("anvil_impersonateAccount", "0x" + trader.address.hex())
            for asset in (_BASE, _QUOTE):
                await load.exchange.deposit(trader.address, asset, 10**9)
        await load.exchange.mine(blocks)
        return load

    async def do_something(self) -> None:
        """One thing; what a reorg has made impossible meanwhile is refused, and what it drops is never mined."""
        deeds = (self._deposit, self._deposit, self._settle, self._settle, self._request)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._rng.choice(deeds)()
        except (ChainError, AssertionError, TimeoutError):
            self.refused += 1

    async def reorg(self, depth: int) -> None:
        """Replaces the last blocks by empty ones of another miner: of the same they could be equal to the last bit."""
        await self.exchange.nodes.call("anvil_setCoinbase", "0x" + self._rng.randbytes(20).hex())
        await self.exchange.nodes.call("anvil_reorg", depth, [])

    async def logs(self) -> list[ChainLog]:
        """Every log of the indexed contracts, as the node has them now."""
        found = []
        for contract in self.contracts:
            query = {"address": "0x" + contract.address.hex(), "fromBlock": "0x0", "toBlock": "latest"}
            for row in await self.exchange.nodes.call("eth_getLogs", query):
                topics = [bytes.fromhex(topic[2:]) for topic in row["topics"]]
                data = bytes.fromhex(row["data"][2:])
                decoded = contract.abi.decode_log(topics, data)
                place = int(row["blockNumber"], 16), int(row["logIndex"], 16), bytes.fromhex(row["blockHash"][2:])
                found.append(ChainLog(*place, contract.address, data, decoded.event, dict(decoded)))
        return sorted(found, key=lambda log: log.place)

    async def final_facts(self, confirmations: int) -> list[ChainLog]:
        """The logs that the sequencer must have heard of."""
        final = await self.exchange.nodes.block_number() - confirmations
        logs = await self.logs()
        ours = [log for log in logs if log.contract == self.exchange.settlement and log.event in FACT_EVENTS]
        return [log for log in ours if log.block_number <= final]

    async def differences(self, database: Engine) -> list[str]:
        """Where the stored logs are not the node's, or a projection is not what a rebuild makes of them."""
        logs = table_of(IndexerLog)
        columns = (logs.c.block_number, logs.c.log_index, logs.c.block_hash, logs.c.contract, logs.c.data, logs.c.event)
        query = select(*columns).where(logs.c.chain_id == self.manifest.chain_id)
        with database.connect() as connection:
            stored = [tuple(row) for row in connection.execute(query.order_by(*columns[:2]))]
        true = [tuple(log)[:-1] for log in await self.logs()]
        found = (
            []
            if stored == true
            else [f"{len(stored)} logs are stored, {len(true)} are true: {set(stored) ^ set(true)}"]
        )
        for projection in PROJECTIONS:
            rebuilt = rebuild(database, self.manifest.chain_id, self.contracts, projection)
            if not rebuilt.is_same:
                found.append(f"{projection.name} is another after a rebuild: {rebuilt.tables}")
        return found

    async def _deposit(self) -> None:
        trader = self._rng.choice(TRADERS)
        await self.exchange.deposit(trader.address, self._rng.choice((_BASE, _QUOTE)), self._rng.randrange(1, 10**6))

    async def _request(self) -> None:
        sender = "0x" + self._rng.choice(TRADERS).address.hex()
        request = self._rng.choice(("requestExit", "cancelExit"))
        await self.exchange.call(request, _BASE, sender=sender)

    async def _settle(self) -> None:
        """A batch of one fill, on top of what the contract has settled now."""
        self._seq += 1
        seller, buyer = self._rng.sample(TRADERS, 2)
        orders = [self._order(seller, 1), self._order(buyer, 0)]
        payload = encode_payload(orders, [BatchFill(0, 1, 1)])
        head = await self._contract.head()
        batch = Batch(head.number + 1, payload_hash(payload), head.batch_hash, bytes(32), self._seq)
        signature = ENGINE_KEY.sign_digest(batch.digest(self._domain))
        await self.exchange.transact(
            self.exchange.settlement, self._contract.settle_calldata(batch, payload, signature)
        )

    def _order(self, trader: LocalSigner, side: int) -> BatchOrder:
        order = Order(_MARKET, side, 1_000, 10, _END_S, self._seq, self._seq % 1_000, 50, 0)
        return BatchOrder(order, Authorization(trader.sign_digest(order.digest(self._domain))), 0, 0)
