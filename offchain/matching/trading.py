"""Placing, matching and cancelling: price-time priority, at the price of the resting order."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.inbox import Inbox
from offchain.matching.outbox import Outbox
from offchain.matching.state import State
from offchain.matching.words import I64, Record, fee_of, record


@cython.final
@cython.cclass
class Trading:
    """What orders do to books and balances. Other fields are of the order at hand and its fill."""

    state: State
    outbox: Outbox
    market: I64
    side: I64
    limit: I64
    remaining: I64
    held: I64
    fee_cap: I64
    holding: I64
    gaining: I64
    lots: I64
    notional: I64

    def __init__(self, state: State, outbox: Outbox) -> None:
        self.state = state
        self.outbox = outbox

    @cython.cfunc
    @cython.inline
    def place(self, command: Inbox, need: I64, holding: I64, gaining: I64) -> I64:
        """Take an order that the verdict passed: reserve `need` from `holding`, match, and rest or cancel the rest.

        Its fills are paid to the balance `gaining`, which is made if it is 0.
        """
        self.market = command.market
        self.side = command.side
        self.limit = command.price
        self.remaining = command.quantity
        self.held = need
        self.fee_cap = command.taker_fee_ppm
        self.holding = holding
        self.gaining = gaining
        if gaining == 0:
            self.gaining = self.state.ledger.touch(command.account, self.state.held_asset(self.market, 1 - self.side))
        self.state.ledger.reserve(holding, need)
        self.accepted(command)
        self.match(command)
        if self.remaining == 0:
            return 0
        if command.time_in_force == codes.IOC:
            self.state.ledger.reserve(holding, -self.held)
            return self.closed(command, command.sequence, codes.IOC_REMAINDER)
        return self.rest(command)

    @cython.cfunc
    @cython.inline
    def match(self, command: Inbox) -> I64:
        """Fill the order against the other side, best price first, oldest order first, while prices cross."""
        other: I64 = self.state.side_of(self.market, 1 - self.side)
        while self.remaining > 0:
            best: I64 = self.state.books.sides[other + at.BEST]
            if best == 0:
                return 0
            level: Record = record(self.state.books.levels, best, at.LEVEL_WORDS)
            price: I64 = level[at.LEVEL_PRICE]
            if price > self.limit if self.side == codes.BUY else price < self.limit:
                return 0
            self.fill(command, level, level[at.HEAD], price)
        return 0

    @cython.cfunc
    def fill(self, command: Inbox, level: Record, slot: I64, price: I64) -> I64:
        """One fill against a resting order: both sides pay, both reservations fall to what is left to fill.

        A maker's rebate is never above the taker's rate, so the fee account never pays.
        """
        maker: Record = record(self.state.orders.slots, slot, at.ORDER_WORDS)
        maker_left: I64 = maker[at.REMAINING]
        self.lots = min(self.remaining, maker_left)
        market: Record = record(self.state.markets, self.market * at.MARKET_WORDS, at.MARKET_WORDS)
        self.notional = price * self.lots * market[at.UNITS_PER_TICK_LOT]
        account: I64 = maker[at.ACCOUNT]
        cap: I64 = maker[at.FEE_CAP]
        rate: I64 = self.state.ledger.rate_of(command.account, at.TAKER_PPM)
        maker_rate: I64 = max(min(self.state.ledger.rate_of(account, at.MAKER_PPM), cap), -rate)
        fee: I64 = fee_of(self.notional, rate)
        maker_fee: I64 = fee_of(self.notional, maker_rate)
        self.state.ledger.balances[market[at.FEE_POT] + at.AVAILABLE] += fee + maker_fee

        self.remaining -= self.lots
        keep: I64 = self.state.reservation(market, self.side, self.limit, self.remaining, self.fee_cap)
        released: I64 = self.pay(self.side, self.holding, self.gaining, self.held - keep, fee)
        self.held = keep

        maker_left -= self.lots
        keep = self.state.reservation(market, 1 - self.side, price, maker_left, cap)
        maker_released: I64 = self.pay(
            1 - self.side, maker[at.HOLDING], maker[at.GAINING], maker[at.HELD] - keep, maker_fee
        )
        maker[at.HELD] = keep
        maker[at.REMAINING] = maker_left
        level[at.LOTS] -= self.lots

        kinds: I64 = codes.FILLED | self.side << 32
        place: I64 = self.market | market[at.QUOTE] << 32
        self.outbox.emit(command, kinds, command.account | account << 32, place)
        self.outbox.order(command.sequence, maker[at.ID], price, self.lots)
        self.outbox.left(self.remaining, maker_left, released, maker_released)
        self.outbox.fees(fee, maker_fee)
        return self.state.remove(slot) if maker_left == 0 else 0

    @cython.cfunc
    @cython.inline
    def pay(self, side: I64, holding: I64, gaining: I64, freed: I64, fee: I64) -> I64:
        """Move one side's funds for the fill, which frees so much of its reservation; what of it becomes available."""
        self.state.ledger.balances[holding + at.RESERVED] -= freed
        if side == codes.SELL:
            self.state.ledger.balances[gaining + at.AVAILABLE] += self.notional - fee
            return 0
        released: I64 = freed - self.notional - fee
        self.state.ledger.balances[holding + at.AVAILABLE] += released
        lot: I64 = self.state.markets[self.market * at.MARKET_WORDS + at.UNITS_PER_LOT]
        self.state.ledger.balances[gaining + at.AVAILABLE] += self.lots * lot
        return released

    @cython.cfunc
    @cython.inline
    def rest(self, command: Inbox) -> I64:
        """Put what is left of the order into the book."""
        slot: I64 = self.state.orders.take(command.sequence)
        order: Record = record(self.state.orders.slots, slot, at.ORDER_WORDS)
        order[at.PRICE] = self.limit
        order[at.REMAINING] = self.remaining
        order[at.ACCOUNT] = command.account
        order[at.MARKET] = self.market
        order[at.SIDE] = self.side
        order[at.FEE_CAP] = self.fee_cap
        order[at.HOLDING] = self.holding
        order[at.GAINING] = self.gaining
        order[at.HELD] = self.held
        self.state.queue(slot)
        return self.state.join_account(slot)

    @cython.cfunc
    @cython.inline
    def cancel(self, command: Inbox, slot: I64, reason: I64) -> I64:
        """Take an open order out, and give its reservation back."""
        order: Record = record(self.state.orders.slots, slot, at.ORDER_WORDS)
        self.market = order[at.MARKET]
        self.side = order[at.SIDE]
        self.limit = order[at.PRICE]
        self.remaining = order[at.REMAINING]
        self.held = order[at.HELD]
        self.state.ledger.reserve(order[at.HOLDING], -self.held)
        order_id: I64 = order[at.ID]
        self.state.remove(slot)
        return self.closed(command, order_id, reason)

    @cython.cfunc
    def cancel_all(self, command: Inbox, asset: I64, reason: I64) -> I64:
        """Cancel the account's open orders, oldest first, in markets of the asset (0: all); how many there were."""
        count: I64 = 0
        slot: I64 = self.state.ledger.accounts[command.account * at.ACCOUNT_WORDS + at.FIRST_ORDER]
        while slot != 0:
            following: I64 = self.state.orders.slots[slot + at.NEXT_OF_ACCOUNT]
            market: I64 = self.state.orders.slots[slot + at.MARKET] * at.MARKET_WORDS
            base: I64 = self.state.markets[market + at.BASE]
            if asset in (0, base, self.state.markets[market + at.QUOTE]):
                self.cancel(command, slot, reason)
                count += 1
            slot = following
        return count

    @cython.cfunc
    @cython.inline
    def accepted(self, command: Inbox) -> I64:
        """An ACCEPTED event of the order being placed."""
        kinds: I64 = codes.ACCEPTED | self.side << 32 | command.time_in_force << 48
        place: I64 = self.market | self.state.held_asset(self.market, self.side) << 32
        self.outbox.emit(command, kinds, command.account, place)
        self.outbox.order(command.sequence, 0, self.limit, self.remaining)
        self.outbox.left(self.remaining, 0, self.held, 0)
        return self.outbox.fees(0, 0)

    @cython.cfunc
    @cython.inline
    def closed(self, command: Inbox, order_id: I64, reason: I64) -> I64:
        """A CANCELLED event of the order at hand."""
        kinds: I64 = codes.CANCELLED | reason << 16 | self.side << 32
        place: I64 = self.market | self.state.held_asset(self.market, self.side) << 32
        self.outbox.emit(command, kinds, command.account, place)
        self.outbox.order(order_id, 0, self.limit, self.remaining)
        self.outbox.left(0, 0, self.held, 0)
        return self.outbox.fees(0, 0)
