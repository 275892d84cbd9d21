"""The single writer: nothing is acknowledged or told before it is durable, and nothing that was is ever lost."""

import asyncio

import pytest

from offchain.core.errors import (
    InsufficientBalance,
    JournalError,
    ServiceUnavailable,
    StateDiverged,
)
from offchain.core.intents import Receipt
from offchain.sequencer.replay import replay
from offchain.sequencer.sequencer import Sequencer
from tests.sequencer.faults import FaultyDisk, Gate
from tests.sequencer.world import (
    ALICE,
    BOB,
    BUY,
    CAROL,
    MARKET,
    SELL,
    cancel,
    funding,
    journaled,
    opened,
    order,
    started,
    withdrawal,
)
from tests.support.waiting import eventually


async def test_while_orders_are_held_all_else_goes_on(tmp_path):
    sequencer = await opened(tmp_path)
    await sequencer.submit_many(funding(ALICE, BOB))
    placed = await sequencer.submit(order(ALICE, "a"))
    held = ["settlement has stopped"]
    sequencer.hold_orders(lambda: held[0] if held else None)
    last = sequencer.last_sequence
    with pytest.raises(ServiceUnavailable, match="settlement has stopped"):
        await sequencer.submit(order(BOB, "b", SELL))
    assert sequencer.last_sequence == last
    assert (await sequencer.submit(order(ALICE, "a"))).sequence == placed.sequence, "it was taken before"
    await sequencer.submit(cancel(ALICE, "a"))
    await sequencer.submit(withdrawal(ALICE, 1, 1))
    held.clear()
    await sequencer.submit(order(BOB, "b", SELL))
    await sequencer.stop()


async def test_an_order_is_acknowledged_only_after_it_is_durable(tmp_path):
    disk, gate = FaultyDisk(), Gate()
    sequencer = await started(tmp_path, disk)
    before, told = sequencer.last_sequence, []

    async def consumer(logged):
        told.extend(logged)

    sequencer.subscribe("test", before, consumer)
    disk.before_sync = gate
    waiting = asyncio.create_task(sequencer.submit(order(ALICE, "a")))
    await asyncio.to_thread(gate.reached.wait, 10)
    await asyncio.sleep(0.05)
    assert not waiting.done()
    assert sequencer.last_sequence == before
    assert told == []
    gate.open()
    receipt = await waiting
    assert receipt.sequence == sequencer.last_sequence == before + 1
    await sequencer.stop()
    assert [logged.command.sequence for logged in told] == [before + 1]


async def test_what_comes_during_a_sync_is_made_durable_together(tmp_path):
    disk, gate = FaultyDisk(), Gate()
    sequencer = await started(tmp_path, disk)
    disk.before_sync = gate
    first = asyncio.create_task(sequencer.submit(order(ALICE, "first", lane=1)))
    await asyncio.to_thread(gate.reached.wait, 10)
    syncs = disk.syncs
    others = [
        asyncio.create_task(sequencer.submit(order(ALICE, f"o{lane}", lane=lane, seq=1))) for lane in range(2, 52)
    ]
    await eventually(lambda: sequencer.waiting == 51)
    gate.open()
    receipts = await asyncio.gather(first, *others)
    assert disk.syncs == syncs + 2
    assert [receipt.sequence for receipt in receipts] == list(range(receipts[0].sequence, receipts[0].sequence + 51))
    assert sequencer.waiting == 0
    await sequencer.stop()


async def test_each_of_many_gets_its_own_outcome_in_order(tmp_path):
    disk = FaultyDisk()
    sequencer = await started(tmp_path, disk)
    syncs = disk.syncs
    outcomes = await sequencer.submit_many(
        [order(ALICE, "a"), withdrawal(ALICE, 1, 10**13), order(ALICE, "a"), cancel(ALICE, "a")]
    )
    assert [type(outcome) for outcome in outcomes] == [Receipt, InsufficientBalance, Receipt, Receipt]
    assert outcomes[2].repeated
    assert outcomes[3].sequence == outcomes[0].sequence + 1
    assert disk.syncs == syncs + 1
    assert await sequencer.submit_many([]) == []
    await sequencer.stop()


async def test_in_order_nothing_after_a_refusal_is_taken(tmp_path):
    sequencer = await started(tmp_path, FaultyDisk())
    before = len(journaled(tmp_path))
    refused = withdrawal(ALICE, 1, 10**13)
    with pytest.raises(InsufficientBalance):
        await sequencer.submit_in_order([order(ALICE, "a"), refused, order(ALICE, "c", lane=3)])
    assert len(journaled(tmp_path)) == before + 1
    await sequencer.submit_in_order([order(ALICE, "c", lane=3)])
    assert len(journaled(tmp_path)) == before + 2
    await sequencer.stop()


