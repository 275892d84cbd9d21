"""All that the engine remembers, and the questions that verdicts and effects both ask of it."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.books import Books
from offchain.matching.ledger import Ledger
from offchain.matching.limits import Limits
from offchain.matching.orders import OrderPool
from offchain.matching.rosters import Rosters
from offchain.matching.tiers import Tiers
from offchain.matching.volumes import Volumes
from offchain.matching.words import I64, Record, Words, blank, fee_of, grown, high_of, low_of, record, sorted_by


@cython.final
@cython.cclass
class State:
    """Markets, accounts and assets, balances, open orders and books.

    `guarded` is ACCOUNT_KILLED if the kill switch of the exchange is on, or 0.
    """

    ledger: Ledger
    orders: OrderPool
    rosters: Rosters
    books: Books
    volumes: Volumes
    tiers: Tiers
    limits: Limits
    markets: Words
    last_sequence: I64
    guarded: I64

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.orders = OrderPool()
        self.rosters = Rosters()
        self.books = Books(self.orders)
        self.volumes = Volumes()
        self.tiers = Tiers(self.ledger, self.volumes)
        self.limits = Limits(self.ledger)
        self.markets = blank(16 * at.MARKET_WORDS)
        self.books.hold_sides(16)
        self.last_sequence = 0
        self.guarded = 0

    @cython.cfunc
    def open_account(self) -> I64:
        """Open the next account: in tier 1, under the limits of all that have none of their own."""
        account: I64 = self.ledger.account_count
        self.ledger.open_accounts(account + 1)
        self.tiers.find_rates(account)
        return self.limits.guard(account)

    @cython.cfunc
    @cython.inline
    def count_volume(self, timestamp_us: I64, market: Record, trader: Record, owner: Record, notional: I64) -> I64:
        """Count a fill for the accounts of both orders: whole units of volume, if it comes to any."""
        volume: I64 = notional
        divisor: I64 = market[at.VOLUME_DIVISOR]
        if divisor != 1:
            volume = 0 if divisor == 0 else notional // divisor
            if volume == 0:
                return 0
        self.volumes.find_day(timestamp_us)
        self.volumes.add(trader, volume)
        return self.volumes.add(owner, volume)

    @cython.cfunc
    @cython.inline
    def is_market(self, market: I64) -> cython.bint:
        """Whether the market is listed."""
        terms: I64 = market * at.MARKET_WORDS
        return 0 <= terms < len(self.markets) and self.markets[terms + at.BASE] != 0

    @cython.cfunc
    def add_market(self, market: I64, base: I64, quote: I64, units_per_lot: I64, units_per_tick_lot: I64) -> I64:
        """List a market, without limits yet."""
        if (market + 1) * at.MARKET_WORDS > len(self.markets):
            self.markets = grown(self.markets, 2 * (market + 1) * at.MARKET_WORDS)
        # As many as there is room for: looking ahead comes upon the sides of markets that are not listed.
        self.books.hold_sides(len(self.markets) // at.MARKET_WORDS)
        terms: I64 = market * at.MARKET_WORDS
        self.markets[terms + at.BASE] = base
        self.markets[terms + at.QUOTE] = quote
        self.markets[terms + at.UNITS_PER_LOT] = units_per_lot
        self.markets[terms + at.UNITS_PER_TICK_LOT] = units_per_tick_lot
        # A fill, and one to be taken back, find the fee account's balance there.
        self.ledger.touch(codes.FEE_ACCOUNT, quote)
        return 0

    @cython.cfunc
    def set_limits(self, market: I64, max_price: I64, max_quantity: I64, min_quantity: I64, notional: I64) -> I64:
        """Set a market's limits; `notional` is the least an order may be worth."""
        terms: I64 = market * at.MARKET_WORDS
        self.markets[terms + at.MAX_PRICE] = max_price
        self.markets[terms + at.MAX_QUANTITY] = max_quantity
        self.markets[terms + at.MIN_QUANTITY] = min_quantity
        self.markets[terms + at.MIN_NOTIONAL] = notional
        return 0

    @cython.cfunc
    def guard(self, market: I64) -> I64:
        """Note which of a market's rules are in force, after one of them changed."""
        terms: Record = record(self.markets, market * at.MARKET_WORDS, at.MARKET_WORDS)
        rules: I64 = 0
        if terms[at.MAX_NOTIONAL] | terms[at.BAND] | terms[at.FAT_FINGER] != 0:
            rules |= at.GUARD_PRICES
        if terms[at.STATUS] | terms[at.KILLED] != 0:
            rules |= at.GUARD_CLOSED
        if terms[at.BREAKER_PPM] != 0:
            rules |= at.GUARD_BREAKER
        buys: I64 = self.books.sides[self.stops_of(market, codes.BUY) + at.BEST]
        sells: I64 = self.books.sides[self.stops_of(market, codes.SELL) + at.BEST]
        if buys | sells != 0:
            rules |= at.GUARD_STOPS
        terms[at.GUARDED] = rules
        return 0

    @cython.cfunc
    @cython.inline
    def side_of(self, market: I64, side: I64) -> I64:
        """The record of one side of a market's limit book."""
        return (market * at.SIDES + side) * at.SIDE_WORDS

    @cython.cfunc
    @cython.inline
    def stops_of(self, market: I64, side: I64) -> I64:
        """The record of the stop book of one side."""
        return (market * at.SIDES + 3 - side) * at.SIDE_WORDS

    @cython.cfunc
    @cython.inline
    def book_of(self, meta: I64) -> I64:
        """The record of the side that an order with this META is on."""
        market: I64 = meta & at.LOW16
        side: I64 = (meta >> at.SIDE_SHIFT) & 1
        return self.side_of(market, side) if meta & at.STOP_BITS == 0 else self.stops_of(market, side)

    @cython.cfunc
    @cython.inline
    def reserved_asset(self, market: Record, side: I64) -> I64:
        """The asset that an order on this side of a market reserves: a buyer pays in quote, a seller in base."""
        # Both are read, for no processor can foresee which side the next order is on.
        base: I64 = market[at.BASE]
        quote: I64 = market[at.QUOTE]
        return base if side == codes.SELL else quote

    @cython.cfunc
    @cython.inline
    def pay(self, number: I64, account: Record, asset: I64, units: I64) -> I64:
        """Pay units to an account, into a balance that is made if there is none: its others may have moved then."""
        balance: I64 = self.ledger.balance_of(account, asset)
        if balance == 0:
            balance = self.ledger.touch(number, asset)
        self.ledger.balances[balance + at.AVAILABLE] += units
        return 0

    @cython.cfunc
    @cython.inline
    def notional(self, market: I64, price: I64, quantity: I64) -> I64:
        """The worth in quote units of a price and quantity that are within a market's limits, so at most 2^62."""
        return price * quantity * self.markets[market * at.MARKET_WORDS + at.UNITS_PER_TICK_LOT]

    @cython.cfunc
    def can_hold(self, price: I64, quantity: I64, lot: I64, tick_lot: I64) -> cython.bint:
        """Whether all are positive, price * quantity * tick_lot <= 2^62 and quantity * lot <= 2^63 - 1."""
        if price <= 0 or quantity <= 0 or lot <= 0 or tick_lot <= 0:
            return False
        return quantity <= codes.NOTIONAL_MAX_UNITS // tick_lot // price and quantity <= codes.UNITS_MAX // lot

    @cython.cfunc
    @cython.inline
    def reservation(self, market: Record, side: I64, price: I64, quantity: I64, fee_cap: I64) -> I64:
        """What an order with so many lots left holds back (`money.buy_reservation_units`); -1: more than can exist.

        A buy's notional is at most 2^62 and its fee at most half a percent of it, but its lots may be as many as its
        notional, and all three together pass 2^63 - 1, which is all that there can be of an asset.
        """
        # Both are worked out, and one chosen by bits: no processor can foresee which side the next order is on, and of
        # an `if` compilers make a branch.
        sold: I64 = quantity * market[at.UNITS_PER_LOT]
        notional: I64 = price * quantity * market[at.UNITS_PER_TICK_LOT]
        cost: I64 = notional + fee_of(notional, fee_cap)
        bought: I64 = -1 if quantity > codes.UNITS_MAX - cost else cost + quantity
        return bought ^ (bought ^ sold) & -side

    @cython.cfunc
    @cython.inline
    def to_hold(self, order: Record, lots: I64) -> I64:
        """What an open order with so many lots left holds back, in units of the asset that it reserves."""
        meta: I64 = order[at.META]
        market: Record = record(self.markets, (meta & at.LOW16) * at.MARKET_WORDS, at.MARKET_WORDS)
        side: I64 = (meta >> at.SIDE_SHIFT) & 1
        return self.reservation(market, side, order[at.PRICE], lots, meta >> at.HIGH)

    @cython.cfunc
    @cython.inline
    def queue(self, slot: I64, order: Record, account: I64, level: I64) -> I64:
        """Put an order of an account at the end of a level: of its price, or its trigger in a stop book."""
        order[at.ACCOUNT] = account
        return self.orders.join(slot, order, level)

    @cython.cfunc
    @cython.inline
    def unqueue(self, order: Record) -> I64:
        """Take an order out of its level."""
        links: I64 = order[at.LINKS]
        self.orders.leave(links)
        if low_of(links) == high_of(links):
            # It was alone with its level.
            self.books.drop(self.book_of(order[at.META]), low_of(links))
            if order[at.META] & at.STOP_BITS != 0:
                self.guard(order[at.META] & at.LOW16)
        return 0

    @cython.cfunc
    def by_age(self, account: Record) -> Words:
        """The slots of an account's open orders, by ascending id."""
        block: I64 = account[at.ROSTER]
        ids: Words = blank(low_of(account[at.OPEN_ORDERS]))
        found: Words = blank(len(ids))
        count: I64 = 0
        place: I64 = 0
        while place < high_of(block):
            slot: I64 = self.rosters.words[low_of(block) + place]
            if slot & 1 == 0:
                ids[count] = self.orders.slots[slot + at.ID]
                found[count] = slot
                count += 1
            place += 1
        return sorted_by(ids, found)

    @cython.cfunc
    @cython.inline
    def remove(self, slot: I64, order: Record, account: Record) -> I64:
        """Take an account's order out of its level, the account's roster and the pool."""
        self.unqueue(order)
        return self.discard(slot, order, account)

    @cython.cfunc
    @cython.inline
    def discard(self, slot: I64, order: Record, account: Record) -> I64:
        """Take an account's order that is in no level out of the account's roster and the pool."""
        self.rosters.strike(account, low_of(order[at.PLACE_ASSET]))
        return self.orders.give_back(slot, order)
