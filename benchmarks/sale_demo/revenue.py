"""Staking and revenue: trades leave fees, the router splits them, QTRA is bought back and burned, stakers are paid."""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from benchmarks.sale_demo.node import Call
from benchmarks.sale_demo.stage import ENGINE_KEY, Stage
from offchain.chain.bindings import load_contract
from offchain.chain.keys import LocalSigner
from offchain.chain.node import NodePool
from offchain.chain.typed_data import Batch, Order
from offchain.settlement.batch import Authorization, BatchFill, BatchOrder, BatchPayload
from offchain.settlement.contract import SettlementContract
from offchain.settlement.encoding import encode_payload, payload_hash

DAY_S: Final = 86_400
QTRA_FOR_A_DOLLAR: Final = 20
_REPORTS: Final = 8
_REPORT_EVERY_S: Final = 660
_MAKER_PPM: Final = 1_500
_TAKER_PPM: Final = 2_500
_SETTLE_GAS: Final = 15_000_000


class Trade(NamedTuple):
    """A market and its trades: price in ticks, lots in a fill, ledger units that each trader needs."""

    market: int
    base: str
    quote: str
    price: int
    lots: int
    base_units: int
    quote_units: int


TRADES: Final = (
    Trade(2, "BTC", "USDC", 600_000, 1_000_000, 10**10, 10**13),
    Trade(3, "BTC", "DAI", 6_000_000, 900_000_000, 10**11, 10**17),
)
_FILLS: Final = 10


class Stakers:
    """Who stakes, and what for."""

    def __init__(self, stage: Stage, accounts: Sequence[bytes]) -> None:
        self.stage = stage
        balances = stage.views("QTRAToken", "balanceOf", [(account,) for account in accounts])
        self.accounts = [account for account, balance in zip(accounts, balances, strict=True) if balance > 1][::3]

    def stake(self) -> None:
        """Everybody stakes half of what it has."""
        staking, calls = self.stage.address("Staking"), []
        for account in self.accounts:
            half = self.stage.view.read("QTRAToken", "balanceOf", account) // 2
            calls.append(self.stage.token_call(account, "QTRA", "approve", staking, half))
            calls.append(self.stage.call(account, "Staking", "stake", half))
        self.stage.node.send(calls)

    def claim(self) -> None:
        """Everybody takes its rewards."""
        self.stage.node.send([self.stage.call(account, "Staking", "claim") for account in self.accounts])

    def leave(self) -> None:
        """Every fourth takes its stake out, every eighth without its rewards; the others stay."""
        calls = []
        for place, account in enumerate(self.accounts):
            if place % 8 == 4:
                calls.append(self.stage.call(account, "Staking", "exit"))
            elif place % 4 == 0:
                stake = self.stage.view.read("Staking", "stakedOf", account)
                calls.append(self.stage.call(account, "Staking", "requestUnstake", stake))
        self.stage.node.send(calls)
        self.stage.node.travel(self.stage.node.now() + self.stage.view.read("Staking", "COOLDOWN"))
        leavers = self.accounts[::4]
        self.stage.node.send([self.stage.call(account, "Staking", "withdraw", 0) for account in leavers])


