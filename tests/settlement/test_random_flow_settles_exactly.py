"""Random orders through the real sequencer, engine, settlement and indexer, killed on the way: every balance agrees."""

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack, suppress
from functools import partial

from indexer.contracts import contracts_of
from indexer.fetch.http_node import HttpNode
from indexer.service import Indexer, IndexerSettings
from offchain.chain.bindings import load_contract
from offchain.chain.keys import LocalSigner
from offchain.chain.typed_data import Order, Withdrawal, domain_separator
from offchain.core.clock import wall_clock_us
from offchain.core.commands import (
    STOP_TYPES,
    CommandKind,
    OrderAuthorization,
    OrderInstructions,
    OrderType,
    PostOnly,
    SelfTradePrevention,
    TimeInForce,
    WithdrawalAuthorization,
)
from offchain.core.errors import QuantaTradeError
from offchain.core.events import EventKind
from offchain.core.intents import (
    AmendOrder,
    CancelAllOrders,
    ListMarket,
    PlaceOrder,
    ReplaceOrder,
    RequestWithdrawal,
    SetDiscounts,
    SetFees,
    SetFeeTier,
)
from offchain.sequencer.replay import replay_events
from offchain.sequencer.sequencer import Sequencer
from offchain.settlement.batcher import BatchLimits
from offchain.settlement.chain_check import differences
from offchain.settlement.contract import SettlementContract
from offchain.settlement.courier import Courier
from offchain.settlement.fee_rates import DAY_US
from offchain.settlement.reconcile import Books, reconcile
from offchain.settlement.service import SettlementService
from offchain.settlement.statement_desk import StatementDesk
from offchain.settlement.store import BatchStore
from offchain.settlement.watch import EngineBooks, ReconciliationWatch, Sources
from offchain.settlement.withdrawal_store import WithdrawalStore
from offchain.settlement.withdrawals import WithdrawalDesk
from tests.settlement.settling import ENGINE_KEY, FAR_S, SUBMITTER_KEY, reader_of, submitter_of
from tests.support.waiting import PATIENCE_S

WALLETS = [LocalSigner(bytes([number]) * 32) for number in range(20, 26)]
FUNDS = 10**11
WITHDRAWAL_LIFE_S = 5 * 86_400
MARKET, BASE, QUOTE = 3, 3, 4
COUNTED_BY = 100
"""Quote units in a unit of volume."""


def any_instructions(chance):
    """Any that the engine takes together; most orders are plain."""
    order_type = chance.choices(list(OrderType), [70, 8, 11, 11])[0]
    stop, limit = order_type in STOP_TYPES, order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    times = chance.choices(list(TimeInForce), [65 if limit else 0, 20, 10, 0 if stop else 5])[0]
    resting = order_type == OrderType.LIMIT and times == TimeInForce.GTC
    post_only = chance.choices(list(PostOnly), [60, 10, 30])[0] if resting else PostOnly.NO
    return OrderInstructions(times, order_type, post_only, chance.choice(list(SelfTradePrevention)))


