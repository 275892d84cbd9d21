"""Limits of accounts: how many orders may be open, and how many messages may come in a window of the log."""

import cython

from offchain.matching import layout as at
from offchain.matching.ledger import Ledger
from offchain.matching.words import I64, Record, high_of, low_of, pair, record


@cython.final
@cython.cclass
class Limits:
    """Limits are in the profiles of accounts; those in account 0's apply to all that have none of their own.

    Which kinds apply to an account also stands in its ACCOUNT_GUARDED: where none does, nothing here is asked.
    """

    ledger: Ledger

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    @cython.cfunc
    def set(self, account: I64, orders: I64, messages: I64, window: I64) -> I64:
        """Set an account's limits, or (0) those of all that have none of their own; all zero: none of its own."""
        profile: Record = record(self.ledger.profiles, account * at.PROFILE_WORDS, at.PROFILE_WORDS)
        profile[at.MOST] = pair(orders, messages)
        profile[at.MOST_WINDOW] = window
        if account != 0:
            return self.guard(account)
        account = 1
        while account < self.ledger.account_count:
            self.guard(account)
            account += 1
        return 0

    @cython.cfunc
    @cython.inline
    def most(self, account: I64) -> I64:
        """Where the limits that apply to an account begin in the profiles."""
        own: I64 = account * at.PROFILE_WORDS
        return own if self.ledger.profiles[own + at.MOST] != 0 else 0

    @cython.cfunc
    @cython.inline
    def guard(self, account: I64) -> I64:
        """Tell the account which kinds of limits apply to it."""
        most: I64 = self.ledger.profiles[self.most(account) + at.MOST]
        place: I64 = account * at.ACCOUNT_WORDS + at.ACCOUNT_GUARDED
        guards: I64 = self.ledger.accounts[place] & ~(at.LIMITED_ORDERS | at.LIMITED_MESSAGES)
        if low_of(most) != 0:
            guards |= at.LIMITED_ORDERS
        if high_of(most) != 0:
            guards |= at.LIMITED_MESSAGES
        self.ledger.accounts[place] = guards
        return 0

    @cython.cfunc
    @cython.inline
    def too_many_orders(self, account: I64) -> cython.bint:
        """Whether an account, to which a limit applies, has as many orders open as it may."""
        most: I64 = low_of(self.ledger.profiles[self.most(account) + at.MOST])
        return low_of(self.ledger.accounts[account * at.ACCOUNT_WORDS + at.OPEN_ORDERS]) >= most

    @cython.cfunc
    @cython.inline
    def too_many_messages(self, account: I64, sequence: I64) -> cython.bint:
        """Whether an account, to which a limit applies, has sent as many messages in this window as it may."""
        limits: I64 = self.most(account)
        profile: Record = record(self.ledger.profiles, account * at.PROFILE_WORDS, at.PROFILE_WORDS)
        if sequence - profile[at.MESSAGES_FROM] >= self.ledger.profiles[limits + at.MOST_WINDOW]:
            return False
        return profile[at.MESSAGES] >= high_of(self.ledger.profiles[limits + at.MOST])

    @cython.cfunc
    @cython.inline
    def count_message(self, account: I64, sequence: I64) -> I64:
        """Count a message that is taken, of an account to which a limit applies."""
        window: I64 = self.ledger.profiles[self.most(account) + at.MOST_WINDOW]
        profile: Record = record(self.ledger.profiles, account * at.PROFILE_WORDS, at.PROFILE_WORDS)
        if sequence - profile[at.MESSAGES_FROM] >= window:
            profile[at.MESSAGES_FROM] = sequence
            profile[at.MESSAGES] = 0
        profile[at.MESSAGES] += 1
        return 0
