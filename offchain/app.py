"""The composition root: the one place that knows which adapters are in use, and in which order parts start and stop."""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from sqlalchemy import Engine

from indexer.contracts import ManifestContracts
from indexer.fetch.http_node import HttpNode
from indexer.project.isolated import isolated_units
from indexer.service import Indexer, IndexerSettings
from offchain.accounts.feed import AccountFeed
from offchain.accounts.projection import AccountsProjection
from offchain.api.app import create_app
from offchain.api.server import ApiServer
from offchain.api.services import Services
from offchain.chain.bindings import load_contract
from offchain.chain.keys import load_or_create_keyfile
from offchain.chain.manifest import Manifest, load_manifest
from offchain.chain.node import NodePool
from offchain.chain.settlement_view import SettlementView
from offchain.core.clock import wall_clock_us
from offchain.core.database import open_database, reading_sessions, upgrade_database, writing_sessions
from offchain.core.errors import ConfigurationError, InvalidRequest
from offchain.core.listings import Listings, ListingsProjection
from offchain.core.operator_settings import OperatorSettings, OperatorSettingsProjection
from offchain.core.projecting import Projection, ProjectionStore, Projector, common_sequence
from offchain.core.settings import Settings
from offchain.health import (
    discounts_health,
    indexer_health,
    reason_to_hold_orders,
    reconciliation_health,
    settlement_health,
)
from offchain.ledger.projection import LedgerProjection
from offchain.ledger.service import LedgerService, read_balances
from offchain.marketdata.feed import MarketDataFeed
from offchain.marketdata.projection import MarketDataProjection
from offchain.marketdata.service import MarketDataService
from offchain.orders.projection import OrdersProjection
from offchain.orders.service import OrderService, read_open_orders
from offchain.sequencer.journal import Journal
from offchain.sequencer.replay import replay_events
from offchain.sequencer.sequencer import Sequencer, SequencerOptions
from offchain.settlement.batcher import BatchLimits
from offchain.settlement.chain_state import ChainReader
from offchain.settlement.contract import SettlementContract
from offchain.settlement.courier import Courier
from offchain.settlement.prover import Prover
from offchain.settlement.renewals import RenewalStore
from offchain.settlement.service import SettlementService
from offchain.settlement.signer import EngineKey, open_engine_key
from offchain.settlement.statement_desk import StatementDesk
from offchain.settlement.store import BatchStore, open_settlement_database
from offchain.settlement.submitter import BatchSubmitter
from offchain.settlement.watch import EngineBooks, ReconciliationWatch, Sources
from offchain.settlement.withdrawal_store import WithdrawalStore
from offchain.settlement.withdrawals import WithdrawalDesk
from offchain.token_economy import discount_keeper, entitlements, set_volume_tiers, token_economy

TRANSACTION_PATIENCE_US: Final = 15_000_000
"""How long a settlement transaction may wait for a block before it pays more."""
_SWITCH_INTERVAL_S: Final = 0.001
"""How long a thread may keep the interpreter: database work must not hold up the event loop."""
RECONCILE_INTERVAL_S: Final = 60.0
"""Pause between two comparisons of engine, ledger and contract."""
FRONTEND: Final = Path(__file__).parents[1] / "frontend" / "dist"
_LOG = logging.getLogger(__name__)


class Part(Protocol):
    """A part of the exchange that works by itself from its start to its stop."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End in order."""


class Settling(NamedTuple):
    """The settlement service, the contract that it settles on, the withdrawals, and where statements are answered."""

    contract: SettlementContract
    service: SettlementService
    withdrawals: WithdrawalStore
    statements: StatementDesk


def all_projections() -> list[Projection]:
    """New ones of every table that follows the log, in the order in which they apply."""
    listings = Listings()
    return [
        ListingsProjection(listings),
        AccountsProjection(),
        OperatorSettingsProjection(),
        OrdersProjection(listings.markets),
        LedgerProjection(listings.markets),
        MarketDataProjection(listings.markets),
    ]


def sequencer_options(settings: Settings) -> SequencerOptions:
    """What the settings say about the sequencer.

    Raises:
        ConfigurationError: orders could match that expire before the chain must have their trades.
    """
    if settings.order_expiry_margin_s <= settings.orders_held_after_s:
        raise ConfigurationError(
            f"Orders may trade until {settings.order_expiry_margin_s} s before they expire, and trades may wait "
            f"{settings.orders_held_after_s} s for the chain.",
            "Make QUANTATRADE_ORDER_EXPIRY_MARGIN_S longer than QUANTATRADE_ORDERS_HELD_AFTER_S.",
        )
    return SequencerOptions(
        order_min_lifetime_s=settings.order_min_lifetime_s,
        expiry_margin_s=settings.order_expiry_margin_s,
        snapshot_every_commands=settings.snapshot_every_commands,
        journal_archive=settings.journal_archive,
    )


