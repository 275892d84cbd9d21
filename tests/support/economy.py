"""The token's own contracts on a test's chain: QTRA, its sale, vesting, staking and the revenue router.

Deployed and configured by the chain's unlocked accounts; the scripts that real deployments use have tests of their own.
"""

from typing import Any, Final

import msgspec

from offchain.chain.bindings import Contract, load_contract
from offchain.chain.manifest import DeployedContract, Manifest
from offchain.chain.node import NodePool
from tests.support.chain import TestExchange, deploy_contract, mined_receipt

QTRA: Final = 10**18
DOLLAR: Final = 10**6
DAY_S: Final = 86_400
USDC_ID: Final = 2
NOBODY: Final = bytes(20)
NO_VOUCHER: Final = ("0x" + "00" * 20, 0, 0, 0, 0)
_COLLECTOR: Final = 40
_SUPPLY: Final = 10**27
_GAS: Final = 5_000_000


class TestEconomy:
    """The contracts and what tests do with them. `people` are unlocked accounts with dollars."""

    __test__ = False

    def __init__(self, exchange: TestExchange, manifest: Manifest, people: list[bytes]) -> None:
        self.exchange = exchange
        self.manifest = manifest
        self.people = people
        self.usdc = exchange.assets[USDC_ID].token

    @property
    def nodes(self) -> NodePool:
        """The chain's node."""
        return self.exchange.nodes

    def address(self, name: str) -> bytes:
        """Where a contract stands."""
        return self.manifest.address(name)

    async def send(self, name: str, function: str, *arguments: Any, sender: bytes | None = None) -> dict[str, Any]:
        """The receipt of a call of a contract, by the deployer if by nobody else; it must succeed."""
        return await self.transact(self.address(name), _abi(name).encode_call(function, *arguments), sender)

    async def transact(self, to: bytes, calldata: bytes, sender: bytes | None = None) -> dict[str, Any]:
        """The receipt of a transaction with gas to spare: what it needs can change with the time of its block."""
        by = self.exchange.deployer if sender is None else "0x" + sender.hex()
        call = {"from": by, "to": "0x" + to.hex(), "data": "0x" + calldata.hex(), "gas": hex(_GAS)}
        return await mined_receipt(self.nodes, call)

    async def read(self, name: str, function: str, *arguments: Any) -> Any:
        """The one return value of a view."""
        abi = _abi(name)
        answer = await self.nodes.eth_call(self.address(name), abi.encode_call(function, *arguments))
        (value,) = abi.decode_result(function, answer)
        return value

    async def now_s(self) -> int:
        """The time of the newest block."""
        block = await self.nodes.call("eth_getBlockByNumber", "latest", False)
        return int(block["timestamp"], 16)

    async def pass_time(self, seconds: int) -> None:
        """Mines a block so much later."""
        await self.nodes.call("evm_increaseTime", seconds)
        await self.exchange.mine()

    async def give(self, person: bytes, qtra: int) -> None:
        """Gives QTRA, in base units, to somebody."""
        await self.send("QTRAToken", "transfer", person, qtra)

    async def give_dollars(self, person: bytes, base_units: int) -> None:
        """Mints USDC, in base units, for somebody."""
        await self.transact(self.usdc, load_contract("TestToken").encode_call("mint", person, base_units))

    async def stake(self, person: bytes, amount: int) -> None:
        """Stakes QTRA that somebody has."""
        await self.send("QTRAToken", "approve", self.address("Staking"), amount, sender=person)
        await self.send("Staking", "stake", amount, sender=person)

    async def notify(self, reward: int, token: bytes, amount: int, days: int = 7) -> None:
        """Pays in a reward that the deployer has."""
        approve = load_contract("TestToken").encode_call("approve", self.address("Staking"), amount)
        await self.transact(token, approve)
        await self.send("Staking", "notify", reward, amount, days * DAY_S)

    async def configure_sale(self, rounds: list[tuple[Any, ...]], wallet_cap: int) -> None:
        """Configures the sale of rounds, paid in USDC; all proceeds go to the deployer."""
        tokens = sum(terms[3] for terms in rounds)
        await self.send("QTRAToken", "approve", self.address("SaleManager"), tokens)
        shares = [(self.exchange.deployer, 10_000)]
        nobody = "0x" + NOBODY.hex()
        await self.send("SaleManager", "configure", rounds, ["0x" + self.usdc.hex()], shares, wallet_cap, nobody)

    async def buy(self, person: bytes, number: int, dollars: int, referrer: bytes = NOBODY) -> None:
        """Buys in a round with USDC that is minted for it."""
        amount = dollars * DOLLAR
        await self.give_dollars(person, amount)
        approve = load_contract("TestToken").encode_call("approve", self.address("SaleManager"), amount)
        await self.transact(self.usdc, approve, person)
        purchase = (number, 0, amount, 0, 2**40 - 1, "0x" + referrer.hex())
        await self.send("SaleManager", "buy", purchase, NO_VOUCHER, b"", sender=person)


def round_terms(start_s: int, end_s: int, *, price: int, tokens: int, **others: Any) -> tuple[Any, ...]:
    """A round's terms as the contract takes them; money in micros, tokens in base units."""
    hard_cap = tokens * price // QTRA
    values = {
        "soft_cap": 0,
        "min_purchase": DOLLAR,
        "wallet_cap": hard_cap,
        "referral_bps": 500,
        "unsold": 0,
        "needs_voucher": False,
    } | others
    return (price, start_s, end_s, tokens, *values.values())


async def deploy_economy(exchange: TestExchange, people: int = 4) -> TestEconomy:
    """Deploys the contracts beside the exchange's own, the router with its role."""
    nodes, deployer = exchange.nodes, exchange.deployer
    access = exchange.manifest.address("ExchangeAccess")
    addresses: dict[str, bytes] = {}

    async def deploy(name: str, *arguments: Any) -> bytes:
        addresses[name] = await deploy_contract(nodes, deployer, name, *arguments)
        return addresses[name]

    qtra = await deploy("QTRAToken", [(b"all".ljust(32, b"\0"), deployer, _SUPPLY)])
    vesting = await deploy("MerkleVesting", access, qtra, bytes.fromhex(deployer[2:]))
    await deploy("SaleManager", access, qtra, vesting)
    staking = await deploy("Staking", access, qtra)
    prices = await deploy("ReportedPrice", access)
    router = await deploy("RevenueRouter", access, exchange.settlement, qtra, staking, prices)
    manager = load_contract("ExchangeAccess")
    selector = exchange.contract.encode_call("collectFees", 1, 1, router)[:4]
    for call in (
        manager.encode_call("setTargetFunctionRole", exchange.settlement, [selector], _COLLECTOR),
        manager.encode_call("grantRole", _COLLECTOR, router, 0),
    ):
        await exchange.transact(access, call)
    added = {
        name: DeployedContract("0x" + address.hex(), load_contract(name).abi_hash)
        for name, address in addresses.items()
    }
    manifest = msgspec.structs.replace(exchange.manifest, contracts={**exchange.manifest.contracts, **added})
    accounts = await nodes.call("eth_accounts")
    return TestEconomy(exchange, manifest, [bytes.fromhex(one[2:]) for one in accounts[1 : people + 1]])


def _abi(name: str) -> Contract:
    return load_contract(name)
