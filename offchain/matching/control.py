"""Gives effect to the operators' controls: fees, status, risk, kill switches and limits."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.breaker import Breaker
from offchain.matching.cancelling import Cancelling
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
from offchain.matching.outbox import Outbox
from offchain.matching.state import State
from offchain.matching.words import I64, Record, Row, record


@cython.final
@cython.cclass
class Control:
    """What the commands do that `ControlVerdict` judges."""

    cancelling: Cancelling
    breaker: Breaker
    outbox: Outbox

    def __init__(self, cancelling: Cancelling, breaker: Breaker, outbox: Outbox) -> None:
        self.cancelling = cancelling
        self.breaker = breaker
        self.outbox = outbox

    @cython.cfunc
    def apply(self, state: State, command: Row) -> I64:
        """Give effect to a command that the verdict passed."""
        kind: I64 = kind_of(command)
        if codes.SET_MARKET_STATUS <= kind <= codes.SET_CIRCUIT_BREAKER:
            return self.market(state, command)
        if kind == codes.SET_KILL_SWITCH:
            return self.kill_switch(state, command)
        if kind == codes.SET_ACCOUNT_LIMITS:
            return state.limits.set(
                account_of(command), quantity_of(command), amount_of(command), counter_amount_of(command)
            )
        if kind == codes.SET_POSITION_CAP:
            return state.ledger.set_cap(state.ledger.touch(account_of(command), asset_of(command)), amount_of(command))
        return self.fees(state, command)

    @cython.cfunc
    def fees(self, state: State, command: Row) -> I64:
        """Rates, tiers, discounts and volumes."""
        kind: I64 = kind_of(command)
        if kind == codes.SET_FEE_TIER:
            state.tiers.set_tier(
                mode_of(command), amount_of(command), maker_fee_ppm_of(command), taker_fee_ppm_of(command)
            )
        elif kind == codes.SET_DISCOUNTS:
            state.tiers.set_discounts(account_of(command), amount_of(command), counter_amount_of(command))
        elif kind == codes.ROLL_VOLUMES:
            state.tiers.roll(amount_of(command))
        elif account_of(command) == codes.FEE_ACCOUNT:
            state.tiers.set_tier(1, 0, maker_fee_ppm_of(command), taker_fee_ppm_of(command))
        else:
            own: cython.bint = mode_of(command) == codes.OWN_RATES
            state.tiers.set_own(account_of(command), own, maker_fee_ppm_of(command), taker_fee_ppm_of(command))
        return 0

    @cython.cfunc
    def market(self, state: State, command: Row) -> I64:
        """A market's status, risk rules and circuit breaker."""
        market: Record = record(state.markets, market_of(command) * at.MARKET_WORDS, at.MARKET_WORDS)
        if kind_of(command) == codes.SET_MARKET_STATUS:
            market[at.STATUS] = mode_of(command)
            self.breaker.clear(market)
            state.guard(market_of(command))
            return self.outbox.status(command, market_of(command), mode_of(command), 0)
        if kind_of(command) == codes.SET_CIRCUIT_BREAKER:
            market[at.BREAKER_PPM] = amount_of(command)
            market[at.BREAKER_US] = counter_amount_of(command)
            self.breaker.clear(market)
        else:
            market[at.BAND] = amount_of(command)
            market[at.FAT_FINGER] = counter_amount_of(command)
            market[at.MAX_NOTIONAL] = quantity_of(command)
            if price_of(command) != 0:
                market[at.LAST_PRICE] = price_of(command)
        return state.guard(market_of(command))

    @cython.cfunc
    def kill_switch(self, state: State, command: Row) -> I64:
        """Set a switch; if it is on now, cancel every open order that it is for, by ascending id."""
        on: I64 = mode_of(command)
        if account_of(command) != 0:
            place: I64 = account_of(command) * at.ACCOUNT_WORDS + at.ACCOUNT_GUARDED
            state.ledger.accounts[place] = (state.ledger.accounts[place] & ~at.ACCOUNT_KILLED) | on
            return self.cancelling.cancel_all(state, command, 0, 0, codes.KILLED) if on != 0 else 0
        if market_of(command) != 0:
            state.markets[market_of(command) * at.MARKET_WORDS + at.KILLED] = on
            state.guard(market_of(command))
        else:
            state.guarded = on
        return self.cancelling.cancel_everyone(state, command, market_of(command), codes.KILLED) if on != 0 else 0
