"""Netted batches through kills, reorganisations, groups that the contract leaves out, and the loss of the database."""

import asyncio

import pytest
from sqlalchemy import delete, func, select, update

from offchain.core.commands import LADDER_TERMS_MAX, Side
from offchain.settlement.batcher import RECORD_GAS
from offchain.settlement.models import (
    BatchStatus,
    SettlementBatch,
    SettlementFill,
    SettlementLadder,
    SettlementProgress,
    SettlementWithdrawal,
)
from offchain.settlement.statements import RENEWED_MAX
from tests.settlement.answering import WAIT_US, Answerer, answering
from tests.settlement.kills import Killed, Trap
from tests.settlement.settling import Settling, wallet
from tests.settlement.written_log import BASE, QUOTE

DAY_S = 24 * 3_600


@pytest.fixture
async def settling(exchange, database):
    world = Settling(exchange, database)
    world.net_wait_us = WAIT_US
    world.revive()
    await world.fund(11, 12, 13)
    return world


def spent(settling):
    return settling.service.status().spent


@pytest.mark.parametrize("after", [False, True])
async def test_a_kill_at_any_step_loses_and_repeats_nothing(settling, monkeypatch, after):
    trap = Trap(monkeypatch, settling.exchange)
    answerers = [Answerer(settling, account) for account in (11, 12)]
    deep = settling.log.place(12, Side.SELL, 101, 10_000)
    step, killed = 0, True
    while killed:
        settling.log.place(11, Side.BUY, 101, 3, [(deep, 3)])
        trap.set(step, after=after)
        try:
            async with answering(*answerers):
                await settling.settle_all()
            killed = False
        except Killed:
            await settling.kill_and_revive()
            async with answering(*answerers):
                await settling.settle_all()
        step += 1
    assert step > 4
    await settling.assert_balances((11, 12))
    assert await settling.exchange.read("batchNumber") == step
    assert spent(settling).fills == step
    assert settling.intents == []


async def test_after_a_restart_a_closed_batch_waits_until_its_orders_are_read_again(settling):
    answerers = [Answerer(settling, account) for account in (11, 12)]
    settling.log.trade(3)
    await settling.feed()
    await settling.service._close_due()
    await settling.kill_and_revive()
    assert settling.service.sequence < settling.log.sequence
    async with answering(*answerers):
        turning = asyncio.create_task(settling.turn())
        await asyncio.sleep(0.1)
        assert not turning.done()
        await settling.feed()
        await turning
        await settling.settle_all()
    assert spent(settling).statements == 2
    await settling.assert_balances((11, 12))


async def leave(settling, account):
    """The owner has asked for an exit on chain, and it has come into effect before anybody here heard of it."""
    address = "0x" + wallet(account).address.hex()
    await settling.exchange.nodes.call("anvil_impersonateAccount", address)
    await settling.exchange.fund(wallet(account).address)
    for asset in (BASE, QUOTE):
        await settling.exchange.call("requestExit", asset, sender=address)
    await settling.exchange.nodes.call("evm_increaseTime", DAY_S + 1)
    await settling.exchange.mine()


async def test_a_group_that_the_contract_leaves_out_settles_by_its_orders_in_the_next_batch(settling):
    answerers = [Answerer(settling, account) for account in (11, 12, 13)]
    settling.log.trade(3, 11, 12)
    bad = settling.log.fills()[-1].sequence
    settling.log.trade(2, 13, 12)
    settling.log.trade(4, 12, 13)
    await leave(settling, 11)
    async with answering(*answerers):
        await settling.settle_all()
        assert [intent.fill.sequence for intent in settling.intents] == [bad]
        await settling.assert_balances((12, 13), skipped={bad})
        assert await settling.exchange.read("batchNumber") == 2
        settling.log.trade(5, 13, 12)
        settling.log.trade(1, 12, 11)
        await settling.settle_all()
    assert [answerer.refusals for answerer in answerers] == [[], [], []]
    assert [len(answerer.requests) for answerer in answerers] == [1, 2, 2], "who was at fault is not asked for a while"


@pytest.mark.parametrize("seen", [True, False])
async def test_who_was_at_fault_is_not_asked_after_a_restart_either(settling, seen):
    """Whether settlement saw the batch mined, or the log told of it first."""
    answerers = [Answerer(settling, account) for account in (11, 12)]
    settling.log.trade(3, 11, 12)
    await settling.feed()
    await leave(settling, 11)
    async with answering(*answerers):
        await settling.turn(2 if seen else 1)
    await settling.index()
    await settling.kill_and_revive()
    await settling.settle_all()
    settling.log.trade(1, 12, 11)
    async with answering(*answerers):
        await settling.settle_all()
    assert [len(answerer.requests) for answerer in answerers] == [1, 2]


