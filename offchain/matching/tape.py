"""Words that are written or read one after the other."""

import cython

from offchain.matching.words import I64, Words, grown


@cython.final
@cython.cclass
class Tape:
    """An array of words and the place in it. Writing makes room as needed; reading past the end is an IndexError."""

    words: Words
    position: I64

    def __init__(self, words: Words) -> None:
        self.words = words
        self.position = 0

    @cython.cfunc
    @cython.inline
    def put(self, word: I64) -> I64:
        """Write the next word."""
        if self.position == len(self.words):
            self.words = grown(self.words, 2 * self.position)
        self.words[self.position] = word
        self.position += 1
        return 0

    @cython.cfunc
    def begin(self) -> I64:
        """Leave a word for the number of rows that follow; returns its place, for `finish`."""
        self.put(0)
        return self.position - 1

    @cython.cfunc
    def finish(self, place: I64, width: I64) -> I64:
        """Write how many rows of this width came since `begin`."""
        self.words[place] = (self.position - place - 1) // width
        return 0

    @cython.cfunc
    def copy(self, words: Words, start: I64, count: I64) -> I64:
        """Write `count` words from those at `start`."""
        number: I64 = 0
        while number < count:
            self.put(words[start + number])
            number += 1
        return 0

    @cython.cfunc
    @cython.inline
    def get(self) -> I64:
        """Read the next word."""
        self.position += 1
        return self.words[self.position - 1]
