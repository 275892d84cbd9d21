"""Stops: armed, fired by what trades, and gone like any other order."""

import pytest

from offchain.core.commands import CancelReason, CommandKind, OrderType, SelfTradePrevention, Side, TimeInForce
from offchain.core.events import Event, EventKind, RejectReason
from tests.matching.desk import BUY, RICH, SELL, Desk, fills

K, E, R, STP = CommandKind, EventKind, RejectReason, SelfTradePrevention
STOP_LIMIT, STOP_MARKET = OrderType.STOP_LIMIT, OrderType.STOP_MARKET
IOC, FOK = TimeInForce.IOC, TimeInForce.FOK


def arm(desk: Desk, account: int, side: int, trigger: int, price: int, lots: int, **options: int) -> int:
    """Arm a stop, limit and good until cancelled unless the options say otherwise; returns its id."""
    options = {"order_type": STOP_LIMIT} | options
    (event,) = desk.place(account, side, price, lots, counter_amount=trigger, **options)
    assert (event.kind, event.price) == (E.ACCEPTED, price)
    return event.order_id


def trade(desk: Desk, price: int, lots: int = 1) -> list[Event]:
    """A trade between accounts 3 and 4 at a price where nothing else rests; the events of the taking order."""
    desk.rest(3, SELL, price, lots)
    return desk.place(4, BUY, price, lots)


def fired(events: list[Event]) -> list[int]:
    return [event.order_id for event in events if event.kind == E.TRIGGERED]


def test_an_armed_stop_reserves_and_counts_but_is_not_in_the_book(desk: Desk) -> None:
    stop = arm(desk, 1, BUY, 120, 130, 5)

    assert desk.engine.depth(1, BUY, 5) == []
    assert desk.engine.open_orders == 1
    assert desk.engine.order(stop) == (1, 1, BUY, 130, 5)
    assert desk.engine.balance(1, 2)[1] == 130 * 5 + 4 + 5
    assert fills(desk.place(2, SELL, 100, 5)) == []


@pytest.mark.parametrize(("side", "before", "at"), [(BUY, 119, 120), (BUY, 119, 121), (SELL, 121, 120), (SELL, 121, 9)])
def test_a_stop_fires_when_its_trigger_trades_or_is_passed(desk: Desk, side: Side, before: int, at: int) -> None:
    stop = arm(desk, 1, side, 120, 120, 5)
    assert fired(trade(desk, before)) == []

    events = trade(desk, at)

    assert fired(events) == [stop]
    assert events[-1].kind == E.TRIGGERED
    assert desk.engine.order(stop) == (1, 1, side, 120, 5)
    assert desk.engine.depth(1, side, 5) == [(120, 5, 1)]


def test_a_triggered_event_says_what_begins_to_match(desk: Desk) -> None:
    arm(desk, 1, BUY, 120, 125, 5, tif=IOC)

    *_, event, cancelled = trade(desk, 120)

    assert (event.account, event.market, event.side, event.time_in_force) == (1, 1, BUY, IOC)
    assert (event.price, event.quantity, event.remaining, event.asset, event.amount) == (125, 5, 5, 2, 0)
    assert (cancelled.kind, cancelled.reason) == (E.CANCELLED, CancelReason.IOC_REMAINDER)
    assert (cancelled.order_id, cancelled.account) == (event.order_id, 1)
    assert desk.engine.balance(1, 2) == (RICH, 0)
    assert desk.engine.open_orders == 0


def test_a_stop_that_fires_takes_as_itself(desk: Desk) -> None:
    stop = arm(desk, 1, BUY, 120, 125, 5, tif=IOC, order_type=STOP_MARKET)
    maker = desk.rest(2, SELL, 122, 3)
    maker_behind = desk.rest(2, SELL, 126, 3)

    events = trade(desk, 120)

    (fill,) = [event for event in fills(events) if event.account == 1]
    assert (fill.order_id, fill.counter_order_id, fill.price, fill.quantity) == (stop, maker, 122, 3)
    assert (events[-1].kind, events[-1].reason, events[-1].quantity) == (E.CANCELLED, CancelReason.IOC_REMAINDER, 2)
    assert desk.engine.order(maker_behind) is not None
    assert desk.engine.last_price(1) == 122


