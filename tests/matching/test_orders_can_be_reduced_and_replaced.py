"""AMEND keeps the place, REPLACE takes a new one; neither ever destroys the order it is about."""

import pytest

from offchain.core.commands import (
    CancelReason,
    CommandKind,
    OrderType,
    PostOnly,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from offchain.core.events import Event, EventKind, RejectReason
from tests.matching.desk import BUY, LOT, RICH, SELL, Desk, fills

K, E, R, STP = CommandKind, EventKind, RejectReason, SelfTradePrevention
NEW = {"account": 1, "market": 1, "side": BUY, "price": 100, "quantity": 5, "taker_fee_ppm": 5_000}


def replace(desk: Desk, old: int, **fields: int) -> list[Event]:
    return desk.take(K.REPLACE, order_id=old, **NEW | fields)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_reduced_order_keeps_its_place_and_gives_back_what_it_no_longer_needs(desk: Desk, side: Side) -> None:
    first, second = desk.rest(1, side, 100, 10), desk.rest(2, side, 100, 10)
    held = desk.engine.balance(1, 2 - side)[1]

    (event,) = desk.take(K.AMEND, account=1, order_id=first, quantity=4)

    assert (event.kind, event.order_id, event.account, event.market, event.side) == (E.AMENDED, first, 1, 1, side)
    assert (event.price, event.quantity, event.remaining, event.reason) == (100, 6, 4, 0)
    assert (event.asset, held - event.amount) == (2 - side, desk.engine.balance(1, 2 - side)[1])
    assert desk.engine.depth(1, side, 5) == [(100, 14, 2)]
    assert [(fill.counter_order_id, fill.quantity) for fill in fills(desk.place(3, 1 - side, 100, 5))] == [
        (first, 4),
        (second, 1),
    ]


def test_a_partly_filled_order_is_reduced_to_what_is_to_remain(desk: Desk) -> None:
    order = desk.rest(1, SELL, 100, 10)
    desk.place(2, BUY, 100, 4)

    (event,) = desk.take(K.AMEND, account=1, order_id=order, quantity=5)

    assert (event.quantity, event.remaining, event.amount) == (1, 5, LOT)
    assert desk.engine.balance(1, 1)[1] == 5 * LOT


def test_an_order_is_reduced_by_its_owner_and_to_fewer_lots_only(desk: Desk) -> None:
    order = desk.rest(1, SELL, 100, 10)
    desk.take(K.SET_MARKET_LIMITS, market=1, price=10**9, quantity=10**6, counter_amount=3)

    assert desk.refusal(K.AMEND, account=5, order_id=order, quantity=5) == R.UNKNOWN_ACCOUNT
    assert desk.refusal(K.AMEND, account=1, order_id=order + 1, quantity=5) == R.UNKNOWN_ORDER
    assert desk.refusal(K.AMEND, account=2, order_id=order, quantity=5) == R.NOT_OWNER
    for lots in (10, 11, 2, 0, -1, 2**63 - 1, -(2**63)):
        assert desk.refusal(K.AMEND, account=1, order_id=order, quantity=lots) == R.BAD_QUANTITY
    desk.take(K.AMEND, account=1, order_id=order, quantity=3)


def test_a_replacement_takes_the_old_order_out_and_queues_behind(desk: Desk) -> None:
    old, other = desk.rest(1, BUY, 100, 5), desk.rest(2, BUY, 100, 5)

    cancelled, accepted = replace(desk, old, quantity=6)

    assert (cancelled.kind, cancelled.order_id, cancelled.reason) == (E.CANCELLED, old, CancelReason.REPLACED)
    assert (accepted.kind, accepted.order_id, accepted.quantity) == (E.ACCEPTED, desk.sequence, 6)
    assert desk.engine.order(old) is None
    assert [fill.counter_order_id for fill in fills(desk.place(3, SELL, 100, 6))] == [other, desk.sequence - 1]


def test_a_replacement_that_crosses_trades(desk: Desk) -> None:
    old = desk.rest(1, BUY, 100, 5)
    desk.rest(2, SELL, 102, 3)

    events = replace(desk, old, price=103)

    assert [event.kind for event in events] == [E.CANCELLED, E.ACCEPTED, E.FILLED]
    assert desk.engine.depth(1, BUY, 5) == [(103, 2, 1)]


def test_what_the_old_order_holds_is_there_for_the_new_one(desk: Desk) -> None:
    old = desk.rest(1, SELL, 100, 10)
    desk.take(K.WITHDRAW, account=1, asset=1, amount=RICH - 10 * LOT)

    too_much = NEW | {"side": SELL, "quantity": 11, "order_id": old}
    assert desk.refusal(K.REPLACE, **too_much) == R.INSUFFICIENT_BALANCE
    replace(desk, old, side=SELL, quantity=10)
    assert desk.engine.balance(1, 1) == (0, 10 * LOT)


def test_a_debt_is_paid_before_the_old_orders_funds_are_used_again(desk: Desk) -> None:
    old = desk.rest(1, SELL, 100, 10)
    unwound = {"account": 1, "counter_account": 2, "market": 1, "side": BUY, "price": 1}
    desk.take(K.UNWIND_FILL, quantity=(RICH - 10 * LOT) // LOT + 2, **unwound)
    assert desk.engine.balance(1, 1) == (-2 * LOT, 10 * LOT)

    fields = NEW | {"side": SELL, "order_id": old}
    assert desk.refusal(K.REPLACE, **fields | {"quantity": 9}) == R.INSUFFICIENT_BALANCE
    desk.take(K.REPLACE, **fields | {"quantity": 8})


def test_only_an_open_order_of_ones_own_on_that_side_of_that_market_can_be_replaced(desk: Desk) -> None:
    old = desk.rest(1, BUY, 100, 5)

    assert desk.refusal(K.REPLACE, **NEW | {"order_id": old + 1}) == R.UNKNOWN_ORDER
    assert desk.refusal(K.REPLACE, **NEW | {"order_id": old, "account": 2}) == R.NOT_OWNER
    assert desk.refusal(K.REPLACE, **NEW | {"order_id": old, "market": 2}) == R.BAD_REPLACEMENT
    assert desk.refusal(K.REPLACE, **NEW | {"order_id": old, "side": SELL}) == R.BAD_REPLACEMENT
    assert desk.refusal(K.REPLACE, **NEW | {"order_id": old, "side": 2}) == R.BAD_REPLACEMENT


def test_a_refused_replacement_leaves_the_old_order_in_its_place(desk: Desk) -> None:
    old, _ = desk.rest(1, BUY, 100, 5), desk.rest(2, BUY, 100, 5)
    desk.rest(2, SELL, 110, 5)

    crossing = {"price": 110, "post_only": PostOnly.REJECT}
    assert desk.refusal(K.REPLACE, **NEW | crossing | {"order_id": old}) == R.WOULD_CROSS
    assert desk.refusal(K.REPLACE, **NEW | {"price": 0, "order_id": old}) == R.BAD_PRICE

    assert fills(desk.place(3, SELL, 100, 1))[0].counter_order_id == old


@pytest.mark.parametrize("mode", [STP.CANCEL_INCOMING, STP.CANCEL_BOTH, STP.DECREMENT_AND_CANCEL])
def test_a_replacement_that_would_meet_its_owners_order_is_refused_and_destroys_nothing(desk: Desk, mode: int) -> None:
    old, own = desk.rest(1, BUY, 100, 5), desk.rest(1, SELL, 105, 5)
    desk.rest(2, SELL, 104, 2)
    fields = NEW | {"order_id": old, "price": 105, "self_trade_prevention": mode}

    assert desk.refusal(K.REPLACE, **fields | {"quantity": 3}) == R.WOULD_SELF_TRADE
    assert desk.engine.order(old) is not None
    assert desk.engine.order(own) is not None
    events = desk.take(K.REPLACE, **fields | {"quantity": 2})
    assert [event.kind for event in events] == [E.CANCELLED, E.ACCEPTED, E.FILLED]


def test_a_replacement_that_cancels_resting_orders_goes_through_its_owners(desk: Desk) -> None:
    old, own = desk.rest(1, BUY, 100, 5), desk.rest(1, SELL, 105, 5)

    events = replace(desk, old, price=105, self_trade_prevention=STP.CANCEL_RESTING)

    assert [event.kind for event in events] == [E.CANCELLED, E.ACCEPTED, E.PREVENTED, E.CANCELLED]
    assert desk.engine.order(own) is None
    assert desk.engine.depth(1, BUY, 5) == [(105, 5, 1)]


def test_a_replacement_may_be_of_any_kind(desk: Desk) -> None:
    old = desk.rest(1, BUY, 100, 5)
    events = replace(desk, old, price=110, order_type=OrderType.MARKET, time_in_force=TimeInForce.IOC)

    assert [event.kind for event in events] == [E.CANCELLED, E.ACCEPTED, E.CANCELLED]
    assert desk.engine.open_orders == 0
    assert desk.engine.balance(1, 2) == (RICH, 0)


def test_a_chain_of_replacements_keeps_one_order(desk: Desk) -> None:
    order = desk.rest(1, BUY, 100, 5)
    for price in range(101, 140):
        order = replace(desk, order, price=price)[1].order_id

    assert desk.engine.open_order_ids().tolist() == [order]
    assert desk.engine.depth(1, BUY, 5) == [(139, 5, 1)]
