"""Which orders and cancels are taken, and what the others are told."""

import msgspec
import pytest

from offchain.core.commands import CancelReason, CommandKind, OrderInstructions, OrderType, TimeInForce
from offchain.core.errors import (
    AccountExiting,
    BadPrice,
    BadQuantity,
    ClientOrderIdReused,
    FeeCapTooLow,
    InsufficientBalance,
    InvalidRequest,
    LaneBusy,
    NotFound,
    NotionalTooSmall,
    OrderExpired,
    OrderNotOpen,
    SeqTooLow,
    UnknownAccount,
    UnknownAsset,
    UnknownMarket,
    UnsupportedOrder,
)
from offchain.core.events import EventKind
from offchain.core.intents import CancelAllOrders, CancelOrder, ListMarket, SetFees, SetMarketLimits
from offchain.sequencer.directory import Directory
from offchain.sequencer.snapshot import state_hash
from tests.sequencer.world import (
    ALICE,
    BASE,
    BOB,
    BUY,
    CAROL,
    IOC,
    LIFETIME_S,
    MARKET,
    NOW_S,
    QUOTE,
    SELL,
    Desk,
    cancel,
    deposit,
    exit_requested,
    floor,
    order,
)

STOP_IOC = OrderInstructions(TimeInForce.IOC, OrderType.STOP_LIMIT).flags


@pytest.fixture
def desk() -> Desk:
    return Desk(ALICE, BOB)


def refused(desk: Desk, intent, error: type[Exception], match: str) -> None:
    """The intent is refused with this error, and nothing is written and nothing has changed."""
    before, written = state_hash(desk.machine), len(desk.group.entries)
    with pytest.raises(error, match=match) as caught:
        desk.take(intent)
    assert caught.type is error
    assert state_hash(desk.machine) == before
    assert len(desk.group.entries) == len(desk.group.logged) == written


def test_an_order_becomes_one_command_whose_sequence_is_its_id(desk):
    receipt = desk.take(order(ALICE, "first"))
    assert desk.kinds[-1] == CommandKind.PLACE
    assert receipt.sequence == desk.machine.sequence
    assert [event.kind for event in receipt.events] == [EventKind.ACCEPTED]
    assert desk.machine.engine.order(receipt.sequence) == (1, MARKET, BUY, 100, 10)
    taken = Directory(desk.machine).order(receipt.sequence)
    assert (taken.account, taken.client_order_id) == (1, "first")


def test_a_wallet_without_account_is_told_to_deposit(desk):
    refused(desk, order(CAROL, "x"), UnknownAccount, "0x6363")


def test_an_unknown_market_is_refused(desk):
    refused(desk, order(ALICE, "x", market=9), UnknownMarket, "no market 9")


@pytest.mark.parametrize("client_order_id", ["", "a" * 37, "a b", "ä", "a\n", "x;y"])
def test_a_client_order_id_has_few_plain_characters(desk, client_order_id):
    refused(desk, order(ALICE, client_order_id), InvalidRequest, "client order id")


def test_a_client_order_id_of_every_allowed_character_is_taken(desk):
    desk.take(order(ALICE, "aZ09._:-" + "x" * 28))


def test_the_same_order_again_returns_the_first_receipt(desk):
    first = desk.take(order(ALICE, "x"))
    again = desk.take(order(ALICE, "x"))
    assert (again.sequence, again.timestamp_us, again.repeated, again.events) == (
        first.sequence,
        first.timestamp_us,
        True,
        (),
    )
    assert desk.machine.sequence == first.sequence


def test_the_same_order_again_returns_the_first_receipt_even_when_it_is_long_gone(desk):
    first = desk.take(order(ALICE, "x"))
    desk.take(cancel(ALICE, "x"))
    assert desk.take(order(ALICE, "x")).sequence == first.sequence


def test_a_client_order_id_with_other_content_is_refused(desk):
    first = desk.take(order(ALICE, "x"))
    refused(desk, order(ALICE, "x", quantity=11, seq=2, lane=2), ClientOrderIdReused, f"order {first.sequence}")


