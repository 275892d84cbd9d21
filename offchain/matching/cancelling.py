"""What takes open orders out of the books, or lots from them, and gives their reservations back."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.fields import account_of
from offchain.matching.outbox import Outbox
from offchain.matching.state import State
from offchain.matching.words import I64, Record, Row, Words, high_of, record


@cython.final
@cython.cclass
class Cancelling:
    """Cancels and reductions; each is told."""

    outbox: Outbox

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox

    @cython.cfunc
    @cython.inline
    def cancel(self, state: State, command: Row, slot: I64, owner: I64, reason: I64) -> I64:
        """Take an open order out, and give its reservation back.

        `owner` is the order's account. Most callers know it from the command, so both come from memory side by side.
        """
        order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        held: I64 = order[at.HELD]
        account: Record = record(state.ledger.accounts, owner * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        state.ledger.reserve(state.ledger.balance_of(account, high_of(order[at.PLACE_ASSET])), -held)
        self.tell_open(command, order, codes.CANCELLED | reason << 16)
        self.outbox.amounts(order[at.ID], order[at.PRICE], order[at.REMAINING], 0, held)
        return state.remove(slot, order, account)

    @cython.cfunc
    @cython.inline
    def tell_open(self, command: Row, order: Record, kinds: I64) -> I64:
        """Start an event of an open order: what it is about."""
        meta: I64 = order[at.META]
        side: I64 = (meta >> at.SIDE_SHIFT) & 1
        place: I64 = meta & at.LOW16 | high_of(order[at.PLACE_ASSET]) << 32
        return self.outbox.emit(command, kinds | side << 32, order[at.ACCOUNT], place)

    @cython.cfunc
    def cancel_all(self, state: State, command: Row, asset: I64, market: I64, reason: I64) -> I64:
        """Cancel the account's open orders, oldest first, in a market and in markets of an asset (0: any)."""
        account: Record = record(state.ledger.accounts, account_of(command) * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        by_age: Words = state.by_age(account)
        number: I64 = 0
        while number < len(by_age):
            slot: I64 = by_age[number]
            place: I64 = state.orders.slots[slot + at.META] & at.LOW16
            terms: Record = record(state.markets, place * at.MARKET_WORDS, at.MARKET_WORDS)
            if market in (0, place) and asset in (0, terms[at.BASE], terms[at.QUOTE]):
                self.cancel(state, command, slot, account_of(command), reason)
            number += 1
        return 0

    @cython.cfunc
    def cancel_everyone(self, state: State, command: Row, market: I64, reason: I64) -> I64:
        """Cancel all open orders, oldest first, in a market (0: in any)."""
        by_age: Words = state.orders.by_age()
        number: I64 = 0
        while number < len(by_age):
            slot: I64 = by_age[number]
            if market in (0, state.orders.slots[slot + at.META] & at.LOW16):
                self.cancel(state, command, slot, state.orders.slots[slot + at.ACCOUNT], reason)
            number += 1
        return 0

    @cython.cfunc
    def reduce(self, state: State, command: Row, slot: I64, lots: I64, reason: I64) -> I64:
        """Take lots away from an open order, which keeps its place."""
        order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        keep: I64 = state.to_hold(order, order[at.REMAINING] - lots)
        released: I64 = order[at.HELD] - keep
        order[at.REMAINING] -= lots
        order[at.HELD] = keep
        owner: I64 = order[at.ACCOUNT]
        state.ledger.reserve(state.ledger.find(owner, high_of(order[at.PLACE_ASSET])), -released)
        self.tell_open(command, order, codes.AMENDED | reason << 16)
        return self.outbox.amounts(order[at.ID], order[at.PRICE], lots, order[at.REMAINING], released)
