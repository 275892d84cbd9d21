"""A whole exchange in a thread of the test process: the real composition on a free port, without a chain.

No node answers, so settlement and indexer wait; deposits are put into the log as the indexer would. A room's
`conftest.py` imports the fixtures.
"""

import asyncio
import itertools
import logging
import secrets
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from fastapi import FastAPI

from offchain.api.app import create_app
from offchain.api.server import ApiServer
from offchain.api.services import Services
from offchain.app import running_exchange
from offchain.chain.keys import LocalSigner
from offchain.chain.manifest import DeployedContract, Manifest, ManifestAsset, ManifestMarket, save_manifest
from offchain.client.client import Client
from offchain.core.commands import (
    UNLIMITED,
    ChainPosition,
    CommandKind,
    DepositFact,
    SessionFact,
    SessionRevokedFact,
)
from offchain.core.database import open_database, upgrade_database, writing_sessions
from offchain.core.intents import RecordChainFact, SetFees
from offchain.core.settings import Settings
from offchain.settlement.batcher import Batcher, BatchLimits
from offchain.settlement.models import SettlementProgress
from offchain.settlement.store import PROGRESS

CHAIN_ID = 31337
SETTLEMENT = "0x" + "5e" * 20
NO_NODE = "http://127.0.0.1:9"
FAR_S = 2**33
"""A time in seconds since 1970 that no test sees."""
_START_TIMEOUT_S = 60
_T = TypeVar("_T")

MANIFEST = Manifest(
    CHAIN_ID,
    "test",
    1,
    {"Settlement": DeployedContract(SETTLEMENT, "00" * 32)},
    (
        ManifestAsset(1, "QTRA", "0x" + "01" * 20, 18, 10**10, is_dollar=False),
        ManifestAsset(2, "USDC", "0x" + "02" * 20, 6, 1, is_dollar=True),
        ManifestAsset(3, "BTC", "0x" + "03" * 20, 8, 1, is_dollar=False),
    ),
    (
        ManifestMarket(1, "QTRA-USDC", 1, 2, 10**6, 1, 10**9, 10**9, 1, 1_000),
        ManifestMarket(2, "BTC-USDC", 3, 2, 10**3, 1, 10**9, 10**9, 1, 1_000),
    ),
)


