"""A fill taken back: what each side got goes back, out of debt if it is no longer there."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.fields import (
    account_of,
    amount_of,
    counter_account_of,
    counter_amount_of,
    market_of,
    price_of,
    quantity_of,
    side_of,
)
from offchain.matching.state import State
from offchain.matching.words import I64, Row, Words, blank


@cython.final
@cython.cclass
class Unwinding:
    """The five movements of an UNWIND_FILL, all or none. What is taken comes first, so that sums never pass a bound."""

    legs: Words

    def __init__(self) -> None:
        self.legs = blank(2 * at.UNWIND_LEGS)

    @cython.cfunc
    def apply(self, state: State, command: Row) -> cython.bint:
        """Move the funds of a well-formed UNWIND_FILL; False, and no change, if a balance would pass 64 bits."""
        self.prepare(state, command)
        leg: I64 = 0
        while leg < at.UNWIND_LEGS:
            if not state.ledger.shift(self.legs[2 * leg], self.legs[2 * leg + 1]):
                self.take_back(state, leg)
                return False
            leg += 1
        return True

    @cython.cfunc
    def take_back(self, state: State, count: I64) -> I64:
        """Undo the first `count` movements. Each leads back to a state that was within bounds, so none can fail."""
        while count > 0:
            count -= 1
            state.ledger.shift(self.legs[2 * count], -self.legs[2 * count + 1])
        return 0

    @cython.cfunc
    def prepare(self, state: State, command: Row) -> I64:
        """Work out the movements from the fill's price, quantity and fees."""
        market: I64 = market_of(command) * at.MARKET_WORDS
        base: I64 = state.markets[market + at.BASE]
        quote: I64 = state.markets[market + at.QUOTE]
        base_units: I64 = quantity_of(command) * state.markets[market + at.UNITS_PER_LOT]
        notional: I64 = price_of(command) * quantity_of(command) * state.markets[market + at.UNITS_PER_TICK_LOT]
        buyer: I64 = account_of(command)
        seller: I64 = counter_account_of(command)
        buyer_fee: I64 = amount_of(command)
        seller_fee: I64 = counter_amount_of(command)
        if side_of(command) == codes.SELL:
            buyer, seller = seller, buyer
            buyer_fee, seller_fee = seller_fee, buyer_fee
        # All of them first: making one may move others of its account.
        state.ledger.touch(buyer, base)
        state.ledger.touch(buyer, quote)
        state.ledger.touch(seller, base)
        state.ledger.touch(seller, quote)
        self.leg(0, state.ledger.find(buyer, base), -base_units)
        self.leg(1, state.ledger.find(seller, quote), seller_fee - notional)
        self.leg(2, state.ledger.find(codes.FEE_ACCOUNT, quote), -buyer_fee - seller_fee)
        self.leg(3, state.ledger.find(seller, base), base_units)
        return self.leg(4, state.ledger.find(buyer, quote), notional + buyer_fee)

    @cython.cfunc
    def leg(self, number: I64, balance: I64, units: I64) -> I64:
        """Set one movement."""
        self.legs[2 * number] = balance
        self.legs[2 * number + 1] = units
        return 0
