"""Whether an order can be taken: the verdict of PLACE and REPLACE, step by step. Nothing here changes the state."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.fields import (
    account_of,
    amount_of,
    counter_amount_of,
    kind_of,
    market_of,
    order_id_of,
    order_type_of,
    post_only_of,
    price_of,
    quantity_of,
    self_trade_prevention_of,
    side_of,
    taker_fee_ppm_of,
    time_in_force_of,
    unusual_of,
)
from offchain.matching.lookahead import Lookahead
from offchain.matching.risk import Risk
from offchain.matching.state import State
from offchain.matching.words import I64, Record, Row, record


@cython.final
@cython.cclass
class OrderVerdict:
    """The judge of orders, and what it found on the way to a verdict of OK.

    The order's `limit` in force, the units that it `need`s at that limit (a stop: at its price), and of a REPLACE the
    slot of the order to be `replaced`.
    The records of its `account` and its `funds`, which are of the `asset` that it reserves, are as good as their
    arrays: until one grows.
    """

    risk: Risk
    lookahead: Lookahead
    limit: I64
    need: I64
    replaced: I64
    guarded: I64
    asset: I64
    account: Record
    funds: Record

    def __init__(self, state: State, risk: Risk, lookahead: Lookahead) -> None:
        self.risk = risk
        self.lookahead = lookahead
        self.limit = 0
        self.need = 0
        self.replaced = 0
        self.guarded = 0
        self.asset = 0
        self.account = record(state.ledger.accounts, 0, at.ACCOUNT_WORDS)
        self.funds = record(state.ledger.balances, 0, at.BALANCE_WORDS)

    @cython.cfunc
    @cython.inline
    def of(self, state: State, command: Row) -> I64:
        """OK, or the reason to refuse a PLACE or REPLACE: the first of the rules in the order of `docs/engine.md`."""
        if not state.ledger.can_trade(account_of(command)):
            return codes.UNKNOWN_ACCOUNT
        terms: I64 = market_of(command) * at.MARKET_WORDS
        if terms >= len(state.markets):
            return codes.UNKNOWN_MARKET
        market: Record = record(state.markets, terms, at.MARKET_WORDS)
        if market[at.BASE] == 0:
            return codes.UNKNOWN_MARKET
        reason: I64 = codes.OK
        if kind_of(command) == codes.REPLACE:
            reason = self.replacement(state, command)
            if reason != codes.OK:
                return reason
        account: Record = record(state.ledger.accounts, account_of(command) * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        self.account = account
        self.limit = price_of(command)
        self.guarded = state.guarded | account[at.ACCOUNT_GUARDED]
        rules: I64 = market[at.GUARDED] & at.GUARD_ORDERS
        if unusual_of(command) | rules | (self.guarded & at.ACCOUNT_KILLED) != 0 or not self.is_sound(command, market):
            reason = self.steps(state, command, market)
            if reason != codes.OK:
                return reason
        return self.means(state, command, market, account)

    @cython.cfunc
    @cython.inline
    def replacement(self, state: State, command: Row) -> I64:
        """Of the order that a REPLACE names."""
        slot: I64 = state.orders.find(order_id_of(command))
        if slot == 0:
            return codes.UNKNOWN_ORDER
        order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        if order[at.ACCOUNT] != account_of(command):
            return codes.NOT_OWNER
        meta: I64 = order[at.META]
        if meta & at.LOW16 != market_of(command) or (meta >> at.SIDE_SHIFT) & 1 != side_of(command):
            return codes.BAD_REPLACEMENT
        self.replaced = slot
        return codes.OK

    @cython.cfunc
    @cython.inline
    def is_sound(self, command: Row, market: Record) -> cython.bint:
        """Whether a plain order is within the limits of a market without further rules: then no step refuses it."""
        price: I64 = price_of(command)
        lots: I64 = quantity_of(command)
        if side_of(command) > codes.SELL or price <= 0 or price > market[at.MAX_PRICE]:
            return False
        if lots < market[at.MIN_QUANTITY] or lots > market[at.MAX_QUANTITY]:
            return False
        return price * lots * market[at.UNITS_PER_TICK_LOT] >= market[at.MIN_NOTIONAL]

    @cython.cfunc
    def steps(self, state: State, command: Row, market: Record) -> I64:
        """All that an order can be refused for but its owner's means; finds `limit`."""
        reason: I64 = self.form(command)
        if reason == codes.OK:
            reason = self.size(command, market)
        if reason == codes.OK:
            reason = self.risk.closed(state, command, market)
        if reason == codes.OK and order_type_of(command) == codes.LIMIT:
            reason = self.risk.price(command, market)
        if reason == codes.OK and order_type_of(command) >= codes.STOP_LIMIT:
            reason = self.trigger(command, market)
        if reason == codes.OK and post_only_of(command) != 0:
            reason = self.post(state, command, market)
        if order_type_of(command) == codes.MARKET:
            self.limit = self.risk.collar(market, side_of(command), price_of(command))
        return reason

    @cython.cfunc
    def form(self, command: Row) -> I64:
        """Of the instructions, and how they go together."""
        kind: I64 = order_type_of(command)
        life: I64 = time_in_force_of(command)
        reason: I64 = codes.OK
        if side_of(command) > codes.SELL:
            reason = codes.BAD_SIDE
        elif kind > codes.STOP_MARKET:
            reason = codes.BAD_ORDER_TYPE
        elif life > codes.FOK_BUDGET or not self.can_live(kind, life):
            reason = codes.BAD_TIME_IN_FORCE
        elif post_only_of(command) > codes.POST_SLIDE or (post_only_of(command) != 0 and kind | life != 0):
            reason = codes.BAD_POST_ONLY
        elif self_trade_prevention_of(command) > codes.DECREMENT_AND_CANCEL:
            reason = codes.BAD_SELF_TRADE_PREVENTION
        return reason

    @cython.cfunc
    def can_live(self, kind: I64, life: I64) -> cython.bint:
        """Whether an order of this type may have this time in force."""
        if life == codes.FOK_BUDGET:
            return kind < codes.STOP_LIMIT
        return life != codes.GTC or kind in (codes.LIMIT, codes.STOP_LIMIT)

    @cython.cfunc
    def size(self, command: Row, market: Record) -> I64:
        """Of price, lots, trigger, budget and worth."""
        trigger_min: I64 = 1 if order_type_of(command) >= codes.STOP_LIMIT else 0
        trigger_max: I64 = market[at.MAX_PRICE] if trigger_min != 0 else 0
        budget_min: I64 = 1 if time_in_force_of(command) == codes.FOK_BUDGET else 0
        budget_max: I64 = codes.NOTIONAL_MAX_UNITS if budget_min != 0 else 0
        reason: I64 = codes.OK
        if price_of(command) <= 0 or price_of(command) > market[at.MAX_PRICE]:
            reason = codes.BAD_PRICE
        elif quantity_of(command) < market[at.MIN_QUANTITY] or quantity_of(command) > market[at.MAX_QUANTITY]:
            reason = codes.BAD_QUANTITY
        elif counter_amount_of(command) < trigger_min or counter_amount_of(command) > trigger_max:
            reason = codes.BAD_TRIGGER
        elif amount_of(command) < budget_min or amount_of(command) > budget_max:
            reason = codes.BAD_BUDGET
        else:
            return self.worth(price_of(command) * quantity_of(command) * market[at.UNITS_PER_TICK_LOT], market)
        return reason

    @cython.cfunc
    def worth(self, notional: I64, market: Record) -> I64:
        """Of the quote units that an order is about."""
        if notional < market[at.MIN_NOTIONAL]:
            return codes.NOTIONAL_TOO_SMALL
        capped: cython.bint = market[at.MAX_NOTIONAL] != 0
        return codes.NOTIONAL_TOO_LARGE if capped and notional > market[at.MAX_NOTIONAL] else codes.OK

    @cython.cfunc
    def trigger(self, command: Row, market: Record) -> I64:
        """Of a stop: the last price must not have reached its trigger."""
        last: I64 = market[at.LAST_PRICE]
        if last == 0:
            return codes.OK
        reached: cython.bint = last >= counter_amount_of(command)
        if side_of(command) == codes.SELL:
            reached = last <= counter_amount_of(command)
        return codes.WOULD_TRIGGER if reached else codes.OK

    @cython.cfunc
    def post(self, state: State, command: Row, market: Record) -> I64:
        """Of a post-only order: it must not cross the best opposite price, or slides one tick short of it."""
        opposite: I64 = state.books.sides[state.side_of(market_of(command), 1 - side_of(command)) + at.BEST_PRICE]
        crosses: cython.bint = opposite <= price_of(command)
        if side_of(command) == codes.SELL:
            crosses = opposite >= price_of(command)
        if not crosses:
            return codes.OK
        if post_only_of(command) == codes.POST_REJECT:
            return codes.WOULD_CROSS
        self.limit = opposite - 1 if side_of(command) == codes.BUY else opposite + 1
        return codes.OK if 1 <= self.limit <= market[at.MAX_PRICE] else codes.WOULD_CROSS

    @cython.cfunc
    @cython.inline
    def means(self, state: State, command: Row, market: Record, account: Record) -> I64:
        """Of an order that its market takes: its fee cap, exits, its account's limits, and what it reserves."""
        cap: I64 = taker_fee_ppm_of(command)
        if cap < 0 or cap > codes.FEE_CAP_MAX_PPM:
            return codes.BAD_FEE
        if not state.ledger.pays_within(account, cap):
            return codes.FEE_CAP_TOO_LOW
        self.asset = state.reserved_asset(market, side_of(command))
        self.funds = record(state.ledger.balances, state.ledger.balance_of(account, self.asset), at.BALANCE_WORDS)
        replaced: I64 = self.replaced if kind_of(command) == codes.REPLACE else 0
        reason: I64 = self.risk.allowance(state, command, market, replaced) if self.guarded != 0 else codes.OK
        if reason == codes.OK:
            reason = self.reserves(state, command, market, cap)
        if reason == codes.OK and kind_of(command) == codes.REPLACE:
            reason = self.spares(state, command)
        return reason

    @cython.cfunc
    @cython.inline
    def reserves(self, state: State, command: Row, market: Record, cap: I64) -> I64:
        """Of what an order reserves; what the order that it replaces holds is there for it."""
        self.need = state.reservation(market, side_of(command), self.limit, quantity_of(command), cap)
        available: I64 = self.funds[at.AVAILABLE]
        if kind_of(command) == codes.REPLACE:
            available += state.orders.slots[self.replaced + at.HELD]
        return codes.INSUFFICIENT_BALANCE if self.need < 0 or self.need > available else codes.OK

    @cython.cfunc
    def spares(self, state: State, command: Row) -> I64:
        """Of a REPLACE: if self-trade prevention may cancel the new order, it must not go with the old one."""
        if self_trade_prevention_of(command) < codes.CANCEL_INCOMING or order_type_of(command) >= codes.STOP_LIMIT:
            return codes.OK
        other: I64 = state.side_of(market_of(command), 1 - side_of(command))
        self.lookahead.account = account_of(command)
        meets: cython.bint = self.lookahead.meets_own(state, other, self.limit, quantity_of(command))
        return codes.WOULD_SELF_TRADE if meets else codes.OK
