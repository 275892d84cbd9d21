"""Why the reference model refuses an order: the rules one by one, in the order in which they are asked."""

from collections.abc import Iterator
from dataclasses import replace

from offchain.core.commands import (
    CancelReason,
    Command,
    CommandKind,
    MarketStatus,
    OrderType,
    PostOnly,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from offchain.core.events import RejectReason
from offchain.core.money import NOTIONAL_MAX_UNITS
from tests.matching.naive_state import Market, NaiveState, Order, mul_ppm

K, R = CommandKind, RejectReason
STOPS = (OrderType.STOP_LIMIT, OrderType.STOP_MARKET)
FEE_CAP_MAX_PPM = 5_000
KEEPS_OWN_ORDERS = (
    SelfTradePrevention.CANCEL_INCOMING,
    SelfTradePrevention.CANCEL_BOTH,
    SelfTradePrevention.DECREMENT_AND_CANCEL,
)


def crosses(side: int, price: int, other: int) -> bool:
    """Whether an order at this price would trade with one of the other side."""
    return other <= price if side == Side.BUY else other >= price


class OrderVerdicts(NaiveState):
    def check_order(self, c: Command) -> RejectReason:
        """Of PLACE and REPLACE."""
        if not 0 < c.account < self.accounts:
            return R.UNKNOWN_ACCOUNT
        if c.market not in self.markets:
            return R.UNKNOWN_MARKET
        return next((reason for reason in self._refusals(c, self.markets[c.market]) if reason), R.NONE)

    def _refusals(self, c: Command, market: Market) -> Iterator[RejectReason]:
        yield self._check_replaced(c)
        yield check_instructions(c)
        yield check_numbers(c, market)
        if any(self.killed(c.account, c.market)):
            yield R.TRADING_KILLED
        yield check_status(c, market)
        yield check_distance(c, market)
        yield self._check_post_only(c)
        yield self._check_fees_and_exits(c, market)
        limits = self.limits(c.account)
        lasting = c.time_in_force == TimeInForce.GTC or c.order_type in STOPS
        if c.kind == K.PLACE and lasting and 0 < limits.orders <= len(list(self.orders_of(c.account))):
            yield R.TOO_MANY_ORDERS
        yield self.check_messages(c)
        yield self._check_position(c, market)
        yield self._check_funds_of(c, market)
        if self._would_self_trade(c):
            yield R.WOULD_SELF_TRADE

    def _check_replaced(self, c: Command) -> RejectReason:
        if c.kind == K.PLACE:
            return R.NONE
        if reason := self.check_owned(c):
            return reason
        old = self.orders[c.order_id]
        return R.NONE if (old.market, old.side) == (c.market, c.side) else R.BAD_REPLACEMENT

    def _check_post_only(self, c: Command) -> RejectReason:
        if c.post_only == PostOnly.NO or not self.crosses_now(c):
            return R.NONE
        fits = 1 <= self.effective_price(c) <= self.markets[c.market].max_price
        return R.NONE if c.post_only == PostOnly.SLIDE and fits else R.WOULD_CROSS

    def crosses_now(self, c: Command) -> bool:
        best = self.book(c.market, 1 - c.side)[:1]
        return bool(best) and crosses(c.side, c.price, best[0].price)

    def effective_price(self, c: Command) -> int:
        """The limit in force of a new order: slid, clamped, or as signed."""
        if c.post_only == PostOnly.SLIDE and self.crosses_now(c):
            return self.book(c.market, 1 - c.side)[0].price + (-1 if c.side == Side.BUY else 1)
        return self.markets[c.market].collared(c.side, c.price) if c.order_type == OrderType.MARKET else c.price

    def _check_fees_and_exits(self, c: Command, market: Market) -> RejectReason:
        if not 0 <= c.taker_fee_ppm <= FEE_CAP_MAX_PPM:
            return R.BAD_FEE
        if c.taker_fee_ppm < max(self.rates(c.account)):
            return R.FEE_CAP_TOO_LOW
        leaving = {(c.account, market.base), (c.account, market.quote)} & self.exiting
        return R.ACCOUNT_EXITING if leaving else R.NONE

    def check_messages(self, c: Command) -> RejectReason:
        limits, person = self.limits(c.account), self.people[c.account]
        if limits.messages == 0 or c.sequence - person.window_start >= limits.window:
            return R.NONE
        return R.NONE if person.messages < limits.messages else R.TOO_MANY_MESSAGES

    def _check_position(self, c: Command, market: Market) -> RejectReason:
        cap = self.caps.get((c.account, market.base), 0)
        if c.side == Side.SELL or cap == 0:
            return R.NONE
        available, reserved = self.balance(c.account, market.base)
        position = max(available, 0) + reserved + c.quantity * market.units_per_lot
        for order in self.orders_of(c.account):
            bought = self.markets[order.market]
            if order.side == Side.BUY and bought.base == market.base and order is not self._replaced(c):
                position += order.remaining * bought.units_per_lot
        return R.POSITION_CAP if position > cap else R.NONE

    def _check_funds_of(self, c: Command, market: Market) -> RejectReason:
        old, free = self._replaced(c), self.available.get((c.account, market.held_asset(c.side)), 0)
        free += self.held(old) if old else 0
        return R.NONE if self.held(self.order_of(c)) <= free else R.INSUFFICIENT_BALANCE

    def _replaced(self, c: Command) -> Order | None:
        return self.orders.get(c.order_id) if c.kind == K.REPLACE else None

    def order_of(self, c: Command) -> Order:
        """The order that a PLACE or REPLACE makes."""
        order = Order(c.sequence, c.account, c.market, c.side, self.effective_price(c), c.quantity, c.taker_fee_ppm)
        return replace(
            order,
            time_in_force=c.time_in_force,
            order_type=c.order_type,
            self_trade_prevention=c.self_trade_prevention,
            trigger=c.counter_amount,
            budget=c.amount,
        )

    def _would_self_trade(self, c: Command) -> bool:
        """Whether a replacement would be cut short by an order of its own account."""
        if c.kind == K.PLACE or c.self_trade_prevention not in KEEPS_OWN_ORDERS or c.order_type in STOPS:
            return False
        wanted, limit = c.quantity, self.effective_price(c)
        for maker in self.book(c.market, 1 - c.side):
            if wanted <= 0 or not crosses(c.side, limit, maker.price):
                return False
            if maker.account == c.account:
                return True
            wanted -= maker.remaining
        return False

    def check_owned(self, c: Command) -> RejectReason:
        if c.order_id not in self.orders:
            return R.UNKNOWN_ORDER
        return R.NONE if self.orders[c.order_id].account == c.account else R.NOT_OWNER

    def check_cancel(self, c: Command) -> RejectReason:
        """Of CANCEL and CANCEL_ALL."""
        if c.account >= self.accounts:
            return R.UNKNOWN_ACCOUNT
        if c.reason not in set(CancelReason):
            return R.MALFORMED
        if c.kind == K.CANCEL:
            return self.check_owned(c)
        if c.market != 0 and c.market not in self.markets:
            return R.UNKNOWN_MARKET
        return R.NONE if c.asset in {0, *self.listed} else R.UNKNOWN_ASSET

    def check_amend(self, c: Command) -> RejectReason:
        if c.account >= self.accounts:
            return R.UNKNOWN_ACCOUNT
        if reason := self.check_owned(c):
            return reason
        order = self.orders[c.order_id]
        market = self.markets[order.market]
        if market.status == MarketStatus.HALT:
            return R.MARKET_CLOSED
        if not max(1, market.min_quantity) <= c.quantity < order.remaining:
            return R.BAD_QUANTITY
        return self.check_messages(c)


def check_instructions(c: Command) -> RejectReason:
    """Of an order, how it is to be treated."""
    if c.side > Side.SELL:
        return R.BAD_SIDE
    if c.order_type > OrderType.STOP_MARKET:
        return R.BAD_ORDER_TYPE
    rests_nowhere = c.time_in_force == TimeInForce.GTC and c.order_type in (OrderType.MARKET, OrderType.STOP_MARKET)
    waits = c.time_in_force == TimeInForce.FOK_BUDGET and c.order_type in STOPS
    if c.time_in_force > TimeInForce.FOK_BUDGET or rests_nowhere or waits:
        return R.BAD_TIME_IN_FORCE
    can_be_maker = c.order_type == OrderType.LIMIT and c.time_in_force == TimeInForce.GTC
    if c.post_only > (PostOnly.SLIDE if can_be_maker else PostOnly.NO):
        return R.BAD_POST_ONLY
    if c.self_trade_prevention > SelfTradePrevention.DECREMENT_AND_CANCEL:
        return R.BAD_SELF_TRADE_PREVENTION
    return R.NONE


def check_numbers(c: Command, market: Market) -> RejectReason:
    """Of an order, what it names: prices, lots, and what they are worth."""
    if not 0 < c.price <= market.max_price:
        return R.BAD_PRICE
    if not market.min_quantity <= c.quantity <= market.max_quantity:
        return R.BAD_QUANTITY
    if not (0 < c.counter_amount <= market.max_price if c.order_type in STOPS else c.counter_amount == 0):
        return R.BAD_TRIGGER
    budgeted = c.time_in_force == TimeInForce.FOK_BUDGET
    if not (0 < c.amount <= NOTIONAL_MAX_UNITS if budgeted else c.amount == 0):
        return R.BAD_BUDGET
    notional = market.notional(c.price, c.quantity)
    if notional < market.min_notional:
        return R.NOTIONAL_TOO_SMALL
    return R.NOTIONAL_TOO_LARGE if notional > market.max_notional > 0 else R.NONE


def check_status(c: Command, market: Market) -> RejectReason:
    if market.status in (MarketStatus.HALT, MarketStatus.CANCEL_ONLY):
        return R.MARKET_CLOSED
    if market.status == MarketStatus.POST_ONLY and c.post_only == PostOnly.NO:
        return R.MARKET_CLOSED
    return R.NONE


def check_distance(c: Command, market: Market) -> RejectReason:
    """Of an order's prices, beside the last one."""
    last, past = market.last_price, c.price - market.last_price
    if last == 0:
        return R.NONE
    if c.order_type in STOPS:
        fires = last >= c.counter_amount if c.side == Side.BUY else last <= c.counter_amount
        return R.WOULD_TRIGGER if fires else R.NONE
    if c.order_type != OrderType.LIMIT:
        return R.NONE
    if market.band > 0 and abs(past) > mul_ppm(last, market.band):
        return R.PRICE_OUTSIDE_BAND
    too_far = (past if c.side == Side.BUY else -past) > mul_ppm(last, market.fat_finger)
    return R.PRICE_TOO_FAR if market.fat_finger > 0 and too_far else R.NONE
