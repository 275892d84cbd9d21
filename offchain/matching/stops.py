"""Stops that fire: after an order has matched, as long as the prices it traded at have reached a trigger."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.fields import market_of
from offchain.matching.risk import Risk
from offchain.matching.state import State
from offchain.matching.trading import Trading
from offchain.matching.words import I64, Record, Row, low_of, record


@cython.final
@cython.cclass
class Stops:
    """The armed stops of a market, lowest trigger of buys and highest trigger of sells first, then oldest."""

    risk: Risk
    trading: Trading

    def __init__(self, risk: Risk, trading: Trading) -> None:
        self.risk = risk
        self.trading = trading

    @cython.cfunc
    def fire_all(self, state: State, command: Row) -> I64:
        """Fire what the command's fills have set off, and what those fills do in turn, buys first each time."""
        market: I64 = market_of(command)
        while state.markets[market * at.MARKET_WORDS + at.STATUS] == codes.TRADING:
            slot: I64 = self.set_off(state, market, codes.BUY)
            if slot == 0:
                slot = self.set_off(state, market, codes.SELL)
            if slot == 0:
                return 0
            self.fire(state, command, slot)
        return 0

    @cython.cfunc
    def set_off(self, state: State, market: I64, side: I64) -> I64:
        """The first stop of a side, if prices have reached its trigger, or 0."""
        best: I64 = state.books.sides[state.stops_of(market, side) + at.BEST]
        if best == 0 or self.trading.high == 0:
            return 0
        trigger: I64 = state.orders.slots[best + at.PRICE]
        reached: cython.bint = trigger <= self.trading.high
        if side == codes.SELL:
            reached = trigger >= self.trading.low
        return low_of(state.orders.slots[best + at.LINKS]) if reached else 0

    @cython.cfunc
    def fire(self, state: State, command: Row, slot: I64) -> I64:
        """Take a stop from the stop book, and match it; it keeps its slot if it rests."""
        trading: Trading = self.trading
        order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        state.unqueue(order)
        meta: I64 = order[at.META]
        trading.slot = slot
        trading.side = (meta >> at.SIDE_SHIFT) & 1
        trading.order_id = order[at.ID]
        trading.account = order[at.ACCOUNT]
        trading.trader = record(state.ledger.accounts, trading.account * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        trading.limit = order[at.PRICE]
        trading.remaining = order[at.REMAINING]
        trading.held = order[at.HELD]
        trading.fee_cap = meta >> at.HIGH
        trading.life = (meta >> at.TIF_SHIFT) & 3
        trading.prevention = (meta >> at.STP_SHIFT) & 7
        if (meta >> at.TYPE_SHIFT) & 3 == codes.STOP_MARKET:
            trading.limit = self.risk.collar(trading.terms, trading.side, trading.limit)
        order[at.PRICE] = trading.limit
        order[at.META] = trading.market | trading.side << at.SIDE_SHIFT | trading.fee_cap << at.HIGH
        trading.begin(state, command)
        if trading.remaining == 0:
            state.discard(slot, order, trading.trader)
        return 0
