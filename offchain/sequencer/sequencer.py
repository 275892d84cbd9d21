"""The sequencer: takes intents from many callers, one log out. It alone writes.

One task works in rounds: it takes whatever is waiting, judges and applies it, makes the resulting commands durable with
one sync, and only then answers the callers and feeds the subscribers. While a sync is under way the next round's
intents gather, so groups grow with the load by themselves. If the disk fails, nothing of that round is acknowledged
and nothing further is taken; what can be read goes on being read.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from offchain.core.clock import ClockUs, wall_clock_us
from offchain.core.commands import ORDER_KINDS, CancelReason, CommandKind
from offchain.core.errors import (
    ConfigurationError,
    JournalError,
    QuantaTradeError,
    ServiceUnavailable,
    StateDiverged,
    public_reason,
)
from offchain.core.intents import Intent, PlaceOrder, Receipt
from offchain.matching.engine import Engine
from offchain.sequencer.archive import archive_segments, link_archive
from offchain.sequencer.directory import Directory
from offchain.sequencer.disk import Disk
from offchain.sequencer.expiry import ExpiryQueue
from offchain.sequencer.feed import Consumer, Feed, SubscriberStatus, Subscription
from offchain.sequencer.group import Group, Rehearsal
from offchain.sequencer.intake import take
from offchain.sequencer.intake_open_orders import cancel_live
from offchain.sequencer.journal import SEGMENT_BYTES, Journal
from offchain.sequencer.machine import Machine
from offchain.sequencer.records import Entry
from offchain.sequencer.replay import recover
from offchain.sequencer.snapshot import Capture, capture, snapshot_paths, snapshot_sequence, write_snapshot

_US: Final = 1_000_000
_DAY_US: Final = 86_400 * _US
_TICK_S: Final = 1.0
_LOG = logging.getLogger(__name__)

Outcome = Receipt | QuantaTradeError


class SequencerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a deployment chooses. Seconds, commands, intents and bytes as named."""

    order_min_lifetime_s: int = 120
    """An order must outlive its arrival by more than this."""
    expiry_margin_s: int = 60
    """A resting order leaves the book this long before it expires, so that its last fills settle in time."""
    snapshot_every_commands: int = 200_000
    snapshots_kept: int = 3
    waiting_intents: int = 20_000
    """More than this many waiting are refused at once."""
    group_intents: int = 256
    """A round takes no further caller once it has this many, so that the event loop gets its turn."""
    subscriber_commands: int = 20_000
    """A subscriber with more than this waiting is fed from the journal instead."""
    segment_bytes: int = SEGMENT_BYTES
    journal_archive: Path | None = None
    """Closed segments move there once no kept snapshot needs them. None: they stay."""


class _Caller:
    """Someone who waits for the outcomes of some intents; of none after the first refusal, if that stops them."""

    def __init__(
        self, intents: Sequence[Intent], answer: "asyncio.Future[list[Outcome]]", *, refusal_stops: bool
    ) -> None:
        self.intents = intents
        self.answer = answer
        self.refusal_stops = refusal_stops
        self.outcomes: list[Outcome] = []


