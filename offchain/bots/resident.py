"""The resident bots as they run: a market maker and a taker for each market, over the public API like anyone else."""

import asyncio
import logging
import random
import secrets
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

from offchain.bots.quoting import LadderShape, Quote, WanderingPrice, changes, ladder
from offchain.chain.keys import LocalSigner, load_or_create_keyfile
from offchain.chain.manifest import Manifest
from offchain.chain.node import NodePool
from offchain.client.client import Client
from offchain.client.funding import Deposit, fund_and_deposit
from offchain.client.messages import OPERATIONS_MAX, CancelMessage, PlaceMessage
from offchain.client.session import Session
from offchain.client.wallet import Wallet
from offchain.core.commands import Side
from offchain.core.errors import QuantaTradeError
from offchain.core.money import Market

_STEP_S: Final = 1.5
_TAKE_S: Final = (1.0, 5.0)
_RETRY_S: Final = 3.0
_CREDIT_TIMEOUT_S: Final = 60
_CREDIT_POLL_S: Final = 1.0
_TAKER_REACH_PPM: Final = 20_000
_log = logging.getLogger(__name__)


class MarketPlan(NamedTuple):
    """How a market is kept alive. Prices in ticks, quantities in lots, funds (base, quote) in whole tokens."""

    symbol: str
    anchor_ticks: int
    shape: LadderShape
    quote_lots: tuple[int, int]
    take_lots: tuple[int, int]
    funds: tuple[str, str]


PLANS: Final = (
    MarketPlan("QTRA-USDC", 2_500, LadderShape(12, 2, 2), (50_000, 400_000), (5_000, 150_000), ("400000", "250000")),
    MarketPlan("BTC-USDC", 600_000, LadderShape(12, 20, 25), (2_000, 60_000), (200, 25_000), ("50", "2500000")),
)


class Bot:
    """A wallet of its own in one market.

    Args:
        client: the exchange.
        plan: the market.
        signer: the wallet's key.
        seed: decides everything that the bot draws.
    """

    def __init__(self, client: Client, plan: MarketPlan, signer: LocalSigner, seed: int) -> None:
        self.client = client
        self.plan = plan
        self.signer = signer
        self.wallet: Wallet = client.wallet(signer)
        self.market: Market = client.terms.markets[plan.symbol]
        self.random = random.Random(seed)  # noqa: S311 - a pretend trader, not a secret
        self._resting: set[str] = set()

    async def held(self, session: Session) -> dict[str, Quote]:
        """The bot's open orders by client order id; lanes of orders that have left the book are freed."""
        rows = {row["clientOrderId"]: row for row in await session.open_orders(self.plan.symbol)}
        for name in self._resting - rows.keys():
            self.wallet.release(name)
        for name in rows.keys() - self._resting:
            self.wallet.adopt(self.plan.symbol, name, rows[name]["lane"])
        self._resting = set(rows)
        return {name: Quote(Side[row["side"]], self.market.to_ticks(row["price"])) for name, row in rows.items()}

    async def submit(self, operations: Sequence[PlaceMessage | CancelMessage]) -> None:
        """Sends a batch; lanes of orders that were refused are freed."""
        for operation, outcome in zip(operations, await self.client.batch(operations), strict=True):
            if isinstance(outcome, QuantaTradeError):
                _log.debug("%s: refused: %s", self.plan.symbol, outcome)
            if isinstance(operation, PlaceMessage):
                self._resting.add(operation.client_order_id)

    def order(
        self, quote: Quote, lots_range: tuple[int, int], time_in_force: Literal["GTC", "IOC"] = "GTC"
    ) -> PlaceMessage:
        """A signed order at the quote's price, of a random size."""
        lots = self.random.randint(*lots_range)
        side: Literal["BUY", "SELL"] = "BUY" if quote.side is Side.BUY else "SELL"
        price, quantity = self.market.price_text(quote.price_ticks), self.market.quantity_text(lots)
        return self.wallet.order(self.plan.symbol, side, price, quantity, time_in_force=time_in_force)


