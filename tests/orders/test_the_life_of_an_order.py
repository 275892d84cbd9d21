"""An order's status tells where it is, from placing to its end."""

from sqlalchemy import Engine

from offchain.core.commands import CancelReason, CommandKind, Side, TimeInForce
from offchain.core.order_life import OrderStatus
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
