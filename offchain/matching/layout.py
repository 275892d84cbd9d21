"""The engine's flat memory: which word of a record holds what.

Records live side by side in arrays of 64-bit words and are named by the index of their first word. Record 0 of each
array is never used, so that 0 means "none".
"""

from typing import Final

# One row of COMMAND_DTYPE and of EVENT_DTYPE, as words.
COMMAND_WORDS: Final = 11
EVENT_WORDS: Final = 16

# A market, at market_id * MARKET_WORDS. BASE is 0 where none is listed. Its first words are its canonical form.
MARKET_WORDS: Final = 32
BASE: Final = 0
QUOTE: Final = 1
UNITS_PER_LOT: Final = 2
UNITS_PER_TICK_LOT: Final = 3
MAX_PRICE: Final = 4
MAX_QUANTITY: Final = 5
MIN_QUANTITY: Final = 6
MIN_NOTIONAL: Final = 7
MAX_NOTIONAL: Final = 8
"""Quote units; 0: none."""
BAND: Final = 9
FAT_FINGER: Final = 10
"""Parts per million of the last price; 0: none."""
LAST_PRICE: Final = 11
STATUS: Final = 12
KILLED: Final = 13
BREAKER_PPM: Final = 14
BREAKER_US: Final = 15
WINDOW_START: Final = 16
WINDOW_LOW: Final = 17
WINDOW_HIGH: Final = 18
EARLIER_LOW: Final = 19
EARLIER_HIGH: Final = 20
MARKET_CANONICAL_WORDS: Final = 21
FEE_POT: Final = 21
"""The fee account's balance in the quote asset."""
GUARDED: Final = 22
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

# An account, at account * ACCOUNT_WORDS. The rates of account 0 are the default.
ACCOUNT_WORDS: Final = 16
MAKER_PPM: Final = 0
TAKER_PPM: Final = 1
RATES: Final = 2
"""The account whose rates apply: the account itself, or 0."""
FIRST_ORDER: Final = 3
LAST_ORDER: Final = 4
RECENT_BASE: Final = 5
RECENT_QUOTE: Final = 6
"""The balances found last as those that the account trades, and trades for; where the index need not be asked."""
OPEN_ORDERS: Final = 7
"""How many orders it has open, armed stops included."""
ACCOUNT_GUARDED: Final = 8
"""Not 0 if limits, caps or a kill switch are in force for the account: only then need its orders ask."""

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

# An open order: one line of the processor's cache. Two numbers below 2^31 share a word, the first in its low half.
ORDER_WORDS: Final = 8
ID: Final = 0
"""0 if the slot is free."""
LINKS: Final = 1
"""The next and the previous order of its level."""
OWN_LINKS: Final = 2
"""The next and the previous order of its account."""
LEVEL_ACCOUNT: Final = 3
"""Its level and its account. The level of an armed stop is in a stop book, where levels are of trigger prices."""
REMAINING: Final = 4
PRICE: Final = 5
META: Final = 6
"""market | side << SIDE_SHIFT | time in force << TIF_SHIFT | order type << TYPE_SHIFT | self-trade prevention <<
STP_SHIFT | fee cap << HIGH; the three in the middle are 0 but for armed stops."""
BALANCES: Final = 7
"""The balance that its reservation is in, and the one that its fills are paid to."""
SIDE_SHIFT: Final = 16
TIF_SHIFT: Final = 17
TYPE_SHIFT: Final = 19
STP_SHIFT: Final = 21
STOP_BITS: Final = 2 << TYPE_SHIFT
"""Set in META of STOP_LIMIT and STOP_MARKET only."""
HIGH: Final = 32
LOW31: Final = 2**31 - 1

# An entry of the index of orders: the low bits of the id above TAG_SHIFT, the slot's number below.
TAG_SHIFT: Final = 32
TAG_MASK: Final = 2**31 - 1

# One side of a market's books, at (market_id * 4 + its number) * SIDE_WORDS: 0 buys, 1 sells, 2 sell stops by trigger,
# 3 buy stops. Prices rise from the best on where the number is odd.
SIDES: Final = 4
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
CANONICAL_VERSION: Final = 2

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
