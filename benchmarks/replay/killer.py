"""Kills the exchange's process at random moments of a replay."""

import asyncio
import random
from typing import Final

from rich.console import Console

from offchain.local.launch import LaunchedExchange

_WITHIN_S: Final = 0.05
"""A kill comes at a random moment within this time of its step, so that it meets requests under way."""
_RETRY_S: Final = 0.1


class Killer:
    """Strikes after steps, and within moments, that `rng` has drawn.

    Args:
        exchange: whose process is killed; its supervisor starts it again.
        rng: decides when.
        kills: how often.
        steps: how many steps the replay has.
        console: where each kill is told.
    """

    def __init__(
        self, exchange: LaunchedExchange, rng: random.Random, kills: int, steps: int, console: Console
    ) -> None:
        self._exchange = exchange
        self._rng = rng
        self._due = sorted(rng.sample(range(1, max(steps, kills + 1)), kills))
        self._console = console
        self._strikes: list[asyncio.Task[None]] = []
        self._done = 0

    def advance(self, steps: int) -> None:
        """Notes steps done, and plans the kills that are due."""
        self._done += steps
        while self._due and self._due[0] <= self._done:
            delay_s = self._rng.uniform(0, _WITHIN_S)
            self._strikes.append(asyncio.create_task(self._strike(self._due.pop(0), delay_s)))

    async def finish(self) -> int:
        """Waits for the kills that are planned, and says how many there were."""
        await asyncio.gather(*self._strikes)
        return len(self._strikes)

    async def _strike(self, step: int, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        while not self._exchange.kill_server():  # noqa: ASYNC110 - a process that starts tells nobody
            await asyncio.sleep(_RETRY_S)
        self._console.print(f"kill -9, {delay_s * 1_000:.0f} ms after step {step}")
