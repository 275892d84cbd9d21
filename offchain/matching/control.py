"""Gives effect to the operators' controls: fees, status, risk, kill switches and limits."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.breaker import Breaker
from offchain.matching.inbox import Inbox
from offchain.matching.outbox import Outbox
from offchain.matching.state import State
from offchain.matching.trading import Trading
from offchain.matching.words import I64, Record, record


@cython.final
@cython.cclass
class Control:
    """What the commands do that `ControlVerdict` judges."""

    trading: Trading
    breaker: Breaker
    outbox: Outbox

    def __init__(self, trading: Trading, breaker: Breaker, outbox: Outbox) -> None:
        self.trading = trading
        self.breaker = breaker
        self.outbox = outbox

    @cython.cfunc
    def apply(self, state: State, command: Inbox) -> I64:
        """Give effect to a command that the verdict passed."""
        kind: I64 = command.kind
        if codes.SET_MARKET_STATUS <= kind <= codes.SET_CIRCUIT_BREAKER:
            return self.market(state, command)
        if kind == codes.SET_KILL_SWITCH:
            return self.kill_switch(state, command)
        if kind == codes.SET_ACCOUNT_LIMITS:
            return state.limits.set(command.account, command.quantity, command.amount, command.counter_amount)
        if kind == codes.SET_POSITION_CAP:
            return state.ledger.set_cap(state.ledger.touch(command.account, command.asset), command.amount)
        return self.fees(state, command)

    @cython.cfunc
    def fees(self, state: State, command: Inbox) -> I64:
        """Rates, tiers, discounts and volumes."""
        kind: I64 = command.kind
        if kind == codes.SET_FEE_TIER:
            state.tiers.set_tier(command.mode, command.amount, command.maker_fee_ppm, command.taker_fee_ppm)
        elif kind == codes.SET_DISCOUNTS:
            state.tiers.set_discounts(command.account, command.amount, command.counter_amount)
        elif kind == codes.ROLL_VOLUMES:
            state.tiers.roll(command.amount)
        elif command.account == codes.FEE_ACCOUNT:
            state.tiers.set_tier(1, 0, command.maker_fee_ppm, command.taker_fee_ppm)
        else:
            own: cython.bint = command.mode == codes.OWN_RATES
            state.tiers.set_own(command.account, own, command.maker_fee_ppm, command.taker_fee_ppm)
        return 0

    @cython.cfunc
    def market(self, state: State, command: Inbox) -> I64:
        """A market's status, risk rules and circuit breaker."""
        market: Record = record(state.markets, command.market * at.MARKET_WORDS, at.MARKET_WORDS)
        if command.kind == codes.SET_MARKET_STATUS:
            market[at.STATUS] = command.mode
            self.breaker.clear(market)
            state.guard(command.market)
            return self.outbox.status(command, command.market, command.mode, 0)
        if command.kind == codes.SET_CIRCUIT_BREAKER:
            market[at.BREAKER_PPM] = command.amount
            market[at.BREAKER_US] = command.counter_amount
            self.breaker.clear(market)
        else:
            market[at.BAND] = command.amount
            market[at.FAT_FINGER] = command.counter_amount
            market[at.MAX_NOTIONAL] = command.quantity
            if command.price != 0:
                market[at.LAST_PRICE] = command.price
        return state.guard(command.market)

    @cython.cfunc
    def kill_switch(self, state: State, command: Inbox) -> I64:
        """Set a switch; if it is on now, cancel every open order that it is for, by ascending id."""
        on: I64 = command.mode
        if command.account != 0:
            place: I64 = command.account * at.ACCOUNT_WORDS + at.ACCOUNT_GUARDED
            state.ledger.accounts[place] = (state.ledger.accounts[place] & ~at.ACCOUNT_KILLED) | on
            return self.trading.cancel_all(state, command, 0, 0, codes.KILLED) if on != 0 else 0
        if command.market != 0:
            state.markets[command.market * at.MARKET_WORDS + at.KILLED] = on
            state.guard(command.market)
        else:
            state.guarded = on
        return self.trading.cancel_everyone(state, command, command.market, codes.KILLED) if on != 0 else 0
