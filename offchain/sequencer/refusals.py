"""The engine's reasons to refuse, as errors that have the figures and say what to do next."""

from collections.abc import Callable
from typing import Final

from offchain.core.commands import Command, CommandKind, Side
from offchain.core.errors import (
    AccountExiting,
    BadAmount,
    BadPrice,
    BadQuantity,
    FeeCapTooLow,
    InsufficientBalance,
    InvalidRequest,
    NotFound,
    NotionalTooSmall,
    OrderNotOpen,
    QuantaTradeError,
    UnknownAccount,
    UnknownAsset,
    UnknownMarket,
    UnsupportedOrder,
)
from offchain.core.events import RejectReason
from offchain.core.money import Asset, Market, buy_reservation_units
from offchain.sequencer.machine import Machine

PPM_PER_BPS: Final = 100
_OTHERS: Final[dict[RejectReason, tuple[type[QuantaTradeError], str, str]]] = {
    RejectReason.UNKNOWN_ACCOUNT: (UnknownAccount, "There is no such account.", "Deposit first: it opens an account."),
    RejectReason.UNKNOWN_ASSET: (UnknownAsset, "There is no such asset.", "See the list of assets."),
    RejectReason.UNKNOWN_MARKET: (UnknownMarket, "There is no such market.", "See the list of markets."),
    RejectReason.UNKNOWN_ORDER: (OrderNotOpen, "The order is not in the book.", "Look up its status."),
    RejectReason.NOT_OWNER: (NotFound, "The account has no such open order.", "Check the id."),
    RejectReason.BAD_SIDE: (InvalidRequest, "The side is neither buy nor sell.", "Send BUY or SELL."),
    RejectReason.BAD_TIME_IN_FORCE: (
        UnsupportedOrder,
        "The market does not take this time in force.",
        "Send GTC or IOC.",
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


def refusal(machine: Machine, command: Command, reason: RejectReason) -> QuantaTradeError:
    """The error for a command that the engine's check refuses for `reason`, in the state that it was checked in."""
    if command.kind == CommandKind.PLACE and reason in _OF_ORDERS:
        return _OF_ORDERS[reason](machine, command, machine.registry.listings.markets[command.market])
    if reason == RejectReason.INSUFFICIENT_BALANCE:
        return _short_of(machine, command, machine.registry.listings.assets[command.asset], command.amount)
    error, message, next_step = _OTHERS.get(
        reason, (InvalidRequest, f"The engine refuses it: {reason.name}.", "Correct the request.")
    )
    return error(message, next_step)


def _bad_price(_: Machine, command: Command, market: Market) -> QuantaTradeError:
    return BadPrice(
        f"A price of {command.price} ticks is not above 0 and at most {market.price_text(market.max_price_ticks)} "
        f"{market.quote.symbol} ({market.max_price_ticks} ticks of {market.price_text(1)}) on {market.symbol}.",
        "Send a price within the market's limits.",
    )


def _bad_quantity(_: Machine, command: Command, market: Market) -> QuantaTradeError:
    least, most = market.quantity_text(market.min_quantity_lots), market.quantity_text(market.max_quantity_lots)
    return BadQuantity(
        f"A quantity of {command.quantity} lots is not between {least} and {most} {market.base.symbol} "
        f"({market.min_quantity_lots} to {market.max_quantity_lots} lots) on {market.symbol}.",
        "Send a quantity within the market's limits.",
    )


def _small_notional(_: Machine, command: Command, market: Market) -> QuantaTradeError:
    notional = market.notional_units(command.price, command.quantity)
    return NotionalTooSmall(
        f"The order is worth {market.quote.to_decimal(notional)} {market.quote.symbol}; {market.symbol} takes "
        f"{market.quote.to_decimal(market.min_notional_units)} and more.",
        "Raise the quantity.",
    )


def _low_cap(machine: Machine, command: Command, _: Market) -> QuantaTradeError:
    rates = machine.registry.fees.get(command.account, machine.registry.default_fees)
    highest = max(rates.maker_fee_ppm, rates.taker_fee_ppm)
    return FeeCapTooLow(
        f"The order caps its fee at {command.taker_fee_ppm} ppm; the account pays {rates.maker_fee_ppm} ppm as "
        f"maker and {rates.taker_fee_ppm} ppm as taker.",
        f"Sign a maxFeeBps of {-(-highest // PPM_PER_BPS)} or more.",
    )


def _short_for_order(machine: Machine, command: Command, market: Market) -> QuantaTradeError:
    if command.side == Side.SELL:
        return _short_of(machine, command, market.base, command.quantity * market.base_units_per_lot)
    notional = market.notional_units(command.price, command.quantity)
    needed = buy_reservation_units(notional, command.quantity, command.taker_fee_ppm)
    return _short_of(machine, command, market.quote, needed)


def _short_of(machine: Machine, command: Command, asset: Asset, needed_units: int) -> InsufficientBalance:
    available, _ = machine.engine.balance(command.account, asset.asset_id)
    return InsufficientBalance(
        f"{asset.to_decimal(needed_units)} {asset.symbol} is needed; {asset.to_decimal(available)} is available.",
        "Lower the amount, cancel other orders or deposit more.",
    )


_OF_ORDERS: Final[dict[RejectReason, Callable[[Machine, Command, Market], QuantaTradeError]]] = {
    RejectReason.BAD_PRICE: _bad_price,
    RejectReason.BAD_QUANTITY: _bad_quantity,
    RejectReason.NOTIONAL_TOO_SMALL: _small_notional,
    RejectReason.FEE_CAP_TOO_LOW: _low_cap,
    RejectReason.INSUFFICIENT_BALANCE: _short_for_order,
}
