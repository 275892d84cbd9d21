"""Open orders are amended, replaced and cancelled; what is refused leaves them as they were."""

import pytest

from offchain.core.commands import (
    CancelReason,
    CommandKind,
    OrderInstructions,
    OrderType,
    SelfTradePrevention,
    TimeInForce,
)
from offchain.core.errors import (
    BadQuantity,
    BadReplacement,
    ClientOrderIdReused,
    InsufficientBalance,
    InvalidRequest,
    LaneBusy,
    NotFound,
    NotionalTooSmall,
    OrderNotOpen,
    SeqTooLow,
    ServiceUnavailable,
    TooManyOrders,
    UnknownMarket,
    WouldSelfTrade,
)
from offchain.core.events import EventKind
from offchain.core.intents import AmendOrder, CancelAllOrders, ListMarket, PlaceOrder, ReplaceOrder, SetMarketLimits
from offchain.sequencer.group import Group
from offchain.sequencer.intake import take
from offchain.sequencer.intake_orders import OPEN_ORDERS_MAX
from tests.sequencer.test_intake_orders import refused
from tests.sequencer.world import (
    ALICE,
    BASE,
    BOB,
    BUY,
    CAROL,
    LIFETIME_S,
    MARKET,
    NOW_US,
    QUOTE,
    SELL,
    Desk,
    cancel,
    floor,
    order,
)

OTHER_MARKET = ListMarket(2, "USDC-QTRA", QUOTE, BASE, 1_000_000, 1, 0, 10**9, 10**9, 1, 0)
IMMEDIATE = OrderInstructions(TimeInForce.IOC).flags
STOP = OrderInstructions(order_type=OrderType.STOP_LIMIT).flags
CANCEL_BOTH = OrderInstructions(self_trade_prevention=SelfTradePrevention.CANCEL_BOTH).flags


@pytest.fixture
def desk() -> Desk:
    return Desk(ALICE, BOB)


def replaced_by(new: PlaceOrder, client_order_id: str) -> ReplaceOrder:
    return ReplaceOrder(new, client_order_id)


def test_an_amendment_takes_lots_away_and_keeps_the_place(desk):
    first = desk.take(order(ALICE, "a", quantity=10))
    desk.take(order(ALICE, "b", quantity=10, lane=2))
    receipt = desk.take(AmendOrder(ALICE, 4, "a"))
    (event,) = receipt.events
    assert (event.kind, event.order_id, event.quantity, event.remaining) == (EventKind.AMENDED, first.sequence, 6, 4)
    sold = desk.take(order(BOB, "c", SELL, quantity=5))
    assert [event.counter_remaining for event in sold.events[1:]] == [0, 9]


def test_an_order_is_amended_by_either_id(desk):
    first = desk.take(order(ALICE, "a"))
    desk.take(AmendOrder(ALICE, 4, order_id=first.sequence))
    assert desk.machine.engine.order(first.sequence)[4] == 4


def test_the_same_amendment_again_is_answered_without_a_command(desk):
    first = desk.take(order(ALICE, "a", quantity=10))
    desk.take(AmendOrder(ALICE, 4, "a"))
    before = desk.machine.sequence
    again = desk.take(AmendOrder(ALICE, 4, "a"))
    assert (again.sequence, again.repeated, desk.machine.sequence) == (first.sequence, True, before)


@pytest.mark.parametrize("quantity", [0, -1, 11, 2**63, 2**200])
def test_an_amendment_can_only_take_away_and_is_told_what_is_left(desk, quantity):
    first = desk.take(order(ALICE, "a", quantity=10))
    match = rf"Order {first.sequence} has 0.1 QTRA \(10 lots\) left.*not to {quantity}"
    refused(desk, AmendOrder(ALICE, quantity, "a"), BadQuantity, match)


def test_an_amendment_needs_an_open_order_of_ones_own(desk):
    first = desk.take(order(ALICE, "a"))
    refused(desk, AmendOrder(BOB, 4, "a"), NotFound, "no order")
    refused(desk, AmendOrder(BOB, 4, order_id=first.sequence), NotFound, f"no order {first.sequence}")
    refused(desk, AmendOrder(ALICE, 4), InvalidRequest, "Neither")
    desk.take(cancel(ALICE, "a"))
    refused(desk, AmendOrder(ALICE, 4, "a"), OrderNotOpen, "no longer open")


