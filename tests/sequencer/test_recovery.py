"""Recovery: whichever snapshots there are and wherever the journal ends, the state is that of its commands."""

import shutil
from hashlib import blake2b

import pytest

from offchain.core.commands import Command, CommandKind
from offchain.core.errors import JournalCorrupt, JournalError, StateDiverged
from offchain.core.intents import CancelAllOrders
from offchain.sequencer.disk import Disk
from offchain.sequencer.journal import Journal, iterate_groups
from offchain.sequencer.machine import Machine
from offchain.sequencer.records import NO_NOTE
from offchain.sequencer.replay import recover, replay, replay_events
from offchain.sequencer.sequencer import Sequencer
from offchain.sequencer.snapshot import capture, read_snapshot, snapshot_paths, state_hash, write_snapshot
from tests.sequencer.faults import FaultyDisk
from tests.sequencer.world import ALICE, BOB, SELL, Desk, floor, opened, order, withdrawal

SNAPSHOTS_AT = (12, 20, 33)


@pytest.fixture
def story(tmp_path):
    """A journal of some 45 commands with three snapshots; the hash after each command."""
    desk = Desk(ALICE, BOB)
    journal = Journal.open(tmp_path, segment_bytes=3_000)
    hashes: dict[int, bytes] = {}
    done = 0

    def flush():
        nonlocal done
        for row in desk.group.entries[done:]:
            journal.append([row])
            journal.sync()
        done = len(desk.group.entries)
        hashes[desk.machine.sequence] = state_hash(desk.machine)
        if desk.machine.sequence in SNAPSHOTS_AT:
            write_snapshot(tmp_path, capture(desk.machine), journal.checksum, 9, Disk())

    flush()
    for lane in range(1, 12):
        for intent in (
            order(ALICE, f"a{lane}", lane=lane, seq=lane),
            order(BOB, f"b{lane}", SELL, lane=lane, quantity=5 + lane),
            CancelAllOrders(BOB) if lane > 5 else withdrawal(BOB, lane, lane),
        ):
            desk.take(intent)
            flush()
    desk.take(floor(90, ALICE, 4))
    flush()
    journal.close()
    return tmp_path, hashes, desk


def test_recovery_equals_replay_equals_the_continuous_run(story):
    folder, hashes, desk = story
    assert len(snapshot_paths(folder)) == len(SNAPSHOTS_AT)
    assert state_hash(recover(folder)) == state_hash(replay(folder)) == hashes[desk.machine.sequence]
    for sequence, expected in hashes.items():
        assert state_hash(replay(folder, sequence)) == expected


@pytest.mark.parametrize("kept", [(), (12,), (20,), (33,), (12, 33)])
def test_any_set_of_snapshots_gives_the_same_state(story, kept):
    folder, hashes, desk = story
    for path in snapshot_paths(folder):
        if int(path.stem.removeprefix("snapshot-")) not in kept:
            path.unlink()
    assert state_hash(recover(folder)) == hashes[desk.machine.sequence]


def test_events_of_the_past_are_told_again_as_they_were(story):
    folder, _, desk = story
    logged = desk.group.logged
    for start in (0, 11, 12, 13, 25, len(logged) - 1, len(logged)):
        assert list(replay_events(folder, start, len(logged))) == logged[start:]
    assert list(replay_events(folder, 15, 30)) == logged[15:30]


def test_a_restored_machine_goes_on_like_the_original(story):
    folder, _, desk = story
    restored = recover(folder)
    desk.machine, desk.group.machine = restored, restored
    before = state_hash(restored)
    assert desk.take(order(ALICE, "a1", lane=1, seq=1)).repeated
    assert desk.take(withdrawal(BOB, 1, 1)).repeated
    assert state_hash(restored) == before


