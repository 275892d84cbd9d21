"""What operators set is in force with the next order, and who is refused by it is told the figures."""

import pytest

from offchain.core.commands import CancelReason, CommandKind, MarketStatus, OrderInstructions, PostOnly
from offchain.core.errors import (
    BadLimit,
    InvalidRequest,
    MarketClosed,
    NotionalTooLarge,
    PositionCapped,
    PriceOutsideBand,
    PriceTooFar,
    TooManyMessages,
    TooManyOrders,
    TradingKilled,
    UnknownAccount,
    UnknownAsset,
    UnknownMarket,
)
from offchain.core.events import EventKind
from offchain.core.intents import (
    AmendOrder,
    SetAccountLimits,
    SetCircuitBreaker,
    SetKillSwitch,
    SetMarketRisk,
    SetMarketStatus,
    SetPositionCap,
)
from tests.sequencer.test_intake_orders import refused
from tests.sequencer.world import ALICE, BASE, BOB, BUY, CAROL, IOC, MARKET, SELL, Desk, cancel, order

POST_ONLY = OrderInstructions(post_only=PostOnly.REJECT).flags


@pytest.fixture
def desk() -> Desk:
    return Desk(ALICE, BOB)


def listed(desk: Desk):
    return desk.machine.registry.listings.markets[MARKET]


def trade_at(desk: Desk, price: int, seq: int = 1) -> None:
    """Make a price the last one."""
    desk.take(order(BOB, f"maker-{seq}", SELL, price, 1, lane=60_000, seq=seq))
    desk.take(order(ALICE, f"taker-{seq}", BUY, price, 1, lane=60_000, seq=seq, tif=IOC))


@pytest.mark.parametrize("status", [MarketStatus.HALT, MarketStatus.CANCEL_ONLY])
def test_a_market_that_is_not_open_takes_no_orders_and_every_cancel(desk, status):
    desk.take(order(ALICE, "a"))
    desk.take(SetMarketStatus(MARKET, status))
    assert listed(desk).status is status
    refused(desk, order(ALICE, "b", lane=2), MarketClosed, f"QTRA-USDC is {status.name}")
    if status is MarketStatus.HALT:
        refused(desk, AmendOrder(ALICE, 4, "a"), MarketClosed, "is HALT")
    desk.take(cancel(ALICE, "a"))
    desk.take(SetMarketStatus(MARKET, MarketStatus.TRADING))
    desk.take(order(ALICE, "b", lane=2))


def test_a_market_of_post_only_takes_what_cannot_match(desk):
    desk.take(SetMarketStatus(MARKET, MarketStatus.POST_ONLY))
    refused(desk, order(ALICE, "a"), MarketClosed, "is POST_ONLY")
    desk.take(order(ALICE, "a", flags=POST_ONLY))


def test_the_circuit_breaker_halts_a_market_and_its_listing_says_so(desk):
    trade_at(desk, 100)
    desk.take(SetCircuitBreaker(MARKET, 50_000, 60_000_000))
    trade_at(desk, 100, seq=2)
    desk.take(order(BOB, "far", SELL, 110, 1, lane=2))
    receipt = desk.take(order(ALICE, "sweep", BUY, 110, 1, lane=2))
    assert [event.kind for event in receipt.events] == [
        EventKind.ACCEPTED,
        EventKind.STATUS_CHANGED,
        EventKind.CANCELLED,
    ]
    assert receipt.events[-1].reason == CancelReason.HALTED
    assert (listed(desk).status, listed(desk).breaker_ppm) == (MarketStatus.HALT, 50_000)


def test_prices_far_from_the_last_one_are_refused_with_the_bounds(desk):
    trade_at(desk, 1_000)
    desk.take(SetMarketRisk(MARKET, band_ppm=100_000, fat_finger_ppm=50_000, max_notional_units=0))
    band = "outside of 0.09 to 0.11, the band around 0.1"
    refused(desk, order(ALICE, "a", BUY, 899), PriceOutsideBand, band)
    refused(desk, order(ALICE, "a", SELL, 1_101), PriceOutsideBand, band)
    refused(desk, order(ALICE, "a", BUY, 1_051), PriceTooFar, "is above 0.105")
    refused(desk, order(ALICE, "a", SELL, 949), PriceTooFar, "is below 0.095")
    desk.take(order(ALICE, "a", BUY, 900))
    desk.take(SetMarketRisk(MARKET, 0, 0, 0, reference_price_ticks=7))
    assert desk.machine.engine.last_price(MARKET) == 7


def test_an_order_worth_too_much_is_refused_with_the_maximum(desk):
    desk.take(SetMarketRisk(MARKET, 0, 0, max_notional_units=2_000))
    refused(desk, order(ALICE, "a", price=100, quantity=21), NotionalTooLarge, r"worth 0.0021 USDC; .* 0.002 at most")
    desk.take(order(ALICE, "a", price=100, quantity=20))


