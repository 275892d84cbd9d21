"""What each account traded a day: pages of 31 days, which an account has from its first fill until all is forgotten."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.words import I64, Record, Words, blank, grown, record


@cython.final
@cython.cclass
class Volumes:
    """Pages of PAGE_WORDS words, named by an account's PAGE. Sums stop at 2^63 - 1 instead of passing it.

    The day of the last fill is kept, for the next one is most likely of the same.
    """

    pages: Words
    capacity: I64
    used: I64
    free: I64
    day: I64
    day_start: I64

    def __init__(self) -> None:
        self.capacity = 16
        self.pages = blank(self.capacity * at.PAGE_WORDS)
        self.used = 1
        self.free = 0
        self.day = 0
        self.day_start = 0

    @cython.cfunc
    @cython.inline
    def find_day(self, timestamp_us: I64) -> I64:
        """Set `day` to the one that a fill is of."""
        if timestamp_us < self.day_start or timestamp_us - self.day_start >= codes.DAY_US:
            self.day = max(timestamp_us, 0) // codes.DAY_US
            self.day_start = self.day * codes.DAY_US
        return 0

    @cython.cfunc
    @cython.inline
    def add(self, account: Record, notional: I64) -> I64:
        """Count what an account traded on `day`."""
        start: I64 = account[at.PAGE]
        if start == 0:
            start = self.new_page(self.day)
            account[at.PAGE] = start
        page: Record = record(self.pages, start, at.PAGE_WORDS)
        if page[at.NEWEST] != self.day:
            return self.add_other(start, notional)
        page[at.LATEST] = self.capped(page[at.LATEST], notional)
        return 0

    @cython.cfunc
    @cython.inline
    def capped(self, one: I64, other: I64) -> I64:
        """The sum of two that are not negative, or 2^63 - 1."""
        return one + other if other <= codes.UNITS_MAX - one else codes.UNITS_MAX

    @cython.cfunc
    def add_other(self, start: I64, notional: I64) -> I64:
        """Count a trade of another day than the page's newest; one of more than 30 days before is dropped."""
        page: Record = record(self.pages, start, at.PAGE_WORDS)
        if self.day > page[at.NEWEST]:
            self.turn(start, self.day)
            page[at.LATEST] = notional
        elif page[at.NEWEST] - self.day < at.PAGE_DAYS:
            place: I64 = start + at.OLDER + self.day % at.OLDER_DAYS
            self.pages[place] = self.capped(self.pages[place], notional)
        return 0

    @cython.cfunc
    def turn(self, start: I64, day: I64) -> I64:
        """Make a later day a page's newest, and forget the days that are then more than 30 days back."""
        page: Record = record(self.pages, start, at.PAGE_WORDS)
        newest: I64 = page[at.NEWEST]
        gone: I64 = min(day - newest, at.OLDER_DAYS)
        back: I64 = 0
        while back < gone:
            # Day newest - 30 + back; the first of these places is that of the newest day itself.
            self.pages[start + at.OLDER + (newest + back) % at.OLDER_DAYS] = 0
            back += 1
        if day - newest < at.PAGE_DAYS:
            self.pages[start + at.OLDER + newest % at.OLDER_DAYS] = page[at.LATEST]
        page[at.NEWEST] = day
        page[at.LATEST] = 0
        return 0

    @cython.cfunc
    @cython.inline
    def place_of(self, start: I64, back: I64) -> I64:
        """Where a page has the day that is `back` days, at most 30, before its newest."""
        if back == 0:
            return start + at.LATEST
        return start + at.OLDER + (self.pages[start + at.NEWEST] + at.OLDER_DAYS - back) % at.OLDER_DAYS

    @cython.cfunc
    def roll(self, account: Record, day: I64) -> I64:
        """The sum of the 30 days before `day`. Days before these are forgotten; so is a page with nothing left."""
        start: I64 = account[at.PAGE]
        if start == 0:
            return 0
        total: I64 = 0
        left: I64 = 0
        back: I64 = 0
        while back < at.PAGE_DAYS:
            place: I64 = self.place_of(start, back)
            of: I64 = self.pages[start + at.NEWEST] - back
            if of < day - at.OLDER_DAYS:
                self.pages[place] = 0
            elif of < day:
                total = self.capped(total, self.pages[place])
            left |= self.pages[place]
            back += 1
        if left == 0:
            self.pages[start + at.NEWEST] = self.free
            self.free = start
            account[at.PAGE] = 0
        return total

    @cython.cfunc
    def new_page(self, day: I64) -> I64:
        """A page of zeros with this newest day."""
        start: I64 = self.free
        if start != 0:
            self.free = self.pages[start + at.NEWEST]
        else:
            if self.used == self.capacity:
                self.capacity *= 2
                self.pages = grown(self.pages, self.capacity * at.PAGE_WORDS)
            start = self.used * at.PAGE_WORDS
            self.used += 1
        self.pages[start + at.NEWEST] = day
        return start
