"""Whether the exchange can be set up as a command asks: openings, listings, and their limits."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.control_verdict import ControlVerdict
from offchain.matching.inbox import Inbox
from offchain.matching.state import State
from offchain.matching.words import I64


@cython.final
@cython.cclass
class SettingsVerdict:
    """The judge of commands of the operator."""

    control: ControlVerdict

    def __init__(self) -> None:
        self.control = ControlVerdict()

    @cython.cfunc
    def of(self, state: State, command: Inbox) -> I64:
        """Of openings, listings and a market's limits; what else operators set is the control's."""
        if command.kind < codes.OPEN_ACCOUNT or command.kind > codes.SET_MARKET_LIMITS:
            return self.control.of(state, command)
        if command.kind == codes.OPEN_ACCOUNT:
            return self.opening(state, command)
        if command.kind == codes.LIST_ASSET:
            if state.ledger.is_asset(command.asset):
                return codes.ALREADY_LISTED
            return codes.OK if 0 < command.asset <= codes.ASSET_ID_MAX else codes.UNKNOWN_ASSET
        if command.kind == codes.LIST_MARKET:
            return self.listing(state, command)
        return self.limits(state, command)

    @cython.cfunc
    def opening(self, state: State, command: Inbox) -> I64:
        """Of OPEN_ACCOUNT: accounts are opened in order."""
        if command.account < state.ledger.account_count:
            return codes.ALREADY_LISTED
        is_next: cython.bint = command.account == state.ledger.account_count
        return codes.OK if is_next and command.account <= codes.ACCOUNT_ID_MAX else codes.UNKNOWN_ACCOUNT

    @cython.cfunc
    def listing(self, state: State, command: Inbox) -> I64:
        """Of LIST_MARKET."""
        if state.is_market(command.market):
            return codes.ALREADY_LISTED
        if not state.ledger.is_asset(command.asset) or not state.ledger.is_asset(command.counter_asset):
            return codes.UNKNOWN_ASSET
        if command.asset == command.counter_asset or not 0 < command.market <= codes.MARKET_ID_MAX:
            return codes.BAD_MARKET
        if command.mode > codes.VOLUME_OF_ORDER_ID or (command.mode != codes.VOLUME_OF_QUOTE and command.order_id < 0):
            return codes.BAD_MARKET
        fits: cython.bint = state.can_hold(command.price, command.quantity, command.amount, command.counter_amount)
        return codes.OK if fits else codes.BAD_MARKET

    @cython.cfunc
    def limits(self, state: State, command: Inbox) -> I64:
        """Of SET_MARKET_LIMITS."""
        if not state.is_market(command.market):
            return codes.UNKNOWN_MARKET
        market: I64 = command.market * at.MARKET_WORDS
        lot: I64 = state.markets[market + at.UNITS_PER_LOT]
        if not state.can_hold(command.price, command.quantity, lot, state.markets[market + at.UNITS_PER_TICK_LOT]):
            return codes.BAD_MARKET
        if command.counter_amount < 1 or command.counter_amount > command.quantity or command.amount < 0:
            return codes.BAD_MARKET
        return codes.OK
