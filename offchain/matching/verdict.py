"""Whether a command can be taken, and if not, why. Nothing here changes what the engine remembers."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.inbox import Inbox
from offchain.matching.state import State
from offchain.matching.unwinding import Unwinding
from offchain.matching.words import I64, Record, record


@cython.final
@cython.cclass
class Verdict:
    """The judge of commands, and what it found on the way to a verdict of OK.

    Of a PLACE: the units that it `need`s, the balance that is `holding` them, and the one `gaining`, 0 if there is none
    yet. Of a CANCEL: the order's `slot`.
    """

    state: State
    unwinding: Unwinding
    need: I64
    holding: I64
    gaining: I64
    slot: I64

    def __init__(self, state: State, unwinding: Unwinding) -> None:
        self.state = state
        self.unwinding = unwinding
        self.need = 0
        self.holding = 0
        self.gaining = 0
        self.slot = 0

    @cython.cfunc
    @cython.inline
    def of(self, command: Inbox) -> I64:
        """OK, or the reason to refuse the command."""
        if command.sequence <= self.state.last_sequence:
            return codes.BAD_SEQUENCE
        if command.kind == codes.PLACE:
            return self.place(command)
        if codes.CANCEL <= command.kind <= codes.CANCEL_ALL:
            return self.cancel(command)
        if codes.OPEN_ACCOUNT <= command.kind < codes.PLACE:
            return self.configuration(command)
        if command.kind == codes.UNWIND_FILL:
            return self.unwind(command)
        return codes.OK if command.kind == codes.CHAIN_BATCH_SETTLED else self.funds(command)

    @cython.cfunc
    @cython.inline
    def place(self, command: Inbox) -> I64:
        """Of a PLACE, as far as the order itself goes; then of what it needs."""
        if not self.can_trade(command.account):
            return codes.UNKNOWN_ACCOUNT
        if not self.state.is_market(command.market):
            return codes.UNKNOWN_MARKET
        market: Record = record(self.state.markets, command.market * at.MARKET_WORDS, at.MARKET_WORDS)
        reason: I64 = codes.OK
        if command.side > codes.SELL:
            reason = codes.BAD_SIDE
        elif command.time_in_force > codes.IOC:
            reason = codes.BAD_TIME_IN_FORCE
        elif command.price <= 0 or command.price > market[at.MAX_PRICE]:
            reason = codes.BAD_PRICE
        elif command.quantity < market[at.MIN_QUANTITY] or command.quantity > market[at.MAX_QUANTITY]:
            reason = codes.BAD_QUANTITY
        elif command.price * command.quantity * market[at.UNITS_PER_TICK_LOT] < market[at.MIN_NOTIONAL]:
            reason = codes.NOTIONAL_TOO_SMALL
        else:
            return self.means(command, market)
        return reason

    @cython.cfunc
    @cython.inline
    def can_trade(self, account: I64) -> cython.bint:
        """Whether an account is open and not the fee account."""
        return account != codes.FEE_ACCOUNT and self.state.ledger.is_account(account)

    @cython.cfunc
    @cython.inline
    def notional(self, command: Inbox) -> I64:
        """The worth in quote units of a price and quantity that are within the market's limits, so at most 2^62."""
        market: I64 = command.market * at.MARKET_WORDS
        return command.price * command.quantity * self.state.markets[market + at.UNITS_PER_TICK_LOT]

    @cython.cfunc
    @cython.inline
    def means(self, command: Inbox, market: Record) -> I64:
        """Of a well-formed PLACE: its fee cap, exits, and the balance it reserves from."""
        cap: I64 = command.taker_fee_ppm
        if cap < 0 or cap > codes.FEE_CAP_MAX_PPM:
            return codes.BAD_FEE
        if not self.state.ledger.pays_within(command.account, cap):
            return codes.FEE_CAP_TOO_LOW
        base: I64 = self.state.ledger.find_near(command.account, market[at.BASE], at.RECENT_BASE)
        quote: I64 = self.state.ledger.find_near(command.account, market[at.QUOTE], at.RECENT_QUOTE)
        if self.state.ledger.is_exiting(base) or self.state.ledger.is_exiting(quote):
            return codes.ACCOUNT_EXITING
        self.holding, self.gaining = (quote, base) if command.side == codes.BUY else (base, quote)
        self.need = self.state.reservation(market, command.side, command.price, command.quantity, cap)
        if self.need < 0 or self.need > self.state.ledger.balances[self.holding + at.AVAILABLE]:
            return codes.INSUFFICIENT_BALANCE
        return codes.OK

    @cython.cfunc
    @cython.inline
    def cancel(self, command: Inbox) -> I64:
        """Of CANCEL and CANCEL_ALL."""
        if not self.state.ledger.is_account(command.account):
            return codes.UNKNOWN_ACCOUNT
        if command.reason < 1 or command.reason > codes.CANCEL_REASON_MAX:
            return codes.MALFORMED
        if command.kind == codes.CANCEL_ALL:
            known: cython.bint = command.asset == 0 or self.state.ledger.is_asset(command.asset)
            return codes.OK if known else codes.UNKNOWN_ASSET
        self.slot = self.state.orders.find(command.order_id)
        if self.slot == 0:
            return codes.UNKNOWN_ORDER
        if self.state.orders.slots[self.slot + at.ACCOUNT] != command.account:
            return codes.NOT_OWNER
        return codes.OK

    @cython.cfunc
    def configuration(self, command: Inbox) -> I64:
        """Of openings, listings, limits and fees."""
        if command.kind == codes.OPEN_ACCOUNT:
            return self.opening(command)
        if command.kind == codes.LIST_ASSET:
            if self.state.ledger.is_asset(command.asset):
                return codes.ALREADY_LISTED
            return codes.OK if 0 < command.asset <= codes.ASSET_ID_MAX else codes.UNKNOWN_ASSET
        if command.kind == codes.LIST_MARKET:
            return self.listing(command)
        return self.limits(command) if command.kind == codes.SET_MARKET_LIMITS else self.rates(command)

    @cython.cfunc
    def opening(self, command: Inbox) -> I64:
        """Of OPEN_ACCOUNT: accounts are opened in order."""
        if command.account < self.state.ledger.account_count:
            return codes.ALREADY_LISTED
        is_next: cython.bint = command.account == self.state.ledger.account_count
        return codes.OK if is_next and command.account <= codes.ACCOUNT_ID_MAX else codes.UNKNOWN_ACCOUNT

    @cython.cfunc
    def listing(self, command: Inbox) -> I64:
        """Of LIST_MARKET."""
        if self.state.is_market(command.market):
            return codes.ALREADY_LISTED
        if not self.state.ledger.is_asset(command.asset) or not self.state.ledger.is_asset(command.counter_asset):
            return codes.UNKNOWN_ASSET
        if command.asset == command.counter_asset or not 0 < command.market <= codes.MARKET_ID_MAX:
            return codes.BAD_MARKET
        fits: cython.bint = self.can_hold(command.price, command.quantity, command.amount, command.counter_amount)
        return codes.OK if fits else codes.BAD_MARKET

    @cython.cfunc
    def limits(self, command: Inbox) -> I64:
        """Of SET_MARKET_LIMITS."""
        if not self.state.is_market(command.market):
            return codes.UNKNOWN_MARKET
        market: I64 = command.market * at.MARKET_WORDS
        lot: I64 = self.state.markets[market + at.UNITS_PER_LOT]
        if not self.can_hold(command.price, command.quantity, lot, self.state.markets[market + at.UNITS_PER_TICK_LOT]):
            return codes.BAD_MARKET
        if command.counter_amount < 1 or command.counter_amount > command.quantity or command.amount < 0:
            return codes.BAD_MARKET
        return codes.OK

    @cython.cfunc
    def can_hold(self, price: I64, quantity: I64, lot: I64, tick_lot: I64) -> cython.bint:
        """Whether all are positive, price * quantity * tick_lot <= 2^62 and quantity * lot <= 2^63 - 1."""
        if price <= 0 or quantity <= 0 or lot <= 0 or tick_lot <= 0:
            return False
        return quantity <= codes.NOTIONAL_MAX_UNITS // tick_lot // price and quantity <= codes.UNITS_MAX // lot

    @cython.cfunc
    def rates(self, command: Inbox) -> I64:
        """Of SET_FEES."""
        if not self.state.ledger.is_account(command.account):
            return codes.UNKNOWN_ACCOUNT
        if command.maker_fee_ppm < -codes.FEE_CAP_MAX_PPM or command.maker_fee_ppm > codes.FEE_CAP_MAX_PPM:
            return codes.BAD_FEE
        if command.taker_fee_ppm < 0 or command.taker_fee_ppm > codes.FEE_CAP_MAX_PPM:
            return codes.BAD_FEE
        return codes.OK

    @cython.cfunc
    def funds(self, command: Inbox) -> I64:
        """Of withdrawals, their reverts, and facts of the chain."""
        if command.kind < codes.WITHDRAW or command.kind > codes.CHAIN_CANCEL_FLOOR:
            return codes.UNKNOWN_COMMAND
        if not self.state.ledger.is_account(command.account):
            return codes.UNKNOWN_ACCOUNT
        if not self.state.ledger.is_asset(command.asset):
            return codes.UNKNOWN_ASSET
        if command.kind == codes.CHAIN_EXITED:
            return self.exited(command)
        return codes.OK if command.kind >= codes.CHAIN_EXIT_REQUESTED else self.amount(command)

    @cython.cfunc
    def amount(self, command: Inbox) -> I64:
        """Of an amount that is credited, debited or noted."""
        if command.amount <= 0:
            return codes.BAD_AMOUNT
        balance: I64 = self.state.ledger.find(command.account, command.asset)
        if command.kind == codes.WITHDRAW:
            enough: cython.bint = command.amount <= self.state.ledger.balances[balance + at.AVAILABLE]
            return codes.OK if enough else codes.INSUFFICIENT_BALANCE
        if command.kind == codes.CHAIN_WITHDRAWN:
            return codes.OK
        fits: cython.bint = self.state.ledger.can_shift(balance, command.asset, command.amount)
        return codes.OK if fits else codes.OVERFLOW

    @cython.cfunc
    def exited(self, command: Inbox) -> I64:
        """Of CHAIN_EXITED, which may leave a debt (an exit of nothing is one too)."""
        if command.amount < 0:
            return codes.BAD_AMOUNT
        balance: I64 = self.state.ledger.find(command.account, command.asset)
        debt_fits: cython.bint = self.state.ledger.can_shift(balance, command.asset, -command.amount)
        return codes.OK if debt_fits else codes.OVERFLOW

    @cython.cfunc
    def unwind(self, command: Inbox) -> I64:
        """Of UNWIND_FILL: tried, and taken back."""
        if not self.state.is_market(command.market):
            return codes.UNKNOWN_MARKET
        reason: I64 = codes.OK
        if command.side > codes.SELL:
            reason = codes.BAD_SIDE
        elif not self.can_trade(command.account) or not self.can_trade(command.counter_account):
            reason = codes.UNKNOWN_ACCOUNT
        elif command.price <= 0:
            reason = codes.BAD_PRICE
        elif not self.could_be(command):
            reason = codes.BAD_QUANTITY
        elif not self.plausible_fee(command, command.amount) or not self.plausible_fee(command, command.counter_amount):
            reason = codes.BAD_FEE
        elif not self.unwinding.apply(command):
            reason = codes.OVERFLOW
        else:
            self.unwinding.take_back(at.UNWIND_LEGS)
        return reason

    @cython.cfunc
    def could_be(self, command: Inbox) -> cython.bint:
        """Whether price and quantity are such as some limits of the market would allow."""
        market: I64 = command.market * at.MARKET_WORDS
        lot: I64 = self.state.markets[market + at.UNITS_PER_LOT]
        return self.can_hold(command.price, command.quantity, lot, self.state.markets[market + at.UNITS_PER_TICK_LOT])

    @cython.cfunc
    def plausible_fee(self, command: Inbox, fee: I64) -> cython.bint:
        """Whether a fee of the fill is within a percent of its notional either way, rounded up."""
        most: I64 = self.notional(command) // 100 + 1
        return -most <= fee <= most
