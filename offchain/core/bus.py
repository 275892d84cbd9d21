"""Fan-out inside the process: one publisher, many subscribers, none of which can hold up the others.

A subscriber that does not keep up is cut with an error; nothing is buffered for ever. All on one event loop.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

from offchain.core.errors import SlowConsumer

T = TypeVar("T")


class Subscription(AsyncIterator[T]):
    """What one subscriber receives, in order. Iterate it; leave the loop or `close` it to unsubscribe."""

    def __init__(self, topic: "Topic[T]", limit: int) -> None:
        self._topic = topic
        self._limit = limit
        self._items: deque[T] = deque()
        self._wake = asyncio.Event()
        self._closed = False
        self._cut = False

    async def __anext__(self) -> T:
        """The next item.

        Raises:
            SlowConsumer: more than `limit` items were waiting; what was waiting is gone.
            StopAsyncIteration: the subscription was closed and what was waiting is consumed.
        """
        while not self._items:
            if self._cut:
                raise SlowConsumer(
                    f"More than {self._limit} updates were waiting to be read.", "Subscribe again and read faster."
                )
            if self._closed:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        return self._items.popleft()

    def drain(self) -> list[T]:
        """Takes what is waiting now, without awaiting."""
        items = list(self._items)
        self._items.clear()
        return items

    def close(self) -> None:
        """Receive nothing further."""
        self._closed = True
        self._topic.discard(self)
        self._wake.set()

    def put(self, item: T) -> None:
        """Add an item, or cut the subscription if too many are waiting."""
        if len(self._items) >= self._limit:
            self._cut = True
            self._items.clear()
            self.close()
            return
        self._items.append(item)
        self._wake.set()


class Topic(Generic[T]):
    """Something that can be subscribed to."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription[T]] = set()

    def __len__(self) -> int:
        return len(self._subscriptions)

    def subscribe(self, limit: int = 1_024) -> Subscription[T]:
        """A subscription that gets everything published from now on; at most `limit` items wait in it."""
        subscription = Subscription(self, limit)
        self._subscriptions.add(subscription)
        return subscription

    def discard(self, subscription: Subscription[T]) -> None:
        """Forget a subscription; one that is not known is not an error."""
        self._subscriptions.discard(subscription)

    def publish(self, item: T) -> None:
        """Give the item to every subscriber; never waits."""
        for subscription in tuple(self._subscriptions):
            subscription.put(item)

    def close(self) -> None:
        """End every subscription after what is waiting in it."""
        for subscription in tuple(self._subscriptions):
            subscription.close()
