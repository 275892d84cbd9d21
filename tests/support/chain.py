"""A chain of a test's own: anvil on a free port, with the exchange's contracts deployed and its assets listed.

The deployment is made by raw transactions from the node's unlocked first account; `scripts/deploy.py` is what real
deployments use, and has tests of its own.
"""

import asyncio
import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from eth_abi.abi import encode
from eth_utils.abi import collapse_if_tuple

from offchain.chain.bindings import ARTIFACTS, Contract, load_contract
from offchain.chain.manifest import DeployedContract, Manifest, ManifestAsset, ManifestMarket
from offchain.chain.node import NodePool
from offchain.core.money import Market
from offchain.local.chain import CHAIN_ID, START_TIMEOUT_S, find_anvil
from offchain.local.children import free_port

_ASSETS = (("QTRA", 18, 10**10), ("USDC", 6, 1), ("BTC", 8, 1), ("DAI", 18, 10**8))
_DOLLARS = ("USDC", "DAI")
_MARKETS = (("QTRA-USDC", 1, 2, 10**6), ("BTC-USDC", 3, 2, 10**3), ("BTC-DAI", 3, 4, 1))
_GAS_LIMIT = 15_000_000
_STOP_TIMEOUT_S = 20


@contextmanager
def running_anvil(*arguments: str, port: int | None = None, chain_id: int = CHAIN_ID) -> Iterator[str]:
    """The URL of a node that mines each transaction at once, unless the arguments say otherwise."""
    port = port or free_port()
    command = [find_anvil(), f"--port={port}", f"--chain-id={chain_id}", "--quiet", "--gas-limit=120000000", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for_port(port)
        yield url
    finally:
        # An interrupted node saves its state, if it was given a file for it.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_TIMEOUT_S)
        finally:
            process.kill()


class TestExchange:
    """The contracts on a test's chain. Amounts are ledger units."""

    __test__ = False

    def __init__(self, nodes: NodePool, manifest: Manifest, deployer: str) -> None:
        self.nodes = nodes
        self.manifest = manifest
        self.deployer = deployer
        self.settlement = manifest.address("Settlement")
        self.assets = manifest.asset_list()
        self.markets = {row.market_id: self._market(row) for row in manifest.markets}
        self.contract: Contract = load_contract("Settlement")

    def _market(self, row: ManifestMarket) -> Market:
        return Market(
            row.market_id,
            row.symbol,
            self.assets[row.base_asset],
            self.assets[row.quote_asset],
            row.base_units_per_lot,
            row.quote_units_per_tick_lot,
            1,
            row.max_price_ticks,
            row.max_quantity_lots,
            row.min_quantity_lots,
            row.min_notional_units,
        )

    async def transact(self, to: bytes, calldata: bytes, sender: str | None = None) -> dict[str, Any]:
        """Sends a transaction from an unlocked account and returns its receipt; it must succeed."""
        # An estimate is of another second than the block, and what changes by the second may cost more in the block.
        call = {"to": "0x" + to.hex(), "data": "0x" + calldata.hex(), "gas": hex(_GAS_LIMIT)}
        return await mined_receipt(self.nodes, {"from": sender or self.deployer, **call})

    async def call(self, function: str, *arguments: Any, sender: str | None = None) -> dict[str, Any]:
        """The receipt of a transaction that calls `Settlement`."""
        return await self.transact(self.settlement, self.contract.encode_call(function, *arguments), sender)

    async def read(self, function: str, *arguments: Any) -> Any:
        """The one return value of a view of `Settlement`."""
        calldata = self.contract.encode_call(function, *arguments)
        (value,) = self.contract.decode_result(function, await self.nodes.eth_call(self.settlement, calldata))
        return value

    async def deposit(self, owner: bytes, asset: int, amount_units: int) -> dict[str, Any]:
        """Mints what is needed and deposits it for an owner; the receipt of the deposit."""
        return await self.call("depositFor", owner, asset, await self._approved(asset, amount_units))

    async def deposit_isolated(self, owner: bytes, market: int, asset: int, amount_units: int) -> dict[str, Any]:
        """The same, for the isolated account of a market."""
        base_units = await self._approved(asset, amount_units)
        return await self.call("depositIsolatedFor", owner, market, asset, base_units)

    async def _approved(self, asset: int, amount_units: int) -> int:
        """Mints an amount, which `Settlement` may then take; in base units of the token."""
        listed = self.assets[asset]
        token = load_contract("TestToken")
        base_units = amount_units * listed.unit_scale
        await self.transact(listed.token, token.encode_call("mint", _bytes(self.deployer), base_units))
        await self.transact(listed.token, token.encode_call("approve", self.settlement, base_units))
        return base_units

    async def mine(self, blocks: int = 1) -> None:
        """Mines empty blocks."""
        await self.nodes.call("anvil_mine", hex(blocks))

    async def mined(self) -> None:
        """Waits until the node has mined what it was sent, if it mines by itself: that takes it a moment."""
        if await self.nodes.call("anvil_getAutomine"):
            while int((await self.nodes.call("txpool_status"))["pending"], 16):  # noqa: ASYNC110 - nothing tells us
                await asyncio.sleep(0.005)

    async def fund(self, address: bytes) -> None:
        """Gives an address a thousand units of the chain's currency for gas."""
        await self.nodes.call("anvil_setBalance", "0x" + address.hex(), hex(10**21))


async def deploy_exchange(nodes: NodePool, engine_key: bytes) -> TestExchange:
    """Deploys the contracts, lists the assets and markets of the local deployment, and says what is where."""
    (deployer, *_) = await nodes.call("eth_accounts")
    first_block = await nodes.block_number()
    access = await deploy_contract(nodes, deployer, "ExchangeAccess", _bytes(deployer))
    settlement = await deploy_contract(nodes, deployer, "Settlement", access, engine_key)
    assets = []
    for number, (symbol, decimals, unit_scale) in enumerate(_ASSETS, 1):
        token = await deploy_contract(nodes, deployer, "TestToken", symbol, symbol, decimals)
        assets.append(ManifestAsset(number, symbol, "0x" + token.hex(), decimals, unit_scale, symbol in _DOLLARS))
    markets = [
        ManifestMarket(number, symbol, base, quote, lot, 1, 10**9, 10**9, 1, 0)
        for number, (symbol, base, quote, lot) in enumerate(_MARKETS, 1)
    ]
    manifest = Manifest(
        CHAIN_ID,
        "test",
        first_block,
        {
            name: DeployedContract("0x" + address.hex(), load_contract(name).abi_hash)
            for name, address in (("ExchangeAccess", access), ("Settlement", settlement))
        },
        tuple(assets),
        tuple(markets),
    )
    exchange = TestExchange(nodes, manifest, deployer)
    for asset in assets:
        await exchange.call("listAsset", asset.asset_id, _bytes(asset.token), asset.unit_scale)
    for market in markets:
        terms = (market.base_asset, market.quote_asset, market.base_units_per_lot, market.quote_units_per_tick_lot)
        await exchange.call("listMarket", market.market_id, terms)
    return exchange


async def deploy_contract(nodes: NodePool, deployer: str, name: str, *arguments: Any) -> bytes:
    types = json.loads(ARTIFACTS.read_bytes())["contractTypes"]
    contract = types[name]
    inputs = next((row["inputs"] for row in contract["abi"] if row["type"] == "constructor"), [])
    values = ["0x" + value.hex() if isinstance(value, bytes) else value for value in arguments]
    data = (
        contract["deploymentBytecode"]["bytecode"]
        + encode([collapse_if_tuple(field) for field in inputs], values).hex()
    )
    receipt = await mined_receipt(nodes, {"from": deployer, "data": data, "gas": hex(_GAS_LIMIT)})
    return _bytes(receipt["contractAddress"])


async def mined_receipt(nodes: NodePool, transaction: dict[str, str]) -> dict[str, Any]:
    """The receipt of a transaction that the node signs, once it is mined; it must succeed."""
    tx_hash = await nodes.call("eth_sendTransaction", transaction)
    while (receipt := await nodes.call("eth_getTransactionReceipt", tx_hash)) is None:  # noqa: ASYNC110 - nothing tells us
        await asyncio.sleep(0.01)
    assert receipt["status"] == "0x1", receipt
    return dict(receipt)


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _bytes(address: str) -> bytes:
    return bytes.fromhex(address.removeprefix("0x"))
