"""Fee rates: tiers by volume, rates of one's own, discounts; and the rates in force that follow from them."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.ledger import Ledger
from offchain.matching.volumes import Volumes
from offchain.matching.words import I64, Record, Words, blank, high_of, low_of, mul_ppm, pair, record


@cython.final
@cython.cclass
class Tiers:
    """The tiers, tier 1 at 0 and each next one TIER_WORDS further, and what they make of accounts.

    Both rates in force stand in one word of the account itself (RATES), so that a fill need not look any further. They
    are worked out anew whenever what they follow from changes.
    """

    ledger: Ledger
    volumes: Volumes
    tiers: Words
    rolled_day: I64

    def __init__(self, ledger: Ledger, volumes: Volumes) -> None:
        self.ledger = ledger
        self.volumes = volumes
        self.tiers = blank(codes.TIER_MAX * at.TIER_WORDS)
        self.rolled_day = 0
        self.set_tier(1, 0, codes.DEFAULT_MAKER_PPM, codes.DEFAULT_TAKER_PPM)

    @cython.cfunc
    def put_tier(self, tier: I64, volume: I64, maker_ppm: I64, taker_ppm: I64) -> I64:
        """Write down a tier's rates and the volume it begins at; one of volume 0 is none, but for tier 1."""
        start: I64 = (tier - 1) * at.TIER_WORDS
        self.tiers[start + at.TIER_VOLUME] = volume
        self.tiers[start + at.TIER_RATES] = pair(taker_ppm, maker_ppm)
        return 0

    @cython.cfunc
    def set_tier(self, tier: I64, volume: I64, maker_ppm: I64, taker_ppm: I64) -> I64:
        """As `put_tier`, and work out what follows: of another tier than 1 also which tier accounts are in."""
        self.put_tier(tier, volume, maker_ppm, taker_ppm)
        return self.find_tiers() if tier > 1 else self.find_all_rates()

    @cython.cfunc
    def set_own(self, account: I64, own: cython.bint, maker_ppm: I64, taker_ppm: I64) -> I64:
        """Give an account rates of its own, or (not `own`, rates 0) those of its tier."""
        profile: Record = record(self.ledger.profiles, account * at.PROFILE_WORDS, at.PROFILE_WORDS)
        profile[at.TIER] = (profile[at.TIER] & at.TIER_MASK) | (at.OWN if own else 0)
        profile[at.OWN_RATES] = pair(taker_ppm, maker_ppm)
        return self.find_rates(account)

    @cython.cfunc
    def set_discounts(self, account: I64, maker_ppm: I64, taker_ppm: I64) -> I64:
        """Set what an account gets off its tier's rates."""
        profile: I64 = account * at.PROFILE_WORDS
        self.ledger.profiles[profile + at.DISCOUNTS] = pair(taker_ppm, maker_ppm)
        return self.find_rates(account)

    @cython.cfunc
    def roll(self, day: I64) -> I64:
        """Count every account's volume of the 30 days before a day, and find its tier."""
        self.rolled_day = day
        account: I64 = 1
        while account < self.ledger.account_count:
            hot: Record = record(self.ledger.accounts, account * at.ACCOUNT_WORDS, at.ACCOUNT_WORDS)
            self.ledger.profiles[account * at.PROFILE_WORDS + at.COUNTED] = self.volumes.roll(hot, day)
            account += 1
        return self.find_tiers()

    @cython.cfunc
    def find_tiers(self) -> I64:
        """Find every account's tier by its counted volume, then its rates."""
        account: I64 = 1
        while account < self.ledger.account_count:
            profile: Record = record(self.ledger.profiles, account * at.PROFILE_WORDS, at.PROFILE_WORDS)
            profile[at.TIER] = (profile[at.TIER] & at.OWN) | self.tier_of(profile[at.COUNTED])
            account += 1
        return self.find_all_rates()

    @cython.cfunc
    def tier_of(self, volume: I64) -> I64:
        """The highest tier that a volume reaches, less 1."""
        number: I64 = codes.TIER_MAX - 1
        while number > 0:
            least: I64 = self.tiers[number * at.TIER_WORDS + at.TIER_VOLUME]
            if 0 < least <= volume:
                return number
            number -= 1
        return 0

    @cython.cfunc
    def find_all_rates(self) -> I64:
        """Work out the rates in force of every account."""
        account: I64 = 0
        while account < self.ledger.account_count:
            self.find_rates(account)
            account += 1
        return 0

    @cython.cfunc
    @cython.inline
    def find_rates(self, account: I64) -> I64:
        """Work out the rates in force of an account. Rates of its own take no discount."""
        profile: Record = record(self.ledger.profiles, account * at.PROFILE_WORDS, at.PROFILE_WORDS)
        rates: I64 = profile[at.OWN_RATES]
        if profile[at.TIER] & at.OWN == 0:
            rates = self.tiers[profile[at.TIER] * at.TIER_WORDS + at.TIER_RATES]
            if profile[at.DISCOUNTS] != 0:
                off: I64 = profile[at.DISCOUNTS]
                taker: I64 = self.discounted(low_of(rates), low_of(off))
                rates = pair(taker, self.discounted(high_of(rates), high_of(off)))
        self.ledger.accounts[account * at.ACCOUNT_WORDS + at.RATES] = rates
        return 0

    @cython.cfunc
    @cython.inline
    def discounted(self, rate: I64, off: I64) -> I64:
        """A rate after a discount; a rebate stays as it is."""
        return rate - mul_ppm(rate, off) if rate > 0 else rate
