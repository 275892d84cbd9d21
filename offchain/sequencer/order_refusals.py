"""What the owner of a refused order or amendment is told: the figures that matter, and what to do next."""

from collections.abc import Callable
from typing import Final

from offchain.core.commands import STOP_TYPES, Command, CommandKind, OrderType, Side
from offchain.core.errors import (
    BadBudget,
    BadPrice,
    BadQuantity,
    BadReplacement,
    BadTrigger,
    FeeCapTooLow,
    InsufficientBalance,
    MarketClosed,
    NotionalTooLarge,
    NotionalTooSmall,
    PositionCapped,
    PriceOutsideBand,
    PriceTooFar,
    QuantaTradeError,
    TooManyMessages,
    TooManyOrders,
    TradingKilled,
    WouldCross,
    WouldSelfTrade,
    WouldTrigger,
)
from offchain.core.events import RejectReason
from offchain.core.money import PPM, Asset, Market, buy_reservation_units
from offchain.sequencer.machine import Machine

PPM_PER_BPS: Final = 100

Teller = Callable[[Machine, Command, Market], QuantaTradeError]
"""Makes the error of one reason, in the state that the command was refused in."""


def short_of(machine: Machine, account: int, asset: Asset, needed_units: int, besides: str = "") -> InsufficientBalance:
    """More units of an asset are needed than the account has; `besides` says what is freed on the way."""
    available, _ = machine.engine.balance(account, asset.asset_id)
    return InsufficientBalance(
        f"{asset.to_decimal(needed_units)} {asset.symbol} is needed; {asset.to_decimal(available)} is available"
        f"{besides}.",
        "Lower the amount, cancel other orders or deposit more.",
    )


def _bad_price(_: Machine, command: Command, market: Market) -> QuantaTradeError:
    return BadPrice(f"A price of {command.price} ticks is not {_prices(market)}.", _WITHIN_LIMITS)


def _bad_trigger(_: Machine, command: Command, market: Market) -> QuantaTradeError:
    if command.order_type not in STOP_TYPES:
        return BadTrigger(
            f"A {OrderType(command.order_type).name} order has no trigger price, and {command.counter_amount} ticks "
            "are given.",
            "Sign flags of STOP_LIMIT or STOP_MARKET, or send no trigger price.",
        )
    return BadTrigger(f"A trigger price of {command.counter_amount} ticks is not {_prices(market)}.", _WITHIN_LIMITS)


def _bad_budget(_: Machine, command: Command, market: Market) -> QuantaTradeError:
    return BadBudget(
        f"A budget of {command.amount} units of {market.quote.symbol} does not go with this order: one that is "
        "FOK_BUDGET has a budget above 0 and at most 2^62 units, and no other has one.",
        "Send a budget with FOK_BUDGET, and only with it.",
    )


def _bad_quantity(_: Machine, command: Command, market: Market) -> QuantaTradeError:
    least, most = market.quantity_text(market.min_quantity_lots), market.quantity_text(market.max_quantity_lots)
    return BadQuantity(
        f"A quantity of {command.quantity} lots is not between {least} and {most} {market.base.symbol} "
        f"({market.min_quantity_lots} to {market.max_quantity_lots} lots) on {market.symbol}.",
        "Send a quantity within the market's limits.",
    )


def _bad_amendment(machine: Machine, command: Command, market: Market) -> QuantaTradeError:
    remaining = _remaining_lots(machine, command.order_id)
    return BadQuantity(
        f"Order {command.order_id} has {market.quantity_text(remaining)} {market.base.symbol} ({remaining} lots) left; "
        f"it can be amended to less, from {max(1, market.min_quantity_lots)} lots on, and not to {command.quantity}.",
        "Send less than what is left, or replace the order: more, or another price, needs a new signature.",
    )


def _small_notional(_: Machine, command: Command, market: Market) -> QuantaTradeError:
    return NotionalTooSmall(
        f"The order is worth {_worth(command, market)}; {market.symbol} takes "
        f"{market.quote.to_decimal(market.min_notional_units)} and more.",
        "Raise the quantity.",
    )


def _large_notional(_: Machine, command: Command, market: Market) -> QuantaTradeError:
    return NotionalTooLarge(
        f"The order is worth {_worth(command, market)}; {market.symbol} takes "
        f"{market.quote.to_decimal(market.max_notional_units)} at most.",
        "Split it into smaller orders.",
    )


