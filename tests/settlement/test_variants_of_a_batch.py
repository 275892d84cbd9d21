"""Whichever of the variants that were ever signed the chain holds: it is recognised, and each fill settles once."""

import random

import pytest
from sqlalchemy import select

from offchain.chain.node import RpcError
from offchain.core.commands import Side
from offchain.settlement.batch_rows import UNSETTLED, settle_left_over, unpack_sequences
from offchain.settlement.follower import Delivery
from offchain.settlement.journal_root import SegmentRoot, record_leaf
from offchain.settlement.models import BatchStatus, FillStatus, SettlementBatch, SettlementFill
from tests.settlement.answering import WAIT_US, Answerer, answering
from tests.settlement.settling import Settling
from tests.settlement.test_netted_batches_survive import leave

ACCOUNTS = (11, 12, 13)
UNLISTED = 9


@pytest.fixture
async def settling(exchange, database):
    world = Settling(exchange, database)
    world.net_wait_us = WAIT_US
    world.revive()
    await world.fund(*ACCOUNTS)
    return world


async def back_to(settling, number):
    """Takes batches off the chain, and forgets what was sent, until this one is the last."""
    nodes = settling.exchange.nodes
    while await settling.exchange.read("batchNumber") > number:
        await nodes.call("anvil_rollback", 1)
    await nodes.call("anvil_dropAllTransactions")


async def settle(settling, *rows):
    """Somebody submits these batches."""
    for row in rows:
        await settling.exchange.transact(settling.exchange.settlement, settling.submitter._calldata(row))


async def mined(settling):
    """Takes the next batch onto the chain."""
    number = await settling.exchange.read("batchNumber")
    await settling.feed()
    for _ in range(6):
        await settling.turn()
        if await settling.exchange.read("batchNumber") > number:
            return settling.store.by_hash(await settling.exchange.read("batchHash"))
    raise AssertionError(settling.service.status())


async def netted_first(settling):
    """A batch by statements; what is signed after it names it."""
    settling.log.trade(3)
    await settling.feed()
    answerers = [Answerer(settling, account) for account in (11, 12)]
    async with answering(*answerers):
        row = await mined(settling)
    assert row.net is not None
    return row


async def give_up_first(settling, first):
    """Takes all off the chain and has orders prove the first batch; what was signed after it is signed anew."""
    await back_to(settling, 0)
    await settling.submitter._fall_back(settling.store.by_hash(first.batch_hash), "for the sake of it")


def assert_each_fill_has_one_place(settling):
    """Nothing that is not final is in two batches that may still settle, or in none."""
    with settling.store.sessions() as session:
        rows = list(session.scalars(select(SettlementBatch).where(SettlementBatch.status.in_(UNSETTLED))))
        places = {row.id: set(unpack_sequences(row.fill_events)) for row in rows}
        open_fills = select(SettlementFill).where(SettlementFill.status == FillStatus.BATCHED)
        for fill in session.scalars(open_fills):
            assert fill.event_sequence in places[fill.batch_id]
    assert len({row.position for row in rows}) == len(rows)


async def assert_all_settled(settling, batches):
    assert settling.service.status().halted is None
    assert_each_fill_has_one_place(settling)
    await settling.settle_all()
    assert settling.service.status().error is None
    assert settling.intents == []
    assert await settling.exchange.read("batchNumber") == batches
    await settling.assert_balances(ACCOUNTS)
    assert_the_journal_is_told_once(settling)


def assert_the_journal_is_told_once(settling):
    with settling.store.sessions() as session:
        confirmed = select(SettlementBatch).where(SettlementBatch.status == BatchStatus.CONFIRMED)
        rows = list(session.scalars(confirmed.order_by(SettlementBatch.number)))
    told = 0
    for row in rows:
        segment = SegmentRoot()
        for entry in settling.log.entries[told : row.through_sequence]:
            segment.add(record_leaf(entry.command, entry.attachment))
        assert row.journal_root == segment.root()
        told = row.through_sequence


async def test_a_batch_that_was_signed_again_counts_as_it_was_signed_first(settling):
    first = await netted_first(settling)
    settling.log.trade(2)
    second = await mined(settling)
    await give_up_first(settling, first)
    await mined(settling)
    again = await mined(settling)
    assert again.number == second.number
    assert again.batch_hash != second.batch_hash
    await back_to(settling, 0)
    await settle(settling, first, second)
    await settling.turn()
    await assert_all_settled(settling, 2)
    assert settling.store.by_hash(second.batch_hash).status == BatchStatus.CONFIRMED
    assert settling.store.by_hash(again.batch_hash).status == BatchStatus.FAILED


async def test_what_was_signed_first_counts_too_if_only_the_log_tells_of_it(settling):
    first = await netted_first(settling)
    settling.log.trade(2)
    second = await mined(settling)
    await give_up_first(settling, first)
    await mined(settling)
    await mined(settling)
    await back_to(settling, 0)
    settling.indexed_block = await settling.exchange.nodes.block_number()
    await settle(settling, first, second)
    await settling.index()
    await assert_all_settled(settling, 2)


