"""What each account traded a day: pages of 31 days, which an account has from its first fill until all is forgotten."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.words import I64, Record, Words, blank, grown, high_of, low_of, pair


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
    def add(self, account: Record, volume: I64) -> I64:
        """Count what an account traded on `day`, more than 0."""
        page: I64 = account[at.PAGE]
        if low_of(page) == 0 or high_of(page) != self.day:
            return self.add_other(account, volume)
        account[at.LATEST] = self.capped(account[at.LATEST], volume)
        return 0

    @cython.cfunc
    @cython.inline
    def capped(self, one: I64, other: I64) -> I64:
        """The sum of two that are not negative, or 2^63 - 1."""
        return one + other if other <= codes.UNITS_MAX - one else codes.UNITS_MAX

    @cython.cfunc
    def add_other(self, account: Record, volume: I64) -> I64:
        """Count a trade of another day than the newest of an account; one of more than 30 days before is dropped."""
        if account[at.PAGE] == 0:
            self.give_page(account, self.day)
        newest: I64 = high_of(account[at.PAGE])
        if self.day >= newest:
            self.turn(account, self.day)
            account[at.LATEST] = volume
        elif newest - self.day < at.PAGE_DAYS:
            place: I64 = low_of(account[at.PAGE]) + self.day % at.OLDER_DAYS
            self.pages[place] = self.capped(self.pages[place], volume)
        return 0

    @cython.cfunc
    def turn(self, account: Record, day: I64) -> I64:
        """Make a later day an account's newest, and forget the days that are then more than 30 days back."""
        start: I64 = low_of(account[at.PAGE])
        newest: I64 = high_of(account[at.PAGE])
        gone: I64 = min(day - newest, at.OLDER_DAYS)
        back: I64 = 0
        while back < gone:
            # Day newest - 30 + back; the first of these places is that of the newest day itself.
            self.pages[start + (newest + back) % at.OLDER_DAYS] = 0
            back += 1
        if 0 < day - newest < at.PAGE_DAYS:
            self.pages[start + newest % at.OLDER_DAYS] = account[at.LATEST]
        account[at.PAGE] = pair(start, day)
        account[at.LATEST] = 0
        return 0

    @cython.cfunc
    def of_day(self, account: Record, back: I64) -> I64:
        """What an account traded on the day that is `back` days, at most 30, before its newest."""
        return account[at.LATEST] if back == 0 else self.pages[self.place_of(account, back)]

    @cython.cfunc
    def set_day(self, account: Record, back: I64, volume: I64) -> I64:
        """Set the same."""
        if back == 0:
            account[at.LATEST] = volume
        else:
            self.pages[self.place_of(account, back)] = volume
        return 0

    @cython.cfunc
    @cython.inline
    def place_of(self, account: Record, back: I64) -> I64:
        """Where an account's page has the day that is `back` days, 1 to 30, before its newest."""
        page: I64 = account[at.PAGE]
        return low_of(page) + (high_of(page) + at.OLDER_DAYS - back) % at.OLDER_DAYS

    @cython.cfunc
    def roll(self, account: Record, day: I64) -> I64:
        """The sum of the 30 days before `day`. Days before these are forgotten; so is a page with nothing left."""
        page: I64 = account[at.PAGE]
        if page == 0:
            return 0
        total: I64 = 0
        left: I64 = 0
        back: I64 = 0
        while back < at.PAGE_DAYS:
            of: I64 = high_of(page) - back
            if of < day - at.OLDER_DAYS:
                self.set_day(account, back, 0)
            elif of < day:
                total = self.capped(total, self.of_day(account, back))
            left |= self.of_day(account, back)
            back += 1
        if left == 0:
            self.pages[low_of(page)] = self.free
            self.free = low_of(page)
            account[at.PAGE] = 0
        return total

    @cython.cfunc
    def give_page(self, account: Record, day: I64) -> I64:
        """Give an account a page of zeros, with this newest day."""
        start: I64 = self.free
        if start != 0:
            self.free = self.pages[start]
            self.pages[start] = 0
        else:
            if self.used == self.capacity:
                self.capacity *= 2
                self.pages = grown(self.pages, self.capacity * at.PAGE_WORDS)
            start = self.used * at.PAGE_WORDS
            self.used += 1
        account[at.PAGE] = pair(start, day)
        return 0
