"""An order's status tells where it is, from placing to its end."""

import pytest
from sqlalchemy import Engine

from offchain.core.commands import (
    CancelReason,
    CommandKind,
    OrderType,
    PostOnly,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from offchain.core.events import LoggedCommand
from offchain.core.order_life import Order, OrderStatus
from offchain.orders.service import OrderService
from tests.support.exchange_log import ExchangeLog
from tests.support.projections import project

SELLER, BUYER = 1, 2


def funded() -> ExchangeLog:
    log = ExchangeLog()
    for account in log.accounts:
        for asset in (1, 2, 3):
            log.deposit(account, asset, 10**12)
    return log


def test_an_order_is_new_then_partially_filled_then_filled(database: Engine) -> None:
    log = funded()
    service = OrderService(database)
    resting = log.place(SELLER, 1, Side.SELL, 100, 10)
    assert resting is not None
    order_id = resting.command.sequence
    statuses = []
    for quantity in (0, 4, 6):
        if quantity:
            log.now_us += 5
            log.place(BUYER, 1, Side.BUY, 100, quantity)
        project(database, log.logged)
        order = service.order(SELLER, order_id)
        assert order is not None
        statuses.append((order.status, order.filled_lots, order.remaining_lots, order.notional_units))
    assert statuses == [
        (OrderStatus.NEW, 0, 10, 0),
        (OrderStatus.PARTIALLY_FILLED, 4, 6, 400),
        (OrderStatus.FILLED, 10, 0, 1_000),
    ]
    assert order.updated_us == order.created_us + 10
    assert order.updated_sequence == len(log.logged)
    assert order.fee_units == 1 + 1, "the maker's fee of 0.15 % rounds up in each fill"


def test_a_cancelled_order_keeps_what_it_filled(database: Engine) -> None:
    log = funded()
    log.place(SELLER, 1, Side.SELL, 100, 10)
    order_id = len(log.logged)
    log.place(BUYER, 1, Side.BUY, 100, 4)
    log.cancel(SELLER, order_id)
    project(database, log.logged)
    order = OrderService(database).order(SELLER, order_id)
    assert order is not None
    assert (order.status, order.reason) == (OrderStatus.CANCELLED, CancelReason.USER)
    assert (order.filled_lots, order.remaining_lots) == (4, 0)


def test_time_running_out_and_immediate_remainders_are_expiries(database: Engine) -> None:
    log = funded()
    log.place(SELLER, 1, Side.SELL, 100, 10)
    resting_id = len(log.logged)
    log.place(BUYER, 1, Side.BUY, 100, 15, TimeInForce.IOC)
    immediate_id = len(log.logged)
    log.place(SELLER, 1, Side.SELL, 100, 10)
    late_id = len(log.logged)
    log.cancel(SELLER, late_id, CancelReason.EXPIRED)
    project(database, log.logged)
    service = OrderService(database)
    found = {order.order_id: order for order in service.history(SELLER) + service.history(BUYER)}
    assert found[resting_id].status == OrderStatus.FILLED
    immediate, late = found[immediate_id], found[late_id]
    assert (immediate.status, immediate.reason) == (OrderStatus.EXPIRED, CancelReason.IOC_REMAINDER)
    assert (immediate.filled_lots, immediate.remaining_lots) == (10, 0)
    assert (late.status, late.reason) == (OrderStatus.EXPIRED, CancelReason.EXPIRED)


def test_an_exit_cancels_the_orders_of_that_asset(database: Engine) -> None:
    log = funded()
    log.place(SELLER, 1, Side.SELL, 100, 10)
    log.place(SELLER, 2, Side.SELL, 100, 10)
    log.exit(CommandKind.CHAIN_EXIT_REQUESTED, SELLER, 1)
    project(database, log.logged)
    service = OrderService(database)
    assert [order.market for order in service.open_orders(SELLER)] == [2]
    assert [(order.status, order.reason) for order in service.history(SELLER, market=1)] == [
        (OrderStatus.CANCELLED, CancelReason.EXIT)
    ]


def test_nobody_sees_the_orders_of_another_account(database: Engine) -> None:
    log = funded()
    log.place(SELLER, 1, Side.SELL, 100, 10)
    order_id = len(log.logged)
    project(database, log.logged)
    service = OrderService(database)
    assert service.order(BUYER, order_id) is None
    assert service.order_by_client_id(BUYER, f"order-{order_id}") is None
    found = service.order_by_client_id(SELLER, f"order-{order_id}")
    assert found is not None
    assert (found.order_id, found.seq, found.max_fee_bps) == (order_id, order_id, 50)
    assert found.expiry_s == log.now_us // 1_000_000 + 3_600


def test_open_orders_can_be_asked_for_by_market(database: Engine) -> None:
    log = funded()
    for market in (1, 2, 1):
        log.place(BUYER, market, Side.BUY, 90, 10)
    newest = len(log.logged)
    project(database, log.logged)
    service = OrderService(database)
    assert [order.order_id for order in service.open_orders(BUYER, market=1)] == [newest, newest - 2]
    assert [order.order_id for order in service.open_orders(BUYER)] == [newest, newest - 1, newest - 2]


def sequence_of(one: LoggedCommand | None) -> int:
    assert one is not None, "the engine refused it"
    return one.command.sequence


def stored(database: Engine, log: ExchangeLog) -> dict[int, Order]:
    """All orders of both accounts as the tables have them."""
    project(database, log.logged)
    service = OrderService(database)
    return {order.order_id: order for account in log.accounts for order in service.history(account, limit=500)}


def test_a_stop_is_armed_then_triggered_and_tells_its_limit_in_force(database: Engine) -> None:
    log = funded()
    log.add(CommandKind.SET_MARKET_RISK, market=1, amount=50_000, price=100)
    stop = {"order_type": OrderType.STOP_MARKET, "trigger": 102}
    stop_id = sequence_of(log.place(3, 1, Side.BUY, 200, 5, TimeInForce.IOC, **stop))
    armed = stored(database, log)[stop_id]
    assert (armed.is_armed, armed.is_triggered, armed.trigger_price_ticks) == (True, False, 102)
    assert (armed.order_type, armed.price_ticks, armed.status) == (OrderType.STOP_MARKET, 200, OrderStatus.NEW)
    log.place(SELLER, 1, Side.SELL, 102, 4)
    log.place(BUYER, 1, Side.BUY, 102, 1)
    fired = stored(database, log)[stop_id]
    assert (fired.is_armed, fired.is_triggered) == (False, True)
    assert (fired.signed_price_ticks, fired.price_ticks) == (200, 107), "held within 5 % of the last price"
    assert (fired.status, fired.reason) == (OrderStatus.EXPIRED, CancelReason.IOC_REMAINDER)
    assert (fired.filled_lots, fired.remaining_lots) == (3, 0)


def test_a_slid_order_tells_both_prices(database: Engine) -> None:
    log = funded()
    log.place(SELLER, 1, Side.SELL, 100, 1)
    order_id = sequence_of(log.place(BUYER, 1, Side.BUY, 105, 1, post_only=PostOnly.SLIDE))
    order = stored(database, log)[order_id]
    assert (order.signed_price_ticks, order.price_ticks, order.post_only) == (105, 99, PostOnly.SLIDE)


def test_an_amended_order_is_for_less_and_keeps_what_it_filled(database: Engine) -> None:
    log = funded()
    order_id = sequence_of(log.place(SELLER, 1, Side.SELL, 100, 10))
    log.place(BUYER, 1, Side.BUY, 100, 3)
    log.amend(SELLER, order_id, 5)
    order = stored(database, log)[order_id]
    assert (order.signed_quantity_lots, order.quantity_lots, order.filled_lots, order.remaining_lots) == (10, 8, 3, 5)
    assert order.status == OrderStatus.PARTIALLY_FILLED


def test_a_replaced_order_and_the_one_in_its_place_name_each_other(database: Engine) -> None:
    log = funded()
    old_id = sequence_of(log.place(SELLER, 1, Side.SELL, 100, 10))
    new_id = sequence_of(log.place(SELLER, 1, Side.SELL, 99, 12, replaces=old_id))
    orders = stored(database, log)
    old, new = orders[old_id], orders[new_id]
    assert (old.status, old.reason, old.replaced_by) == (OrderStatus.CANCELLED, CancelReason.REPLACED, new_id)
    assert (new.status, new.replaces, new.replaced_by) == (OrderStatus.NEW, old_id, None)


@pytest.mark.parametrize(
    ("mode", "resting", "incoming"),
    [
        (SelfTradePrevention.CANCEL_RESTING, (OrderStatus.CANCELLED, 0), (OrderStatus.NEW, 6)),
        (SelfTradePrevention.CANCEL_INCOMING, (OrderStatus.NEW, 10), (OrderStatus.CANCELLED, 0)),
        (SelfTradePrevention.CANCEL_BOTH, (OrderStatus.CANCELLED, 0), (OrderStatus.CANCELLED, 0)),
        (SelfTradePrevention.DECREMENT_AND_CANCEL, (OrderStatus.NEW, 4), (OrderStatus.CANCELLED, 0)),
    ],
)
def test_what_was_prevented_is_on_record(
    database: Engine,
    mode: SelfTradePrevention,
    resting: tuple[OrderStatus, int],
    incoming: tuple[OrderStatus, int],
) -> None:
    log = funded()
    resting_id = sequence_of(log.place(SELLER, 1, Side.SELL, 100, 10))
    incoming_id = sequence_of(log.place(SELLER, 1, Side.BUY, 100, 6, prevention=mode))
    orders = stored(database, log)
    assert [(orders[name].status, orders[name].remaining_lots) for name in (resting_id, incoming_id)] == [
        resting,
        incoming,
    ]
    assert [orders[name].prevented_lots for name in (resting_id, incoming_id)] == [6, 6]
    service = OrderService(database)
    (match,) = service.prevented_matches(SELLER)
    assert (match.order_id, match.resting_order_id, match.mode) == (incoming_id, resting_id, mode)
    assert (match.side, match.price_ticks, match.quantity_lots) == (Side.BUY, 100, 6)
    assert (match.remaining_lots, match.resting_remaining_lots) == (6, 10)
    assert service.prevented_matches(BUYER) == []
    assert service.prevented_matches(SELLER, market=2) == []
    assert service.prevented_matches(SELLER, before=match.prevented_id) == []


def test_orders_that_were_stopped_say_why(database: Engine) -> None:
    log = funded()
    log.place(SELLER, 1, Side.SELL, 100, 1)
    killed_at_once = sequence_of(log.place(BUYER, 1, Side.BUY, 100, 5, TimeInForce.FOK))
    log.place(BUYER, 1, Side.BUY, 100, 1)
    log.add(CommandKind.SET_CIRCUIT_BREAKER, market=1, amount=10_000, counter_amount=60_000_000)
    for price in (100, 110):
        log.place(SELLER, 1, Side.SELL, price, 1)
    halted = sequence_of(log.place(BUYER, 1, Side.BUY, 110, 2))
    resting = sequence_of(log.place(BUYER, 2, Side.BUY, 100, 1))
    log.add(CommandKind.SET_KILL_SWITCH, account=BUYER, mode=1)
    orders = stored(database, log)
    assert [(orders[name].status, orders[name].reason) for name in (killed_at_once, halted, resting)] == [
        (OrderStatus.EXPIRED, CancelReason.FOK_KILLED),
        (OrderStatus.CANCELLED, CancelReason.HALTED),
        (OrderStatus.CANCELLED, CancelReason.KILLED),
    ]
    assert orders[halted].filled_lots == 1
