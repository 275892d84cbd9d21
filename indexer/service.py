"""The indexer as it runs: one task follows the chain, another publishes what became final."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Engine

from indexer.blocks import BlockRef, IndexedContract, Rpc
from indexer.decode import Decoder
from indexer.follower import Follower
from indexer.metrics import IndexerMetrics
from indexer.publish import PAGE_LOGS, FactSink, Publisher
from indexer.status import IndexerStatus
from indexer.store.reading import PendingDeposit, StoredLogs
from indexer.store.store import Store
from offchain.core.clock import ClockUs, wall_clock_us
from offchain.core.errors import DeepReorg, NodeUnavailable, QuantaTradeError, public_reason

LOOK_TIMEOUT_S: Final = 60.0
"""The most that one look at the chain may take; a node that keeps answering slowly never hangs the indexer."""
BACKOFF_MAX_S: Final = 15.0
READY_LAG_BLOCKS: Final = 10
_BACKOFF_START_S: Final = 0.25
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class IndexerSettings(msgspec.Struct, frozen=True):
    """How to index one chain. `confirmations` are blocks on top of a block that make it final."""

    chain_id: int
    confirmations: int
    poll_interval_s: float


class Indexer:
    """Follows the contracts of one chain.

    Args:
        rpcs: the nodes, in order of preference.
        database: where it keeps its tables, which are up to date.
        settings: how to index.
        contracts: what to index, asked for again at each look; the first of them is the deployment's first.
        sink: who takes the final facts of the first contract.
        clock: the wall clock.
        monotonic: seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        rpcs: Sequence[Rpc],
        database: Engine,
        settings: IndexerSettings,
        contracts: Callable[[], Sequence[IndexedContract]],
        sink: FactSink,
        *,
        clock: ClockUs = wall_clock_us,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        home = contracts()[0]
        chain = (settings.chain_id, home.address, settings.confirmations)
        self._settings = settings
        self._clock = clock
        self._threads = ThreadPoolExecutor(max_workers=3, thread_name_prefix="indexer")
        self._metrics = IndexerMetrics(settings.chain_id)
        self._store = Store(database, *chain)
        self._stored = StoredLogs(database, *chain)
        self._follower = Follower(
            rpcs,
            self._store,
            self._stored,
            chain_id=settings.chain_id,
            contracts=contracts,
            threads=self._threads,
            metrics=self._metrics,
            monotonic=monotonic,
        )
        self._publisher = Publisher(self._stored, Decoder([home]), sink)
        self._tasks: list[asyncio.Task[None]] = []
        self._stepped = asyncio.Event()
        self._reachable = False
        self._published: BlockRef | None = None
        self._was_caught_up = False
        self._errors = 0
        self._failures: dict[str, Exception] = {}

    async def start(self) -> None:
        """Starts following the chain in the background.

        Raises:
            ConfigurationError: the database belongs to another deployment.
        """
        await self._follower.load()
        self._stepped.set()
        self._tasks = [
            asyncio.create_task(self._repeat("chain", self._look, self._settings.poll_interval_s), name="indexer"),
            asyncio.create_task(self._repeat("facts", self._publish_when_due, 0.0), name="indexer facts"),
        ]

    async def stop(self) -> None:
        """Stops; a transaction that is under way ends first."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        self._follower.close()
        await asyncio.to_thread(self._threads.shutdown)

    def status(self) -> IndexerStatus:
        """How it stands now."""
        follower, progress = self._follower, self._follower.progress
        head = progress.head.number if progress else -1
        lag_blocks = max(0, follower.node_head - head)
        seconds = self._clock() / 1_000_000 - progress.head_timestamp_s if progress and lag_blocks else 0.0
        error = next(iter(self._failures.values()), None)
        is_caught_up = (
            error is None
            and self._reachable
            and lag_blocks == 0
            and progress is not None
            and self._published == progress.final
            and not follower.doubt
            and not follower.catching_up
        )
        self._was_caught_up = self._was_caught_up or is_caught_up
        halted = isinstance(error, DeepReorg)
        return IndexerStatus(
            node_reachable=self._reachable,
            node_head=follower.node_head,
            safe=follower.safe,
            head=head,
            final=progress.final.number if progress else -1,
            lag_blocks=lag_blocks,
            lag_seconds=max(0.0, seconds),
            caught_up=is_caught_up,
            ready=self._was_caught_up and not halted and lag_blocks <= READY_LAG_BLOCKS,
            published=self._publisher.position,
            reorgs=progress.reorgs if progress else 0,
            deepest_reorg=progress.deepest_reorg if progress else 0,
            unreadable_logs=follower.unreadable_logs,
            halted=halted,
            errors=self._errors,
            error=public_reason(error) if error else follower.doubt,
            head_age_s=follower.nodes.head_age_s,
            catching_up=follower.catching_up,
        )

    @property
    def events_per_second(self) -> float:
        """The logs that were stored a second in the last steps."""
        return self._metrics.events_per_second

    def metrics(self) -> bytes:
        """What Prometheus is told."""
        return self._metrics.text(self.status(), self._follower.nodes)

    def pending_deposits(self, owner: bytes) -> list[PendingDeposit]:
        """The owner's deposits that are on chain and not credited yet, oldest first. Reads the database."""
        return self._stored.pending_deposits(owner, self._publisher.position)

    async def look(self) -> bool:
        """Looks at the chain once, stores at most one step, and publishes what is final.

        Returns:
            Whether there may be more to do at once.

        Raises:
            QuantaTradeError: the node, the database or the sink failed; nothing is half done.
        """
        more = await self._look()
        return await self._publish() or more

    async def _look(self) -> bool:
        started_s = time.monotonic()
        before = self._follower.progress
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                more = await self._follower.advance()
        finally:
            # A look that fails may have seen what another indexer stored.
            if self._follower.progress != before:
                self._stepped.set()
        self._reachable = True
        self._metrics.looked(time.monotonic() - started_s)
        return more

    async def _publish_when_due(self) -> bool:
        await self._stepped.wait()
        self._stepped.clear()
        try:
            while await self._publish():
                pass
        # Whatever came between, there is still something to publish.
        except BaseException:
            self._stepped.set()
            raise
        return True

    async def _publish(self) -> bool:
        progress = self._follower.progress
        facts = await self._in_thread(self._publisher.next_facts)
        await self._publisher.submit(facts)
        self._metrics.published(len(facts))
        if len(facts) == PAGE_LOGS:
            return True
        self._published = progress.final if progress else None
        return False

    async def _repeat(self, what: str, work: Callable[[], Awaitable[bool]], pause_s: float) -> None:
        """Does the work for ever. It outlives every failure and tells it; it feeds the ledger."""
        backoff_s = _BACKOFF_START_S
        while True:
            try:
                more = await work()
            # Whatever it is: a bug in one answer's handling must not end the only way in of the chain's facts.
            except Exception as error:
                self._report(what, error)
                await asyncio.sleep(backoff_s)
                backoff_s = min(BACKOFF_MAX_S, 2 * backoff_s)
                continue
            if self._failures.pop(what, None) is not None:
                _log.info("The indexer goes on after %s errors.", self._errors)
            backoff_s = _BACKOFF_START_S
            if not more:
                await asyncio.sleep(pause_s)

    def _report(self, what: str, error: Exception) -> None:
        if isinstance(error, TimeoutError):
            error = NodeUnavailable(f"A look at the chain took longer than {LOOK_TIMEOUT_S:.0f} s.")
        if isinstance(error, NodeUnavailable):
            self._reachable = False
        if str(error) != str(self._failures.get(what)):
            level = logging.CRITICAL if isinstance(error, DeepReorg) else logging.WARNING
            fields = {"chain_id": self._settings.chain_id, "task": what, "error_name": type(error).__name__}
            is_known = isinstance(error, QuantaTradeError)
            _log.log(level, "The indexer waits: %s", error, exc_info=None if is_known else error, extra=fields)
        self._errors += 1
        self._metrics.failed()
        self._failures[what] = error

    async def _in_thread(self, work: Callable[..., _T], *arguments: Any) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
