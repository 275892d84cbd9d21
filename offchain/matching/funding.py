"""Whether funds can move as a command asks: withdrawals, facts of the chain, fills to be taken back."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.fields import (
    account_of,
    amount_of,
    asset_of,
    counter_account_of,
    counter_amount_of,
    kind_of,
    market_of,
    price_of,
    quantity_of,
    side_of,
)
from offchain.matching.state import State
from offchain.matching.unwinding import Unwinding
from offchain.matching.words import I64, Row


@cython.final
@cython.cclass
class FundsVerdict:
    """The judge of what changes balances other than by trading."""

    unwinding: Unwinding

    def __init__(self, unwinding: Unwinding) -> None:
        self.unwinding = unwinding

    @cython.cfunc
    def of(self, state: State, command: Row) -> I64:
        """Of withdrawals, their reverts, fills to be taken back, and facts of the chain."""
        if kind_of(command) == codes.UNWIND_FILL:
            return self.unwind(state, command)
        if kind_of(command) == codes.CHAIN_BATCH_SETTLED:
            return codes.OK
        if not state.ledger.is_account(account_of(command)):
            return codes.UNKNOWN_ACCOUNT
        if not state.ledger.is_asset(asset_of(command)):
            return codes.UNKNOWN_ASSET
        if kind_of(command) == codes.CHAIN_EXITED:
            return self.exited(state, command)
        return codes.OK if kind_of(command) >= codes.CHAIN_EXIT_REQUESTED else self.amount(state, command)

    @cython.cfunc
    def amount(self, state: State, command: Row) -> I64:
        """Of an amount that is credited, debited or noted."""
        if amount_of(command) <= 0:
            return codes.BAD_AMOUNT
        balance: I64 = state.ledger.find(account_of(command), asset_of(command))
        if kind_of(command) == codes.WITHDRAW:
            enough: cython.bint = amount_of(command) <= state.ledger.balances[balance + at.AVAILABLE]
            return codes.OK if enough else codes.INSUFFICIENT_BALANCE
        if kind_of(command) == codes.CHAIN_WITHDRAWN:
            return codes.OK
        fits: cython.bint = state.ledger.can_shift(balance, asset_of(command), amount_of(command))
        return codes.OK if fits else codes.OVERFLOW

    @cython.cfunc
    def exited(self, state: State, command: Row) -> I64:
        """Of CHAIN_EXITED, which may leave a debt (an exit of nothing is one too)."""
        if amount_of(command) < 0:
            return codes.BAD_AMOUNT
        balance: I64 = state.ledger.find(account_of(command), asset_of(command))
        debt_fits: cython.bint = state.ledger.can_shift(balance, asset_of(command), -amount_of(command))
        return codes.OK if debt_fits else codes.OVERFLOW

    @cython.cfunc
    def unwind(self, state: State, command: Row) -> I64:
        """Of UNWIND_FILL: tried, and taken back."""
        if not state.is_market(market_of(command)):
            return codes.UNKNOWN_MARKET
        reason: I64 = codes.OK
        if side_of(command) > codes.SELL:
            reason = codes.BAD_SIDE
        elif not state.ledger.can_trade(account_of(command)) or not state.ledger.can_trade(counter_account_of(command)):
            reason = codes.UNKNOWN_ACCOUNT
        elif price_of(command) <= 0:
            reason = codes.BAD_PRICE
        elif not self.could_be(state, command):
            reason = codes.BAD_QUANTITY
        elif not self.plausible_fee(state, command, amount_of(command)) or not self.plausible_fee(
            state, command, counter_amount_of(command)
        ):
            reason = codes.BAD_FEE
        elif not self.unwinding.apply(state, command):
            reason = codes.OVERFLOW
        else:
            self.unwinding.take_back(state, at.UNWIND_LEGS)
        return reason

    @cython.cfunc
    def could_be(self, state: State, command: Row) -> cython.bint:
        """Whether price and quantity are such as some limits of the market would allow."""
        market: I64 = market_of(command) * at.MARKET_WORDS
        lot: I64 = state.markets[market + at.UNITS_PER_LOT]
        return state.can_hold(
            price_of(command), quantity_of(command), lot, state.markets[market + at.UNITS_PER_TICK_LOT]
        )

    @cython.cfunc
    def plausible_fee(self, state: State, command: Row, fee: I64) -> cython.bint:
        """Whether a fee of the fill is within a percent of its notional either way, rounded up."""
        most: I64 = state.notional(market_of(command), price_of(command), quantity_of(command)) // 100 + 1
        return -most <= fee <= most