def _killed(machine: Machine, command: Command, market: Market) -> QuantaTradeError:
    names = ("the exchange", "the account", market.symbol)
    switches = machine.engine.killed(command.account, market.market_id)
    on = " and ".join(name for name, is_on in zip(names, switches, strict=True) if is_on)
    return TradingKilled(
        f"The kill switch of {on} is on: open orders were cancelled, and none are taken.",
        "Nothing was changed. Wait until it is off; balances and withdrawals are not touched by it.",
    )


def _closed(machine: Machine, _: Command, market: Market) -> QuantaTradeError:
    return MarketClosed(
        f"{market.symbol} is {market.status.name}, and does not take this now.",
        "Nothing was changed. Cancels are taken; POST_ONLY markets take orders that are post-only.",
    )


def _outside_band(machine: Machine, command: Command, market: Market) -> QuantaTradeError:
    last = machine.engine.last_price(market.market_id)
    width = last * market.band_ppm // PPM
    return PriceOutsideBand(
        f"A price of {market.price_text(command.price)} {market.quote.symbol} is outside of "
        f"{market.price_text(max(1, last - width))} to {market.price_text(last + width)}, the band around "
        f"{market.price_text(last)}, the last price of {market.symbol}.",
        "Send a price within the band.",
    )


def _too_far(machine: Machine, command: Command, market: Market) -> QuantaTradeError:
    last = machine.engine.last_price(market.market_id)
    width = last * market.fat_finger_ppm // PPM
    bound, than = (last + width, "above") if command.side == Side.BUY else (max(1, last - width), "below")
    return PriceTooFar(
        f"A price of {market.price_text(command.price)} {market.quote.symbol} is {than} "
        f"{market.price_text(bound)}, which is as far past {market.price_text(last)}, the last price of "
        f"{market.symbol}, as orders may go.",
        "Check the price for a slip, and send one nearer to the market.",
    )


def _would_trigger(machine: Machine, command: Command, market: Market) -> QuantaTradeError:
    last = machine.engine.last_price(market.market_id)
    side = "at or above" if command.side == Side.BUY else "at or under"
    return WouldTrigger(
        f"The last price of {market.symbol} is {market.price_text(last)}, {side} the trigger price of "
        f"{market.price_text(command.counter_amount)}.",
        "Send an order that is no stop, or a trigger price that the market has not reached.",
    )


def _would_cross(machine: Machine, command: Command, market: Market) -> QuantaTradeError:
    best = machine.engine.best_price(market.market_id, 1 - command.side)
    return WouldCross(
        f"The other side of {market.symbol} begins at {market.price_text(best)} {market.quote.symbol}; a post-only "
        f"order at {market.price_text(command.price)} would match.",
        "Send a price short of the other side, or sign flags without post-only.",
    )


def _would_self_trade(_: Machine, command: Command, market: Market) -> QuantaTradeError:
    return WouldSelfTrade(
        f"Replacing order {command.order_id} would meet another order of the account on {market.symbol} before it is "
        "filled, and self-trade prevention would leave neither as asked.",
        "Nothing was changed. Cancel the order on the other side, or sign another price or mode.",
    )


def _bad_replacement(machine: Machine, command: Command, market: Market) -> QuantaTradeError:
    replaced = machine.registry.live[command.order_id]
    other = machine.registry.listings.markets[replaced.market]
    return BadReplacement(
        f"Order {command.order_id} is a {Side(replaced.side).name} on {other.symbol}; it cannot be replaced by a "
        f"{Side(command.side).name} on {market.symbol}.",
        "Sign an order of the same market and side, or cancel the one and place the other.",
    )


def _low_cap(machine: Machine, command: Command, _: Market) -> QuantaTradeError:
    maker_ppm, taker_ppm = machine.engine.rates(command.account)
    return FeeCapTooLow(
        f"The order caps its fee at {command.taker_fee_ppm} ppm; the account pays {maker_ppm} ppm as "
        f"maker and {taker_ppm} ppm as taker.",
        f"Sign a maxFeeBps of {-(-max(maker_ppm, taker_ppm) // PPM_PER_BPS)} or more.",
    )


def _too_many_orders(machine: Machine, command: Command, _: Market) -> QuantaTradeError:
    most, _messages, _window = machine.engine.limits(command.account)
    return TooManyOrders(
        f"The account has {len(machine.registry.live_of.get(command.account, ()))} open orders, armed stops included; "
        f"it may have {most}.",
        "Cancel one of them, replace one, or send an immediate order.",
    )


