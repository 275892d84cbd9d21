"""Which orders each account has open: a block of words for each, an order's slot a word, in no order."""

import cython

from offchain.matching import layout as at
from offchain.matching.blocks import Blocks
from offchain.matching.words import I64, Record, Words, blank, grown, high_of, low_of, pair


@cython.final
@cython.cclass
class Rosters:
    """Blocks of 4, 8, 16 ... words in one array, named by an account's ROSTER; an order knows its place in its block.

    So an order that comes or goes touches no other. A place that is free holds what taking it adds to OPEN_ORDERS: one
    more order, and the place that is free next; so it is odd, and no slot is. The last one left is taken first. An
    account that fills its block moves to one of twice the size, places kept.
    """

    words: Words
    blocks: Blocks

    def __init__(self) -> None:
        self.words = blank(64)
        self.blocks = Blocks()

    @cython.cfunc
    @cython.inline
    def enter(self, account: Record, slot: I64) -> I64:
        """Put a slot on an account's roster; returns its place there."""
        block: I64 = account[at.ROSTER]
        counts: I64 = account[at.OPEN_ORDERS]
        place: I64 = high_of(counts)
        if place == high_of(block):
            block = self.enlarge(account, block)
        entry: I64 = low_of(block) + place
        account[at.OPEN_ORDERS] = low_of(counts) + self.words[entry]
        self.words[entry] = slot
        return place

    @cython.cfunc
    @cython.inline
    def strike(self, account: Record, place: I64) -> I64:
        """Take the slot in this place off an account's roster."""
        counts: I64 = account[at.OPEN_ORDERS]
        self.words[low_of(account[at.ROSTER]) + place] = counts >> at.HIGH << at.HIGH | 1
        account[at.OPEN_ORDERS] = pair(low_of(counts) - 1, place)
        return 0

    @cython.cfunc
    def enlarge(self, account: Record, block: I64) -> I64:
        """Move an account to a block of twice the size, of which the second half is free; returns its ROSTER."""
        size: I64 = high_of(block)
        larger: I64 = max(2 * size, at.ROSTER_LEAST)
        start: I64 = self.blocks.take(self.words, larger)
        if start + larger > len(self.words):
            self.words = grown(self.words, 2 * (start + larger))
        number: I64 = 0
        while number < size:
            self.words[start + number] = self.words[low_of(block) + number]
            number += 1
        while number < larger:
            number += 1
            self.words[start + number - 1] = pair(1, number)
        if size != 0:
            self.blocks.free(self.words, low_of(block), size)
        account[at.ROSTER] = pair(start, larger)
        return account[at.ROSTER]
