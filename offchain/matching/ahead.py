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
    """What the steps found for each command in sight: a record of SIGHTED_WORDS, at its number's rest by SIGHT."""

    state: State
    sighted: Words

    def __init__(self, state: State) -> None:
        self.state = state
        self.sighted = blank(at.SIGHT * at.SIGHTED_WORDS)

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
            self.find(record(rows, first * at.COMMAND_WORDS, at.COMMAND_WORDS), self.of(first))
        if 0 <= second < count:
            self.approach(record(rows, second * at.COMMAND_WORDS, at.COMMAND_WORDS), self.of(second))
        if 0 <= third < count:
            self.reach(self.of(third))
        return 0

    @cython.cfunc
    @cython.inline
    def of(self, number: I64) -> I64:
        """Where the record of a command in sight begins."""
        return (number % at.SIGHT) * at.SIGHTED_WORDS

    @cython.cfunc
    @cython.inline
    def find(self, row: Row, place: I64) -> I64:
        """The first step: the indexes and the tree, which lead to the records."""
        state: State = self.state
        sighted: Record = record(self.sighted, place, at.SIGHTED_WORDS)
        placed: cython.bint = row[2] & 0xFF == codes.PLACE
        number: I64 = row[0] if placed else row[6]
        entry: I64 = state.orders.home(number & at.TAG_MASK)
        ask(state.orders.index, entry)
        account: I64 = (row[2] >> 32) & at.LOW32
        ask(state.ledger.accounts, account * at.ACCOUNT_WORDS)
        market: I64 = (row[3] >> 32) & at.LOW16
        # Market 0 is never listed: all that a command of no market comes upon there is 0.
        if (market + 1) * at.MARKET_WORDS > len(state.markets):
            market = 0
        terms: Record = record(state.markets, market * at.MARKET_WORDS, at.MARKET_WORDS)
        base: I64 = terms[at.BASE]
        quote: I64 = terms[at.QUOTE]
        selling: I64 = (row[2] >> 8) & 1
        home: I64 = state.ledger.home(account << 16 | (base if selling != 0 else quote))
        ask(state.ledger.index, home)
        side: I64 = state.side_of(market, selling)
        leaf: I64 = state.books.sides[side + at.LEAVES + ((row[7] >> at.NODE_BITS) & at.LEAVES_MASK)]
        child: I64 = leaf + at.CHILDREN + (row[7] & at.NODE_MASK)
        ask(state.books.nodes, child)
        sighted[at.ENTRY] = entry
        sighted[at.HOME] = home
        sighted[at.JOINED] = child
        sighted[at.OPPOSITE] = state.side_of(market, 1 - selling)
        return 0

    @cython.cfunc
    @cython.inline
    def approach(self, row: Row, place: I64) -> I64:
        """The second step: the records."""
        state: State = self.state
        sighted: Record = record(self.sighted, place, at.SIGHTED_WORDS)
        account: I64 = (row[2] >> 32) & at.LOW32
        if account < state.ledger.account_count:
            hot: Record = record(state.ledger.accounts, account * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
            ask(state.rosters.words, low_of(hot[at.ROSTER]) + high_of(hot[at.OPEN_ORDERS]))
        ask(state.ledger.balances, state.ledger.index[sighted[at.HOME]])
        joined: I64 = state.books.nodes[sighted[at.JOINED]]
        ask(state.books.levels, joined)
        best: I64 = state.books.sides[sighted[at.OPPOSITE] + at.BEST]
        level: Record = record(state.books.levels, best, at.LEVEL_WORDS)
        head: I64 = level[at.HEAD]
        # 1 for a buy, -1 for a sell: one comparison for both.
        sign: I64 = 1 - 2 * ((row[2] >> 8) & 1)
        met: I64 = head if (level[at.LEVEL_PRICE] - (row[7] & codes.UNITS_MAX)) * sign <= 0 else 0
        named: I64 = state.orders.index[sighted[at.ENTRY]] & at.LOW32
        slot: I64 = met if row[2] & 0xFF == codes.PLACE else named
        ask(state.orders.slots, slot)
        sighted[at.JOINED] = joined
        sighted[at.LEAVING] = slot
        return 0

    @cython.cfunc
    @cython.inline
    def reach(self, place: I64) -> I64:
        """The third step: what the records lead to, which changes when an order comes or leaves."""
        state: State = self.state
        sighted: Record = record(self.sighted, place, at.SIGHTED_WORDS)
        joined: I64 = sighted[at.JOINED]
        # What hung there may be a node by now, whose name need not be that of a level.
        if joined + at.LEVEL_WORDS <= len(state.books.levels):
            ask(state.orders.slots, state.books.levels[joined + at.TAIL])
        order: Record = record(state.orders.slots, sighted[at.LEAVING], at.ORDER_WORDS)
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