def test_a_fill_whole_leaves_nothing_of_a_stop(desk: Desk) -> None:
    stop = arm(desk, 1, BUY, 120, 125, 5)
    desk.rest(2, SELL, 121, 5)
    trade(desk, 120)

    assert desk.engine.order(stop) is None
    assert desk.engine.open_orders == 0
    assert desk.engine.balance(1, 2)[1] == 0
    assert [event.kind for event in desk.take(K.CANCEL_ALL, account=1, reason=1)] == [E.NOTED]


def test_a_stop_fires_once(desk: Desk) -> None:
    stop = arm(desk, 1, SELL, 120, 150, 5)

    assert fired(trade(desk, 119)) == [stop]
    assert fired(trade(desk, 118)) == []


def test_buys_fire_lowest_trigger_first_then_oldest(desk: Desk) -> None:
    high, low, late = (arm(desk, 1, BUY, trigger, 110, 1) for trigger in (130, 120, 120))

    assert fired(trade(desk, 131)) == [low, late, high]


def test_sells_fire_highest_trigger_first_then_oldest(desk: Desk) -> None:
    low, high, late = (arm(desk, 1, SELL, trigger, 190, 1) for trigger in (120, 130, 130))

    assert fired(trade(desk, 110)) == [high, late, low]


def test_one_command_may_fire_both_sides_and_buys_go_first_each_time(desk: Desk) -> None:
    sell = arm(desk, 1, SELL, 100, 190, 1)
    buy = arm(desk, 2, BUY, 110, 50, 1)
    later = arm(desk, 2, BUY, 105, 50, 1)
    for price in (100, 105, 110):
        desk.rest(3, SELL, price, 1)

    assert fired(desk.place(4, BUY, 110, 3)) == [later, buy, sell]


def test_what_a_stop_trades_at_fires_others(desk: Desk) -> None:
    """A chain: the price of one stop's fill is the next one's trigger, whichever the side."""
    first = arm(desk, 1, BUY, 120, 140, 1, order_type=STOP_MARKET, tif=IOC)
    second = arm(desk, 1, BUY, 130, 140, 1, order_type=STOP_MARKET, tif=IOC)
    third = arm(desk, 2, SELL, 119, 1, 1, order_type=STOP_MARKET, tif=IOC)
    desk.rest(3, SELL, 130, 1)
    desk.rest(3, SELL, 140, 1)
    desk.rest(4, BUY, 60, 1)

    events = trade(desk, 120)

    assert fired(events) == [first, second]
    assert desk.engine.last_price(1) == 140
    assert fired(trade(desk, 119)) == [third]
    assert desk.engine.last_price(1) == 60


def test_a_remainder_rests_behind_what_was_there(desk: Desk) -> None:
    stop = arm(desk, 1, BUY, 120, 110, 5)
    ahead = desk.rest(2, BUY, 110, 1)

    trade(desk, 120)

    assert [event.counter_order_id for event in fills(desk.place(3, SELL, 110, 3))] == [ahead, stop]
    assert desk.engine.order(stop) == (1, 1, BUY, 110, 3)


def test_a_mass_cancel_after_a_trigger_is_in_the_order_of_ids(desk: Desk) -> None:
    stop = arm(desk, 1, BUY, 120, 110, 5)
    armed = arm(desk, 1, SELL, 90, 80, 5)
    resting = desk.rest(1, BUY, 60, 5)
    trade(desk, 120)

    events = desk.take(K.CANCEL_ALL, account=1, reason=CancelReason.USER)

    assert [event.order_id for event in events] == [stop, armed, resting]
    assert desk.engine.open_orders == 0


def test_a_stop_that_must_fill_whole_looks_first(desk: Desk) -> None:
    stop = arm(desk, 1, BUY, 120, 125, 5, tif=FOK)
    maker = desk.rest(2, SELL, 122, 4)

    *_, triggered, cancelled = trade(desk, 120)

    assert (triggered.kind, cancelled.kind, cancelled.order_id) == (E.TRIGGERED, E.CANCELLED, stop)
    assert (cancelled.reason, cancelled.quantity) == (CancelReason.FOK_KILLED, 5)
    assert desk.engine.order(maker) == (2, 1, SELL, 122, 4)


