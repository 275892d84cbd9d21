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

    `levels` is the child of a node where the level of a new order hangs, then the level; `homes` is where the index of
    balances looks for what a new order reserves; `orders` is the order that a command names, or the oldest one that a
    new order would meet. All are 0 where there is none.
    """

    state: State
    levels: Words
    homes: Words
    orders: Words

    def __init__(self, state: State) -> None:
        self.state = state
        self.levels = blank(at.SIGHT)
        self.homes = blank(at.SIGHT)
        self.orders = blank(at.SIGHT)

    @cython.cfunc
    def begin(self, rows: Rows, count: I64) -> I64:
        """Take the steps that are due before the first command of a batch."""
        first: I64 = -3 * at.STRIDE
        while first < 0:
            self.look(rows, first, count)
            first += 1
        return 0

    @cython.cfunc
    @cython.inline
    def look(self, rows: Rows, number: I64, count: I64) -> I64:
        """Take the steps that are due before a command."""
        third: I64 = number + at.STRIDE
        second: I64 = third + at.STRIDE
        first: I64 = second + at.STRIDE
        if first < count:
            self.find(record(rows, first * at.COMMAND_WORDS, at.COMMAND_WORDS), first % at.SIGHT)
        if 0 <= second < count:
            self.approach(record(rows, second * at.COMMAND_WORDS, at.COMMAND_WORDS), second % at.SIGHT)
        if 0 <= third < count:
            self.reach(third % at.SIGHT)
        return 0

    @cython.cfunc
    @cython.inline
    def find(self, row: Row, place: I64) -> I64:
        """The first step: the indexes and the tree, which lead to the records."""
        state: State = self.state
        placed: cython.bint = row[2] & 0xFF == codes.PLACE
        number: I64 = row[0] if placed else row[6]
        ask(state.orders.index, state.orders.home(number & at.TAG_MASK))
        account: I64 = (row[2] >> 32) & at.LOW32
        ask(state.ledger.accounts, account * at.ACCOUNT_WORDS)
        market: I64 = (row[3] >> 32) & at.LOW16
        selling: I64 = (row[2] >> 8) & 1
        if (market + 1) * at.MARKET_WORDS > len(state.markets):
            self.levels[place] = 0
            self.homes[place] = 0
            return 0
        terms: Record = record(state.markets, market * at.MARKET_WORDS, at.MARKET_WORDS)
        base: I64 = terms[at.BASE]
        quote: I64 = terms[at.QUOTE]
        home: I64 = state.ledger.home(account << 16 | (base if selling != 0 else quote))
        ask(state.ledger.index, home)
        self.homes[place] = home
        side: I64 = state.side_of(market, selling)
        leaf: I64 = state.books.sides[side + at.LEAVES + ((row[7] >> at.NODE_BITS) & at.LEAVES_MASK)]
        child: I64 = leaf + at.CHILDREN + (row[7] & at.NODE_MASK)
        ask(state.books.nodes, leaf)
        ask(state.books.nodes, child)
        self.levels[place] = child
        return 0

    @cython.cfunc
    @cython.inline
    def approach(self, row: Row, place: I64) -> I64:
        """The second step: the records."""
        state: State = self.state
        placed: cython.bint = row[2] & 0xFF == codes.PLACE
        named: I64 = state.orders.index[state.orders.home(row[6] & at.TAG_MASK)] & at.LOW32
        account: I64 = (row[2] >> 32) & at.LOW32
        if account < state.ledger.account_count:
            hot: Record = record(state.ledger.accounts, account * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
            ask(state.rosters.words, low_of(hot[at.ROSTER]) + high_of(hot[at.OPEN_ORDERS]))
        ask(state.ledger.balances, state.ledger.index[self.homes[place]])
        joined: I64 = state.books.nodes[self.levels[place]]
        ask(state.books.levels, joined)
        self.levels[place] = joined
        market: I64 = (row[3] >> 32) & at.LOW16
        if (market + 1) * at.MARKET_WORDS > len(state.markets):
            self.orders[place] = 0
            return 0
        selling: I64 = (row[2] >> 8) & 1
        best: I64 = state.books.sides[state.side_of(market, 1 - selling) + at.BEST]
        level: Record = record(state.books.levels, best, at.LEVEL_WORDS)
        sign: I64 = 1 - 2 * selling
        head: I64 = level[at.HEAD]
        met: I64 = head if (level[at.LEVEL_PRICE] - row[7]) * sign <= 0 else 0
        slot: I64 = met if placed else named
        ask(state.orders.slots, slot)
        self.orders[place] = slot
        return 0

    @cython.cfunc
    @cython.inline
    def reach(self, place: I64) -> I64:
        """The third step: what the records lead to, which changes when an order comes or leaves."""
        state: State = self.state
        joined: I64 = self.levels[place]
        # What hung there may be a node by now, whose name need not be that of a level.
        if joined + at.LEVEL_WORDS <= len(state.books.levels):
            ask(state.orders.slots, state.books.levels[joined + at.TAIL])
        order: Record = record(state.orders.slots, self.orders[place], at.ORDER_WORDS)
        links: I64 = order[at.LINKS]
        places: I64 = order[at.PLACE_HOLDING]
        names: I64 = order[at.LEVEL_ACCOUNT]
        ask(state.orders.slots, low_of(links))
        ask(state.orders.slots, high_of(links))
        ask(state.books.levels, low_of(names))
        account: Record = record(state.ledger.accounts, high_of(names) * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        ask(state.rosters.words, low_of(account[at.ROSTER]) + low_of(places))
        ask(state.ledger.balances, high_of(places))
        return 0
