"""All that the engine remembers, and the questions that verdicts and effects both ask of it."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.books import Books
from offchain.matching.ledger import Ledger
from offchain.matching.orders import OrderPool
from offchain.matching.words import I64, Record, Words, blank, fee_of, grown, record


@cython.final
@cython.cclass
class State:
    """Markets, accounts and assets, balances, open orders and books."""

    ledger: Ledger
    orders: OrderPool
    books: Books
    markets: Words
    last_sequence: I64

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.orders = OrderPool()
        self.books = Books()
        self.markets = blank(16 * at.MARKET_WORDS)
        self.books.hold_sides(16)
        self.last_sequence = 0

    @cython.cfunc
    @cython.inline
    def is_market(self, market: I64) -> cython.bint:
        """Whether the market is listed."""
        terms: I64 = market * at.MARKET_WORDS
        return 0 <= terms < len(self.markets) and self.markets[terms + at.BASE] != 0

    @cython.cfunc
    def add_market(self, market: I64, base: I64, quote: I64, units_per_lot: I64, units_per_tick_lot: I64) -> I64:
        """List a market, without limits yet."""
        if (market + 1) * at.MARKET_WORDS > len(self.markets):
            self.markets = grown(self.markets, 2 * (market + 1) * at.MARKET_WORDS)
        self.books.hold_sides(market + 1)
        terms: I64 = market * at.MARKET_WORDS
        self.markets[terms + at.BASE] = base
        self.markets[terms + at.QUOTE] = quote
        self.markets[terms + at.UNITS_PER_LOT] = units_per_lot
        self.markets[terms + at.UNITS_PER_TICK_LOT] = units_per_tick_lot
        self.markets[terms + at.FEE_POT] = self.ledger.touch(codes.FEE_ACCOUNT, quote)
        return 0

    @cython.cfunc
    def set_limits(self, market: I64, max_price: I64, max_quantity: I64, min_quantity: I64, notional: I64) -> I64:
        """Set a market's limits; `notional` is the least an order may be worth."""
        terms: I64 = market * at.MARKET_WORDS
        self.markets[terms + at.MAX_PRICE] = max_price
        self.markets[terms + at.MAX_QUANTITY] = max_quantity
        self.markets[terms + at.MIN_QUANTITY] = min_quantity
        self.markets[terms + at.MIN_NOTIONAL] = notional
        return 0

    @cython.cfunc
    @cython.inline
    def side_of(self, market: I64, side: I64) -> I64:
        """The record of one side of a market's book."""
        return (market * 2 + side) * at.SIDE_WORDS

    @cython.cfunc
    @cython.inline
    def held_asset(self, market: I64, side: I64) -> I64:
        """The asset that an order on this side reserves: a buyer pays in quote, a seller in base."""
        return self.markets[market * at.MARKET_WORDS + (at.QUOTE if side == codes.BUY else at.BASE)]

    @cython.cfunc
    @cython.inline
    def reservation(self, market: Record, side: I64, price: I64, quantity: I64, fee_cap: I64) -> I64:
        """What an order with so many lots left holds back (`money.buy_reservation_units`); -1: more than can exist.

        A buy's notional is at most 2^62 and its fee at most half a percent of it, but its lots may be as many as its
        notional, and all three together pass 2^63 - 1, which is all that there can be of an asset.
        """
        if side == codes.SELL:
            return quantity * market[at.UNITS_PER_LOT]
        notional: I64 = price * quantity * market[at.UNITS_PER_TICK_LOT]
        cost: I64 = notional + fee_of(notional, fee_cap)
        if quantity > codes.UNITS_MAX - cost:
            return -1
        return cost + quantity

    @cython.cfunc
    @cython.inline
    def queue(self, slot: I64) -> I64:
        """Put an order at the end of its price level."""
        order: Record = record(self.orders.slots, slot, at.ORDER_WORDS)
        order[at.LEVEL] = self.books.level_at(self.side_of(order[at.MARKET], order[at.SIDE]), order[at.PRICE])
        level: Record = record(self.books.levels, order[at.LEVEL], at.LEVEL_WORDS)
        tail: I64 = level[at.TAIL]
        order[at.NEXT] = 0
        order[at.PREVIOUS] = tail
        if tail == 0:
            level[at.HEAD] = slot
        else:
            self.orders.slots[tail + at.NEXT] = slot
        level[at.TAIL] = slot
        level[at.LOTS] += order[at.REMAINING]
        level[at.ORDERS] += 1
        return 0

    @cython.cfunc
    @cython.inline
    def join_account(self, slot: I64) -> I64:
        """Put an order at the end of its account's open orders."""
        order: Record = record(self.orders.slots, slot, at.ORDER_WORDS)
        account: Record = record(self.ledger.accounts, order[at.ACCOUNT] * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        last: I64 = account[at.LAST_ORDER]
        order[at.NEXT_OF_ACCOUNT] = 0
        order[at.PREVIOUS_OF_ACCOUNT] = last
        if last == 0:
            account[at.FIRST_ORDER] = slot
        else:
            self.orders.slots[last + at.NEXT_OF_ACCOUNT] = slot
        account[at.LAST_ORDER] = slot
        return 0

    @cython.cfunc
    @cython.inline
    def remove(self, slot: I64) -> I64:
        """Take an order out of its level, its account's open orders and the pool."""
        order: Record = record(self.orders.slots, slot, at.ORDER_WORDS)
        level: Record = record(self.books.levels, order[at.LEVEL], at.LEVEL_WORDS)
        before: I64 = order[at.PREVIOUS]
        after: I64 = order[at.NEXT]
        if before == 0:
            level[at.HEAD] = after
        else:
            self.orders.slots[before + at.NEXT] = after
        if after == 0:
            level[at.TAIL] = before
        else:
            self.orders.slots[after + at.PREVIOUS] = before
        level[at.LOTS] -= order[at.REMAINING]
        level[at.ORDERS] -= 1
        if level[at.ORDERS] == 0:
            self.books.drop(self.side_of(order[at.MARKET], order[at.SIDE]), order[at.LEVEL])
        self.leave_account(order)
        return self.orders.give_back(slot)

    @cython.cfunc
    @cython.inline
    def leave_account(self, order: Record) -> I64:
        """Take an order out of its account's open orders."""
        account: Record = record(self.ledger.accounts, order[at.ACCOUNT] * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        before: I64 = order[at.PREVIOUS_OF_ACCOUNT]
        after: I64 = order[at.NEXT_OF_ACCOUNT]
        if before == 0:
            account[at.FIRST_ORDER] = after
        else:
            self.orders.slots[before + at.NEXT_OF_ACCOUNT] = after
        if after == 0:
            account[at.LAST_ORDER] = before
        else:
            self.orders.slots[after + at.PREVIOUS_OF_ACCOUNT] = before
        return 0
