"""Placing and matching: price-time priority, at the price of the resting order."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.breaker import Breaker
from offchain.matching.cancelling import Cancelling
from offchain.matching.fields import (
    account_of,
    amount_of,
    counter_amount_of,
    kind_of,
    market_of,
    order_type_of,
    quantity_of,
    self_trade_prevention_of,
    sequence_of,
    side_of,
    taker_fee_ppm_of,
    time_in_force_of,
    timestamp_us_of,
)
from offchain.matching.lookahead import Lookahead
from offchain.matching.outbox import Outbox
from offchain.matching.placing import OrderVerdict
from offchain.matching.state import State
from offchain.matching.words import I64, Record, Row, ask, fee_of, high_of, low_of, pair, record


@cython.cfunc
@cython.inline
def crosses(price: I64, limit: I64, side: I64) -> cython.bint:
    """Whether a price of the other side is within the limit of an order: one comparison for buys and sells."""
    return (price - limit) * (1 - 2 * side) <= 0


@cython.final
@cython.cclass
class Trading:
    """What orders do to books and balances. Other fields are of the order that is matching.

    `venue` is what events say of it: market | asset that it reserves << 32.
    `slot` is its place if it was an armed stop, or 0. `watch` is not 0 if more is to be looked at than prices before a
    fill; only then are `low` and `high` the bounds of all prices that this command traded at, 0 if none.
    `terms` and `trader` are the records of its market and account, whose arrays do not grow while orders match.
    """

    outbox: Outbox
    cancelling: Cancelling
    passed: OrderVerdict
    breaker: Breaker
    lookahead: Lookahead
    terms: Record
    trader: Record
    market: I64
    venue: I64
    side: I64
    order_id: I64
    account: I64
    limit: I64
    remaining: I64
    held: I64
    fee_cap: I64
    life: I64
    prevention: I64
    slot: I64
    watch: I64
    low: I64
    high: I64

    def __init__(self, cancelling: Cancelling, passed: OrderVerdict, breaker: Breaker, lookahead: Lookahead) -> None:
        self.outbox = cancelling.outbox
        self.cancelling = cancelling
        self.passed = passed
        self.breaker = breaker
        self.lookahead = lookahead

    @cython.cfunc
    @cython.inline
    def place(self, state: State, command: Row) -> I64:
        """Take the order that the verdict `passed`: reserve what it needs, match, and rest or cancel the rest.

        Not 0 if its market has armed stops, which it may have set off.
        """
        if self.passed.guarded != 0:
            self.passed.risk.taken(state, command)
        if kind_of(command) == codes.REPLACE:
            self.cancelling.cancel(state, command, self.passed.replaced, account_of(command), codes.REPLACED)
        side: I64 = side_of(command)
        life: I64 = time_in_force_of(command)
        lots: I64 = quantity_of(command)
        limit: I64 = self.passed.limit
        held: I64 = self.passed.need
        asset: I64 = self.passed.asset
        funds: Record = self.passed.funds
        funds[at.AVAILABLE] -= held
        funds[at.RESERVED] += held
        venue: I64 = market_of(command) | asset << 32
        self.outbox.emit(command, codes.ACCEPTED | side << 32 | life << 48, account_of(command), venue)
        self.outbox.amounts(sequence_of(command), limit, lots, lots, held)
        # Most orders meet nobody: nothing of them is kept here.
        if order_type_of(command) | life == 0 and not self.meets(state, command, limit):
            return self.rest(state, command, asset, lots, held)
        return self.start(state, command, venue)

    @cython.cfunc
    @cython.inline
    def meets(self, state: State, command: Row, limit: I64) -> cython.bint:
        """Whether an order crosses the best price of the other side."""
        side: I64 = side_of(command)
        opposite: I64 = state.books.sides[state.side_of(market_of(command), 1 - side) + at.BEST_PRICE]
        return crosses(opposite, limit, side)

    @cython.cfunc
    @cython.inline
    def start(self, state: State, command: Row, venue: I64) -> I64:
        """Match an order that was taken, or arm it."""
        market: Record = record(state.markets, market_of(command) * at.MARKET_WORDS, at.MARKET_WORDS)
        self.terms = market
        self.trader = self.passed.account
        self.market = market_of(command)
        self.venue = venue
        self.side = side_of(command)
        self.order_id = sequence_of(command)
        self.account = account_of(command)
        self.limit = self.passed.limit
        self.remaining = quantity_of(command)
        self.held = self.passed.need
        self.fee_cap = taker_fee_ppm_of(command)
        self.life = time_in_force_of(command)
        self.prevention = self_trade_prevention_of(command)
        self.slot = 0
        if order_type_of(command) >= codes.STOP_LIMIT:
            return self.arm(state, command)
        rules: I64 = market[at.GUARDED] & ~at.GUARD_ORDERS
        self.watch = self.prevention | rules
        self.low = 0
        self.high = 0
        self.work(state, command)
        return rules & at.GUARD_STOPS

    @cython.cfunc
    def arm(self, state: State, command: Row) -> I64:
        """Put a stop into the stop book."""
        level: I64 = state.books.level_at(state.stops_of(self.market, self.side), counter_amount_of(command))
        slot: I64 = self.enroll(state, command, self.venue >> 32)
        order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        order[at.META] |= order_type_of(command) << at.TYPE_SHIFT | self.life << at.TIF_SHIFT
        order[at.META] |= self.prevention << at.STP_SHIFT
        order[at.REMAINING] = self.remaining
        order[at.HELD] = self.held
        state.queue(slot, order, self.account, level)
        state.guard(self.market)
        return 0

    @cython.cfunc
    def begin(self, state: State, command: Row) -> I64:
        """Match a stop that fired at its limit in force, which may release some of its reservation."""
        self.venue = self.market | state.reserved_asset(self.terms, self.side) << 32
        keep: I64 = state.reservation(self.terms, self.side, self.limit, self.remaining, self.fee_cap)
        released: I64 = self.held - keep
        self.held = keep
        self.reserve(state, -released)
        self.tell(command, codes.TRIGGERED | self.life << 48, self.remaining, self.remaining, released)
        self.watch = 1
        return self.work(state, command)

    @cython.cfunc
    @cython.inline
    def work(self, state: State, command: Row) -> I64:
        """Match the order, and rest or cancel what is left; if it is to be filled whole, look first."""
        if self.life >= codes.FOK and not self.fills_whole(state, command):
            return self.end(state, command, codes.FOK_KILLED)
        self.match(state, command)
        if self.remaining == 0:
            return 0
        if self.life != codes.GTC:
            return self.end(state, command, codes.IOC_REMAINDER)
        if self.slot != 0:
            return self.rest_fired(state)
        return self.rest(state, command, self.venue >> 32, self.remaining, self.held)

    @cython.cfunc
    @cython.inline
    def match(self, state: State, command: Row) -> I64:
        """Fill the order against the other side, best price first, oldest order first, while prices cross."""
        place: I64 = state.side_of(self.market, 1 - self.side)
        other: Record = record(state.books.sides, place, at.SIDE_WORDS)
        while self.remaining > 0:
            price: I64 = other[at.BEST_PRICE]
            if not crosses(price, self.limit, self.side):
                return 0
            first: I64 = low_of(state.orders.slots[other[at.BEST] + at.LINKS])
            if self.watch == 0 or not self.intercepted(state, command, first, price):
                self.fill(state, command, first, price)
        return 0

    @cython.cfunc
    def fills_whole(self, state: State, command: Row) -> cython.bint:
        """Whether matching will fill the order whole, and within its budget if it has one."""
        market: Record = self.terms
        other: I64 = state.side_of(self.market, 1 - self.side)
        if market[at.GUARDED] & at.GUARD_BREAKER != 0:
            self.breaker.load(market, timestamp_us_of(command))
        self.lookahead.account = self.account
        self.lookahead.prevention = self.prevention
        worth: I64 = self.lookahead.fills(state, market, other, self.limit, self.remaining)
        if worth < 0 or self.life == codes.FOK:
            return worth >= 0
        return worth <= amount_of(command) if self.side == codes.BUY else worth >= amount_of(command)

    @cython.cfunc
    def intercepted(self, state: State, command: Row, slot: I64, price: I64) -> cython.bint:
        """Whether something else comes in place of the next fill: self-trade prevention, or the circuit breaker."""
        maker: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        if self.prevention != 0 and maker[at.ACCOUNT] == self.account:
            self.prevent(state, command, slot)
            return True
        market: Record = self.terms
        if market[at.GUARDED] & at.GUARD_BREAKER != 0:
            self.breaker.load(market, timestamp_us_of(command))
            if self.breaker.trips(price):
                self.halt(state, command, market, price)
                return True
            self.breaker.keep(market)
        self.low = price if self.low == 0 else min(self.low, price)
        self.high = max(self.high, price)
        return False

    @cython.cfunc
    def halt(self, state: State, command: Row, market: Record, price: I64) -> I64:
        """Halt the market in place of a fill at this price, and cancel the order."""
        market[at.STATUS] = codes.HALT
        self.breaker.clear(market)
        state.guard(self.market)
        self.outbox.status(command, self.market, codes.HALT, price)
        return self.end(state, command, codes.HALTED)

    @cython.cfunc
    def prevent(self, state: State, command: Row, slot: I64) -> I64:
        """Do with the order and one of its own account what its self-trade prevention says."""
        maker: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        maker_left: I64 = maker[at.REMAINING]
        lots: I64 = min(self.remaining, maker_left)
        kinds: I64 = codes.PREVENTED | self.prevention << 16 | self.side << 32
        self.outbox.emit(command, kinds, pair(self.account, self.account), self.market)
        self.outbox.order(self.order_id, maker[at.ID], maker[at.PRICE], lots)
        self.outbox.left(self.remaining, maker_left, 0, 0)
        self.outbox.fees(0, 0)
        if self.prevention == codes.DECREMENT_AND_CANCEL and maker_left > lots:
            self.cancelling.reduce(state, command, slot, lots, codes.SELF_TRADE)
        elif self.prevention != codes.CANCEL_INCOMING:
            self.cancelling.cancel(state, command, slot, self.account, codes.SELF_TRADE)
        if self.prevention == codes.DECREMENT_AND_CANCEL and self.remaining > lots:
            return self.shrink(state, command, lots)
        return 0 if self.prevention == codes.CANCEL_RESTING else self.end(state, command, codes.SELF_TRADE)

    @cython.cfunc
    def shrink(self, state: State, command: Row, lots: I64) -> I64:
        """Take lots away from the order that is matching."""
        self.remaining -= lots
        keep: I64 = state.reservation(self.terms, self.side, self.limit, self.remaining, self.fee_cap)
        released: I64 = self.held - keep
        self.held = keep
        self.reserve(state, -released)
        return self.tell(command, codes.AMENDED | codes.SELF_TRADE << 16, lots, self.remaining, released)

    @cython.cfunc
    def fill(self, state: State, command: Row, slot: I64, price: I64) -> I64:
        """One fill against a resting order: both sides pay, both reservations fall to what is left to fill.

        A maker's rebate is never above the taker's rate, so the fee account never pays.
        """
        maker: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        maker_left: I64 = maker[at.REMAINING]
        lots: I64 = min(self.remaining, maker_left)
        market: Record = self.terms
        notional: I64 = price * lots * market[at.UNITS_PER_TICK_LOT]
        account: I64 = maker[at.ACCOUNT]
        owner: Record = record(state.ledger.accounts, account * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        # What is read if it is filled whole, far from here.
        ask(state.orders.recent, state.orders.place_of(maker[at.ID]))
        ask(state.orders.slots, low_of(maker[at.LINKS]))
        cap: I64 = maker[at.META] >> at.HIGH
        rate: I64 = min(low_of(self.trader[at.RATES]), self.fee_cap)
        maker_rate: I64 = max(min(high_of(owner[at.RATES]), cap), -rate)
        fee: I64 = fee_of(notional, rate)
        maker_fee: I64 = fee_of(notional, maker_rate)
        pot: Record = record(state.ledger.accounts, codes.FEE_ACCOUNT, at.ACCOUNT_WORDS)
        state.pay(codes.FEE_ACCOUNT, pot, market[at.QUOTE], fee + maker_fee)
        sold: I64 = state.reserved_asset(market, self.side)
        bought: I64 = state.reserved_asset(market, 1 - self.side)

        self.remaining -= lots
        keep: I64 = state.reservation(market, self.side, self.limit, self.remaining, self.fee_cap)
        state.pay(self.account, self.trader, bought, self.proceeds(self.side, lots, notional - fee))
        holding: I64 = state.ledger.balance_of(self.trader, sold)
        released: I64 = self.free(state, self.side, holding, self.held - keep, notional + fee)
        self.held = keep

        maker_left -= lots
        keep = state.reservation(market, 1 - self.side, price, maker_left, cap)
        state.pay(account, owner, sold, self.proceeds(1 - self.side, lots, notional - maker_fee))
        holding = state.ledger.balance_of(owner, bought)
        maker_released: I64 = self.free(state, 1 - self.side, holding, maker[at.HELD] - keep, notional + maker_fee)
        maker[at.REMAINING] = maker_left
        maker[at.HELD] = keep
        market[at.LAST_PRICE] = price
        state.count_volume(timestamp_us_of(command), market, self.trader, owner, notional)

        kinds: I64 = codes.FILLED | self.side << 32
        place: I64 = self.market | market[at.QUOTE] << 32
        self.outbox.emit(command, kinds, self.account | account << 32, place)
        self.outbox.order(self.order_id, maker[at.ID], price, lots)
        self.outbox.left(self.remaining, maker_left, released, maker_released)
        self.outbox.fees(fee, maker_fee)
        return state.remove(slot, maker, owner) if maker_left == 0 else 0

    @cython.cfunc
    @cython.inline
    def proceeds(self, side: I64, lots: I64, worth: I64) -> I64:
        """What a side gets for a fill: a seller its `worth`, which is less the fee; a buyer the units of its lots."""
        bought: I64 = lots * self.terms[at.UNITS_PER_LOT]
        return worth if side == codes.SELL else bought

    @cython.cfunc
    @cython.inline
    def free(self, state: State, side: I64, holding: I64, freed: I64, cost: I64) -> I64:
        """Take so much out of a side's reservation; what it does not cost a buyer becomes available, and is told."""
        funds: Record = record(state.ledger.balances, holding, at.BALANCE_WORDS)
        released: I64 = 0 if side == codes.SELL else freed - cost
        funds[at.RESERVED] -= freed
        funds[at.AVAILABLE] += released
        return released

    @cython.cfunc
    @cython.inline
    def rest(self, state: State, command: Row, asset: I64, lots: I64, held: I64) -> I64:
        """Put what is left of the order that the verdict `passed` into the book."""
        level: I64 = state.books.level_at(state.side_of(market_of(command), side_of(command)), self.passed.limit)
        slot: I64 = self.enroll(state, command, asset)
        order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        order[at.REMAINING] = lots
        order[at.HELD] = held
        return state.queue(slot, order, account_of(command), level)

    @cython.cfunc
    def rest_fired(self, state: State) -> I64:
        """Put what is left of a stop that fired into the book; it keeps its slot."""
        level: I64 = state.books.level_at(state.side_of(self.market, self.side), self.limit)
        order: Record = record(state.orders.slots, self.slot, at.ORDER_WORDS)
        order[at.REMAINING] = self.remaining
        order[at.HELD] = self.held
        return state.queue(self.slot, order, self.account, level)

    @cython.cfunc
    @cython.inline
    def enroll(self, state: State, command: Row, asset: I64) -> I64:
        """A slot for the order that the verdict `passed`, on its account's roster; its lots and level are not set."""
        slot: I64 = state.orders.take(sequence_of(command))
        order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        order[at.ID] = sequence_of(command)
        order[at.PRICE] = self.passed.limit
        order[at.META] = market_of(command) | side_of(command) << at.SIDE_SHIFT | taker_fee_ppm_of(command) << at.HIGH
        order[at.PLACE_ASSET] = pair(state.rosters.enter(self.passed.account, slot), asset)
        return slot

    @cython.cfunc
    def reserve(self, state: State, units: I64) -> I64:
        """Move units of the account that is matching from available to reserved."""
        return state.ledger.reserve(state.ledger.balance_of(self.trader, self.venue >> 32), units)

    @cython.cfunc
    def end(self, state: State, command: Row, reason: I64) -> I64:
        """Cancel what is left of the order that is matching."""
        self.reserve(state, -self.held)
        self.tell(command, codes.CANCELLED | reason << 16, self.remaining, 0, self.held)
        self.remaining = 0
        return 0

    @cython.cfunc
    @cython.inline
    def tell(self, command: Row, kinds: I64, quantity: I64, remaining: I64, amount: I64) -> I64:
        """An event of the order that is matching, and of nothing else."""
        self.outbox.emit(command, kinds | self.side << 32, self.account, self.venue)
        return self.outbox.amounts(self.order_id, self.limit, quantity, remaining, amount)
