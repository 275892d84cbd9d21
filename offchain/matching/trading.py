"""Placing, matching and cancelling: price-time priority, at the price of the resting order."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.breaker import Breaker
from offchain.matching.inbox import Inbox
from offchain.matching.lookahead import Lookahead
from offchain.matching.outbox import Outbox
from offchain.matching.placing import OrderVerdict
from offchain.matching.state import State
from offchain.matching.words import I64, Record, Words, ask, fee_of, high_of, low_of, pair, record


@cython.final
@cython.cclass
class Trading:
    """What orders do to books and balances. Other fields are of the order that is matching, and of its fill.

    `venue` is what events say of it: market | asset that it reserves << 32.
    `slot` is its place if it was an armed stop, or 0. `watch` is not 0 if more is to be looked at than prices before a
    fill; only then are `low` and `high` the bounds of all prices that this command traded at, 0 if none.
    `terms` and `trader` are the records of its market and account, whose arrays do not grow while orders match.
    """

    outbox: Outbox
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
    lots: I64
    notional: I64

    def __init__(self, outbox: Outbox, passed: OrderVerdict, breaker: Breaker, lookahead: Lookahead) -> None:
        self.outbox = outbox
        self.passed = passed
        self.breaker = breaker
        self.lookahead = lookahead

    @cython.cfunc
    @cython.inline
    def place(self, state: State, command: Inbox) -> I64:
        """Take the order that the verdict `passed`: reserve what it needs, match, and rest or cancel the rest.

        Not 0 if its market has armed stops, which it may have set off.
        """
        if self.passed.replaced != 0:
            self.cancel(state, command, self.passed.replaced, codes.REPLACED)
        market: Record = self.passed.market
        self.terms = market
        self.trader = self.passed.account
        self.market = command.market
        self.side = command.side
        self.venue = self.market | state.reserved_asset(market, self.side) << 32
        self.order_id = command.sequence
        self.account = command.account
        self.limit = self.passed.limit
        self.remaining = command.quantity
        self.held = self.passed.need
        self.fee_cap = command.taker_fee_ppm
        self.life = command.time_in_force
        self.prevention = command.self_trade_prevention
        self.slot = 0
        funds: Record = self.passed.funds
        funds[at.AVAILABLE] -= self.held
        funds[at.RESERVED] += self.held
        kinds: I64 = codes.ACCEPTED | self.life << 48
        self.tell(command, kinds, self.remaining, self.remaining, self.held)
        if command.order_type >= codes.STOP_LIMIT:
            return self.arm(state, command)
        rules: I64 = market[at.GUARDED] & ~at.GUARD_ORDERS
        self.watch = self.prevention | rules
        self.low = 0
        self.high = 0
        self.work(state, command)
        return rules & at.GUARD_STOPS

    @cython.cfunc
    def arm(self, state: State, command: Inbox) -> I64:
        """Put a stop into the stop book."""
        instructions: I64 = command.order_type << at.TYPE_SHIFT | self.life << at.TIF_SHIFT
        slot: I64 = self.enroll(state, instructions | self.prevention << at.STP_SHIFT)
        order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        state.queue(slot, order, state.stops_of(self.market, self.side), command.counter_amount)
        state.guard(self.market)
        return 0

    @cython.cfunc
    def begin(self, state: State, command: Inbox) -> I64:
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
    def work(self, state: State, command: Inbox) -> I64:
        """Match the order, and rest or cancel what is left; if it is to be filled whole, look first."""
        if self.life >= codes.FOK and not self.fills_whole(state, command):
            return self.end(state, command, codes.FOK_KILLED)
        self.match(state, command)
        if self.remaining == 0:
            return 0
        return self.rest(state) if self.life == codes.GTC else self.end(state, command, codes.IOC_REMAINDER)

    @cython.cfunc
    @cython.inline
    def match(self, state: State, command: Inbox) -> I64:
        """Fill the order against the other side, best price first, oldest order first, while prices cross."""
        place: I64 = state.side_of(self.market, 1 - self.side)
        other: Record = record(state.books.sides, place, at.SIDE_WORDS)
        # 1 for a buy, -1 for a sell: one comparison for both.
        sign: I64 = 1 - 2 * self.side
        while self.remaining > 0:
            price: I64 = other[at.BEST_PRICE]
            if (price - self.limit) * sign > 0:
                return 0
            level: Record = record(state.books.levels, other[at.BEST], at.LEVEL_WORDS)
            first: I64 = low_of(level[at.ENDS])
            if self.watch == 0 or not self.intercepted(state, command, first, price):
                self.fill(state, command, level, first, price)
        return 0

    @cython.cfunc
    def fills_whole(self, state: State, command: Inbox) -> cython.bint:
        """Whether matching will fill the order whole, and within its budget if it has one."""
        market: Record = self.terms
        other: I64 = state.side_of(self.market, 1 - self.side)
        if market[at.GUARDED] & at.GUARD_BREAKER != 0:
            self.breaker.load(market, command.timestamp_us)
        self.lookahead.account = self.account
        self.lookahead.prevention = self.prevention
        worth: I64 = self.lookahead.fills(state, market, other, self.limit, self.remaining)
        if worth < 0 or self.life == codes.FOK:
            return worth >= 0
        return worth <= command.amount if self.side == codes.BUY else worth >= command.amount

    @cython.cfunc
    def intercepted(self, state: State, command: Inbox, slot: I64, price: I64) -> cython.bint:
        """Whether something else comes in place of the next fill: self-trade prevention, or the circuit breaker."""
        maker: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        if self.prevention != 0 and high_of(maker[at.LEVEL_ACCOUNT]) == self.account:
            self.prevent(state, command, slot)
            return True
        market: Record = self.terms
        if market[at.GUARDED] & at.GUARD_BREAKER != 0:
            self.breaker.load(market, command.timestamp_us)
            if self.breaker.trips(price):
                self.halt(state, command, market, price)
                return True
            self.breaker.keep(market)
        self.low = price if self.low == 0 else min(self.low, price)
        self.high = max(self.high, price)
        return False

    @cython.cfunc
    def halt(self, state: State, command: Inbox, market: Record, price: I64) -> I64:
        """Halt the market in place of a fill at this price, and cancel the order."""
        market[at.STATUS] = codes.HALT
        self.breaker.clear(market)
        state.guard(self.market)
        self.outbox.status(command, self.market, codes.HALT, price)
        return self.end(state, command, codes.HALTED)

    @cython.cfunc
    def prevent(self, state: State, command: Inbox, slot: I64) -> I64:
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
            self.reduce(state, command, slot, lots, codes.SELF_TRADE)
        elif self.prevention != codes.CANCEL_INCOMING:
            self.cancel(state, command, slot, codes.SELF_TRADE)
        if self.prevention == codes.DECREMENT_AND_CANCEL and self.remaining > lots:
            return self.shrink(state, command, lots)
        return 0 if self.prevention == codes.CANCEL_RESTING else self.end(state, command, codes.SELF_TRADE)

    @cython.cfunc
    def shrink(self, state: State, command: Inbox, lots: I64) -> I64:
        """Take lots away from the order that is matching."""
        self.remaining -= lots
        keep: I64 = state.reservation(self.terms, self.side, self.limit, self.remaining, self.fee_cap)
        released: I64 = self.held - keep
        self.held = keep
        self.reserve(state, -released)
        return self.tell(command, codes.AMENDED | codes.SELF_TRADE << 16, lots, self.remaining, released)

    @cython.cfunc
    def reduce(self, state: State, command: Inbox, slot: I64, lots: I64, reason: I64) -> I64:
        """Take lots away from an open order, which keeps its place."""
        order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        keep: I64 = state.to_hold(order, order[at.REMAINING] - lots)
        released: I64 = order[at.HELD] - keep
        order[at.REMAINING] -= lots
        order[at.HELD] = keep
        state.books.levels[low_of(order[at.LEVEL_ACCOUNT]) + at.LOTS] -= lots
        owner: I64 = high_of(order[at.LEVEL_ACCOUNT])
        state.ledger.reserve(state.ledger.find(owner, high_of(order[at.PLACE_ASSET])), -released)
        self.tell_open(command, order, codes.AMENDED | reason << 16)
        return self.outbox.amounts(order[at.PRICE], lots, order[at.REMAINING], released)

    @cython.cfunc
    def fill(self, state: State, command: Inbox, level: Record, slot: I64, price: I64) -> I64:
        """One fill against a resting order: both sides pay, both reservations fall to what is left to fill.

        A maker's rebate is never above the taker's rate, so the fee account never pays.
        """
        maker: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        maker_left: I64 = maker[at.REMAINING]
        self.lots = min(self.remaining, maker_left)
        market: Record = self.terms
        self.notional = price * self.lots * market[at.UNITS_PER_TICK_LOT]
        account: I64 = high_of(maker[at.LEVEL_ACCOUNT])
        owner: Record = record(state.ledger.accounts, account * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        # What is read if it is filled whole, far from here.
        ask(state.orders.recent, state.orders.place_of(maker[at.ID]))
        ask(state.orders.slots, low_of(maker[at.LINKS]))
        cap: I64 = maker[at.META] >> at.HIGH
        rate: I64 = min(low_of(self.trader[at.RATES]), self.fee_cap)
        maker_rate: I64 = max(min(high_of(owner[at.RATES]), cap), -rate)
        fee: I64 = fee_of(self.notional, rate)
        maker_fee: I64 = fee_of(self.notional, maker_rate)
        pot: Record = record(state.ledger.accounts, codes.FEE_ACCOUNT, at.ACCOUNT_WORDS)
        state.pay(codes.FEE_ACCOUNT, pot, market[at.QUOTE], fee + maker_fee)
        sold: I64 = state.reserved_asset(market, self.side)
        bought: I64 = state.reserved_asset(market, 1 - self.side)

        self.remaining -= self.lots
        keep: I64 = state.reservation(market, self.side, self.limit, self.remaining, self.fee_cap)
        state.pay(self.account, self.trader, bought, self.proceeds(self.side, fee))
        holding: I64 = state.ledger.balance_of(self.trader, sold)
        released: I64 = self.free(state, self.side, holding, self.held - keep, fee)
        self.held = keep

        maker_left -= self.lots
        keep = state.reservation(market, 1 - self.side, price, maker_left, cap)
        state.pay(account, owner, sold, self.proceeds(1 - self.side, maker_fee))
        holding = state.ledger.balance_of(owner, bought)
        maker_released: I64 = self.free(state, 1 - self.side, holding, maker[at.HELD] - keep, maker_fee)
        maker[at.REMAINING] = maker_left
        maker[at.HELD] = keep
        level[at.LOTS] -= self.lots
        market[at.LAST_PRICE] = price
        state.count_volume(command.timestamp_us, market, self.trader, owner, self.notional)

        kinds: I64 = codes.FILLED | self.side << 32
        place: I64 = self.market | market[at.QUOTE] << 32
        self.outbox.emit(command, kinds, self.account | account << 32, place)
        self.outbox.order(self.order_id, maker[at.ID], price, self.lots)
        self.outbox.left(self.remaining, maker_left, released, maker_released)
        self.outbox.fees(fee, maker_fee)
        return state.remove(slot, maker, owner) if maker_left == 0 else 0

    @cython.cfunc
    @cython.inline
    def proceeds(self, side: I64, fee: I64) -> I64:
        """What a side gets for the fill: a seller its worth less the fee, a buyer the units of its lots."""
        bought: I64 = self.lots * self.terms[at.UNITS_PER_LOT]
        return self.notional - fee if side == codes.SELL else bought

    @cython.cfunc
    @cython.inline
    def free(self, state: State, side: I64, holding: I64, freed: I64, fee: I64) -> I64:
        """Take so much out of a side's reservation; what a buyer does not pay of it becomes available, and is told."""
        funds: Record = record(state.ledger.balances, holding, at.BALANCE_WORDS)
        released: I64 = 0 if side == codes.SELL else freed - self.notional - fee
        funds[at.RESERVED] -= freed
        funds[at.AVAILABLE] += released
        return released

    @cython.cfunc
    @cython.inline
    def rest(self, state: State) -> I64:
        """Put what is left of the order into the book, a stop that fired into the slot that it has."""
        slot: I64 = self.slot if self.slot != 0 else self.enroll(state, 0)
        order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        order[at.REMAINING] = self.remaining
        order[at.HELD] = self.held
        return state.queue(slot, order, state.side_of(self.market, self.side), self.limit)

    @cython.cfunc
    @cython.inline
    def enroll(self, state: State, instructions: I64) -> I64:
        """A slot for the order, on its account's roster, with these bits of META beside the usual ones."""
        slot: I64 = state.orders.take(self.order_id)
        order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        order[at.ID] = self.order_id
        order[at.LEVEL_ACCOUNT] = pair(0, self.account)
        order[at.PRICE] = self.limit
        order[at.REMAINING] = self.remaining
        order[at.META] = self.market | self.side << at.SIDE_SHIFT | instructions | self.fee_cap << at.HIGH
        order[at.HELD] = self.held
        order[at.PLACE_ASSET] = pair(state.rosters.enter(self.trader, slot), self.venue >> 32)
        return slot

    @cython.cfunc
    def reserve(self, state: State, units: I64) -> I64:
        """Move units of the account that is matching from available to reserved."""
        return state.ledger.reserve(state.ledger.balance_of(self.trader, self.venue >> 32), units)

    @cython.cfunc
    def end(self, state: State, command: Inbox, reason: I64) -> I64:
        """Cancel what is left of the order that is matching."""
        self.reserve(state, -self.held)
        self.tell(command, codes.CANCELLED | reason << 16, self.remaining, 0, self.held)
        self.remaining = 0
        return 0

    @cython.cfunc
    @cython.inline
    def tell(self, command: Inbox, kinds: I64, quantity: I64, remaining: I64, amount: I64) -> I64:
        """An event of the order that is matching, and of nothing else."""
        self.outbox.emit(command, kinds | self.side << 32, self.account, self.venue)
        self.outbox.row[6] = self.order_id
        return self.outbox.amounts(self.limit, quantity, remaining, amount)

    @cython.cfunc
    @cython.inline
    def cancel(self, state: State, command: Inbox, slot: I64, reason: I64) -> I64:
        """Take an open order out, and give its reservation back."""
        order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        held: I64 = order[at.HELD]
        number: I64 = high_of(order[at.LEVEL_ACCOUNT])
        account: Record = record(state.ledger.accounts, number * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        state.ledger.reserve(state.ledger.balance_of(account, high_of(order[at.PLACE_ASSET])), -held)
        self.tell_open(command, order, codes.CANCELLED | reason << 16)
        self.outbox.amounts(order[at.PRICE], order[at.REMAINING], 0, held)
        return state.remove(slot, order, account)

    @cython.cfunc
    @cython.inline
    def tell_open(self, command: Inbox, order: Record, kinds: I64) -> I64:
        """Start an event of an open order: what it is about."""
        meta: I64 = order[at.META]
        side: I64 = (meta >> at.SIDE_SHIFT) & 1
        place: I64 = meta & at.LOW16 | high_of(order[at.PLACE_ASSET]) << 32
        self.outbox.emit(command, kinds | side << 32, high_of(order[at.LEVEL_ACCOUNT]), place)
        self.outbox.row[6] = order[at.ID]
        return 0

    @cython.cfunc
    def cancel_all(self, state: State, command: Inbox, asset: I64, market: I64, reason: I64) -> I64:
        """Cancel the account's open orders, oldest first, in a market and in markets of an asset (0: any)."""
        account: Record = record(state.ledger.accounts, command.account * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        by_age: Words = state.by_age(account)
        number: I64 = 0
        while number < len(by_age):
            slot: I64 = by_age[number]
            place: I64 = state.orders.slots[slot + at.META] & at.LOW16
            terms: Record = record(state.markets, place * at.MARKET_WORDS, at.MARKET_WORDS)
            if market in (0, place) and asset in (0, terms[at.BASE], terms[at.QUOTE]):
                self.cancel(state, command, slot, reason)
            number += 1
        return 0

    @cython.cfunc
    def cancel_everyone(self, state: State, command: Inbox, market: I64, reason: I64) -> I64:
        """Cancel all open orders, oldest first, in a market (0: in any)."""
        by_age: Words = state.orders.by_age()
        number: I64 = 0
        while number < len(by_age):
            if market in (0, state.orders.slots[by_age[number] + at.META] & at.LOW16):
                self.cancel(state, command, by_age[number], reason)
            number += 1
        return 0
