"""Rules that bound orders beyond the sizes of their market: status, kill switches, prices, limits of accounts."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.inbox import Inbox
from offchain.matching.state import State
from offchain.matching.words import I64, Record, mul_ppm


@cython.final
@cython.cclass
class Risk:
    """The steps of the verdict that ask for these rules; only asked where GUARDED or ACCOUNT_GUARDED says so."""

    state: State

    def __init__(self, state: State) -> None:
        self.state = state

    @cython.cfunc
    def closed(self, command: Inbox, market: Record) -> I64:
        """Of kill switches and the market's status."""
        return codes.OK

    @cython.cfunc
    def price(self, command: Inbox, market: Record) -> I64:
        """Of a LIMIT order: the band, then the fat finger."""
        return codes.OK

    @cython.cfunc
    def allowance(self, command: Inbox, base: I64, replaced: I64) -> I64:
        """Of the account's open orders, messages and position; `base` is its balance, `replaced` a slot or 0."""
        return codes.OK

    @cython.cfunc
    def amendable(self, command: Inbox, market: Record) -> I64:
        """Of an AMEND: kill switches, and whether the order's market is halted."""
        return codes.OK

    @cython.cfunc
    def messages(self, command: Inbox) -> I64:
        """Of the account's messages."""
        return codes.OK

    @cython.cfunc
    def taken(self, command: Inbox) -> I64:
        """Count a message that is taken."""
        return 0

    @cython.cfunc
    def collar(self, market: Record, side: I64, price: I64) -> I64:
        """The limit in force of a market order: its price, but not past the last price by more than the collar."""
        last: I64 = market[at.LAST_PRICE]
        ppm: I64 = market[at.BAND]
        if ppm == 0 or 0 < market[at.FAT_FINGER] < ppm:
            ppm = market[at.FAT_FINGER]
        if last == 0 or ppm == 0:
            return price
        width: I64 = mul_ppm(last, ppm)
        if side == codes.BUY:
            return last + width if price - last > width else price
        return last - width if last - price > width else price
