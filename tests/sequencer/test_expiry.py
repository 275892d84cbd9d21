"""The expiry queue: what rests comes up in time, what is gone does not, and nothing piles up."""

from offchain.sequencer.expiry import ExpiryQueue
from offchain.sequencer.registry import LiveOrder


def live(expiry_s: int) -> LiveOrder:
    return LiveOrder(1, 1, 0, 1, 1, 1, expiry_s)


def test_orders_come_up_soonest_first_and_once():
    orders = {1: live(30), 2: live(10), 3: live(20)}
    queue = ExpiryQueue(orders)
    assert not queue.is_due(9)
    assert queue.is_due(10)
    assert queue.pop_due(20, 10) == [2, 3]
    assert queue.pop_due(29, 10) == []
    assert queue.pop_due(30, 10) == [1]
    assert not queue.is_due(10**9)


def test_no_more_than_the_limit_come_up_at_a_time():
    orders = {number: live(number) for number in range(1, 8)}
    queue = ExpiryQueue(orders)
    assert queue.pop_due(100, 3) == [1, 2, 3]
    assert queue.pop_due(100, 30) == [4, 5, 6, 7]


def test_orders_that_left_the_book_do_not_come_up():
    orders = {1: live(10), 2: live(10)}
    queue = ExpiryQueue(orders)
    del orders[1]
    assert queue.pop_due(10, 10) == [2]


def test_only_orders_that_rest_are_watched():
    orders = {1: live(10)}
    queue = ExpiryQueue(orders)
    queue.add([1, 2, 3])
    assert len(queue) == 2
    assert queue.pop_due(10, 1) == [1]


def test_orders_that_left_the_book_do_not_pile_up():
    orders: dict[int, LiveOrder] = {}
    queue = ExpiryQueue(orders)
    for number in range(1, 10_000):
        orders[number] = live(10_000)
        queue.add([number])
        orders.pop(number - 5, None)
    assert len(queue) <= 2 * len(orders) + 1_001
    assert sorted(queue.pop_due(10_000, 100)) == sorted(orders)
