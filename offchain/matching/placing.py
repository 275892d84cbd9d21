"""Whether an order can be taken: the verdict of PLACE and REPLACE, step by step. Nothing here changes the state."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.inbox import Inbox
from offchain.matching.lookahead import Lookahead
from offchain.matching.risk import Risk
from offchain.matching.state import State
from offchain.matching.words import I64, Record, record


@cython.final
@cython.cclass
class OrderVerdict:
    """The judge of orders, and what it found on the way to a verdict of OK.

    The order's `limit` in force, the units that it `need`s at that limit (a stop: at its price), and the slot of the
    order to be `replaced`, or 0.
    The records of its `market`, its `account` and its `funds` are as good as their arrays: until one grows.
    """

    risk: Risk
    lookahead: Lookahead
    limit: I64
    need: I64
    replaced: I64
    guarded: I64
    market: Record
    account: Record
    funds: Record

    def __init__(self, state: State, risk: Risk, lookahead: Lookahead) -> None:
        self.risk = risk
        self.lookahead = lookahead
        self.limit = 0
        self.need = 0
        self.replaced = 0
        self.guarded = 0
        self.market = record(state.markets, 0, at.MARKET_WORDS)
        self.account = record(state.ledger.accounts, 0, at.ACCOUNT_WORDS)
        self.funds = record(state.ledger.balances, 0, at.BALANCE_WORDS)

    @cython.cfunc
    @cython.inline
    def of(self, state: State, command: Inbox) -> I64:
        """OK, or the reason to refuse a PLACE or REPLACE: the first of the rules in the order of `docs/engine.md`."""
        if not state.ledger.can_trade(command.account):
            return codes.UNKNOWN_ACCOUNT
        terms: I64 = command.market * at.MARKET_WORDS
        if terms >= len(state.markets):
            return codes.UNKNOWN_MARKET
        market: Record = record(state.markets, terms, at.MARKET_WORDS)
        if market[at.BASE] == 0:
            return codes.UNKNOWN_MARKET
        self.replaced = 0
        reason: I64 = codes.OK
        if command.kind == codes.REPLACE:
            reason = self.replacement(state, command)
            if reason != codes.OK:
                return reason
        account: Record = record(state.ledger.accounts, command.account * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        self.market = market
        self.account = account
        self.limit = command.price
        self.guarded = state.guarded | account[at.ACCOUNT_GUARDED]
        rules: I64 = market[at.GUARDED] & at.GUARD_ORDERS
        if command.unusual | rules | (self.guarded & at.ACCOUNT_KILLED) != 0 or not self.is_sound(command, market):
            reason = self.steps(state, command, market)
            if reason != codes.OK:
                return reason
        return self.means(state, command, market, account)

    @cython.cfunc
    @cython.inline
    def replacement(self, state: State, command: Inbox) -> I64:
        """Of the order that a REPLACE names."""
        slot: I64 = state.orders.find(command.order_id)
        if slot == 0:
            return codes.UNKNOWN_ORDER
        order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        if order[at.LEVEL_ACCOUNT] >> at.HIGH != command.account:
            return codes.NOT_OWNER
        meta: I64 = order[at.META]
        if meta & at.LOW16 != command.market or (meta >> at.SIDE_SHIFT) & 1 != command.side:
            return codes.BAD_REPLACEMENT
        self.replaced = slot
        return codes.OK

    @cython.cfunc
    @cython.inline
    def is_sound(self, command: Inbox, market: Record) -> cython.bint:
        """Whether a plain order is within the limits of a market without further rules: then no step refuses it."""
        price: I64 = command.price
        lots: I64 = command.quantity
        if command.side > codes.SELL or price <= 0 or price > market[at.MAX_PRICE]:
            return False
        if lots < market[at.MIN_QUANTITY] or lots > market[at.MAX_QUANTITY]:
            return False
        return price * lots * market[at.UNITS_PER_TICK_LOT] >= market[at.MIN_NOTIONAL]

    @cython.cfunc
    def steps(self, state: State, command: Inbox, market: Record) -> I64:
        """All that an order can be refused for but its owner's means; finds `limit`."""
        reason: I64 = self.form(command)
        if reason == codes.OK:
            reason = self.size(command, market)
        if reason == codes.OK:
            reason = self.risk.closed(state, command, market)
        if reason == codes.OK and command.order_type == codes.LIMIT:
            reason = self.risk.price(command, market)
        if reason == codes.OK and command.order_type >= codes.STOP_LIMIT:
            reason = self.trigger(command, market)
        if reason == codes.OK and command.post_only != 0:
            reason = self.post(state, command, market)
        if command.order_type == codes.MARKET:
            self.limit = self.risk.collar(market, command.side, command.price)
        return reason

    @cython.cfunc
    def form(self, command: Inbox) -> I64:
        """Of the instructions, and how they go together."""
        kind: I64 = command.order_type
        life: I64 = command.time_in_force
        reason: I64 = codes.OK
        if command.side > codes.SELL:
            reason = codes.BAD_SIDE
        elif kind > codes.STOP_MARKET:
            reason = codes.BAD_ORDER_TYPE
        elif life > codes.FOK_BUDGET or not self.can_live(kind, life):
            reason = codes.BAD_TIME_IN_FORCE
        elif command.post_only > codes.POST_SLIDE or (command.post_only != 0 and kind | life != 0):
            reason = codes.BAD_POST_ONLY
        elif command.self_trade_prevention > codes.DECREMENT_AND_CANCEL:
            reason = codes.BAD_SELF_TRADE_PREVENTION
        return reason

    @cython.cfunc
    def can_live(self, kind: I64, life: I64) -> cython.bint:
        """Whether an order of this type may have this time in force."""
        if life == codes.FOK_BUDGET:
            return kind < codes.STOP_LIMIT
        return life != codes.GTC or kind in (codes.LIMIT, codes.STOP_LIMIT)

    @cython.cfunc
    def size(self, command: Inbox, market: Record) -> I64:
        """Of price, lots, trigger, budget and worth."""
        trigger_min: I64 = 1 if command.order_type >= codes.STOP_LIMIT else 0
        trigger_max: I64 = market[at.MAX_PRICE] if trigger_min != 0 else 0
        budget_min: I64 = 1 if command.time_in_force == codes.FOK_BUDGET else 0
        budget_max: I64 = codes.NOTIONAL_MAX_UNITS if budget_min != 0 else 0
        reason: I64 = codes.OK
        if command.price <= 0 or command.price > market[at.MAX_PRICE]:
            reason = codes.BAD_PRICE
        elif command.quantity < market[at.MIN_QUANTITY] or command.quantity > market[at.MAX_QUANTITY]:
            reason = codes.BAD_QUANTITY
        elif command.counter_amount < trigger_min or command.counter_amount > trigger_max:
            reason = codes.BAD_TRIGGER
        elif command.amount < budget_min or command.amount > budget_max:
            reason = codes.BAD_BUDGET
        else:
            return self.worth(command.price * command.quantity * market[at.UNITS_PER_TICK_LOT], market)
        return reason

    @cython.cfunc
    def worth(self, notional: I64, market: Record) -> I64:
        """Of the quote units that an order is about."""
        if notional < market[at.MIN_NOTIONAL]:
            return codes.NOTIONAL_TOO_SMALL
        capped: cython.bint = market[at.MAX_NOTIONAL] != 0
        return codes.NOTIONAL_TOO_LARGE if capped and notional > market[at.MAX_NOTIONAL] else codes.OK

    @cython.cfunc
    def trigger(self, command: Inbox, market: Record) -> I64:
        """Of a stop: the last price must not have reached its trigger."""
        last: I64 = market[at.LAST_PRICE]
        if last == 0:
            return codes.OK
        reached: cython.bint = last >= command.counter_amount
        if command.side == codes.SELL:
            reached = last <= command.counter_amount
        return codes.WOULD_TRIGGER if reached else codes.OK

    @cython.cfunc
    def post(self, state: State, command: Inbox, market: Record) -> I64:
        """Of a post-only order: it must not cross the best opposite price, or slides one tick short of it."""
        opposite: I64 = state.books.sides[state.side_of(command.market, 1 - command.side) + at.BEST_PRICE]
        crosses: cython.bint = opposite <= command.price
        if command.side == codes.SELL:
            crosses = opposite >= command.price
        if not crosses:
            return codes.OK
        if command.post_only == codes.POST_REJECT:
            return codes.WOULD_CROSS
        self.limit = opposite - 1 if command.side == codes.BUY else opposite + 1
        return codes.OK if 1 <= self.limit <= market[at.MAX_PRICE] else codes.WOULD_CROSS

    @cython.cfunc
    @cython.inline
    def means(self, state: State, command: Inbox, market: Record, account: Record) -> I64:
        """Of an order that its market takes: its fee cap, exits, its account's limits, and what it reserves."""
        cap: I64 = command.taker_fee_ppm
        if cap < 0 or cap > codes.FEE_CAP_MAX_PPM:
            return codes.BAD_FEE
        if not state.ledger.pays_within(account, cap):
            return codes.FEE_CAP_TOO_LOW
        holding: I64 = state.ledger.balance_of(account, state.reserved_asset(market, command.side))
        self.funds = record(state.ledger.balances, holding, at.BALANCE_WORDS)
        reason: I64 = self.risk.allowance(state, command, market, self.replaced) if self.guarded != 0 else codes.OK
        if reason == codes.OK:
            reason = self.reserves(state, command, market, cap)
        if reason == codes.OK and self.replaced != 0 and command.self_trade_prevention >= codes.CANCEL_INCOMING:
            reason = self.spares(state, command)
        return reason

    @cython.cfunc
    @cython.inline
    def reserves(self, state: State, command: Inbox, market: Record, cap: I64) -> I64:
        """Of what an order reserves; what the order that it replaces holds is there for it."""
        self.need = state.reservation(market, command.side, self.limit, command.quantity, cap)
        available: I64 = self.funds[at.AVAILABLE]
        if self.replaced != 0:
            available += state.orders.slots[self.replaced + at.HELD]
        return codes.INSUFFICIENT_BALANCE if self.need < 0 or self.need > available else codes.OK

    @cython.cfunc
    def spares(self, state: State, command: Inbox) -> I64:
        """Of a REPLACE whose self-trade prevention may cancel the new order: it must not go with the old one."""
        if command.order_type >= codes.STOP_LIMIT:
            return codes.OK
        other: I64 = state.side_of(command.market, 1 - command.side)
        self.lookahead.account = command.account
        meets: cython.bint = self.lookahead.meets_own(state, other, self.limit, command.quantity)
        return codes.WOULD_SELF_TRADE if meets else codes.OK
