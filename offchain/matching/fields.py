"""The fields of a command, each read from its COMMAND_DTYPE row where it is wanted.

Narrow ones are in their range by nature, wide ones hold any word.
"""

import cython

from offchain.matching import layout as at
from offchain.matching.words import I64, Row


@cython.cfunc
@cython.inline
def sequence_of(row: Row) -> I64:
    """The number of the command, above those of all that were taken before."""
    return row[0]


@cython.cfunc
@cython.inline
def timestamp_us_of(row: Row) -> I64:
    """When it came, in microseconds since 1970."""
    return row[1]


@cython.cfunc
@cython.inline
def kind_of(row: Row) -> I64:
    """What it asks for."""
    return row[2] & 0xFF


@cython.cfunc
@cython.inline
def side_of(row: Row) -> I64:
    """Of an order."""
    return (row[2] >> 8) & 0xFF


@cython.cfunc
@cython.inline
def time_in_force_of(row: Row) -> I64:
    """Of an order."""
    return (row[2] >> 16) & 0xFF


@cython.cfunc
@cython.inline
def reason_of(row: Row) -> I64:
    """Of a cancel, or why a fill is taken back."""
    return (row[2] >> 24) & 0xFF


@cython.cfunc
@cython.inline
def account_of(row: Row) -> I64:
    """Whose it is."""
    return (row[2] >> 32) & at.LOW32


@cython.cfunc
@cython.inline
def counter_account_of(row: Row) -> I64:
    """The maker of a fill that is taken back."""
    return row[3] & at.LOW32


@cython.cfunc
@cython.inline
def market_of(row: Row) -> I64:
    """Its market, or 0."""
    return (row[3] >> 32) & at.LOW16


@cython.cfunc
@cython.inline
def order_type_of(row: Row) -> I64:
    """Of an order."""
    return (row[3] >> 48) & 0xFF


@cython.cfunc
@cython.inline
def post_only_of(row: Row) -> I64:
    """Of an order."""
    return (row[3] >> 56) & 0xFF


@cython.cfunc
@cython.inline
def asset_of(row: Row) -> I64:
    """Its asset, or the base asset of a market."""
    return row[4] & at.LOW16


@cython.cfunc
@cython.inline
def self_trade_prevention_of(row: Row) -> I64:
    """Of an order."""
    return (row[4] >> 16) & 0xFF


@cython.cfunc
@cython.inline
def mode_of(row: Row) -> I64:
    """Which way to do it; a status, a tier, a switch."""
    return (row[4] >> 24) & 0xFF


@cython.cfunc
@cython.inline
def counter_asset_of(row: Row) -> I64:
    """The quote asset of a market."""
    return (row[4] >> 32) & at.LOW32


@cython.cfunc
@cython.inline
def maker_fee_ppm_of(row: Row) -> I64:
    """A rate, which may be negative."""
    return ((row[5] & at.LOW32) ^ at.SIGN32) - at.SIGN32


@cython.cfunc
@cython.inline
def taker_fee_ppm_of(row: Row) -> I64:
    """A rate; of an order its cap."""
    return row[5] >> 32


@cython.cfunc
@cython.inline
def order_id_of(row: Row) -> I64:
    """The order that it names."""
    return row[6]


@cython.cfunc
@cython.inline
def price_of(row: Row) -> I64:
    """Ticks; of an order its limit."""
    return row[7]


@cython.cfunc
@cython.inline
def quantity_of(row: Row) -> I64:
    """Lots."""
    return row[8]


@cython.cfunc
@cython.inline
def amount_of(row: Row) -> I64:
    """Units; of an order its budget."""
    return row[9]


@cython.cfunc
@cython.inline
def counter_amount_of(row: Row) -> I64:
    """Units; of a stop its trigger in ticks."""
    return row[10]


@cython.cfunc
@cython.inline
def unusual_of(row: Row) -> I64:
    """0 if an order is a LIMIT order, GTC or IOC, without any further instruction."""
    type_and_post_only: I64 = (row[3] >> 48) & 0xFFFF
    return (row[2] >> 17) & 0x7F | type_and_post_only | (row[4] >> 16) & 0xFF | row[9] | row[10]
