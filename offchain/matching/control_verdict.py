"""Whether the operators' controls can be set as a command asks: fees, status, risk, kill switches and limits."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.inbox import Inbox
from offchain.matching.state import State
from offchain.matching.words import I64


@cython.final
@cython.cclass
class ControlVerdict:
    """The judge of fees, market status, risk rules, kill switches and limits."""

    @cython.cfunc
    def of(self, state: State, command: Inbox) -> I64:
        """Of SET_FEES and of the kinds from SET_MARKET_STATUS to ROLL_VOLUMES; of any other: UNKNOWN_COMMAND."""
        kind: I64 = command.kind
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
            later: cython.bint = state.tiers.rolled_day < command.amount <= codes.DAY_MAX
            reason = codes.OK if later else codes.BAD_DAY
        return reason

    @cython.cfunc
    def fair(self, command: Inbox) -> cython.bint:
        """Whether both rates are such as may be charged."""
        if command.maker_fee_ppm < -codes.FEE_CAP_MAX_PPM or command.maker_fee_ppm > codes.FEE_CAP_MAX_PPM:
            return False
        return 0 <= command.taker_fee_ppm <= codes.FEE_CAP_MAX_PPM

    @cython.cfunc
    def fees(self, state: State, command: Inbox) -> I64:
        """Of SET_FEES."""
        if not state.ledger.is_account(command.account):
            return codes.UNKNOWN_ACCOUNT
        sound: cython.bint = command.mode == codes.OWN_RATES and self.fair(command)
        if command.mode == codes.RATES_OF_TIER:
            sound = command.account != 0 and command.maker_fee_ppm == 0 and command.taker_fee_ppm == 0
        return codes.OK if sound else codes.BAD_FEE

    @cython.cfunc
    def market(self, state: State, command: Inbox) -> I64:
        """Of a market's status, risk and circuit breaker."""
        if not state.is_market(command.market):
            return codes.UNKNOWN_MARKET
        sound: cython.bint = command.mode <= codes.POST_ONLY
        if command.kind == codes.SET_MARKET_RISK:
            sound = self.risk(state, command)
        elif command.kind == codes.SET_CIRCUIT_BREAKER:
            sound = self.breaker(command)
        return codes.OK if sound else codes.BAD_LIMIT

    @cython.cfunc
    def risk(self, state: State, command: Inbox) -> cython.bint:
        """Whether band, fat finger, maximum notional and reference price are within bounds."""
        if command.amount < 0 or command.amount > codes.PPM:
            return False
        if command.counter_amount < 0 or command.counter_amount > codes.PPM or command.quantity < 0:
            return False
        return 0 <= command.price <= state.markets[command.market * at.MARKET_WORDS + at.MAX_PRICE]

    @cython.cfunc
    def breaker(self, command: Inbox) -> cython.bint:
        """Whether both the move and the time are there and within bounds, or neither."""
        if command.amount == 0 and command.counter_amount == 0:
            return True
        return 0 < command.amount <= codes.PPM and 0 < command.counter_amount <= codes.DAY_US

    @cython.cfunc
    def kill_switch(self, state: State, command: Inbox) -> I64:
        """Of SET_KILL_SWITCH."""
        reason: I64 = codes.OK
        if command.account != 0 and command.market != 0:
            reason = codes.MALFORMED
        elif not state.ledger.is_account(command.account):
            reason = codes.UNKNOWN_ACCOUNT
        elif command.market != 0 and not state.is_market(command.market):
            reason = codes.UNKNOWN_MARKET
        elif command.mode > 1:
            reason = codes.BAD_LIMIT
        return reason

    @cython.cfunc
    def account_limits(self, state: State, command: Inbox) -> I64:
        """Of SET_ACCOUNT_LIMITS."""
        if not state.ledger.is_account(command.account):
            return codes.UNKNOWN_ACCOUNT
        sound: cython.bint = 0 <= command.quantity <= codes.LIMIT_MAX and 0 <= command.amount <= codes.LIMIT_MAX
        if (command.amount == 0) != (command.counter_amount == 0):
            sound = False
        if command.counter_amount < 0 or command.counter_amount > codes.WINDOW_MAX:
            sound = False
        return codes.OK if sound else codes.BAD_LIMIT

    @cython.cfunc
    def position_cap(self, state: State, command: Inbox) -> I64:
        """Of SET_POSITION_CAP."""
        if not state.ledger.can_trade(command.account):
            return codes.UNKNOWN_ACCOUNT
        if not state.ledger.is_asset(command.asset):
            return codes.UNKNOWN_ASSET
        return codes.OK if command.amount >= 0 else codes.BAD_AMOUNT

    @cython.cfunc
    def fee_tier(self, command: Inbox) -> I64:
        """Of SET_FEE_TIER."""
        gone: cython.bint = command.maker_fee_ppm == 0 and command.taker_fee_ppm == 0
        if command.mode < 2 or command.mode > codes.TIER_MAX or command.amount < 0:
            return codes.BAD_TIER
        if command.amount == 0 and not gone:
            return codes.BAD_TIER
        return codes.OK if self.fair(command) else codes.BAD_FEE

    @cython.cfunc
    def discounts(self, state: State, command: Inbox) -> I64:
        """Of SET_DISCOUNTS."""
        if not state.ledger.can_trade(command.account):
            return codes.UNKNOWN_ACCOUNT
        if command.amount < 0 or command.amount > codes.PPM:
            return codes.BAD_FEE
        return codes.OK if 0 <= command.counter_amount <= codes.PPM else codes.BAD_FEE
