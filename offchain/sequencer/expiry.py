"""Which resting orders are about to expire. Derived from the registry: nothing here is state of its own."""

import heapq
from collections.abc import Iterable, Mapping

from offchain.sequencer.registry import LiveOrder


class ExpiryQueue:
    """Orders by expiry. Those that leave the book otherwise stay until they come up, or until they are too many."""

    def __init__(self, live: Mapping[int, LiveOrder]) -> None:
        self._live = live
        self._heap: list[tuple[int, int]] = []
        self._rebuild()

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, order_ids: Iterable[int]) -> None:
        """Watch those of the orders that rest."""
        for order_id in order_ids:
            order = self._live.get(order_id)
            if order is not None:
                heapq.heappush(self._heap, (order.expiry_s, order_id))
        if len(self._heap) > 2 * len(self._live) + 1_000:
            self._rebuild()

    def pop_due(self, by_s: int, limit: int) -> list[int]:
        """Up to `limit` resting orders that expire at `by_s` (seconds since 1970) or before, soonest first."""
        due: list[int] = []
        while self._heap and self._heap[0][0] <= by_s and len(due) < limit:
            _, order_id = heapq.heappop(self._heap)
            if order_id in self._live:
                due.append(order_id)
        return due

    def is_due(self, by_s: int) -> bool:
        """Whether anything has come up by `by_s`."""
        return bool(self._heap) and self._heap[0][0] <= by_s

    def _rebuild(self) -> None:
        self._heap = [(order.expiry_s, order_id) for order_id, order in self._live.items()]
        heapq.heapify(self._heap)
