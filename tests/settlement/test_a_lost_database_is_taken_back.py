"""Settlement that lost its database takes its batches back from the chain and its fills from the log."""

import asyncio

import pytest
from sqlalchemy import delete, select

from offchain.core.commands import CommandKind, Side
from offchain.core.errors import NodeUnavailable
from offchain.core.intents import UnwindFill
from offchain.settlement.models import (
    FillStatus,
    SettlementBatch,
    SettlementFill,
    SettlementProgress,
    SettlementWithdrawal,
    WithdrawalStatus,
)
from tests.settlement.settling import Settling
from tests.support.waiting import PATIENCE_S, eventually

UNLISTED = 9


async def lose_everything(settling):
    with settling.store.sessions.begin() as session:
        for table in (SettlementBatch, SettlementFill, SettlementProgress, SettlementWithdrawal):
            session.execute(delete(table))
    settling.intents.clear()
    await settling.kill_and_revive()


def rows_of(settling):
    columns = SettlementBatch.number, SettlementBatch.batch_hash, SettlementBatch.signature, SettlementBatch.fill_events
    with settling.store.sessions() as session:
        confirmed = session.execute(select(*columns).where(SettlementBatch.status == "confirmed"))
        fills = select(SettlementFill.event_sequence, SettlementFill.status).order_by(SettlementFill.event_sequence)
        return sorted(map(tuple, confirmed)), list(map(tuple, session.execute(fills)))


@pytest.fixture
async def settling(exchange, database):
    """An exchange that has settled, skipped, dropped, split, unwound and paid."""
    world = Settling(exchange, database, max_fills=3)
    await world.fund(11, 12)
    world.log.list_market(UNLISTED)
    for market in (3, UNLISTED, 3, UNLISTED):
        world.log.trade(market=market)
    await world.settle_all()
    world.log.trade(maker=13)
    resting = [world.log.place(12, Side.SELL, 100, 2) for _ in range(8)]
    world.log.place(11, Side.BUY, 100, 8, [(order, 1) for order in resting])
    world.log.withdraw(11, 1_000, nonce=1)
    await world.settle_all()
    for intent in list(world.intents):
        world.log.unwound(intent.fill)
    world.log.trade(market=UNLISTED)
    await world.settle_all()
    world.log.unwound(world.intents[-1].fill)
    world.log.trade(4)
    await world.settle_all()
    return world


async def test_batches_and_fills_are_as_before_and_nothing_is_settled_or_unwound_again(settling):
    before, number = rows_of(settling), await settling.exchange.read("batchNumber")
    assert {status for _, status in before[1]} == {FillStatus.SETTLED, FillStatus.UNWOUND}
    await lose_everything(settling)
    await settling.feed()
    await settling.turn(3)
    assert rows_of(settling) == before
    assert settling.intents == []
    assert settling.service.status().error is None
    assert await settling.exchange.read("batchNumber") == number
    paid = settling.withdrawals.in_status(WithdrawalStatus.PAID)
    assert [row.withdrawal_nonce for row in paid] == [1]


async def test_it_goes_on_from_there(settling):
    number = await settling.exchange.read("batchNumber")
    await lose_everything(settling)
    settling.log.trade(5)
    await settling.settle_all()
    assert await settling.exchange.read("batchNumber") == number + 1
    unwound = {fill for fill, status in rows_of(settling)[1] if status == FillStatus.UNWOUND}
    assert len(unwound) == 4
    await settling.assert_balances((11, 12), skipped=unwound)


async def test_a_kill_while_it_takes_back_does_no_harm(settling):
    before = rows_of(settling)
    await lose_everything(settling)
    for end in range(5, settling.log.sequence, 7):
        await settling.service.consume(settling.log.entries[settling.service.sequence : end])
        await settling.kill_and_revive()
    await settling.feed()
    await settling.turn(3)
    assert rows_of(settling) == before
    assert settling.intents == []


async def test_a_log_that_comes_piece_by_piece_is_waited_for(settling):
    """Meanwhile the chain has batches that are not in the database yet, and nothing of it is anybody else's."""
    before, sequence = rows_of(settling), settling.log.sequence
    await lose_everything(settling)
    for end in range(1, sequence + 1):
        await settling.service.consume(settling.log.entries[settling.service.sequence : end])
        await settling.turn()
    assert settling.service.status().halted is None
    assert rows_of(settling) == before
    unwound = {fill for fill, status in before[1] if status == FillStatus.UNWOUND}
    assert {intent.fill.sequence for intent in settling.intents} <= unwound, "the sequencer takes each once"
    settling.log.trade(5)
    await settling.settle_all()


async def test_a_fill_that_was_skipped_and_not_yet_unwound_is_unwound(settling):
    entries = settling.log.entries
    first_unwind = next(n for n, entry in enumerate(entries) if entry.command.kind == CommandKind.UNWIND_FILL)
    del entries[first_unwind:]
    await lose_everything(settling)
    await settling.feed()
    await settling.turn(2)
    assert {type(intent) for intent in settling.intents} == {UnwindFill}
    assert len(settling.intents) == 3


async def test_a_journal_of_another_chain_is_noticed(settling):
    await lose_everything(settling)
    settling.log = type(settling.log)(settling.exchange)
    for _ in range(40):
        settling.log.trade()
    await settling.feed()
    assert "the log does not have" in settling.service.status().halted


async def test_without_a_node_it_does_not_guess_and_the_log_waits(settling, monkeypatch):
    before, call = rows_of(settling), settling.exchange.nodes.call

    async def away(method, *params):
        raise NodeUnavailable("No node answers.")

    monkeypatch.setattr(settling.exchange.nodes, "call", away)
    await lose_everything(settling)
    await settling.service.start()
    reading = asyncio.create_task(settling.feed())
    await eventually(lambda: not settling.service.status().node_reachable)
    assert not reading.done()
    monkeypatch.setattr(settling.exchange.nodes, "call", call)
    await reading
    await settling.service.stop()
    assert rows_of(settling) == before


async def test_a_service_that_never_found_a_node_stops_at_once(settling, monkeypatch):
    async def away(method, *params):
        raise NodeUnavailable("No node answers.")

    monkeypatch.setattr(settling.exchange.nodes, "call", away)
    await lose_everything(settling)
    await settling.service.start()
    reading = asyncio.create_task(settling.feed())
    await eventually(lambda: not settling.service.status().node_reachable)
    async with asyncio.timeout(PATIENCE_S):
        await settling.service.stop()
        await reading
    assert settling.service.sequence == 0
