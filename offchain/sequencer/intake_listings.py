"""Intents about what is traded: assets, markets and their limits. Listings may be sent again at every start."""

from typing import Final

import msgspec

from offchain.core.commands import Command, CommandKind, MarketListing
from offchain.core.errors import InvalidRequest
from offchain.core.intents import ListAsset, ListMarket, Receipt, SetMarketLimits
from offchain.core.listings import COUNTS_BY_ORDER_ID
from offchain.core.money import Asset, Market
from offchain.sequencer.group import Group
from offchain.sequencer.intake_names import check_asset, market_of
from offchain.sequencer.receipts import receipt, repeated

ID_MAX: Final = 2**16 - 1
"""Asset and market ids have 16 bits in the contract."""
ADDRESS_BYTES: Final = 20


def list_asset(group: Group, intent: ListAsset) -> Receipt:
    """List an asset; the same listing again changes nothing."""
    listing = intent.listing
    asset = Asset(intent.asset, listing.symbol, listing.token, listing.token_decimals, listing.unit_scale)
    known = group.registry.listings.assets.get(intent.asset)
    if known is not None:
        if known != asset:
            raise InvalidRequest(f"Asset {intent.asset} is listed as {known}.", "Choose another id.")
        return repeated(group.registry.listed[False, intent.asset])
    if not 0 < intent.asset <= ID_MAX or not listing.symbol or len(listing.token) != ADDRESS_BYTES:
        raise InvalidRequest(f"{asset} has no id from 1 to {ID_MAX}, symbol or token address.", "Correct the listing.")
    scale_max = int(10**listing.token_decimals) if 0 <= listing.token_decimals <= 36 else 0
    if not 0 < listing.unit_scale <= scale_max or scale_max % listing.unit_scale:
        raise InvalidRequest(
            f"A unit of {listing.unit_scale} base units does not divide one {listing.symbol} of "
            f"{listing.token_decimals} decimals.",
            "Correct the listing.",
        )
    return receipt(group.add(group.command(CommandKind.LIST_ASSET, asset=intent.asset), listing))


def list_market(group: Group, intent: ListMarket) -> Receipt:
    """List a market with its limits; the same listing again changes nothing, not even limits that were set since."""
    market = _market(group, intent)
    known = group.registry.listings.markets.get(intent.market)
    if known is not None and _identity(known) != _identity(market):
        raise InvalidRequest(
            f"Market {intent.market} is listed as {known.symbol} with other assets, lot, tick or unit of volume.",
            "Only limits can change; list a new market instead.",
        )
    listed = group.registry.listed.get((True, intent.market))
    if listed is not None:
        return repeated(listed)
    if known is None:
        command = group.command(
            CommandKind.LIST_MARKET,
            market=intent.market,
            asset=intent.base_asset,
            counter_asset=intent.quote_asset,
            amount=intent.base_units_per_lot,
            counter_amount=intent.quote_units_per_tick_lot,
            price=intent.max_price_ticks,
            quantity=intent.max_quantity_lots,
            mode=COUNTS_BY_ORDER_ID,
            order_id=intent.quote_units_per_volume_unit,
        )
        group.add(command, MarketListing(intent.symbol))
    return receipt(group.add(_limits(group, market)))


def set_market_limits(group: Group, intent: SetMarketLimits) -> Receipt:
    """Change the limits of a market; those in force again change nothing."""
    known = market_of(group, intent.market)
    asked = msgspec.structs.replace(
        known,
        max_price_ticks=intent.max_price_ticks,
        max_quantity_lots=intent.max_quantity_lots,
        min_quantity_lots=intent.min_quantity_lots,
        min_notional_units=intent.min_notional_units,
    )
    if asked == known:
        return repeated(group.registry.listed[True, intent.market])
    _check_limits(asked)
    return receipt(group.add(_limits(group, asked)))


def _limits(group: Group, market: Market) -> Command:
    return group.command(
        CommandKind.SET_MARKET_LIMITS,
        market=market.market_id,
        price=market.max_price_ticks,
        quantity=market.max_quantity_lots,
        counter_amount=market.min_quantity_lots,
        amount=market.min_notional_units,
    )


def _identity(market: Market) -> tuple[object, ...]:
    """What can never change of a market."""
    units = (market.base_units_per_lot, market.quote_units_per_tick_lot, market.quote_units_per_volume_unit)
    return (market.symbol, market.base, market.quote, *units)


def _check_limits(market: Market) -> None:
    if not 0 < market.min_quantity_lots <= market.max_quantity_lots or market.min_notional_units < 0:
        raise InvalidRequest(f"The limits of {market.symbol} contradict each other.", "Correct them.")


def _market(group: Group, intent: ListMarket) -> Market:
    assets = group.registry.listings.assets
    for asset in (intent.base_asset, intent.quote_asset):
        check_asset(group, asset)
    namesake = group.registry.markets_by_symbol.get(intent.symbol)
    if not 0 < intent.market <= ID_MAX or not intent.symbol or (namesake and namesake.market_id != intent.market):
        raise InvalidRequest(
            f"Market {intent.market} {intent.symbol!r} needs an id from 1 to {ID_MAX} and a symbol of its own.",
            "Correct the listing.",
        )
    market = Market(
        intent.market,
        intent.symbol,
        assets[intent.base_asset],
        assets[intent.quote_asset],
        intent.base_units_per_lot,
        intent.quote_units_per_tick_lot,
        intent.quote_units_per_volume_unit,
        intent.max_price_ticks,
        intent.max_quantity_lots,
        intent.min_quantity_lots,
        intent.min_notional_units,
    )
    _check_limits(market)
    return market
