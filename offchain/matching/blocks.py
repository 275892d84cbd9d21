"""Blocks of 4, 8, 16 ... words in an array that somebody else has: which are free, and where a new one begins."""

import cython

from offchain.matching.words import I64, Words, blank


@cython.final
@cython.cclass
class Blocks:
    """Free blocks are linked by their first words, a list for each size; a block of 0 stands for none."""

    used: I64
    spare: Words

    def __init__(self) -> None:
        self.used = 8
        self.spare = blank(32)

    @cython.cfunc
    def take(self, words: Words, size: I64) -> I64:
        """Where there is a block of a size that is a power of two; it may be beyond the end of the array."""
        rank: I64 = self.rank(size)
        start: I64 = self.spare[rank]
        if start != 0:
            self.spare[rank] = words[start]
            return start
        start = self.used
        self.used += size
        return start

    @cython.cfunc
    def free(self, words: Words, start: I64, size: I64) -> I64:
        """Keep a block for the next one who asks for its size."""
        rank: I64 = self.rank(size)
        words[start] = self.spare[rank]
        self.spare[rank] = start
        return 0

    @cython.cfunc
    def rank(self, size: I64) -> I64:
        """Which power of two a size is."""
        rank: I64 = 0
        while size > 1:
            size //= 2
            rank += 1
        return rank
