"""What a resident market maker wants in the book: a ladder around a price that wanders. Prices in ticks."""

import random
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from offchain.core.commands import Side

WANDER_PPM: Final = 400
"""How far the price may step at once."""
PULL_PPM: Final = 10_000
"""Which part of its distance from the anchor the price comes back at each step."""
_PPM: Final = 1_000_000


class LadderShape(NamedTuple):
    """A ladder of `levels` orders a side: the best one `half_spread_ticks` off the price, then every `step_ticks`."""

    levels: int
    half_spread_ticks: int
    step_ticks: int


class Quote(NamedTuple):
    """An order of the ladder."""

    side: Side
    price_ticks: int


class WanderingPrice:
    """A mean-reverting random walk around an anchor, in whole ticks; the seed decides its whole path."""

    def __init__(self, anchor_ticks: int, seed: int) -> None:
        self._anchor_ticks = anchor_ticks
        self._random = random.Random(seed)  # noqa: S311 - a pretend market, not a secret
        self.ticks = anchor_ticks

    def step(self) -> int:
        """Moves the price and returns it; it stays between half the anchor and twice it."""
        reach = max(1, self.ticks * WANDER_PPM // _PPM)
        pull = (self._anchor_ticks - self.ticks) * PULL_PPM // _PPM
        moved = self.ticks + pull + self._random.randint(-reach, reach)
        self.ticks = min(max(moved, self._anchor_ticks // 2, 1), self._anchor_ticks * 2)
        return self.ticks


def ladder(price_ticks: int, shape: LadderShape) -> list[Quote]:
    """The wanted quotes on a fixed grid of `step_ticks`, best first, so that a small move leaves most of them alone."""
    step = shape.step_ticks
    best_bid = (price_ticks - shape.half_spread_ticks) // step * step
    best_ask = -(-(price_ticks + shape.half_spread_ticks) // step) * step
    rungs = range(0, shape.levels * step, step)
    bids = [Quote(Side.BUY, best_bid - rung) for rung in rungs if best_bid - rung > 0]
    return bids + [Quote(Side.SELL, best_ask + rung) for rung in rungs]


def changes(wanted: Iterable[Quote], held: Mapping[str, Quote]) -> tuple[list[str], list[Quote]]:
    """What turns the held orders (by client order id) into the wanted ones: ids to cancel, quotes to place.

    Of several orders at one wanted price the first stays.
    """
    missing = dict.fromkeys(wanted)
    cancel = []
    for client_order_id, quote in held.items():
        if quote in missing:
            del missing[quote]
        else:
            cancel.append(client_order_id)
    return cancel, list(missing)
