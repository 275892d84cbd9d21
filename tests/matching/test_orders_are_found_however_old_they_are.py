"""The newest ids lead to orders at once, older ones by a hash: whichever way an order is found, it is that one."""

import random

import pytest

from offchain.core.commands import CancelReason, CommandKind
from offchain.core.events import RejectReason
from offchain.matching.engine import Engine
from tests.matching.desk import BUY, SELL, Desk, fills

K = CommandKind
SEED = 20_261_121


def rest_as(desk: Desk, order_id: int, price: int = 100) -> int:
    """An order with this id, in the name of account 1."""
    desk.sequence = order_id - 1
    assert desk.rest(1, BUY, price, 1) == order_id
    return order_id


def leave(desk: Desk, ids: list[int]) -> None:
    """Cancel all orders, each of which must be the one that is named and then be gone."""
    for order_id in ids:
        event = desk.cancel(1, order_id)
        assert event.order_id == order_id
        assert desk.engine.order(order_id) is None
    assert desk.engine.open_orders == 0


@pytest.mark.parametrize("gap", [1, 2, 3, 64, 127, 128, 2**20, 2**31, 2**32, 2**32 + 2**31 + 1])
def test_whatever_lies_between_their_ids(desk: Desk, gap: int) -> None:
    ids = [rest_as(desk, 1_000 + number * gap) for number in range(300)]
    random.Random(SEED).shuffle(ids)

    leave(desk, ids)


def test_ids_that_differ_in_their_high_bits_alone(desk: Desk) -> None:
    old = [rest_as(desk, 4_096 + number * 2**40, 100 + number) for number in range(20)]

    for number, order_id in enumerate(old):
        order = desk.engine.order(order_id)
        assert order is not None
        assert order[3] == 100 + number
    cancel = {"account": 1, "reason": CancelReason.USER}
    assert desk.refusal(K.CANCEL, order_id=4_096 + 2**31, **cancel) == RejectReason.UNKNOWN_ORDER
    assert desk.refusal(K.CANCEL, order_id=4_096, account=2, reason=CancelReason.USER) == RejectReason.NOT_OWNER
    leave(desk, old)


def test_an_old_order_fills_moves_and_is_reduced(desk: Desk) -> None:
    filled, moved, reduced = (rest_as(desk, 128 * number, 100 - number) for number in (1, 2, 3))
    for number in range(4, 40):
        rest_as(desk, 128 * number, 50)

    assert [fill.counter_order_id for fill in fills(desk.place(2, SELL, 99, 1))] == [filled]
    order = {"account": 1, "market": 1, "side": BUY, "taker_fee_ppm": 5_000}
    desk.take(K.REPLACE, order_id=moved, price=40, quantity=1, **order)
    assert desk.engine.order(moved) is None
    assert desk.refusal(K.AMEND, account=1, order_id=reduced, quantity=1) == RejectReason.BAD_QUANTITY
    assert desk.engine.open_orders == 38


def test_old_and_new_ones_come_and_go_like_in_a_dictionary(desk: Desk) -> None:
    chance = random.Random(SEED)
    there: list[int] = []
    for _ in range(3_000):
        desk.sequence += chance.choice((0, 0, 0, 1, 31, 127, 511))
        if there and chance.random() < 0.48:
            order_id = there.pop(chance.choice((0, len(there) // 2, len(there) - 1)))
            assert desk.cancel(1, order_id).order_id == order_id
        else:
            there.append(desk.rest(1, BUY, chance.randint(90, 110), 1))

    assert desk.engine.open_order_ids().tolist() == sorted(there)
    leave(desk, there)


def test_a_restored_engine_finds_them_too(real_type: type[Engine]) -> None:
    # Orders are restored by price, so some that are newer come first.
    desk = Desk(real_type())
    ids = [rest_as(desk, 128 * number, 100 + number * 7 % 40) for number in range(1, 120)]
    ids += [rest_as(desk, ids[-1] + number, 60) for number in range(1, 120)]
    random.Random(SEED).shuffle(ids)

    desk.engine = real_type.restore(desk.engine.snapshot())

    assert desk.engine.open_order_ids().tolist() == sorted(ids)
    leave(desk, ids)
