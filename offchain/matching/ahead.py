"""Looking ahead: what the next commands of a batch are going to read, asked of memory before their turn.

In a large exchange most records that a command names are in no near cache, and one leads to the next: index, order,
neighbours. A command that came upon them in its turn would wait for each. So each of three steps is taken some
commands earlier, and only asks for what it finds; by the next step that has come, and nothing waits. It changes
nothing. What the commands in between do, and a command that is wrong, can only make it ask for what is not needed.
"""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.state import State
from offchain.matching.words import I64, Record, Row, Rows, Words, ask, blank, high_of, low_of, record


@cython.final
@cython.cclass
class Ahead:
    """What the steps found for each command in sight, at its number's rest by SIGHT.

    Of a new order: `levels` is the child of a node where its level hangs, then the level; `homes` is where the index of
    balances looks for the base asset's; `makers` is the oldest order that it would meet, or 0. Of any other command,
    `levels` is 0 and `makers` is the order that it names, or 0.
    """

    state: State
    levels: Words
    homes: Words
    makers: Words

    def __init__(self, state: State) -> None:
        self.state = state
        self.levels = blank(at.SIGHT)
        self.homes = blank(at.SIGHT)
        self.makers = blank(at.SIGHT)

    @cython.cfunc
    def begin(self, rows: Rows, count: I64) -> I64:
        """Take the steps that are due before the first command of a batch."""
        first: I64 = -at.SIGHT
        while first < 0:
            self.look(rows, first, count)
            first += at.GROUP
        return 0

    @cython.cfunc
    def look(self, rows: Rows, first: I64, count: I64) -> I64:
        """Take the steps that are due before the group of commands from `first` on: one step for each later group."""
        self.find(rows, max(first + 3 * at.GROUP, 0), min(first + 4 * at.GROUP, count))
        self.approach(rows, max(first + 2 * at.GROUP, 0), min(first + 3 * at.GROUP, count))
        return self.reach(max(first + at.GROUP, 0), min(first + 2 * at.GROUP, count))

    @cython.cfunc
    @cython.inline
    def find(self, rows: Rows, number: I64, end: I64) -> I64:
        """The first step: the indexes and the tree, which lead to the records."""
        while number < end:
            row: Row = record(rows, number * at.COMMAND_WORDS, at.COMMAND_WORDS)
            self.levels[number % at.SIGHT] = 0
            if row[2] & 0xFF == codes.PLACE:
                self.find_placed(number % at.SIGHT, row)
            else:
                ask(self.state.orders.index, self.state.orders.home(row[6] & at.TAG_MASK))
            number += 1
        return 0

    @cython.cfunc
    @cython.inline
    def find_placed(self, place: I64, row: Row) -> I64:
        """The same of a new order; nothing if its account or market is unknown."""
        account: I64 = (row[2] >> 32) & at.LOW32
        market: I64 = (row[3] >> 32) & at.LOW16
        if not self.state.is_market(market) or not self.state.ledger.is_account(account):
            return 0
        ask(self.state.ledger.accounts, account * at.ACCOUNT_WORDS)
        ask(self.state.orders.index, self.state.orders.home(row[0] & at.TAG_MASK))
        base: I64 = self.state.markets[market * at.MARKET_WORDS + at.BASE]
        home: I64 = self.state.ledger.home(account << 16 | base)
        ask(self.state.ledger.index, home)
        self.homes[place] = home
        side: I64 = self.state.side_of(market, (row[2] >> 8) & 1)
        leaf: I64 = self.state.books.sides[side + at.LEAVES + ((row[7] >> at.NODE_BITS) & at.LEAVES_MASK)]
        child: I64 = leaf + at.CHILDREN + (row[7] & at.NODE_MASK)
        ask(self.state.books.nodes, leaf)
        ask(self.state.books.nodes, child)
        self.levels[place] = child
        return 0

    @cython.cfunc
    @cython.inline
    def approach(self, rows: Rows, number: I64, end: I64) -> I64:
        """The second step: the records."""
        while number < end:
            row: Row = record(rows, number * at.COMMAND_WORDS, at.COMMAND_WORDS)
            if self.levels[number % at.SIGHT] != 0:
                self.approach_placed(number % at.SIGHT, row)
            else:
                slot: I64 = self.state.orders.index[self.state.orders.home(row[6] & at.TAG_MASK)] & at.LOW32
                ask(self.state.orders.slots, slot)
                self.makers[number % at.SIGHT] = slot
            number += 1
        return 0

    @cython.cfunc
    @cython.inline
    def approach_placed(self, place: I64, row: Row) -> I64:
        """The same of a new order."""
        number: I64 = (row[2] >> 32) & at.LOW32
        account: Record = record(self.state.ledger.accounts, number * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        ask(self.state.ledger.balances, low_of(account[at.RECENT_QUOTE]))
        ask(self.state.orders.slots, account[at.LAST_ORDER])
        balance: I64 = self.state.ledger.index[self.homes[place]]
        ask(self.state.ledger.balances, balance)
        joined: I64 = self.state.books.nodes[self.levels[place]]
        ask(self.state.books.levels, joined)
        self.levels[place] = joined
        self.makers[place] = 0
        side: I64 = (row[2] >> 8) & 1
        best: I64 = self.state.books.sides[self.state.side_of((row[3] >> 32) & at.LOW16, 1 - side) + at.BEST]
        level: Record = record(self.state.books.levels, best, at.LEVEL_WORDS)
        if best != 0 and (level[at.LEVEL_PRICE] >= row[7] if side == codes.SELL else level[at.LEVEL_PRICE] <= row[7]):
            ask(self.state.orders.slots, level[at.HEAD])
            self.makers[place] = level[at.HEAD]
        return 0

    @cython.cfunc
    @cython.inline
    def reach(self, number: I64, end: I64) -> I64:
        """The third step: what the records lead to."""
        while number < end:
            place: I64 = self.levels[number % at.SIGHT]
            # What hung there may be a node by now, whose name need not be that of a level.
            if 0 < place < len(self.state.books.levels) - at.LEVEL_WORDS:
                tail: I64 = self.state.books.levels[place + at.TAIL]
                ask(self.state.orders.slots, tail)
            if self.makers[number % at.SIGHT] != 0:
                self.surround(self.makers[number % at.SIGHT])
            number += 1
        return 0

    @cython.cfunc
    @cython.inline
    def surround(self, slot: I64) -> I64:
        """What changes when an order leaves."""
        order: Record = record(self.state.orders.slots, slot, at.ORDER_WORDS)
        links: I64 = order[at.LINKS]
        own: I64 = order[at.OWN_LINKS]
        names: I64 = order[at.LEVEL_ACCOUNT]
        ask(self.state.orders.slots, low_of(links))
        ask(self.state.orders.slots, high_of(links))
        ask(self.state.orders.slots, low_of(own))
        ask(self.state.orders.slots, high_of(own))
        ask(self.state.books.levels, low_of(names))
        ask(self.state.ledger.accounts, high_of(names) * at.ACCOUNT_WORDS)
        ask(self.state.ledger.balances, order[at.HOLDING])
        return 0
