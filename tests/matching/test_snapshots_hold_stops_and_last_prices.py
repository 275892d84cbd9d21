"""What a restored engine must know to have the same future: armed stops with their instructions, and last prices."""

import pytest

from offchain.core.commands import CancelReason, CommandKind, OrderType, SelfTradePrevention, TimeInForce
from offchain.core.events import EventKind, RejectReason
from offchain.matching.engine import Engine
from tests.matching.desk import BUY, SELL, Desk

K, E = CommandKind, EventKind
STOP_LIMIT, STOP_MARKET = OrderType.STOP_LIMIT, OrderType.STOP_MARKET


@pytest.fixture
def busy(real_type: type[Engine]) -> Desk:
    """Stops of every kind in both stop books, two at one trigger, and one that fired and rests."""
    desk = Desk(real_type())
    desk.place(1, BUY, 95, 3, order_type=STOP_LIMIT, counter_amount=100)
    desk.rest(2, SELL, 100, 5)
    desk.place(3, BUY, 100, 1)
    for account, trigger, kind, life in ((1, 110, STOP_LIMIT, 0), (2, 110, STOP_MARKET, 1), (1, 105, STOP_MARKET, 2)):
        prevention = SelfTradePrevention.CANCEL_BOTH
        options = {"order_type": kind, "tif": life, "self_trade_prevention": prevention}
        desk.place(account, BUY, 130, 2, counter_amount=trigger, **options)
    desk.place(2, SELL, 80, 2, order_type=STOP_LIMIT, counter_amount=90)
    desk.place(2, SELL, 80, 2, order_type=STOP_LIMIT, tif=TimeInForce.FOK, counter_amount=85)
    desk.rest(1, SELL, 112, 1)
    desk.rest(4, SELL, 111, 1)
    return desk


def copy_of(desk: Desk, real_type: type[Engine]) -> Desk:
    copy = Desk(real_type.restore(desk.engine.snapshot()), opened=False)
    copy.sequence = desk.sequence
    assert copy.engine.state_hash() == desk.engine.state_hash()
    return copy


def test_a_restored_stop_fires_as_it_would_have(busy: Desk, real_type: type[Engine]) -> None:
    copy = copy_of(busy, real_type)

    for desk in (busy, copy):
        desk.rest(4, SELL, 104, 1)
        desk.rest(4, BUY, 88, 1)
    for side, price in ((BUY, 104), (BUY, 111), (SELL, 80), (SELL, 70)):
        events = busy.place(3, side, price, 3)
        assert copy.place(3, side, price, 3) == events
    assert {event.kind for event in events} <= set(E)
    assert busy.engine.open_orders < 8
    assert copy.engine.state_hash() == busy.engine.state_hash()


def test_a_restored_stop_can_be_cancelled_and_counts_as_open(busy: Desk, real_type: type[Engine]) -> None:
    copy = copy_of(busy, real_type)

    assert copy.engine.open_order_ids().tolist() == busy.engine.open_order_ids().tolist()
    for account in (1, 2):
        events = busy.take(K.CANCEL_ALL, account=account, reason=CancelReason.USER)
        assert copy.take(K.CANCEL_ALL, account=account, reason=CancelReason.USER) == events
        assert [event.order_id for event in events] == sorted(event.order_id for event in events)


def test_the_last_price_is_restored(busy: Desk, real_type: type[Engine]) -> None:
    copy = copy_of(busy, real_type)

    assert copy.engine.last_price(1) == 100
    fields = {"account": 3, "market": 1, "side": BUY, "price": 120, "quantity": 1, "taker_fee_ppm": 5_000}
    stop = {"order_type": STOP_LIMIT, "counter_amount": 100}
    assert copy.refusal(K.PLACE, **fields | stop) == RejectReason.WOULD_TRIGGER


def test_where_an_order_came_from_is_no_part_of_the_state(real_type: type[Engine]) -> None:
    """A stop that fired and rests is an order like any other; where its account's list has it follows from its id."""
    desk = Desk(real_type())
    stop = desk.place(1, BUY, 95, 3, order_type=STOP_LIMIT, counter_amount=100)[0].order_id
    later = desk.rest(1, BUY, 60, 1)
    desk.rest(2, SELL, 100, 1)
    desk.place(3, BUY, 100, 1)
    copy = copy_of(desk, real_type)

    events = copy.take(K.CANCEL_ALL, account=1, reason=CancelReason.USER)

    assert [event.order_id for event in events] == [stop, later]
