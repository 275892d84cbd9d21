import numpy as np
import pytest

from offchain.core.commands import CancelReason, CommandKind, OrderType
from offchain.core.events import EventKind, RejectReason
from offchain.core.money import UNITS_MAX
from tests.matching.desk import BUY, LOT, RICH, SELL, Desk, fills

K = CommandKind


def test_a_cancelled_order_gives_its_reservation_back_and_never_fills(desk: Desk) -> None:
    order_id = desk.rest(1, BUY, 100, 5)

    event = desk.cancel(1, order_id)

    assert (event.kind, event.order_id, event.quantity) == (EventKind.CANCELLED, order_id, 5)
    assert desk.engine.balance(1, 2) == (RICH, 0)
    assert fills(desk.place(2, SELL, 100, 5)) == []


def test_a_partly_filled_order_gives_back_what_is_left(desk: Desk) -> None:
    order_id = desk.rest(1, BUY, 100, 5)
    (fill,) = fills(desk.place(2, SELL, 100, 2))

    event = desk.cancel(1, order_id)

    assert event.quantity == 3
    assert desk.engine.balance(1, 2) == (RICH - 200 - fill.counter_fee, 0)


def test_an_order_cancels_from_the_middle_of_its_level(desk: Desk) -> None:
    first, middle, last = (desk.rest(1, SELL, 100, 1) for _ in range(3))
    desk.cancel(1, middle)

    events = fills(desk.place(2, BUY, 100, 3))

    assert [event.counter_order_id for event in events] == [first, last]


def test_an_order_is_cancelled_by_its_owner_only_and_once(desk: Desk) -> None:
    order_id = desk.rest(1, BUY, 100, 5)
    cancel = {"order_id": order_id, "reason": CancelReason.USER}

    assert desk.refusal(K.CANCEL, account=2, **cancel) == RejectReason.NOT_OWNER
    desk.take(K.CANCEL, account=1, **cancel)
    assert desk.refusal(K.CANCEL, account=1, **cancel) == RejectReason.UNKNOWN_ORDER


def test_cancel_all_takes_the_accounts_orders_oldest_first(desk: Desk) -> None:
    first = desk.rest(1, BUY, 100, 1)
    other = desk.rest(2, BUY, 100, 1)
    second = desk.rest(1, SELL, 200, 1, market=2)
    third = desk.rest(1, BUY, 90, 1)

    events = desk.take(K.CANCEL_ALL, account=1, reason=CancelReason.USER)

    assert [event.order_id for event in events] == [first, second, third]
    assert desk.engine.order(other) is not None
    assert desk.engine.open_orders == 1


def test_cancel_all_goes_by_age_whichever_orders_left_before(desk: Desk) -> None:
    ids = [desk.rest(1, BUY, 100 + number, 1) for number in range(9)]
    for left in (ids[6], ids[1], ids[4]):
        desk.cancel(1, left)
    ids += [desk.rest(1, BUY, 100, 1) for _ in range(5)]

    events = desk.take(K.CANCEL_ALL, account=1, reason=CancelReason.USER)

    assert [event.order_id for event in events] == [ids[place] for place in (0, 2, 3, 5, 7, 8, 9, 10, 11, 12, 13)]
    assert desk.engine.open_orders == 0


def test_accounts_that_grow_and_shrink_in_turns_keep_their_orders_apart(desk: Desk) -> None:
    own: dict[int, list[int]] = {account: [] for account in (1, 2, 3)}
    for _ in range(3):
        for account, ids in own.items():
            ids += [desk.rest(account, SELL, 1_000, 1) for _ in range(10)]
        for account, ids in own.items():
            for _ in range(6):
                desk.cancel(account, ids.pop(3))

    for account, ids in own.items():
        events = desk.take(K.CANCEL_ALL, account=account, reason=CancelReason.USER)
        assert [event.order_id for event in events] == ids


