"""Whether funds can move as a command asks: withdrawals, facts of the chain, fills to be taken back."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.inbox import Inbox
from offchain.matching.state import State
from offchain.matching.unwinding import Unwinding
from offchain.matching.words import I64


@cython.final
@cython.cclass
class FundsVerdict:
    """The judge of what changes balances other than by trading."""

    unwinding: Unwinding

    def __init__(self, unwinding: Unwinding) -> None:
        self.unwinding = unwinding

    @cython.cfunc
    def of(self, state: State, command: Inbox) -> I64:
        """Of withdrawals, their reverts, fills to be taken back, and facts of the chain."""
        if command.kind == codes.UNWIND_FILL:
            return self.unwind(state, command)
        if command.kind == codes.CHAIN_BATCH_SETTLED:
            return codes.OK
        if not state.ledger.is_account(command.account):
            return codes.UNKNOWN_ACCOUNT
        if not state.ledger.is_asset(command.asset):
            return codes.UNKNOWN_ASSET
        if command.kind == codes.CHAIN_EXITED:
            return self.exited(state, command)
        return codes.OK if command.kind >= codes.CHAIN_EXIT_REQUESTED else self.amount(state, command)

    @cython.cfunc
    def amount(self, state: State, command: Inbox) -> I64:
        """Of an amount that is credited, debited or noted."""
        if command.amount <= 0:
            return codes.BAD_AMOUNT
        balance: I64 = state.ledger.find(command.account, command.asset)
        if command.kind == codes.WITHDRAW:
            enough: cython.bint = command.amount <= state.ledger.balances[balance + at.AVAILABLE]
            return codes.OK if enough else codes.INSUFFICIENT_BALANCE
        if command.kind == codes.CHAIN_WITHDRAWN:
            return codes.OK
        fits: cython.bint = state.ledger.can_shift(balance, command.asset, command.amount)
        return codes.OK if fits else codes.OVERFLOW

    @cython.cfunc
    def exited(self, state: State, command: Inbox) -> I64:
        """Of CHAIN_EXITED, which may leave a debt (an exit of nothing is one too)."""
        if command.amount < 0:
            return codes.BAD_AMOUNT
        balance: I64 = state.ledger.find(command.account, command.asset)
        debt_fits: cython.bint = state.ledger.can_shift(balance, command.asset, -command.amount)
        return codes.OK if debt_fits else codes.OVERFLOW

    @cython.cfunc
    def unwind(self, state: State, command: Inbox) -> I64:
        """Of UNWIND_FILL: tried, and taken back."""
        if not state.is_market(command.market):
            return codes.UNKNOWN_MARKET
        reason: I64 = codes.OK
        if command.side > codes.SELL:
            reason = codes.BAD_SIDE
        elif not state.ledger.can_trade(command.account) or not state.ledger.can_trade(command.counter_account):
            reason = codes.UNKNOWN_ACCOUNT
        elif command.price <= 0:
            reason = codes.BAD_PRICE
        elif not self.could_be(state, command):
            reason = codes.BAD_QUANTITY
        elif not self.plausible_fee(state, command, command.amount) or not self.plausible_fee(
            state, command, command.counter_amount
        ):
            reason = codes.BAD_FEE
        elif not self.unwinding.apply(state, command):
            reason = codes.OVERFLOW
        else:
            self.unwinding.take_back(state, at.UNWIND_LEGS)
        return reason

    @cython.cfunc
    def could_be(self, state: State, command: Inbox) -> cython.bint:
        """Whether price and quantity are such as some limits of the market would allow."""
        market: I64 = command.market * at.MARKET_WORDS
        lot: I64 = state.markets[market + at.UNITS_PER_LOT]
        return state.can_hold(command.price, command.quantity, lot, state.markets[market + at.UNITS_PER_TICK_LOT])

    @cython.cfunc
    def plausible_fee(self, state: State, command: Inbox, fee: I64) -> cython.bint:
        """Whether a fee of the fill is within a percent of its notional either way, rounded up."""
        most: I64 = state.notional(command.market, command.price, command.quantity) // 100 + 1
        return -most <= fee <= most
