"""Market orders, and stops that become such: never past their signed price, nor past the collar."""

import pytest

from offchain.core.commands import CancelReason, CommandKind, OrderType, Side, TimeInForce
from offchain.core.events import EventKind
from tests.matching.desk import BUY, RICH, SELL, Desk, fills

K, E = CommandKind, EventKind
MARKET, IOC = OrderType.MARKET, TimeInForce.IOC


def collar(desk: Desk, *, band: int = 0, finger: int = 0, last: int = 1_000) -> None:
    desk.take(K.SET_MARKET_RISK, market=1, amount=band, counter_amount=finger, price=last)


@pytest.mark.parametrize(
    ("band", "finger", "last", "side", "signed", "limit"),
    [
        (0, 0, 1_000, BUY, 5_000, 5_000),
        (100_000, 0, 1_000, BUY, 5_000, 1_100),
        (0, 50_000, 1_000, BUY, 5_000, 1_050),
        (100_000, 50_000, 1_000, BUY, 5_000, 1_050),
        (20_000, 50_000, 1_000, BUY, 5_000, 1_020),
        (100_000, 0, 1_000, BUY, 1_099, 1_099),
        (100_000, 0, 1_000, BUY, 900, 900),
        (100_000, 0, 1_000, SELL, 1, 900),
        (20_000, 50_000, 1_000, SELL, 1, 980),
        (100_000, 0, 1_000, SELL, 950, 950),
        (1_000_000, 0, 1_000, SELL, 1, 1),
        (100_000, 0, 0, BUY, 5_000, 5_000),
        (1, 0, 1_000, BUY, 5_000, 1_000),
        (1_000_000, 0, 10**9, BUY, 10**9, 10**9),
    ],
)
def test_the_limit_in_force_is_the_nearer_of_signed_price_and_collar(
    desk: Desk, band: int, finger: int, last: int, side: Side, signed: int, limit: int
) -> None:
    collar(desk, band=band, finger=finger, last=last)

    accepted, cancelled = desk.place(1, side, signed, 1, tif=IOC, order_type=MARKET)

    assert (accepted.price, cancelled.price) == (limit, limit)
    assert (cancelled.kind, cancelled.reason) == (E.CANCELLED, CancelReason.IOC_REMAINDER)


def test_a_market_order_sweeps_to_its_collar_and_no_further(desk: Desk) -> None:
    collar(desk, finger=50_000)
    for price in (1_010, 1_050, 1_051):
        desk.rest(1, SELL, price, 1)

    events = desk.place(2, BUY, 10**6, 3, tif=IOC, order_type=MARKET)

    assert [fill.price for fill in fills(events)] == [1_010, 1_050]
    assert (events[-1].kind, events[-1].quantity) == (E.CANCELLED, 1)
    assert desk.engine.last_price(1) == 1_050


def test_it_reserves_at_the_limit_in_force(desk: Desk) -> None:
    collar(desk, band=50_000)

    accepted, _ = desk.place(2, BUY, 10**9, 1_000, tif=IOC, order_type=MARKET)

    notional = 1_050 * 1_000
    assert accepted.amount == notional + notional * 5_000 // 10**6 + 1_000
    assert desk.engine.balance(2, 2) == (RICH, 0)


def test_a_stop_is_clamped_to_the_collar_of_the_moment_it_fires(desk: Desk) -> None:
    collar(desk, band=50_000)
    (accepted,) = desk.place(1, BUY, 5_000, 10, tif=IOC, order_type=OrderType.STOP_MARKET, counter_amount=1_030)
    desk.rest(2, SELL, 1_040, 1)

    *_, triggered, cancelled = desk.place(3, BUY, 1_040, 1)

    limit = 1_040 + 52
    assert (triggered.kind, triggered.price) == (E.TRIGGERED, limit)
    kept = limit * 10 + -(-limit * 10 * 5_000 // 10**6) + 10
    assert (triggered.amount, cancelled.amount) == (accepted.amount - kept, kept)
    assert desk.engine.balance(1, 2) == (RICH, 0)


@pytest.mark.parametrize("order_type", [OrderType.LIMIT, MARKET])
def test_a_market_order_may_have_to_fill_whole(desk: Desk, order_type: int) -> None:
    desk.rest(1, SELL, 1_000, 1)

    events = desk.place(2, BUY, 5_000, 2, tif=TimeInForce.FOK, order_type=order_type)

    assert [event.reason for event in events[1:]] == [CancelReason.FOK_KILLED]


def test_the_last_price_is_that_of_the_last_fill(desk: Desk) -> None:
    assert desk.engine.last_price(1) == 0
    desk.rest(1, SELL, 100, 1)
    desk.rest(1, SELL, 102, 1)
    desk.place(2, BUY, 105, 2)

    assert desk.engine.last_price(1) == 102
    assert desk.engine.last_price(2) == 0
