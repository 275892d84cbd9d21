"""The logical state as one sequence of words: the same for equal states, however they came about.

In order: version, last command and event sequence, kill switch of the exchange, last rolled day, number of accounts;
then counted sections, sorted: fee tiers, limits, accounts and volumes (`canonical_accounts.py`); assets; markets (id,
and their record as `layout.py` has it, up to the breaker's windows); balances that are not all zero (account, asset,
available, reserved, exiting, cap); and open orders (market, book, id, account, price, remaining, fee cap; of armed
stops time in force, type, self-trade prevention and trigger) in priority order; books are 0 buys, 1 sells, 2 buy stops,
3 sell stops. What follows from these (indexes, levels, rates in force, what each order holds) is not part of it.
"""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.canonical_accounts import dump_accounts, load_accounts
from offchain.matching.ledger import Ledger
from offchain.matching.state import State
from offchain.matching.tape import Tape
from offchain.matching.words import (
    I64,
    Record,
    Words,
    blank,
    high_of,
    low_of,
    pair,
    record,
    sorted_by,
    unwritten,
)


@cython.cfunc
def dump(state: State, event_sequence: I64) -> Words:
    """The canonical words of a state."""
    tape: Tape = Tape(unwritten(room_for(state)))
    tape.put(at.CANONICAL_VERSION)
    tape.put(state.last_sequence)
    tape.put(event_sequence)
    tape.put(state.guarded)
    tape.put(state.tiers.rolled_day)
    tape.put(state.ledger.account_count)
    dump_accounts(state, tape)
    dump_markets(state, tape)
    dump_balances(state, tape)
    tape.put(state.orders.count())
    for market in range(len(state.markets) // at.MARKET_WORDS):
        if state.is_market(market):
            for book in range(at.SIDES):
                dump_orders(state, tape, market, book)
    return tape.words[: tape.position]


@cython.cfunc
def room_for(state: State) -> I64:
    """About as many words as a state takes, or more, so that the tape need not be copied to a longer one."""
    accounts: I64 = at.LIMITS_ROW + at.PROFILE_ROW
    return (
        1024
        + len(state.markets)
        + len(state.ledger.assets)
        + state.ledger.account_count * accounts
        + state.volumes.used * at.VOLUMES_ROW
        + state.ledger.count * at.BALANCE_ROW
        + state.orders.count() * at.ORDER_ROW
    )


@cython.cfunc
def dump_markets(state: State, tape: Tape) -> I64:
    """Assets and markets."""
    tape.put(state.ledger.asset_count)
    number: I64 = 1
    while number < len(state.ledger.assets) // at.ASSET_WORDS:
        if state.ledger.is_asset(number):
            tape.put(number)
        number += 1
    listed: list[int] = []
    number = 1
    while number < len(state.markets) // at.MARKET_WORDS:
        if state.is_market(number):
            listed.append(number)
        number += 1
    tape.put(len(listed))
    for number in listed:
        tape.put(number)
        tape.copy(state.markets, number * at.MARKET_WORDS + at.BASE, at.MARKET_CANONICAL_WORDS)
    return 0


@cython.cfunc
def used_balances(ledger: Ledger) -> Words:
    """The records of all balances that are not all zero, by account and asset."""
    keys: Words = blank(ledger.count)
    found: Words = blank(ledger.count)
    count: I64 = 0
    account: I64 = 0
    while account < ledger.account_count:
        purse: I64 = ledger.accounts[account * at.ACCOUNT_WORDS + at.PURSE]
        # Of an account that has none, this is record 0, which is empty.
        balance: I64 = low_of(purse)
        while balance <= low_of(purse) + high_of(purse):
            funds: Record = record(ledger.balances, balance, at.BALANCE_WORDS)
            if funds[at.AVAILABLE] | funds[at.RESERVED] | (funds[at.MARKS] & at.EXITING) | ledger.cap_of(balance) != 0:
                keys[count] = funds[at.KEY]
                found[count] = balance
                count += 1
            balance += at.BALANCE_WORDS
        account += 1
    return sorted_by(keys[:count], found[:count])


@cython.cfunc
def dump_balances(state: State, tape: Tape) -> I64:
    """Balances that are not all zero."""
    used: Words = used_balances(state.ledger)
    tape.put(len(used))
    number: I64 = 0
    while number < len(used):
        funds: Record = record(state.ledger.balances, used[number], at.BALANCE_WORDS)
        tape.put(funds[at.KEY] >> 16)
        tape.put(funds[at.KEY] & codes.ASSET_ID_MAX)
        tape.put(funds[at.AVAILABLE])
        tape.put(funds[at.RESERVED])
        tape.put(funds[at.MARKS] & at.EXITING)
        tape.put(state.ledger.cap_of(used[number]))
        number += 1
    return 0


@cython.cfunc
def book_side(state: State, market: I64, book: I64) -> I64:
    """The record of a canonical book: 0 buys, 1 sells, 2 buy stops, 3 sell stops."""
    return state.side_of(market, book) if book <= codes.SELL else state.stops_of(market, book - 2)


@cython.cfunc
def dump_orders(state: State, tape: Tape, market: I64, book: I64) -> I64:
    """The open orders of one book of a market."""
    own: I64 = book_side(state, market, book)
    place: I64 = state.books.sides[own + at.BEST]
    while place != 0:
        price: I64 = state.orders.slots[place + at.PRICE]
        slot: I64 = low_of(state.orders.slots[place + at.LINKS])
        while slot != place:
            order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
            meta: I64 = order[at.META]
            tape.put(market)
            tape.put(book)
            tape.put(order[at.ID])
            tape.put(order[at.ACCOUNT])
            tape.put(order[at.PRICE])
            tape.put(order[at.REMAINING])
            tape.put(meta >> at.HIGH)
            tape.put((meta >> at.TIF_SHIFT) & 3)
            tape.put((meta >> at.TYPE_SHIFT) & 3)
            tape.put((meta >> at.STP_SHIFT) & 7)
            tape.put(price if book > codes.SELL else 0)
            slot = low_of(order[at.LINKS])
        place = state.books.next_level(own, price)
    return 0


@cython.cfunc
def load(state: State, tape: Tape) -> I64:
    """Bring a new state to what canonical words say; returns the event sequence."""
    tape.get()
    state.last_sequence = tape.get()
    event_sequence: I64 = tape.get()
    state.guarded = tape.get()
    state.tiers.rolled_day = tape.get()
    load_accounts(state, tape, tape.get())
    load_markets(state, tape)
    load_balances(state, tape)
    load_orders(state, tape)
    return event_sequence


@cython.cfunc
def load_markets(state: State, tape: Tape) -> I64:
    """Assets and markets."""
    count: I64 = tape.get()
    while count > 0:
        state.ledger.list_asset(tape.get())
        count -= 1
    count = tape.get()
    while count > 0:
        market: I64 = tape.get()
        base: I64 = tape.get()
        quote: I64 = tape.get()
        units_per_lot: I64 = tape.get()
        state.add_market(market, base, quote, units_per_lot, tape.get())
        max_price: I64 = tape.get()
        max_quantity: I64 = tape.get()
        min_quantity: I64 = tape.get()
        state.set_limits(market, max_price, max_quantity, min_quantity, tape.get())
        word: I64 = at.VOLUME_DIVISOR
        while word < at.BASE + at.MARKET_CANONICAL_WORDS:
            state.markets[market * at.MARKET_WORDS + word] = tape.get()
            word += 1
        state.guard(market)
        count -= 1
    return 0


@cython.cfunc
def load_balances(state: State, tape: Tape) -> I64:
    """Balances with their caps, and the sums of assets."""
    count: I64 = tape.get()
    while count > 0:
        account: I64 = tape.get()
        asset: I64 = tape.get()
        balance: I64 = state.ledger.touch(account, asset)
        available: I64 = tape.get()
        reserved: I64 = tape.get()
        state.ledger.balances[balance + at.AVAILABLE] = available
        state.ledger.balances[balance + at.RESERVED] = reserved
        state.ledger.set_exiting(balance, tape.get() != 0)
        state.ledger.set_cap(balance, tape.get())
        state.ledger.assets[asset * at.ASSET_WORDS + at.GROSS] += max(available, 0) + reserved
        count -= 1
    return 0


@cython.cfunc
def load_orders(state: State, tape: Tape) -> I64:
    """Open orders, into the books in the order they come."""
    count: I64 = tape.get()
    while count > 0:
        market: I64 = tape.get()
        book: I64 = tape.get()
        side: I64 = book % 2
        order_id: I64 = tape.get()
        account: I64 = tape.get()
        price: I64 = tape.get()
        lots: I64 = tape.get()
        meta: I64 = market | side << at.SIDE_SHIFT | tape.get() << at.HIGH
        meta |= tape.get() << at.TIF_SHIFT
        meta |= tape.get() << at.TYPE_SHIFT
        meta |= tape.get() << at.STP_SHIFT
        trigger: I64 = tape.get()
        level: I64 = state.books.level_at(book_side(state, market, book), price if trigger == 0 else trigger)
        slot: I64 = state.orders.take(order_id)
        order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        order[at.ID] = order_id
        order[at.PRICE] = price
        order[at.REMAINING] = lots
        order[at.META] = meta
        hot: Record = record(state.ledger.accounts, account * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        terms: Record = record(state.markets, market * at.MARKET_WORDS, at.MARKET_WORDS)
        order[at.PLACE_ASSET] = pair(state.rosters.enter(hot, slot), state.reserved_asset(terms, side))
        order[at.HELD] = state.to_hold(order, lots)
        state.queue(slot, order, account, level)
        state.guard(market)
        count -= 1
    return 0