def test_cancel_all_of_an_asset_spares_markets_without_it(desk: Desk) -> None:
    desk.rest(1, BUY, 100, 1, market=1)
    kept = desk.rest(1, BUY, 100, 1, market=2)

    desk.take(K.CANCEL_ALL, account=1, asset=2, reason=CancelReason.USER)

    assert desk.engine.open_orders == 1
    assert desk.engine.order(kept) is not None


def test_a_mass_cancel_of_nothing_is_noted(desk: Desk) -> None:
    assert [event.kind for event in desk.take(K.CANCEL_ALL, account=1, reason=CancelReason.USER)] == [EventKind.NOTED]


def test_an_exit_cancels_the_accounts_orders_with_that_asset_and_takes_no_new_ones(desk: Desk) -> None:
    desk.rest(1, BUY, 100, 1)
    other = desk.rest(2, BUY, 100, 1)

    events = desk.take(K.CHAIN_EXIT_REQUESTED, account=1, asset=1)

    assert [(event.kind, event.reason) for event in events] == [(EventKind.CANCELLED, CancelReason.EXIT)]
    assert desk.engine.order(other) is not None
    for market, side in ((1, BUY), (1, SELL), (2, BUY), (2, SELL)):
        fields = {"account": 1, "market": market, "side": side, "price": 1, "quantity": 1, "taker_fee_ppm": 5_000}
        assert desk.refusal(K.PLACE, **fields) == RejectReason.ACCOUNT_EXITING
    desk.rest(2, SELL, 200, 1)


def test_an_exit_that_is_taken_back_lets_the_account_trade_again(desk: Desk) -> None:
    desk.take(K.CHAIN_EXIT_REQUESTED, account=1, asset=2)
    desk.rest(1, BUY, 100, 1, market=2)
    desk.take(K.CHAIN_EXIT_CANCELLED, account=1, asset=2)

    desk.rest(1, BUY, 100, 1, market=1)


def test_an_exit_that_is_done_takes_its_amount_and_ends(desk: Desk) -> None:
    desk.take(K.CHAIN_EXIT_REQUESTED, account=1, asset=1)

    (event,) = desk.take(K.CHAIN_EXITED, account=1, asset=1, amount=RICH)

    assert (event.kind, event.amount) == (EventKind.DEBITED, RICH)
    assert desk.engine.balance(1, 1) == (0, 0)
    desk.rest(1, BUY, 100, 1)


def test_an_exit_without_a_request_cancels_first_and_may_leave_a_debt(desk: Desk) -> None:
    desk.rest(1, SELL, 100, 3)

    cancelled, debited = desk.take(K.CHAIN_EXITED, account=1, asset=1, amount=RICH + 5)

    assert (cancelled.kind, debited.kind) == (EventKind.CANCELLED, EventKind.DEBITED)
    assert desk.engine.balance(1, 1) == (-5, 0)
    fields = {"account": 1, "market": 1, "side": SELL, "price": 1, "quantity": 1, "taker_fee_ppm": 5_000}
    assert desk.refusal(K.PLACE, **fields) == RejectReason.INSUFFICIENT_BALANCE
    desk.take(K.CHAIN_DEPOSIT, account=1, asset=1, amount=LOT + 5)
    desk.rest(1, SELL, 100, 1)


def test_a_debt_goes_to_the_last_unit_of_64_bits_and_no_further(desk: Desk) -> None:
    desk.take(K.CHAIN_EXITED, account=1, asset=1, amount=RICH)
    assert desk.refusal(K.CHAIN_EXITED, account=2, asset=1, amount=-1) == RejectReason.BAD_AMOUNT

    desk.take(K.CHAIN_EXITED, account=1, asset=1, amount=UNITS_MAX)

    assert desk.engine.balance(1, 1) == (-UNITS_MAX, 0)
    assert desk.refusal(K.CHAIN_EXITED, account=1, asset=1, amount=1) == RejectReason.OVERFLOW
    desk.take(K.CHAIN_DEPOSIT, account=1, asset=1, amount=1)
    desk.take(K.CHAIN_EXITED, account=1, asset=1, amount=1)


