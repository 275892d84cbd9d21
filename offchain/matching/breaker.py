"""The circuit breaker: how far prices may move within a market's window before it halts."""

import cython

from offchain.matching.state import State
from offchain.matching.words import I64, Record


@cython.final
@cython.cclass
class Breaker:
    """Copies of one market's windows: looked at and moved on here, and kept only if the fill is made."""

    state: State

    def __init__(self, state: State) -> None:
        self.state = state

    @cython.cfunc
    def load(self, market: Record, timestamp_us: I64) -> I64:
        """Copy a market's windows, moved on to a time."""
        return 0

    @cython.cfunc
    def trips(self, price: I64) -> cython.bint:
        """Whether a fill at this price moves too far; if not, the copies take it in."""
        return False

    @cython.cfunc
    def keep(self, market: Record) -> I64:
        """Make the copies the market's."""
        return 0

    @cython.cfunc
    def clear(self, market: Record) -> I64:
        """Forget a market's windows."""
        return 0