class WholeLoop:
    """The parts wired as the application wires them, in one process that can be killed."""

    def __init__(self, exchange, database, folder):
        self.exchange, self.database, self.folder = exchange, database, folder
        manifest = exchange.manifest
        self.domain = domain_separator(manifest.chain_id, exchange.settlement)
        self.contract = SettlementContract(
            exchange.nodes, load_contract("Settlement"), exchange.settlement, manifest.chain_id
        )
        self.placed = 0
        self.days = 0
        self.resting = []

    def clock(self):
        """The exchange's time: days may pass at once."""
        return wall_clock_us() + self.days * DAY_US

    async def start(self):
        self.sequencer = Sequencer.open(self.folder, clock=self.clock)
        await self.sequencer.start()
        store = BatchStore(self.database)
        courier = Courier(self.contract, SUBMITTER_KEY, store, self.clock, 10_000_000)
        desk = WithdrawalDesk(
            self.contract,
            WithdrawalStore(store.sessions),
            courier,
            ENGINE_KEY,
            submit=self.sequencer.submit,
            clock=self.clock,
            confirmations=1,
        )
        statements = StatementDesk(self.contract.domain_separator, self.clock, unanswered_max=3)
        self.settlement = SettlementService(
            store,
            submitter_of(self.contract, store, courier, statements, renew=self.sequencer.submit),
            desk,
            submit=self.sequencer.submit,
            settled_on_chain=partial(reader_of(self.exchange).settled_batches, self.exchange.manifest.first_block),
            limits=BatchLimits(max_fills=25, max_age_us=100_000),
            clock=self.clock,
            poll_interval_s=0.05,
        )
        await self.settlement.start()
        self.sequencer.subscribe("settlement", self.settlement.sequence, self.settlement.consume)
        self.node = HttpNode(self.exchange.nodes.urls[0])
        self.indexer = Indexer(
            [self.node],
            self.database,
            IndexerSettings(self.exchange.manifest.chain_id, confirmations=1, poll_interval_s=0.05),
            lambda: contracts_of(self.exchange.manifest),
            self.sequencer,
        )
        await self.indexer.start()

    async def stop(self):
        await self.indexer.stop()
        await self.node.close()
        await self.settlement.stop()
        await self.sequencer.stop()

    async def kill(self):
        """Stops without letting settlement save where it stands, as a kill would."""
        self.settlement._snapshot_at = 2**62
        await self.stop()
        await self.start()

    async def list_all(self):
        for asset in self.exchange.manifest.assets:
            await self.sequencer.submit(asset.listing())
        row = self.exchange.manifest.markets[MARKET - 1]
        await self.sequencer.submit(
            ListMarket(MARKET, row.symbol, BASE, QUOTE, row.base_units_per_lot, 1, COUNTED_BY, 10**6, 10**6, 1, 0)
        )

    async def place(self, chance):
        """A random order of any kind, in the place of one that may rest, or an amendment of that one."""
        wallet, old = chance.choice(WALLETS), None
        if self.resting and chance.random() < 0.2:
            wallet, old, quantity = self.resting.pop(chance.randrange(len(self.resting)))
            if chance.random() < 0.5:
                await self.sequencer.submit(AmendOrder(wallet.address, chance.randrange(1, quantity + 1), old))
                return
        self.placed += 1
        instructions = any_instructions(chance)
        order = Order(
            MARKET,
            chance.randrange(2),
            chance.randint(95, 105),
            chance.randint(1, 500),
            FAR_S,
            self.placed,
            self.placed if instructions.can_rest else 0,
            chance.choice([30, 50]),
            instructions.flags,
        )
        name = f"order-{self.placed}"
        digest = order.digest(self.domain)
        authorization = OrderAuthorization(
            name,
            wallet.address,
            order.expiry,
            order.seq,
            order.lane,
            order.max_fee_bps,
            order.flags,
            wallet.sign_digest(digest),
            digest,
        )
        placing = PlaceOrder(
            MARKET,
            order.side,
            order.price,
            order.quantity,
            authorization,
            chance.randint(97, 103) if instructions.order_type in STOP_TYPES else 0,
            order.price * order.quantity if instructions.time_in_force == TimeInForce.FOK_BUDGET else 0,
        )
        await self.sequencer.submit(ReplaceOrder(placing, old) if old else placing)
        if instructions.can_rest:
            self.resting.append((wallet, name, order.quantity))

    async def withdraw(self, wallet, amount, nonce):
        deadline_s = self.clock() // 1_000_000 + WITHDRAWAL_LIFE_S
        signature = wallet.sign_digest(Withdrawal(QUOTE, amount, nonce, deadline_s).digest(self.domain))
        authorization = WithdrawalAuthorization(wallet.address, nonce, deadline_s, signature)
        await self.sequencer.submit(RequestWithdrawal(QUOTE, amount, authorization))

    def watch(self):
        """The periodic reconciliation; the engine stands in for the ledger, which has its own tests."""

        def engine_books():
            sequencer, directory = self.sequencer, self.sequencer.directory
            if sequencer.applied_sequence != sequencer.last_sequence:
                return None
            owners = {account: directory.owner_of(account) for account in range(1, directory.accounts_count)}
            totals = {(account, asset): a + r for account, asset, a, r in sequencer.engine.balances()}
            return EngineBooks(
                sequencer.last_sequence,
                sequencer.chain_position[0],
                owners,
                directory.assets,
                directory.markets,
                totals,
            )

        def published_block():
            status = self.indexer.status()
            return status.final if status.caught_up else None

        def ledger_books():
            books = engine_books()
            return (books.sequence, books.totals) if books else (-1, {})

        sources = Sources(engine_books, ledger_books, self.settlement.in_transit, published_block, lambda _: {})
        return ReconciliationWatch(self.contract, sources, clock=self.clock, interval_s=1.0)

    async def settled(self):
        """Waits until nothing is on its way any more.

        Being caught up with the head that the indexer saw last says nothing of the blocks mined since.
        """
        mined = await self.exchange.nodes.block_number()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                indexed = self.indexer.status()
                status = self.settlement.status()
                assert status.halted is None, status
                _, in_transit = await self.settlement.in_transit(self.exchange.markets)
                if (
                    status.sequence == self.sequencer.last_sequence
                    and not in_transit
                    and indexed.caught_up
                    and indexed.final >= mined
                ):
                    return
                await asyncio.sleep(0.05)

    async def assert_everything_agrees(self):
        directory, engine = self.sequencer.directory, self.sequencer.engine
        owners = {account: directory.owner_of(account) for account in range(1, directory.accounts_count)}
        holdings = [(account, asset) for account in (0, *owners) for asset in self.exchange.assets]
        totals = {holding: sum(engine.balance(*holding)) for holding in holdings}
        block = await self.exchange.nodes.block_number()
        result = await reconcile(self.contract, Books(owners, self.exchange.assets, totals, totals, {}, {}), block)
        assert result.is_clean, result
        assert len(owners) == len(WALLETS)
        state = await reader_of(self.exchange).derive(self.exchange.manifest.first_block, block)
        assert await differences(state.accounts, self.contract, block) == {}
        return state


