"""The command at hand, read from its row."""

import cython

from offchain.matching import codes
from offchain.matching import layout as at
from offchain.matching.words import I64, Row


@cython.final
@cython.cclass
class Inbox:
    """The fields of one COMMAND_DTYPE row. Narrow fields are in their range by nature, wide ones hold any word.

    An order is `unusual` (not 0) unless it is a LIMIT order, GTC or IOC, without any further instruction.
    """

    sequence: I64
    timestamp_us: I64
    kind: I64
    side: I64
    time_in_force: I64
    reason: I64
    order_type: I64
    post_only: I64
    self_trade_prevention: I64
    mode: I64
    account: I64
    counter_account: I64
    market: I64
    asset: I64
    counter_asset: I64
    maker_fee_ppm: I64
    taker_fee_ppm: I64
    order_id: I64
    price: I64
    quantity: I64
    amount: I64
    counter_amount: I64
    unusual: I64

    @cython.cfunc
    @cython.inline
    def load(self, row: Row) -> I64:
        """Read a row, but of a cancel and of a new order only what they have."""
        self.sequence = row[0]
        self.timestamp_us = row[1]
        names: I64 = row[2]
        self.kind = names & 0xFF
        self.account = (names >> 32) & at.LOW32
        self.order_id = row[6]
        if self.kind == codes.CANCEL:
            self.reason = (names >> 24) & 0xFF
            return 0
        self.side = (names >> 8) & 0xFF
        self.time_in_force = (names >> 16) & 0xFF
        word: I64 = row[3]
        self.market = (word >> 32) & at.LOW16
        self.order_type = (word >> 48) & 0xFF
        self.post_only = (word >> 56) & 0xFF
        self.self_trade_prevention = (row[4] >> 16) & 0xFF
        self.taker_fee_ppm = row[5] >> 32
        self.price = row[7]
        self.quantity = row[8]
        self.amount = row[9]
        self.counter_amount = row[10]
        rare: I64 = self.time_in_force >> 1 | (word >> 48) & 0xFFFF | self.self_trade_prevention
        self.unusual = rare | self.amount | self.counter_amount
        return 0 if self.kind == codes.PLACE else self.load_rest(row)

    @cython.cfunc
    def load_rest(self, row: Row) -> I64:
        """Read what cancels and new orders do not have."""
        self.reason = (row[2] >> 24) & 0xFF
        self.counter_account = row[3] & at.LOW32
        self.asset = row[4] & at.LOW16
        self.mode = (row[4] >> 24) & 0xFF
        self.counter_asset = (row[4] >> 32) & at.LOW32
        self.maker_fee_ppm = ((row[5] & at.LOW32) ^ at.SIGN32) - at.SIGN32
        return 0