class Sequencer:
    """The single writer of one journal. All its methods belong to one event loop."""

    def __init__(self, journal: Journal, machine: Machine, options: SequencerOptions, clock: ClockUs) -> None:
        self.directory = Directory(machine)
        self.halted: str | None = None
        """Why nothing is taken any more, or None."""
        self._options = options
        self._clock = clock
        self._journal = journal
        self._machine = machine
        self._feed = Feed(journal.folder, machine.sequence, options.subscriber_commands)
        self._expiry = ExpiryQueue(machine.registry.live)
        self._callers: deque[_Caller] = deque()
        self._waiting = 0
        self._wake = asyncio.Event()
        self._is_stopping = False
        self._reason_to_hold: Callable[[], str | None] = lambda: None
        self._disk_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._writer: asyncio.Task[None] | None = None
        self._tick: asyncio.TimerHandle | None = None
        self._snapshot_task: asyncio.Task[None] | None = None
        newest = snapshot_paths(journal.folder)[:1]
        self._snapshot_sequence = min(snapshot_sequence(newest[0]), machine.sequence) if newest else 0

    @classmethod
    def open(
        cls,
        folder: Path,
        options: SequencerOptions | None = None,
        clock: ClockUs = wall_clock_us,
        disk: Disk | None = None,
    ) -> "Sequencer":
        """Take the journal's lock and recover its state.

        Raises:
            ConfigurationError: the options contradict each other, or the journal has another archive.
            JournalError: another process writes this journal, or the disk fails.
            JournalCorrupt: a record is damaged or missing.
            StateDiverged: the engine refuses what it once took, or a snapshot is not of this journal.
        """
        options = options or SequencerOptions()
        if options.expiry_margin_s >= options.order_min_lifetime_s:
            raise ConfigurationError(
                f"Orders would be cancelled {options.expiry_margin_s} s before they expire, and one that lives for "
                f"{options.order_min_lifetime_s} s is taken.",
                "Raise order_min_lifetime_s.",
            )
        journal = Journal.open(folder, disk, options.segment_bytes)
        try:
            if options.journal_archive is not None:
                link_archive(folder, options.journal_archive, journal.disk)
            machine = recover(folder, journal.disk)
            if machine.sequence != journal.last_sequence:
                raise StateDiverged(f"Recovered command {machine.sequence} of {journal.last_sequence}.")
        except OSError as error:
            journal.close()
            raise JournalError(f"The journal in {folder} cannot be read: {error}.", "Mend the disk.") from error
        # Whatever it was, the lock on the folder is given back.
        except BaseException:
            journal.close()
            raise
        return cls(journal, machine, options, clock)

    @property
    def last_sequence(self) -> int:
        """The last durable command."""
        return self._feed.sequence

    @property
    def applied_sequence(self) -> int:
        """The last command that the engine holds; it may not be durable yet."""
        return self._machine.sequence

    @property
    def chain_position(self) -> tuple[int, int]:
        """Block number and log index of the last chain fact on record; (0, -1) before the first."""
        return self._machine.registry.chain_position

    @property
    def engine(self) -> Engine:
        """The engine, to read from on the event loop. It may be one group ahead of what is durable."""
        return self._machine.engine

    @property
    def waiting(self) -> int:
        """Intents that wait for their turn."""
        return self._waiting

    @property
    def subscribers(self) -> list[SubscriberStatus]:
        """How far each subscriber is."""
        return self._feed.status

    async def start(self) -> None:
        """Begin to take intents."""
        self._writer = asyncio.get_running_loop().create_task(self._write(), name="sequencer")
        self._on_tick()

    async def stop(self) -> None:
        """Finish what is waiting, take a snapshot, end all subscriptions and give up the journal."""
        self._is_stopping = True
        self._wake.set()
        if self._tick is not None:
            self._tick.cancel()
        if self._writer is not None:
            await self._writer
        if self._snapshot_task is not None:
            await self._snapshot_task
        if self.halted is None and self._machine.sequence > self._snapshot_sequence:
            await self._write_snapshot(capture(self._machine), self._journal.checksum)
        await self._feed.close()
        self._disk_thread.shutdown()
        self._journal.close()

    async def submit(self, intent: Intent) -> Receipt:
        """The receipt of an intent, once it is durable.

        Raises:
            ServiceUnavailable: the exchange is full, halted or stopping; nothing was changed.
            JournalError: the disk failed; whether the intent was taken is known after a restart.
            QuantaTradeError: the intent is refused; nothing was changed.
        """
        outcome = (await self.submit_many((intent,)))[0]
        if isinstance(outcome, QuantaTradeError):
            raise outcome
        return outcome

    async def submit_many(self, intents: Sequence[Intent]) -> list[Outcome]:
        """A receipt or a refusal for each intent, in order; taken one after the other and made durable together.

        Raises:
            ServiceUnavailable: the exchange is full, halted or stopping; nothing was changed.
        """
        return await self._submit(intents, refusal_stops=False)

    async def submit_in_order(self, intents: Sequence[Intent]) -> None:
        """Takes intents one after the other, durable together; none after one that is refused is looked at.

        Raises:
            QuantaTradeError: the first refusal, as `submit`; the intents before it were taken.
        """
        for outcome in await self._submit(intents, refusal_stops=True):
            if isinstance(outcome, QuantaTradeError):
                raise outcome

    async def _submit(self, intents: Sequence[Intent], *, refusal_stops: bool) -> list[Outcome]:
        self._refuse_if_closed()
        if self._waiting + len(intents) > self._options.waiting_intents:
            raise ServiceUnavailable(
                f"{self._waiting} requests are waiting; at most {self._options.waiting_intents} may.",
                "Nothing was changed. Slow down and send it again.",
            )
        if not intents:
            return []
        caller = _Caller(intents, asyncio.get_running_loop().create_future(), refusal_stops=refusal_stops)
        self._callers.append(caller)
        self._waiting += len(intents)
        self._wake.set()
        return await caller.answer

    def check(self, order: PlaceOrder) -> None:
        """See whether an order would be taken as things stand; nothing is journaled and nothing changes.

        Raises:
            QuantaTradeError: it would not; the error is the one that `submit` would raise.
        """
        self._refuse_if_closed()
        rehearsal = Rehearsal(self._machine, self._now_us(), self._options.order_min_lifetime_s, self._reason_to_hold())
        take(rehearsal, order)

    def subscribe(self, name: str, from_sequence: int, consumer: Consumer) -> Subscription:
        """Deliver every durable command after `from_sequence` to the consumer, in order: the past, then live.

        Raises:
            StateDiverged: the consumer has seen commands that the journal does not hold.
        """
        return self._feed.subscribe(name, from_sequence, consumer)

    def hold_orders(self, reason: Callable[[], str | None]) -> None:
        """Refuse new orders while `reason` gives one. Cancels, withdrawals and facts of the chain go on."""
        self._reason_to_hold = reason

    async def _write(self) -> None:
        try:
            while not (self._is_stopping and not self._callers):
                await self._wake.wait()
                self._wake.clear()
                while self.halted is None and self._has_work():
                    await self._round()
        except Exception as error:  # Whatever it was, state and journal may have come apart: nothing further is taken.
            _LOG.exception("the sequencer failed")
            self._halt(f"the sequencer failed: {public_reason(error)}")

    def _has_work(self) -> bool:
        return bool(self._callers) or self._expiry.is_due(self._due_s()) or self._is_new_day(self._now_us())

    async def _round(self) -> None:
        callers = self._next_callers()
        try:
            await self._serve(callers)
        except Exception as error:  # Nobody waits for ever for an answer.
            failure = JournalError(
                f"The sequencer failed: {public_reason(error)}",
                "Whether this was kept is known after a restart; the very same request is safe to send again.",
            )
            for caller in callers:
                if not caller.answer.done():
                    caller.answer.set_exception(failure)
            raise
        finally:
            self._waiting -= sum(len(caller.intents) for caller in callers)

    async def _serve(self, callers: Sequence[_Caller]) -> None:
        group = Group(self._machine, self._now_us(), self._options.order_min_lifetime_s, self._reason_to_hold())
        failure = self._apply(group, callers)
        if failure is None and group.entries:
            failure = await self._make_durable(group)
        if failure is not None:
            self._halt(str(failure))
            for caller in callers:
                caller.outcomes = [one if isinstance(one, QuantaTradeError) else failure for one in caller.outcomes]
        elif group.logged:
            self._feed.publish(group.logged)
            self._snapshot_if_due()
        for caller in callers:
            if not caller.answer.done():
                caller.answer.set_result(caller.outcomes)

    def _next_callers(self) -> list[_Caller]:
        callers: list[_Caller] = []
        count = 0
        while self._callers and count < self._options.group_intents:
            callers.append(self._callers.popleft())
            count += len(callers[-1].intents)
        return callers

    def _apply(self, group: Group, callers: Sequence[_Caller]) -> QuantaTradeError | None:
        """Take what time brings, then the callers' intents; an error if the state is no longer sound."""
        if self._is_new_day(group.now_us):
            group.add(group.command(CommandKind.ROLL_VOLUMES, amount=group.now_us // _DAY_US))
        for order_id in self._expiry.pop_due(self._due_s(), self._options.group_intents):
            cancel_live(group, order_id, CancelReason.EXPIRED)
        for caller in callers:
            for intent in caller.intents:
                caller.outcomes.append(self._take(group, intent) if group.broken is None else _halted(group.broken))
                if caller.refusal_stops and isinstance(caller.outcomes[-1], QuantaTradeError):
                    break
        if group.broken is not None:
            return _halted(group.broken)
        self._expiry.add(logged.command.sequence for logged in group.logged if logged.command.kind in ORDER_KINDS)
        return None

    def _take(self, group: Group, intent: Intent) -> Outcome:
        try:
            return take(group, intent)
        except QuantaTradeError as error:
            return error
        except Exception as error:  # One senseless intent must not fail the others of its round.
            _LOG.exception("%s could not be judged", type(intent).__name__)
            told = f"The request could not be judged: {public_reason(error)}."
            return QuantaTradeError(told, "Nothing was changed. Report it.")

    async def _make_durable(self, group: Group) -> QuantaTradeError | None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._disk_thread, self._commit, group.entries)
        except JournalError as error:
            _LOG.critical("nothing further is taken: %s", error)
            return error
        return None

    def _commit(self, entries: Sequence[Entry]) -> None:
        self._journal.append(entries)
        self._journal.sync()

    def _halt(self, reason: str) -> None:
        self.halted = self.halted or reason
        while self._callers:
            caller = self._callers.popleft()
            self._waiting -= len(caller.intents)
            if not caller.answer.done():
                caller.answer.set_exception(_halted(self.halted))

    def _refuse_if_closed(self) -> None:
        if self.halted is not None:
            raise _halted(self.halted)
        if self._is_stopping or self._writer is None:
            raise ServiceUnavailable("The exchange is not taking requests.", "Nothing was changed. Send it again soon.")

    def _now_us(self) -> int:
        return max(self._clock(), self._machine.timestamp_us)

    def _is_new_day(self, now_us: int) -> bool:
        """Whether the UTC day of the last command is over and volumes are to be counted anew.

        All volumes are of days up to that of the last command, so the first command of a day is the one that counts.
        """
        return now_us // _DAY_US > self._machine.timestamp_us // _DAY_US and self._machine.engine.has_volumes()

    def _due_s(self) -> int:
        return self._now_us() // _US + self._options.expiry_margin_s

    def _on_tick(self) -> None:
        self._wake.set()
        self._tick = asyncio.get_running_loop().call_later(_TICK_S, self._on_tick)

    def _snapshot_if_due(self) -> None:
        if self._machine.sequence - self._snapshot_sequence < self._options.snapshot_every_commands:
            return
        if self._snapshot_task is not None and not self._snapshot_task.done():
            return
        captured, checksum = capture(self._machine), self._journal.checksum
        self._snapshot_task = asyncio.get_running_loop().create_task(self._write_snapshot(captured, checksum))

    async def _write_snapshot(self, captured: Capture, checksum: int) -> None:
        self._snapshot_sequence = captured.sequence
        folder, disk, keep = self._journal.folder, self._journal.disk, self._options.snapshots_kept
        try:
            await asyncio.to_thread(write_snapshot, folder, captured, checksum, keep, disk)
        except Exception:  # A snapshot is only speed.
            _LOG.exception("the snapshot of command %d failed; recovery will take longer", captured.sequence)
            return
        if self._options.journal_archive is not None:
            try:
                await asyncio.to_thread(archive_segments, folder, disk)
            except Exception:  # It is tried again after the next snapshot.
                _LOG.exception("segments could not be archived; they stay in %s", folder)


def _halted(reason: str) -> ServiceUnavailable:
    return ServiceUnavailable(
        f"The exchange is halted: {reason}", "Nothing was changed by this request. Wait for a restart."
    )
