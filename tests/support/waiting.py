"""Waiting for what another task, thread or process brings about, without guessing how long that takes."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Final

PATIENCE_S: Final = 60.0
"""When a test gives up on what does not happen. No test says how fast something is, so nothing is gained by less."""
_PAUSE_FIRST_S = 0.01
_PAUSE_LAST_S = 0.2


async def eventually(condition: Callable[[], object | Awaitable[object]], seconds: float = PATIENCE_S) -> None:
    """Returns once the condition, which may have to be awaited, holds; fails the test if it does not in time."""
    deadline, pause_s = time.monotonic() + seconds, _PAUSE_FIRST_S
    while True:
        held = condition()
        if await held if inspect.isawaitable(held) else held:
            return
        assert time.monotonic() < deadline, "the condition did not come to hold"
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _PAUSE_LAST_S)
