"""Intents about orders that are open: amend, cancel, cancel all; and the cancels that the sequencer issues itself."""

from offchain.core.commands import CancelReason, CommandKind
from offchain.core.errors import NotionalTooSmall
from offchain.core.events import LoggedCommand, RejectReason
from offchain.core.intents import AmendOrder, CancelAllOrders, CancelOrder, Receipt
from offchain.core.money import UNITS_MAX, Market
from offchain.sequencer.group import Group
from offchain.sequencer.intake_names import account_of, check_asset, market_of, open_order, order_named, session_of
from offchain.sequencer.receipts import receipt, repeated
from offchain.sequencer.refusals import refusal
from offchain.sequencer.registry import Mark


def amend_order(group: Group, intent: AmendOrder) -> Receipt:
    """Let less of an open order remain; what is in force already needs no command, and gets the order's own receipt.

    What remains is worth what an order has to be worth: each costs the exchange the same to settle, however small.
    """
    account = account_of(group, intent.owner)
    order_id = order_named(group, account, intent.client_order_id, intent.order_id)
    open_order(group, order_id)
    held, first = group.machine.engine.order(order_id), group.registry.orders.by_id(order_id)
    assert held is not None, f"order {order_id} is open"
    assert first is not None, f"order {order_id} was taken"
    _, market_id, _, price_ticks, remaining_lots = held
    if remaining_lots == intent.quantity_lots:
        return repeated(Mark(first.order_id, first.timestamp_us))
    command = group.command(CommandKind.AMEND, account=account, order_id=order_id, quantity=intent.quantity_lots)
    if not 0 < intent.quantity_lots <= UNITS_MAX:
        raise refusal(group.machine, command, RejectReason.BAD_QUANTITY)
    group.check(command)
    _check_worth(group.registry.listings.markets[market_id], price_ticks, intent.quantity_lots)
    return receipt(group.add(command))


def cancel_order(group: Group, intent: CancelOrder) -> Receipt:
    """Cancel one open order of the owner. A session key may cancel any order of its market."""
    account = account_of(group, intent.owner)
    order_id = order_named(group, account, intent.client_order_id, intent.order_id)
    live = open_order(group, order_id)
    if intent.session_key:
        session_of(group, account, live.market, intent.session_key)
    return receipt(cancel_live(group, order_id, intent.reason))


def cancel_all_orders(group: Group, intent: CancelAllOrders) -> Receipt:
    """Cancel the owner's open orders, of one asset's markets and of one market, or of all."""
    account = account_of(group, intent.owner)
    if intent.market:
        market_of(group, intent.market)
    if intent.asset:
        check_asset(group, intent.asset)
    command = group.command(
        CommandKind.CANCEL_ALL,
        account=account,
        asset=intent.asset,
        market=intent.market,
        reason=int(CancelReason.USER),
    )
    return receipt(group.add(command))


def cancel_live(group: Group, order_id: int, reason: CancelReason) -> LoggedCommand:
    """Cancel an order that is open."""
    account = group.registry.live[order_id].account
    return group.add(group.command(CommandKind.CANCEL, account=account, order_id=order_id, reason=int(reason)))


def _check_worth(market: Market, price_ticks: int, quantity_lots: int) -> None:
    notional_units = market.notional_units(price_ticks, quantity_lots)
    if notional_units < market.min_notional_units:
        raise NotionalTooSmall(
            f"What is left would be worth {market.quote.to_decimal(notional_units)} {market.quote.symbol}; "
            f"{market.symbol} takes {market.quote.to_decimal(market.min_notional_units)} and more.",
            "Let more remain, or cancel the order.",
        )
