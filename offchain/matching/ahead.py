"""Looking ahead: what the next commands of a batch are going to read, asked of memory for all of them at once.

In a large exchange most records that a command names are in no near cache, and one leads to the next: index, order,
neighbours. One command after the other would wait for each; here several wait together. It changes nothing.
"""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.state import State
from offchain.matching.words import I64, Record, Row, Rows, Words, blank, high_of, low_of, record


@cython.final
@cython.cclass
class Ahead:
    """For each command in sight, its `slots`, `levels` and `balances` (0: none).

    The slot is that of the order it names, or of its account's last order; level and balance are those it will touch.
    What was read goes into `seen`, which nobody needs.
    """

    state: State
    slots: Words
    levels: Words
    balances: Words
    seen: I64

    def __init__(self, state: State) -> None:
        self.state = state
        self.slots = blank(at.IN_SIGHT)
        self.levels = blank(at.IN_SIGHT)
        self.balances = blank(at.IN_SIGHT)
        self.seen = 0

    @cython.cfunc
    def look(self, rows: Rows, first: I64, count: I64) -> I64:
        """Read what `count` commands from `first` on will, at most IN_SIGHT of them."""
        number: I64 = 0
        while number < count:
            self.find(number, record(rows, (first + number) * at.COMMAND_WORDS, at.COMMAND_WORDS))
            number += 1
        number = 0
        while number < count:
            self.approach(number)
            number += 1
        number = 0
        while number < count:
            self.reach(number)
            number += 1
        return 0

    @cython.cfunc
    @cython.inline
    def find(self, number: I64, row: Row) -> I64:
        """The first step: where indexes and lists say that the records are."""
        self.slots[number] = 0
        self.levels[number] = 0
        self.balances[number] = 0
        kind: I64 = row[2] & 0xFF
        if kind in (codes.CANCEL, codes.REPLACE, codes.AMEND):
            entry: I64 = self.state.orders.index[self.state.orders.home(row[6] & at.TAG_MASK)]
            if entry >> at.TAG_SHIFT == row[6] & at.TAG_MASK:
                self.slots[number] = entry & at.LOW32
        elif kind == codes.PLACE:
            self.find_placed(number, row)
        return 0

    @cython.cfunc
    @cython.inline
    def find_placed(self, number: I64, row: Row) -> I64:
        """The same of a new order."""
        account: I64 = (row[2] >> 32) & at.LOW32
        market: I64 = (row[3] >> 32) & at.LOW16
        if not self.state.is_market(market) or not self.state.ledger.is_account(account):
            return 0
        terms: Record = record(self.state.markets, market * at.MARKET_WORDS, at.MARKET_WORDS)
        self.slots[number] = self.state.ledger.accounts[account * at.ACCOUNT_WORDS + at.LAST_ORDER]
        key: I64 = account << 16 | terms[at.BASE]
        self.balances[number] = self.state.ledger.index[self.state.ledger.home(key)]
        self.seen ^= self.state.orders.index[self.state.orders.home(row[0] & at.TAG_MASK)]
        side: I64 = self.state.side_of(market, (row[2] >> 8) & 1)
        prefix: I64 = row[7] >> at.NODE_BITS
        leaf: I64 = self.state.books.sides[side + at.LEAVES + (prefix & at.LEAVES_MASK)]
        if leaf != 0 and self.state.books.nodes[leaf + at.PREFIX] == prefix:
            self.levels[number] = self.state.books.nodes[leaf + at.CHILDREN + (row[7] & at.NODE_MASK)]
        return 0

    @cython.cfunc
    @cython.inline
    def approach(self, number: I64) -> I64:
        """The second step: the records themselves."""
        order: Record = record(self.state.orders.slots, self.slots[number], at.ORDER_WORDS)
        if self.balances[number] == 0:
            self.levels[number] = low_of(order[at.LEVEL_ACCOUNT])
            self.balances[number] = low_of(order[at.BALANCES])
            return 0
        self.seen ^= order[at.OWN_LINKS]
        return 0

    @cython.cfunc
    @cython.inline
    def reach(self, number: I64) -> I64:
        """The third step: what they lead to."""
        order: Record = record(self.state.orders.slots, self.slots[number], at.ORDER_WORDS)
        level: Record = record(self.state.books.levels, self.levels[number], at.LEVEL_WORDS)
        links: I64 = order[at.LINKS]
        own: I64 = order[at.OWN_LINKS]
        seen: I64 = self.state.orders.slots[low_of(links)] ^ self.state.orders.slots[high_of(links)]
        seen ^= self.state.orders.slots[low_of(own)] ^ self.state.orders.slots[high_of(own)]
        seen ^= self.state.orders.slots[level[at.TAIL]] ^ self.state.ledger.balances[self.balances[number]]
        self.seen ^= seen ^ self.state.ledger.accounts[high_of(order[at.LEVEL_ACCOUNT]) * at.ACCOUNT_WORDS]
        return 0
