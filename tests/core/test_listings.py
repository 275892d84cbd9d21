"""What the log lists is known, in memory and after a restart alike."""

from sqlalchemy import Engine

from offchain.core.commands import AssetListing, CommandKind, MarketListing, MarketStatus, Side
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
    quote_units_per_volume_unit=10_000,
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
        mode=1,
        order_id=10_000,
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


def test_a_market_of_a_log_from_before_counts_each_quote_unit(database: Engine) -> None:
    log = listed()
    units = {"asset": BASE.asset_id, "counter_asset": QUOTE.asset_id, "amount": 1, "counter_amount": 1}
    log.add(CommandKind.LIST_MARKET, MarketListing("OLD"), market=9, price=9, quantity=9, **units)
    for listings in both(log, database):
        assert listings.markets[9].quote_units_per_volume_unit == 1


def test_new_limits_of_a_market_take_the_place_of_the_old(database: Engine) -> None:
    log = listed()
    log.add(CommandKind.SET_MARKET_LIMITS, market=65_535, price=2**41, quantity=2**19, counter_amount=4, amount=5_000)
    for listings in both(log, database):
        market = listings.markets[65_535]
        assert (market.max_price_ticks, market.max_quantity_lots) == (2**41, 2**19)
        assert (market.min_quantity_lots, market.min_notional_units) == (4, 5_000)
        assert (market.symbol, market.base, market.quote_units_per_tick_lot) == ("WIDE-USDC", BASE, 3)


def test_what_operators_set_for_a_market_is_known(database: Engine) -> None:
    log = listed()
    log.add(CommandKind.SET_MARKET_RISK, market=65_535, amount=50_000, counter_amount=20_000, quantity=9_000, price=7)
    log.add(CommandKind.SET_CIRCUIT_BREAKER, market=65_535, amount=100_000, counter_amount=60_000_000)
    log.add(CommandKind.SET_MARKET_STATUS, market=65_535, mode=MarketStatus.POST_ONLY)
    log.add(CommandKind.SET_KILL_SWITCH, market=65_535, mode=1)
    log.add(CommandKind.SET_KILL_SWITCH, mode=1)
    for listings in both(log, database):
        market = listings.markets[65_535]
        assert (market.band_ppm, market.fat_finger_ppm, market.max_notional_units) == (50_000, 20_000, 9_000)
        assert (market.breaker_ppm, market.breaker_window_us) == (100_000, 60_000_000)
        assert (market.status, market.is_killed) == (MarketStatus.POST_ONLY, True)
        assert type(market.status) is MarketStatus
        assert not listings.markets[1].is_killed
    log.add(CommandKind.SET_KILL_SWITCH, market=65_535)
    log.add(CommandKind.SET_MARKET_STATUS, market=65_535, mode=MarketStatus.TRADING)
    for listings in both(log, database):
        assert (listings.markets[65_535].status, listings.markets[65_535].is_killed) == (MarketStatus.TRADING, False)


def test_a_market_that_its_breaker_halted_is_known_as_halted(database: Engine) -> None:
    log = ExchangeLog()
    log.deposit(1, 1, 10**9)
    log.deposit(2, 2, 10**9)
    log.add(CommandKind.SET_CIRCUIT_BREAKER, market=1, amount=10_000, counter_amount=60_000_000)
    for price in (100, 110):
        log.place(1, 1, Side.SELL, price, 1)
    log.place(2, 1, Side.BUY, 110, 2)
    for listings in both(log, database):
        assert listings.markets[1].status is MarketStatus.HALT
        assert listings.markets[2].status is MarketStatus.TRADING