def splitting_once(settling, monkeypatch):
    """The proofs of the next batch have outgrown it."""
    prover = settling.submitter._prover
    prove, outgrown = prover.prove, [None]

    async def split_once(*arguments):
        return outgrown.pop() if outgrown else await prove(*arguments)

    monkeypatch.setattr(prover, "prove", split_once)


@pytest.fixture
async def split(settling, monkeypatch):
    """A batch that was on the chain, and then was split because the one before it changed; one came after it."""
    first = await netted_first(settling)
    deep = settling.log.place(12, Side.SELL, 100, 30)
    for _ in range(4):
        settling.log.place(11, Side.BUY, 100, 2, [(deep, 2)])
    whole = await mined(settling)
    settling.log.place(13, Side.BUY, 100, 3, [(deep, 3)])
    third = await mined(settling)
    await give_up_first(settling, first)
    before = await mined(settling)
    splitting_once(settling, monkeypatch)
    half = await mined(settling)
    assert len(half.fill_events) * 2 == len(whole.fill_events)
    settling.first, settling.whole, settling.third = first, whole, third
    settling.before, settling.half = before, half
    return settling


async def test_the_parts_of_a_batch_that_was_split_settle_and_what_came_after_it(split):
    await assert_all_settled(split, 4)


async def test_a_batch_counts_as_it_was_before_it_was_split(split):
    await mined(split)
    await back_to(split, 0)
    await settle(split, split.first, split.whole)
    await split.turn()
    await assert_all_settled(split, 3)


async def test_with_the_batch_that_followed_it_before_it_was_split(split):
    await back_to(split, 0)
    await settle(split, split.first, split.whole, split.third)
    await split.turn()
    await assert_all_settled(split, 3)


async def test_a_part_counts_after_the_whole_had_been_taken_back(split):
    await back_to(split, 0)
    await settle(split, split.first, split.whole)
    await split.turn(2)
    await back_to(split, 0)
    await settle(split, split.before, split.half)
    await split.turn()
    await assert_all_settled(split, 4)


async def test_a_part_counts_after_the_whole_had_been_taken_back_if_only_the_log_tells_of_it(split):
    await back_to(split, 0)
    await settle(split, split.first, split.whole)
    await split.turn(2)
    await back_to(split, 0)
    split.indexed_block = await split.exchange.nodes.block_number()
    await settle(split, split.before, split.half)
    await split.index()
    await assert_all_settled(split, 4)


async def test_what_a_group_left_over_settles_once_if_its_batch_is_proved_by_orders_after_all(settling):
    """Left over are fills of orders that have lots left: the contract would fill them a second time."""
    bids = [settling.log.place(13, Side.BUY, 100, 20) for _ in range(2)]
    settling.log.place(12, Side.SELL, 100, 2, [(bids[0], 2)])
    settling.log.place(11, Side.SELL, 100, 3, [(bids[1], 3)])
    settling.log.trade(2, 11, 12)
    await settling.feed()
    await leave(settling, 11)
    async with answering(*(Answerer(settling, account) for account in (11, 12))):
        netted = await mined(settling)
    await settling.feed()
    await settling.turn()
    assert [row.left_over_of for row in settling.store.unsettled()] == [None, netted.id]
    await back_to(settling, 0)
    await settling.submitter._fall_back(settling.store.by_hash(netted.batch_hash), "for the sake of it")
    assert_each_fill_has_one_place(settling)
    await settling.settle_all()
    assert await settling.exchange.read("batchNumber") == 1
    skipped = {intent.fill.sequence for intent in settling.intents}
    assert len(skipped) == 2
    await settling.assert_balances((12, 13), skipped=skipped)


async def test_what_was_given_up_is_taken_up_again_if_nothing_else_comes_of_it(settling):
    """Signed anew for the same place it is the same batch, and there is one row of it."""
    settling.log.trade()
    await settling.exchange.nodes.call("evm_setAutomine", False)
    await settling.feed()
    await settling.turn()
    (sent,) = settling.store.unsettled()
    await settling.submitter._fall_back(sent, "for the sake of it")
    await settling.turn()
    (again,) = settling.store.unsettled()
    assert (again.batch_hash, again.nonce) == (sent.batch_hash, sent.nonce)
    assert again.max_fee_wei > sent.max_fee_wei, "its transaction replaces the one that was given up"
    await settling.exchange.nodes.call("evm_setAutomine", True)
    await settling.exchange.mine()
    await settling.settle_all()
    await settling.assert_balances((11, 12))


async def test_a_batch_keeps_the_place_that_it_got_while_somebody_held_a_copy_of_it(settling):
    settling.log.trade()
    await settling.feed()
    await settling.service._close_due()
    settling.log.trade()
    await settling.feed()
    async with settling.service._lock:
        batch = settling.service._follower.batcher.close_due(settling.clock() + 10**9)
        await settling.service._record(Delivery(batches=[batch]))
    first, second = settling.store.unsettled()
    with settling.store.sessions.begin() as session:
        settle_left_over(session, first, [0])
    second.error = "something else"
    assert settling.store.save(second)
    assert_each_fill_has_one_place(settling)
    assert [row.id for row in settling.store.unsettled()] == [first.id, second.id + 1, second.id]