def test_two_accounts_may_use_one_client_order_id(desk):
    assert desk.take(order(ALICE, "x")).sequence != desk.take(order(BOB, "x")).sequence


def test_a_side_that_is_none_is_refused(desk):
    refused(desk, order(ALICE, "x", side=2), InvalidRequest, "neither buy")


@pytest.mark.parametrize("flags", [-1, 1 << 10, 1 << 15, 1 << 16, (1 << 10) + 1])
def test_flags_with_bits_that_mean_nothing_are_refused(desk, flags):
    refused(desk, order(ALICE, "x", flags=flags), UnsupportedOrder, "mean nothing")


@pytest.mark.parametrize("bps", [-1, 51, 65_535])
def test_a_fee_cap_beyond_the_contracts_is_refused(desk, bps):
    refused(desk, order(ALICE, "x", bps=bps), InvalidRequest, "maxFeeBps")


@pytest.mark.parametrize("expiry_s", [0, NOW_S, NOW_S + LIFETIME_S, 2**40])
def test_an_order_must_outlive_its_arrival(desk, expiry_s):
    refused(desk, order(ALICE, "x", expiry_s=expiry_s), OrderExpired, str(NOW_S + LIFETIME_S))


def test_an_order_that_just_outlives_its_arrival_is_taken(desk):
    desk.take(order(ALICE, "x", expiry_s=NOW_S + LIFETIME_S + 1))


@pytest.mark.parametrize(("lane", "seq"), [(-1, 1), (65_536, 1), (1, 0), (1, -1), (1, 2**48)])
def test_lanes_and_seqs_have_a_range(desk, lane, seq):
    refused(desk, order(ALICE, "x", lane=lane, seq=seq), InvalidRequest, "out of range")


def test_an_order_that_may_rest_needs_a_lane_of_its_own(desk):
    refused(desk, order(ALICE, "x", lane=0), UnsupportedOrder, "immediate")
    refused(desk, order(ALICE, "x", flags=STOP_IOC, lane=0, trigger=90), UnsupportedOrder, "a stop")
    for seq, tif in enumerate((TimeInForce.IOC, TimeInForce.FOK, TimeInForce.FOK_BUDGET), start=1):
        desk.take(order(ALICE, str(seq), lane=0, seq=seq, tif=tif, budget=1_000 * (tif == TimeInForce.FOK_BUDGET)))


def test_a_lane_holds_one_live_order(desk):
    first = desk.take(order(ALICE, "a", lane=7, seq=1))
    refused(desk, order(ALICE, "b", lane=7, seq=2), LaneBusy, f"order {first.sequence}")
    desk.take(order(ALICE, "c", lane=8, seq=1))
    desk.take(order(BOB, "c", lane=7, seq=1))


@pytest.mark.parametrize("how", ["cancelled", "filled"])
def test_a_lane_is_free_again_once_its_order_is_gone(desk, how):
    desk.take(order(ALICE, "a", lane=7, seq=1))
    desk.take(cancel(ALICE, "a") if how == "cancelled" else order(BOB, "b", SELL))
    desk.take(order(ALICE, "c", lane=7, seq=2))


def test_a_partly_filled_order_keeps_its_lane(desk):
    desk.take(order(ALICE, "a", lane=7, seq=1, quantity=10))
    desk.take(order(BOB, "b", SELL, quantity=4))
    refused(desk, order(ALICE, "c", lane=7, seq=2), LaneBusy, "occupied")
    refused(desk, order(BOB, "b2", SELL, lane=1, seq=1), SeqTooLow, "highest")


@pytest.mark.parametrize("seq", [4, 5])
def test_a_lane_takes_rising_seqs_only(desk, seq):
    desk.take(order(ALICE, "a", lane=7, seq=5))
    desk.take(cancel(ALICE, "a"))
    refused(desk, order(ALICE, "b", lane=7, seq=seq), SeqTooLow, "5, the highest")