@asynccontextmanager
async def running_exchange(settings: Settings) -> AsyncIterator[Services]:
    """Everything but the HTTP server, started in order and stopped in the reverse order.

    Raises:
        QuantaTradeError: a part cannot start; those that had are stopped.
    """
    manifest = load_manifest(settings.manifest_path)
    async with AsyncExitStack() as stack:
        database = open_database(settings.effective_database_url)
        stack.callback(database.dispose)
        await asyncio.to_thread(upgrade_database, database)
        nodes = await stack.enter_async_context(NodePool(settings.node_urls))
        sequencer = await asyncio.to_thread(
            Sequencer.open, settings.journal_folder, sequencer_options(settings), wall_clock_us
        )
        await _start(stack, sequencer)
        await list_deployed(sequencer, manifest)

        projector = Projector(ProjectionStore(database, all_projections()))
        stack.callback(projector.close)
        market_feed, account_feed = MarketDataFeed(wall_clock_us), AccountFeed()
        await _follow(sequencer, database, projector, market_feed, account_feed)
        operator_settings = OperatorSettings(database)
        await set_volume_tiers(sequencer, operator_settings)

        settlement_database = open_settlement_database(settings.effective_database_url)
        stack.callback(settlement_database.dispose)
        engine_key = await stack.enter_async_context(open_engine_key(settings))
        settling = _settlement(settings, manifest, nodes, settlement_database, sequencer, engine_key=engine_key)
        await _start(stack, settling.service)
        sequencer.hold_orders(partial(reason_to_hold_orders, settling.service, settings.orders_held_after_s))
        sequencer.subscribe("settlement", settling.service.sequence, settling.service.consume)
        indexer = _indexer(stack, settings, manifest, database, sequencer)
        await _start(stack, indexer)
        watch = _watch(database, sequencer, settling, indexer)
        await _start(stack, watch)
        economy = token_economy(settings, manifest, nodes, database)
        due = entitlements(manifest, database, economy.schedule)
        keeper = discount_keeper(due, sequencer, projector, indexer, settings.poll_interval_s)
        await _start(stack, keeper)
        trees = asyncio.create_task(asyncio.to_thread(economy.vesting.preload), name="vesting trees")
        stack.push_async_callback(asyncio.wait, [trees])
        yield Services(
            settings=settings,
            manifest=manifest,
            sequencer=sequencer,
            projector=projector,
            orders=OrderService(database),
            ledger=LedgerService(database),
            market_data=MarketDataService(database),
            market_feed=market_feed,
            account_feed=account_feed,
            operator_settings=operator_settings,
            withdrawals=settling.withdrawals,
            statements=settling.statements,
            indexer=indexer,
            economy=economy,
            writing=writing_sessions(database),
            status_sources=(
                partial(indexer_health, indexer),
                partial(settlement_health, settling.service),
                partial(reconciliation_health, watch),
                partial(discounts_health, keeper),
            ),
            frontend=FRONTEND if FRONTEND.is_dir() else None,
        )


async def _start(stack: AsyncExitStack, part: Part) -> None:
    """Starts a part of the exchange, which stops with the stack."""
    await part.start()
    stack.push_async_callback(part.stop)


async def _follow(
    sequencer: Sequencer,
    database: Engine,
    projector: Projector,
    market_feed: MarketDataFeed,
    account_feed: AccountFeed,
) -> None:
    """Bring the tables up to the log, then the feeds to the tables; from here on all of them follow."""
    sequencer.subscribe("projections", await projector.open(sequencer.last_sequence), projector.deliver)
    await projector.caught_up(sequencer.last_sequence, timeout_s=float("inf"))
    await asyncio.to_thread(_restore_feeds, database, market_feed, account_feed)
    sequencer.subscribe("market feed", market_feed.sequence, market_feed.deliver)
    sequencer.subscribe("account feed", account_feed.sequence, account_feed.deliver)


def rebuild_projections(settings: Settings, names: Sequence[str]) -> list[str]:
    """Drops the named projections (none named: all) and makes them again from the journal; returns their names.

    Raises:
        JournalError: the exchange is running.
        InvalidRequest: there is no projection of a name.
    """
    journal = Journal.open(settings.journal_folder)
    database = open_database(settings.effective_database_url)
    try:
        upgrade_database(database)
        store = ProjectionStore(database, all_projections())
        store.open()
        unknown = sorted(set(names) - store.cursors.keys())
        if unknown:
            raise InvalidRequest(
                f"There is no projection {', '.join(unknown)}.", f"Choose from {', '.join(sorted(store.cursors))}."
            )
        chosen = sorted(names or store.cursors)
        store.rebuild(replay_events(settings.journal_folder, 0, journal.last_sequence), chosen)
        return chosen
    finally:
        database.dispose()
        journal.close()


