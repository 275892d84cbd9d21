"""Who listens signs what a batch comes to; who does not is settled by orders; the balances are the same."""

import random

import pytest
from sqlalchemy import select

from offchain.core.commands import Side
from offchain.settlement.batch_rows import unpack_sequences
from offchain.settlement.models import SettlementBatch
from offchain.settlement.net_record import NetRecord
from tests.settlement.answering import WAIT_US, Answerer, answering
from tests.settlement.settling import Settling

ACCOUNTS = (11, 12, 13, 14)


@pytest.fixture
async def settling(exchange, database):
    world = Settling(exchange, database)
    world.net_wait_us = WAIT_US
    world.revive()
    await world.fund(*ACCOUNTS)
    return world


def spent(settling):
    return settling.service.status().spent


async def test_all_answer_and_no_order_is_proved(settling):
    answerers = [Answerer(settling, account) for account in (11, 12)]
    for _ in range(5):
        settling.log.trade(3)
    async with answering(*answerers):
        await settling.settle_all()
    assert [answerer.refusals for answerer in answerers] == [[], []]
    await settling.assert_balances((11, 12))
    assert spent(settling).netted_fills == 5
    assert spent(settling).statements == 2
    assert spent(settling).gas > 0


async def test_who_is_silent_is_settled_by_orders_beside_those_who_answer(settling):
    answerer = Answerer(settling, 11)
    settling.log.trade(3, 11, 12)
    settling.log.trade(2, 13, 12)
    settling.log.trade(4, 14, 11)
    async with answering(answerer):
        await settling.settle_all()
    assert answerer.refusals == []
    await settling.assert_balances(ACCOUNTS)
    assert (spent(settling).netted_fills, spent(settling).statements) == (2, 1)


async def test_without_a_wait_nobody_is_asked(settling):
    settling.net_wait_us = 0
    settling.revive()
    answerer = Answerer(settling, 11)
    settling.log.trade()
    async with answering(answerer):
        await settling.settle_all()
    assert answerer.requests == []
    assert spent(settling).statements == 0
    await settling.assert_balances((11, 12))


async def test_an_order_that_rests_on_is_proved_by_its_renewal_once_its_owner_falls_silent(settling):
    answerer = Answerer(settling, 12)
    deep = settling.log.place(12, Side.SELL, 100, 10)
    settling.log.place(11, Side.BUY, 100, 3, [(deep, 3)])
    async with answering(answerer):
        await settling.settle_all()
    (asked,) = answerer.requests
    assert [(row.order_id, row.quantity_lots) for row in asked.renewals] == [(deep, 7)]
    settling.log.place(11, Side.BUY, 100, 4, [(deep, 4)])
    await settling.settle_all()
    settling.log.place(11, Side.BUY, 100, 3, [(deep, 3)])
    await settling.settle_all()
    await settling.assert_balances((11, 12))
    assert settling.intents == []
    assert spent(settling).statements == 1


async def test_it_answers_again_after_its_renewals(settling):
    answerers = [Answerer(settling, account) for account in (11, 12)]
    deep = settling.log.place(12, Side.SELL, 100, 10)
    async with answering(*answerers):
        for _ in range(3):
            settling.log.place(11, Side.BUY, 100, 2, [(deep, 2)])
            await settling.settle_all()
    assert [answerer.refusals for answerer in answerers] == [[], []]
    settling.log.place(11, Side.BUY, 100, 4, [(deep, 4)])
    await settling.settle_all()
    await settling.assert_balances((11, 12))
    assert spent(settling).netted_fills == 3


async def test_fills_that_were_made_after_the_batch_are_proved_by_renewals(settling):
    """The order is filled on, and ends, while the batch of its first fills waits for its statement."""
    answerer = Answerer(settling, 12)
    deep = settling.log.place(12, Side.SELL, 100, 10)
    settling.log.place(11, Side.BUY, 100, 3, [(deep, 3)])
    await settling.feed()
    await settling.service._close_due()
    settling.log.place(13, Side.BUY, 100, 7, [(deep, 7)])
    await settling.feed()
    async with answering(answerer):
        await settling.turn()
    await settling.settle_all()
    (asked,) = answerer.requests
    assert [(row.order_id, row.quantity_lots) for row in asked.renewals] == [(deep, 7)]
    await settling.assert_balances((11, 12, 13))
    assert settling.intents == []


@pytest.mark.parametrize("seed", range(4))
async def test_whoever_answers_balances_are_those_of_the_log(exchange, database, seed):
    rng = random.Random(seed)
    settling = Settling(exchange, database, max_fills=12)
    settling.net_wait_us = WAIT_US
    settling.revive()
    await settling.fund(*ACCOUNTS)
    answerers = {account: Answerer(settling, account) for account in ACCOUNTS}
    resting = {}
    for _ in range(8):
        for _ in range(rng.randint(1, 10)):
            trade_something(settling.log, resting, rng)
        chosen = [answerers[account] for account in ACCOUNTS if rng.random() < 0.7]
        async with answering(*chosen):
            await settling.settle_all()
    assert settling.service.status().halted is None
    assert settling.intents == []
    assert [answerer.refusals for answerer in answerers.values()] == [[]] * len(ACCOUNTS)
    await settling.assert_balances(ACCOUNTS)
    assert spent(settling).netted_fills > 0
    fills = [fill for row in batches(settling) for fill in settled_fills(row)]
    assert sorted(fills) == sorted(fill.sequence for fill in settling.log.fills())


def trade_something(log, resting, rng):
    """A new order that rests, one that takes from those that do, an amendment or a cancel."""
    open_orders = [order for order, lots in resting.items() if lots]
    kind = rng.random()
    if kind < 0.4 or not open_orders:
        lots = rng.randint(1, 20)
        resting[log.place(rng.choice(ACCOUNTS), rng.choice(list(Side)), 100, lots)] = lots
    elif kind < 0.85:
        maker = rng.choice(open_orders)
        taken = rng.randint(1, resting[maker])
        side = Side(1 - log.entries[maker - 1].command.side)
        log.place(rng.choice(ACCOUNTS), side, 100, taken, [(maker, taken)])
        resting[maker] -= taken
    elif kind < 0.95:
        order = rng.choice(open_orders)
        log.cancel(order)
        resting[order] = 0
    else:
        order = rng.choice([order for order in open_orders if resting[order] > 1] or [None])
        if order is not None:
            resting[order] -= 1
            log.amend(order, resting[order])


def batches(settling):
    with settling.store.sessions() as session:
        return list(session.scalars(select(SettlementBatch).where(SettlementBatch.status == "confirmed")))


def settled_fills(row):
    events = unpack_sequences(row.fill_events)
    record = NetRecord.unpack(row.net, len(events))
    return [events[index] for index in (*record.netted, *record.fills)]
