"""Assets, markets and fees: the same again changes nothing, so every start may send them."""

import msgspec
import pytest

from offchain.core.commands import AssetListing, CommandKind, MarketListing
from offchain.core.errors import InvalidRequest, UnknownAccount, UnknownAsset, UnknownMarket
from offchain.core.intents import ListAsset, SetFees, SetMarketLimits
from offchain.sequencer.directory import Directory
from tests.sequencer.test_intake_orders import refused
from tests.sequencer.world import ALICE, BASE, BOB, CAROL, LISTINGS, MARKET, QUOTE, Desk

ASSET, _, LISTED_MARKET = LISTINGS


@pytest.fixture
def desk() -> Desk:
    return Desk(ALICE, BOB)


def changed(intent, **fields):
    return msgspec.structs.replace(intent, **fields)


def test_listings_are_in_the_directory(desk):
    directory = Directory(desk.machine)
    assert directory.assets[BASE].symbol == "QTRA"
    assert directory.markets[MARKET] is directory.markets_by_symbol["QTRA-USDC"]
    market = directory.markets[MARKET]
    assert (market.base, market.quote) == (directory.assets[BASE], directory.assets[QUOTE])
    assert (market.max_price_ticks, market.max_quantity_lots) == (10**9, 10**9)


def test_the_same_listing_again_returns_the_first_receipt(desk):
    before = desk.machine.sequence
    receipts = [desk.take(intent) for intent in LISTINGS]
    assert [(receipt.sequence, receipt.repeated) for receipt in receipts] == [(1, True), (2, True), (4, True)]
    assert desk.machine.sequence == before


def test_an_id_stands_for_one_listing(desk):
    other = changed(ASSET, listing=AssetListing("ELSE", b"\x01" * 20, 18, 10**10))
    refused(desk, other, InvalidRequest, "is listed as")
    refused(desk, changed(LISTED_MARKET, base_units_per_lot=7), InvalidRequest, "list a new market")
    refused(desk, changed(LISTED_MARKET, market=7), InvalidRequest, "symbol of its own")


def test_limits_of_a_market_can_change_and_listing_it_again_leaves_them_alone(desk):
    limits = SetMarketLimits(MARKET, 10**8, 10**9, 5, 9)
    receipt = desk.take(limits)
    assert desk.kinds[-1] == CommandKind.SET_MARKET_LIMITS
    for intent in (limits, LISTED_MARKET):
        again = desk.take(intent)
        assert (again.sequence, again.repeated) == (receipt.sequence, True)
    market = desk.machine.registry.listings.markets[MARKET]
    assert (market.min_quantity_lots, market.min_notional_units, market.max_price_ticks) == (5, 9, 10**8)


@pytest.mark.parametrize("divisor", [0, 1, 10_000, 2**63 - 1])
def test_a_listing_says_how_many_quote_units_are_a_unit_of_volume(desk, divisor):
    asked = changed(LISTED_MARKET, market=2, symbol="NEW", quote_units_per_volume_unit=divisor)
    desk.take(asked)
    assert desk.machine.registry.listings.markets[2].quote_units_per_volume_unit == divisor
    (command,) = [one.command for one in desk.group.logged if one.command.kind == CommandKind.LIST_MARKET][1:]
    assert (command.mode, command.order_id) == (1, divisor)
    assert desk.take(asked).repeated
    other = changed(asked, quote_units_per_volume_unit=7)
    refused(desk, other, InvalidRequest, "other assets, lot, tick or unit of volume")


def test_a_market_of_an_older_log_counts_each_quote_unit_and_is_listed_as_that_only(desk):
    fields = {"asset": BASE, "counter_asset": QUOTE, "amount": 1_000_000, "counter_amount": 1}
    listing = desk.group.command(CommandKind.LIST_MARKET, market=2, price=10**9, quantity=10**9, **fields)
    desk.group.add(listing, MarketListing("OLD"))
    asked = changed(LISTED_MARKET, market=2, symbol="OLD")
    refused(desk, changed(asked, quote_units_per_volume_unit=0), InvalidRequest, "unit of volume")
    refused(desk, changed(asked, quote_units_per_volume_unit=10_000), InvalidRequest, "unit of volume")
    desk.take(asked)
    assert desk.take(asked).repeated


