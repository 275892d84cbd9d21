"""Rate limits: budgets that refill steadily, kept in the process."""

import time
from collections.abc import Callable
from typing import Final

import msgspec

from offchain.api.errors import RateLimited

_PRUNE_AT: Final = 50_000


class Budget(msgspec.Struct, frozen=True):
    """So many requests a second on average, and at most `burst` at once."""

    name: str
    per_second: int
    burst: int


class RateLimiter:
    """One token bucket for each caller of one budget.

    A bucket is kept as the moment at which it will be full again, so an idle caller costs nothing and is forgotten.
    """

    def __init__(self, budget: Budget, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.budget = budget
        self._full_at: dict[bytes | str, float] = {}
        self._monotonic = monotonic

    def take(self, caller: bytes | str, weight: int = 1) -> int:
        """Spends `weight` of the caller's budget and returns what is left of it.

        Raises:
            RateLimited: there is not enough left; nothing is spent.
        """
        now = self._monotonic()
        full_at = max(self._full_at.get(caller, now), now) + weight / self.budget.per_second
        left = self.budget.burst - (full_at - now) * self.budget.per_second
        if left < -1e-6:
            raise RateLimited(
                f"The limit {self.budget.name} of {self.budget.per_second} a second is used up.",
                retry_after_s=max(1, round(-left / self.budget.per_second + 0.5)),
            )
        if len(self._full_at) >= _PRUNE_AT:
            self._full_at = {key: moment for key, moment in self._full_at.items() if moment > now}
        self._full_at[caller] = full_at
        return max(0, int(left))
