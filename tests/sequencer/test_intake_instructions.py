"""Orders of every kind: what their flags say is what the engine is told, and who is refused learns the figures."""

import pytest

from offchain.core.commands import (
    OrderInstructions,
    OrderType,
    PostOnly,
    SelfTradePrevention,
    TimeInForce,
)
from offchain.core.errors import (
    BadBudget,
    BadTrigger,
    ClientOrderIdReused,
    UnsupportedOrder,
    WouldCross,
    WouldTrigger,
)
from offchain.core.events import EventKind
from offchain.core.intents import AmendOrder, ReplaceOrder
from offchain.sequencer.snapshot import snapshot_paths
from tests.sequencer.faults import FaultyDisk
from tests.sequencer.test_intake_orders import refused
from tests.sequencer.world import ALICE, BOB, BUY, IOC, SELL, Desk, cancel, opened, order, started


@pytest.fixture
def desk() -> Desk:
    return Desk(ALICE, BOB)


def flags(
    time_in_force: TimeInForce = TimeInForce.GTC,
    order_type: OrderType = OrderType.LIMIT,
    post_only: PostOnly = PostOnly.NO,
    prevention: SelfTradePrevention = SelfTradePrevention.NONE,
) -> int:
    return OrderInstructions(time_in_force, order_type, post_only, prevention).flags


STOP = flags(order_type=OrderType.STOP_LIMIT)
BUDGET = flags(TimeInForce.FOK_BUDGET)


def trade_at(desk: Desk, price: int) -> None:
    """Give the market a last price."""
    desk.take(order(BOB, "maker", SELL, price, 1, lane=60_000))
    desk.take(order(ALICE, "taker", BUY, price, 1, lane=60_000, tif=IOC))


@pytest.mark.parametrize("prevention", list(SelfTradePrevention))
@pytest.mark.parametrize(
    ("time_in_force", "order_type", "post_only", "trigger", "budget"),
    [
        (TimeInForce.GTC, OrderType.LIMIT, PostOnly.SLIDE, 0, 0),
        (TimeInForce.FOK, OrderType.MARKET, PostOnly.NO, 0, 0),
        (TimeInForce.FOK_BUDGET, OrderType.MARKET, PostOnly.NO, 0, 1_000),
        (TimeInForce.GTC, OrderType.STOP_LIMIT, PostOnly.NO, 90, 0),
        (TimeInForce.IOC, OrderType.STOP_MARKET, PostOnly.NO, 90, 0),
    ],
)
def test_the_signed_flags_become_the_fields_of_the_command(
    desk, time_in_force, order_type, post_only, prevention, trigger, budget
):
    signed = flags(time_in_force, order_type, post_only, prevention)
    desk.take(order(ALICE, "x", flags=signed, trigger=trigger, budget=budget))
    command = desk.group.logged[-1].command
    told = (command.time_in_force, command.order_type, command.post_only, command.self_trade_prevention)
    assert told == (time_in_force, order_type, post_only, prevention)
    assert (command.counter_amount, command.amount) == (trigger, budget)


