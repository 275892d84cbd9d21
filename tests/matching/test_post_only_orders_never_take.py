"""Post-only orders: refused, or one tick short of the other side."""

import pytest

from offchain.core.commands import CommandKind, PostOnly, Side
from offchain.core.events import EventKind, RejectReason
from tests.matching.desk import BUY, RICH, SELL, Desk

K, R = CommandKind, RejectReason
REJECT, SLIDE = PostOnly.REJECT, PostOnly.SLIDE


def order(side: int, price: int, post_only: int) -> dict[str, int]:
    return {
        "account": 2,
        "market": 1,
        "side": side,
        "price": price,
        "quantity": 5,
        "taker_fee_ppm": 5_000,
        "post_only": post_only,
    }


@pytest.mark.parametrize("mode", [REJECT, SLIDE])
@pytest.mark.parametrize(("side", "price"), [(BUY, 99), (SELL, 101)])
def test_an_order_short_of_the_other_side_rests_at_its_price(desk: Desk, side: Side, price: int, mode: int) -> None:
    desk.rest(1, 1 - side, 100, 1)

    (accepted,) = desk.take(K.PLACE, **order(side, price, mode))

    assert (accepted.kind, accepted.price) == (EventKind.ACCEPTED, price)


@pytest.mark.parametrize(("side", "price"), [(BUY, 100), (BUY, 130), (SELL, 100), (SELL, 70)])
def test_an_order_that_would_cross_is_refused_or_slides(desk: Desk, side: Side, price: int) -> None:
    desk.rest(1, 1 - side, 100, 1)

    assert desk.refusal(K.PLACE, **order(side, price, REJECT)) == R.WOULD_CROSS
    (accepted,) = desk.take(K.PLACE, **order(side, price, SLIDE))
    slid = 99 if side == BUY else 101
    assert (accepted.kind, accepted.price) == (EventKind.ACCEPTED, slid)
    assert desk.engine.depth(1, side, 5) == [(slid, 5, 1)]


def test_an_order_that_slides_reserves_at_the_price_it_rests_at(desk: Desk) -> None:
    desk.rest(1, SELL, 100, 1)

    (accepted,) = desk.take(K.PLACE, **order(BUY, 500, SLIDE))

    notional = 99 * 5
    assert accepted.amount == notional + -(-notional * 5_000 // 10**6) + 5
    assert desk.engine.balance(2, 2) == (RICH - accepted.amount, accepted.amount)


def test_an_order_that_would_slide_out_of_the_market_is_refused(desk: Desk) -> None:
    desk.rest(1, SELL, 1, 1)
    assert desk.refusal(K.PLACE, **order(BUY, 5, SLIDE)) == R.WOULD_CROSS

    desk.rest(1, BUY, 10**9, 1, market=2)
    assert desk.refusal(K.PLACE, **order(SELL, 5, SLIDE) | {"market": 2}) == R.WOULD_CROSS


def test_an_order_slides_as_far_as_the_market_goes(desk: Desk) -> None:
    desk.rest(1, SELL, 2, 1)
    assert desk.take(K.PLACE, **order(BUY, 5, SLIDE))[0].price == 1

    desk.rest(1, BUY, 10**9 - 1, 1, market=2)
    assert desk.take(K.PLACE, **order(SELL, 5, SLIDE) | {"market": 2})[0].price == 10**9


def test_any_price_rests_where_the_other_side_is_empty(desk: Desk) -> None:
    (accepted,) = desk.take(K.PLACE, **order(BUY, 500, REJECT))

    assert accepted.price == 500


def test_an_own_order_on_the_other_side_counts(desk: Desk) -> None:
    desk.rest(2, SELL, 100, 1)

    assert desk.refusal(K.PLACE, **order(BUY, 100, REJECT)) == R.WOULD_CROSS