def test_an_immediate_order_leaves_its_lane_free(desk):
    desk.take(order(ALICE, "a", lane=0, seq=1, tif=IOC))
    desk.take(order(ALICE, "b", lane=0, seq=2, tif=IOC))
    assert desk.machine.registry.live == {}


def test_a_seq_at_or_under_the_cancel_floor_is_refused(desk):
    desk.take(floor(50, ALICE, 9))
    for seq in (8, 9):
        refused(desk, order(ALICE, "a", seq=seq), SeqTooLow, "9, the cancel floor")
    desk.take(order(ALICE, "a", seq=10))
    desk.take(order(BOB, "a", seq=1))


def test_prices_and_quantities_beyond_the_market_are_refused_with_its_limits(desk):
    for price in (0, -1, 10**9 + 1, 2**63, 2**200):
        refused(desk, order(ALICE, "x", price=price), BadPrice, "at most 100000 USDC")
    for quantity in (0, -1, 10**9 + 1, 2**63, 2**200):
        refused(desk, order(ALICE, "x", quantity=quantity), BadQuantity, "between 0.01 and 10000000 QTRA")


def test_a_notional_under_the_minimum_is_refused(desk):
    desk.take(SetMarketLimits(MARKET, 10**9, 10**9, 1, 2_000))
    refused(desk, order(ALICE, "x", price=100, quantity=19), NotionalTooSmall, "worth 0.0019 USDC")
    desk.take(order(ALICE, "x", price=100, quantity=20))


def test_a_fee_cap_under_the_accounts_rate_is_refused(desk):
    refused(desk, order(ALICE, "x", bps=24), FeeCapTooLow, "2500 ppm as taker")
    desk.take(order(ALICE, "x", bps=25))
    desk.take(SetFees(0, 0, ALICE))
    desk.take(order(ALICE, "y", bps=0, lane=2))


def test_too_little_balance_is_refused_with_what_is_needed_and_what_is_there(desk):
    # 10^9 lots at 1,000 ticks: 10^12 notional, half a percent of fee cap, and one unit a lot.
    refused(desk, order(ALICE, "x", BUY, 1_000, 10**9), InsufficientBalance, "1006000 USDC is needed; 1000000 is")
    refused(desk, order(ALICE, "x", SELL, 1, 2_000_000), InsufficientBalance, "20000 QTRA is needed; 10000 is")


def test_who_is_leaving_with_an_asset_cannot_order_with_it(desk):
    desk.take(exit_requested(50, ALICE))
    refused(desk, order(ALICE, "x"), AccountExiting, "leaving")


def test_a_signature_or_digest_of_another_length_is_refused(desk):
    good = order(ALICE, "x")
    for change in ({"signature": b"s" * 64}, {"digest": b"d" * 31}):
        bad = msgspec.structs.replace(good, authorization=msgspec.structs.replace(good.authorization, **change))
        refused(desk, bad, InvalidRequest, "bytes")


def test_what_could_not_be_read_back_is_never_written(desk):
    good = order(ALICE, "x")
    bad = msgspec.structs.replace(good, authorization=msgspec.structs.replace(good.authorization, seq=1.5))
    refused(desk, bad, InvalidRequest, "out of its range")


def test_an_order_is_cancelled_by_either_id(desk):
    first, second = desk.take(order(ALICE, "a")), desk.take(order(ALICE, "b", lane=2))
    assert desk.take(cancel(ALICE, "a")).events[0].order_id == first.sequence
    event = desk.take(CancelOrder(ALICE, order_id=second.sequence)).events[0]
    assert (event.kind, event.order_id, event.reason) == (EventKind.CANCELLED, second.sequence, CancelReason.USER)
    assert desk.machine.registry.live == {}
    assert desk.machine.registry.live_of == {}
    assert desk.machine.registry.busy == {}