async def tried(settling, monkeypatch):
    """A batch with an offender, and what a node was asked to try on the way to the batch without it."""
    call, asked = settling.exchange.nodes.call, []

    async def noted(method, *params):
        if method == "eth_estimateGas":
            asked.append(bytes.fromhex(params[0]["data"][2:]))
        return await call(method, *params)

    monkeypatch.setattr(settling.exchange.nodes, "call", noted)
    settling.log.list_market(UNLISTED)
    deep = settling.log.place(12, Side.SELL, 100, 30)
    for number in range(6):
        settling.log.trade(market=UNLISTED) if number == 2 else settling.log.place(11, Side.BUY, 100, 2, [(deep, 2)])
    offender = next(fill.sequence for fill in settling.log.fills() if fill.market == UNLISTED)
    await settling.feed()
    await settling.exchange.nodes.call("evm_setAutomine", False)
    await settling.turn(3)
    await settling.exchange.nodes.call("anvil_dropAllTransactions")
    await settling.exchange.nodes.call("evm_setAutomine", True)
    return asked, offender


async def test_what_a_node_was_asked_to_try_counts_if_it_submits_that(settling, monkeypatch):
    asked, offender = await tried(settling, monkeypatch)
    empty, *_, part = sorted({calldata for calldata in asked if await passes(settling, calldata)}, key=len)[:-1]
    assert len(empty) < len(part)
    await settling.exchange.transact(settling.exchange.settlement, part)
    await settling.turn()
    assert settling.service.status().halted is None
    assert_each_fill_has_one_place(settling)
    await settling.settle_all()
    assert [intent.fill.sequence for intent in settling.intents] == [offender]
    await settling.assert_balances((11, 12), skipped={offender})
    assert_the_journal_is_told_once(settling)


async def test_what_was_only_tried_is_forgotten_once_a_variant_is_final(settling, monkeypatch):
    _, offender = await tried(settling, monkeypatch)
    assert tries(settling) >= 3
    await settling.settle_all()
    assert tries(settling) == 0
    await settling.assert_balances((11, 12), skipped={offender})


def tries(settling):
    with settling.store.sessions() as session:
        return session.query(SettlementBatch).filter_by(status=BatchStatus.TRIED).count()


async def passes(settling, calldata):
    call = {"to": "0x" + settling.exchange.settlement.hex(), "data": "0x" + calldata.hex()}
    try:
        await settling.exchange.nodes.call("eth_call", call, "latest")
    except RpcError:
        return False
    return True


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_the_chain_takes_and_takes_back_each_fill_settles_once(settling, seed):
    """Blocks go, and anybody submits whatever was ever signed and fits."""
    rng, final = random.Random(seed), 0
    settling.log.list_market(UNLISTED)
    answerers = [Answerer(settling, account) for account in ACCOUNTS]
    deep = settling.log.place(12, Side.SELL, 100, 1_000)
    for _ in range(45):
        step = rng.choices(["trade", "turn", "back", "other", "give up", "final"], [4, 8, 2, 4, 1, 1])[0]
        if step == "trade":
            for _ in range(rng.randint(1, 4)):
                settling.log.place(rng.choice((11, 13)), Side.BUY, 100, 2, [(deep, 2)])
            if rng.random() < 0.2:
                settling.log.trade(market=UNLISTED)
            await settling.feed()
        elif step == "turn":
            async with answering(*rng.sample(answerers, rng.randint(0, 3))):
                await settling.turn()
        elif step == "back":
            await back_to(settling, rng.randint(final, await settling.exchange.read("batchNumber")))
        elif step == "other":
            await submit_any(settling, rng)
        elif step == "give up":
            signed = [row for row in settling.store.unsettled() if row.signature and row.status != BatchStatus.MINED]
            for row in signed[:1]:
                await settling.submitter._fall_back(row, "for the sake of it")
        else:
            await settling.index()
            final = await settling.exchange.read("batchNumber")
        assert settling.service.status().halted is None
        assert_each_fill_has_one_place(settling)
    await settling.settle_all()
    skipped = {intent.fill.sequence for intent in settling.intents}
    # Statements name no market: an offender between two who answered settles.
    assert skipped <= {fill.sequence for fill in settling.log.fills() if fill.market == UNLISTED}
    await settling.assert_balances(ACCOUNTS, skipped=skipped)
    assert_the_journal_is_told_once(settling)


async def submit_any(settling, rng):
    """Submits some batch that was signed after the one that the chain has."""
    head = await settling.exchange.read("batchHash")
    with settling.store.sessions() as session:
        rows = session.scalars(select(SettlementBatch).where(SettlementBatch.previous_hash == head))
        fitting = [settling.submitter._calldata(row) for row in rows if row.signature is not None]
    passing = [calldata for calldata in fitting if await passes(settling, calldata)]
    if passing:
        await settling.exchange.transact(settling.exchange.settlement, rng.choice(passing))
