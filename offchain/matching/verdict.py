"""Whether a command can be taken, and if not, why. Nothing here changes what the engine remembers."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.fields import (
    account_of,
    asset_of,
    kind_of,
    market_of,
    order_id_of,
    quantity_of,
    reason_of,
    sequence_of,
)
from offchain.matching.funding import FundsVerdict
from offchain.matching.placing import OrderVerdict
from offchain.matching.risk import Risk
from offchain.matching.settings import SettingsVerdict
from offchain.matching.state import State
from offchain.matching.words import I64, Record, Row, record


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
    def of(self, state: State, command: Row) -> I64:
        """OK, or the reason to refuse the command."""
        if sequence_of(command) <= state.last_sequence:
            return codes.BAD_SEQUENCE
        kind: I64 = kind_of(command)
        if kind in (codes.PLACE, codes.REPLACE):
            return self.orders.of(state, command)
        if kind == codes.CANCEL:
            return self.cancel(state, command)
        return self.other(state, command)

    @cython.cfunc
    def other(self, state: State, command: Row) -> I64:
        """Of commands that are not orders or cancels."""
        kind: I64 = kind_of(command)
        if kind == codes.CANCEL_ALL:
            return self.cancel_all(state, command)
        if kind == codes.AMEND:
            return self.amend(state, command)
        if codes.SIGN_LADDER <= kind <= codes.CHAIN_SESSION_REVOKED:
            return codes.OK  # They are about who signs, which is nothing to the engine.
        if kind < codes.PLACE or kind > codes.AMEND:
            return self.settings.of(state, command)
        return self.funds.of(state, command)

    @cython.cfunc
    @cython.inline
    def cancel(self, state: State, command: Row) -> I64:
        """Of CANCEL."""
        if not state.ledger.is_account(account_of(command)):
            return codes.UNKNOWN_ACCOUNT
        if reason_of(command) < 1 or reason_of(command) > codes.CANCEL_REASON_MAX:
            return codes.MALFORMED
        return self.own(state, command)

    @cython.cfunc
    @cython.inline
    def own(self, state: State, command: Row) -> I64:
        """Of the order that a command names: it must be open, and the account's."""
        self.slot = state.orders.find(order_id_of(command))
        if self.slot == 0:
            return codes.UNKNOWN_ORDER
        owner: I64 = state.orders.slots[self.slot + at.ACCOUNT]
        return codes.OK if owner == account_of(command) else codes.NOT_OWNER

    @cython.cfunc
    def cancel_all(self, state: State, command: Row) -> I64:
        """Of CANCEL_ALL."""
        if not state.ledger.is_account(account_of(command)):
            return codes.UNKNOWN_ACCOUNT
        if reason_of(command) < 1 or reason_of(command) > codes.CANCEL_REASON_MAX:
            return codes.MALFORMED
        if market_of(command) != 0 and not state.is_market(market_of(command)):
            return codes.UNKNOWN_MARKET
        known: cython.bint = asset_of(command) == 0 or state.ledger.is_asset(asset_of(command))
        return codes.OK if known else codes.UNKNOWN_ASSET

    @cython.cfunc
    def amend(self, state: State, command: Row) -> I64:
        """Of AMEND: only to fewer lots, and not below the market's minimum."""
        if not state.ledger.is_account(account_of(command)):
            return codes.UNKNOWN_ACCOUNT
        reason: I64 = self.own(state, command)
        if reason != codes.OK:
            return reason
        order: Record = record(state.orders.slots, self.slot, at.ORDER_WORDS)
        market: Record = record(state.markets, (order[at.META] & at.LOW16) * at.MARKET_WORDS, at.MARKET_WORDS)
        if market[at.STATUS] == codes.HALT:
            return codes.MARKET_CLOSED
        if quantity_of(command) < max(1, market[at.MIN_QUANTITY]) or quantity_of(command) >= order[at.REMAINING]:
            return codes.BAD_QUANTITY
        return self.risk.messages(state, command)