def test_a_listing_that_was_cut_short_is_completed(desk):
    again = Desk(ALICE)
    asked = changed(LISTED_MARKET, market=2, symbol="NEW", min_quantity_lots=5)
    desk.take(asked)
    first = next(one for one in desk.group.logged if one.command.market == 2)
    command = first.command._replace(sequence=again.machine.sequence + 1)
    again.group.add(command, first.attachment)
    assert not again.take(asked).repeated
    assert again.machine.registry.listings.markets[2].min_quantity_lots == 5
    assert again.take(asked).repeated


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        (SetMarketLimits(9, 1, 1, 1, 0), UnknownMarket),
        (SetMarketLimits(MARKET, 1, 1, 2, 0), InvalidRequest),
        (SetMarketLimits(MARKET, 1, 1, 1, -1), InvalidRequest),
        (SetMarketLimits(MARKET, 2**40, 2**40, 1, 0), InvalidRequest),
    ],
)
def test_limits_that_cannot_be_are_refused(desk, limits, error):
    refused(desk, limits, error, ".")


@pytest.mark.parametrize(
    "listing",
    [
        AssetListing("", b"\x01" * 20, 18, 1),
        AssetListing("X", b"\x01" * 19, 18, 1),
        AssetListing("X", b"\x01" * 20, -1, 1),
        AssetListing("X", b"\x01" * 20, 77, 1),
        AssetListing("X", b"\x01" * 20, 6, 0),
        AssetListing("X", b"\x01" * 20, 6, 3),
        AssetListing("X", b"\x01" * 20, 6, 10**7),
    ],
)
def test_an_asset_that_cannot_be_counted_is_refused(desk, listing):
    refused(desk, ListAsset(7, listing), InvalidRequest, "Correct|base units|no id")


@pytest.mark.parametrize("asset", [0, -1, 65_536])
def test_an_asset_id_has_16_bits(desk, asset):
    refused(desk, ListAsset(asset, AssetListing("X", b"\x01" * 20, 6, 1)), InvalidRequest, "no id")


@pytest.mark.parametrize(
    "fields",
    [
        {"market": 0},
        {"market": 65_536},
        {"symbol": ""},
        {"min_quantity_lots": 0},
        {"min_quantity_lots": 10**9 + 1},
        {"min_notional_units": -1},
        {"base_units_per_lot": 0},
        {"quote_units_per_tick_lot": 0},
        {"quote_units_per_volume_unit": -1},
        {"quote_units_per_volume_unit": 2**63},
        {"quote_units_per_volume_unit": 2**64},
        {"max_price_ticks": 2**40, "max_quantity_lots": 2**40},
        {"max_price_ticks": 0},
        {"quote_asset": BASE},
    ],
)
def test_a_market_that_cannot_be_is_refused(desk, fields):
    refused(desk, changed(LISTED_MARKET, **{"market": 2, "symbol": "NEW", **fields}), InvalidRequest, ".")


def test_a_market_needs_listed_assets(desk):
    refused(desk, changed(LISTED_MARKET, market=2, symbol="NEW", base_asset=9), UnknownAsset, "no asset 9")


def test_fees_are_the_engines_then_the_default_then_the_accounts_own(desk):
    directory = Directory(desk.machine)
    assert directory.fees(1) == directory.fees(0) == (1_500, 2_500)
    desk.take(SetFees(-100, 1_000))
    desk.take(SetFees(0, 0, ALICE))
    assert [directory.fees(account) for account in (0, 1, 2)] == [(-100, 1_000), (0, 0), (-100, 1_000)]


@pytest.mark.parametrize("owner", [b"", ALICE])
def test_the_same_fees_again_return_the_first_receipt(desk, owner):
    first = desk.take(SetFees(1_500, 2_500, owner))
    again = desk.take(SetFees(1_500, 2_500, owner))
    assert not first.repeated
    assert (again.sequence, again.repeated) == (first.sequence, True)


def test_fees_that_cannot_be_charged_are_refused(desk):
    refused(desk, SetFees(-2, 1), InvalidRequest, "rebate of 2 ppm")
    refused(desk, SetFees(0, 5_001), InvalidRequest, "rates")
    refused(desk, SetFees(2**40, 0), InvalidRequest, "range")
    refused(desk, SetFees(0, 0, CAROL), UnknownAccount, "no account")
