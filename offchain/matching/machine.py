"""The machine: one command in, its events out. First the verdict, which changes nothing; then the effect."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.ahead import Ahead
from offchain.matching.breaker import Breaker
from offchain.matching.cancelling import Cancelling
from offchain.matching.canonical import dump, load, used_balances
from offchain.matching.control import Control
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
    reason_of,
    sequence_of,
)
from offchain.matching.funding import FundsVerdict
from offchain.matching.lookahead import Lookahead
from offchain.matching.outbox import Outbox
from offchain.matching.placing import OrderVerdict
from offchain.matching.risk import Risk
from offchain.matching.settings import SettingsVerdict
from offchain.matching.state import State
from offchain.matching.stops import Stops
from offchain.matching.tape import Tape
from offchain.matching.trading import Trading
from offchain.matching.unwinding import Unwinding
from offchain.matching.verdict import Verdict
from offchain.matching.words import (
    I64,
    Array,
    Row,
    Rows,
    Words,
    ask,
    high_of,
    low_of,
    packed,
    record,
    rows_in,
    unpacked,
)


@cython.final
@cython.cclass
class Machine:
    """A deterministic fold over rows of commands. It holds no Python object but its own parts."""

    state: State
    ahead: Ahead
    outbox: Outbox
    unwinding: Unwinding
    risk: Risk
    orders: OrderVerdict
    verdict: Verdict
    cancelling: Cancelling
    trading: Trading
    stops: Stops
    control: Control

    def __init__(self) -> None:
        self.state = State()
        self.ahead = Ahead()
        self.outbox = Outbox()
        self.unwinding = Unwinding()
        self.risk = Risk()
        breaker: Breaker = Breaker()
        lookahead: Lookahead = Lookahead(breaker)
        self.orders = OrderVerdict(self.state, self.risk, lookahead)
        settings: SettingsVerdict = SettingsVerdict()
        funds: FundsVerdict = FundsVerdict(self.unwinding)
        self.verdict = Verdict(self.risk, self.orders, settings, funds)
        self.cancelling = Cancelling(self.outbox)
        self.trading = Trading(self.cancelling, self.orders, breaker, lookahead)
        self.stops = Stops(self.risk, self.trading)
        self.control = Control(self.cancelling, breaker, self.outbox)

    def run(self, commands: Array, count: I64) -> tuple[bytearray, int]:
        """Apply `count` command rows; returns bytes that begin with their events, and how many these are.

        Raises:
            ValueError: there are not as many rows.
        """
        rows: Rows = rows_in(commands, count, at.COMMAND_WORDS)
        self.outbox.open(2 * count + 16)
        # Local names: an object's part would be counted as in use for each command.
        state: State = self.state
        far: cython.bint = state.orders.used > at.AHEAD_FROM
        if far:
            self.ahead.begin(state, rows, count)
        number: I64 = 0
        while number < count:
            if far:
                self.ahead.look(state, rows, number, count)
            ask(rows, (number + at.ROWS_AHEAD) * at.COMMAND_WORDS)
            self.step(state, record(rows, number * at.COMMAND_WORDS, at.COMMAND_WORDS))
            number += 1
        return self.outbox.close(), self.outbox.count

    def run_one(self, row: bytes) -> bytes:
        """Apply one packed command; returns its events, packed.

        Raises:
            ValueError: the row is not as long as a command.
        """
        if len(row) != 8 * at.COMMAND_WORDS:
            raise ValueError("A packed command has 88 bytes.")
        self.outbox.empty()
        self.step(self.state, unpacked(row))
        return packed(self.outbox.rows, self.outbox.count * at.EVENT_WORDS)

    def judge(self, row: bytes) -> I64:
        """The reason to refuse a packed command, or 0; nothing changes.

        Raises:
            ValueError: the row is not as long as a command.
        """
        if len(row) != 8 * at.COMMAND_WORDS:
            raise ValueError("A packed command has 88 bytes.")
        return self.verdict.of(self.state, unpacked(row))

    def refuse(self, row: bytes) -> bytes:
        """Reject a packed command, whatever it asks for, as one that fits no row; returns the event, packed."""
        self.outbox.empty()
        self.outbox.plain(unpacked(row), codes.REJECTED, codes.MALFORMED)
        return packed(self.outbox.rows, at.EVENT_WORDS)

    def sequences(self) -> tuple[int, int]:
        """The sequences of the last command that was applied and of the last event."""
        return self.state.last_sequence, self.outbox.last_sequence()

    def counts(self) -> tuple[int, int, int]:
        """How many accounts (with the fee account), assets and open orders there are."""
        return self.state.ledger.account_count, self.state.ledger.asset_count, self.state.orders.count()

    def balance(self, account: I64, asset: I64) -> tuple[int, int]:
        """Available and reserved units."""
        ledger = self.state.ledger
        if not ledger.is_account(account):
            return 0, 0
        balance: I64 = ledger.find(account, asset)
        return ledger.balances[balance + at.AVAILABLE], ledger.balances[balance + at.RESERVED]

    def all_balances(self) -> list[tuple[int, int, int, int]]:
        """Account, asset, available and reserved units of every balance that is not all zero, sorted."""
        found: list[tuple[int, int, int, int]] = []
        ledger = self.state.ledger
        for balance in used_balances(ledger):
            key, available = ledger.balances[balance + at.KEY], ledger.balances[balance + at.AVAILABLE]
            reserved = ledger.balances[balance + at.RESERVED]
            if available != 0 or reserved != 0:
                found.append((key >> 16, key & codes.ASSET_ID_MAX, available, reserved))
        return found

    def order(self, order_id: I64) -> tuple[int, int, int, int, int] | None:
        """Account, market, side, price and remaining lots of an open order."""
        slot: I64 = self.state.orders.find(order_id)
        if slot == 0:
            return None
        orders = self.state.orders
        meta: I64 = orders.slots[slot + at.META]
        return (
            orders.slots[slot + at.ACCOUNT],
            meta & at.LOW16,
            (meta >> at.SIDE_SHIFT) & 1,
            orders.slots[slot + at.PRICE],
            orders.slots[slot + at.REMAINING],
        )

    def last_price(self, market: I64) -> int:
        """The price of the last fill of a listed market or the reference set since, in ticks, or 0."""
        if not self.state.is_market(market):
            return 0
        return self.state.markets[market * at.MARKET_WORDS + at.LAST_PRICE]

    def order_slots(self) -> Words:
        """The pool of orders as it is: ORDER_WORDS words a slot, of which word ID is an open order's id, or 0."""
        return self.state.orders.slots

    def best_price(self, market: I64, side: I64) -> int:
        """The price of the best level of a listed market's side, or 0."""
        if not self.state.is_market(market):
            return 0
        own: I64 = self.state.side_of(market, side)
        return self.state.books.sides[own + at.BEST_PRICE] if self.state.books.sides[own + at.BEST] != 0 else 0

    def depth(self, market: I64, side: I64, limit: I64) -> list[tuple[int, int, int]]:
        """Price, lots and number of orders of the best levels of a listed market's side."""
        found: list[tuple[int, int, int]] = []
        if not self.state.is_market(market):
            return found
        books = self.state.books
        own: I64 = self.state.side_of(market, side)
        level: I64 = books.sides[own + at.BEST]
        while level != 0 and len(found) < limit:
            price: I64 = self.state.orders.slots[level + at.PRICE]
            lots, orders = self.weigh(level)
            found.append((price, lots, orders))
            level = books.next_level(own, price)
        return found

    def weigh(self, level: I64) -> tuple[int, int]:
        """The lots and the number of the orders of a level."""
        lots: I64 = 0
        orders: I64 = 0
        slots = self.state.orders.slots
        slot: I64 = low_of(slots[level + at.LINKS])
        while slot != level:
            lots += slots[slot + at.REMAINING]
            orders += 1
            slot = low_of(slots[slot + at.LINKS])
        return lots, orders

    def status(self, market: I64) -> int:
        """A market's status; 0 if it is not listed."""
        return self.state.markets[market * at.MARKET_WORDS + at.STATUS] if self.state.is_market(market) else 0

    def rates(self, account: I64) -> tuple[int, int]:
        """The maker's and the taker's rate in force; zeros for an unknown account."""
        ledger = self.state.ledger
        if not ledger.is_account(account):
            return 0, 0
        return ledger.maker_rate(account), ledger.taker_rate(account)

    def volume(self, account: I64) -> int:
        """The volume that an account's tier follows from; 0 for an unknown account."""
        ledger = self.state.ledger
        return ledger.profiles[account * at.PROFILE_WORDS + at.COUNTED] if ledger.is_account(account) else 0

    def killed(self, account: I64, market: I64) -> tuple[bool, bool, bool]:
        """Whether the kill switches of the exchange, of a known account and of a listed market are on."""
        guards: I64 = self.state.ledger.accounts[account * at.ACCOUNT_WORDS + at.ACCOUNT_GUARDED]
        switch: I64 = self.state.markets[market * at.MARKET_WORDS + at.KILLED]
        return self.state.guarded != 0, guards & at.ACCOUNT_KILLED != 0, switch != 0

    def limits_of(self, account: I64) -> tuple[int, int, int]:
        """The limits that apply to a known account: open orders, messages, and the window of these in sequences."""
        limits: I64 = self.state.limits.most(account)
        profiles = self.state.ledger.profiles
        most: I64 = profiles[limits + at.MOST]
        return low_of(most), high_of(most), profiles[limits + at.MOST_WINDOW]

    def position_cap(self, account: I64, asset: I64) -> int:
        """The most that buys may bring an account's balance to, in units; 0: there is no cap."""
        ledger = self.state.ledger
        return ledger.cap_of(ledger.find(account, asset)) if ledger.is_account(account) else 0

    def has_volumes(self) -> bool:
        """Whether a fill was ever counted, as far as pages tell, or a tier above the first is set."""
        if self.state.volumes.used > 1:
            return True
        tier: I64 = 1
        while tier < codes.TIER_MAX:
            if self.state.tiers.tiers[tier * at.TIER_WORDS + at.TIER_VOLUME] != 0:
                return True
            tier += 1
        return False

    def dump(self) -> Words:
        """The canonical words of the logical state."""
        return dump(self.state, self.outbox.last_sequence())

    def load(self, words: Words) -> None:
        """Take over the state of canonical words; this machine must be new."""
        self.outbox.before = load(self.state, Tape(words))

    @cython.cfunc
    @cython.inline
    def step(self, state: State, command: Row) -> I64:
        """Judge one command, and reject it or give it effect."""
        reason: I64 = self.verdict.of(state, command)
        if reason != codes.OK:
            return self.outbox.plain(command, codes.REJECTED, reason)
        state.last_sequence = sequence_of(command)
        kind: I64 = kind_of(command)
        if kind in (codes.PLACE, codes.REPLACE):
            return self.stops.fire_all(state, command) if self.trading.place(state, command) != 0 else 0
        if kind == codes.CANCEL:
            slot: I64 = self.verdict.slot
            return self.cancelling.cancel(state, command, slot, account_of(command), reason_of(command))
        if kind == codes.AMEND:
            return self.amend(state, command)
        before: I64 = self.outbox.count
        if kind < codes.PLACE or kind > codes.AMEND:
            self.configure(state, command)
        elif kind < codes.CHAIN_EXIT_REQUESTED:
            self.move(state, command)
        else:
            self.exit(state, command)
        if self.outbox.count == before:
            self.outbox.plain(command, codes.NOTED, 0)
        return 0

    @cython.cfunc
    def amend(self, state: State, command: Row) -> I64:
        """Take from an open order what it is to have no longer."""
        self.risk.taken(state, command)
        lots: I64 = state.orders.slots[self.verdict.slot + at.REMAINING] - quantity_of(command)
        return self.cancelling.reduce(state, command, self.verdict.slot, lots, 0)

    @cython.cfunc
    def configure(self, state: State, command: Row) -> I64:
        """Openings, listings, and what operators set."""
        kind: I64 = kind_of(command)
        if kind == codes.OPEN_ACCOUNT:
            state.open_account()
        elif kind == codes.LIST_ASSET:
            state.ledger.list_asset(asset_of(command))
        elif kind == codes.LIST_MARKET:
            self.list_market(state, command)
        elif kind == codes.SET_MARKET_LIMITS:
            state.set_limits(
                market_of(command),
                price_of(command),
                quantity_of(command),
                counter_amount_of(command),
                amount_of(command),
            )
        elif kind < codes.SIGN_LADDER:
            self.control.apply(state, command)
        return 0

    @cython.cfunc
    def list_market(self, state: State, command: Row) -> I64:
        """A new market, with the widest limits that it may have."""
        state.add_market(
            market_of(command),
            asset_of(command),
            counter_asset_of(command),
            amount_of(command),
            counter_amount_of(command),
        )
        divisor: I64 = order_id_of(command) if mode_of(command) == codes.VOLUME_OF_ORDER_ID else 1
        state.markets[market_of(command) * at.MARKET_WORDS + at.VOLUME_DIVISOR] = divisor
        return state.set_limits(market_of(command), price_of(command), quantity_of(command), 1, 0)

    @cython.cfunc
    def move(self, state: State, command: Row) -> I64:
        """Mass cancels, and funds that come, go and come back."""
        kind: I64 = kind_of(command)
        if kind == codes.CANCEL_ALL:
            self.cancelling.cancel_all(state, command, asset_of(command), market_of(command), reason_of(command))
        elif kind == codes.UNWIND_FILL:
            self.unwinding.apply(state, command)
            self.outbox.unwound(command, state.markets[market_of(command) * at.MARKET_WORDS + at.QUOTE])
        elif kind == codes.WITHDRAW:
            state.ledger.shift(state.ledger.touch(account_of(command), asset_of(command)), -amount_of(command))
            self.outbox.moved(command, codes.DEBITED)
        elif kind in (codes.REVERT_WITHDRAWAL, codes.CHAIN_DEPOSIT):
            state.ledger.shift(state.ledger.touch(account_of(command), asset_of(command)), amount_of(command))
            self.outbox.moved(command, codes.CREDITED)
        return 0

    @cython.cfunc
    def exit(self, state: State, command: Row) -> I64:
        """Requests to leave with an asset, their end, and what left. No order of that asset outlives either."""
        kind: I64 = kind_of(command)
        if kind == codes.CHAIN_CANCEL_FLOOR:
            return 0
        balance: I64 = state.ledger.touch(account_of(command), asset_of(command))
        leaving: cython.bint = kind == codes.CHAIN_EXIT_REQUESTED
        state.ledger.set_exiting(balance, leaving)
        if kind != codes.CHAIN_EXIT_CANCELLED:
            self.cancelling.cancel_all(state, command, asset_of(command), 0, codes.EXIT)
        if kind == codes.CHAIN_EXITED and amount_of(command) > 0:
            state.ledger.shift(balance, -amount_of(command))
            self.outbox.moved(command, codes.DEBITED)
        return 0
