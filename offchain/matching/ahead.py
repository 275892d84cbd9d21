"""Looking ahead: what the next commands of a batch are going to read, asked of memory before their turn.

In a large exchange most records that a command names are in no near cache, and one leads to the next: index, order,
neighbours. A command that came upon them in its turn would wait for each. So each of three steps is taken some
commands earlier, and only asks for what it finds; by the next step that has come, and nothing waits. Nothing of the
state changes. What the commands in between do, and a command that is wrong, can only make it ask for what is not
needed.
"""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.fields import account_of, kind_of, market_of, order_id_of, price_of, sequence_of, side_of
from offchain.matching.state import State
from offchain.matching.words import I64, Record, Row, Rows, Words, ask, blank, high_of, low_of, record


@cython.final
@cython.cclass
class Ahead:
    """What the steps found for each command in sight: a record of SIGHTED_WORDS, at its number's rest by SIGHT."""

    sighted: Words

    def __init__(self) -> None:
        self.sighted = blank((at.SIGHT_MASK + 1) * at.SIGHTED_WORDS)

    @cython.cfunc
    def begin(self, state: State, rows: Rows, count: I64) -> I64:
        """Take the steps that are due before the first command of a batch."""
        number: I64 = -3 * at.STRIDE
        while number < 0:
            self.look(state, rows, number, count)
            number += 1
        return 0

    @cython.cfunc
    @cython.inline
    def look(self, state: State, rows: Rows, number: I64, count: I64) -> I64:
        """Take the steps that are due before a command of a batch."""
        third: I64 = number + at.STRIDE
        second: I64 = third + at.STRIDE
        first: I64 = second + at.STRIDE
        if first < count:
            command: Row = record(rows, first * at.COMMAND_WORDS, at.COMMAND_WORDS)
            sighted: Record = record(self.sighted, (first & at.SIGHT_MASK) * at.SIGHTED_WORDS, at.SIGHTED_WORDS)
            self.find(state, command, sighted)
        # Before the first command of a batch and after its last, these are of another one, and ask in vain.
        self.approach(state, record(self.sighted, (second & at.SIGHT_MASK) * at.SIGHTED_WORDS, at.SIGHTED_WORDS))
        self.reach(state, record(self.sighted, (third & at.SIGHT_MASK) * at.SIGHTED_WORDS, at.SIGHTED_WORDS))
        return 0

    @cython.cfunc
    @cython.inline
    def find(self, state: State, command: Row, sighted: Record) -> I64:
        """The first step: the indexes and the tree, which lead to the records."""
        placed: I64 = kind_of(command) == codes.PLACE
        # Without a branch, which no processor could foresee.
        number: I64 = order_id_of(command) ^ (order_id_of(command) ^ sequence_of(command)) & -placed
        ask(state.orders.recent, state.orders.place_of(number))
        # Halved, so that the difference of any two numbers is a word.
        old: I64 = (sequence_of(command) >> 1) - (number >> 1) > state.orders.recent_mask >> 1
        if old:
            ask(state.orders.elders.entries, state.orders.elders.home(number & at.TAG_MASK))
        account: I64 = account_of(command)
        if account >= state.ledger.account_count:
            account = 0
        ask(state.ledger.accounts, account * at.ACCOUNT_WORDS)
        market: I64 = market_of(command)
        # Market 0 is never listed: all that a command of no market comes upon there is 0.
        if (market + 1) * at.MARKET_WORDS > len(state.markets):
            market = 0
        key: I64 = account << 16 | state.markets[market * at.MARKET_WORDS + at.BASE]
        side: I64 = state.side_of(market, side_of(command) & 1)
        leaf: I64 = state.books.leaf_at_hand(side, price_of(command) >> at.NODE_BITS)
        child: I64 = leaf + at.CHILDREN + (price_of(command) & at.NODE_MASK)
        ask(state.books.nodes, child)
        ask(state.books.nodes, leaf + at.PREFIX)
        sighted[at.ORDER_ID] = number
        sighted[at.PAIR] = key
        sighted[at.CHILD] = child
        sighted[at.NAMES] = placed - 1
        sighted[at.OLD] = old
        return 0

    @cython.cfunc
    @cython.inline
    def approach(self, state: State, sighted: Record) -> I64:
        """The second step: the records."""
        key: I64 = sighted[at.PAIR]
        owner: Record = record(state.ledger.accounts, (key >> 16) * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        ask(state.ledger.balances, state.ledger.home(owner, key & codes.ASSET_ID_MAX))
        child: I64 = sighted[at.CHILD]
        joined: I64 = state.books.nodes[child]
        ask(state.orders.slots, joined)
        there: I64 = state.orders.at_hand(sighted[at.ORDER_ID])
        if sighted[at.OLD] != 0:
            there = state.orders.elders.glance(sighted[at.ORDER_ID], there)
        # Of a new order that is the one whose place it takes, and which is asked for its id when it goes to the elders.
        ask(state.orders.slots, there)
        sighted[at.JOINED] = joined
        sighted[at.LEAVING] = there & sighted[at.NAMES]
        return 0

    @cython.cfunc
    @cython.inline
    def reach(self, state: State, sighted: Record) -> I64:
        """The third step: what the records lead to, which changes when an order comes or leaves."""
        joined: I64 = sighted[at.JOINED]
        # What hung there may be a node by now, whose name need not be that of a level.
        if joined + at.ORDER_WORDS > len(state.orders.slots):
            joined = 0
        ask(state.orders.slots, high_of(state.orders.slots[joined + at.LINKS]))
        order: Record = record(state.orders.slots, sighted[at.LEAVING], at.ORDER_WORDS)
        links: I64 = order[at.LINKS]
        places: I64 = order[at.PLACE_ASSET]
        ask(state.orders.slots, low_of(links))
        ask(state.orders.slots, high_of(links))
        account: I64 = sighted[at.PAIR] >> 16
        owner: Record = record(state.ledger.accounts, account * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        # Where the order that is named is on the roster, or where a new one is going to be; chosen without a branch.
        free: I64 = high_of(owner[at.OPEN_ORDERS])
        place: I64 = free ^ (free ^ low_of(places)) & sighted[at.NAMES]
        ask(state.rosters.words, low_of(owner[at.ROSTER]) + place)
        ask(state.ledger.balances, state.ledger.home(owner, high_of(places)))
        return 0
