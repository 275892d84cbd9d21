"""Intents about what is traded and what it costs: assets, markets, fees. Each may be sent again at every start."""

from typing import Final

import msgspec

from offchain.core.commands import CommandKind, MarketListing
from offchain.core.errors import InvalidRequest, UnknownAsset
from offchain.core.intents import ListAsset, ListMarket, Receipt, SetFees
from offchain.core.money import Asset, Market
from offchain.sequencer.group import Group
from offchain.sequencer.intake_funds import repeated
from offchain.sequencer.intake_orders import account_of, receipt
from offchain.sequencer.registry import FEE_ACCOUNT

ID_MAX: Final = 2**16 - 1
"""Asset and market ids have 16 bits in the contract."""
ADDRESS_BYTES: Final = 20
_LIMITS: Final = ("max_price_ticks", "max_quantity_lots", "min_quantity_lots", "min_notional_units")


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
    """List a market, or change the limits of one that is listed."""
    market = _market(group, intent)
    known = group.registry.listings.markets.get(intent.market)
    if known == market:
        return repeated(group.registry.listed[True, intent.market])
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
        )
        group.add(command, MarketListing(intent.symbol))
    elif msgspec.structs.replace(known, **{name: getattr(market, name) for name in _LIMITS}) != market:
        raise InvalidRequest(
            f"Market {intent.market} is listed as {known.symbol} with other assets, lot or tick.",
            "Only limits can change; list a new market instead.",
        )
    command = group.command(
        CommandKind.SET_MARKET_LIMITS,
        market=intent.market,
        price=intent.max_price_ticks,
        quantity=intent.max_quantity_lots,
        counter_amount=intent.min_quantity_lots,
        amount=intent.min_notional_units,
    )
    return receipt(group.add(command))


def set_fees(group: Group, intent: SetFees) -> Receipt:
    """Set the rates of an owner or the default; the same rates again change nothing."""
    registry = group.registry
    account = account_of(group, intent.owner) if intent.owner else FEE_ACCOUNT
    current = registry.fees.get(account) if account else registry.default_fees
    asked = (intent.maker_fee_ppm, intent.taker_fee_ppm)
    if current is not None and current.set_by is not None and asked == (current.maker_fee_ppm, current.taker_fee_ppm):
        return repeated(current.set_by)
    if -intent.maker_fee_ppm > intent.taker_fee_ppm:
        raise InvalidRequest(
            f"A maker's rebate of {-intent.maker_fee_ppm} ppm is more than the taker's {intent.taker_fee_ppm} ppm.",
            "Correct the rates.",
        )
    command = group.command(CommandKind.SET_FEES, account=account, maker_fee_ppm=asked[0], taker_fee_ppm=asked[1])
    return receipt(group.add(command))


def _market(group: Group, intent: ListMarket) -> Market:
    assets = group.registry.listings.assets
    for asset in (intent.base_asset, intent.quote_asset):
        if asset not in assets:
            raise UnknownAsset(f"There is no asset {asset}.", "List it first.")
    namesake = group.registry.markets_by_symbol.get(intent.symbol)
    if not 0 < intent.market <= ID_MAX or not intent.symbol or (namesake and namesake.market_id != intent.market):
        raise InvalidRequest(
            f"Market {intent.market} {intent.symbol!r} needs an id from 1 to {ID_MAX} and a symbol of its own.",
            "Correct the listing.",
        )
    if not 0 < intent.min_quantity_lots <= intent.max_quantity_lots or intent.min_notional_units < 0:
        raise InvalidRequest(f"The limits of {intent.symbol} contradict each other.", "Correct the listing.")
    return Market(
        intent.market,
        intent.symbol,
        assets[intent.base_asset],
        assets[intent.quote_asset],
        intent.base_units_per_lot,
        intent.quote_units_per_tick_lot,
        intent.max_price_ticks,
        intent.max_quantity_lots,
        intent.min_quantity_lots,
        intent.min_notional_units,
    )
