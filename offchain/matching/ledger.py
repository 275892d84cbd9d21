"""Accounts, assets, and what each account has of each asset: available, and reserved for its open orders."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.words import I64, Record, Words, blank, grown, high_of, low_of, pair, record


@cython.final
@cython.cclass
class Ledger:
    """Balances exist for the pairs of account and asset that were ever touched; memory follows them.

    GROSS of an asset is at least the sum of max(available, 0) + reserved over all accounts, and at most 2^63 - 1.
    Trades and reservations only move funds within that sum, so none of them can overflow; whatever adds to it
    (deposits, reverts, unwound fills) asks first.
    """

    accounts: Words
    profiles: Words
    account_count: I64
    assets: Words
    asset_count: I64
    balances: Words
    caps: Words
    cap_count: I64
    capacity: I64
    count: I64
    index: Words
    mask: I64
    index_shift: I64

    def __init__(self) -> None:
        self.accounts = blank(16 * at.ACCOUNT_WORDS)
        self.profiles = blank(16 * at.PROFILE_WORDS)
        self.account_count = 1
        self.assets = blank(16 * at.ASSET_WORDS)
        self.asset_count = 0
        self.capacity = 64
        self.balances = blank(self.capacity * at.BALANCE_WORDS)
        self.caps = blank(16)
        self.cap_count = 0
        self.count = 0
        self.mask = 127
        self.index_shift = 25
        self.index = blank(self.mask + 1)

    @cython.cfunc
    def open_accounts(self, count: I64) -> I64:
        """Make it so many accounts, with the fee account; what the new ones have is for the caller to say."""
        if count * at.ACCOUNT_WORDS > len(self.accounts):
            room: I64 = max(count, 2 * (len(self.accounts) // at.ACCOUNT_WORDS))
            self.accounts = grown(self.accounts, room * at.ACCOUNT_WORDS)
            self.profiles = grown(self.profiles, room * at.PROFILE_WORDS)
        self.account_count = count
        return 0

    @cython.cfunc
    def list_asset(self, asset: I64) -> I64:
        """Make an asset known."""
        if (asset + 1) * at.ASSET_WORDS > len(self.assets):
            self.assets = grown(self.assets, 2 * (asset + 1) * at.ASSET_WORDS)
        self.assets[asset * at.ASSET_WORDS + at.LISTED] = 1
        self.asset_count += 1
        return 0

    @cython.cfunc
    @cython.inline
    def is_account(self, account: I64) -> cython.bint:
        """Whether the account is open (the fee account always is)."""
        return 0 <= account < self.account_count

    @cython.cfunc
    @cython.inline
    def can_trade(self, account: I64) -> cython.bint:
        """Whether the account is open and not the fee account."""
        return account != codes.FEE_ACCOUNT and self.is_account(account)

    @cython.cfunc
    @cython.inline
    def is_asset(self, asset: I64) -> cython.bint:
        """Whether the asset is listed."""
        return 0 <= asset * at.ASSET_WORDS < len(self.assets) and self.assets[asset * at.ASSET_WORDS + at.LISTED] != 0

    @cython.cfunc
    @cython.inline
    def taker_rate(self, account: I64) -> I64:
        """The taker's rate in force for an account."""
        return low_of(self.accounts[account * at.ACCOUNT_WORDS + at.RATES])

    @cython.cfunc
    @cython.inline
    def maker_rate(self, account: I64) -> I64:
        """The maker's rate in force for an account."""
        return high_of(self.accounts[account * at.ACCOUNT_WORDS + at.RATES])

    @cython.cfunc
    @cython.inline
    def pays_within(self, account: Record, cap: I64) -> cython.bint:
        """Whether neither of an account's rates is above a cap."""
        rates: I64 = account[at.RATES]
        return low_of(rates) <= cap and high_of(rates) <= cap

    @cython.cfunc
    @cython.inline
    def holding(self, number: I64, account: Record, market: Record, side: I64) -> I64:
        """As `find`, of the balance that an account's order on a side of a market reserves in: a buyer pays in quote.

        It may well be the one that the account traded last. Which one that was is no part of the state: it only saves
        the way through the index.
        """
        # Both are read, for no processor can foresee which side the next order is on.
        base: I64 = market[at.BASE]
        quote: I64 = market[at.QUOTE]
        recent_base: I64 = account[at.RECENT_BASE]
        recent_quote: I64 = account[at.RECENT_QUOTE]
        asset: I64 = base if side == codes.SELL else quote
        recent: I64 = recent_base if side == codes.SELL else recent_quote
        return low_of(recent) if high_of(recent) == asset else self.found(number, account, side, asset)

    @cython.cfunc
    def found(self, number: I64, account: Record, side: I64, asset: I64) -> I64:
        """The balance in an asset, or record 0; kept at hand unless it was never touched."""
        balance: I64 = self.find(number, asset)
        if balance != 0 and side == codes.SELL:
            account[at.RECENT_BASE] = pair(balance, asset)
        elif balance != 0:
            account[at.RECENT_QUOTE] = pair(balance, asset)
        return balance

    @cython.cfunc
    @cython.inline
    def recall(self, key: I64, balance: I64) -> I64:
        """Have a balance at hand as the one that its account trades, if it is the balance of this KEY."""
        place: I64 = (key >> 16) * at.ACCOUNT_WORDS + at.RECENT_BASE
        recent: I64 = self.accounts[place]
        known: I64 = self.balances[balance + at.KEY] == key
        # Without a branch, which no processor could foresee.
        self.accounts[place] = recent ^ (recent ^ pair(balance, key & codes.ASSET_ID_MAX)) & -known
        return 0

    @cython.cfunc
    def find(self, account: I64, asset: I64) -> I64:
        """The balance of a pair, or record 0, which is empty, if it was never touched."""
        key: I64 = account << 16 | asset
        place: I64 = self.home(key)
        balance: I64 = self.index[place]
        while balance != 0 and self.balances[balance + at.KEY] != key:
            place = (place + 1) & self.mask
            balance = self.index[place]
        return balance

    @cython.cfunc
    def touch(self, account: I64, asset: I64) -> I64:
        """The balance of a pair, made if there is none."""
        balance: I64 = self.find(account, asset)
        if balance != 0:
            return balance
        self.count += 1
        if self.count == self.capacity:
            self.capacity *= 2
            self.balances = grown(self.balances, self.capacity * at.BALANCE_WORDS)
        balance = self.count * at.BALANCE_WORDS
        self.balances[balance + at.KEY] = account << 16 | asset
        if 2 * self.count > self.mask:
            self.widen()
        else:
            self.enter(balance)
        return balance

    @cython.cfunc
    @cython.inline
    def home(self, key: I64) -> I64:
        """Where the index looks first for a pair."""
        return (((key ^ (key >> 32)) & at.LOW32) * at.HASH_FACTOR & at.LOW32) >> self.index_shift

    @cython.cfunc
    def enter(self, balance: I64) -> I64:
        """Put a balance into the index."""
        place: I64 = self.home(self.balances[balance + at.KEY])
        while self.index[place] != 0:
            place = (place + 1) & self.mask
        self.index[place] = balance
        return 0

    @cython.cfunc
    def widen(self) -> I64:
        """Double the index, and enter every balance again."""
        self.mask = 2 * self.mask + 1
        self.index_shift -= 1
        self.index = blank(self.mask + 1)
        number: I64 = 1
        while number <= self.count:
            self.enter(number * at.BALANCE_WORDS)
            number += 1
        return 0

    @cython.cfunc
    @cython.inline
    def reserve(self, balance: I64, units: I64) -> I64:
        """Move units from available to reserved; the caller has seen that they are there."""
        funds: Record = record(self.balances, balance, at.BALANCE_WORDS)
        funds[at.AVAILABLE] -= units
        funds[at.RESERVED] += units
        return 0

    @cython.cfunc
    def can_shift(self, balance: I64, asset: I64, units: I64) -> cython.bint:
        """Whether units can be added to a balance (or taken, if negative) within 64 bits and GROSS."""
        before: I64 = self.balances[balance + at.AVAILABLE]
        if units <= 0:
            return before >= -codes.UNITS_MAX - units
        if before > 0 and units > codes.UNITS_MAX - before:
            return False
        rise: I64 = max(before + units, 0) - max(before, 0)
        gross: I64 = asset * at.ASSET_WORDS + at.GROSS
        if rise > codes.UNITS_MAX - self.assets[gross]:
            self.assets[gross] = self.exact_gross(asset)
        return rise <= codes.UNITS_MAX - self.assets[gross]

    @cython.cfunc
    def exact_gross(self, asset: I64) -> I64:
        """The sum that GROSS bounds."""
        total: I64 = 0
        number: I64 = 1
        while number <= self.count:
            balance: I64 = number * at.BALANCE_WORDS
            if self.balances[balance + at.KEY] & codes.ASSET_ID_MAX == asset:
                total += max(self.balances[balance + at.AVAILABLE], 0) + self.balances[balance + at.RESERVED]
            number += 1
        return total

    @cython.cfunc
    def shift(self, balance: I64, units: I64) -> cython.bint:
        """Add units (or take, if negative, into debt if need be); False, and no change, if it does not fit."""
        asset: I64 = self.balances[balance + at.KEY] & codes.ASSET_ID_MAX
        if not self.can_shift(balance, asset, units):
            return False
        before: I64 = self.balances[balance + at.AVAILABLE]
        self.balances[balance + at.AVAILABLE] = before + units
        self.assets[asset * at.ASSET_WORDS + at.GROSS] += max(before + units, 0) - max(before, 0)
        return True

    @cython.cfunc
    def set_exiting(self, balance: I64, leaving: cython.bint) -> I64:
        """Mark that an account is leaving with an asset, or not."""
        funds: Record = record(self.balances, balance, at.BALANCE_WORDS)
        change: I64 = (at.EXITING if leaving else 0) - (funds[at.MARKS] & at.EXITING)
        funds[at.MARKS] += change
        self.accounts[(funds[at.KEY] >> 16) * at.ACCOUNT_WORDS + at.ACCOUNT_GUARDED] += change * at.ONE_EXIT
        return 0

    @cython.cfunc
    def is_exiting(self, balance: I64) -> cython.bint:
        """Whether its account is leaving with a balance; record 0, which was never touched, never is."""
        return self.balances[balance + at.MARKS] & at.EXITING != 0

    @cython.cfunc
    @cython.inline
    def cap_of(self, balance: I64) -> I64:
        """The most that buys may bring a balance to, or 0: there is no cap."""
        return self.caps[self.balances[balance + at.MARKS] // 2]

    @cython.cfunc
    def set_cap(self, balance: I64, cap: I64) -> I64:
        """Set a balance's cap (0: none). It keeps its place among the caps."""
        funds: Record = record(self.balances, balance, at.BALANCE_WORDS)
        before: I64 = self.cap_of(balance)
        if funds[at.MARKS] // 2 == 0 and cap != 0:
            self.cap_count += 1
            if self.cap_count == len(self.caps):
                self.caps = grown(self.caps, 2 * self.cap_count)
            funds[at.MARKS] |= 2 * self.cap_count
        if before != cap:
            self.caps[funds[at.MARKS] // 2] = cap
        guarded: I64 = (funds[at.KEY] >> 16) * at.ACCOUNT_WORDS + at.ACCOUNT_GUARDED
        self.accounts[guarded] += (at.ONE_CAP if cap != 0 else 0) - (at.ONE_CAP if before != 0 else 0)
        return 0