class RunningExchange:
    """What a test may do beside using the public API."""

    def __init__(self, loop: asyncio.AbstractEventLoop, app: FastAPI, server: ApiServer) -> None:
        self.app = app
        self.services: Services = app.state.services
        self.server = server
        self.url = f"http://127.0.0.1:{server.bound_port}"
        self._loop = loop
        self._places = itertools.count(1)

    @property
    def last_sequence(self) -> int:
        """The last command of the journal."""
        return self.services.sequencer.last_sequence

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Runs something on the exchange's own event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def deposit(self, owner: bytes, **amounts: str) -> None:
        """Credits a wallet with final deposits: `deposit(owner, USDC="100")`."""
        by_symbol = {asset.symbol: asset for asset in self.services.sequencer.directory.assets.values()}
        for symbol, amount in amounts.items():
            asset = by_symbol[symbol]
            fact = DepositFact(self.next_position(), owner)
            units = asset.to_units(amount)
            intent = RecordChainFact(CommandKind.CHAIN_DEPOSIT, fact, owner, asset.asset_id, units)
            self.run(self.services.sequencer.submit(intent))

    def register_session_key(
        self, owner: bytes, key: bytes, market: str, base_limit: int = UNLIMITED, quote_limit: int = UNLIMITED
    ) -> None:
        """Tells that an owner registered a session key for a market on chain, far into the future."""
        market_id = self.services.sequencer.directory.markets_by_symbol[market].market_id
        fact = SessionFact(self.next_position(), key, base_limit, quote_limit, FAR_S)
        intent = RecordChainFact(CommandKind.CHAIN_SESSION_SET, fact, owner, market=market_id)
        self.run(self.services.sequencer.submit(intent))

    def revoke_session_key(self, owner: bytes, key: bytes, market: str) -> None:
        """Tells that the owner took it back."""
        market_id = self.services.sequencer.directory.markets_by_symbol[market].market_id
        fact = SessionRevokedFact(self.next_position(), key, FAR_S)
        intent = RecordChainFact(CommandKind.CHAIN_SESSION_REVOKED, fact, owner, market=market_id)
        self.run(self.services.sequencer.submit(intent))

    def next_position(self) -> ChainPosition:
        """Where the next log of the chain stands."""
        return ChainPosition(next(self._places), 0, bytes(32), secrets.token_bytes(32))

    def new_wallet(self, **amounts: str) -> LocalSigner:
        """A fresh wallet with these deposits."""
        signer = LocalSigner(secrets.token_bytes(32))
        self.deposit(signer.address, **amounts)
        return signer

    @contextmanager
    def also_serving(self, app: FastAPI) -> Iterator[str]:
        """The URL of another app over the same exchange."""
        server = ApiServer(app, "127.0.0.1", 0)
        serving = asyncio.run_coroutine_threadsafe(_serving(server), self._loop).result(30)
        try:
            yield f"http://127.0.0.1:{server.bound_port}"
        finally:
            server.should_exit = True
            self.run(_ended(serving))

    def set_fees(self, maker_ppm: int, taker_ppm: int, owner: bytes = b"") -> None:
        """Sets the rates of a wallet, or the default ones."""
        self.run(self.services.sequencer.submit(SetFees(maker_ppm, taker_ppm, owner)))


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningExchange]:
    """An exchange with two markets, one for each module of tests; every test brings fresh wallets."""
    with exchange_running(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
async def client(exchange: RunningExchange) -> AsyncIterator[Client]:
    """A client of it."""
    async with Client(exchange.url) as opened:
        yield opened


@contextmanager
def exchange_running(
    state: Path, *, manifest: Manifest = MANIFEST, node_url: str = NO_NODE, **settings: Any
) -> Iterator[RunningExchange]:
    """An exchange with its state in a folder, stopped in order at the end; with a manifest and a node, on a chain."""
    save_manifest(manifest, state / "deployment.json")
    chosen = Settings(state=state, node_urls=(node_url,), origins=("http://localhost",), **settings)
    _make_database_of_an_earlier_run(chosen)
    started: list[RunningExchange | BaseException] = []
    ready, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=_host, args=(chosen, started, ready, stop), name="exchange")
    thread.start()
    try:
        assert ready.wait(_START_TIMEOUT_S), "the exchange did not start"
        (running,) = started
        if isinstance(running, BaseException):
            raise running
        yield running
    finally:
        stop.set()
        thread.join(_START_TIMEOUT_S)


def _make_database_of_an_earlier_run(settings: Settings) -> None:
    """With no database, settlement would have to ask the chain what is settled already."""
    database = open_database(settings.effective_database_url)
    upgrade_database(database)
    with writing_sessions(database).begin() as session:
        snapshot = Batcher(BatchLimits(1, 1)).snapshot()
        session.merge(SettlementProgress(name=PROGRESS, sequence=0, snapshot=snapshot))
    database.dispose()


def _host(
    settings: Settings,
    started: list[RunningExchange | BaseException],
    ready: threading.Event,
    stop: threading.Event,
) -> None:
    async def serve() -> None:
        async with running_exchange(settings) as services:
            app = create_app(services)
            server = ApiServer(app, "127.0.0.1", 0)
            serving = await _serving(server)
            started.append(RunningExchange(asyncio.get_running_loop(), app, server))
            ready.set()
            await asyncio.to_thread(stop.wait)
            server.should_exit = True
            await serving

    logging.getLogger("indexer").setLevel(logging.ERROR)
    try:
        asyncio.run(serve())
    except BaseException as error:  # Whatever it is: the test waits for it.
        started.append(error)
        raise
    finally:
        ready.set()


async def _serving(server: ApiServer) -> asyncio.Task[None]:
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    return task


async def _ended(task: asyncio.Task[None]) -> None:
    await task
