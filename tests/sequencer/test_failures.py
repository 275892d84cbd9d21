"""What fails in the sequencer is told to those whom it concerns, and harms nobody and nothing else."""

import asyncio

import pytest

from offchain.core.errors import (
    InsufficientBalance,
    JournalError,
    QuantaTradeError,
    ServiceUnavailable,
)
from offchain.core.intents import Receipt
from offchain.sequencer.registry import Registry
from offchain.sequencer.replay import replay
from offchain.sequencer.sequencer import Sequencer
from offchain.sequencer.snapshot import snapshot_paths
from tests.sequencer.faults import FaultyDisk, Gate
from tests.sequencer.world import ALICE, cancel, journaled, opened, order, started, withdrawal


@pytest.mark.parametrize("how", ["write", "sync"])
async def test_a_disk_that_fails_stops_orders_and_nothing_else(tmp_path, how):
    disk = FaultyDisk()
    sequencer = await started(tmp_path, disk)
    kept = await sequencer.submit(order(ALICE, "kept"))
    if how == "write":
        disk.room = 50
    else:
        disk.is_sync_broken = True
    told = []

    async def consumer(logged):
        told.extend(logged)

    sequencer.subscribe("test", kept.sequence, consumer)
    outcomes = await sequencer.submit_many([order(ALICE, "lost", lane=2), withdrawal(ALICE, 1, 10**13)])
    assert isinstance(outcomes[0], JournalError)
    assert isinstance(outcomes[1], InsufficientBalance)
    assert sequencer.halted is not None
    with pytest.raises(ServiceUnavailable, match="halted"):
        await sequencer.submit(order(ALICE, "later", lane=3))
    assert sequencer.last_sequence == kept.sequence
    assert sequencer.engine.order(kept.sequence) is not None
    assert sequencer.directory.account_of(ALICE) == 1
    disk.room, disk.is_sync_broken = None, False
    await sequencer.stop()
    assert told == []
    again = await opened(tmp_path)
    assert (await again.submit(order(ALICE, "kept"))).sequence == kept.sequence
    await again.stop()


async def test_those_who_wait_when_the_disk_fails_are_told_that_nothing_changed(tmp_path):
    disk, gate = FaultyDisk(), Gate()
    sequencer = await started(tmp_path, disk)
    disk.before_sync, disk.is_sync_broken = gate, True
    first = asyncio.create_task(sequencer.submit(order(ALICE, "first")))
    await asyncio.to_thread(gate.reached.wait, 10)
    second = asyncio.create_task(sequencer.submit(order(ALICE, "second", lane=2)))
    await asyncio.sleep(0)
    gate.open()
    with pytest.raises(JournalError):
        await first
    with pytest.raises(ServiceUnavailable):
        await second
    await sequencer.stop()
    assert replay(tmp_path).registry.orders.find(1, "second") is None


async def test_those_who_gave_up_waiting_are_not_answered_when_the_disk_fails(tmp_path):
    disk, gate = FaultyDisk(), Gate()
    sequencer = await started(tmp_path, disk)
    disk.before_sync, disk.is_sync_broken = gate, True
    callers = [asyncio.create_task(sequencer.submit(order(ALICE, f"o{lane}", lane=lane))) for lane in (1, 2)]
    await asyncio.to_thread(gate.reached.wait, 10)
    late = [asyncio.create_task(sequencer.submit(order(ALICE, f"o{lane}", lane=lane))) for lane in (3, 4)]
    await asyncio.sleep(0)
    for caller in (callers[0], late[0]):
        caller.cancel()
    gate.open()
    with pytest.raises(JournalError):
        await callers[1]
    with pytest.raises(ServiceUnavailable):
        await late[1]
    assert sequencer.waiting == 0
    await sequencer.stop()


async def test_a_state_that_is_no_longer_sound_halts_everything(tmp_path, monkeypatch):
    sequencer = await started(tmp_path, FaultyDisk())
    before = journaled(tmp_path)

    def fail(*_):
        raise ZeroDivisionError("half way")

    with monkeypatch.context() as patch:
        patch.setattr(Registry, "apply", fail)
        outcomes = await sequencer.submit_many([order(ALICE, "a"), order(ALICE, "b", lane=2)])
    assert all(isinstance(outcome, QuantaTradeError) for outcome in outcomes)
    assert "ZeroDivisionError" in sequencer.halted
    with pytest.raises(ServiceUnavailable, match="ZeroDivisionError"):
        await sequencer.submit(order(ALICE, "c", lane=3))
    await sequencer.stop()
    assert journaled(tmp_path) == before


async def test_an_intent_that_breaks_its_judge_harms_nobody_else(tmp_path):
    sequencer = await started(tmp_path, FaultyDisk())
    outcomes = await sequencer.submit_many([cancel(None, 7), order(ALICE, "a")])
    assert outcomes[0].code == 5000
    assert "Report it" in outcomes[0].next_step
    assert isinstance(outcomes[1], Receipt)
    assert sequencer.halted is None
    await sequencer.stop()


async def test_a_failure_of_the_writer_answers_everybody(tmp_path, monkeypatch):
    sequencer = await started(tmp_path, FaultyDisk())

    def fail(*_):
        raise ZeroDivisionError("in publish")

    monkeypatch.setattr(sequencer._feed, "publish", fail)
    gone = asyncio.create_task(sequencer.submit(order(ALICE, "gone", lane=9)))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(JournalError, match="ZeroDivisionError") as told:
        await sequencer.submit(order(ALICE, "a"))
    assert "known after a restart" in told.value.next_step
    with pytest.raises(ServiceUnavailable, match="ZeroDivisionError"):
        await sequencer.submit(order(ALICE, "b", lane=2))
    await sequencer.stop()


async def test_a_snapshot_that_fails_costs_nothing_but_time(tmp_path, monkeypatch, caplog):
    sequencer = await started(tmp_path, FaultyDisk())

    def fail(*_):
        raise OSError("no space")

    monkeypatch.setattr("offchain.sequencer.sequencer.write_snapshot", fail)
    await sequencer.stop()
    assert "recovery will take longer" in caplog.text
    assert snapshot_paths(tmp_path) == []
    again = Sequencer.open(tmp_path)
    assert again.last_sequence == sequencer.last_sequence
    await again.stop()