async def make_market(bot: Bot) -> None:
    """Keeps a ladder of quotes around a wandering price, for ever."""
    price = WanderingPrice(bot.plan.anchor_ticks, bot.random.getrandbits(32))
    session = await bot.client.sign_in(bot.wallet)
    while True:
        cancel, place = changes(ladder(price.step(), bot.plan.shape), await bot.held(session))
        operations: list[PlaceMessage | CancelMessage] = [bot.wallet.cancel(name) for name in cancel]
        room = OPERATIONS_MAX - len(operations)
        operations += [bot.order(quote, bot.plan.quote_lots) for quote in place[: max(0, room)]]
        if operations:
            await bot.submit(operations[:OPERATIONS_MAX])
        await asyncio.sleep(_STEP_S)


async def take(bot: Bot) -> None:
    """Buys or sells at the best price now and then, for ever."""
    while True:
        await asyncio.sleep(bot.random.uniform(*_TAKE_S))
        book = await bot.client.read(f"/markets/{bot.plan.symbol}/book", limit="1")
        side = bot.random.choice((Side.BUY, Side.SELL))
        levels = book["asks"] if side is Side.BUY else book["bids"]
        if not levels:
            continue
        best = bot.market.to_ticks(levels[0][0])
        reach = max(1, best * _TAKER_REACH_PPM // 1_000_000)
        limit = best + reach if side is Side.BUY else max(1, best - reach)
        try:
            await bot.client.place(bot.order(Quote(side, limit), bot.plan.take_lots, "IOC"))
        except QuantaTradeError as error:
            _log.debug("%s: order refused: %s", bot.plan.symbol, error)


async def run_bots(url: str, node_urls: Sequence[str], manifest: Manifest, keys: Path) -> None:
    """Funds the bots on a local chain and lets them trade until the task is cancelled; a bot that fails starts over."""
    async with NodePool(node_urls) as nodes, Client(url) as client:
        crew = [
            (_bot(client, plan, keys / f"{plan.symbol.lower()}-{role}.json"), work)
            for plan in PLANS
            for role, work in (("maker", make_market), ("taker", take))
        ]
        await _ensure_funds([bot for bot, _ in crew], nodes, manifest)
        async with asyncio.TaskGroup() as tasks:
            for bot, work in crew:
                tasks.create_task(_keep_trading(bot, work))


def _bot(client: Client, plan: MarketPlan, keyfile: Path) -> Bot:
    return Bot(client, plan, load_or_create_keyfile(keyfile), secrets.randbits(32))


async def _keep_trading(bot: Bot, work: Callable[[Bot], Awaitable[None]]) -> None:
    while True:
        try:
            await work(bot)
        except QuantaTradeError as error:
            _log.info("%s: starting over: %s", bot.plan.symbol, error)
            await asyncio.sleep(_RETRY_S)


async def _ensure_funds(bots: Sequence[Bot], nodes: NodePool, manifest: Manifest) -> None:
    """Deposits the assets that a bot has nothing of, and waits until they are credited.

    Raises:
        TimeoutError: they are not, for a minute.
    """
    missing = await _missing(bots)
    if missing:
        await fund_and_deposit(nodes, manifest, missing)
    async with asyncio.timeout(_CREDIT_TIMEOUT_S):
        while missing:
            await asyncio.sleep(_CREDIT_POLL_S)
            missing = await _missing(bots)


async def _missing(bots: Sequence[Bot]) -> list[Deposit]:
    missing = []
    for bot in bots:
        held = await (await bot.client.sign_in(bot.wallet)).balances()
        for asset, tokens in zip((bot.market.base, bot.market.quote), bot.plan.funds, strict=True):
            if held[asset.symbol]["total"] == "0":
                missing.append(Deposit(bot.signer, asset.asset_id, asset.to_units(tokens)))
    return missing
