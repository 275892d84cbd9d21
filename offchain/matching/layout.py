"""The engine's flat memory: which word of a record holds what.

Records live side by side in arrays of 64-bit words and are named by the index of their first word. Record 0 of each
array is never used, so that 0 means "none".
"""

from typing import Final

# One row of COMMAND_DTYPE and of EVENT_DTYPE, as words.
COMMAND_WORDS: Final = 11
EVENT_WORDS: Final = 16

# A market, at market_id * MARKET_WORDS. BASE is 0 where none is listed.
MARKET_WORDS: Final = 16
BASE: Final = 0
QUOTE: Final = 1
UNITS_PER_LOT: Final = 2
UNITS_PER_TICK_LOT: Final = 3
MAX_PRICE: Final = 4
MAX_QUANTITY: Final = 5
MIN_QUANTITY: Final = 6
MIN_NOTIONAL: Final = 7
FEE_POT: Final = 8
"""The fee account's balance in the quote asset."""

# An account, at account * ACCOUNT_WORDS. The rates of account 0 are the default.
ACCOUNT_WORDS: Final = 8
MAKER_PPM: Final = 0
TAKER_PPM: Final = 1
RATES: Final = 2
"""The account whose rates apply: the account itself, or 0."""
FIRST_ORDER: Final = 3
LAST_ORDER: Final = 4
RECENT_BASE: Final = 5
RECENT_QUOTE: Final = 6
"""The balances found last as those that the account trades, and trades for; where the index need not be asked."""

# An asset, at asset * ASSET_WORDS.
ASSET_WORDS: Final = 2
LISTED: Final = 0
GROSS: Final = 1
"""A bound on the sum of all that accounts own of it, debts not deducted."""

# What one account holds of one asset.
BALANCE_WORDS: Final = 4
KEY: Final = 0
"""account << 16 | asset."""
AVAILABLE: Final = 1
RESERVED: Final = 2
EXITING: Final = 3

# An open order. What its neighbours in lists write comes first, what only fills read last: most commands then touch two
# lines of the processor's cache, for large arrays begin two words into a line.
ORDER_WORDS: Final = 16
ID: Final = 0
NEXT: Final = 1
PREVIOUS: Final = 2
NEXT_OF_ACCOUNT: Final = 3
PREVIOUS_OF_ACCOUNT: Final = 4
LEVEL: Final = 5
REMAINING: Final = 6
ACCOUNT: Final = 7
HOLDING: Final = 8
"""The balance that the order's reservation is in."""
HELD: Final = 9
"""The reservation, in units of HOLDING's asset."""
PRICE: Final = 10
SIDE: Final = 11
MARKET: Final = 12
GAINING: Final = 13
"""The balance that its fills are paid to."""
FEE_CAP: Final = 14

# An entry of the index of orders: the low bits of the id above TAG_SHIFT, the slot's number below.
TAG_SHIFT: Final = 32
TAG_MASK: Final = 2**31 - 1

# One side of a market's book, at (market_id * 2 + side) * SIDE_WORDS.
SIDE_WORDS: Final = 16
BEST: Final = 0
ROOT: Final = 1
ROOT_SHIFT: Final = 2
"""The root's children are told apart by the five bits of the price above this one."""
LEAVES: Final = 3
"""The leaves used last: each stands where the low bits of its PREFIX say, if it still has its prices."""
LEAVES_MASK: Final = 7

# A price level.
LEVEL_WORDS: Final = 8
LEVEL_PRICE: Final = 0
LOTS: Final = 1
ORDERS: Final = 2
HEAD: Final = 3
TAIL: Final = 4
LEVEL_LEAF: Final = 5

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
CANONICAL_VERSION: Final = 1

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
