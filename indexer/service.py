"""The indexer as it runs: look at the chain, store a step, publish what became final; again and again."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Engine

from indexer.decode import Decoder, check_batches
from indexer.fetch import Fetcher, Rpc
from indexer.publish import PAGE_LOGS, FactSink, Publisher
from indexer.reorg import ReorgWatch, Verdict, common_ancestor
from indexer.store import LogPosition, PendingDeposit, Progress, Step, Store
from offchain.chain.bindings import Contract
from offchain.core.clock import ClockUs, wall_clock_us
from offchain.core.errors import ConfigurationError, DeepReorg, NodeInconsistent, NodeUnavailable, public_reason

LOOK_TIMEOUT_S: Final = 60.0
"""The most that one look at the chain may take; a node that keeps answering slowly never hangs the indexer."""
BACKOFF_MAX_S: Final = 15.0
_BACKOFF_START_S: Final = 0.25
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class IndexerSettings(msgspec.Struct, frozen=True):
    """What to index and how.

    `first_block` is the block before which the contract has no logs; `confirmations` are blocks on top of a block that
    make it final.
    """

    chain_id: int
    contract: bytes
    first_block: int
    confirmations: int
    poll_interval_s: float


class IndexerStatus(msgspec.Struct, frozen=True):
    """How the indexer stands. Numbers are block numbers, -1 before anything is known."""

    node_reachable: bool
    node_head: int
    safe: int
    """The node's own `safe` block, -1 where it has none."""
    head: int
    final: int
    lag_blocks: int
    """Blocks that the node has and the indexer has not."""
    lag_seconds: float
    """Age of the newest block that is stored, or 0 when nothing is missing."""
    caught_up: bool
    """The stored head is the node's, and every final fact is published."""
    published: LogPosition
    reorgs: int
    deepest_reorg: int
    unreadable_logs: int
    """Logs of the contract that no event of its ABI fits; they are kept raw."""
    halted: bool
    """The node contradicts the final chain; nothing is taken from it until it tells it again."""
    errors: int
    error: str
    """The last look's error, empty when it went well."""