async def test_a_group_left_out_comes_before_the_batches_that_closed_after_it(settling):
    """Its orders are older: settled later, they would be superseded in their lanes."""
    answerers = [Answerer(settling, account) for account in (11, 12, 13)]
    settling.log.trade(3, 11, 12)
    bad = settling.log.fills()[-1].sequence
    settling.log.trade(2, 13, 12)
    await settling.feed()
    await settling.service._close_due()
    settling.log.trade(4, 13, 12)
    await settling.feed()
    async with settling.service._lock:
        batch = settling.service._follower.batcher.close_due(settling.clock() + 10**9)
        await settling.service._record(type(settling.service._follower.follow([]))(batches=[batch]))
    await leave(settling, 11)
    async with answering(*answerers):
        await settling.settle_all()
    with settling.store.sessions() as session:
        rows = session.scalars(select(SettlementBatch).order_by(SettlementBatch.number))
        assert [(row.number, row.left_over_of is not None) for row in rows] == [(1, False), (2, True), (3, False)]
    await settling.assert_balances((12, 13), skipped={bad})


async def test_a_netted_batch_that_a_reorganisation_took_off_the_chain_settles_again(settling):
    answerers = [Answerer(settling, account) for account in (11, 12)]
    settling.log.trade(3)
    await settling.feed()
    async with answering(*answerers):
        await settling.turn(2)
        assert [row.status for row in settling.store.unsettled()] == [BatchStatus.MINED]
        await settling.exchange.nodes.call("anvil_rollback", 1)
        assert await settling.exchange.read("batchNumber") == 0
        await settling.turn(3)
        await settling.settle_all()
    assert await settling.exchange.read("batchNumber") == 1
    assert spent(settling).statements == 2
    await settling.assert_balances((11, 12))


async def test_statements_after_another_batch_than_the_chain_has_are_given_up_for_orders(settling):
    answerers = [Answerer(settling, account) for account in (11, 12)]
    await settling.exchange.nodes.call("evm_setAutomine", False)
    settling.log.trade(3)
    await settling.feed()
    async with answering(*answerers):
        await settling.turn()
        (sent,) = settling.store.unsettled()
        assert sent.net is not None
        await settling.exchange.nodes.call("anvil_dropTransaction", "0x" + sent.tx_hash.hex())
        with settling.store.sessions.begin() as session:
            session.execute(update(SettlementBatch).values(previous_hash=bytes([1]) * 32))
        await settling.exchange.nodes.call("evm_setAutomine", True)
        await settling.settle_all()
    assert (spent(settling).statements, spent(settling).fills) == (0, 1)
    await settling.assert_balances((11, 12))


async def test_the_netted_variant_counts_if_somebody_submits_it_after_all(settling):
    """It was given up for orders; its calldata was out, and anybody may send it."""
    answerers = [Answerer(settling, account) for account in (11, 12)]
    await settling.exchange.nodes.call("evm_setAutomine", False)
    settling.log.trade(3)
    await settling.feed()
    async with answering(*answerers):
        await settling.turn()
    (sent,) = settling.store.unsettled()
    await settling.exchange.nodes.call("anvil_dropTransaction", "0x" + sent.tx_hash.hex())
    await settling.submitter._fall_back(sent, "for the sake of it")
    await settling.exchange.nodes.call("evm_setAutomine", True)
    await settling.exchange.transact(settling.exchange.settlement, settling.submitter._calldata(sent))
    await settling.settle_all()
    assert await settling.exchange.read("batchNumber") == 1
    assert (spent(settling).statements, spent(settling).fills) == (2, 1)
    await settling.assert_balances((11, 12))


async def test_an_order_that_a_floor_would_end_unasked_keeps_the_account_with_its_orders(settling):
    """It came in while the account was asked, with a seq that is older than the floor."""
    answerer = Answerer(settling, 12)
    settling.log.trade(3)
    renew = settling.renew

    async def overtaken(intent):
        settling.log.seqs[settling.log.sequence + 1] = 1
        resting.append(settling.log.place(12, Side.SELL, 100, 2))
        return await renew(intent)

    resting = []
    settling.submitter._prover._renew = overtaken
    async with answering(answerer):
        await settling.settle_all()
    assert (len(answerer.requests), spent(settling).statements) == (1, 0)
    settling.log.place(13, Side.BUY, 100, 2, [(resting[0], 2)])
    await settling.settle_all()
    assert settling.intents == []
    await settling.assert_balances((11, 12, 13))


