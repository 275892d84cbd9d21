"""Whether the exchange can be set up as a command asks: openings, listings, and their limits."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.control_verdict import ControlVerdict
from offchain.matching.fields import (
    account_of,
    amount_of,
    asset_of,
    counter_amount_of,
    counter_asset_of,
    kind_of,
    market_of,
    mode_of,
    order_id_of,
    price_of,
    quantity_of,
)
from offchain.matching.state import State
from offchain.matching.words import I64, Row


@cython.final
@cython.cclass
class SettingsVerdict:
    """The judge of commands of the operator."""

    control: ControlVerdict

    def __init__(self) -> None:
        self.control = ControlVerdict()

    @cython.cfunc
    def of(self, state: State, command: Row) -> I64:
        """Of openings, listings and a market's limits; what else operators set is the control's."""
        if kind_of(command) < codes.OPEN_ACCOUNT or kind_of(command) > codes.SET_MARKET_LIMITS:
            return self.control.of(state, command)
        if kind_of(command) == codes.OPEN_ACCOUNT:
            return self.opening(state, command)
        if kind_of(command) == codes.LIST_ASSET:
            if state.ledger.is_asset(asset_of(command)):
                return codes.ALREADY_LISTED
            return codes.OK if 0 < asset_of(command) <= codes.ASSET_ID_MAX else codes.UNKNOWN_ASSET
        if kind_of(command) == codes.LIST_MARKET:
            return self.listing(state, command)
        return self.limits(state, command)

    @cython.cfunc
    def opening(self, state: State, command: Row) -> I64:
        """Of OPEN_ACCOUNT: accounts are opened in order."""
        if account_of(command) < state.ledger.account_count:
            return codes.ALREADY_LISTED
        is_next: cython.bint = account_of(command) == state.ledger.account_count
        return codes.OK if is_next and account_of(command) <= codes.ACCOUNT_ID_MAX else codes.UNKNOWN_ACCOUNT

    @cython.cfunc
    def listing(self, state: State, command: Row) -> I64:
        """Of LIST_MARKET."""
        if state.is_market(market_of(command)):
            return codes.ALREADY_LISTED
        if not state.ledger.is_asset(asset_of(command)) or not state.ledger.is_asset(counter_asset_of(command)):
            return codes.UNKNOWN_ASSET
        if asset_of(command) == counter_asset_of(command) or not 0 < market_of(command) <= codes.MARKET_ID_MAX:
            return codes.BAD_MARKET
        if mode_of(command) > codes.VOLUME_OF_ORDER_ID or (
            mode_of(command) != codes.VOLUME_OF_QUOTE and order_id_of(command) < 0
        ):
            return codes.BAD_MARKET
        fits: cython.bint = state.can_hold(
            price_of(command), quantity_of(command), amount_of(command), counter_amount_of(command)
        )
        return codes.OK if fits else codes.BAD_MARKET

    @cython.cfunc
    def limits(self, state: State, command: Row) -> I64:
        """Of SET_MARKET_LIMITS."""
        if not state.is_market(market_of(command)):
            return codes.UNKNOWN_MARKET
        market: I64 = market_of(command) * at.MARKET_WORDS
        lot: I64 = state.markets[market + at.UNITS_PER_LOT]
        if not state.can_hold(
            price_of(command), quantity_of(command), lot, state.markets[market + at.UNITS_PER_TICK_LOT]
        ):
            return codes.BAD_MARKET
        if (
            counter_amount_of(command) < 1
            or counter_amount_of(command) > quantity_of(command)
            or amount_of(command) < 0
        ):
            return codes.BAD_MARKET
        return codes.OK
