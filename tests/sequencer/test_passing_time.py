"""What happens by itself as time passes: orders expire, snapshots are taken, timestamps never go back."""

import pytest

from offchain.core.commands import CancelReason, CommandKind, OrderInstructions, OrderType
from offchain.core.errors import (
    ConfigurationError,
)
from offchain.core.intents import ReplaceOrder
from offchain.sequencer.sequencer import Sequencer, SequencerOptions
from offchain.sequencer.snapshot import snapshot_paths
from tests.sequencer.faults import FaultyDisk, Gate
from tests.sequencer.world import ALICE, BOB, NOW_S, NOW_US, SELL, Clock, journaled, opened, order, started
from tests.support.waiting import eventually


def test_orders_must_live_longer_than_the_margin_of_their_expiry(tmp_path):
    with pytest.raises(ConfigurationError, match="order_min_lifetime_s"):
        Sequencer.open(tmp_path, SequencerOptions(order_min_lifetime_s=60, expiry_margin_s=60))


async def test_timestamps_never_go_back(tmp_path):
    clock = Clock()
    sequencer = await started(tmp_path, FaultyDisk(), clock)
    first = await sequencer.submit(order(ALICE, "a"))
    clock.now_us -= 1_000_000
    second = await sequencer.submit(order(ALICE, "b", lane=2))
    clock.now_us += 3_000_000
    third = await sequencer.submit(order(ALICE, "c", lane=3))
    stamps = [receipt.timestamp_us - NOW_US for receipt in (first, second, third)]
    assert stamps == [0, 0, 2_000_000]
    await sequencer.stop()


async def test_a_resting_order_leaves_the_book_before_it_expires(tmp_path):
    clock = Clock()
    sequencer = await started(tmp_path, FaultyDisk(), clock, expiry_margin_s=60)
    soon = await sequencer.submit(order(ALICE, "soon", expiry_s=NOW_S + 200))
    late = await sequencer.submit(order(ALICE, "late", lane=2, expiry_s=NOW_S + 201))
    clock.now_us = (NOW_S + 140) * 1_000_000
    await sequencer.submit(order(BOB, "b", SELL, price=200, expiry_s=NOW_S + 999))
    written = journaled(tmp_path, late.sequence)
    assert [(command.kind, command.order_id, command.reason) for command in written] == [
        (CommandKind.CANCEL, soon.sequence, CancelReason.EXPIRED),
        (CommandKind.PLACE, 0, 0),
    ]
    assert sequencer.engine.order(late.sequence) is not None
    await sequencer.stop()


async def test_armed_stops_and_replacements_expire_at_their_own_time(tmp_path):
    clock = Clock()
    sequencer = await started(tmp_path, FaultyDisk(), clock, expiry_margin_s=60)
    flags = OrderInstructions(order_type=OrderType.STOP_LIMIT).flags
    stop = await sequencer.submit(order(ALICE, "stop", expiry_s=NOW_S + 200, flags=flags, trigger=500))
    await sequencer.submit(order(ALICE, "old", expiry_s=NOW_S + 200, lane=2))
    new = order(ALICE, "new", expiry_s=NOW_S + 300, lane=2, seq=2)
    replacement = await sequencer.submit(ReplaceOrder(new, "old"))
    for now_s, expired in ((NOW_S + 140, stop), (NOW_S + 240, replacement)):
        clock.now_us = now_s * 1_000_000
        last = sequencer.last_sequence
        await eventually(lambda last=last: sequencer.last_sequence > last)
        assert [(command.kind, command.order_id) for command in journaled(tmp_path, last)] == [
            (CommandKind.CANCEL, expired.sequence)
        ]
    assert sequencer.engine.open_orders == 0
    await sequencer.stop()


async def test_orders_expire_when_nobody_sends_anything(tmp_path):
    clock = Clock()
    sequencer = await started(tmp_path, FaultyDisk(), clock)
    placed = await sequencer.submit(order(ALICE, "soon", expiry_s=NOW_S + 200))
    clock.now_us = (NOW_S + 150) * 1_000_000
    await eventually(lambda: sequencer.last_sequence > placed.sequence)
    assert sequencer.engine.order(placed.sequence) is None
    await sequencer.stop()


async def test_orders_that_expired_while_the_exchange_was_down_leave_the_book_first(tmp_path):
    sequencer = await started(tmp_path, FaultyDisk())
    placed = await sequencer.submit(order(ALICE, "soon", expiry_s=NOW_S + 200))
    await sequencer.stop()
    again = await opened(tmp_path, Clock((NOW_S + 500) * 1_000_000))
    receipt = await again.submit(order(BOB, "b", SELL, expiry_s=NOW_S + 999))
    assert [event.kind for event in receipt.events] == [3]
    assert again.engine.order(placed.sequence) is None
    await again.stop()


async def test_snapshots_are_taken_on_the_way_and_old_ones_are_dropped(tmp_path):
    sequencer = await started(tmp_path, FaultyDisk(), snapshot_every_commands=20, snapshots_kept=2, group_intents=5)
    for lane in range(1, 121):
        await sequencer.submit(order(ALICE, f"o{lane}", lane=lane))
        if sequencer._snapshot_task is not None:
            await sequencer._snapshot_task
    sequences = [int(path.stem.removeprefix("snapshot-")) for path in snapshot_paths(tmp_path)]
    assert len(sequences) == 2
    assert sequences[0] - sequences[1] == 20
    await sequencer.stop()
    newest = int(snapshot_paths(tmp_path)[0].stem.removeprefix("snapshot-"))
    assert newest == sequencer.last_sequence
    untouched = snapshot_paths(tmp_path)[0].stat().st_mtime_ns
    await (await opened(tmp_path)).stop()
    assert snapshot_paths(tmp_path)[0].stat().st_mtime_ns == untouched


async def test_one_snapshot_is_written_at_a_time(tmp_path, monkeypatch):
    gate, written = Gate(), []

    def slow(_, captured, *__):
        written.append(captured.sequence)
        gate()

    monkeypatch.setattr("offchain.sequencer.sequencer.write_snapshot", slow)
    sequencer = await started(tmp_path, FaultyDisk(), snapshot_every_commands=10)
    for lane in range(1, 60):
        await sequencer.submit(order(ALICE, f"o{lane}", lane=lane))
    assert len(written) == 1
    gate.open()
    await sequencer.stop()
    assert len(written) == 2