async def test_a_fill_that_a_floor_would_undo_unasked_keeps_the_account_with_its_orders(settling):
    """The order came in and was filled while its owner was asked: no floor may let him take that back."""
    answerer = Answerer(settling, 12)
    bid = settling.log.place(13, Side.BUY, 100, 2)
    settling.log.trade(3)
    renew = settling.renew

    async def overtaken(intent):
        settling.log.seqs[settling.log.sequence + 1] = 1
        settling.log.place(12, Side.SELL, 100, 2, [(bid, 2)])
        return await renew(intent)

    settling.submitter._prover._renew = overtaken
    await settling.feed()
    await settling.service._close_due()
    async with answering(answerer):
        await settling.turn()
    await settling.settle_all()
    assert (len(answerer.requests), spent(settling).statements) == (1, 0)
    assert settling.intents == []
    await settling.assert_balances((11, 12, 13))


async def test_an_order_that_is_cancelled_while_it_is_signed_again_does_no_harm(settling):
    answerer = Answerer(settling, 12)
    idle, deep = (settling.log.place(12, Side.SELL, 100, 2) for _ in range(2))
    settling.log.place(11, Side.BUY, 100, 1, [(deep, 1)])
    renew = settling.renew

    async def cancelled(intent):
        settling.log.cancel(idle)
        return await renew(intent)

    settling.submitter._prover._renew = cancelled
    async with answering(answerer):
        await settling.settle_all()
    (asked,) = answerer.requests
    assert [row.order_id for row in asked.renewals] == [idle, deep]
    settling.log.place(11, Side.BUY, 100, 1, [(deep, 1)])
    await settling.settle_all()
    assert (settling.intents, spent(settling).statements) == ([], 1)
    await settling.assert_balances((11, 12))


async def test_orders_of_a_ladder_settle_by_its_one_signature_and_can_be_renewed(settling):
    answerer = Answerer(settling, 12)
    ladder = settling.log.sign_ladder(12, [(Side.SELL, 100, 5), (Side.SELL, 101, 5), (Side.SELL, 102, 5)])
    first, second = (settling.log.place_of_ladder(12, ladder, place) for place in (1, 3))
    settling.log.place(11, Side.BUY, 102, 7, [(first, 5), (second, 2)])
    await settling.settle_all()
    await settling.assert_balances((11, 12))
    settling.log.place(11, Side.BUY, 102, 1, [(second, 1)])
    async with answering(answerer):
        await settling.settle_all()
    settling.log.place(11, Side.BUY, 102, 2, [(second, 2)])
    await settling.settle_all()
    assert settling.intents == []
    assert spent(settling).statements == 1
    await settling.assert_balances((11, 12))


async def test_each_order_of_a_ladder_costs_no_more_than_the_batcher_counts_for_it(settling):
    gas = []
    for size in (1, 101):
        ladder = settling.log.sign_ladder(12, [(Side.SELL, 100 + place, 5) for place in range(size)])
        rung = settling.log.place_of_ladder(12, ladder, 1)
        settling.log.place(11, Side.BUY, 100, 5, [(rung, 5)])
        before = spent(settling).gas
        await settling.settle_all()
        gas.append(spent(settling).gas - before)
    assert 0 < (gas[1] - gas[0]) / 100 <= RECORD_GAS
    await settling.assert_balances((11, 12))


async def test_who_would_have_too_many_orders_to_sign_again_is_not_asked(settling):
    answerer = Answerer(settling, 12)
    resting = [settling.log.place(12, Side.SELL, 100, 2) for _ in range(RENEWED_MAX + 1)]
    settling.log.place(11, Side.BUY, 100, 1, [(resting[-1], 1)])
    async with answering(answerer):
        await settling.settle_all()
        assert answerer.requests == []
        settling.log.cancel(resting[0])
        settling.log.place(11, Side.BUY, 100, 1, [(resting[-1], 1)])
        await settling.settle_all()
    assert len(answerer.requests) == 1
    await settling.assert_balances((11, 12))


async def test_who_would_sign_again_under_too_many_terms_is_not_asked(settling):
    answerer = Answerer(settling, 12)
    resting = [settling.log.place(12, Side.SELL, 100, 2, max_fee_bps=50 - n) for n in range(LADDER_TERMS_MAX + 1)]
    settling.log.place(11, Side.BUY, 100, 1, [(resting[-1], 1)])
    async with answering(answerer):
        await settling.settle_all()
    assert answerer.requests == []
    await settling.assert_balances((11, 12))


