"""When an allocation vests, as `MerkleVesting` works it out. Times are seconds since 1970, amounts base units."""

import msgspec

from offchain.presale.terms import BPS


class Schedule(msgspec.Struct, frozen=True):
    """A share at the start, nothing more until the cliff, then in proportion to the time since the start."""

    start_s: int
    cliff_s: int
    end_s: int
    start_bps: int
    revocable: bool

    def vested(self, allocation: int, at_s: int) -> int:
        """What of an allocation has vested by a time, rounded down."""
        if at_s < self.start_s:
            return 0
        if at_s >= self.end_s:
            return allocation
        initial = allocation * self.start_bps // BPS
        if at_s < self.cliff_s:
            return initial
        return initial + (allocation - initial) * (at_s - self.start_s) // (self.end_s - self.start_s)

    def points(self, allocation: int) -> tuple[tuple[int, int], ...]:
        """(time, vested) at the start, at the cliff and at the end: flat between the first two, straight after them."""
        times = dict.fromkeys((self.start_s, self.cliff_s, self.end_s))
        return tuple((at_s, self.vested(allocation, at_s)) for at_s in times)
