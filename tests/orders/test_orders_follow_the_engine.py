"""The tables of orders and fills say what the engine did, whatever it did."""

import pytest
from sqlalchemy import Engine

from offchain.core.commands import ORDER_KINDS, Command, CommandKind, OrderAuthorization, OrderInstructions
from offchain.core.database import reading_sessions
from offchain.core.events import EventKind
from offchain.core.order_life import Order, OrderStatus
from offchain.orders.service import OrderService, read_open_orders
from tests.support.exchange_log import MARKETS, ExchangeLog
from tests.support.projections import project
from tests.support.random_log import random_log


def authorization_of(log: ExchangeLog, command: Command) -> OrderAuthorization:
    attachment = log.logged[command.sequence - 1].attachment
    assert isinstance(attachment, OrderAuthorization)
    return attachment


def everything(service: OrderService, log: ExchangeLog) -> dict[int, Order]:
    orders: dict[int, Order] = {}
    for account in log.accounts:
        before = None
        while page := service.history(account, limit=97, before=before):
            orders |= {order.order_id: order for order in page}
            before = page[-1].order_id
    return orders


@pytest.mark.parametrize("seed", [1, 2])
def test_remaining_quantities_are_the_engines(database: Engine, seed: int) -> None:
    log = random_log(seed, 1_500)
    project(database, log.logged)
    orders = everything(OrderService(database), log)
    placed = [one.command for one in log.logged if one.command.kind in ORDER_KINDS]
    assert sorted(orders) == [command.sequence for command in placed]
    for command in placed:
        order = orders[command.sequence]
        resting = log.engine.order(order.order_id)
        assert order.remaining_lots == (resting[4] if resting else 0)
        assert order.is_open == (order.status in {OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED})
        if resting:
            assert (order.account, order.market, order.side, order.price_ticks) == resting[:4]
        assert (order.signed_price_ticks, order.signed_quantity_lots) == (command.price, command.quantity)
        instructions = (order.time_in_force, order.order_type, order.post_only, order.self_trade_prevention)
        assert OrderInstructions(*instructions) == OrderInstructions.of(authorization_of(log, command).flags)
        assert (order.trigger_price_ticks, order.budget_units) == (command.counter_amount, command.amount)
    with reading_sessions(database)() as session:
        assert len(read_open_orders(session)) == log.engine.open_orders > 0


@pytest.mark.parametrize("seed", [3])
def test_orders_are_the_sums_of_their_fills(database: Engine, seed: int) -> None:
    log = random_log(seed, 1_500)
    project(database, log.logged)
    service = OrderService(database)
    sums: dict[int, list[int]] = {}
    for fill in log.fills():
        notional = fill.price * fill.quantity * MARKETS[fill.market][4]
        for order_id, fee in ((fill.order_id, fill.fee), (fill.counter_order_id, fill.counter_fee)):
            of_order = sums.setdefault(order_id, [0, 0, 0])
            for index, value in enumerate((fill.quantity, notional, fee)):
                of_order[index] += value
    for order in everything(service, log).values():
        assert [order.filled_lots, order.notional_units, order.fee_units] == sums.get(order.order_id, [0, 0, 0])
        if order.status == OrderStatus.FILLED:
            assert order.filled_lots == order.quantity_lots


def test_fills_of_an_account_are_its_sides_of_every_fill(database: Engine) -> None:
    log = random_log(4, 1_500)
    project(database, log.logged)
    service = OrderService(database)
    for account in log.accounts:
        expected = sorted(
            [(fill.sequence, False) for fill in log.fills() if fill.account == account]
            + [(fill.sequence, True) for fill in log.fills() if fill.counter_account == account],
            reverse=True,
        )
        found: list[tuple[int, bool]] = []
        before = None
        while page := service.fills(account, limit=7, before=before):
            found += [(fill.fill_id, fill.is_maker) for fill in page]
            before = page[-1].fill_id
        assert sorted(found, reverse=True) == expected
        assert len({fill_id for fill_id, _ in expected}) < len(expected), "the log should hold self-trades"


def test_fills_are_settled_by_the_first_batch_that_reaches_them(database: Engine) -> None:
    log = random_log(5, 1_500)
    project(database, log.logged)
    service = OrderService(database)
    batches = [one.attachment for one in log.logged if one.command.kind == CommandKind.CHAIN_BATCH_SETTLED]
    unwound = {
        event.order_id: event.reason for one in log.logged for event in one.events if event.kind == EventKind.UNWOUND
    }
    commands = {fill.sequence: fill.command_sequence for fill in log.fills()}
    seen = 0
    for account in log.accounts:
        for fill in service.fills(account, limit=500):
            reached = [batch.number for batch in batches if batch.through_sequence >= commands[fill.fill_id]]
            assert fill.batch_number == min(reached, default=None)
            assert fill.unwound_reason == unwound.get(fill.fill_id)
            seen += 1
    assert seen == 2 * len(commands)
    last = max(batch.through_sequence for batch in batches)
    assert unwound
    assert any(command > last for command in commands.values()), "the log should end with fills that wait for a batch"
