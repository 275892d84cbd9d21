"""The canonical sections about accounts: fee tiers, limits, what an account has of its own, and its volumes by day."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.state import State
from offchain.matching.tape import Tape
from offchain.matching.words import I64, Record, high_of, low_of, pair, record


@cython.cfunc
def dump_accounts(state: State, tape: Tape) -> I64:
    """All four sections."""
    dump_tiers(state, tape)
    dump_limits(state, tape)
    dump_profiles(state, tape)
    return dump_volumes(state, tape)


@cython.cfunc
def dump_tiers(state: State, tape: Tape) -> I64:
    """Tier 1, and those that begin at a volume."""
    start: I64 = tape.begin()
    number: I64 = 0
    while number < codes.TIER_MAX:
        tier: Record = record(state.tiers.tiers, number * at.TIER_WORDS, at.TIER_WORDS)
        if number == 0 or tier[at.TIER_VOLUME] != 0:
            tape.put(number + 1)
            tape.put(tier[at.TIER_VOLUME])
            tape.put(high_of(tier[at.TIER_RATES]))
            tape.put(low_of(tier[at.TIER_RATES]))
        number += 1
    return tape.finish(start, 4)


@cython.cfunc
def dump_limits(state: State, tape: Tape) -> I64:
    """Limits that are set; those of account 0 are of all that have none of their own."""
    start: I64 = tape.begin()
    account: I64 = 0
    while account < state.ledger.account_count:
        profile: Record = record(state.ledger.profiles, account * at.PROFILE_WORDS, at.PROFILE_WORDS)
        if profile[at.MOST] != 0:
            tape.put(account)
            tape.put(low_of(profile[at.MOST]))
            tape.put(high_of(profile[at.MOST]))
            tape.put(profile[at.MOST_WINDOW])
        account += 1
    return tape.finish(start, at.LIMITS_ROW)


@cython.cfunc
def dump_profiles(state: State, tape: Tape) -> I64:
    """Accounts that differ from a new one."""
    start: I64 = tape.begin()
    account: I64 = 1
    while account < state.ledger.account_count:
        profile: Record = record(state.ledger.profiles, account * at.PROFILE_WORDS, at.PROFILE_WORDS)
        guards: I64 = state.ledger.accounts[account * at.ACCOUNT_WORDS + at.ACCOUNT_GUARDED]
        killed: I64 = guards & at.ACCOUNT_KILLED
        rates: I64 = profile[at.TIER] | profile[at.OWN_RATES] | profile[at.DISCOUNTS]
        if rates | killed | profile[at.COUNTED] | profile[at.MESSAGES_FROM] | profile[at.MESSAGES] != 0:
            tape.put(account)
            tape.put(profile[at.TIER] // at.OWN)
            tape.put(high_of(profile[at.OWN_RATES]))
            tape.put(low_of(profile[at.OWN_RATES]))
            tape.put(profile[at.TIER] & at.TIER_MASK)
            tape.put(profile[at.COUNTED])
            tape.put(high_of(profile[at.DISCOUNTS]))
            tape.put(low_of(profile[at.DISCOUNTS]))
            tape.put(killed)
            tape.put(profile[at.MESSAGES_FROM])
            tape.put(profile[at.MESSAGES])
        account += 1
    return tape.finish(start, at.PROFILE_ROW)


@cython.cfunc
def dump_volumes(state: State, tape: Tape) -> I64:
    """Pages of volumes, their days in order of time."""
    start: I64 = tape.begin()
    account: I64 = 1
    while account < state.ledger.account_count:
        hot: Record = record(state.ledger.accounts, account * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        if hot[at.PAGE] != 0:
            tape.put(account)
            tape.put(high_of(hot[at.PAGE]))
            back: I64 = at.OLDER_DAYS
            while back >= 0:
                tape.put(state.volumes.of_day(hot, back))
                back -= 1
        account += 1
    return tape.finish(start, at.VOLUMES_ROW)


@cython.cfunc
def load_accounts(state: State, tape: Tape, count: I64) -> I64:
    """Open so many accounts, with what the four sections say of them; then work out the rates in force."""
    state.ledger.open_accounts(count)
    load_tiers(state, tape)
    load_limits(state, tape)
    load_profiles(state, tape)
    load_volumes(state, tape)
    return state.tiers.find_all_rates()


@cython.cfunc
def load_tiers(state: State, tape: Tape) -> I64:
    """Fee tiers."""
    count: I64 = tape.get()
    while count > 0:
        tier: I64 = tape.get()
        volume: I64 = tape.get()
        maker_ppm: I64 = tape.get()
        state.tiers.put_tier(tier, volume, maker_ppm, tape.get())
        count -= 1
    return 0


@cython.cfunc
def load_limits(state: State, tape: Tape) -> I64:
    """Limits of accounts."""
    count: I64 = tape.get()
    while count > 0:
        account: I64 = tape.get()
        orders: I64 = tape.get()
        messages: I64 = tape.get()
        state.limits.set(account, orders, messages, tape.get())
        count -= 1
    return 0


@cython.cfunc
def load_profiles(state: State, tape: Tape) -> I64:
    """What accounts have of their own."""
    count: I64 = tape.get()
    while count > 0:
        account: I64 = tape.get()
        profile: Record = record(state.ledger.profiles, account * at.PROFILE_WORDS, at.PROFILE_WORDS)
        profile[at.TIER] = tape.get() * at.OWN
        maker_ppm: I64 = tape.get()
        profile[at.OWN_RATES] = pair(tape.get(), maker_ppm)
        profile[at.TIER] |= tape.get()
        profile[at.COUNTED] = tape.get()
        maker_off: I64 = tape.get()
        profile[at.DISCOUNTS] = pair(tape.get(), maker_off)
        state.ledger.accounts[account * at.ACCOUNT_WORDS + at.ACCOUNT_GUARDED] |= tape.get()
        profile[at.MESSAGES_FROM] = tape.get()
        profile[at.MESSAGES] = tape.get()
        count -= 1
    return 0


@cython.cfunc
def load_volumes(state: State, tape: Tape) -> I64:
    """Pages of volumes."""
    count: I64 = tape.get()
    while count > 0:
        account: I64 = tape.get()
        hot: Record = record(state.ledger.accounts, account * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
        state.volumes.give_page(hot, tape.get())
        back: I64 = at.OLDER_DAYS
        while back >= 0:
            state.volumes.set_day(hot, back, tape.get())
            back -= 1
        count -= 1
    return 0
