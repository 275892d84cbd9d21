"""Why the reference model refuses a command that is no order."""

from offchain.core.commands import Command, CommandKind, MarketStatus, Side
from offchain.core.events import RejectReason
from offchain.core.money import NOTIONAL_MAX_UNITS, PPM, UNITS_MAX
from tests.matching.naive_order_verdicts import FEE_CAP_MAX_PPM, OrderVerdicts
from tests.matching.naive_state import DAY_US

K, R = CommandKind, RejectReason
TIER_MAX = 7


class Verdicts(OrderVerdicts):
    def check_opening(self, c: Command) -> RejectReason:
        if c.account < self.accounts:
            return R.ALREADY_LISTED
        return R.NONE if c.account == self.accounts else R.UNKNOWN_ACCOUNT

    def check_asset(self, c: Command) -> RejectReason:
        if c.asset in self.listed:
            return R.ALREADY_LISTED
        return R.NONE if c.asset > 0 else R.UNKNOWN_ASSET

    def check_market(self, c: Command) -> RejectReason:
        if c.market in self.markets:
            return R.ALREADY_LISTED
        if not {c.asset, c.counter_asset} <= self.listed:
            return R.UNKNOWN_ASSET
        if c.asset == c.counter_asset or c.market == 0 or c.mode > 1:
            return R.BAD_MARKET
        if c.mode == 1 and c.order_id >= 2**63:
            return R.BAD_MARKET
        return R.NONE if within_bounds(c.price, c.quantity, c.amount, c.counter_amount) else R.BAD_MARKET

    def check_market_limits(self, c: Command) -> RejectReason:
        market = self.markets.get(c.market)
        if market is None:
            return R.UNKNOWN_MARKET
        if not within_bounds(c.price, c.quantity, market.units_per_lot, market.units_per_tick_lot):
            return R.BAD_MARKET
        return R.NONE if 1 <= c.counter_amount <= c.quantity and c.amount >= 0 else R.BAD_MARKET

    def check_status_change(self, c: Command) -> RejectReason:
        if c.market not in self.markets:
            return R.UNKNOWN_MARKET
        return R.NONE if c.mode <= MarketStatus.POST_ONLY else R.BAD_LIMIT

    def check_risk(self, c: Command) -> RejectReason:
        if c.market not in self.markets:
            return R.UNKNOWN_MARKET
        sound = 0 <= c.amount <= PPM and 0 <= c.counter_amount <= PPM and c.quantity >= 0
        return R.NONE if sound and 0 <= c.price <= self.markets[c.market].max_price else R.BAD_LIMIT

    def check_breaker(self, c: Command) -> RejectReason:
        if c.market not in self.markets:
            return R.UNKNOWN_MARKET
        none, sound = c.amount == c.counter_amount == 0, 0 < c.amount <= PPM and 0 < c.counter_amount <= DAY_US
        return R.NONE if none or sound else R.BAD_LIMIT

    def check_kill_switch(self, c: Command) -> RejectReason:
        if c.account != 0 and c.market != 0:
            return R.MALFORMED
        if c.account >= self.accounts:
            return R.UNKNOWN_ACCOUNT
        if c.market != 0 and c.market not in self.markets:
            return R.UNKNOWN_MARKET
        return R.NONE if c.mode <= 1 else R.BAD_LIMIT

    def check_account_limits(self, c: Command) -> RejectReason:
        if c.account >= self.accounts:
            return R.UNKNOWN_ACCOUNT
        sound = 0 <= c.quantity < 2**31 and 0 <= c.amount < 2**31 and 0 <= c.counter_amount < 2**62
        return R.NONE if sound and (c.amount == 0) == (c.counter_amount == 0) else R.BAD_LIMIT

    def check_position_cap(self, c: Command) -> RejectReason:
        if not 0 < c.account < self.accounts:
            return R.UNKNOWN_ACCOUNT
        if c.asset not in self.listed:
            return R.UNKNOWN_ASSET
        return R.NONE if c.amount >= 0 else R.BAD_AMOUNT

    def check_fees(self, c: Command) -> RejectReason:
        if c.account >= self.accounts:
            return R.UNKNOWN_ACCOUNT
        if c.mode > 1 or (c.account == 0 and c.mode != 0):
            return R.BAD_FEE
        if c.mode == 1:
            return R.NONE if c.maker_fee_ppm == c.taker_fee_ppm == 0 else R.BAD_FEE
        return R.NONE if rates_are_sound(c) else R.BAD_FEE

    def check_tier(self, c: Command) -> RejectReason:
        empty = c.maker_fee_ppm == c.taker_fee_ppm == 0
        if not 2 <= c.mode <= TIER_MAX or c.amount < 0 or (c.amount == 0 and not empty):
            return R.BAD_TIER
        return R.NONE if rates_are_sound(c) else R.BAD_FEE

    def check_discounts(self, c: Command) -> RejectReason:
        if not 0 < c.account < self.accounts:
            return R.UNKNOWN_ACCOUNT
        sound = 0 <= c.amount <= PPM and 0 <= c.counter_amount <= PPM
        return R.NONE if sound else R.BAD_FEE

    def check_roll(self, c: Command) -> RejectReason:
        return R.NONE if self.rolled_day < c.amount < 2**31 else R.BAD_DAY

    def check_unwind(self, c: Command) -> RejectReason:
        market = self.markets.get(c.market)
        if market is None:
            return R.UNKNOWN_MARKET
        if c.side > Side.SELL:
            return R.BAD_SIDE
        if not (0 < c.account < self.accounts and 0 < c.counter_account < self.accounts):
            return R.UNKNOWN_ACCOUNT
        if c.price <= 0:
            return R.BAD_PRICE
        if not within_bounds(c.price, c.quantity, market.units_per_lot, market.units_per_tick_lot):
            return R.BAD_QUANTITY
        if max(abs(c.amount), abs(c.counter_amount)) > market.notional(c.price, c.quantity) // 100 + 1:
            return R.BAD_FEE
        kept = self.available.copy()
        possible = self.unwind(c)
        self.available = kept
        return R.NONE if possible else R.OVERFLOW

    def unwind(self, c: Command) -> bool:
        """Move the funds of a fill back; False if a balance would not fit 64 bits on the way."""
        market = self.markets[c.market]
        base_units, notional = c.quantity * market.units_per_lot, market.notional(c.price, c.quantity)
        taker, maker = (c.account, c.amount), (c.counter_account, c.counter_amount)
        (buyer, buyer_fee), (seller, seller_fee) = (taker, maker) if c.side == Side.BUY else (maker, taker)
        movements = [
            (buyer, market.base, -base_units),
            (seller, market.quote, seller_fee - notional),
            (0, market.quote, -buyer_fee - seller_fee),
            (seller, market.base, base_units),
            (buyer, market.quote, notional + buyer_fee),
        ]
        for account, asset, units in movements:
            if not self.fits(account, asset, units):
                return False
            self.available[account, asset] += units
        return True

    def check_funds(self, c: Command) -> RejectReason:
        """Of withdrawals, their reverts, and facts of the chain."""
        if c.account >= self.accounts:
            return R.UNKNOWN_ACCOUNT
        if c.asset not in self.listed:
            return R.UNKNOWN_ASSET
        if c.kind == K.CHAIN_EXITED:
            if c.amount < 0:
                return R.BAD_AMOUNT
            return R.NONE if self.fits(c.account, c.asset, -c.amount) else R.OVERFLOW
        if c.kind in (K.CHAIN_EXIT_REQUESTED, K.CHAIN_EXIT_CANCELLED, K.CHAIN_CANCEL_FLOOR):
            return R.NONE
        if c.amount <= 0:
            return R.BAD_AMOUNT
        if c.kind == K.WITHDRAW:
            enough = self.available.get((c.account, c.asset), 0) >= c.amount
            return R.NONE if enough else R.INSUFFICIENT_BALANCE
        if c.kind == K.CHAIN_WITHDRAWN or self.fits(c.account, c.asset, c.amount):
            return R.NONE
        return R.OVERFLOW


def rates_are_sound(c: Command) -> bool:
    return abs(c.maker_fee_ppm) <= FEE_CAP_MAX_PPM and 0 <= c.taker_fee_ppm <= FEE_CAP_MAX_PPM


def within_bounds(price: int, quantity: int, units_per_lot: int, units_per_tick_lot: int) -> bool:
    return (
        min(price, quantity, units_per_lot, units_per_tick_lot) > 0
        and price * quantity * units_per_tick_lot <= NOTIONAL_MAX_UNITS
        and quantity * units_per_lot <= UNITS_MAX
    )
