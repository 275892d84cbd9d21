import pytest

from offchain.core.commands import Side, TimeInForce
from offchain.core.events import EventKind
from tests.matching.desk import BUY, SELL, Desk, fills


def test_an_order_that_does_not_cross_rests_whole(desk: Desk) -> None:
    bid, ask = desk.rest(1, BUY, 100, 5), desk.rest(2, SELL, 101, 7)

    assert (desk.engine.best_price(1, BUY), desk.engine.best_price(1, SELL)) == (100, 101)
    assert desk.engine.depth(1, BUY, 10) == [(100, 5, 1)]
    assert desk.engine.depth(1, SELL, 10) == [(101, 7, 1)]
    assert desk.engine.order(bid) == (1, 1, BUY, 100, 5)
    assert desk.engine.order(ask) == (2, 1, SELL, 101, 7)


@pytest.mark.parametrize(("side", "best", "worse", "limit"), [(SELL, 100, 101, 105), (BUY, 101, 100, 95)])
def test_the_best_price_fills_first_and_at_its_own_price(
    desk: Desk, side: Side, best: int, worse: int, limit: int
) -> None:
    late = desk.rest(1, side, worse, 3)
    early = desk.rest(2, side, best, 3)

    events = fills(desk.place(3, 1 - side, limit, 5))

    assert [(event.counter_order_id, event.price, event.quantity) for event in events] == [
        (early, best, 3),
        (late, worse, 2),
    ]


def test_at_one_price_the_oldest_order_fills_first(desk: Desk) -> None:
    first, second, third = (desk.rest(account, SELL, 100, 2) for account in (1, 2, 4))

    events = fills(desk.place(3, BUY, 100, 5))

    assert [(event.counter_order_id, event.quantity) for event in events] == [(first, 2), (second, 2), (third, 1)]
    assert [event.remaining for event in events] == [3, 1, 0]
    assert [event.counter_remaining for event in events] == [0, 0, 1]


def test_an_order_that_is_partly_filled_keeps_its_place(desk: Desk) -> None:
    first = desk.rest(1, SELL, 100, 5)
    desk.rest(2, SELL, 100, 5)
    desk.place(3, BUY, 100, 2)

    (event,) = fills(desk.place(3, BUY, 100, 1))

    assert event.counter_order_id == first


def test_what_is_left_of_a_good_till_cancelled_order_rests_at_its_limit(desk: Desk) -> None:
    desk.rest(1, SELL, 100, 2)

    order_id = desk.place(2, BUY, 103, 5)[0].order_id

    assert desk.engine.depth(1, BUY, 10) == [(103, 3, 1)]
    assert desk.engine.order(order_id) == (2, 1, BUY, 103, 3)


def test_what_is_left_of_an_immediate_order_is_cancelled(desk: Desk) -> None:
    desk.rest(1, SELL, 100, 2)

    accepted, filled, cancelled = desk.place(2, BUY, 100, 5, tif=TimeInForce.IOC)

    assert [accepted.kind, filled.kind, cancelled.kind] == [EventKind.ACCEPTED, EventKind.FILLED, EventKind.CANCELLED]
    assert cancelled.quantity == 3
    assert desk.engine.open_orders == 0
    assert desk.engine.balance(2, 2)[1] == 0


def test_a_filled_order_is_gone(desk: Desk) -> None:
    maker = desk.rest(1, BUY, 100, 2)
    taker = desk.place(2, SELL, 100, 2)[0].order_id

    assert desk.engine.order(maker) is None
    assert desk.engine.order(taker) is None
    assert desk.engine.depth(1, BUY, 10) == []
    assert desk.engine.best_price(1, BUY) == desk.engine.best_price(9, BUY) == 0


def test_markets_do_not_touch(desk: Desk) -> None:
    desk.rest(1, SELL, 100, 2, market=1)

    assert fills(desk.place(2, BUY, 100, 2, market=2)) == []


def test_an_order_may_sweep_hundreds_of_levels_from_the_best_on(desk: Desk) -> None:
    prices = [1 + 37 * number % 10_007 for number in range(600)]
    for price in prices:
        desk.rest(1, SELL, price, 1)

    events = fills(desk.place(2, BUY, 20_000, 600))

    assert [event.price for event in events] == sorted(prices)


def test_prices_may_be_anywhere_up_to_the_limit(desk: Desk) -> None:
    far = [1, 31, 32, 33, 1_023, 1_024, 32_768, 10**6, 10**9 - 1, 10**9]
    for price in far:
        desk.rest(1, SELL, price, 1)
    assert [level[0] for level in desk.engine.depth(1, SELL, 100)] == far

    for price in far[:5]:
        desk.place(2, BUY, price, 1)
    assert [level[0] for level in desk.engine.depth(1, SELL, 100)] == far[5:]
    assert [level[0] for level in desk.engine.depth(1, SELL, 2)] == far[5:7]


def test_every_event_has_the_next_sequence_and_names_its_command(desk: Desk) -> None:
    before = desk.engine.event_sequence
    desk.rest(1, SELL, 100, 1)
    events = desk.place(2, BUY, 100, 1)

    assert [event.sequence for event in events] == [before + 2, before + 3]
    assert {(event.command_sequence, event.timestamp_us) for event in events} == {
        (desk.sequence, 1_000 * desk.sequence)
    }