def trade(stage: Stage) -> dict[str, int]:
    """Two traders trade, and the engine settles it; the fees in ledger units by asset, worked out from the trades."""
    traders = [LocalSigner((0x7ADE << 32 | number).to_bytes(32, "big")) for number in range(2)]
    stage.node.fund([trader.address for trader in traders])
    settlement, ids = stage.address("Settlement"), {row.symbol: row for row in stage.manifest.assets}
    fees: dict[str, int] = {}
    for terms in TRADES:
        calls: list[Call] = []
        for symbol, units in ((terms.base, terms.base_units), (terms.quote, terms.quote_units)):
            amount = units * ids[symbol].unit_scale
            for trader in traders:
                who = trader.address
                calls.append(stage.token_call(who, symbol, "mint", who, amount))
                calls.append(stage.token_call(who, symbol, "approve", settlement, amount))
                calls.append(stage.call(who, "Settlement", "depositFor", who, ids[symbol].asset_id, amount))
        stage.node.send(calls)
        asyncio.run(_settle(stage, traders, terms))
        tick_lot = next(row.quote_units_per_tick_lot for row in stage.manifest.markets if row.market_id == terms.market)
        notional = terms.price * terms.lots * tick_lot
        fees[terms.quote] = _FILLS * sum(-(-notional * ppm // 10**6) for ppm in (_MAKER_PPM, _TAKER_PPM))
    return fees


async def _settle(stage: Stage, traders: Sequence[LocalSigner], terms: Trade) -> None:
    """Settles a batch of fills between a buyer and a seller."""
    async with NodePool([stage.node.url]) as nodes:
        chain = stage.manifest.chain_id
        contract = SettlementContract(nodes, load_contract("Settlement"), stage.address("Settlement"), chain)
        orders = []
        for side, trader in enumerate(traders):
            expiry = stage.node.now() + DAY_S
            lots, seq = terms.lots * _FILLS, stage.node.now() * 1_000 + terms.market
            order = Order(terms.market, side, terms.price, lots, expiry, seq, 0, 50, 0)
            signature = trader.sign_digest(order.digest(contract.domain_separator))
            orders.append(BatchOrder(order, Authorization(signature), _MAKER_PPM, _TAKER_PPM))
        fills = tuple(BatchFill(0, 1, terms.lots) for _ in range(_FILLS))
        payload = encode_payload(*BatchPayload(tuple(orders), fills))
        number, previous_hash = await contract.head()
        batch = Batch(number + 1, payload_hash(payload), previous_hash, b"\x77" * 32, number + 1)
        signature = ENGINE_KEY.sign_digest(batch.digest(contract.domain_separator))
        calldata = contract.settle_calldata(batch, payload, signature)
    (receipt,) = stage.node.send([Call(stage.deployer, stage.address("Settlement"), calldata, _SETTLE_GAS)])
    (told,) = stage.told(receipt, "Settlement")
    assert (told["fills"], told["skipped"]) == (_FILLS, 0), told


def report_prices(stage: Stage) -> None:
    """The reporter tells what a dollar is worth, for long enough that there is a mean."""
    tokens = [(stage.tokens[symbol], _price(stage, symbol)) for symbol in ("USDC", "DAI")]
    deployer = stage.deployer
    stage.node.send([stage.call(deployer, "ReportedPrice", "setPrice", *row) for row in tokens])
    for number in range(_REPORTS):
        stage.node.travel(stage.node.now() + _REPORT_EVERY_S)
        moved = [(token, price * (1_000 + (-1) ** number * number) // 1_000) for token, price in tokens]
        stage.node.send([stage.call(deployer, "ReportedPrice", "report", *row) for row in moved])


def _price(stage: Stage, symbol: str) -> int:
    """Base units of QTRA for 10^18 base units of a dollar token."""
    return int(QTRA_FOR_A_DOLLAR * 10**36 // 10 ** stage.decimals[symbol])


def buy_back(stage: Stage, buyers: Sequence[bytes]) -> int:
    """Buyers wait for the price to fall, and buy a part of each running auction; how often they bought."""
    router, bought = stage.address("RevenueRouter"), 0
    running = [
        auction
        for symbol in ("USDC", "DAI")
        if (auction := stage.view.read("RevenueRouter", "runningOf", stage.tokens[symbol]))
    ]
    began = stage.node.now()
    for place, buyer in enumerate(buyers):
        stage.node.travel(began + (place + 1) * 3_000 // len(buyers))
        for auction in running:
            left = stage.view.read("RevenueRouter", "auctionOf", auction)[3]
            # The last buyers leave a part that waits for the next auction.
            amount = left * stage.random.randint(20, 60) // 100
            cost = stage.view.read("RevenueRouter", "quote", auction, amount)
            if not amount or stage.view.read("QTRAToken", "balanceOf", buyer) < cost:
                continue
            approve = stage.token_call(buyer, "QTRA", "approve", router, cost)
            buy = stage.call(buyer, "RevenueRouter", "buy", auction, amount, cost, 2**40)
            bought += len(stage.node.send([approve, buy])) // 2
    return bought
