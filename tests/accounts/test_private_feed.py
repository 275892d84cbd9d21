"""An account's private feed tells its orders, fills and balances, with one sequence and no gap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from offchain.accounts import feed as feed_module
from offchain.accounts.feed import AccountFeed, AccountSnapshot, AccountUpdate
from offchain.core.balance_moves import FEE_ACCOUNT, Balance
from offchain.core.commands import SelfTradePrevention, Side
from offchain.core.database import reading_sessions
from offchain.core.errors import SlowConsumer
from offchain.core.order_life import AccountFill, Order, OrderStatus
from offchain.core.projecting import common_sequence
from offchain.ledger.service import LedgerService, read_balances
from offchain.orders.service import OrderService, read_open_orders
from tests.support.exchange_log import ASSETS, ExchangeLog
from tests.support.projections import project
from tests.support.random_log import random_log


class Reader:
    """What a client of the private stream does: a snapshot, then updates on top of it, checking for gaps."""

    def __init__(self, snapshot: AccountSnapshot) -> None:
        self.sequence = snapshot.sequence
        self.orders: dict[int, Order] = {order.order_id: order for order in snapshot.orders}
        self.balances: dict[int, Balance] = {balance.asset: balance for balance in snapshot.balances}
        self.fills: list[AccountFill] = []

    def take(self, update: AccountUpdate) -> None:
        assert update.previous_sequence == self.sequence
        self.sequence = update.sequence
        self.orders |= {order.order_id: order for order in update.orders}
        self.balances |= {balance.asset: balance for balance in update.balances}
        self.fills += update.fills


def assert_reader_knows_the_account(reader: Reader, account: int, log: ExchangeLog) -> None:
    for asset in ASSETS:
        balance = reader.balances.get(asset, Balance(account, asset, 0, 0, 0))
        assert (balance.available_units, balance.reserved_units) == log.engine.balance(account, asset)
    for order in reader.orders.values():
        resting = log.engine.order(order.order_id)
        assert order.account == account
        assert order.remaining_lots == (resting[4] if resting else 0)


@given(seed=st.integers(min_value=0), delivery=st.integers(min_value=1, max_value=60))
async def test_readers_know_what_the_engine_knows(seed: int, delivery: int) -> None:
    log = random_log(seed, 300)
    feed = AccountFeed()
    accounts = (FEE_ACCOUNT, *log.accounts)
    readers = {account: (Reader(feed.snapshot(account)), feed.subscribe(account)) for account in accounts}
    for start in range(0, len(log.logged), delivery):
        await feed.deliver(log.logged[start : start + delivery])
    for account, (reader, subscription) in readers.items():
        for update in subscription.drain():
            reader.take(update)
        assert_reader_knows_the_account(reader, account, log)
        snapshot = feed.snapshot(account)
        assert {order.order_id: order for order in snapshot.orders} == {
            order_id: order for order_id, order in reader.orders.items() if order.is_open
        }
        fills = [(fill.fill_id, fill.is_maker) for fill in reader.fills]
        assert sorted(fills) == sorted(
            [(fill.sequence, False) for fill in log.fills() if fill.account == account]
            + [(fill.sequence, True) for fill in log.fills() if fill.counter_account == account]
        )


@pytest.mark.parametrize("restart", [60, 700])
async def test_a_feed_that_starts_from_the_tables_goes_on_exactly(database: Engine, restart: int) -> None:
    log = random_log(41, 1_000)
    project(database, log.logged[:restart])
    feed = AccountFeed()
    with reading_sessions(database)() as session:
        feed.restore(session, common_sequence(session), read_open_orders(session), read_balances(session))
    readers = {account: (Reader(feed.snapshot(account)), feed.subscribe(account)) for account in log.accounts}
    await feed.deliver(log.logged[restart - 50 : restart + 10])
    await feed.deliver(log.logged[restart + 10 :])
    project(database, log.logged)
    for account, (reader, subscription) in readers.items():
        for update in subscription.drain():
            reader.take(update)
        assert_reader_knows_the_account(reader, account, log)
        assert sorted(reader.balances.values(), key=lambda balance: balance.asset) == LedgerService(database).balances(
            account
        )
        for order in reader.orders.values():
            assert OrderService(database).order(account, order.order_id) == order


def resting() -> tuple[ExchangeLog, int]:
    log = ExchangeLog()
    log.deposit(1, 1, 10**12)
    log.deposit(2, 2, 10**12)
    log.place(1, 1, Side.SELL, 100, 10)
    return log, len(log.logged)


async def test_an_update_holds_the_order_the_fill_and_the_balances_it_changed() -> None:
    log, order_id = resting()
    feed = AccountFeed()
    await feed.deliver(log.logged)
    subscription = feed.subscribe(1)
    log.place(2, 1, Side.BUY, 100, 4)
    await feed.deliver(log.logged[-1:])
    (update,) = subscription.drain()
    (order,), (fill,) = update.orders, update.fills
    assert (order.order_id, order.status, order.remaining_lots) == (order_id, OrderStatus.PARTIALLY_FILLED, 6)
    assert (fill.order_id, fill.is_maker, fill.side, fill.quantity_lots, fill.fee_units) == (
        order_id,
        True,
        Side.SELL,
        4,
        1,
    )
    assert [balance.asset for balance in update.balances] == [1, 2]
    assert update.balances[1].available_units == 399
    assert update.sequence == len(log.logged)


async def test_what_was_told_does_not_change_afterwards() -> None:
    log, _ = resting()
    feed = AccountFeed()
    await feed.deliver(log.logged)
    before = feed.snapshot(1)
    log.place(2, 1, Side.BUY, 100, 4)
    await feed.deliver(log.logged[-1:])
    assert before.orders[0].remaining_lots == 10


async def test_a_reader_who_comes_back_gets_what_they_missed() -> None:
    log, _ = resting()
    feed = AccountFeed()
    await feed.deliver(log.logged)
    reader = Reader(feed.snapshot(1))
    missed = []
    for _ in range(3):
        log.place(2, 1, Side.BUY, 100, 2)
        await feed.deliver(log.logged[-1:])
        missed.append(len(log.logged))
    replayed = feed.replay(1, reader.sequence)
    assert replayed is not None
    assert [update.sequence for update in replayed] == missed
    for update in replayed:
        reader.take(update)
    assert_reader_knows_the_account(reader, 1, log)
    assert feed.replay(1, reader.sequence) == []
    assert feed.replay(1, len(log.logged) + 1) is None


async def test_a_reader_who_comes_back_too_late_needs_a_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "UPDATES_KEPT", 4)
    log, _ = resting()
    feed = AccountFeed()
    await feed.deliver(log.logged)
    since = feed.snapshot(1).sequence
    for _ in range(3):
        log.place(2, 1, Side.BUY, 100, 2)
        await feed.deliver(log.logged[-1:])
    assert feed.replay(1, since) is None


async def test_a_slow_reader_is_cut_and_the_feed_goes_on() -> None:
    log, _ = resting()
    feed = AccountFeed()
    subscription = feed.subscribe(1, limit=1)
    for start in range(len(log.logged)):
        await feed.deliver(log.logged[start : start + 1])
    with pytest.raises(SlowConsumer):
        await anext(subscription)
    assert len(feed.snapshot(1).orders) == 1


async def test_an_update_tells_what_self_trade_prevention_kept_from_matching() -> None:
    log, order_id = resting()
    log.deposit(1, 2, 10**12)
    feed = AccountFeed()
    await feed.deliver(log.logged)
    subscription, other = feed.subscribe(1), feed.subscribe(2)
    log.place(1, 1, Side.BUY, 100, 4, prevention=SelfTradePrevention.DECREMENT_AND_CANCEL)
    await feed.deliver(log.logged[-1:])
    (update,) = subscription.drain()
    (prevented,) = update.prevented
    assert (prevented.order_id, prevented.resting_order_id, prevented.quantity_lots) == (len(log.logged), order_id, 4)
    assert {order.order_id: order.remaining_lots for order in update.orders} == {order_id: 6, len(log.logged): 0}
    assert update.fills == ()
    assert other.drain() == []


async def test_a_replacement_is_one_update_of_both_orders() -> None:
    log, order_id = resting()
    feed = AccountFeed()
    await feed.deliver(log.logged)
    subscription = feed.subscribe(1)
    log.place(1, 1, Side.SELL, 101, 10, replaces=order_id)
    await feed.deliver(log.logged[-1:])
    (update,) = subscription.drain()
    old, new = sorted(update.orders, key=lambda order: order.order_id)
    assert (old.replaced_by, new.replaces, old.is_open, new.is_open) == (new.order_id, old.order_id, False, True)
    assert [order.order_id for order in feed.snapshot(1).orders] == [new.order_id]
