"""The circuit breaker: how far prices may move within a market's window before it halts."""

import cython

from offchain.matching import layout as at
from offchain.matching.words import I64, Record, mul_ppm


@cython.final
@cython.cclass
class Breaker:
    """Copies of one market's windows: looked at and moved on here, and kept only if the fill is made.

    There are two windows, one after the other, each with the lowest and highest price of its fills, 0 if it has none.
    Both together reach back one window's length at least and less than two.
    """

    ppm: I64
    start: I64
    low: I64
    high: I64
    earlier_low: I64
    earlier_high: I64

    def __init__(self) -> None:
        self.ppm = 0
        self.start = 0
        self.low = 0
        self.high = 0
        self.earlier_low = 0
        self.earlier_high = 0

    @cython.cfunc
    def load(self, market: Record, timestamp_us: I64) -> I64:
        """Copy a market's windows, moved on to a time (before 1970: to 1970); an earlier one moves nothing."""
        self.ppm = market[at.BREAKER_PPM]
        self.start = market[at.WINDOW_START]
        self.low = market[at.WINDOW_LOW]
        self.high = market[at.WINDOW_HIGH]
        self.earlier_low = market[at.EARLIER_LOW]
        self.earlier_high = market[at.EARLIER_HIGH]
        now: I64 = max(timestamp_us, 0)
        width: I64 = market[at.BREAKER_US]
        if self.start == 0 or now - self.start >= 2 * width:
            self.start = max(now, 1)
            self.low = 0
            self.high = 0
            self.earlier_low = 0
            self.earlier_high = 0
        elif now - self.start >= width:
            self.start += width
            self.earlier_low = self.low
            self.earlier_high = self.high
            self.low = 0
            self.high = 0
        return 0

    @cython.cfunc
    def trips(self, price: I64) -> cython.bint:
        """Whether a fill at this price moves too far; if not, the copies take it in."""
        low: I64 = self.low
        if low == 0 or 0 < self.earlier_low < low:
            low = self.earlier_low
        high: I64 = max(self.high, self.earlier_high)
        if low != 0 and (price - low > mul_ppm(low, self.ppm) or high - price > mul_ppm(high, self.ppm)):
            return True
        self.low = price if self.low == 0 else min(self.low, price)
        self.high = max(self.high, price)
        return False

    @cython.cfunc
    def keep(self, market: Record) -> I64:
        """Make the copies the market's."""
        market[at.WINDOW_START] = self.start
        market[at.WINDOW_LOW] = self.low
        market[at.WINDOW_HIGH] = self.high
        market[at.EARLIER_LOW] = self.earlier_low
        market[at.EARLIER_HIGH] = self.earlier_high
        return 0

    @cython.cfunc
    def clear(self, market: Record) -> I64:
        """Forget a market's windows."""
        market[at.WINDOW_START] = 0
        market[at.WINDOW_LOW] = 0
        market[at.WINDOW_HIGH] = 0
        market[at.EARLIER_LOW] = 0
        market[at.EARLIER_HIGH] = 0
        return 0
