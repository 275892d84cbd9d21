"""What the log lists is known, in memory and after a restart alike."""

from sqlalchemy import Engine

from offchain.core.commands import AssetListing, CommandKind, MarketListing
from offchain.core.database import reading_sessions
from offchain.core.listings import Listings
from offchain.core.money import Asset, Market
from tests.support.exchange_log import ExchangeLog
from tests.support.projections import project

BASE = Asset(7, "WIDE", b"\x07" * 20, 18, 10**10)
QUOTE = Asset(65_535, "USDC", b"\xff" * 20, 6, 1)
MARKET = Market(
    market_id=65_535,
    symbol="WIDE-USDC",
    base=BASE,
    quote=QUOTE,
    base_units_per_lot=1_000,
    quote_units_per_tick_lot=3,
    max_price_ticks=2**40,
    max_quantity_lots=2**20,
    min_quantity_lots=1,
    min_notional_units=0,
)


def listed() -> ExchangeLog:
    log = ExchangeLog()
    for asset in (BASE, QUOTE):
        listing = AssetListing(asset.symbol, asset.token, asset.token_decimals, asset.unit_scale)
        log.add(CommandKind.LIST_ASSET, listing, asset=asset.asset_id)
    log.add(
        CommandKind.LIST_MARKET,
        MarketListing(MARKET.symbol),
        market=MARKET.market_id,
        asset=BASE.asset_id,
        counter_asset=QUOTE.asset_id,
        amount=1_000,
        counter_amount=3,
        price=2**40,
        quantity=2**20,
    )
    return log


def both(log: ExchangeLog, database: Engine) -> tuple[Listings, Listings]:
    """What a follower of the log knows, and what a process that starts from the tables knows."""
    followed, loaded = Listings(), Listings()
    for one in log.logged:
        followed.note(one)
    project(database, log.logged)
    with reading_sessions(database)() as session:
        loaded.load(session)
    return followed, loaded


def test_assets_and_markets_are_known_as_listed(database: Engine) -> None:
    for listings in both(listed(), database):
        assert listings.assets[7] == BASE
        assert listings.assets[65_535] == QUOTE
        assert listings.markets[65_535] == MARKET


def test_new_limits_of_a_market_take_the_place_of_the_old(database: Engine) -> None:
    log = listed()
    log.add(CommandKind.SET_MARKET_LIMITS, market=65_535, price=2**41, quantity=2**19, counter_amount=4, amount=5_000)
    for listings in both(log, database):
        market = listings.markets[65_535]
        assert (market.max_price_ticks, market.max_quantity_lots) == (2**41, 2**19)
        assert (market.min_quantity_lots, market.min_notional_units) == (4, 5_000)
        assert (market.symbol, market.base, market.quote_units_per_tick_lot) == ("WIDE-USDC", BASE, 3)
