"""What staking costs: two rewards are streamed, dollars of 6 decimals and QTRA, and others stake too."""

from typing import Any, Final, NamedTuple

from benchmarks.gas.cases import Figure
from benchmarks.gas.sending import gas_of
from offchain.chain.bindings import load_contract
from tests.support.chain import TestExchange, deploy_contract

CAP: Final = 10**27
DOLLARS, QTRAS = 1, 2
WEEK_S: Final = 604_800
_DAY_S: Final = 86_400
_STAKE: Final = 1_234_567 * 10**15


class Stakers(NamedTuple):
    """The staking contract, and what is streamed there."""

    exchange: TestExchange
    access: bytes
    qtra: bytes
    dollar: bytes
    staking: bytes

    async def act(self, account: bytes, function: str, *arguments: Any) -> int:
        """The gas of what an account does."""
        calldata = load_contract("Staking").encode_call(function, *arguments)
        return await gas_of(self.exchange, self.staking, calldata, account)

    async def give(self, account: bytes, amount: int) -> None:
        """Gives an account QTRA, half of which it approves: what is left of an allowance earns no refund of gas."""
        token = load_contract("QTRAToken")
        await self.exchange.transact(self.qtra, token.encode_call("transfer", account, amount))
        await gas_of(self.exchange, self.qtra, token.encode_call("approve", self.staking, amount // 2), account)

    async def notify(self) -> None:
        """Streams both rewards for a week."""
        token, contract = load_contract("TestToken"), load_contract("Staking")
        admin = bytes.fromhex(self.exchange.deployer[2:])
        await self.exchange.transact(self.dollar, token.encode_call("mint", admin, 10**12))
        for reward, asset, amount in ((DOLLARS, self.dollar, 10**12), (QTRAS, self.qtra, 10**24)):
            await self.exchange.transact(asset, token.encode_call("approve", self.staking, amount))
            await self.exchange.transact(self.staking, contract.encode_call("notify", reward, amount, WEEK_S))

    async def wait(self, seconds: int = _DAY_S) -> None:
        """Time passes."""
        await self.exchange.nodes.call("evm_increaseTime", seconds)


async def measure_staking(exchange: TestExchange) -> dict[str, Figure]:
    """Whole transactions while both streams run; of accounts that hold some of every token, before and after."""
    stakers = await prepare(exchange)
    other, account = bytes([0x51]) * 20, bytes([0x52]) * 20
    token = load_contract("QTRAToken")
    gas: dict[str, int] = {}
    for holder in (other, account):
        await stakers.give(holder, 10**24)
        await exchange.transact(stakers.dollar, load_contract("TestToken").encode_call("mint", holder, 10**9))
    gas["transfer"] = await gas_of(exchange, stakers.qtra, token.encode_call("transfer", other, _STAKE), account)
    await stakers.act(other, "stake", 10**21)
    await stakers.notify()
    await stakers.wait()
    gas["stake_new"] = await stakers.act(account, "stake", _STAKE)
    await stakers.wait()
    await stakers.notify()
    await stakers.wait()
    gas["stake_existing"] = await stakers.act(account, "stake", _STAKE)
    await stakers.wait()
    gas["claim_reward"] = await stakers.act(account, "claim", DOLLARS)
    gas["claim_reward_qtra"] = await stakers.act(account, "claim", QTRAS)
    await stakers.wait()
    gas["unstake"] = await stakers.act(account, "requestUnstake", _STAKE)
    return {name: Figure(value, "gas", 1) for name, value in gas.items()}


async def prepare(exchange: TestExchange) -> Stakers:
    """Deploys the staking contract and lists both rewards."""
    nodes, deployer = exchange.nodes, exchange.deployer
    admin = bytes.fromhex(deployer[2:])
    access = await deploy_contract(nodes, deployer, "ExchangeAccess", admin)
    qtra = await deploy_contract(nodes, deployer, "QTRAToken", [(b"all".ljust(32, b"\0"), deployer, CAP)])
    dollar = await deploy_contract(nodes, deployer, "TestToken", "Dollar", "USDC", 6)
    staking = await deploy_contract(nodes, deployer, "Staking", access, qtra)
    for reward in (dollar, qtra):
        await exchange.transact(staking, load_contract("Staking").encode_call("listReward", reward))
    return Stakers(exchange, access, qtra, dollar, staking)
