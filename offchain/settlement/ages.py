"""How long ago something was, whatever is done to the clock."""

import time
from collections.abc import Callable

from offchain.core.clock import ClockUs


class Ages:
    """Ages of what has a time of the log: no shorter than they have been asked for here.

    A clock that was set back, or forward and back, would have fills wait for as long as it is behind their times.

    Args:
        clock: microseconds since 1970.
        monotonic: seconds since whenever, never set back.
    """

    def __init__(self, clock: ClockUs, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._seen: dict[str, tuple[int, float]] = {}

    def of(self, name: str, moment_us: int | None) -> int:
        """Microseconds since a moment; 0 without one. One that is asked for by the same name as before has gone on."""
        if moment_us is None:
            self._seen.pop(name, None)
            return 0
        now_s = self._monotonic()
        seen_us, since_s = self._seen.get(name, (moment_us, now_s))
        if seen_us != moment_us:
            since_s = now_s
        self._seen[name] = moment_us, since_s
        return max(self._clock() - moment_us, int((now_s - since_s) * 1_000_000))
