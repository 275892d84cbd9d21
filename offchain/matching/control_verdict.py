"""Whether the operators' controls can be set as a command asks: fees, status, risk, kill switches and limits."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.fields import (
    account_of,
    amount_of,
    asset_of,
    counter_amount_of,
    kind_of,
    maker_fee_ppm_of,
    market_of,
    mode_of,
    price_of,
    quantity_of,
    taker_fee_ppm_of,
)
from offchain.matching.state import State
from offchain.matching.words import I64, Row


@cython.final
@cython.cclass
class ControlVerdict:
    """The judge of fees, market status, risk rules, kill switches and limits."""

    @cython.cfunc
    def of(self, state: State, command: Row) -> I64:
        """Of SET_FEES and of the kinds from SET_MARKET_STATUS to ROLL_VOLUMES; of any other: UNKNOWN_COMMAND."""
        kind: I64 = kind_of(command)
        reason: I64 = codes.UNKNOWN_COMMAND
        if kind == codes.SET_FEES:
            reason = self.fees(state, command)
        elif codes.SET_MARKET_STATUS <= kind <= codes.SET_CIRCUIT_BREAKER:
            reason = self.market(state, command)
        elif kind == codes.SET_KILL_SWITCH:
            reason = self.kill_switch(state, command)
        elif kind == codes.SET_ACCOUNT_LIMITS:
            reason = self.account_limits(state, command)
        elif kind == codes.SET_POSITION_CAP:
            reason = self.position_cap(state, command)
        elif kind == codes.SET_FEE_TIER:
            reason = self.fee_tier(command)
        elif kind == codes.SET_DISCOUNTS:
            reason = self.discounts(state, command)
        elif kind == codes.ROLL_VOLUMES:
            later: cython.bint = state.tiers.rolled_day < amount_of(command) <= codes.DAY_MAX
            reason = codes.OK if later else codes.BAD_DAY
        return reason

    @cython.cfunc
    def fair(self, command: Row) -> cython.bint:
        """Whether both rates are such as may be charged."""
        if maker_fee_ppm_of(command) < -codes.FEE_CAP_MAX_PPM or maker_fee_ppm_of(command) > codes.FEE_CAP_MAX_PPM:
            return False
        return 0 <= taker_fee_ppm_of(command) <= codes.FEE_CAP_MAX_PPM

    @cython.cfunc
    def fees(self, state: State, command: Row) -> I64:
        """Of SET_FEES."""
        if not state.ledger.is_account(account_of(command)):
            return codes.UNKNOWN_ACCOUNT
        sound: cython.bint = mode_of(command) == codes.OWN_RATES and self.fair(command)
        if mode_of(command) == codes.RATES_OF_TIER:
            sound = account_of(command) != 0 and maker_fee_ppm_of(command) == 0 and taker_fee_ppm_of(command) == 0
        return codes.OK if sound else codes.BAD_FEE

    @cython.cfunc
    def market(self, state: State, command: Row) -> I64:
        """Of a market's status, risk and circuit breaker."""
        if not state.is_market(market_of(command)):
            return codes.UNKNOWN_MARKET
        sound: cython.bint = mode_of(command) <= codes.POST_ONLY
        if kind_of(command) == codes.SET_MARKET_RISK:
            sound = self.risk(state, command)
        elif kind_of(command) == codes.SET_CIRCUIT_BREAKER:
            sound = self.breaker(command)
        return codes.OK if sound else codes.BAD_LIMIT

    @cython.cfunc
    def risk(self, state: State, command: Row) -> cython.bint:
        """Whether band, fat finger, maximum notional and reference price are within bounds."""
        if amount_of(command) < 0 or amount_of(command) > codes.PPM:
            return False
        if counter_amount_of(command) < 0 or counter_amount_of(command) > codes.PPM or quantity_of(command) < 0:
            return False
        return 0 <= price_of(command) <= state.markets[market_of(command) * at.MARKET_WORDS + at.MAX_PRICE]

    @cython.cfunc
    def breaker(self, command: Row) -> cython.bint:
        """Whether both the move and the time are there and within bounds, or neither."""
        if amount_of(command) == 0 and counter_amount_of(command) == 0:
            return True
        return 0 < amount_of(command) <= codes.PPM and 0 < counter_amount_of(command) <= codes.DAY_US

    @cython.cfunc
    def kill_switch(self, state: State, command: Row) -> I64:
        """Of SET_KILL_SWITCH."""
        reason: I64 = codes.OK
        if account_of(command) != 0 and market_of(command) != 0:
            reason = codes.MALFORMED
        elif not state.ledger.is_account(account_of(command)):
            reason = codes.UNKNOWN_ACCOUNT
        elif market_of(command) != 0 and not state.is_market(market_of(command)):
            reason = codes.UNKNOWN_MARKET
        elif mode_of(command) > 1:
            reason = codes.BAD_LIMIT
        return reason

    @cython.cfunc
    def account_limits(self, state: State, command: Row) -> I64:
        """Of SET_ACCOUNT_LIMITS."""
        if not state.ledger.is_account(account_of(command)):
            return codes.UNKNOWN_ACCOUNT
        sound: cython.bint = 0 <= quantity_of(command) <= codes.LIMIT_MAX and 0 <= amount_of(command) <= codes.LIMIT_MAX
        if (amount_of(command) == 0) != (counter_amount_of(command) == 0):
            sound = False
        if counter_amount_of(command) < 0 or counter_amount_of(command) > codes.WINDOW_MAX:
            sound = False
        return codes.OK if sound else codes.BAD_LIMIT

    @cython.cfunc
    def position_cap(self, state: State, command: Row) -> I64:
        """Of SET_POSITION_CAP."""
        if not state.ledger.can_trade(account_of(command)):
            return codes.UNKNOWN_ACCOUNT
        if not state.ledger.is_asset(asset_of(command)):
            return codes.UNKNOWN_ASSET
        return codes.OK if amount_of(command) >= 0 else codes.BAD_AMOUNT

    @cython.cfunc
    def fee_tier(self, command: Row) -> I64:
        """Of SET_FEE_TIER."""
        gone: cython.bint = maker_fee_ppm_of(command) == 0 and taker_fee_ppm_of(command) == 0
        if mode_of(command) < 2 or mode_of(command) > codes.TIER_MAX or amount_of(command) < 0:
            return codes.BAD_TIER
        if amount_of(command) == 0 and not gone:
            return codes.BAD_TIER
        return codes.OK if self.fair(command) else codes.BAD_FEE

    @cython.cfunc
    def discounts(self, state: State, command: Row) -> I64:
        """Of SET_DISCOUNTS."""
        if not state.ledger.can_trade(account_of(command)):
            return codes.UNKNOWN_ACCOUNT
        if amount_of(command) < 0 or amount_of(command) > codes.PPM:
            return codes.BAD_FEE
        return codes.OK if 0 <= counter_amount_of(command) <= codes.PPM else codes.BAD_FEE
