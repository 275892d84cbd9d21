"""The feed: durable commands with their events, to every subscriber in order, without gap or duplicate.

A subscriber that is new or has fallen behind is fed from the journal until it has caught up; only then does it get
commands as they come. So what waits for a slow one is bounded, and a slow one never holds up the others.
"""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from offchain.core.errors import JournalCorrupt, StateDiverged
from offchain.core.events import LoggedCommand
from offchain.sequencer.replay import replay_events

Consumer = Callable[[Sequence[LoggedCommand]], Awaitable[None]]
"""Takes consecutive commands. It is called again with the same ones if it raises."""

_DELIVERY_COMMANDS: Final = 1_000
_RETRY_FIRST_S: Final = 0.1
_RETRY_LAST_S: Final = 5.0
_CLOSE_S: Final = 10.0
_LOG = logging.getLogger(__name__)


class SubscriberStatus(msgspec.Struct, frozen=True):
    """How far a subscriber is: `lag` in durable commands; `failure` of the attempt that is being retried, or ''."""

    name: str
    sequence: int
    lag: int
    failure: str


class Subscription:
    """One subscriber. Made by `Feed.subscribe`."""

    def __init__(self, feed: "Feed", name: str, from_sequence: int, consumer: Consumer) -> None:
        self.name = name
        self.sequence = from_sequence
        """The last command that the consumer has taken."""
        self.failure = ""
        self._feed = feed
        self._consumer = consumer
        self._waiting: deque[LoggedCommand] = deque()
        self._is_live = False
        self._is_closing = False
        self._wake = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"subscriber {name}")

    @property
    def status(self) -> SubscriberStatus:
        """How far it is."""
        return SubscriberStatus(self.name, self.sequence, self._feed.sequence - self.sequence, self.failure)

    def offer(self, logged: Sequence[LoggedCommand], limit: int) -> None:
        """Add commands that became durable, unless it is behind: then it reads them from the journal later."""
        if self._is_live and len(self._waiting) + len(logged) <= limit:
            self._waiting.extend(logged)
        else:
            self._is_live = False
        self._wake.set()

    async def close(self) -> None:
        """Deliver nothing further; returns when the delivery that is under way has ended."""
        self._is_closing = True
        self._wake.set()
        _, unfinished = await asyncio.wait({self._task}, timeout=_CLOSE_S)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._feed.discard(self)

    async def _run(self) -> None:
        try:
            while not self._is_closing:
                if self._waiting:
                    count = min(len(self._waiting), _DELIVERY_COMMANDS)
                    await self._deliver([self._waiting.popleft() for _ in range(count)])
                elif self.sequence < self._feed.sequence:
                    await self._catch_up()
                else:
                    # Nothing is missing and nothing is awaited before this is set, so the next command offered is
                    # the next one for this subscriber.
                    self._is_live = True
                    self._wake.clear()
                    await self._wake.wait()
        except Exception as error:  # The journal cannot be read again; the others go on.
            self.failure = f"stopped for good: {error}"
            _LOG.exception("subscriber %s stopped at command %d", self.name, self.sequence)

    async def _catch_up(self) -> None:
        through = self._feed.sequence
        history = replay_events(self._feed.folder, self.sequence, through)
        while not self._is_closing:
            logged = await asyncio.to_thread(lambda: list(itertools.islice(history, _DELIVERY_COMMANDS)))
            if not logged and self.sequence < through:
                raise JournalCorrupt(
                    f"The journal ends with command {self.sequence}; {through} was durable.",
                    "Restore its last segment.",
                )
            if not logged:
                return
            await self._deliver(logged)

    async def _deliver(self, logged: Sequence[LoggedCommand]) -> None:
        pause_s = _RETRY_FIRST_S
        while not self._is_closing:
            try:
                await self._consumer(logged)
            except Exception as error:  # Only the consumer knows what can go wrong with it.
                self.failure = repr(error)
                _LOG.exception("subscriber %s failed after command %d; it is tried again", self.name, self.sequence)
                self._wake.clear()
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _RETRY_LAST_S)
            else:
                self.failure = ""
                self.sequence = logged[-1].command.sequence
                return


class Feed:
    """All subscribers of one journal. `sequence` is its last durable command."""

    def __init__(self, folder: Path, sequence: int, subscriber_commands: int) -> None:
        self.folder = folder
        self.sequence = sequence
        self._limit = subscriber_commands
        self._subscriptions: list[Subscription] = []

    @property
    def status(self) -> list[SubscriberStatus]:
        """How far each subscriber is."""
        return [subscription.status for subscription in self._subscriptions]

    def subscribe(self, name: str, from_sequence: int, consumer: Consumer) -> Subscription:
        """Deliver every command after `from_sequence` to the consumer, for as long as the feed is open.

        Raises:
            StateDiverged: the consumer has seen commands that the journal does not hold.
        """
        if from_sequence > self.sequence:
            raise StateDiverged(
                f"{name} has seen command {from_sequence}; the journal ends at {self.sequence}.",
                "Restore the journal that belongs to it, or rebuild it from this one.",
            )
        subscription = Subscription(self, name, from_sequence, consumer)
        self._subscriptions.append(subscription)
        return subscription

    def publish(self, logged: Sequence[LoggedCommand]) -> None:
        """Offer commands that have just become durable to all subscribers; never waits."""
        self.sequence = logged[-1].command.sequence
        for subscription in self._subscriptions:
            subscription.offer(logged, self._limit)

    def discard(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    async def close(self) -> None:
        """Close every subscription."""
        await asyncio.gather(*(subscription.close() for subscription in tuple(self._subscriptions)))
