"""A real contract that takes many batches at once: their calldata goes out a block at a time, beside the computing."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, NamedTuple, TypeVar

from offchain.chain.bindings import load_contract
from offchain.chain.keys import LocalSigner
from offchain.chain.node import NodePool, RpcError
from offchain.core.commands import AuthorizationKind
from offchain.settlement.accounts import UNLIMITED, Accounts
from offchain.settlement.batch import SkipReason
from offchain.settlement.chain_check import Difference, differences
from offchain.settlement.contract import SettlementContract, View
from offchain.settlement.rules import Outcome
from tests.proofs.settling_flow import ASSETS, TERMS, Trader
from tests.support.chain import TestExchange, deploy_contract, deploy_exchange

ENGINE_KEY: Final = LocalSigner(bytes([7]) * 32)
BATCHES_IN_A_BLOCK: Final = 20
_SETTLE_GAS: Final = 5_000_000
SESSION_QUOTE_UNITS: Final = 2**63
SESSION_END_S: Final = 2**40 - 1
T = TypeVar("T")


class Sent(NamedTuple):
    """A batch on its way: its calldata, and what the rules say that it leaves out."""

    number: int
    calldata: bytes
    expected: Outcome


class SettlingChain:
    """The exchange's contract on a node at `url`, worked from a thread of its own."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = ThreadPoolExecutor(1)
        self._nodes = NodePool([url], timeout_s=300)
        self.exchange: TestExchange = self.run(deploy_exchange(self._nodes, ENGINE_KEY.address))
        self.contract = SettlementContract(
            self._nodes, load_contract("Settlement"), self.exchange.settlement, self.exchange.manifest.chain_id
        )
        self.gas = 0
        self._nonce = 0

    def start(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Begins something that talks to the node."""
        return self._thread.submit(lambda: self._loop.run_until_complete(work))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Does it."""
        return self.start(work).result()

    def close(self) -> None:
        """Ends the connection and the thread."""
        self.run(self._nodes.close())
        self._thread.shutdown()
        self._loop.close()

    async def wallet(self, signer: bytes) -> bytes:
        """The address of a new contract wallet of a signer."""
        return await deploy_contract(self._nodes, self.exchange.deployer, "ContractWallet", signer)

    async def open(self, traders: dict[int, Trader]) -> None:
        """Lists the flow's markets, makes the deposits and sets the session keys; then blocks are made on request."""
        for market, terms in TERMS.items():
            await self.exchange.call("listMarket", market, tuple(terms))
        for asset in ASSETS:
            listed, token = self.exchange.assets[asset], load_contract("TestToken")
            deployer, most = bytes.fromhex(self.exchange.deployer[2:]), 2**60 * self.exchange.assets[asset].unit_scale
            await self.exchange.transact(listed.token, token.encode_call("mint", deployer, most))
            await self.exchange.transact(listed.token, token.encode_call("approve", self.exchange.settlement, most))
        for trader in traders.values():
            for asset in TERMS[trader.market][:2] if trader.market else ASSETS:
                units = trader.units * self.exchange.assets[asset].unit_scale
                if trader.market:
                    await self.exchange.call("depositIsolatedFor", trader.owner, trader.market, asset, units)
                else:
                    await self.exchange.call("depositFor", trader.owner, asset, units)
            if trader.kind == AuthorizationKind.SESSION_KEY:
                await self._set_sessions(trader)
        self._nonce = int(await self._nodes.call("eth_getTransactionCount", self.exchange.deployer, "latest"), 16)
        await self._nodes.call("evm_setAutomine", False)

    async def _set_sessions(self, trader: Trader) -> None:
        await self.exchange.fund(trader.owner)
        await self._nodes.call("anvil_impersonateAccount", "0x" + trader.owner.hex())
        for market in [trader.market] if trader.market else TERMS:
            terms = (trader.signer.address, market, UNLIMITED, SESSION_QUOTE_UNITS, SESSION_END_S)
            await self.exchange.call("setSessionKey", *terms, sender="0x" + trader.owner.hex())

    async def settle(self, batches: list[Sent]) -> list[str]:
        """Settles batches in one block; what came otherwise than expected."""
        to = "0x" + self.exchange.settlement.hex()
        call = {"from": self.exchange.deployer, "to": to, "gas": hex(_SETTLE_GAS)}
        rows = [
            ("eth_sendTransaction", [call | {"data": "0x" + batch.calldata.hex(), "nonce": hex(self._nonce + place)}])
            for place, batch in enumerate(batches)
        ]
        self._nonce += len(batches)
        for sent in await self._nodes.batch(rows):
            if isinstance(sent, Exception):
                raise sent
        await self._nodes.call("evm_mine")
        told = await self._told()
        return [
            f"Batch {batch.number}: expected {batch.expected}, the contract told {told.get(batch.number)}."
            for batch in batches
            if told.get(batch.number) != batch.expected
        ]

    async def tried(self, number: int, calldata: bytes) -> Outcome | str:
        """What a batch would leave out, or the error that it reverts with; the chain stays as it is."""
        call = {"from": self.exchange.deployer, "to": "0x" + self.exchange.settlement.hex(), "gas": hex(_SETTLE_GAS)}
        call |= {"data": "0x" + calldata.hex()}
        try:
            await self._nodes.call("eth_call", call)
        except RpcError as error:
            return self.exchange.contract.describe_revert(error.data)
        snapshot = await self._nodes.call("evm_snapshot")
        await self._nodes.call("eth_sendTransaction", call | {"nonce": hex(self._nonce)})
        await self._nodes.call("evm_mine")
        told = await self._told()
        await self._nodes.call("evm_revert", snapshot)
        return told[number]

    async def _told(self) -> dict[int, Outcome]:
        """What the batches of the newest block left out, by their numbers."""
        block = await self._nodes.call("eth_getBlockByNumber", "latest", False)
        self.gas += int(block["gasUsed"], 16)
        query = {"address": "0x" + self.exchange.settlement.hex(), "blockHash": block["hash"]}
        told: dict[int, Outcome] = {}
        settled = set()
        for row in await self._nodes.call("eth_getLogs", query):
            topics = [bytes.fromhex(topic[2:]) for topic in row["topics"]]
            log = self.exchange.contract.decode_log(topics, bytes.fromhex(row["data"][2:]))
            outcome = told.setdefault(log["number"], Outcome({}, {}))
            if log.event == "FillSkipped":
                outcome.skipped_fills[log["fill"]] = SkipReason(log["reason"])
            elif log.event == "NetGroupSkipped":
                outcome.skipped_groups[log["group"]] = (SkipReason(log["reason"]), log["item"])
            else:
                settled.add(log["number"])
        return {number: told[number] for number in settled}

    async def differences(self, accounts: Accounts) -> dict[View, Difference]:
        """Where the contract's storage is not what the rules led to."""
        return await differences(accounts, self.contract, await self._nodes.block_number())
