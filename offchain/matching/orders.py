"""The pool of open orders: slots that are reused, found by order id."""

import cython

from offchain.matching import layout as at
from offchain.matching.words import I64, Record, Words, blank, grown, high_of, low_of, pair, sorted_by


@cython.final
@cython.cclass
class OrderPool:
    """Slots of ORDER_WORDS words and an index of order ids (open addressing, linear probing).

    The index is at most a quarter full, for no processor can foresee where two ids meet. It has room for `most` orders
    as it is.
    An entry of the index holds enough of the id that no other order need be looked at on the way to the right one.
    Levels change without asking whether there is a neighbour, which no processor can foresee: where there is none,
    links are written to record 0, whose are never followed; they too name slots that exist.
    """

    slots: Words
    capacity: I64
    used: I64
    free: I64
    count: I64
    index: Words
    mask: I64
    most: I64
    index_shift: I64
    found: I64

    def __init__(self) -> None:
        self.capacity = 64
        self.slots = blank(self.capacity * at.ORDER_WORDS)
        self.used = 1
        self.free = 0
        self.count = 0
        self.mask = 127
        self.most = 31
        self.index_shift = 25
        self.found = 0
        self.index = blank(self.mask + 1)

    @cython.cfunc
    @cython.inline
    def home(self, tag: I64) -> I64:
        """Where the index looks first for an id with this tag."""
        return (tag * at.HASH_FACTOR & at.LOW32) >> self.index_shift

    @cython.cfunc
    @cython.inline
    def find(self, order_id: I64) -> I64:
        """The slot of an open order, or 0."""
        tag: I64 = order_id & at.TAG_MASK
        place: I64 = self.home(tag)
        entry: I64 = self.index[place]
        while entry != 0:
            slot: I64 = entry & at.LOW32
            if entry >> at.TAG_SHIFT == tag and self.slots[slot + at.ID] == order_id:
                self.found = place
                return slot
            place = (place + 1) & self.mask
            entry = self.index[place]
        return 0

    @cython.cfunc
    @cython.inline
    def take(self, order_id: I64) -> I64:
        """A slot for an order that is not in the pool, of which nothing is set, not even its ID."""
        if self.count == self.most:
            self.widen()
        self.count += 1
        slot: I64 = self.free
        if slot != 0:
            self.free = self.slots[slot + at.LINKS]
        else:
            if self.used == self.capacity:
                self.capacity *= 2
                self.slots = grown(self.slots, self.capacity * at.ORDER_WORDS)
            slot = self.used * at.ORDER_WORDS
            self.used += 1
        self.enter(slot, order_id & at.TAG_MASK)
        return slot

    @cython.cfunc
    @cython.inline
    def give_back(self, slot: I64, order: Record) -> I64:
        """Free the slot of an open order, and close the gap that it leaves in the index."""
        tag: I64 = order[at.ID] & at.TAG_MASK
        entry: I64 = tag << at.TAG_SHIFT | slot
        place: I64 = self.found
        if self.index[place] != entry:
            place = self.home(tag)
        while self.index[place] != entry:
            place = (place + 1) & self.mask
        later: I64 = (place + 1) & self.mask
        moved: I64 = self.index[later]
        while moved != 0:
            if ((later - self.home(moved >> at.TAG_SHIFT)) & self.mask) >= ((later - place) & self.mask):
                self.index[place] = moved
                place = later
            later = (later + 1) & self.mask
            moved = self.index[later]
        self.index[place] = 0
        order[at.ID] = 0
        order[at.LINKS] = self.free
        self.free = slot
        self.count -= 1
        return 0

    @cython.cfunc
    @cython.inline
    def join(self, slot: I64, last: I64) -> I64:
        """Let the last of a level, 0 if there is none, lead to a slot."""
        self.slots[last + at.LINKS] = self.slots[last + at.LINKS] >> at.HIGH << at.HIGH | slot
        return 0

    @cython.cfunc
    @cython.inline
    def leave(self, word: I64) -> I64:
        """Take what has this `word` of links out of its level, whose ends are for the caller to move."""
        before: I64 = high_of(word)
        after: I64 = low_of(word)
        self.slots[before + at.LINKS] = self.slots[before + at.LINKS] >> at.HIGH << at.HIGH | after
        self.slots[after + at.LINKS] = pair(low_of(self.slots[after + at.LINKS]), before)
        return 0

    @cython.cfunc
    @cython.inline
    def enter(self, slot: I64, tag: I64) -> I64:
        """Put a slot into the index, by the low bits of its id."""
        place: I64 = self.home(tag)
        while self.index[place] != 0:
            place = (place + 1) & self.mask
        self.index[place] = tag << at.TAG_SHIFT | slot
        return 0

    @cython.cfunc
    def by_age(self) -> Words:
        """The slots of all open orders, by ascending id."""
        ids: Words = blank(self.count)
        found: Words = blank(self.count)
        count: I64 = 0
        slot: I64 = at.ORDER_WORDS
        while slot < self.used * at.ORDER_WORDS:
            if self.slots[slot + at.ID] != 0:
                ids[count] = self.slots[slot + at.ID]
                found[count] = slot
                count += 1
            slot += at.ORDER_WORDS
        return sorted_by(ids, found)

    @cython.cfunc
    def widen(self) -> I64:
        """Double the index, and enter every order again: none is free, for there were never as many as now."""
        self.mask = 2 * self.mask + 1
        self.most = self.mask // 4
        self.index_shift -= 1
        self.index = blank(self.mask + 1)
        slot: I64 = at.ORDER_WORDS
        while slot < self.used * at.ORDER_WORDS:
            self.enter(slot, self.slots[slot + at.ID] & at.TAG_MASK)
            slot += at.ORDER_WORDS
        return 0
