"""The pool of open orders: slots that are reused, found by order id."""

import cython

from offchain.matching import layout as at
from offchain.matching.elders import Elders
from offchain.matching.words import (
    I64,
    HalfWords,
    Record,
    Words,
    blank,
    blank_half_words,
    grown,
    high_of,
    low_of,
    pair,
    sorted_by,
)


@cython.final
@cython.cclass
class OrderPool:
    """Slots of ORDER_WORDS words, and where the order of an id is.

    Ids are sequences of commands, and most orders leave soon. So `recent` has a place for each of the newest ids, eight
    times as many as there are open orders at least: the slot of the id's order, or 0. An order that is still open when
    a newer one needs its place goes to the `elders`.
    Price levels have slots here too: so the orders of a level and the level itself are a ring, and one comes or goes
    without asking whether it is the first or the last, which no processor can foresee.
    """

    slots: Words
    capacity: I64
    used: I64
    free: I64
    levels: I64
    recent: HalfWords
    recent_mask: I64
    elders: Elders

    def __init__(self) -> None:
        self.capacity = 64
        self.slots = blank(self.capacity * at.ORDER_WORDS)
        self.used = 1
        self.free = 0
        self.levels = 0
        self.recent_mask = 511
        self.recent = blank_half_words(self.recent_mask + 1)
        self.elders = Elders()

    @cython.cfunc
    @cython.inline
    def place_of(self, order_id: I64) -> I64:
        """The place of an id among the newest, which older ones had before it."""
        return order_id & self.recent_mask

    @cython.cfunc
    @cython.inline
    def at_hand(self, order_id: I64) -> I64:
        """The slot in the place of an id, that of its order or of another one, or 0."""
        return self.recent[self.place_of(order_id)]

    @cython.cfunc
    @cython.inline
    def find(self, order_id: I64) -> I64:
        """The slot of an open order, or 0."""
        slot: I64 = self.at_hand(order_id)
        if self.slots[slot + at.ID] == order_id:
            return slot
        return self.elders.find(self.slots, order_id)

    @cython.cfunc
    @cython.inline
    def take(self, order_id: I64) -> I64:
        """A slot for an order that is not in the pool, of which nothing is set, not even its ID."""
        slot: I64 = self.vacant()
        self.enter(slot, order_id)
        return slot

    @cython.cfunc
    @cython.inline
    def vacant(self) -> I64:
        """A slot that is in use for nothing any more; records of others may be dead then."""
        slot: I64 = self.free
        if slot == 0:
            return self.unused()
        self.free = self.slots[slot + at.LINKS]
        return slot

    @cython.cfunc
    def unused(self) -> I64:
        """A slot that nothing was in yet: all others are in use."""
        if 8 * self.used > self.recent_mask:
            self.widen()
        if self.used == self.capacity:
            self.capacity *= 2
            self.slots = grown(self.slots, self.capacity * at.ORDER_WORDS)
        self.used += 1
        return (self.used - 1) * at.ORDER_WORDS

    @cython.cfunc
    def count(self) -> I64:
        """How many orders are open."""
        count: I64 = self.used - 1 - self.levels
        slot: I64 = self.free
        while slot != 0:
            count -= 1
            slot = self.slots[slot + at.LINKS]
        return count

    @cython.cfunc
    @cython.inline
    def give_back(self, slot: I64, order: Record) -> I64:
        """Free the slot of an open order."""
        place: I64 = self.place_of(order[at.ID])
        if self.recent[place] == slot:
            self.recent[place] = 0
        else:
            self.elders.leave(slot, order[at.ID])
        order[at.ID] = 0
        order[at.LINKS] = self.free
        self.free = slot
        return 0

    @cython.cfunc
    def take_level(self) -> I64:
        """A slot for a level without orders."""
        level: I64 = self.vacant()
        self.slots[level + at.LINKS] = pair(level, level)
        self.levels += 1
        return level

    @cython.cfunc
    def give_back_level(self, level: I64) -> I64:
        """Free the slot of a level."""
        self.slots[level + at.LINKS] = self.free
        self.free = level
        self.levels -= 1
        return 0

    @cython.cfunc
    @cython.inline
    def join(self, slot: I64, order: Record, level: I64) -> I64:
        """Let an order be the last of a level."""
        last: I64 = high_of(self.slots[level + at.LINKS])
        order[at.LINKS] = pair(level, last)
        self.slots[last + at.LINKS] = self.slots[last + at.LINKS] >> at.HIGH << at.HIGH | slot
        self.slots[level + at.LINKS] = pair(low_of(self.slots[level + at.LINKS]), slot)
        return 0

    @cython.cfunc
    @cython.inline
    def leave(self, links: I64) -> I64:
        """Take the order that has these links out of its level."""
        before: I64 = high_of(links)
        after: I64 = low_of(links)
        self.slots[before + at.LINKS] = self.slots[before + at.LINKS] >> at.HIGH << at.HIGH | after
        self.slots[after + at.LINKS] = pair(low_of(self.slots[after + at.LINKS]), before)
        return 0

    @cython.cfunc
    @cython.inline
    def enter(self, slot: I64, order_id: I64) -> I64:
        """Let an id lead to a slot."""
        place: I64 = self.place_of(order_id)
        if self.recent[place] != 0:
            return self.displace(place, slot, order_id)
        self.recent[place] = slot
        return 0

    @cython.cfunc
    def displace(self, place: I64, slot: I64, order_id: I64) -> I64:
        """The same where another order stands: the older of the two, which may be either, goes to the elders."""
        other: I64 = self.recent[place]
        if self.slots[other + at.ID] > order_id:
            return self.elders.enter(slot, order_id)
        self.recent[place] = slot
        return self.elders.enter(other, self.slots[other + at.ID])

    @cython.cfunc
    def by_age(self) -> Words:
        """The slots of all open orders, by ascending id."""
        ids: Words = blank(self.count())
        found: Words = blank(len(ids))
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
        """Remember twice as many ids, and enter every order again."""
        self.recent_mask = 2 * self.recent_mask + 1
        self.recent = blank_half_words(self.recent_mask + 1)
        self.elders = Elders()
        slot: I64 = at.ORDER_WORDS
        while slot < self.used * at.ORDER_WORDS:
            if self.slots[slot + at.ID] != 0:
                self.enter(slot, self.slots[slot + at.ID])
            slot += at.ORDER_WORDS
        return 0
