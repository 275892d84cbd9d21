"""Whether a command can be taken, and if not, why. Nothing here changes what the engine remembers."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.funding import FundsVerdict
from offchain.matching.inbox import Inbox
from offchain.matching.placing import OrderVerdict
from offchain.matching.risk import Risk
from offchain.matching.settings import SettingsVerdict
from offchain.matching.state import State
from offchain.matching.words import I64, Record, high_of, record


@cython.final
@cython.cclass
class Verdict:
    """The judge of commands, and the `slot` that it found of the order that a CANCEL or AMEND names."""

    risk: Risk
    orders: OrderVerdict
    settings: SettingsVerdict
    funds: FundsVerdict
    slot: I64

    def __init__(self, risk: Risk, orders: OrderVerdict, settings: SettingsVerdict, funds: FundsVerdict) -> None:
        self.risk = risk
        self.orders = orders
        self.settings = settings
        self.funds = funds
        self.slot = 0

    @cython.cfunc
    @cython.inline
    def of(self, state: State, command: Inbox) -> I64:
        """OK, or the reason to refuse the command."""
        if command.sequence <= state.last_sequence:
            return codes.BAD_SEQUENCE
        if command.kind in (codes.PLACE, codes.REPLACE):
            return self.orders.of(state, command)
        if command.kind == codes.CANCEL:
            return self.cancel(state, command)
        return self.other(state, command)

    @cython.cfunc
    def other(self, state: State, command: Inbox) -> I64:
        """Of commands that are not orders or cancels."""
        if command.kind == codes.CANCEL_ALL:
            return self.cancel_all(state, command)
        if command.kind == codes.AMEND:
            return self.amend(state, command)
        if codes.SIGN_LADDER <= command.kind <= codes.CHAIN_SESSION_REVOKED:
            return codes.OK  # They are about who signs, which is nothing to the engine.
        if command.kind < codes.PLACE or command.kind > codes.AMEND:
            return self.settings.of(state, command)
        return self.funds.of(state, command)

    @cython.cfunc
    @cython.inline
    def cancel(self, state: State, command: Inbox) -> I64:
        """Of CANCEL."""
        if not state.ledger.is_account(command.account):
            return codes.UNKNOWN_ACCOUNT
        if command.reason < 1 or command.reason > codes.CANCEL_REASON_MAX:
            return codes.MALFORMED
        return self.own(state, command)

    @cython.cfunc
    @cython.inline
    def own(self, state: State, command: Inbox) -> I64:
        """Of the order that a command names: it must be open, and the account's."""
        self.slot = state.orders.find(command.order_id)
        if self.slot == 0:
            return codes.UNKNOWN_ORDER
        owner: I64 = high_of(state.orders.slots[self.slot + at.LEVEL_ACCOUNT])
        return codes.OK if owner == command.account else codes.NOT_OWNER

    @cython.cfunc
    def cancel_all(self, state: State, command: Inbox) -> I64:
        """Of CANCEL_ALL."""
        if not state.ledger.is_account(command.account):
            return codes.UNKNOWN_ACCOUNT
        if command.reason < 1 or command.reason > codes.CANCEL_REASON_MAX:
            return codes.MALFORMED
        if command.market != 0 and not state.is_market(command.market):
            return codes.UNKNOWN_MARKET
        known: cython.bint = command.asset == 0 or state.ledger.is_asset(command.asset)
        return codes.OK if known else codes.UNKNOWN_ASSET

    @cython.cfunc
    def amend(self, state: State, command: Inbox) -> I64:
        """Of AMEND: only to fewer lots, and not below the market's minimum."""
        if not state.ledger.is_account(command.account):
            return codes.UNKNOWN_ACCOUNT
        reason: I64 = self.own(state, command)
        if reason != codes.OK:
            return reason
        order: Record = record(state.orders.slots, self.slot, at.ORDER_WORDS)
        market: Record = record(state.markets, (order[at.META] & at.LOW16) * at.MARKET_WORDS, at.MARKET_WORDS)
        if market[at.STATUS] == codes.HALT:
            return codes.MARKET_CLOSED
        if command.quantity < max(1, market[at.MIN_QUANTITY]) or command.quantity >= order[at.REMAINING]:
            return codes.BAD_QUANTITY
        return self.risk.messages(state, command)
