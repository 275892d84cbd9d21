"""The numbers of the log's vocabulary and the engine's limits, as constants that the compiler can put in place."""

from typing import Final

from offchain.core.commands import CancelReason, CommandKind, TimeInForce
from offchain.core.events import EventKind, RejectReason
from offchain.core.money import NOTIONAL_MAX_UNITS, PPM, UNITS_MAX

__all__ = ["NOTIONAL_MAX_UNITS", "PPM", "UNITS_MAX"]

FEE_ACCOUNT: Final = 0
MARKET_ID_MAX: Final = 65_535
ASSET_ID_MAX: Final = 65_535
ACCOUNT_ID_MAX: Final = 2**31 - 1
BUY: Final = 0
SELL: Final = 1
IOC: Final = int(TimeInForce.IOC)
IOC_REMAINDER: Final = int(CancelReason.IOC_REMAINDER)
EXIT: Final = int(CancelReason.EXIT)
CANCEL_REASON_MAX: Final = max(CancelReason).value
FEE_CAP_MAX_PPM: Final = 5_000
NOTIONAL_OF_ONE_PRODUCT: Final = (UNITS_MAX - PPM) // FEE_CAP_MAX_PPM
"""Up to here a notional times any rate, and a million more, is within a word."""
DEFAULT_MAKER_PPM: Final = 1_500
DEFAULT_TAKER_PPM: Final = 2_500

OPEN_ACCOUNT: Final = int(CommandKind.OPEN_ACCOUNT)
LIST_ASSET: Final = int(CommandKind.LIST_ASSET)
LIST_MARKET: Final = int(CommandKind.LIST_MARKET)
SET_MARKET_LIMITS: Final = int(CommandKind.SET_MARKET_LIMITS)
SET_FEES: Final = int(CommandKind.SET_FEES)
PLACE: Final = int(CommandKind.PLACE)
CANCEL: Final = int(CommandKind.CANCEL)
CANCEL_ALL: Final = int(CommandKind.CANCEL_ALL)
WITHDRAW: Final = int(CommandKind.WITHDRAW)
REVERT_WITHDRAWAL: Final = int(CommandKind.REVERT_WITHDRAWAL)
UNWIND_FILL: Final = int(CommandKind.UNWIND_FILL)
CHAIN_DEPOSIT: Final = int(CommandKind.CHAIN_DEPOSIT)
CHAIN_WITHDRAWN: Final = int(CommandKind.CHAIN_WITHDRAWN)
CHAIN_BATCH_SETTLED: Final = int(CommandKind.CHAIN_BATCH_SETTLED)
CHAIN_EXIT_REQUESTED: Final = int(CommandKind.CHAIN_EXIT_REQUESTED)
CHAIN_EXIT_CANCELLED: Final = int(CommandKind.CHAIN_EXIT_CANCELLED)
CHAIN_EXITED: Final = int(CommandKind.CHAIN_EXITED)
CHAIN_CANCEL_FLOOR: Final = int(CommandKind.CHAIN_CANCEL_FLOOR)

NOTED: Final = int(EventKind.NOTED)
REJECTED: Final = int(EventKind.REJECTED)
ACCEPTED: Final = int(EventKind.ACCEPTED)
FILLED: Final = int(EventKind.FILLED)
CANCELLED: Final = int(EventKind.CANCELLED)
CREDITED: Final = int(EventKind.CREDITED)
DEBITED: Final = int(EventKind.DEBITED)
UNWOUND: Final = int(EventKind.UNWOUND)

OK: Final = int(RejectReason.NONE)
UNKNOWN_COMMAND: Final = int(RejectReason.UNKNOWN_COMMAND)
UNKNOWN_ACCOUNT: Final = int(RejectReason.UNKNOWN_ACCOUNT)
UNKNOWN_ASSET: Final = int(RejectReason.UNKNOWN_ASSET)
UNKNOWN_MARKET: Final = int(RejectReason.UNKNOWN_MARKET)
UNKNOWN_ORDER: Final = int(RejectReason.UNKNOWN_ORDER)
NOT_OWNER: Final = int(RejectReason.NOT_OWNER)
BAD_SIDE: Final = int(RejectReason.BAD_SIDE)
BAD_TIME_IN_FORCE: Final = int(RejectReason.BAD_TIME_IN_FORCE)
BAD_PRICE: Final = int(RejectReason.BAD_PRICE)
BAD_QUANTITY: Final = int(RejectReason.BAD_QUANTITY)
BAD_AMOUNT: Final = int(RejectReason.BAD_AMOUNT)
NOTIONAL_TOO_SMALL: Final = int(RejectReason.NOTIONAL_TOO_SMALL)
FEE_CAP_TOO_LOW: Final = int(RejectReason.FEE_CAP_TOO_LOW)
BAD_FEE: Final = int(RejectReason.BAD_FEE)
INSUFFICIENT_BALANCE: Final = int(RejectReason.INSUFFICIENT_BALANCE)
ALREADY_LISTED: Final = int(RejectReason.ALREADY_LISTED)
ACCOUNT_EXITING: Final = int(RejectReason.ACCOUNT_EXITING)
BAD_MARKET: Final = int(RejectReason.BAD_MARKET)
OVERFLOW: Final = int(RejectReason.OVERFLOW)
MALFORMED: Final = int(RejectReason.MALFORMED)
BAD_SEQUENCE: Final = int(RejectReason.BAD_SEQUENCE)