class Indexer:
    """Follows one contract on one chain.

    Args:
        rpc: the node.
        database: where it keeps its tables, which are up to date.
        settings: what to index.
        abi: the contract's interface.
        sink: who takes the final facts.
        clock: the wall clock.
    """

    def __init__(
        self,
        rpc: Rpc,
        database: Engine,
        settings: IndexerSettings,
        abi: Contract,
        sink: FactSink,
        *,
        clock: ClockUs = wall_clock_us,
    ) -> None:
        self._rpc = rpc
        self._settings = settings
        self._fetcher = Fetcher(rpc, settings.contract)
        self._decoder = Decoder(abi)
        self._store = Store(database, settings.chain_id, settings.contract, settings.confirmations)
        self._publisher = Publisher(self._store, self._decoder, sink)
        self._watch = ReorgWatch()
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="indexer")
        self._task: asyncio.Task[None] | None = None
        self._chain_checked = False
        self._progress: Progress | None = None
        self._node_head = -1
        self._safe = -1
        self._unreadable_logs = -1
        self._reachable = False
        self._published_all = False
        self._errors = 0
        self._error: Exception | None = None

    async def start(self) -> None:
        """Starts following the chain in the background.

        Raises:
            ConfigurationError: the database belongs to another deployment.
        """
        self._progress = await self._in_thread(self._store.progress)
        self._task = asyncio.create_task(self._follow(), name="indexer")

    async def stop(self) -> None:
        """Stops; a transaction that is under way ends first."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await asyncio.to_thread(self._thread.shutdown)

    def status(self) -> IndexerStatus:
        """How it stands now."""
        progress = self._progress
        head = progress.head.number if progress else -1
        lag_blocks = max(0, self._node_head - head)
        seconds = self._clock() / 1_000_000 - progress.head_timestamp_s if progress and lag_blocks else 0.0
        return IndexerStatus(
            node_reachable=self._reachable,
            node_head=self._node_head,
            safe=self._safe,
            head=head,
            final=progress.final.number if progress else -1,
            lag_blocks=lag_blocks,
            lag_seconds=max(0.0, seconds),
            caught_up=self._error is None and self._reachable and lag_blocks == 0 and self._published_all,
            published=self._publisher.position,
            reorgs=progress.reorgs if progress else 0,
            deepest_reorg=progress.deepest_reorg if progress else 0,
            unreadable_logs=max(0, self._unreadable_logs),
            halted=isinstance(self._error, DeepReorg),
            errors=self._errors,
            error=public_reason(self._error) if self._error else "",
        )

    def pending_deposits(self, owner: bytes) -> list[PendingDeposit]:
        """The owner's deposits that are on chain and not credited yet, oldest first. Reads the database."""
        return self._store.pending_deposits(owner, self._publisher.position)

    async def look(self) -> bool:
        """Looks at the chain once, stores at most one step, and publishes what is final.

        Returns:
            Whether there may be more to do at once.

        Raises:
            QuantaTradeError: the node, the database or the sink failed; nothing is half done.
        """
        async with asyncio.timeout(LOOK_TIMEOUT_S):
            more = await self._advance()
        return await self._publish() or more

    async def _follow(self) -> None:
        backoff_s = _BACKOFF_START_S
        while True:
            try:
                more = await self.look()
            except Exception as error:  # The follower outlives every failure and tells it; it feeds the ledger.
                self._report(error)
                await asyncio.sleep(backoff_s)
                backoff_s = min(BACKOFF_MAX_S, 2 * backoff_s)
                continue
            if self._error is not None:
                _log.info("The indexer goes on after %s errors.", self._errors)
            self._error = None
            backoff_s = _BACKOFF_START_S
            if not more:
                await asyncio.sleep(self._settings.poll_interval_s)

    def _report(self, error: Exception) -> None:
        if isinstance(error, TimeoutError):
            error = NodeUnavailable(f"A look at the chain took longer than {LOOK_TIMEOUT_S:.0f} s.")
        if isinstance(error, NodeUnavailable):
            self._reachable = self._chain_checked = False
        if str(error) != str(self._error):
            level = logging.CRITICAL if isinstance(error, DeepReorg) else logging.WARNING
            _log.log(level, "The indexer waits: %s", error, exc_info=None if hasattr(error, "code") else error)
        self._errors += 1
        self._error = error

    async def _advance(self) -> bool:
        if not self._chain_checked:
            await self._check_chain()
        heads = await self._fetcher.heads()
        self._reachable = True
        self._node_head = heads.latest.number
        self._safe = -1 if heads.safe is None else heads.safe
        progress = await self._load()
        verdict = self._watch.judge(heads.latest.ref, progress.known)
        if verdict in (Verdict.SAME, Verdict.DOUBTED):
            return False
        ancestor = progress.head
        if verdict is Verdict.DIFFERENT:
            ancestor = await common_ancestor(progress.known, self._fetcher.headers)
        headers, logs = await self._fetcher.range(ancestor.number + 1, heads.latest.number)
        if headers and headers[0].parent_hash != ancestor.hash:
            ancestor = await common_ancestor(progress.known, self._fetcher.headers)
            headers, logs = await self._fetcher.range(ancestor.number + 1, heads.latest.number)
        if not headers or headers[0].parent_hash != ancestor.hash:
            raise NodeInconsistent(f"The node's chain does not stand on block {ancestor.number}, which it has told.")
        decoded = [self._decoder.decode(log) for log in logs]
        check_batches(decoded)
        await self._store_step(Step(progress.head, ancestor, headers, decoded))
        return heads.latest.number > headers[-1].number

    async def _check_chain(self) -> None:
        chain_id = int(await self._rpc.call("eth_chainId"), 16)
        if chain_id != self._settings.chain_id:
            raise ConfigurationError(
                f"The node is of chain {chain_id}, and the deployment manifest of chain {self._settings.chain_id}.",
                "Set QUANTATRADE_NODE_URLS to nodes of the manifest's chain.",
            )
        self._chain_checked = True

    async def _load(self) -> Progress:
        progress = await self._in_thread(self._store.progress)
        if progress is None:
            # So far below the contract's first block that the anchor is final, whatever the chain's tip does.
            number = max(0, self._settings.first_block - 1 - self._settings.confirmations)
            anchors = await self._fetcher.headers(number, number)
            if not anchors:
                raise NodeInconsistent(f"The node has no block {number} yet.", "Wait for it to catch up.")
            await self._in_thread(self._store.begin, anchors[0])
            progress = await self._in_thread(self._store.progress)
            assert progress is not None
        await self._note(progress)
        return progress

    async def _note(self, progress: Progress) -> None:
        """Keeps what the status tells up to date."""
        if self._progress is None or progress.head != self._progress.head or self._unreadable_logs < 0:
            unreadable = await self._in_thread(self._store.unreadable_logs)
            if unreadable > max(0, self._unreadable_logs):
                _log.error("%s logs of the contract cannot be decoded.", unreadable)
            self._unreadable_logs = unreadable
        self._progress = progress

    async def _store_step(self, step: Step) -> None:
        self._published_all = False
        await self._in_thread(self._store.apply, step)
        if step.ancestor != step.expected_head:
            _log.warning(
                "A reorg replaced %s blocks above block %s.",
                step.expected_head.number - step.ancestor.number,
                step.ancestor.number,
            )
        progress = await self._in_thread(self._store.progress)
        assert progress is not None
        await self._note(progress)

    async def _publish(self) -> bool:
        facts = await self._in_thread(self._publisher.next_facts)
        await self._publisher.submit(facts)
        self._published_all = len(facts) < PAGE_LOGS
        return not self._published_all

    async def _in_thread(self, work: Callable[..., _T], *arguments: Any) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)