def test_an_exit_goes_on_while_its_account_gets_a_cap(desk: Desk) -> None:
    desk.take(K.CHAIN_EXIT_REQUESTED, account=1, asset=1)
    desk.take(K.SET_POSITION_CAP, account=1, asset=1, amount=5)

    fields = {"account": 1, "market": 1, "side": SELL, "price": 1, "quantity": 1, "taker_fee_ppm": 5_000}
    assert desk.refusal(K.PLACE, **fields) == RejectReason.ACCOUNT_EXITING
    desk.take(K.CHAIN_EXIT_CANCELLED, account=1, asset=1)
    assert desk.engine.position_cap(1, 1) == 5
    desk.take(K.PLACE, **fields)


def test_an_exit_of_nothing_is_noted(desk: Desk) -> None:
    assert [event.kind for event in desk.take(K.CHAIN_EXITED, account=1, asset=1)] == [EventKind.NOTED]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (K.CHAIN_WITHDRAWN, {"account": 1, "asset": 1, "amount": 5}),
        (K.CHAIN_BATCH_SETTLED, {}),
        (K.CHAIN_CANCEL_FLOOR, {"account": 1, "asset": 1}),
        (K.CHAIN_EXIT_REQUESTED, {"account": 0, "asset": 3}),
        (K.CHAIN_EXIT_CANCELLED, {"account": 1, "asset": 1}),
        (K.SIGN_LADDER, {"account": 1, "market": 1}),
        (K.RENEW_AUTHORIZATION, {"account": 1}),
        (K.CHAIN_SESSION_SET, {"account": 1, "market": 1, "counter_account": 2**32 - 1}),
        (K.CHAIN_SESSION_REVOKED, {"account": 1, "market": 1, "counter_account": 1}),
    ],
)
def test_a_fact_that_moves_nothing_is_noted(desk: Desk, kind: CommandKind, fields: dict[str, int]) -> None:
    before = desk.engine.balances()

    assert [event.kind for event in desk.take(kind, **fields)] == [EventKind.NOTED]
    assert desk.engine.balances() == before


def test_cancel_all_of_a_market_spares_the_others(desk: Desk) -> None:
    ids = [desk.rest(1, BUY, price, 1, market=market) for price, market in ((90, 1), (100, 2), (95, 1))]
    stop = desk.place(1, SELL, 50, 1, order_type=OrderType.STOP_LIMIT, counter_amount=60)[0].order_id

    events = desk.take(K.CANCEL_ALL, account=1, market=1, reason=CancelReason.USER)

    assert [event.order_id for event in events] == [ids[0], ids[2], stop]
    assert desk.engine.open_order_ids().tolist() == [ids[1]]
    assert [event.kind for event in desk.take(K.CANCEL_ALL, account=1, market=2, asset=2, reason=1)] == [
        EventKind.NOTED
    ]
    assert desk.refusal(K.CANCEL_ALL, account=1, market=3, asset=9, reason=1) == RejectReason.UNKNOWN_MARKET
    assert desk.refusal(K.CANCEL_ALL, account=1, market=2, asset=9, reason=1) == RejectReason.UNKNOWN_ASSET


def test_the_ids_of_all_open_orders_are_told_in_ascending_order(desk: Desk) -> None:
    assert desk.engine.open_order_ids().tolist() == []
    ids = [desk.rest(account, SELL, 1_000 - account, 1) for account in (3, 1, 4, 2) for _ in range(40)]
    armed = desk.place(2, BUY, 2_000, 1, order_type=OrderType.STOP_LIMIT, counter_amount=2_000)[0].order_id
    for order_id in ids[::3]:
        desk.cancel(desk.engine.order(order_id)[0], order_id)
    late = desk.rest(1, SELL, 5_000, 1)

    found = desk.engine.open_order_ids()

    assert found.dtype == np.uint64
    assert found.tolist() == sorted({*ids} - {*ids[::3]} | {armed, late})