def test_a_stop_that_fires_prevents_self_trades(desk: Desk) -> None:
    stop = arm(desk, 1, BUY, 120, 125, 5, self_trade_prevention=STP.CANCEL_INCOMING)
    own = desk.rest(1, SELL, 122, 4)

    *_, prevented, cancelled = trade(desk, 120)

    assert (prevented.kind, prevented.order_id, prevented.counter_order_id) == (E.PREVENTED, stop, own)
    assert (cancelled.kind, cancelled.order_id, cancelled.reason) == (E.CANCELLED, stop, CancelReason.SELF_TRADE)
    assert desk.engine.order(own) is not None
    assert desk.engine.open_orders == 1


def test_an_untriggered_stop_can_be_cancelled_reduced_and_replaced(desk: Desk) -> None:
    first, second = (arm(desk, 1, BUY, 120, 125, 5) for _ in range(2))
    assert desk.cancel(1, first).quantity == 5

    (amended,) = desk.take(K.AMEND, account=1, order_id=second, quantity=2)
    assert (amended.kind, amended.quantity, amended.remaining, amended.price) == (E.AMENDED, 3, 2, 125)
    assert desk.engine.balance(1, 2)[1] == 125 * 2 + 2 + 2

    fields = {"account": 1, "market": 1, "side": BUY, "price": 140, "quantity": 1, "taker_fee_ppm": 5_000}
    cancelled, accepted = desk.take(
        K.REPLACE, order_id=second, order_type=STOP_LIMIT, counter_amount=131, self_trade_prevention=3, **fields
    )
    assert (cancelled.reason, accepted.price) == (CancelReason.REPLACED, 140)
    assert fired(trade(desk, 130)) == []
    assert fired(trade(desk, 131)) == [accepted.order_id]


def test_a_stop_whose_trigger_has_traded_is_refused(desk: Desk) -> None:
    trade(desk, 100)
    fields = {"account": 1, "market": 1, "price": 100, "quantity": 1, "taker_fee_ppm": 5_000, "order_type": STOP_LIMIT}

    for side, trigger in ((BUY, 100), (BUY, 99), (SELL, 100), (SELL, 101)):
        assert desk.refusal(K.PLACE, side=side, counter_amount=trigger, **fields) == R.WOULD_TRIGGER
    for side, trigger in ((BUY, 101), (SELL, 99)):
        desk.take(K.PLACE, side=side, counter_amount=trigger, **fields)


def test_a_stop_of_an_account_that_exits_goes(desk: Desk) -> None:
    stop = arm(desk, 1, BUY, 120, 125, 5)

    (event,) = desk.take(K.CHAIN_EXIT_REQUESTED, account=1, asset=2)

    assert (event.order_id, event.reason) == (stop, CancelReason.EXIT)
    assert fired(trade(desk, 120)) == []


def test_a_stop_pays_its_cap_if_fees_rose_since(desk: Desk) -> None:
    arm(desk, 1, BUY, 120, 125, 1, cap=2_500)
    desk.take(K.SET_FEES, account=1, maker_fee_ppm=5_000, taker_fee_ppm=5_000)
    desk.rest(2, SELL, 121, 1)

    fill = fills(trade(desk, 120))[-1]

    assert (fill.account, fill.fee) == (1, 1)
    assert desk.engine.balance(1, 2) == (RICH - 121 - 1, 0)


def test_stops_of_other_markets_do_not_fire(desk: Desk) -> None:
    arm(desk, 1, BUY, 120, 125, 1, market=2)

    assert fired(trade(desk, 130)) == []


def test_a_replacement_fires_stops_too(desk: Desk) -> None:
    stop = arm(desk, 1, BUY, 120, 60, 1)
    desk.rest(3, SELL, 120, 1)
    old = desk.rest(4, BUY, 50, 1)

    events = desk.take(
        K.REPLACE, account=4, order_id=old, market=1, side=BUY, price=120, quantity=1, taker_fee_ppm=5_000
    )

    assert fired(events) == [stop]
