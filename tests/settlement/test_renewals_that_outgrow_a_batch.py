"""Orders that are signed again with many others after their batch was closed: it is split, and all of it settles."""

import pytest
from sqlalchemy import delete, select

from offchain.core.commands import LADDER_TERMS_MAX, OrderInstructions, Side
from offchain.settlement import prover
from offchain.settlement.journal_root import SegmentRoot, record_leaf
from offchain.settlement.models import (
    BatchStatus,
    SettlementBatch,
    SettlementFill,
    SettlementLadder,
    SettlementProgress,
    SettlementWithdrawal,
)
from offchain.settlement.payload_format import FEE_CLASSES_MAX
from offchain.settlement.store import BatchStore
from tests.settlement.answering import WAIT_US, Answerer, answering
from tests.settlement.kills import Killed
from tests.settlement.settling import Settling
from tests.settlement.written_log import BASE, QUOTE

TAKER = 11
MAKERS = range(12, 21)


def rest(log, maker, n):
    """A maker's n-th order: no two orders have the same fee cap and flags."""
    prevention, caps = divmod(maker - MAKERS[0], 3)
    flags = OrderInstructions(self_trade_prevention=prevention).flags
    return log.place(maker, Side.SELL, 100, 5, max_fee_bps=1 + caps * LADDER_TERMS_MAX + n, flags=flags)


@pytest.fixture
async def settling(exchange, database):
    """Each maker has signed orders under other terms again; the closed batch that is next needs one of each maker."""
    assert len(MAKERS) * LADDER_TERMS_MAX > FEE_CLASSES_MAX
    world = Settling(exchange, database)
    world.net_wait_us = 10 * WAIT_US
    world.revive()
    await world.fund(TAKER, *MAKERS)
    resting = {maker: [rest(world.log, maker, n) for n in range(LADDER_TERMS_MAX)] for maker in MAKERS}
    for maker in MAKERS:
        world.log.place(TAKER, Side.BUY, 100, 1, [(resting[maker][-1], 1)])
    await world.feed()
    await world.service._close_due()
    for maker in MAKERS:
        world.log.place(TAKER, Side.BUY, 100, 2, [(resting[maker][0], 2)])
    await world.feed()
    async with world.service._lock:
        batch = world.service._follower.batcher.close_due(world.clock() + 10**9)
        await world.service._record(type(world.service._follower.follow([]))(batches=[batch]))
    answerers = [Answerer(world, maker) for maker in MAKERS]
    async with answering(*answerers):
        await world.turn()
    assert [answerer.refusals for answerer in answerers] == [[]] * len(MAKERS)
    assert [len(answerer.requests[0].renewals) for answerer in answerers] == [LADDER_TERMS_MAX] * len(MAKERS)
    world.resting, world.answerers = resting, answerers
    return world


def rows_of(settling):
    with settling.store.sessions() as session:
        return list(session.scalars(select(SettlementBatch).order_by(SettlementBatch.position)))


async def assert_all_settled(settling, batches):
    assert settling.service.status().halted is None
    assert settling.intents == []
    assert settling.service.status().spent.fills == len(settling.log.fills())
    assert {row.status for row in rows_of(settling)} == {BatchStatus.CONFIRMED}
    assert await settling.exchange.read("batchNumber") == batches
    await settling.assert_balances((TAKER, *MAKERS))
    told = 0
    for row in rows_of(settling):
        segment = SegmentRoot()
        for entry in settling.log.entries[told : row.through_sequence]:
            segment.add(record_leaf(entry.command, entry.attachment))
        assert row.journal_root == segment.root()
        told = row.through_sequence


async def test_more_fee_classes_than_fit_make_two_batches_of_one(settling):
    await settling.settle_all()
    await assert_all_settled(settling, 3)
    first, second, third = rows_of(settling)
    assert first.through_sequence == second.through_sequence < third.through_sequence
    assert second.journal_root == bytes(32) != third.journal_root
    assert len(second.fill_events) // 8 + len(third.fill_events) // 8 == len(MAKERS)
    settling.log.place(TAKER, Side.BUY, 100, 3, [(settling.resting[12][0], 3)])
    await settling.settle_all()
    await assert_all_settled(settling, 4)


async def test_a_floor_is_above_renewals_that_were_never_used_and_both_assets_are_named(settling):
    """The statement of the first renewals is given up for orders; the next one's floor ends them all the same."""
    maker, deep = 12, settling.resting[12][-1]
    await settling.settle_all()
    answerer = settling.answerers[0]
    for _ in range(2):
        settling.log.place(TAKER, Side.BUY, 100, 1, [(deep, 1)])
        settling.log.place(maker, Side.BUY, 100, 1, [(settling.log.place(TAKER, Side.SELL, 100, 1), 1)])
        await settling.exchange.nodes.call("evm_setAutomine", False)
        await settling.feed()
        async with answering(answerer):
            await settling.turn()
        (sent,) = settling.store.unsettled()
        await settling.exchange.nodes.call("anvil_dropTransaction", "0x" + sent.tx_hash.hex())
        await settling.submitter._fall_back(sent, "for the sake of it")
        await settling.exchange.nodes.call("evm_setAutomine", True)
        await settling.settle_all()
    assert answerer.refusals == []
    _, first, second = answerer.requests
    assert second.floor >= first.floor + max(row.seq_step for row in first.renewals)
    assert [asset for asset, _ in second.deltas] == [BASE, QUOTE]
    assert dict(second.deltas)[BASE] == 0
    assert settling.intents == []
    await settling.assert_balances((TAKER, *MAKERS))


@pytest.mark.parametrize("after", [False, True])
async def test_a_kill_at_the_split_does_no_harm(settling, monkeypatch, after):
    split = BatchStore.split

    def killed(store, batch):
        if after:
            split(store, batch)
        raise Killed

    monkeypatch.setattr(BatchStore, "split", killed)
    with pytest.raises(Killed):
        await settling.settle_all()
    monkeypatch.setattr(BatchStore, "split", split)
    await settling.kill_and_revive()
    await settling.settle_all()
    await assert_all_settled(settling, 3)


async def test_a_payload_that_no_node_takes_is_split_until_each_part_is_taken(settling, monkeypatch):
    monkeypatch.setattr(prover, "PAYLOAD_BYTES_MAX", 1_500)
    await settling.settle_all()
    assert all(len(row.sent_payload) <= 1_500 for row in rows_of(settling)[1:])
    await assert_all_settled(settling, len(rows_of(settling)))
    assert len(rows_of(settling)) > 3


async def test_more_gas_than_a_block_has_splits_too_and_one_fill_is_never_split(settling, monkeypatch):
    monkeypatch.setattr(prover, "ORDER_GAS", 10**9)
    await settling.settle_all()
    await assert_all_settled(settling, 1 + len(MAKERS))


@pytest.mark.parametrize("batches", [2, 3])
async def test_a_database_that_is_lost_between_the_parts_is_taken_back(settling, batches):
    while await settling.exchange.read("batchNumber") < batches:
        await settling.turn()
    with settling.store.sessions.begin() as session:
        for table in (SettlementBatch, SettlementFill, SettlementProgress, SettlementWithdrawal, SettlementLadder):
            session.execute(delete(table))
    await settling.kill_and_revive()
    await settling.settle_all()
    await assert_all_settled(settling, 3)