@pytest.mark.parametrize(
    ("switch", "whose"),
    [
        (SetKillSwitch(True), "the exchange"),
        (SetKillSwitch(True, market=MARKET), "QTRA-USDC"),
        (SetKillSwitch(True, ALICE), "the account"),
    ],
)
def test_a_kill_switch_cancels_what_it_is_for_and_takes_nothing_until_it_is_off(desk, switch, whose):
    desk.take(order(ALICE, "a"))
    receipt = desk.take(switch)
    assert [(event.kind, event.reason) for event in receipt.events] == [(EventKind.CANCELLED, CancelReason.KILLED)]
    assert desk.machine.registry.live == {}
    refused(desk, order(ALICE, "b", lane=2), TradingKilled, f"kill switch of {whose} is on")
    assert listed(desk).is_killed == bool(switch.market)
    desk.take(SetKillSwitch(False, switch.owner, switch.market))
    desk.take(order(ALICE, "b", lane=2))
    assert not listed(desk).is_killed


def test_switches_that_are_on_together_are_all_named(desk):
    for switch in (SetKillSwitch(True), SetKillSwitch(True, ALICE)):
        desk.take(switch)
    refused(desk, order(ALICE, "a"), TradingKilled, "of the exchange and the account is on")


@pytest.mark.parametrize("owner", [b"", ALICE])
def test_an_account_has_no_more_open_orders_than_it_may(desk, owner):
    desk.take(SetAccountLimits(2, 0, 0, owner))
    for lane in (1, 2):
        desk.take(order(ALICE, str(lane), lane=lane))
    refused(desk, order(ALICE, "3", lane=3), TooManyOrders, "has 2 open orders.*may have 2")
    desk.take(order(ALICE, "3", lane=0, tif=IOC))


def test_an_account_sends_no_more_messages_than_it_may(desk):
    desk.take(SetAccountLimits(0, 2, 1_000, ALICE))
    desk.take(order(ALICE, "a"))
    desk.take(AmendOrder(ALICE, 4, "a"))
    refused(desk, order(ALICE, "b", lane=2), TooManyMessages, "2 orders, .* within 1000 commands")
    refused(desk, AmendOrder(ALICE, 3, "a"), TooManyMessages, "2 orders")
    desk.take(cancel(ALICE, "a"))
    desk.take(order(BOB, "a"))


def test_buys_that_could_pass_the_cap_are_refused_with_it(desk):
    held = desk.machine.engine.balance(1, BASE)[0]
    desk.take(SetPositionCap(ALICE, BASE, held + 10 * 1_000_000))
    desk.take(order(ALICE, "a", quantity=6))
    refused(desk, order(ALICE, "b", quantity=5, lane=2), PositionCapped, "may hold 10000.1 QTRA.* holds 10000,")
    desk.take(order(ALICE, "b", quantity=4, lane=2))
    desk.take(order(ALICE, "c", SELL, 200, quantity=50, lane=3))


@pytest.mark.parametrize(
    ("intent", "error", "match"),
    [
        (SetMarketStatus(9, MarketStatus.HALT), UnknownMarket, "no market 9"),
        (SetMarketStatus(MARKET, 4), BadLimit, "Status 4 is none of 0 to 3"),
        (SetMarketStatus(MARKET, 400), InvalidRequest, "range"),
        (SetMarketRisk(9, 0, 0, 0), UnknownMarket, "no market 9"),
        (SetMarketRisk(MARKET, 10**6 + 1, 0, 0), BadLimit, "band of 1000001 ppm"),
        (SetMarketRisk(MARKET, 0, -1, 0), BadLimit, "fat finger of -1 ppm"),
        (SetMarketRisk(MARKET, 0, 0, 0, 10**9 + 1), BadLimit, "reference of 1000000001 ticks"),
        (SetCircuitBreaker(9, 1, 1), UnknownMarket, "no market 9"),
        (SetCircuitBreaker(MARKET, 1, 0), BadLimit, "1 ppm within 0"),
        (SetCircuitBreaker(MARKET, 1, 86_400_000_001), BadLimit, "within 86400000001"),
        (SetKillSwitch(True, ALICE, MARKET), InvalidRequest, "both are given"),
        (SetKillSwitch(True, CAROL), UnknownAccount, "no account"),
        (SetKillSwitch(True, market=9), UnknownMarket, "no market 9"),
        (SetAccountLimits(-1, 0, 0, ALICE), BadLimit, "^BAD_LIMIT .* -1 open orders"),
        (SetAccountLimits(0, 1, 0), BadLimit, "1 messages within 0 commands"),
        (SetAccountLimits(1, 0, 0, CAROL), UnknownAccount, "no account"),
        (SetPositionCap(ALICE, 9, 1), UnknownAsset, "no asset 9"),
        (SetPositionCap(CAROL, BASE, 1), UnknownAccount, "no account"),
    ],
)
def test_what_cannot_be_set_is_refused(desk, intent, error, match):
    refused(desk, intent, error, match)


def test_setting_again_what_is_in_force_is_a_command_of_its_own(desk):
    for intent, kind in (
        (SetMarketStatus(MARKET, MarketStatus.TRADING), CommandKind.SET_MARKET_STATUS),
        (SetMarketRisk(MARKET, 1, 1, 1), CommandKind.SET_MARKET_RISK),
        (SetKillSwitch(False), CommandKind.SET_KILL_SWITCH),
        (SetAccountLimits(1, 1, 1), CommandKind.SET_ACCOUNT_LIMITS),
        (SetPositionCap(ALICE, BASE, 1), CommandKind.SET_POSITION_CAP),
    ):
        receipts = [desk.take(intent) for _ in range(2)]
        assert desk.kinds[-2:] == [kind, kind]
        assert not any(receipt.repeated for receipt in receipts)