def test_a_replacement_takes_the_place_in_one_command_and_may_use_the_lane(desk):
    first = desk.take(order(ALICE, "a", lane=7))
    receipt = desk.take(replaced_by(order(ALICE, "b", price=101, lane=7, seq=2), "a"))
    assert desk.kinds[-1] == CommandKind.REPLACE
    assert [(event.kind, event.order_id, event.reason) for event in receipt.events] == [
        (EventKind.CANCELLED, first.sequence, CancelReason.REPLACED),
        (EventKind.ACCEPTED, receipt.sequence, 0),
    ]
    assert list(desk.machine.registry.live) == [receipt.sequence]
    refused(desk, order(ALICE, "c", lane=7, seq=3), LaneBusy, f"order {receipt.sequence}")


def test_a_replacement_may_use_another_lane_and_the_old_one_is_free(desk):
    first = desk.take(order(ALICE, "a", lane=7))
    desk.take(ReplaceOrder(order(ALICE, "b", lane=8), order_id=first.sequence))
    desk.take(order(ALICE, "c", lane=7, seq=2))
    assert len(desk.machine.registry.busy) == 2


def test_the_same_replacement_again_returns_the_first_receipt_even_when_both_are_gone(desk):
    desk.take(order(ALICE, "a"))
    intent = replaced_by(order(ALICE, "b", lane=2), "a")
    first = desk.take(intent)
    for _ in range(2):
        again = desk.take(intent)
        assert (again.sequence, again.repeated) == (first.sequence, True)
        if desk.machine.registry.live:
            desk.take(cancel(ALICE, "b"))


def test_what_a_replacement_replaces_is_part_of_what_its_client_order_id_names(desk):
    desk.take(order(ALICE, "a"))
    desk.take(order(ALICE, "other", lane=3))
    desk.take(replaced_by(order(ALICE, "b", lane=2), "a"))
    refused(desk, order(ALICE, "b", lane=2), ClientOrderIdReused, "other content")
    refused(desk, replaced_by(order(ALICE, "b", lane=2), "other"), ClientOrderIdReused, "other content")


def test_a_replacement_needs_an_open_order_of_the_same_market_and_side(desk):
    desk.take(OTHER_MARKET)
    first = desk.take(order(ALICE, "a"))
    refused(desk, replaced_by(order(ALICE, "b", SELL, lane=2), "a"), BadReplacement, "BUY on QTRA-USDC")
    refused(desk, replaced_by(order(ALICE, "b", market=2), "a"), BadReplacement, "BUY on USDC-QTRA")
    refused(desk, replaced_by(order(ALICE, "b", lane=2), "none"), NotFound, "no order")
    refused(desk, ReplaceOrder(order(BOB, "b"), order_id=first.sequence), NotFound, f"no order {first.sequence}")
    refused(desk, ReplaceOrder(order(ALICE, "b", lane=2)), InvalidRequest, "Neither")
    desk.take(cancel(ALICE, "a"))
    refused(desk, replaced_by(order(ALICE, "b", lane=2), "a"), OrderNotOpen, "no longer open")


def test_lanes_seqs_and_floors_bind_a_replacement_too(desk):
    desk.take(order(ALICE, "a", lane=7, seq=5))
    desk.take(order(ALICE, "other", lane=8, seq=5))
    refused(desk, replaced_by(order(ALICE, "b", lane=8, seq=6), "a"), LaneBusy, "occupied")
    refused(desk, replaced_by(order(ALICE, "b", lane=7, seq=5), "a"), SeqTooLow, "highest")
    desk.take(floor(50, ALICE, 4))
    refused(desk, replaced_by(order(ALICE, "b", lane=9, seq=4), "a"), SeqTooLow, "floor")


