"""Rules that bound orders beyond the sizes of their market: status, kill switches, prices, limits of accounts."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.fields import (
    account_of,
    kind_of,
    market_of,
    order_type_of,
    post_only_of,
    price_of,
    quantity_of,
    sequence_of,
    side_of,
    time_in_force_of,
)
from offchain.matching.state import State
from offchain.matching.words import I64, Record, Row, high_of, low_of, mul_ppm, record


@cython.final
@cython.cclass
class Risk:
    """The steps of the verdict that ask for these rules; only where GUARDED or ACCOUNT_GUARDED say so."""

    @cython.cfunc
    def closed(self, state: State, command: Row, market: Record) -> I64:
        """Of kill switches and the market's status."""
        if self.is_killed(state, command, market):
            return codes.TRADING_KILLED
        status: I64 = market[at.STATUS]
        if status in (codes.HALT, codes.CANCEL_ONLY) or (status == codes.POST_ONLY and post_only_of(command) == 0):
            return codes.MARKET_CLOSED
        return codes.OK

    @cython.cfunc
    def is_killed(self, state: State, command: Row, market: Record) -> cython.bint:
        """Whether a kill switch of the exchange, the market or the account is on."""
        return state.guarded | market[at.KILLED] | (self.guards(state, command) & at.ACCOUNT_KILLED) != 0

    @cython.cfunc
    @cython.inline
    def guards(self, state: State, command: Row) -> I64:
        """Which rules are in force for the command's account."""
        return state.ledger.accounts[account_of(command) * at.ACCOUNT_WORDS + at.ACCOUNT_GUARDED]

    @cython.cfunc
    def price(self, command: Row, market: Record) -> I64:
        """Of a LIMIT order: the band, then the fat finger."""
        last: I64 = market[at.LAST_PRICE]
        if last == 0:
            return codes.OK
        past: I64 = price_of(command) - last if side_of(command) == codes.BUY else last - price_of(command)
        if market[at.BAND] > 0 and max(past, -past) > mul_ppm(last, market[at.BAND]):
            return codes.PRICE_OUTSIDE_BAND
        if market[at.FAT_FINGER] > 0 and past > mul_ppm(last, market[at.FAT_FINGER]):
            return codes.PRICE_TOO_FAR
        return codes.OK

    @cython.cfunc
    def collar(self, market: Record, side: I64, price: I64) -> I64:
        """The limit in force of a market order: its price, but not past the last price by more than the collar."""
        last: I64 = market[at.LAST_PRICE]
        ppm: I64 = market[at.BAND]
        if ppm == 0 or 0 < market[at.FAT_FINGER] < ppm:
            ppm = market[at.FAT_FINGER]
        if last == 0 or ppm == 0:
            return price
        width: I64 = mul_ppm(last, ppm)
        # The sum is taken only where it is below the price, so it fits; the difference is then above 0.
        if side == codes.BUY:
            return last + width if price - last > width else price
        return last - width if last - price > width else price

    @cython.cfunc
    def allowance(self, state: State, command: Row, market: Record, replaced: I64) -> I64:
        """Of the account's exits, open orders, messages and position; `replaced` is a slot or 0."""
        base: I64 = state.ledger.find(account_of(command), market[at.BASE])
        if self.guards(state, command) & at.EXITS != 0:
            quote: I64 = state.ledger.find(account_of(command), market[at.QUOTE])
            if state.ledger.is_exiting(base) or state.ledger.is_exiting(quote):
                return codes.ACCOUNT_EXITING
        if kind_of(command) == codes.PLACE and self.guards(state, command) & at.LIMITED_ORDERS != 0:
            rests: cython.bint = time_in_force_of(command) == codes.GTC or order_type_of(command) >= codes.STOP_LIMIT
            if rests and state.limits.too_many_orders(account_of(command)):
                return codes.TOO_MANY_ORDERS
        reason: I64 = self.messages(state, command)
        if reason == codes.OK and side_of(command) == codes.BUY and self.passes_cap(state, command, base, replaced):
            reason = codes.POSITION_CAP
        return reason

    @cython.cfunc
    @cython.inline
    def messages(self, state: State, command: Row) -> I64:
        """Of the account's messages."""
        if self.guards(state, command) & at.LIMITED_MESSAGES == 0:
            return codes.OK
        full: cython.bint = state.limits.too_many_messages(account_of(command), sequence_of(command))
        return codes.TOO_MANY_MESSAGES if full else codes.OK

    @cython.cfunc
    def taken(self, state: State, command: Row) -> I64:
        """Count a message that is taken."""
        if self.guards(state, command) & at.LIMITED_MESSAGES != 0:
            state.limits.count_message(account_of(command), sequence_of(command))
        return 0

    @cython.cfunc
    def passes_cap(self, state: State, command: Row, base: I64, replaced: I64) -> cython.bint:
        """Whether a buy and the other open ones of its account, but for the replaced one, may pass its cap."""
        cap: I64 = state.ledger.cap_of(base)
        if cap == 0:
            return False
        market: I64 = market_of(command) * at.MARKET_WORDS
        asset: I64 = state.markets[market + at.BASE]
        bought: I64 = quantity_of(command) * state.markets[market + at.UNITS_PER_LOT]
        funds: Record = record(state.ledger.balances, base, at.BALANCE_WORDS)
        # What may still be bought. Going down from the cap, no sum passes 64 bits.
        room: I64 = cap - (max(funds[at.AVAILABLE], 0) + funds[at.RESERVED])
        block: I64 = state.ledger.accounts[account_of(command) * at.ACCOUNT_WORDS + at.ROSTER]
        place: I64 = 0
        while place < high_of(block) and room >= bought:
            slot: I64 = state.rosters.words[low_of(block) + place]
            if slot & 1 == 0 and slot != replaced:
                room -= self.buys(state, slot, asset)
            place += 1
        return room < bought

    @cython.cfunc
    def buys(self, state: State, slot: I64, asset: I64) -> I64:
        """How many units of an asset an open order is to buy."""
        order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        market: Record = record(state.markets, (order[at.META] & at.LOW16) * at.MARKET_WORDS, at.MARKET_WORDS)
        if (order[at.META] >> at.SIDE_SHIFT) & 1 == codes.SELL or market[at.BASE] != asset:
            return 0
        return order[at.REMAINING] * market[at.UNITS_PER_LOT]
