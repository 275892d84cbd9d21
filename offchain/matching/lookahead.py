"""What matching would do, without doing it: whether an order can be filled whole, and whether it meets its owner's."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.breaker import Breaker
from offchain.matching.state import State
from offchain.matching.words import I64, Record, low_of, record


@cython.final
@cython.cclass
class Lookahead:
    """A walk through the other side in the order of matching.

    `account` and `prevention` are the order's owner and its self-trade prevention: own orders are not looked at (NONE),
    passed over (CANCEL_RESTING), or in the way.
    """

    breaker: Breaker
    account: I64
    prevention: I64

    def __init__(self, breaker: Breaker) -> None:
        self.breaker = breaker
        self.account = 0
        self.prevention = 0

    @cython.cfunc
    @cython.inline
    def crosses(self, state: State, other: I64, price: I64, limit: I64) -> cython.bint:
        """Whether a price on the other side is within an order's limit."""
        return price <= limit if state.books.rises(other) else price >= limit

    @cython.cfunc
    def meets_own(self, state: State, other: I64, limit: I64, lots: I64) -> cython.bint:
        """Whether an order would come upon one of its own account before it has its lots."""
        place: I64 = state.books.sides[other + at.BEST]
        while place != 0 and lots > 0:
            price: I64 = state.orders.slots[place + at.PRICE]
            if not self.crosses(state, other, price, limit):
                return False
            slot: I64 = low_of(state.orders.slots[place + at.LINKS])
            while slot != place and lots > 0:
                maker: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
                if maker[at.ACCOUNT] == self.account:
                    return True
                lots -= maker[at.REMAINING]
                slot = low_of(maker[at.LINKS])
            place = state.books.next_level(other, price)
        return False

    @cython.cfunc
    def fills(self, state: State, market: Record, other: I64, limit: I64, lots: I64) -> I64:
        """What an order would be filled for in quote units, or -1 if it cannot be filled whole.

        The breaker has the market's windows, if it has one.
        """
        worth: I64 = 0
        breaks: cython.bint = market[at.GUARDED] & at.GUARD_BREAKER != 0
        place: I64 = state.books.sides[other + at.BEST]
        while place != 0:
            price: I64 = state.orders.slots[place + at.PRICE]
            if not self.crosses(state, other, price, limit):
                return -1
            slot: I64 = low_of(state.orders.slots[place + at.LINKS])
            while slot != place:
                maker: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
                own: cython.bint = self.prevention != 0 and maker[at.ACCOUNT] == self.account
                if own and self.prevention != codes.CANCEL_RESTING:
                    return -1
                if not own:
                    if breaks and self.breaker.trips(price):
                        return -1
                    worth += price * min(lots, maker[at.REMAINING]) * market[at.UNITS_PER_TICK_LOT]
                    lots -= maker[at.REMAINING]
                    if lots <= 0:
                        return worth
                slot = low_of(maker[at.LINKS])
            place = state.books.next_level(other, price)
        return -1
