"""The logical state as one sequence of words: the same for equal states, however they came about.

In order: version, last command and event sequence, number of accounts; then counted sections, sorted: rates (account,
maker, taker; the default first), assets, markets (id, base, quote, units per lot, units per tick and lot, maximum price
and quantity, minimum quantity and notional), balances that are not all zero (account, asset, available, reserved,
exiting), and open orders (market, book, id, account, price, remaining, fee cap; of armed stops time in force, type,
self-trade prevention and trigger) in priority order; books are 0 buys, 1 sells, 2 buy stops, 3 sell stops.
What follows from these (indexes, levels, what each order holds) is not part of it.
"""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.ledger import Ledger
from offchain.matching.state import State
from offchain.matching.words import I64, Record, Words, blank, grown, high_of, low_of, pair, record


@cython.final
@cython.cclass
class Tape:
    """Words that are written or read one after the other."""

    words: Words
    position: I64

    def __init__(self, words: Words) -> None:
        self.words = words
        self.position = 0

    @cython.cfunc
    def put(self, word: I64) -> I64:
        """Write the next word."""
        if self.position == len(self.words):
            self.words = grown(self.words, 2 * self.position)
        self.words[self.position] = word
        self.position += 1
        return 0

    @cython.cfunc
    def copy(self, words: Words, start: I64, count: I64) -> I64:
        """Write `count` words from those at `start`."""
        number: I64 = 0
        while number < count:
            self.put(words[start + number])
            number += 1
        return 0

    @cython.cfunc
    def get(self) -> I64:
        """Read the next word."""
        self.position += 1
        return self.words[self.position - 1]


@cython.cfunc
def dump(state: State, event_sequence: I64) -> Words:
    """The canonical words of a state."""
    tape: Tape = Tape(blank(1024))
    tape.put(at.CANONICAL_VERSION)
    tape.put(state.last_sequence)
    tape.put(event_sequence)
    dump_accounts(state, tape)
    dump_markets(state, tape)
    dump_balances(state, tape)
    tape.put(state.orders.count)
    for market in range(len(state.markets) // at.MARKET_WORDS):
        if state.is_market(market):
            for book in range(at.SIDES):
                dump_orders(state, tape, market, book)
    return tape.words[: tape.position]


@cython.cfunc
def dump_accounts(state: State, tape: Tape) -> I64:
    """Accounts and rates."""
    tape.put(state.ledger.account_count)
    own: list[int] = [0]
    account: I64 = 1
    while account < state.ledger.account_count:
        if state.ledger.accounts[account * at.ACCOUNT_WORDS + at.RATES] != 0:
            own.append(account)
        account += 1
    tape.put(len(own))
    for account in own:
        tape.put(account)
        tape.put(state.ledger.rate_of(account, at.MAKER_PPM))
        tape.put(state.ledger.rate_of(account, at.TAKER_PPM))
    return 0


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
        tape.copy(state.markets, number * at.MARKET_WORDS, at.MARKET_CANONICAL_WORDS)
    return 0


@cython.cfunc
def used_balances(ledger: Ledger) -> list[tuple[int, int]]:
    """Key and record of every balance that is not all zero, sorted by key."""
    rows: list[tuple[int, int]] = []
    balance: I64 = at.BALANCE_WORDS
    while balance <= ledger.count * at.BALANCE_WORDS:
        used: I64 = ledger.balances[balance + at.AVAILABLE] | ledger.balances[balance + at.RESERVED]
        if used | ledger.balances[balance + at.EXITING] != 0:
            rows.append((ledger.balances[balance + at.KEY], balance))
        balance += at.BALANCE_WORDS
    rows.sort()
    return rows


@cython.cfunc
def dump_balances(state: State, tape: Tape) -> I64:
    """Balances that are not all zero."""
    rows: list[tuple[int, int]] = used_balances(state.ledger)
    tape.put(len(rows))
    for key, balance in rows:
        tape.put(key >> 16)
        tape.put(key & codes.ASSET_ID_MAX)
        tape.copy(state.ledger.balances, balance + at.AVAILABLE, 3)
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
        price: I64 = state.books.levels[place + at.LEVEL_PRICE]
        slot: I64 = state.books.levels[place + at.HEAD]
        while slot != 0:
            order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
            meta: I64 = order[at.META]
            tape.put(market)
            tape.put(book)
            tape.put(order[at.ID])
            tape.put(high_of(order[at.LEVEL_ACCOUNT]))
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
    load_accounts(state, tape)
    load_markets(state, tape)
    load_balances(state, tape)
    load_orders(state, tape)
    return event_sequence


@cython.cfunc
def load_accounts(state: State, tape: Tape) -> I64:
    """Accounts and rates."""
    count: I64 = tape.get()
    while state.ledger.account_count < count:
        state.ledger.open_account()
    count = tape.get()
    while count > 0:
        account: I64 = tape.get()
        maker_ppm: I64 = tape.get()
        state.ledger.set_rates(account, maker_ppm, tape.get())
        count -= 1
    return 0


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
        word: I64 = at.MAX_NOTIONAL
        while word < at.MARKET_CANONICAL_WORDS:
            state.markets[market * at.MARKET_WORDS + word] = tape.get()
            word += 1
        state.guard(market)
        count -= 1
    return 0


@cython.cfunc
def load_balances(state: State, tape: Tape) -> I64:
    """Balances, and their sums."""
    count: I64 = tape.get()
    while count > 0:
        account: I64 = tape.get()
        asset: I64 = tape.get()
        balance: I64 = state.ledger.touch(account, asset)
        available: I64 = tape.get()
        reserved: I64 = tape.get()
        state.ledger.balances[balance + at.AVAILABLE] = available
        state.ledger.balances[balance + at.RESERVED] = reserved
        state.ledger.balances[balance + at.EXITING] = tape.get()
        state.ledger.assets[asset * at.ASSET_WORDS + at.GROSS] += max(available, 0) + reserved
        count -= 1
    return 0


@cython.cfunc
def load_orders(state: State, tape: Tape) -> I64:
    """Open orders: into the books in the order they come, into their accounts' lists by age."""
    by_age: list[tuple[int, int]] = []
    count: I64 = tape.get()
    while count > 0:
        market: I64 = tape.get()
        book: I64 = tape.get()
        side: I64 = book % 2
        order_id: I64 = tape.get()
        slot: I64 = state.orders.take(order_id)
        order: Record = record(state.orders.slots, slot, at.ORDER_WORDS)
        account: I64 = tape.get()
        order[at.LEVEL_ACCOUNT] = pair(0, account)
        order[at.PRICE] = tape.get()
        order[at.REMAINING] = tape.get()
        meta: I64 = market | side << at.SIDE_SHIFT | tape.get() << at.HIGH
        meta |= tape.get() << at.TIF_SHIFT
        meta |= tape.get() << at.TYPE_SHIFT
        order[at.META] = meta | tape.get() << at.STP_SHIFT
        holding: I64 = state.ledger.touch(account, state.held_asset(market, side))
        order[at.BALANCES] = pair(holding, state.ledger.touch(account, state.held_asset(market, 1 - side)))
        trigger: I64 = tape.get()
        state.queue(slot, book_side(state, market, book), order[at.PRICE] if trigger == 0 else trigger)
        state.guard(market)
        by_age.append((order_id, slot))
        count -= 1
    by_age.sort()
    for _, slot in by_age:
        state.join_account(slot)
    return 0
