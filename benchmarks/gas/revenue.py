"""What the way of the revenue costs: routing dollars, and buying from the auction that they end in."""

from typing import Final

from benchmarks.gas.cases import Figure
from benchmarks.gas.sending import gas_of
from benchmarks.gas.staking import prepare
from offchain.chain.bindings import load_contract
from tests.support.chain import TestExchange, deploy_contract

_HOUR_S: Final = 3_600
_REVENUE: Final = 10**11
_BOUGHT: Final = 10**9
_PRICE: Final = 16_666_667 * 10**24
"""QTRA base units for 10^18 base units of a dollar of 6 decimals: a QTRA is worth 6 cents."""
_FAR_S: Final = 4_000_000_000


async def measure_revenue(exchange: TestExchange) -> dict[str, Figure]:
    """Whole transactions; a route when others were before it, and a purchase that is neither the first nor the last."""
    stakers = await prepare(exchange)
    nodes, deployer, dollar = exchange.nodes, exchange.deployer, stakers.dollar
    admin, keeper, buyer = bytes.fromhex(deployer[2:]), bytes([0x61]) * 20, bytes([0x62]) * 20
    prices = await deploy_contract(nodes, deployer, "ReportedPrice", stakers.access)
    arguments = (stakers.access, exchange.settlement, stakers.qtra, stakers.staking, prices)
    router = await deploy_contract(nodes, deployer, "RevenueRouter", *arguments)
    contract, token = load_contract("RevenueRouter"), load_contract("TestToken")
    day = await _noon(exchange)

    await exchange.transact(prices, load_contract("ReportedPrice").encode_call("setPrice", dollar, _PRICE))
    for call in (
        contract.encode_call("setSplit", (4_000, 3_000, 2_000, 1_000)),
        contract.encode_call("setTreasury", bytes([0x63]) * 20),
        contract.encode_call("setInsurance", bytes([0x64]) * 20),
        contract.encode_call("setBounty", dollar, 10, 10**8),
        contract.encode_call("setAuctionTerms", dollar, (10**12, 10**6, 11_000, 9_000, _HOUR_S)),
    ):
        await exchange.transact(router, call)
    await stakers.give(buyer, 10**25)
    await exchange.transact(dollar, token.encode_call("mint", admin, 2 * _BOUGHT))
    await gas_of(exchange, stakers.qtra, load_contract("QTRAToken").encode_call("approve", router, 10**25), buyer)
    await stakers.give(keeper, 10**24)
    await stakers.act(keeper, "stake", 10**21)
    await stakers.notify()

    routed = 0
    for _ in range(2):
        await nodes.call("evm_increaseTime", _HOUR_S)
        await exchange.transact(dollar, token.encode_call("mint", router, _REVENUE))
        routed = await gas_of(exchange, router, contract.encode_call("route", dollar), keeper)
    await nodes.call("evm_setNextBlockTimestamp", day + _HOUR_S * 3)
    await exchange.transact(prices, load_contract("ReportedPrice").encode_call("report", dollar, _PRICE))
    await gas_of(exchange, router, contract.encode_call("startAuction", dollar), keeper)
    bought = 0
    for _ in range(2):
        calldata = contract.encode_call("buy", 1, _BOUGHT, 10**24, _FAR_S)
        bought = await gas_of(exchange, router, calldata, buyer)
    return {"route_revenue": Figure(routed, "gas", 1), "auction_buy": Figure(bought, "gas", 1)}


async def _noon(exchange: TestExchange) -> int:
    """Waits for the middle of a day, so that all sales are of one day."""
    latest = await exchange.nodes.call("eth_getBlockByNumber", "latest", False)
    noon = (int(latest["timestamp"], 16) // 86_400 + 1) * 86_400 + 43_200
    await exchange.nodes.call("evm_setNextBlockTimestamp", noon)
    await exchange.nodes.call("evm_mine")
    return noon