async def serve(settings: Settings) -> None:
    """Runs the exchange and its API until the process is told to stop."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    async with running_exchange(settings) as services:
        # What lives as long as the process is not looked at again by every collection.
        gc.freeze()
        server = ApiServer(create_app(services), settings.host, settings.port)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, partial(setattr, server, "should_exit", True))
        _LOG.info("engine %s", "compiled" if services.sequencer.engine.compiled else "uncompiled: no C compiler")
        await server.serve()


async def list_deployed(sequencer: Sequencer, manifest: Manifest) -> None:
    """Makes the assets, markets and limits of the deployment known; what the log has already changes nothing."""
    for listing in manifest.listings():
        await sequencer.submit(listing)


def _restore_feeds(database: Engine, market_feed: MarketDataFeed, account_feed: AccountFeed) -> None:
    with reading_sessions(database)() as session:
        sequence = common_sequence(session)
        open_orders = read_open_orders(session)
        market_feed.restore(session, sequence, open_orders)
        account_feed.restore(session, sequence, open_orders, read_balances(session))


def _settlement(
    settings: Settings,
    manifest: Manifest,
    nodes: NodePool,
    database: Engine,
    sequencer: Sequencer,
    *,
    engine_key: EngineKey,
) -> Settling:
    deployed = (nodes, load_contract("Settlement"), manifest.address("Settlement"), manifest.chain_id)
    contract = SettlementContract(*deployed)
    submitter_key = load_or_create_keyfile(settings.submitter_keyfile)
    store = BatchStore(database)
    withdrawals = WithdrawalStore(store.sessions)
    courier = Courier(contract, submitter_key, store, wall_clock_us, TRANSACTION_PATIENCE_US)
    desk = WithdrawalDesk(
        contract,
        withdrawals,
        courier,
        engine_key,
        submit=sequencer.submit,
        clock=wall_clock_us,
        confirmations=settings.finality_confirmations,
    )
    view = SettlementView(nodes, load_contract("Settlement"), contract.address)
    statements = StatementDesk(contract.domain_separator, wall_clock_us, unanswered_max=settings.net_unanswered_max)
    prover = Prover(
        store,
        RenewalStore(store.sessions),
        statements,
        view,
        renew=sequencer.submit,
        wait_us=settings.net_wait_ms * 1_000,
    )
    service = SettlementService(
        store,
        BatchSubmitter(contract, store, courier, engine_key, prover=prover, view=view),
        desk,
        submit=sequencer.submit,
        settled_on_chain=partial(ChainReader(*deployed).settled_batches, manifest.first_block),
        limits=BatchLimits(settings.batch_max_fills, int(settings.batch_max_age_s * 1_000_000)),
        clock=wall_clock_us,
        poll_interval_s=settings.poll_interval_s,
    )
    return Settling(contract, service, withdrawals, statements)


def _watch(database: Engine, sequencer: Sequencer, settling: Settling, indexer: Indexer) -> ReconciliationWatch:
    def ledger() -> tuple[int, dict[tuple[int, int], int]]:
        with reading_sessions(database)() as session:
            totals = {(row.account, row.asset): row.total_units for row in read_balances(session)}
            return common_sequence(session), totals

    def published_block() -> int | None:
        status = indexer.status()
        return status.final if status.caught_up else None

    def isolated(block: int) -> dict[int, int]:
        with reading_sessions(database)() as session:
            return isolated_units(session, settling.contract.chain_id, block)

    in_transit = settling.service.in_transit
    sources = Sources(partial(_engine_books, sequencer), ledger, in_transit, published_block, isolated)
    return ReconciliationWatch(settling.contract, sources, clock=wall_clock_us, interval_s=RECONCILE_INTERVAL_S)


def _engine_books(sequencer: Sequencer) -> EngineBooks | None:
    if sequencer.applied_sequence != sequencer.last_sequence:
        return None
    directory = sequencer.directory
    return EngineBooks(
        sequence=sequencer.last_sequence,
        chain_block=sequencer.chain_position[0],
        owners={account: directory.owner_of(account) for account in range(1, directory.accounts_count)},
        assets=dict(directory.assets),
        markets=dict(directory.markets),
        totals={(account, asset): free + held for account, asset, free, held in sequencer.engine.balances()},
    )


def _indexer(
    stack: AsyncExitStack, settings: Settings, manifest: Manifest, database: Engine, sequencer: Sequencer
) -> Indexer:
    nodes = [HttpNode(url) for url in settings.node_urls]
    for node in nodes:
        stack.push_async_callback(node.close)
    options = IndexerSettings(manifest.chain_id, settings.finality_confirmations, settings.head_interval_s)
    return Indexer(nodes, database, options, ManifestContracts(settings.manifest_path), sequencer)
