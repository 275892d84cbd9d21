"""The settlement service: follows the log on one side and the contract on the other, and keeps both moving.

Everything it needs to go on is in its database. It may stop or be killed at any moment and started again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from sqlalchemy.exc import InterfaceError, OperationalError

from offchain.core.clock import ClockUs
from offchain.core.errors import NodeUnavailable, QuantaTradeError, StateDiverged, public_reason
from offchain.core.events import Event, LoggedCommand
from offchain.core.intents import RevertWithdrawal, UnwindFill
from offchain.core.money import Market
from offchain.settlement.ages import Ages
from offchain.settlement.batcher import Batcher, BatchLimits, FilledBatch
from offchain.settlement.follower import Delivery, Follower
from offchain.settlement.history import SettledBatch
from offchain.settlement.packing import pack_batch
from offchain.settlement.prover import LogReading
from offchain.settlement.reconcile import Holding, in_transit
from offchain.settlement.store import NOTHING_LEFT, Backlog, BatchStore, Progress, Spent
from offchain.settlement.submitter import BatchSubmitter
from offchain.settlement.withdrawals import WithdrawalDesk

SNAPSHOT_EVERY_COMMANDS: Final = 20_000
"""Commands that a restart reads again, at most."""
LAPSE_CHECK_S: Final = 5.0
HEARTBEAT_CHECK_S: Final = 60.0
BACKOFF_MAX_S: Final = 5.0
STOP_TIMEOUT_S: Final = 15.0
_DATABASE_RETRY_S: Final = 0.5
_DATABASE_AWAY: Final = (OperationalError, InterfaceError)
"""A database that is locked, gone or hung up: what failed is tried again."""
_log = logging.getLogger(__name__)
Submit = Callable[[UnwindFill | RevertWithdrawal], Awaitable[object]]


class _View(NamedTuple):
    """What was read and what is left of it, all of one moment."""

    sequence: int = 0
    open_fills: Sequence[Event] = ()
    backlog: Backlog = NOTHING_LEFT

    @property
    def pending_fills(self) -> int:
        return len(self.open_fills) + self.backlog.fills

    @property
    def first_unsettled(self) -> int | None:
        """The first command of which a fill is not settled."""
        firsts = (self.backlog.first_command, *(fill.command_sequence for fill in self.open_fills[:1]))
        return min((first for first in firsts if first is not None), default=None)

    @property
    def first_fill_us(self) -> int | None:
        """When the oldest fill that is not settled was made."""
        return self._first_us(self.backlog.first_fill_us)

    @property
    def first_off_chain_us(self) -> int | None:
        """When the oldest fill that is not on the chain was made."""
        return self._first_us(self.backlog.first_off_chain_us)

    def _first_us(self, closed_us: int | None) -> int | None:
        firsts = (closed_us, *(fill.timestamp_us for fill in self.open_fills[:1]))
        return min((first for first in firsts if first is not None), default=None)


class SettlementStatus(msgspec.Struct, frozen=True):
    """How settlement is doing.

    `pending_fills` are those of the commands up to `sequence` that are not confirmed, `lag_ms` the age of the oldest of
    them; `waiting_batches` are not on the chain yet, and `waiting_ms` is the age of the oldest fill that is not;
    `last_batch` is the number of the last confirmed one, `spent` what those on the chain cost; `error` the failures
    that are not over yet; `halted` says why settlement has stopped for good, until a person has looked.
    """

    sequence: int
    pending_fills: int
    waiting_batches: int
    waiting_ms: int
    lag_ms: int
    last_batch: int
    spent: Spent
    node_reachable: bool
    error: str | None
    halted: str | None


class SettlementService:
    """Wires the parts together and runs them.

    Args:
        store: the database of batches.
        submitter: who brings batches onto the chain.
        desk: who brings withdrawals there.
        submit: the sequencer's `submit`.
        settled_on_chain: the batches that the chain holds, asked for when the database is empty.
        limits: when a batch closes.
        clock: microseconds since 1970.
        poll_interval_s: pause between looks at the chain.
    """

    def __init__(
        self,
        store: BatchStore,
        submitter: BatchSubmitter,
        desk: WithdrawalDesk,
        *,
        submit: Submit,
        settled_on_chain: Callable[[], Awaitable[list[SettledBatch]]],
        limits: BatchLimits,
        clock: ClockUs,
        poll_interval_s: float,
    ) -> None:
        self._store = store
        self._submitter = submitter
        self._desk = desk
        self._submit = submit
        self._settled_on_chain = settled_on_chain
        self._limits = limits
        self._clock = clock
        self._ages = Ages(clock)
        self._poll_interval_s = poll_interval_s
        self._follower = Follower(Batcher(limits))
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._reading: set[asyncio.Task[None]] = set()
        self._snapshot_at = 0
        self._behind = False
        """Whether the batcher has read more than the database holds, so that its snapshot must not be saved."""
        self._stopping = False
        self._ready = asyncio.Event()
        """Set once it is known from where to follow the log."""
        self._view = _View()
        self._waiting = 0
        self._unwinding: set[int] = set()
        self._next_lapse_check = 0.0
        self._next_heartbeat_check = 0.0
        self._errors: dict[str, Exception] = {}
        self._halted: str | None = None

    @property
    def sequence(self) -> int:
        """The last command that was read; subscribe to the log from here."""
        return self._follower.batcher.sequence

    @property
    def pending_fills(self) -> int:
        """Fills that are not confirmed yet, of the commands up to `status().sequence`."""
        return self._view.pending_fills

    async def start(self) -> None:
        """Takes up where the last run stopped and starts working.

        With an empty database a node has to say first whether the chain has batches already; the log waits for that.
        """
        await self._restore()
        self._task = asyncio.create_task(self._run(), name="settlement")

    async def stop(self) -> None:
        """Finishes the step at hand and saves where it stands."""
        self._stopping = True
        self._wake.set()
        self._ready.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=STOP_TIMEOUT_S)
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        async with self._lock:
            if self._halted is None and not self._behind and self.sequence > self._snapshot_at:
                await self._record(Delivery(), snapshot=True)

    async def consume(self, logged: Sequence[LoggedCommand]) -> None:
        """Reads the next commands of the log. After `stop` or a halt they are passed over, to be read next time."""
        # Once begun it is finished, even if the caller is cancelled: half of it would be lost.
        task = asyncio.create_task(self._read(logged))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)
        await asyncio.shield(task)

    def status(self) -> SettlementStatus:
        """How settlement is doing, as of the last look."""
        view = self._view
        return SettlementStatus(
            sequence=view.sequence,
            pending_fills=view.pending_fills,
            waiting_batches=self._waiting,
            waiting_ms=self._ages.of("waiting", view.first_off_chain_us) // 1_000,
            lag_ms=self._ages.of("lag", view.first_fill_us) // 1_000,
            last_batch=view.backlog.last_batch,
            spent=view.backlog.spent,
            node_reachable=not any(isinstance(error, NodeUnavailable) for error in self._errors.values()),
            error="; ".join(dict.fromkeys(map(public_reason, self._errors.values()))) or None,
            halted=self._halted,
        )

    async def in_transit(self, markets: Mapping[int, Market]) -> tuple[int, dict[Holding, int]]:
        """What the contract will hold beyond the engine as of a command of the log, and that command's sequence.

        It holds once the contract has settled all that the log says is settled; see `reconcile`.
        """
        async with self._lock:
            fills = [*await asyncio.to_thread(self._store.unsettled_fills), *self._follower.batcher.open_fills]
            withdrawals = await asyncio.to_thread(self._desk.unpaid)
            return self.sequence, in_transit(fills, withdrawals, markets)

    async def _restore(self) -> None:
        progress = await asyncio.to_thread(self._store.progress)
        if progress.is_new:
            return
        async with self._lock:
            self._follower = Follower(_restored(self._limits, progress))
            self._snapshot_at = self.sequence
            await self._look()
        self._ready.set()

    async def _take_back(self) -> None:
        if self._ready.is_set():
            return
        async with self._lock:
            settled = await self._settled_on_chain()
            if settled:
                _log.warning("settlement: no database; %d batches are taken back from the chain", len(settled))
                self._follower = Follower(Batcher.of_history(self._limits, settled))
            await self._record(Delivery(), snapshot=True)
        self._ready.set()

    async def _read(self, logged: Sequence[LoggedCommand]) -> None:
        await self._ready.wait()
        async with self._lock:
            if self._over():
                return
            try:
                delivery = await asyncio.to_thread(self._follower.follow, logged)
                await self._record(delivery, snapshot=self.sequence - self._snapshot_at >= SNAPSHOT_EVERY_COMMANDS)
            except Exception as error:  # Whatever it is: given the same commands again, the batcher passes them over.
                self._halt(error)
                return
        if delivery:
            self._wake.set()

    async def _run(self) -> None:
        pause_s = self._poll_interval_s
        while not self._over():
            await self._turn()
            pause_s = min(pause_s * 2, BACKOFF_MAX_S) if self._errors else self._poll_interval_s
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause_s)
            self._wake.clear()

    async def _turn(self) -> None:
        """One look at everything. A part that fails is tried again next time and does not keep the others waiting."""
        await self._part("start", self._take_back)
        if not self._ready.is_set():
            return
        await self._part("close", self._close_due)
        await self._part("cost", self._submitter.price)
        await self._part("heartbeat", self._beat)
        if not self._follower.batcher.takes_back:
            await self._part("batches", self._advance_batches)
            await self._part("withdrawals", self._advance_withdrawals)
        await self._part("unwind", self._unwind_skipped)

    async def _part(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        if self._over():
            return
        try:
            await work()
        except StateDiverged as error:
            self._halt(error)
        except Exception as error:  # A node or a database that surprises must not end settlement unseen.
            if str(self._errors.get(name)) != str(error):
                surprise = None if isinstance(error, (QuantaTradeError, *_DATABASE_AWAY)) else error
                _log.warning("settlement: %s: %s", name, error, exc_info=surprise)
            self._errors[name] = error
        else:
            self._errors.pop(name, None)

    def _over(self) -> bool:
        return self._stopping or self._halted is not None

    async def _close_due(self) -> None:
        # While a batch waits, the next one gathers fills instead of queueing up small.
        if self._waiting:
            return
        async with self._lock:
            batcher = self._follower.batcher
            first_us = next((fill.timestamp_us for fill in batcher.open_fills), None)
            age_us = self._ages.of("open", first_us)
            await self._record_closed(batcher.close_due((first_us or 0) + age_us))

    async def _record_closed(self, batch: FilledBatch | None) -> None:
        """Writes down a batch that the batcher has let go of; the caller holds the lock."""
        if batch is None:
            return
        try:
            await self._record(Delivery(batches=[batch]))
        except Exception as error:  # Whatever it is: without this batch those after it would not fit.
            self._halt(error)

    async def _beat(self) -> None:
        """Closes an empty batch where nothing has settled for a day: without any, the exchange may be closed."""
        now_s = asyncio.get_running_loop().time()
        if self._waiting or self._view.pending_fills or now_s < self._next_heartbeat_check:
            return
        if await self._submitter.is_heartbeat_due():
            async with self._lock:
                await self._record_closed(self._follower.batcher.close_empty())
        self._next_heartbeat_check = now_s + HEARTBEAT_CHECK_S

    async def _advance_batches(self) -> None:
        self._waiting = await self._submitter.advance(LogReading(self._follower.batcher, self._lock))

    async def _advance_withdrawals(self) -> None:
        async with self._lock:
            view = await self._look()
        await self._desk.approve(view.first_unsettled, view.sequence)
        await self._desk.advance()
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._next_lapse_check:
            await self._desk.give_back_lapsed()
            self._next_lapse_check = now_s + LAPSE_CHECK_S

    async def _unwind_skipped(self) -> None:
        for event, reason in await asyncio.to_thread(self._store.skipped):
            if event.sequence not in self._unwinding:
                # The sequencer takes it once however often it is submitted.
                await self._submit(UnwindFill(event, reason))
                self._unwinding.add(event.sequence)

    async def _look(self) -> _View:
        """Takes a new view; the caller holds the lock."""
        batcher = self._follower.batcher
        backlog = await asyncio.to_thread(self._store.backlog)
        self._view = _View(batcher.sequence, batcher.open_fills, backlog)
        return self._view

    async def _record(self, delivery: Delivery, *, snapshot: bool = False) -> None:
        """Writes down what was read, however long the database takes: the batcher cannot go back."""
        batcher = self._follower.batcher
        if not delivery and not snapshot:
            self._view = _View(batcher.sequence, batcher.open_fills, self._view.backlog)
            return
        self._behind = True
        while True:
            try:
                await asyncio.to_thread(self._write, delivery, snapshot=snapshot)
            except _DATABASE_AWAY as error:
                self._errors["database"] = error
                _log.warning("settlement: the database does not take a write: %s", error)
                if self._stopping:
                    raise
                await asyncio.sleep(_DATABASE_RETRY_S)
            else:
                break
        self._behind = False
        self._errors.pop("database", None)
        await self._look()

    def _write(self, delivery: Delivery, *, snapshot: bool) -> None:
        batcher = self._follower.batcher
        progress = (batcher.sequence, batcher.snapshot()) if snapshot else None
        self._store.record(delivery, pack_batch, self._clock(), progress)
        if progress is not None:
            self._snapshot_at = progress[0]

    def _halt(self, error: Exception) -> None:
        known = isinstance(error, QuantaTradeError)
        self._halted = public_reason(error)
        _log.critical("settlement has stopped: %s", error, exc_info=None if known else error)


def _restored(limits: BatchLimits, progress: Progress) -> Batcher:
    """The batcher as it stood; of a snapshot by another version, one that reads the log from its beginning."""
    try:
        return Batcher.restore(limits, *progress)
    except msgspec.MsgspecError as error:
        _log.warning("settlement: its snapshot cannot be read (%s); the log is read from its beginning", error)
        return Batcher.restore(limits, *progress._replace(snapshot=None))