def test_a_damaged_snapshot_is_passed_over_wherever_it_is_damaged(story, caplog):
    folder, hashes, desk = story
    newest = snapshot_paths(folder)[0]
    whole = newest.read_bytes()
    for offset in range(0, len(whole), max(1, len(whole) // 60)):
        damaged = bytearray(whole)
        damaged[offset] ^= 4
        newest.write_bytes(damaged)
        with pytest.raises(JournalError):
            read_snapshot(newest)
    for length in (0, 5, 30, len(whole) // 2, len(whole) - 1):
        newest.write_bytes(whole[:length])
        with pytest.raises(JournalError):
            read_snapshot(newest)
    assert state_hash(recover(folder)) == hashes[desk.machine.sequence]
    assert "is passed over" in caplog.text


def test_all_snapshots_damaged_costs_time_only(story):
    folder, hashes, desk = story
    for path in snapshot_paths(folder):
        path.write_bytes(path.read_bytes()[:-3])
    assert state_hash(recover(folder)) == hashes[desk.machine.sequence]


def test_a_snapshot_beyond_the_journals_end_is_loud(story):
    folder, _, _ = story
    for path in sorted(folder.glob("segment-*"))[1:]:
        path.unlink()
    with pytest.raises(JournalCorrupt, match="the journal does not"):
        recover(folder)


def test_a_snapshot_of_another_journal_is_loud(story, tmp_path_factory):
    folder, _, desk = story
    other = tmp_path_factory.mktemp("other")
    journal = Journal.open(other)
    rows = [(row, note) for row, note in desk.group.entries]
    changed = Command.unpack(rows[0][0])._replace(timestamp_us=5)
    journal.append([(changed.pack(), rows[0][1]), *rows[1:]])
    journal.sync()
    journal.close()
    shutil.copy(snapshot_paths(folder)[0], other)
    with pytest.raises(StateDiverged, match="another journal"):
        recover(other)


def test_a_snapshot_that_the_disk_did_not_take_leaves_the_older_ones(story):
    folder, _, desk = story
    for fault in ("room", "sync"):
        disk = FaultyDisk()
        if fault == "room":
            disk.room = 500
        else:
            disk.is_sync_broken = True
        with pytest.raises(OSError, match=r"No space|Input"):
            write_snapshot(folder, capture(desk.machine), 0, 1, disk)
        assert len(snapshot_paths(folder)) == len(SNAPSHOTS_AT)


def test_a_capture_stays_as_it_was_while_the_machine_moves_on(story):
    folder, _, desk = story
    expected = state_hash(desk.machine)
    captured = capture(desk.machine)
    checksum = list(iterate_groups(folder))[-1].checksum
    for lane in range(20, 40):
        desk.take(order(ALICE, f"later{lane}", lane=lane, seq=100))
    desk.take(withdrawal(ALICE, 77, 1))
    restored, _ = read_snapshot(write_snapshot(folder, captured, checksum, 9, Disk()))
    assert state_hash(restored) == expected


def test_large_registries_are_written_in_pages(tmp_path, monkeypatch):
    monkeypatch.setattr("offchain.sequencer.snapshot._PAGE_ROWS", 3)
    desk = Desk(ALICE, BOB)
    for lane in range(1, 20):
        desk.take(order(ALICE, f"a{lane}", lane=lane))
    restored, checksum = read_snapshot(write_snapshot(tmp_path, capture(desk.machine), 99, 1, Disk()))
    assert checksum == 99
    assert state_hash(restored) == state_hash(desk.machine)
    assert restored.registry.orders.find(1, "a19").order_id == desk.machine.sequence


def test_what_the_engine_refuses_on_replay_is_loud(tmp_path):
    journal = Journal.open(tmp_path)
    journal.append([(Command(1, 1, CommandKind.CANCEL, account=9).pack(), NO_NOTE)])
    journal.sync()
    journal.close()
    with pytest.raises(StateDiverged, match="refuses command 1"):
        replay(tmp_path)


def test_an_attachment_that_cannot_be_read_is_loud(tmp_path):
    journal = Journal.open(tmp_path)
    journal.append([(Command(1, 1, CommandKind.LIST_ASSET, asset=1).pack(), b"\xc1")])
    journal.sync()
    journal.close()
    with pytest.raises(JournalCorrupt, match="attachments of commands 1 to 1"):
        replay(tmp_path)


def test_a_journal_that_cannot_be_replayed_gives_its_lock_back(tmp_path):
    journal = Journal.open(tmp_path)
    journal.append([(Command(1, 1, CommandKind.CANCEL, account=9).pack(), NO_NOTE)])
    journal.sync()
    journal.close()
    for _ in range(2):
        with pytest.raises(StateDiverged):
            Sequencer.open(tmp_path)


def test_an_intact_file_with_another_content_is_no_snapshot(story, caplog):
    folder, hashes, desk = story
    body = snapshot_paths(folder)[0].read_bytes()[:8] + (3).to_bytes(8, "little") + b"\xc0\xc0\xc0"
    snapshot_paths(folder)[0].write_bytes(body + blake2b(body, digest_size=32).digest())
    assert state_hash(recover(folder)) == hashes[desk.machine.sequence]
    assert "cannot be read" in caplog.text


def test_an_order_without_its_authorization_is_loud(story):
    _, _, desk = story
    machine: Machine = desk.machine
    command = desk.group.command(CommandKind.PLACE, account=1, market=1, price=1, quantity=1, taker_fee_ppm=5_000)
    with pytest.raises(StateDiverged, match="is not the order"):
        machine.apply(command, None)


def test_an_end_of_an_order_that_is_not_open_is_loud(story):
    _, _, desk = story
    placed = desk.take(order(ALICE, "x", lane=500, seq=999))
    del desk.machine.registry.live[placed.sequence]
    command = desk.group.command(CommandKind.CANCEL, account=1, order_id=placed.sequence, reason=1)
    with pytest.raises(StateDiverged, match=f"ended order {placed.sequence}"):
        desk.machine.apply(command, None)


def test_a_machine_takes_no_command_out_of_turn(story):
    _, _, desk = story
    machine: Machine = desk.machine
    with pytest.raises(StateDiverged, match="was given to a machine at"):
        machine.apply(Command(machine.sequence + 2, 0, CommandKind.CANCEL_ALL, account=1, reason=1), None)


async def test_every_place_where_a_crash_can_cut_the_journal_recovers(story, tmp_path_factory):
    folder, hashes, _ = story
    last = sorted(folder.glob("segment-*"))[-1]
    whole = last.read_bytes()
    copy = tmp_path_factory.mktemp("cut")
    for path in folder.glob("segment-*"):
        shutil.copy(path, copy)
    for cut in range(64, len(whole), 37):
        (copy / last.name).write_bytes(whole[:cut])
        sequencer = await opened(copy)
        await sequencer.stop()
        machine = replay(copy)
        assert machine.sequence == sequencer.last_sequence
        if machine.sequence in hashes:
            assert state_hash(machine) == hashes[machine.sequence]
        for path in snapshot_paths(copy):
            path.unlink()
