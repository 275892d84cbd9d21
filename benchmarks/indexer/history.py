"""A chain with a history of many events of ours: real deposits into the real vault, and transfers of the real token."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import msgspec
from eth_abi.abi import encode

from offchain.chain.bindings import ARTIFACTS, Contract, load_contract
from offchain.chain.manifest import DeployedContract, Manifest
from offchain.chain.node import NodePool
from tests.support.chain import TestExchange, deploy_exchange, mined_receipt

EVENTS_A_DEPOSIT: Final = 2
"""The token's `Transfer` and the vault's `Deposited`."""
DEPOSITS_A_BLOCK: Final = 80
TRANSFERS_A_BLOCK: Final = 40
EVENTS_A_BLOCK: Final = DEPOSITS_A_BLOCK * EVENTS_A_DEPOSIT + TRANSFERS_A_BLOCK
OWNERS: Final = 5_000
"""Who gets deposits; a fifth of them is who gets transfers."""
AMOUNT: Final = 10**10
"""Base units of the token: one ledger unit."""
_ASSET: Final = 5
_ENGINE_KEY: Final = bytes([7]) * 20
_SOURCE: Final = Path(__file__).with_name("DepositLoad.sol")
_COMPILER: Final = Path(__file__).parents[2] / "scripts" / "solc" / "solc-v0.8.37"
_GAS: Final = 16_000_000


class History:
    """A deployment and the contract that loads it, block by block from `first_block` on."""

    def __init__(self, exchange: TestExchange, load: bytes, abi: Contract, first_block: int) -> None:
        self.exchange = exchange
        self.blocks = 0
        self.first_block = first_block
        self._load = load
        self._abi = abi

    @property
    def manifest(self) -> Manifest:
        """What is deployed where."""
        return self.exchange.manifest

    @property
    def token(self) -> bytes:
        """The token that is deposited and transferred."""
        return self.manifest.address("QTRAToken")

    async def extend(self, events: int) -> None:
        """Adds whole blocks until there are at least so many events."""
        while self.blocks * EVENTS_A_BLOCK < events:
            await self.mine_block()

    async def mine_block(self) -> None:
        """One block of deposits and transfers."""
        place = self.blocks
        deposits = (self.exchange.settlement, _ASSET, AMOUNT, place * DEPOSITS_A_BLOCK, DEPOSITS_A_BLOCK, OWNERS)
        transfers = (self.token, AMOUNT, place * TRANSFERS_A_BLOCK, TRANSFERS_A_BLOCK, OWNERS // 5)
        nodes = self.exchange.nodes
        for function, arguments in (("deposit", deposits), ("transfer", transfers)):
            await nodes.call(
                "eth_sendTransaction",
                {
                    "from": self.exchange.deployer,
                    "to": "0x" + self._load.hex(),
                    "data": "0x" + self._abi.encode_call(function, *arguments).hex(),
                    "gas": hex(_GAS),
                },
            )
        await nodes.call("evm_mine")
        self.blocks += 1


async def make_history(nodes: NodePool) -> History:
    """Deploys the exchange, its token and the load; from here on blocks are mined when they are asked for."""
    exchange = await deploy_exchange(nodes, _ENGINE_KEY)
    compiled = _compiled()
    abi = Contract("DepositLoad", compiled["abi"])
    load = await _deploy(nodes, exchange.deployer, bytes.fromhex(compiled["evm"]["bytecode"]["object"]))
    types = json.loads(ARTIFACTS.read_bytes())["contractTypes"]
    bytecode = bytes.fromhex(types["QTRAToken"]["deploymentBytecode"]["bytecode"].removeprefix("0x"))
    allocation = [(b"load".ljust(32, b"\0"), "0x" + load.hex(), 10**27)]
    arguments = encode(["(bytes32,address,uint256)[]"], [allocation])
    token = await _deploy(nodes, exchange.deployer, bytecode + arguments)
    await exchange.call("listAsset", _ASSET, token, AMOUNT)
    await exchange.transact(load, abi.encode_call("approve", token, exchange.settlement))
    deployed = DeployedContract("0x" + token.hex(), load_contract("QTRAToken").abi_hash)
    contracts = {**exchange.manifest.contracts, "QTRAToken": deployed}
    exchange.manifest = msgspec.structs.replace(exchange.manifest, contracts=contracts)
    await nodes.call("evm_setAutomine", False)
    return History(exchange, load, abi, await nodes.block_number() + 1)


async def _deploy(nodes: NodePool, deployer: str, code: bytes) -> bytes:
    transaction = {"from": deployer, "data": "0x" + code.hex(), "gas": hex(_GAS)}
    receipt = await mined_receipt(nodes, transaction)
    return bytes.fromhex(receipt["contractAddress"].removeprefix("0x"))


def _compiled() -> dict[str, Any]:
    request = {
        "language": "Solidity",
        "sources": {_SOURCE.name: {"content": _SOURCE.read_text()}},
        "settings": {"optimizer": {"enabled": True}, "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object"]}}},
    }
    done = subprocess.run(  # noqa: S603 - the project's compiler
        [_COMPILER, "--standard-json"], input=json.dumps(request), check=True, capture_output=True, text=True
    )
    contract: dict[str, Any] = json.loads(done.stdout)["contracts"][_SOURCE.name]["DepositLoad"]
    return contract
