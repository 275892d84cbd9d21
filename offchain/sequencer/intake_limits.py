"""Intents that keep trading within bounds: of markets (status, risk, breaker), of accounts, and the kill switches.

Each is a new command every time: setting again what is in force changes nothing but the log, save that a market's
circuit breaker starts afresh.
"""

from offchain.core.commands import CommandKind
from offchain.core.errors import InvalidRequest
from offchain.core.intents import (
    Receipt,
    SetAccountLimits,
    SetCircuitBreaker,
    SetKillSwitch,
    SetMarketRisk,
    SetMarketStatus,
    SetPositionCap,
)
from offchain.sequencer.group import Group
from offchain.sequencer.intake_names import account_of, check_asset, market_of
from offchain.sequencer.receipts import receipt
from offchain.sequencer.registry import FEE_ACCOUNT


def set_market_status(group: Group, intent: SetMarketStatus) -> Receipt:
    """Open, halt or restrict a market."""
    market_of(group, intent.market)
    command = group.command(CommandKind.SET_MARKET_STATUS, market=intent.market, mode=int(intent.status))
    return receipt(group.add(command))


def set_market_risk(group: Group, intent: SetMarketRisk) -> Receipt:
    """Set how far from the last price, and how large, orders of a market may be."""
    market_of(group, intent.market)
    command = group.command(
        CommandKind.SET_MARKET_RISK,
        market=intent.market,
        amount=intent.band_ppm,
        counter_amount=intent.fat_finger_ppm,
        quantity=intent.max_notional_units,
        price=intent.reference_price_ticks,
    )
    return receipt(group.add(command))


def set_circuit_breaker(group: Group, intent: SetCircuitBreaker) -> Receipt:
    """Set the move of the price that halts a market."""
    market_of(group, intent.market)
    command = group.command(
        CommandKind.SET_CIRCUIT_BREAKER,
        market=intent.market,
        amount=intent.move_ppm,
        counter_amount=intent.window_us,
    )
    return receipt(group.add(command))


def set_kill_switch(group: Group, intent: SetKillSwitch) -> Receipt:
    """Stop or let go on the trading of an owner, a market or the exchange."""
    if intent.owner and intent.market:
        raise InvalidRequest("A kill switch is an owner's or a market's, and both are given.", "Give one of them.")
    account = account_of(group, intent.owner) if intent.owner else FEE_ACCOUNT
    if intent.market:
        market_of(group, intent.market)
    command = group.command(CommandKind.SET_KILL_SWITCH, account=account, market=intent.market, mode=int(intent.on))
    return receipt(group.add(command))


def set_account_limits(group: Group, intent: SetAccountLimits) -> Receipt:
    """Set how many orders and messages an owner, or every owner without limits of its own, may have and send."""
    command = group.command(
        CommandKind.SET_ACCOUNT_LIMITS,
        account=account_of(group, intent.owner) if intent.owner else FEE_ACCOUNT,
        quantity=intent.open_orders,
        amount=intent.messages,
        counter_amount=intent.window_sequences,
    )
    return receipt(group.add(command))


def set_position_cap(group: Group, intent: SetPositionCap) -> Receipt:
    """Set the most that an owner's buys may bring its balance of an asset to."""
    check_asset(group, intent.asset)
    command = group.command(
        CommandKind.SET_POSITION_CAP,
        account=account_of(group, intent.owner),
        asset=intent.asset,
        amount=intent.cap_units,
    )
    return receipt(group.add(command))
