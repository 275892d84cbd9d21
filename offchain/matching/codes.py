"""The numbers of the log's vocabulary and the engine's limits, as constants that the compiler can put in place."""

from typing import Final

from offchain.core.commands import (
    CancelReason,
    CommandKind,
    MarketStatus,
    OrderType,
    PostOnly,
    SelfTradePrevention,
    TimeInForce,
)
from offchain.core.events import EventKind, RejectReason
from offchain.core.money import NOTIONAL_MAX_UNITS, PPM, UNITS_MAX

__all__ = ["NOTIONAL_MAX_UNITS", "PPM", "UNITS_MAX"]

FEE_ACCOUNT: Final = 0
MARKET_ID_MAX: Final = 65_535
ASSET_ID_MAX: Final = 65_535
ACCOUNT_ID_MAX: Final = 2**31 - 1
BUY: Final = 0
SELL: Final = 1
GTC: Final = int(TimeInForce.GTC)
IOC: Final = int(TimeInForce.IOC)
FOK: Final = int(TimeInForce.FOK)
FOK_BUDGET: Final = int(TimeInForce.FOK_BUDGET)
LIMIT: Final = int(OrderType.LIMIT)
MARKET: Final = int(OrderType.MARKET)
STOP_LIMIT: Final = int(OrderType.STOP_LIMIT)
STOP_MARKET: Final = int(OrderType.STOP_MARKET)
POST_REJECT: Final = int(PostOnly.REJECT)
POST_SLIDE: Final = int(PostOnly.SLIDE)
CANCEL_RESTING: Final = int(SelfTradePrevention.CANCEL_RESTING)
CANCEL_INCOMING: Final = int(SelfTradePrevention.CANCEL_INCOMING)
CANCEL_BOTH: Final = int(SelfTradePrevention.CANCEL_BOTH)
DECREMENT_AND_CANCEL: Final = int(SelfTradePrevention.DECREMENT_AND_CANCEL)

TRADING: Final = int(MarketStatus.TRADING)
HALT: Final = int(MarketStatus.HALT)
CANCEL_ONLY: Final = int(MarketStatus.CANCEL_ONLY)
POST_ONLY: Final = int(MarketStatus.POST_ONLY)

IOC_REMAINDER: Final = int(CancelReason.IOC_REMAINDER)
EXIT: Final = int(CancelReason.EXIT)
SELF_TRADE: Final = int(CancelReason.SELF_TRADE)
FOK_KILLED: Final = int(CancelReason.FOK_KILLED)
HALTED: Final = int(CancelReason.HALTED)
KILLED: Final = int(CancelReason.KILLED)
REPLACED: Final = int(CancelReason.REPLACED)
CANCEL_REASON_MAX: Final = max(CancelReason).value
FEE_CAP_MAX_PPM: Final = 5_000
NOTIONAL_OF_ONE_PRODUCT: Final = (UNITS_MAX - PPM) // FEE_CAP_MAX_PPM
"""Up to here a notional times any rate, and a million more, is within a word."""
TIER_MAX: Final = 7
LIMIT_MAX: Final = 2**31 - 1
WINDOW_MAX: Final = 2**62 - 1
DAY_US: Final = 86_400_000_000
DAY_MAX: Final = 2**31 - 1
OWN_RATES: Final = 0
RATES_OF_TIER: Final = 1
"""Modes of SET_FEES."""
VOLUME_OF_QUOTE: Final = 0
VOLUME_OF_ORDER_ID: Final = 1
"""Modes of LIST_MARKET."""
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
REPLACE: Final = int(CommandKind.REPLACE)
AMEND: Final = int(CommandKind.AMEND)
SET_MARKET_STATUS: Final = int(CommandKind.SET_MARKET_STATUS)
SET_MARKET_RISK: Final = int(CommandKind.SET_MARKET_RISK)
SET_CIRCUIT_BREAKER: Final = int(CommandKind.SET_CIRCUIT_BREAKER)
SET_KILL_SWITCH: Final = int(CommandKind.SET_KILL_SWITCH)
SET_ACCOUNT_LIMITS: Final = int(CommandKind.SET_ACCOUNT_LIMITS)
SET_POSITION_CAP: Final = int(CommandKind.SET_POSITION_CAP)
SET_FEE_TIER: Final = int(CommandKind.SET_FEE_TIER)
SET_DISCOUNTS: Final = int(CommandKind.SET_DISCOUNTS)
ROLL_VOLUMES: Final = int(CommandKind.ROLL_VOLUMES)
SIGN_LADDER: Final = int(CommandKind.SIGN_LADDER)
CHAIN_SESSION_REVOKED: Final = int(CommandKind.CHAIN_SESSION_REVOKED)

NOTED: Final = int(EventKind.NOTED)
REJECTED: Final = int(EventKind.REJECTED)
ACCEPTED: Final = int(EventKind.ACCEPTED)
FILLED: Final = int(EventKind.FILLED)
CANCELLED: Final = int(EventKind.CANCELLED)
CREDITED: Final = int(EventKind.CREDITED)
DEBITED: Final = int(EventKind.DEBITED)
UNWOUND: Final = int(EventKind.UNWOUND)
TRIGGERED: Final = int(EventKind.TRIGGERED)
AMENDED: Final = int(EventKind.AMENDED)
PREVENTED: Final = int(EventKind.PREVENTED)
STATUS_CHANGED: Final = int(EventKind.STATUS_CHANGED)

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
BAD_ORDER_TYPE: Final = int(RejectReason.BAD_ORDER_TYPE)
BAD_POST_ONLY: Final = int(RejectReason.BAD_POST_ONLY)
BAD_SELF_TRADE_PREVENTION: Final = int(RejectReason.BAD_SELF_TRADE_PREVENTION)
BAD_TRIGGER: Final = int(RejectReason.BAD_TRIGGER)
BAD_BUDGET: Final = int(RejectReason.BAD_BUDGET)
BAD_REPLACEMENT: Final = int(RejectReason.BAD_REPLACEMENT)
WOULD_CROSS: Final = int(RejectReason.WOULD_CROSS)
WOULD_TRIGGER: Final = int(RejectReason.WOULD_TRIGGER)
WOULD_SELF_TRADE: Final = int(RejectReason.WOULD_SELF_TRADE)
MARKET_CLOSED: Final = int(RejectReason.MARKET_CLOSED)
TRADING_KILLED: Final = int(RejectReason.TRADING_KILLED)
PRICE_OUTSIDE_BAND: Final = int(RejectReason.PRICE_OUTSIDE_BAND)
PRICE_TOO_FAR: Final = int(RejectReason.PRICE_TOO_FAR)
NOTIONAL_TOO_LARGE: Final = int(RejectReason.NOTIONAL_TOO_LARGE)
TOO_MANY_ORDERS: Final = int(RejectReason.TOO_MANY_ORDERS)
TOO_MANY_MESSAGES: Final = int(RejectReason.TOO_MANY_MESSAGES)
POSITION_CAP: Final = int(RejectReason.POSITION_CAP)
BAD_LIMIT: Final = int(RejectReason.BAD_LIMIT)
BAD_TIER: Final = int(RejectReason.BAD_TIER)
BAD_DAY: Final = int(RejectReason.BAD_DAY)