@pytest.mark.parametrize(
    ("signed", "match"),
    [
        (4, "time in force"),
        (flags(order_type=OrderType.MARKET), "time in force"),
        (flags(order_type=OrderType.STOP_MARKET), "time in force"),
        (flags(TimeInForce.FOK_BUDGET, OrderType.STOP_LIMIT), "time in force"),
        (3 << 5, "post-only"),
        (flags(TimeInForce.IOC, post_only=PostOnly.REJECT), "post-only"),
        (flags(order_type=OrderType.STOP_LIMIT, post_only=PostOnly.SLIDE), "post-only"),
        (5 << 7, "self-trade prevention"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(desk, signed, match):
    refused(desk, order(ALICE, "x", flags=signed, trigger=90), UnsupportedOrder, match)


@pytest.mark.parametrize("trigger", [0, -1, 10**9 + 1, 2**63, 2**200])
def test_a_stop_needs_a_trigger_price_within_the_market(desk, trigger):
    refused(desk, order(ALICE, "x", flags=STOP, trigger=trigger), BadTrigger, f"{trigger} ticks is not above 0")


def test_an_order_that_is_no_stop_has_no_trigger_price(desk):
    refused(desk, order(ALICE, "x", trigger=90), BadTrigger, "LIMIT order has no trigger price")


@pytest.mark.parametrize(
    ("signed", "budget"), [(BUDGET, 0), (BUDGET, -1), (BUDGET, 2**62 + 1), (BUDGET, 2**200), (0, 5)]
)
def test_a_budget_goes_with_fok_budget_only(desk, signed, budget):
    refused(desk, order(ALICE, "x", flags=signed, budget=budget), BadBudget, f"budget of {budget} units of USDC")


def test_a_post_only_order_that_would_match_is_refused_with_the_other_side(desk):
    desk.take(order(BOB, "b", SELL, price=105))
    refused(desk, order(ALICE, "x", price=106, flags=flags(post_only=PostOnly.REJECT)), WouldCross, "begins at 0.0105")
    receipt = desk.take(order(ALICE, "x", price=106, flags=flags(post_only=PostOnly.SLIDE)))
    assert receipt.events[0].price == 104


def test_a_stop_whose_price_is_reached_already_is_refused_with_the_last_price(desk):
    trade_at(desk, 100)
    for side, trigger in ((BUY, 100), (SELL, 100), (BUY, 99), (SELL, 101)):
        refused(desk, order(ALICE, "x", side, flags=STOP, trigger=trigger), WouldTrigger, "last price .* is 0.01,")
    desk.take(order(ALICE, "x", BUY, flags=STOP, trigger=101))


def test_an_armed_stop_is_open_and_can_be_cancelled(desk):
    receipt = desk.take(order(ALICE, "x", flags=STOP, trigger=90))
    assert [event.kind for event in receipt.events] == [EventKind.ACCEPTED]
    assert receipt.sequence in desk.machine.registry.live
    desk.take(cancel(ALICE, "x"))
    assert desk.machine.registry.live == {}


def test_a_triggered_stop_that_fills_gives_its_lane_back(desk):
    desk.take(order(BOB, "b", SELL, price=100, quantity=30))
    desk.take(order(ALICE, "stop", BUY, price=100, flags=STOP, trigger=100, lane=7))
    receipt = desk.take(order(ALICE, "taker", BUY, price=100, quantity=1, lane=0, tif=IOC))
    assert EventKind.TRIGGERED in [event.kind for event in receipt.events]
    desk.take(order(ALICE, "next", lane=7, seq=2, price=50))


def test_trigger_price_and_budget_are_part_of_what_a_client_order_id_names(desk):
    first = desk.take(order(ALICE, "stop", flags=STOP, trigger=90))
    assert desk.take(order(ALICE, "stop", flags=STOP, trigger=90)).sequence == first.sequence
    refused(desk, order(ALICE, "stop", flags=STOP, trigger=91), ClientOrderIdReused, f"order {first.sequence}")
    desk.take(order(ALICE, "budget", flags=BUDGET, budget=5, lane=2))
    refused(desk, order(ALICE, "budget", flags=BUDGET, budget=6, lane=2), ClientOrderIdReused, "other content")


@pytest.mark.parametrize("has_snapshot", [True, False])
async def test_stops_slid_and_replaced_orders_survive_a_restart(tmp_path, has_snapshot):
    sequencer = await started(tmp_path, FaultyDisk())
    await sequencer.submit(order(BOB, "ask", SELL, price=105, quantity=50))
    stop = await sequencer.submit(order(ALICE, "stop", price=105, flags=STOP, trigger=105))
    await sequencer.submit(order(ALICE, "slid", price=110, flags=flags(post_only=PostOnly.SLIDE), lane=2))
    await sequencer.submit(order(ALICE, "old", price=90, lane=3))
    await sequencer.submit(ReplaceOrder(order(ALICE, "new", price=91, lane=3, seq=2), "old"))
    await sequencer.submit(AmendOrder(ALICE, 4, "new"))
    expected, live = sequencer.engine.state_hash(), dict(sequencer._machine.registry.live)
    await sequencer.stop()
    if not has_snapshot:
        for path in snapshot_paths(tmp_path):
            path.unlink()
    again = await opened(tmp_path)
    assert again.engine.state_hash() == expected
    assert again._machine.registry.live == live
    repeated = await again.submit(ReplaceOrder(order(ALICE, "new", price=91, lane=3, seq=2), "old"))
    assert repeated.repeated
    taken = await again.submit(order(ALICE, "taker", price=105, quantity=1, lane=0, tif=IOC))
    triggered = [event.order_id for event in taken.events if event.kind == EventKind.TRIGGERED]
    assert triggered == [stop.sequence]
    await again.stop()
