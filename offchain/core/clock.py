"""The wall clock, behind a name, so that tests can hold it still. The engine never reads it."""

import time
from collections.abc import Callable

ClockUs = Callable[[], int]
"""Microseconds since 1970."""


def wall_clock_us() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1_000
