"""Lanes: where a wallet's resting orders stand. The exchange takes one order a lane at a time, with a rising seq."""

import heapq
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Final

from offchain.core.errors import LaneBusy

IMMEDIATE_LANE: Final = 0
LANE_MAX: Final = 2**16 - 1


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class LaneBook:
    """Which lanes of one wallet are taken, by base asset, and the seq that comes next.

    Lanes are handed out lowest first, because the contract pays for each lane that it has not seen before. The seq is
    at least the time in milliseconds, so after a restart a wallet is above everything that it sent before.
    """

    def __init__(self, now_ms: Callable[[], int] = _now_ms) -> None:
        self._now_ms = now_ms
        self._seq = 0
        self._next: dict[int, int] = defaultdict(lambda: 1)
        self._free: dict[int, list[int]] = defaultdict(list)
        self._taken: dict[int, dict[int, int]] = defaultdict(dict)
        """How many orders hold a lane: two, while one is to replace the other."""

    def next_seq(self) -> int:
        """A seq above all before it."""
        self._seq = max(self._seq + 1, self._now_ms())
        return self._seq

    def go_above(self, seq: int) -> None:
        """Lets every later seq be above this one, too."""
        self._seq = max(self._seq, seq)

    def take(self, base_asset: int) -> int:
        """The lowest free lane for a resting order, which it now occupies.

        Raises:
            LaneBusy: all lanes are taken.
        """
        free = self._free[base_asset]
        while free:
            lane = heapq.heappop(free)
            if lane not in self._taken[base_asset]:
                self._taken[base_asset][lane] = 1
                return lane
        while self._next[base_asset] in self._taken[base_asset]:
            self._next[base_asset] += 1
        lane = self._next[base_asset]
        if lane > LANE_MAX:
            raise LaneBusy(f"All {LANE_MAX} lanes of asset {base_asset} are taken.", "Cancel an order first.")
        self._next[base_asset] = lane + 1
        self._taken[base_asset][lane] = 1
        return lane

    def occupy(self, base_asset: int, lane: int) -> None:
        """Notes an order that rests in a lane from before."""
        if lane != IMMEDIATE_LANE:
            self._taken[base_asset].setdefault(lane, 1)

    def share(self, base_asset: int, lane: int) -> None:
        """Notes a replacement in the lane of the order that it replaces: the lane is free once both are released."""
        if lane != IMMEDIATE_LANE:
            self._taken[base_asset][lane] = self._taken[base_asset].get(lane, 0) + 1

    def release(self, base_asset: int, lane: int) -> None:
        """Notes that an order has left its lane; one that is free already stays so."""
        holders = self._taken[base_asset].pop(lane, 0)
        if holders > 1:
            self._taken[base_asset][lane] = holders - 1
        elif holders and lane < self._next[base_asset]:
            heapq.heappush(self._free[base_asset], lane)