async def lose_everything(settling):
    with settling.store.sessions.begin() as session:
        for table in (SettlementBatch, SettlementFill, SettlementProgress, SettlementWithdrawal, SettlementLadder):
            session.execute(delete(table))
    settling.intents.clear()
    await settling.kill_and_revive()


def rows_of(settling):
    columns = (
        SettlementBatch.number,
        SettlementBatch.batch_hash,
        SettlementBatch.fill_events,
        SettlementBatch.net,
        SettlementBatch.statements,
    )
    ladders = (SettlementLadder.owner, SettlementLadder.market, SettlementLadder.floor, SettlementLadder.content)
    with settling.store.sessions() as session:
        confirmed = session.execute(select(*columns).where(SettlementBatch.status == "confirmed"))
        fills = select(SettlementFill.event_sequence, SettlementFill.status).order_by(SettlementFill.event_sequence)
        return (
            sorted(map(tuple, confirmed), key=lambda row: row[0]),
            list(map(tuple, session.execute(fills))),
            sorted(map(tuple, session.execute(select(*ladders)))),
        )


@pytest.fixture
async def eventful(settling):
    """Batches by statements, by orders, by ladders, by renewals, and one whose group was left out."""
    answerers = [Answerer(settling, account) for account in (11, 12, 13)]
    deep = settling.log.place(12, Side.SELL, 100, 30)
    ladder = settling.log.sign_ladder(13, [(Side.SELL, 100, 5), (Side.SELL, 101, 5)])
    rung = settling.log.place_of_ladder(13, ladder, 2)
    for chosen in (answerers, answerers[:2], [], answerers[1:], answerers):
        settling.log.place(11, Side.BUY, 100, 3, [(deep, 3)])
        settling.log.place(13, Side.BUY, 100, 2, [(deep, 2)])
        settling.log.place(11, Side.BUY, 101, 1, [(rung, 1)])
        settling.log.trade(1, 13, 11)
        async with answering(*chosen):
            await settling.settle_all()
    settling.log.trade(3, 11, 12)
    settling.log.trade(2, 13, 12)
    await leave(settling, 11)
    async with answering(*answerers):
        await settling.settle_all()
    for intent in list(settling.intents):
        settling.log.unwound(intent.fill)
    await settling.feed()
    assert spent(settling).statements > 0
    return settling


async def test_a_lost_database_is_taken_back_with_statements_and_renewals(eventful):
    before, number = rows_of(eventful), await eventful.exchange.read("batchNumber")
    await lose_everything(eventful)
    await eventful.feed()
    await eventful.turn(3)
    assert eventful.service.status().error is None
    after = rows_of(eventful)
    # Which fills were in a group that was left out is of no interest any more: a later batch has them.
    assert [row for row in after[0] if row[0] != number - 1] == [row for row in before[0] if row[0] != number - 1]
    assert [row[:2] for row in after[0]] == [row[:2] for row in before[0]]
    assert after[1:] == before[1:]
    assert eventful.intents == []
    eventful.log.trade(2, 13, 12)
    await eventful.settle_all()
    assert await eventful.exchange.read("batchNumber") == number + 1


async def test_what_was_left_over_and_not_settled_when_the_database_was_lost_is_settled(settling):
    answerers = [Answerer(settling, account) for account in (11, 12, 13)]
    settling.log.trade(3, 11, 12)
    bad = settling.log.fills()[-1].sequence
    settling.log.trade(2, 13, 12)
    await leave(settling, 11)
    await settling.feed()
    async with answering(*answerers):
        await settling.turn()
    assert await settling.exchange.read("batchNumber") == 1
    await lose_everything(settling)
    await settling.settle_all()
    assert await settling.exchange.read("batchNumber") == 2
    await settling.assert_balances((12, 13), skipped={bad})
    assert [intent.fill.sequence for intent in settling.intents] == [bad]


async def test_a_day_without_a_batch_brings_an_empty_one(settling):
    settling.log.trade()
    await settling.settle_all()
    await settling.turn(2)
    assert await settling.exchange.read("batchNumber") == 1
    await settling.exchange.nodes.call("evm_increaseTime", DAY_S)
    await settling.exchange.mine()
    for _ in range(3):
        settling.service._next_heartbeat_check = 0.0
        await settling.turn()
        await settling.index()
    assert await settling.exchange.read("batchNumber") == 2
    with settling.store.sessions() as session:
        assert session.scalar(select(func.count()).select_from(SettlementBatch)) == 2
    settling.log.trade()
    await settling.settle_all()
    assert await settling.exchange.read("batchNumber") == 3
    await lose_everything(settling)
    await settling.feed()
    await settling.turn()
    assert settling.service.status().halted is None
    await settling.assert_balances((11, 12))