def _too_many_messages(machine: Machine, command: Command, _: Market) -> QuantaTradeError:
    _orders, most, window = machine.engine.limits(command.account)
    return TooManyMessages(
        f"The account may send {most} orders, replacements and amendments within {window} commands of the log.",
        "Nothing was changed. Cancels are taken; send it again when the log has moved on.",
    )


def _position_capped(machine: Machine, command: Command, market: Market) -> QuantaTradeError:
    base = market.base
    cap = machine.engine.position_cap(command.account, base.asset_id)
    available, reserved = machine.engine.balance(command.account, base.asset_id)
    return PositionCapped(
        f"The account may hold {base.to_decimal(cap)} {base.symbol} by buying. It holds "
        f"{base.to_decimal(max(available, 0) + reserved)}, and its open buys count as bought.",
        "Lower the quantity, or cancel other buys.",
    )


def _short_for_order(machine: Machine, command: Command, market: Market) -> QuantaTradeError:
    besides = ""
    if command.kind == CommandKind.REPLACE:
        besides = f", beside what order {command.order_id} holds"
    if command.side == Side.SELL:
        needed, asset = command.quantity * market.base_units_per_lot, market.base
    else:
        notional = market.notional_units(_limit_in_force(machine, command, market), command.quantity)
        needed = buy_reservation_units(notional, command.quantity, command.taker_fee_ppm)
        asset = market.quote
    return short_of(machine, command.account, asset, needed, besides)


def _limit_in_force(machine: Machine, command: Command, market: Market) -> int:
    """The price at which a buy reserves: the signed one, or as far as the market's collar lets a MARKET order go."""
    widths = [ppm for ppm in (market.band_ppm, market.fat_finger_ppm) if ppm]
    last = machine.engine.last_price(market.market_id)
    if command.order_type != OrderType.MARKET or not widths or not last:
        return command.price
    return min(command.price, last + last * min(widths) // PPM)


def _prices(market: Market) -> str:
    return (
        f"above 0 and at most {market.price_text(market.max_price_ticks)} {market.quote.symbol} "
        f"({market.max_price_ticks} ticks of {market.price_text(1)}) on {market.symbol}"
    )


def _worth(command: Command, market: Market) -> str:
    notional_units = market.notional_units(command.price, command.quantity)
    return f"{market.quote.to_decimal(notional_units)} {market.quote.symbol}"


def _remaining_lots(machine: Machine, order_id: int) -> int:
    order = machine.engine.order(order_id)
    assert order is not None, f"order {order_id} is open"
    return order[4]


_WITHIN_LIMITS: Final = "Send a price within the market's limits."

_OF_BOTH: Final[dict[RejectReason, Teller]] = {
    RejectReason.TRADING_KILLED: _killed,
    RejectReason.MARKET_CLOSED: _closed,
    RejectReason.TOO_MANY_MESSAGES: _too_many_messages,
}
OF_AMENDMENTS: Final = _OF_BOTH | {RejectReason.BAD_QUANTITY: _bad_amendment}
OF_ORDERS: Final = _OF_BOTH | {
    RejectReason.BAD_PRICE: _bad_price,
    RejectReason.BAD_QUANTITY: _bad_quantity,
    RejectReason.BAD_TRIGGER: _bad_trigger,
    RejectReason.BAD_BUDGET: _bad_budget,
    RejectReason.BAD_REPLACEMENT: _bad_replacement,
    RejectReason.NOTIONAL_TOO_SMALL: _small_notional,
    RejectReason.NOTIONAL_TOO_LARGE: _large_notional,
    RejectReason.PRICE_OUTSIDE_BAND: _outside_band,
    RejectReason.PRICE_TOO_FAR: _too_far,
    RejectReason.WOULD_TRIGGER: _would_trigger,
    RejectReason.WOULD_CROSS: _would_cross,
    RejectReason.WOULD_SELF_TRADE: _would_self_trade,
    RejectReason.FEE_CAP_TOO_LOW: _low_cap,
    RejectReason.TOO_MANY_ORDERS: _too_many_orders,
    RejectReason.POSITION_CAP: _position_capped,
    RejectReason.INSUFFICIENT_BALANCE: _short_for_order,
}