def test_an_order_that_is_gone_cannot_be_cancelled(desk):
    first = desk.take(order(ALICE, "a"))
    desk.take(cancel(ALICE, "a"))
    refused(desk, cancel(ALICE, "a"), OrderNotOpen, f"Order {first.sequence}")
    refused(desk, CancelOrder(ALICE, order_id=first.sequence), OrderNotOpen, "no longer")


def test_what_is_not_ones_own_cannot_be_cancelled(desk):
    first = desk.take(order(ALICE, "a"))
    refused(desk, cancel(BOB, "a"), NotFound, "no order")
    refused(desk, CancelOrder(BOB, order_id=first.sequence), NotFound, f"no order {first.sequence}")
    refused(desk, CancelOrder(ALICE, order_id=1), NotFound, "no order 1")
    refused(desk, CancelOrder(ALICE), InvalidRequest, "Neither")
    refused(desk, cancel(CAROL, "a"), UnknownAccount, "no account")


def test_all_orders_of_an_owner_are_cancelled_at_once(desk):
    for lane in (1, 2, 3):
        desk.take(order(ALICE, str(lane), lane=lane))
    mine = desk.take(order(BOB, "b"))
    receipt = desk.take(CancelAllOrders(ALICE))
    assert len(receipt.events) == 3
    assert list(desk.machine.registry.live) == [mine.sequence]
    refused(desk, CancelAllOrders(ALICE, 9), UnknownAsset, "no asset 9")
    desk.take(CancelAllOrders(BOB, QUOTE))
    assert desk.machine.registry.live == {}


def test_a_floor_cancels_live_orders_at_or_under_it_before_it_is_recorded(desk):
    desk.take(order(ALICE, "a", lane=1, seq=3))
    desk.take(order(ALICE, "b", lane=2, seq=4))
    desk.take(order(BOB, "c", lane=1, seq=1))
    receipt = desk.take(floor(50, ALICE, 3))
    assert desk.kinds[-2:] == [CommandKind.CANCEL, CommandKind.CHAIN_CANCEL_FLOOR]
    assert desk.group.logged[-2].command.reason == CancelReason.FLOOR
    assert receipt.sequence == desk.machine.sequence
    assert receipt.events[0].reason == CancelReason.FLOOR
    assert sorted(order.seq for order in desk.machine.registry.live.values()) == [1, 4]


def test_a_floor_concerns_orders_of_its_base_asset_only(desk):
    desk.take(ListMarket(2, "USDC-QTRA", QUOTE, BASE, 1_000_000, 1, 0, 10**9, 10**9, 1, 0))
    desk.take(order(ALICE, "a", lane=1, seq=3))
    other = desk.take(order(ALICE, "b", lane=1, seq=3, market=2))
    desk.take(floor(50, ALICE, 3))
    assert list(desk.machine.registry.live) == [other.sequence]
    desk.take(order(ALICE, "c", lane=2, seq=1, market=2))
    desk.take(floor(51, ALICE, 9, asset=QUOTE))
    assert desk.machine.registry.live == {}


def test_a_floor_only_rises(desk):
    desk.take(floor(50, ALICE, 9))
    desk.take(floor(51, ALICE, 4))
    assert desk.machine.registry.floors == {(1, BASE): 9}


def test_a_floor_for_an_asset_that_does_not_exist_holds_nothing_up(desk):
    before = desk.machine.sequence
    assert desk.take(floor(50, ALICE, 9, asset=99)).repeated
    assert desk.machine.sequence == before
    assert not desk.take(deposit(51, ALICE)).repeated


def test_an_exit_cancels_what_it_concerns(desk):
    desk.take(order(ALICE, "a", BUY))
    desk.take(order(ALICE, "b", SELL, price=200, lane=2))
    desk.take(order(BOB, "c", BUY))
    desk.take(exit_requested(50, ALICE))
    assert [order.account for order in desk.machine.registry.live.values()] == [2]


def test_what_is_not_an_intent_is_refused(desk):
    refused(desk, object(), InvalidRequest, "not an intent")
