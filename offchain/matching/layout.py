"""The engine's flat memory: which word of a record holds what.

Records live side by side in arrays of 64-bit words and are named by the index of their first word. Record 0 of each
array stands for nothing, so that 0 means "none".
"""

from typing import Final

# One row of COMMAND_DTYPE and of EVENT_DTYPE, as words.
COMMAND_WORDS: Final = 11
EVENT_WORDS: Final = 16

# A market, at market_id * MARKET_WORDS. BASE is 0 where none is listed. What every order reads is in the first two
# lines of the processor's cache; the words from BASE on are the market's canonical form.
MARKET_WORDS: Final = 32
GUARDED: Final = 0
"""Which of the rules below are in force: where none is, orders need not ask one by one (`State.guard`)."""
GUARD_PRICES: Final = 1
"""A maximum notional, a band or a fat finger."""
GUARD_CLOSED: Final = 2
"""A status other than TRADING, or a kill switch."""
GUARD_ORDERS: Final = GUARD_PRICES | GUARD_CLOSED
"""What the verdict of an order looks at."""
GUARD_BREAKER: Final = 4
GUARD_STOPS: Final = 8
"""Armed stops."""
BASE: Final = 1
QUOTE: Final = 2
UNITS_PER_LOT: Final = 3
UNITS_PER_TICK_LOT: Final = 4
MAX_PRICE: Final = 5
MAX_QUANTITY: Final = 6
MIN_QUANTITY: Final = 7
MIN_NOTIONAL: Final = 8
VOLUME_DIVISOR: Final = 9
"""Quote units that count as one unit of volume; 0: no fill is counted."""
MAX_NOTIONAL: Final = 10
"""Quote units; 0: none."""
BAND: Final = 11
FAT_FINGER: Final = 12
"""Parts per million of the last price; 0: none."""
LAST_PRICE: Final = 13
STATUS: Final = 14
KILLED: Final = 15
BREAKER_PPM: Final = 16
BREAKER_US: Final = 17
WINDOW_START: Final = 18
WINDOW_LOW: Final = 19
WINDOW_HIGH: Final = 20
EARLIER_LOW: Final = 21
EARLIER_HIGH: Final = 22
MARKET_CANONICAL_WORDS: Final = 22

# What trading needs of an account: one line of the processor's cache, at account * ACCOUNT_WORDS.
ACCOUNT_WORDS: Final = 8
RATES: Final = 0
"""The rates in force, taker's and maker's in ppm, as a pair; a maker's may be negative."""
ACCOUNT_GUARDED: Final = 1
"""Which rules are in force for the account, as bits, ONE_EXIT for each asset that it is leaving with, and ONE_CAP for
each position cap; 0: its orders need not ask."""
ACCOUNT_KILLED: Final = 1
LIMITED_ORDERS: Final = 2
LIMITED_MESSAGES: Final = 4
ONE_EXIT: Final = 8
EXITS: Final = ONE_EXIT * (2**17 - 1)
ONE_CAP: Final = EXITS + ONE_EXIT
ROSTER: Final = 2
"""Where the block of its open orders begins, and how many words it has, as a pair."""
OPEN_ORDERS: Final = 3
"""How many orders it has open, armed stops included, and the place in its block that is taken next, as a pair."""
PURSE: Final = 4
"""Where the block of its balances begins, and where the last of them does from there on, as a pair: a mask, too."""
PAGE: Final = 5
"""Its volumes of earlier days, 0 if it has never traded, and the day that LATEST is of, as a pair."""
LATEST: Final = 6
"""Its volume of that day."""

# What is rarely needed of an account, at account * PROFILE_WORDS.
PROFILE_WORDS: Final = 8
TIER: Final = 0
"""Its fee tier less 1, and OWN if it has rates of its own instead."""
TIER_MASK: Final = 7
OWN: Final = 8
OWN_RATES: Final = 1
"""Taker's and maker's as a pair."""
COUNTED: Final = 2
"""The volume that its tier follows from."""
DISCOUNTS: Final = 3
"""Off the tier's rates in ppm, taker's and maker's as a pair."""
MOST: Final = 4
"""The most open orders and messages that it may have, as a pair; account 0's are of all that have none of their own."""
MOST_WINDOW: Final = 5
"""Within so many sequences of the log."""
MESSAGES_FROM: Final = 6
"""The sequence that the window of messages began at."""
MESSAGES: Final = 7

# A fee tier, tier 1 first.
TIER_WORDS: Final = 2
TIER_VOLUME: Final = 0
"""The volume that it begins at; 0: there is no such tier (but for tier 1)."""
TIER_RATES: Final = 1

ROSTER_LEAST: Final = 4
"""The words of the smallest block of open orders."""

# An account's volumes of the 30 days before its newest one, each at its day's rest by 30.
PAGE_WORDS: Final = 30
OLDER_DAYS: Final = 30
PAGE_DAYS: Final = 31

# An asset, at asset * ASSET_WORDS.
ASSET_WORDS: Final = 2
LISTED: Final = 0
GROSS: Final = 1
"""A bound on the sum of all that accounts own of it, debts not deducted."""

