"""The follower: where our chain and the nodes' part, what is read next, and the one step that stores it."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, Final, TypeVar

from indexer.blocks import BlockRef, IndexedContract, Rpc
from indexer.decode import Decoder, check_batches
from indexer.fetch.ahead import ReadAhead
from indexer.fetch.fetcher import Blocks, Heads
from indexer.fetch.nodes import Nodes
from indexer.late import LateContracts
from indexer.metrics import IndexerMetrics
from indexer.reorg import Verdict, common_ancestor, judge
from indexer.store.reading import StoredLogs
from indexer.store.store import Progress, Step, StepConflict, Store
from offchain.core.errors import ConfigurationError, DeepReorg, NodeInconsistent

LOOK_AGAIN_S: Final = 1.0
"""So long a backfill goes on by one look at the newest block."""
_TELL_EVERY_S: Final = 5.0
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Follower:
    """Brings the stored chain one step nearer to the nodes' at each look.

    Args:
        rpcs: the nodes, in order of preference.
        store: where steps go.
        stored: what was stored.
        chain_id: the chain.
        contracts: what to index now.
        threads: where the database is written and large answers are read.
        metrics: where steps are counted.
        monotonic: seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        rpcs: Sequence[Rpc],
        store: Store,
        stored: StoredLogs,
        *,
        chain_id: int,
        contracts: Callable[[], Sequence[IndexedContract]],
        threads: Executor,
        metrics: IndexerMetrics,
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._stored = stored
        self._chain_id = chain_id
        self._told_at = (0.0, 0)
        self._contracts = contracts
        self._wanted = contracts()
        self._home = self._wanted[0].address
        self._is_sorted = False
        self._accounted: frozenset[bytes] = frozenset()
        self._threads = threads
        self._metrics = metrics
        self._monotonic = monotonic
        self._looked_s = 0.0
        self._backfilled: Heads | None = None
        """The newest block by which the last step left more to read."""
        self.nodes = Nodes(rpcs, chain_id, self._wanted, threads, monotonic=monotonic)
        self._ahead = ReadAhead(self.nodes)
        self._late = LateContracts(store, rpcs, chain_id, threads, monotonic)
        self._decoder = Decoder(self._wanted)
        self.progress: Progress | None = None
        self.node_head = -1
        self.safe = -1
        self.unreadable_logs = 0
        self._counted_head = b""
        """The newest block when they were counted. That it was ours before says nothing: a contract that joins takes
        blocks back, which may then come again with its logs."""
        self.doubt = ""
        """Why the node's newest block is not believed; empty when it is."""

    @property
    def catching_up(self) -> tuple[str, ...]:
        """The contracts that were added later and do not have their whole history yet."""
        return self._late.names

    async def load(self) -> None:
        """Reads what is stored.

        Raises:
            ConfigurationError: it belongs to another deployment.
        """
        self.progress = await self._in_thread(self._store.progress)

    def close(self) -> None:
        """Drops what was read ahead."""
        self._ahead.forget()

    async def advance(self) -> bool:
        """Stores at most one step; whether there may be more to do at once.

        Raises:
            QuantaTradeError: the nodes or the database failed; nothing is half done.
        """
        heads, progress = await self._looked()
        await self._sort_contracts(progress)
        verdict = judge(heads.latest.ref, progress.known)
        if verdict is Verdict.DOUBTED and not await self.nodes.another_agrees(heads.latest.ref):
            self.doubt = (
                f"The node's newest block {heads.latest.number} is another than ours and its chain no longer; no other "
                "node tells it."
            )
            return False
        self.doubt = ""
        more = False
        if verdict is not Verdict.SAME:
            ancestor, blocks = await self._next_blocks(progress, verdict, heads.latest.number)
            try:
                await self._in_thread(self._write, progress, ancestor, blocks)
            except StepConflict:
                # The other indexer may have joined a contract.
                self._is_sorted = False
                raise
            await self._told(progress, ancestor, blocks)
            more = heads.latest.number > blocks.headers[-1].number
        if more:
            self._backfilled = heads
        return await self._catch_up() or more

    async def _looked(self) -> tuple[Heads, Progress]:
        """The nodes' newest block, and what is stored.

        Neither is asked for again before each step of a backfill: the step itself is refused if what is stored has
        changed, and the newest block of a moment ago is far above.
        """
        heads, self._backfilled = self._backfilled, None
        if heads is not None and self.progress is not None and self._monotonic() - self._looked_s < LOOK_AGAIN_S:
            return heads, self.progress
        heads, self._looked_s = await self.nodes.heads(), self._monotonic()
        self.node_head = heads.latest.number
        self.safe = -1 if heads.safe is None else heads.safe
        return heads, await self._begun()

    async def _next_blocks(self, progress: Progress, verdict: Verdict, last: int) -> tuple[BlockRef, Blocks]:
        """The block that ours and the node's chain share, and what stands on it."""
        ancestor = progress.head
        if verdict is Verdict.LONGER:
            blocks = await self._ahead.next(ancestor.number + 1, last)
            if blocks.headers and blocks.headers[0].parent_hash == ancestor.hash:
                return ancestor, blocks
        self._ahead.forget()
        try:
            ancestor = await common_ancestor(progress.known, self.nodes.headers)
        except DeepReorg as error:
            if not await self.nodes.fail_over(progress.final, error):
                raise
            raise NodeInconsistent(f"A node contradicts what is final; another one leads now. {error}") from error
        blocks = await self.nodes.range(ancestor.number + 1, last)
        if not blocks.headers or blocks.headers[0].parent_hash != ancestor.hash:
            raise NodeInconsistent(f"The node's chain does not stand on block {ancestor.number}, which it has told.")
        return ancestor, blocks

    def _write(self, progress: Progress, ancestor: BlockRef, blocks: Blocks) -> None:
        decoded = self._decoder.decode_together(blocks.logs)
        check_batches(decoded.logs)
        self._store.apply(Step(progress.head, ancestor, blocks.headers, decoded, self._accounted))

    async def _told(self, before: Progress, ancestor: BlockRef, blocks: Blocks) -> None:
        """Keeps status and metrics up to date after a step."""
        await self._note(await self._in_thread(self._store.progress))
        depth = before.head.number - ancestor.number
        if depth:
            fields = {"chain_id": self._chain_id, "depth_blocks": depth, "ancestor": ancestor.number}
            _log.warning("A reorg replaced %s blocks above block %s.", depth, ancestor.number, extra=fields)
        self._metrics.stepped(len(blocks.headers), len(blocks.logs), depth)
        self._tell_backfill(blocks.headers[-1].number)

    def _tell_backfill(self, head: int) -> None:
        """Logs now and then how far a backfill is, and when it will be done."""
        now_s, left = time.monotonic(), self.node_head - head
        since_s, since = self._told_at
        if since_s and left > 0 and now_s - since_s >= _TELL_EVERY_S:
            blocks_per_s = (head - since) / (now_s - since_s)
            fields = {
                "chain_id": self._chain_id,
                "head": head,
                "node_head": self.node_head,
                "events_per_second": round(self._metrics.events_per_second),
                "seconds_left": round(left / blocks_per_s) if blocks_per_s > 0 else None,
            }
            text = (
                "Indexed to block %(head)s of %(node_head)s: %(events_per_second)s events/s, %(seconds_left)s s left."
            )
            _log.info(text, fields, extra=fields)
        if not since_s or now_s - since_s >= _TELL_EVERY_S:
            self._told_at = (now_s, head)

    async def _begun(self) -> Progress:
        progress = await self._in_thread(self._store.progress)
        if progress is None:
            # So far below the contracts' first block that the anchor is final, whatever the chain's tip does.
            first = min(contract.first_block for contract in self._wanted)
            number = max(0, first - 1 - self._store.confirmations)
            anchors = await self.nodes.headers(number, number)
            if not anchors:
                raise NodeInconsistent(f"The node has no block {number} yet.", "Wait for it to catch up.")
            await self._in_thread(self._store.begin, anchors[0], self._wanted)
            progress = await self._in_thread(self._store.progress)
        return await self._note(progress)

    async def _note(self, progress: Progress | None) -> Progress:
        """Keeps what was read of the store for the status."""
        assert progress is not None
        if progress.head.hash != self._counted_head:
            await self._count_unreadable()
        self.progress = progress
        return progress

    async def _count_unreadable(self) -> None:
        unreadable = await self._in_thread(self._stored.unreadable_logs)
        if unreadable.logs > self.unreadable_logs:
            _log.error("%s logs of the contracts cannot be decoded.", unreadable.logs)
        self.unreadable_logs, self._counted_head = unreadable

    async def _sort_contracts(self, progress: Progress) -> None:
        """Finds out which contracts are read together and which have to catch up, after either may have changed."""
        wanted = self._contracts()
        if self._is_sorted and wanted == self._wanted:
            return
        if wanted[0].address != self._home:
            raise ConfigurationError("The deployment manifest names another deployment now.", "Start again.")
        stored = await self._in_thread(self._store.contracts)
        # Said before anybody can see their rows, so that nothing seems caught up in between.
        self._late.want([contract for contract in wanted if contract.address not in stored])
        for contract in wanted:
            if contract.address not in stored:
                await self._in_thread(self._store.add_contract, contract)
                _log.info("Contract %s is indexed from block %s on.", contract.name, contract.first_block)
        stored = await self._in_thread(self._store.contracts)
        joined = [contract for contract in wanted if stored[contract.address].joined]
        self._late.want([contract for contract in wanted if not stored[contract.address].joined])
        self._ahead.forget()
        self.nodes.want(joined)
        self._decoder = Decoder(joined)
        # What the manifest no longer names is not missed.
        unwanted = stored.keys() - {contract.address for contract in wanted}
        self._accounted = frozenset(unwanted | {contract.address for contract in joined})
        self._wanted, self._is_sorted = wanted, True
        # What has caught up, here or in another process, brought logs below the head.
        await self._count_unreadable()

    async def _catch_up(self) -> bool:
        """Brings the first contract that was added later one step nearer to the others."""
        if not self._late.names or self.progress is None:
            return False
        final = self.progress.final
        reached = await self._in_thread(self._late.progress)
        if reached.joined:
            self._is_sorted = False
        elif reached.through_number < final.number:
            headers, logs = await self._late.fetch(reached, final)
            await self._in_thread(self._late.write, reached, headers, logs)
        elif await self._in_thread(self._late.join, reached, final):
            _log.info("Contract %s has its whole history.", self._late.names[0])
            self._is_sorted = False
        return True

    async def _in_thread(self, work: Callable[..., _T], *arguments: Any) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
