"""The engine's reasons to refuse, as errors that have the figures and say what to do next."""

from typing import Final

from offchain.core.commands import ORDER_KINDS, Command, CommandKind
from offchain.core.errors import (
    AccountExiting,
    BadAmount,
    BadFeeTier,
    BadLimit,
    InvalidRequest,
    NotFound,
    OrderNotOpen,
    QuantaTradeError,
    UnknownAccount,
    UnknownAsset,
    UnknownMarket,
    UnsupportedOrder,
)
from offchain.core.events import RejectReason
from offchain.sequencer.machine import Machine
from offchain.sequencer.order_refusals import OF_AMENDMENTS, OF_ORDERS, short_of

OTHERS: Final[dict[RejectReason, tuple[type[QuantaTradeError], str, str]]] = {
    RejectReason.UNKNOWN_ACCOUNT: (UnknownAccount, "There is no such account.", "Deposit first: it opens an account."),
    RejectReason.UNKNOWN_ASSET: (UnknownAsset, "There is no such asset.", "See the list of assets."),
    RejectReason.UNKNOWN_MARKET: (UnknownMarket, "There is no such market.", "See the list of markets."),
    RejectReason.UNKNOWN_ORDER: (OrderNotOpen, "The order is not open.", "Look up its status."),
    RejectReason.NOT_OWNER: (NotFound, "The account has no such open order.", "Check the id."),
    RejectReason.BAD_SIDE: (InvalidRequest, "The side is neither buy nor sell.", "Send BUY or SELL."),
    RejectReason.BAD_ORDER_TYPE: (
        UnsupportedOrder,
        "There is no such type of order.",
        "Sign flags of LIMIT, MARKET, STOP_LIMIT or STOP_MARKET.",
    ),
    RejectReason.BAD_TIME_IN_FORCE: (
        UnsupportedOrder,
        "This type of order does not take this time in force.",
        "Sign IOC or FOK for MARKET and STOP_MARKET, FOK_BUDGET for LIMIT and MARKET only, GTC for the others.",
    ),
    RejectReason.BAD_POST_ONLY: (
        UnsupportedOrder,
        "Only LIMIT orders that are good till cancelled can be post-only.",
        "Sign flags of LIMIT and GTC with REJECT or SLIDE, or without post-only.",
    ),
    RejectReason.BAD_SELF_TRADE_PREVENTION: (
        UnsupportedOrder,
        "There is no such mode of self-trade prevention.",
        "Sign NONE, CANCEL_RESTING, CANCEL_INCOMING, CANCEL_BOTH or DECREMENT_AND_CANCEL.",
    ),
    RejectReason.BAD_AMOUNT: (BadAmount, "The amount is not a positive whole number of units.", "Correct it."),
    RejectReason.ACCOUNT_EXITING: (
        AccountExiting,
        "The account is leaving the exchange with this asset.",
        "Cancel the exit on chain to go on.",
    ),
    RejectReason.BAD_FEE: (InvalidRequest, "The fee rates are not ones that can be charged.", "Correct them."),
    RejectReason.ALREADY_LISTED: (InvalidRequest, "The id is taken by another listing.", "Choose another id."),
    RejectReason.BAD_MARKET: (
        InvalidRequest,
        "The market's figures contradict each other or leave the range in which its arithmetic is exact.",
        "Lower the maximum price or quantity, or choose larger lots.",
    ),
    RejectReason.OVERFLOW: (BadAmount, "The result would leave the range of 64 bits.", "Send a smaller amount."),
}


def _bad_limit(command: Command) -> QuantaTradeError:
    told = {
        CommandKind.SET_MARKET_STATUS: f"Status {command.mode} is none of 0 to 3.",
        CommandKind.SET_MARKET_RISK: (
            f"A band of {command.amount} ppm, a fat finger of {command.counter_amount} ppm, a maximum of "
            f"{command.quantity} units and a reference of {command.price} ticks are not all in range: parts per "
            "million from 0 to 1000000, the others from 0 on, and the reference within the market's prices."
        ),
        CommandKind.SET_CIRCUIT_BREAKER: (
            f"A move of {command.amount} ppm within {command.counter_amount} microseconds is not both 0, nor from 1 to "
            "1000000 ppm within 1 to 86400000000 microseconds."
        ),
        CommandKind.SET_KILL_SWITCH: f"A switch is off (0) or on (1), not {command.mode}.",
        CommandKind.SET_ACCOUNT_LIMITS: (
            f"{command.quantity} open orders, and {command.amount} messages within {command.counter_amount} commands, "
            "are not in range: counts from 0 to 2147483647, and messages and their window both 0 or both above."
        ),
    }
    return BadLimit(told[CommandKind(command.kind)], "Correct it; 0 sets no limit.")


def _bad_tier(command: Command) -> QuantaTradeError:
    return BadFeeTier(
        f"Tier {command.mode} from a volume of {command.amount} units on cannot be: a tier has a number from 2 to 7 "
        "and a volume above 0; without volume and rates it is removed.",
        "Correct the tier; tier 1 has the rates that every account begins with.",
    )


OF_SETTINGS: Final = {RejectReason.BAD_LIMIT: _bad_limit, RejectReason.BAD_TIER: _bad_tier}
"""Reasons to refuse what operators set."""


def refusal(machine: Machine, command: Command, reason: RejectReason) -> QuantaTradeError:
    """The error for a command that the engine's check refuses for `reason`, in the state that it was checked in."""
    listings = machine.registry.listings
    if command.kind in ORDER_KINDS and reason in OF_ORDERS:
        return OF_ORDERS[reason](machine, command, listings.markets[command.market])
    if command.kind == CommandKind.AMEND and reason in OF_AMENDMENTS:
        market = machine.registry.live[command.order_id].market
        return OF_AMENDMENTS[reason](machine, command, listings.markets[market])
    if reason in OF_SETTINGS:
        return OF_SETTINGS[reason](command)
    if reason == RejectReason.INSUFFICIENT_BALANCE:
        return short_of(machine, command.account, listings.assets[command.asset], command.amount)
    error, message, next_step = OTHERS.get(
        reason, (InvalidRequest, f"The engine refuses it: {reason.name}.", "Correct the request.")
    )
    return error(message, next_step)