# What one account holds of one asset. Those of an account are in a block of their own, its purse, which has a power of
# two of them: each at its asset's rest by that, or at the next place that is free.
BALANCE_WORDS: Final = 4
PURSE_LEAST: Final = 2 * BALANCE_WORDS
"""The words of the smallest purse."""
KEY: Final = 0
"""account << 16 | asset."""
AVAILABLE: Final = 1
RESERVED: Final = 2
MARKS: Final = 3
"""EXITING if the account is leaving with the asset, and twice the place of its position cap among the caps."""
EXITING: Final = 1

# An open order: one line of the processor's cache. Two numbers below 2^31 share a word, the first in its low half.
ORDER_WORDS: Final = 8
ID: Final = 0
"""0 if the slot is free, or a level's."""
LINKS: Final = 1
"""The next and the previous order of its level: a ring, in which the level stands between the last and the first."""
PLACE_ASSET: Final = 2
"""Its place on its account's roster, and the asset that its reservation is in."""
ACCOUNT: Final = 3
REMAINING: Final = 4
PRICE: Final = 5
META: Final = 6
"""market | side << SIDE_SHIFT | time in force << TIF_SHIFT | order type << TYPE_SHIFT | self-trade prevention <<
STP_SHIFT | fee cap << HIGH; the three in the middle are 0 but for armed stops."""
HELD: Final = 7
"""The units of its reservation."""
SIDE_SHIFT: Final = 16
TIF_SHIFT: Final = 17
TYPE_SHIFT: Final = 19
STP_SHIFT: Final = 21
STOP_BITS: Final = 2 << TYPE_SHIFT
"""Set in META of STOP_LIMIT and STOP_MARKET only."""
HIGH: Final = 32
LOW31: Final = 2**31 - 1

# What arrays begin with: a line of the processor's cache; large ones a huge page of memory.
LINE_WORDS: Final = 8
HUGE_PAGE_WORDS: Final = 2**18
# What they have behind their end, so that a record which begins within an array is within its memory.
SPARE_WORDS: Final = MARKET_WORDS

# How far a batch is looked ahead, from how many orders on (fewer are in the near caches anyway), how many commands lie
# between the steps, and what is kept of each command in sight.
AHEAD_FROM: Final = 16_384
ROWS_AHEAD: Final = 32
"""How many rows before its turn a command's row is asked for, well before it is looked at ahead."""
STRIDE: Final = 4
SIGHT_MASK: Final = 15
SIGHTED_WORDS: Final = 8
ORDER_ID: Final = 0
"""The id of the order that it names, or is."""
NAMES: Final = 1
"""All bits set if it names an order that is there already, or 0."""
PAIR: Final = 2
"""Its account and its market's base asset, as the KEY of a balance."""
CHILD: Final = 3
"""The child of a node where the level of a new order hangs."""
LEAVING: Final = 4
JOINED: Final = 5
"""What stands in these places: the order that is named, or 0; the level."""
OLD: Final = 6
"""Not 0 if that order, should it be open, may be one of the elders."""

# An entry of the index of old orders: the low bits of the id above TAG_SHIFT, the slot below.
TAG_SHIFT: Final = 32
TAG_MASK: Final = 2**31 - 1

# One side of a market's books, at (market_id * 4 + its number) * SIDE_WORDS: 0 buys, 1 sells, 2 sell stops by trigger,
# 3 buy stops: one line of the processor's cache. Prices rise from the best on where the number is odd.
SIDES: Final = 4
SIDE_WORDS: Final = 8
BEST: Final = 0
ROOT: Final = 1
ROOT_SHIFT: Final = 2
"""The root's children are told apart by the five bits of the price above this one."""
LEAVES: Final = 3
"""The leaves used last, as pairs: each stands where the low bits of its PREFIX say, if it still has its prices."""
LEAVES_MASK: Final = 3
BEST_PRICE: Final = 7
"""The price of the best level; of none, one that no order reaches: 0, or NO_PRICE where prices rise."""
NO_PRICE: Final = 2**63 - 1

# A price level has a slot among the orders: its LINKS are its first and its last order, its PRICE in a stop book is the
# trigger.
LEAF: Final = 2
"""The leaf that it hangs from."""

# A node of the tree of levels: which children it has, its parent, its prices, the children.
NODE_BITS: Final = 5
NODE_MASK: Final = 31
NODE_WORDS: Final = 35
PRESENT: Final = 0
PARENT: Final = 1
PREFIX: Final = 2
"""Of a leaf: the prices that it is for (price >> NODE_BITS)."""
CHILDREN: Final = 3

# The canonical form of the state.
CANONICAL_VERSION: Final = 4
LIMITS_ROW: Final = 4
PROFILE_ROW: Final = 11
VOLUMES_ROW: Final = 2 + PAGE_DAYS
BALANCE_ROW: Final = 6
ORDER_ROW: Final = 11

# The movements of an unwound fill: pairs of balance and units.
UNWIND_LEGS: Final = 5

# Hashing and bits.
LOW32: Final = 2**32 - 1
LOW16: Final = 2**16 - 1
SIGN32: Final = 2**31
HASH_FACTOR: Final = 0x61C88647
"""2^32 less its golden section: the top bits of its products spread well, and with 32 bits they stay within a word."""
DE_BRUIJN: Final = 0x077CB531
"""Times a power of two below 2^32, five bits from 27 on differ for each; FILLED: times each run of ones from bit 0."""
DE_BRUIJN_FILLED: Final = 0x07C4ACDD