def test_what_the_old_order_holds_pays_for_the_new_one(desk):
    desk.take(order(ALICE, "a", BUY, 1_000, 9 * 10**8))
    refused(desk, order(ALICE, "b", BUY, 1_000, 9 * 10**8, lane=2), InsufficientBalance, "is available.$|available\\.")
    desk.take(replaced_by(order(ALICE, "b", BUY, 1_000, 9 * 10**8, lane=2), "a"))
    match = "beside what order [0-9]+ holds"
    refused(desk, replaced_by(order(ALICE, "c", BUY, 2_000, 9 * 10**8, lane=3), "b"), InsufficientBalance, match)


def test_a_replacement_that_would_meet_its_own_account_leaves_both_orders(desk):
    desk.take(order(ALICE, "a", BUY, 100))
    desk.take(order(ALICE, "s", SELL, 105, lane=2))
    crossing = order(ALICE, "b", BUY, 105, lane=3, flags=CANCEL_BOTH)
    refused(desk, replaced_by(crossing, "a"), WouldSelfTrade, "meet another order of the account")
    assert len(desk.machine.registry.live) == 2


def test_an_armed_stop_can_be_amended_and_replaced(desk):
    desk.take(order(ALICE, "a", flags=STOP, trigger=200))
    desk.take(AmendOrder(ALICE, 4, "a"))
    receipt = desk.take(replaced_by(order(ALICE, "b", flags=STOP, trigger=300, seq=2), "a"))
    assert list(desk.machine.registry.live) == [receipt.sequence]


def test_while_orders_are_held_replacements_wait_and_amendments_go_on(desk):
    desk.take(order(ALICE, "a"))
    group = Group(desk.machine, NOW_US, LIFETIME_S, held="settlement is late")
    with pytest.raises(ServiceUnavailable, match="settlement is late"):
        take(group, replaced_by(order(ALICE, "b", lane=2), "a"))
    assert not take(group, AmendOrder(ALICE, 4, "a")).repeated


def test_all_orders_of_one_market_are_cancelled_at_once(desk):
    desk.take(OTHER_MARKET)
    desk.take(order(ALICE, "a"))
    desk.take(order(ALICE, "stop", flags=STOP, trigger=200, lane=2))
    kept = desk.take(order(ALICE, "b", market=2))
    assert len(desk.take(CancelAllOrders(ALICE, market=MARKET)).events) == 2
    assert list(desk.machine.registry.live) == [kept.sequence]
    refused(desk, CancelAllOrders(ALICE, market=9), UnknownMarket, "no market 9")
    assert desk.take(CancelAllOrders(CAROL if CAROL in desk.machine.registry.accounts else BOB)).events


def test_no_account_has_so_many_open_orders_that_looking_past_them_holds_up_others(desk):
    for lane in range(1, OPEN_ORDERS_MAX):
        desk.take(order(ALICE, str(lane), quantity=1, lane=lane))
    desk.take(order(ALICE, "stop", quantity=1, lane=OPEN_ORDERS_MAX, flags=STOP, trigger=200))
    more = order(ALICE, "more", quantity=1, lane=OPEN_ORDERS_MAX + 1)
    refused(desk, more, TooManyOrders, f"has {OPEN_ORDERS_MAX} open orders.*no account may have more")
    refused(desk, order(ALICE, "armed", lane=OPEN_ORDERS_MAX + 1, flags=STOP, trigger=200), TooManyOrders, "open")
    desk.take(order(ALICE, "now", quantity=1, lane=0, flags=IMMEDIATE))
    desk.take(order(BOB, "a", quantity=1))
    desk.take(replaced_by(more, "1"))
    desk.take(cancel(ALICE, "2"))
    desk.take(order(ALICE, "room", quantity=1, lane=2, seq=2))


def test_an_amendment_does_not_leave_less_than_an_order_may_be_worth(desk):
    desk.take(SetMarketLimits(MARKET, 10**9, 10**9, 1, 500))
    desk.take(order(ALICE, "a", quantity=10))
    refused(
        desk, AmendOrder(ALICE, 4, "a"), NotionalTooSmall, "would be worth 0.0004 USDC; QTRA-USDC takes 0.0005 and more"
    )
    desk.take(AmendOrder(ALICE, 5, "a"))
    assert desk.take(AmendOrder(ALICE, 5, "a")).repeated