async def test_random_flow_settles_exactly_whatever_dies_on_the_way(exchange, database, tmp_path):
    chance = random.Random(20_260_101)
    loop = WholeLoop(exchange, database, tmp_path / "journal")
    await loop.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(loop.stop)
        await loop.list_all()
        for wallet in WALLETS:
            for asset in (BASE, QUOTE):
                await exchange.deposit(wallet.address, asset, FUNDS)
        await exchange.nodes.call("anvil_setIntervalMining", 1)
        await loop.settled()
        await loop.sequencer.submit(SetFeeTier(2, 100_000 // COUNTED_BY, 1_000, 1_500))
        await loop.sequencer.submit(SetFeeTier(3, 500_000 // COUNTED_BY, -200, 1_000))
        await loop.sequencer.submit(SetDiscounts(WALLETS[1].address, 250_000, 123_456))
        for step in range(600):
            with suppress(QuantaTradeError):
                await loop.place(chance)
            if step % 100 == 30:
                await loop.kill()
                await loop.withdraw(WALLETS[step // 100], 1_000 + step, step)
            if step in (150, 300):
                loop.days += 1
            if step == 200:
                await loop.sequencer.submit(SetFees(-100, 2_000, WALLETS[0].address))
            if step % 20 == 0:
                await asyncio.sleep(0.1)
            if step % 100 == 50:
                found = await loop.watch().check()
                assert found.is_clean, found
        for wallet in WALLETS:
            await loop.sequencer.submit(CancelAllOrders(wallet.address))
        await loop.settled()
        state = await loop.assert_everything_agrees()
        assert state.fills_settled > 100
        assert state.fills_skipped == 0
        assert loop.settlement.status().error is None
    assert_everything_happened(tmp_path / "journal", loop.sequencer.last_sequence)


def assert_everything_happened(folder, last_sequence):
    seen, limits = Counter(), {}
    for logged in replay_events(folder, 0, last_sequence):
        seen[CommandKind(logged.command.kind)] += 1
        for event in logged.events:
            seen[EventKind(event.kind)] += 1
            if event.kind == EventKind.ACCEPTED:
                limits[event.order_id] = (logged.command.price, event.price)
            if event.kind == EventKind.FILLED:
                signed, in_force = limits[event.counter_order_id]
                seen["fills of makers that slid"] += signed != in_force
                seen["fills of stops"] += event.order_id != event.command_sequence
    kinds = (CommandKind.REPLACE, CommandKind.AMEND, CommandKind.ROLL_VOLUMES)
    events = (EventKind.TRIGGERED, EventKind.AMENDED, EventKind.PREVENTED)
    for what in (*kinds, *events, "fills of makers that slid", "fills of stops"):
        assert seen[what] > 1, (what, seen)
