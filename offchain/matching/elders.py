"""Open orders that newer ones have taken the place of among the newest ids: found by a hash of the id."""

import cython

from offchain.matching import layout as at
from offchain.matching.words import I64, Words, blank


@cython.final
@cython.cclass
class Elders:
    """An index of order ids (open addressing, linear probing), at most a quarter full.

    An entry holds enough of the id that no other order need be looked at on the way to the right one.
    """

    entries: Words
    mask: I64
    shift: I64
    count: I64

    def __init__(self) -> None:
        self.mask = 63
        self.shift = 26
        self.count = 0
        self.entries = blank(self.mask + 1)

    @cython.cfunc
    @cython.inline
    def home(self, tag: I64) -> I64:
        """Where an id with this tag is looked for first."""
        return (tag * at.HASH_FACTOR & at.LOW32) >> self.shift

    @cython.cfunc
    @cython.inline
    def find(self, slots: Words, order_id: I64) -> I64:
        """The slot of an order, or 0."""
        tag: I64 = order_id & at.TAG_MASK
        place: I64 = self.home(tag)
        entry: I64 = self.entries[place]
        while entry != 0:
            slot: I64 = entry & at.LOW32
            if entry >> at.TAG_SHIFT == tag and slots[slot + at.ID] == order_id:
                return slot
            place = (place + 1) & self.mask
            entry = self.entries[place]
        return 0

    @cython.cfunc
    def glance(self, order_id: I64, otherwise: I64) -> I64:
        """What `find` is going to look at first, without looking at it: a slot, or `otherwise` if there is none."""
        tag: I64 = order_id & at.TAG_MASK
        place: I64 = self.home(tag)
        entry: I64 = self.entries[place]
        while entry != 0:
            if entry >> at.TAG_SHIFT == tag:
                return entry & at.LOW32
            place = (place + 1) & self.mask
            entry = self.entries[place]
        return otherwise

    @cython.cfunc
    def enter(self, slot: I64, order_id: I64) -> I64:
        """Take in an order."""
        if 4 * self.count > self.mask:
            self.widen()
        self.count += 1
        tag: I64 = order_id & at.TAG_MASK
        return self.put(tag << at.TAG_SHIFT | slot)

    @cython.cfunc
    def leave(self, slot: I64, order_id: I64) -> I64:
        """Let an order go, and close the gap that it leaves."""
        tag: I64 = order_id & at.TAG_MASK
        entry: I64 = tag << at.TAG_SHIFT | slot
        place: I64 = self.home(tag)
        while self.entries[place] != entry:
            place = (place + 1) & self.mask
        later: I64 = (place + 1) & self.mask
        moved: I64 = self.entries[later]
        while moved != 0:
            if ((later - self.home(moved >> at.TAG_SHIFT)) & self.mask) >= ((later - place) & self.mask):
                self.entries[place] = moved
                place = later
            later = (later + 1) & self.mask
            moved = self.entries[later]
        self.entries[place] = 0
        self.count -= 1
        return 0

    @cython.cfunc
    def put(self, entry: I64) -> I64:
        """Write an entry where there is room for it."""
        place: I64 = self.home(entry >> at.TAG_SHIFT)
        while self.entries[place] != 0:
            place = (place + 1) & self.mask
        self.entries[place] = entry
        return 0

    @cython.cfunc
    def widen(self) -> I64:
        """Double the index."""
        before: Words = self.entries
        self.mask = 2 * self.mask + 1
        self.shift -= 1
        self.entries = blank(self.mask + 1)
        place: I64 = 0
        while place < len(before):
            if before[place] != 0:
                self.put(before[place])
            place += 1
        return 0
