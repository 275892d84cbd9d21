"""Accounts, assets, and what each account has of each asset: available, and reserved for its open orders."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.blocks import Blocks
from offchain.matching.words import I64, Record, Words, blank, grown, high_of, low_of, pair, record


@cython.final
@cython.cclass
class Ledger:
    """Balances exist for the pairs of account and asset that were ever touched; memory follows them.

    Those of an account are in one block, its purse, where an asset's is found without looking at any other, or at few.
    A purse that is full moves to a block of twice the size: so a balance has its place until its account gets another.

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
    count: I64
    blocks: Blocks

    def __init__(self) -> None:
        self.accounts = blank(16 * at.ACCOUNT_WORDS)
        self.profiles = blank(16 * at.PROFILE_WORDS)
        self.account_count = 1
        self.assets = blank(16 * at.ASSET_WORDS)
        self.asset_count = 0
        self.balances = blank(64)
        self.caps = blank(16)
        self.cap_count = 0
        self.count = 0
        self.blocks = Blocks()

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
    def home(self, account: Record, asset: I64) -> I64:
        """Where an account's balance in an asset is looked for first: a balance, or record 0."""
        purse: I64 = account[at.PURSE]
        return low_of(purse) + (asset * at.BALANCE_WORDS & high_of(purse))

    @cython.cfunc
    @cython.inline
    def balance_of(self, account: Record, asset: I64) -> I64:
        """An account's balance in an asset, or record 0, which is empty, if it was never touched."""
        balance: I64 = self.home(account, asset)
        key: I64 = self.balances[balance + at.KEY]
        return balance if key & codes.ASSET_ID_MAX == asset else self.beside(account, asset)

    @cython.cfunc
    def beside(self, account: Record, asset: I64) -> I64:
        """The same where another balance, or none, stands in its place."""
        balance: I64 = self.place_of(account, asset)
        return balance if self.balances[balance + at.KEY] != 0 else 0

    @cython.cfunc
    def place_of(self, account: Record, asset: I64) -> I64:
        """Where an account's balance in an asset is, or a new one is to be; 0 if that has no room."""
        start: I64 = low_of(account[at.PURSE])
        mask: I64 = high_of(account[at.PURSE])
        if start == 0:
            return 0
        home: I64 = self.home(account, asset) - start
        place: I64 = home
        while self.balances[start + place + at.KEY] != 0:
            if self.balances[start + place + at.KEY] & codes.ASSET_ID_MAX == asset:
                break
            place = (place + at.BALANCE_WORDS) & mask
            if place == home:
                return 0
        return start + place

    @cython.cfunc
    def find(self, account: I64, asset: I64) -> I64:
        """The balance of a pair, or record 0, which is empty, if it was never touched."""
        return self.balance_of(record(self.accounts, account * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS), asset)

    @cython.cfunc
    def touch(self, account: I64, asset: I64) -> I64:
        """The balance of a pair, made if there is none: then the account's others may have moved."""
        owner: Record = record(self.accounts, account * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        balance: I64 = self.place_of(owner, asset)
        if balance == 0:
            self.enlarge(owner)
            balance = self.place_of(owner, asset)
        if self.balances[balance + at.KEY] == 0:
            self.count += 1
            self.balances[balance + at.KEY] = account << 16 | asset
        return balance

    @cython.cfunc
    def enlarge(self, account: Record) -> I64:
        """Move a full purse, or none, to a block of twice the size."""
        start: I64 = low_of(account[at.PURSE])
        size: I64 = 0 if start == 0 else high_of(account[at.PURSE]) + at.BALANCE_WORDS
        larger: I64 = max(2 * size, at.PURSE_LEAST)
        block: I64 = self.blocks.take(self.balances, larger)
        if block + larger > len(self.balances):
            self.balances = grown(self.balances, 2 * (block + larger))
        self.balances[block + at.KEY] = 0
        account[at.PURSE] = pair(block, larger - at.BALANCE_WORDS)
        balance: I64 = start
        while balance < start + size:
            self.move(balance, self.place_of(account, self.balances[balance + at.KEY] & codes.ASSET_ID_MAX))
            balance += at.BALANCE_WORDS
        return self.blocks.free(self.balances, start, size) if size != 0 else 0

    @cython.cfunc
    def move(self, balance: I64, place: I64) -> I64:
        """Leave an empty balance where one was, which is in this place now."""
        word: I64 = 0
        while word < at.BALANCE_WORDS:
            self.balances[place + word] = self.balances[balance + word]
            self.balances[balance + word] = 0
            word += 1
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
        account: I64 = 0
        while account < self.account_count:
            balance: I64 = self.find(account, asset)
            total += max(self.balances[balance + at.AVAILABLE], 0) + self.balances[balance + at.RESERVED]
            account += 1
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