async def test_what_is_refused_is_never_journaled(tmp_path):
    sequencer = await started(tmp_path, FaultyDisk())
    before = journaled(tmp_path)
    with pytest.raises(InsufficientBalance):
        await sequencer.submit(withdrawal(ALICE, 1, 10**13))
    assert journaled(tmp_path) == before
    await sequencer.stop()


async def test_more_than_may_wait_is_refused_at_once(tmp_path):
    disk, gate = FaultyDisk(), Gate()
    sequencer = await started(tmp_path, disk, waiting_intents=30)
    disk.before_sync = gate
    first = asyncio.create_task(sequencer.submit(order(ALICE, "first", lane=1)))
    await asyncio.to_thread(gate.reached.wait, 10)
    fitting = asyncio.create_task(sequencer.submit_many([order(ALICE, f"o{lane}", lane=lane) for lane in range(2, 31)]))
    await asyncio.sleep(0)
    with pytest.raises(ServiceUnavailable, match="at most 30"):
        await sequencer.submit(order(ALICE, "too many", lane=99))
    gate.open()
    await first
    assert all(isinstance(outcome, Receipt) for outcome in await fitting)
    await sequencer.submit(order(ALICE, "again", lane=99))
    await sequencer.stop()


async def test_a_caller_who_went_away_changes_nothing_for_others(tmp_path):
    disk, gate = FaultyDisk(), Gate()
    sequencer = await started(tmp_path, disk)
    disk.before_sync = gate
    gone = asyncio.create_task(sequencer.submit(order(ALICE, "gone")))
    await asyncio.to_thread(gate.reached.wait, 10)
    gone.cancel()
    other = asyncio.create_task(sequencer.submit(order(ALICE, "other", lane=2)))
    await asyncio.sleep(0)
    gate.open()
    await other
    assert (await sequencer.submit(order(ALICE, "gone"))).repeated
    await sequencer.stop()


async def test_before_start_and_after_stop_nothing_is_taken(tmp_path):
    sequencer = Sequencer.open(tmp_path)
    with pytest.raises(ServiceUnavailable, match="not taking"):
        await sequencer.submit(order(ALICE, "a"))
    await sequencer.start()
    await sequencer.stop()
    with pytest.raises(ServiceUnavailable, match="not taking"):
        await sequencer.submit(order(ALICE, "a"))


async def test_stopping_finishes_what_was_waiting(tmp_path):
    sequencer = await started(tmp_path, FaultyDisk())
    waiting = [asyncio.create_task(sequencer.submit(order(ALICE, f"o{lane}", lane=lane))) for lane in range(1, 600)]
    await asyncio.sleep(0)
    await sequencer.stop()
    receipts = await asyncio.gather(*waiting)
    assert receipts[-1].sequence == replay(tmp_path).sequence


async def test_a_second_sequencer_cannot_open_the_journal(tmp_path):
    sequencer = await opened(tmp_path)
    with pytest.raises(JournalError, match="Another process"):
        Sequencer.open(tmp_path)
    await sequencer.stop()


async def test_chain_facts_go_on_from_where_they_were(tmp_path):
    sequencer = await started(tmp_path, FaultyDisk())
    assert sequencer.chain_position == (0, 4)
    await sequencer.stop()
    again = await opened(tmp_path)
    assert again.chain_position == (0, 4)
    outcomes = await again.submit_many(funding(ALICE, BOB))
    assert all(outcome.repeated for outcome in outcomes)
    assert again.engine.balance(1, 1)[0] == 10**12
    await again.stop()


async def test_a_subscriber_that_knows_more_than_the_journal_is_refused(tmp_path):
    sequencer = await started(tmp_path, FaultyDisk())

    async def consumer(_):
        raise AssertionError

    with pytest.raises(StateDiverged, match="the journal ends at"):
        sequencer.subscribe("test", sequencer.last_sequence + 1, consumer)
    await sequencer.stop()


async def test_orders_of_many_callers_match(tmp_path):
    sequencer = await started(tmp_path, FaultyDisk())
    pairs = await asyncio.gather(
        *(
            sequencer.submit(order(owner, f"{lane}", side, lane=lane))
            for lane in range(1, 101)
            for owner, side in ((ALICE, BUY), (BOB, SELL))
        )
    )
    assert sum(event.kind == 4 for receipt in pairs for event in receipt.events) == 100
    assert [sequencer.engine.depth(MARKET, side, 1) for side in (BUY, SELL)] == [[], []]
    assert sequencer.directory.account_of(CAROL) is None
    await sequencer.stop()
