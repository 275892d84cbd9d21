"""Exchanges on a simulated disk, seed by seed; and what the simulation has found, each as a test of its own."""

import os
from random import Random

import pytest

from offchain.core.commands import Command, CommandKind
from offchain.core.errors import JournalError, ServiceUnavailable
from offchain.sequencer import records
from offchain.sequencer.journal import Journal
from offchain.sequencer.sequencer import Sequencer
from offchain.sequencer.snapshot import snapshot_paths
from tests.sequencer.journals import iterate_commands
from tests.sequencer.simulated_disk import Faults, SimulatedDisk
from tests.sequencer.simulation import Simulation
from tests.sequencer.world import ALICE, BUY, MARKET, Clock, order, started

SEEDS = range(2_000 if os.environ.get("QUANTATRADE_TEST_PROFILE") == "long" else 25)


def cancels(first: int, count: int) -> list[tuple[bytes, bytes]]:
    return [(Command(one, 7, CommandKind.CANCEL, order_id=one).pack(), b"") for one in range(first, first + count)]


def kept(disk: SimulatedDisk) -> list[int]:
    return [command.sequence for command, _ in iterate_commands(disk.folder)]


def disk_under(folder, seed: int) -> SimulatedDisk:
    return SimulatedDisk(folder / "journal", Faults(Random(seed)))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_promised_is_kept_whatever_fails(tmp_path, seed):
    simulation = Simulation(seed, tmp_path)
    simulation.run()
    assert simulation.findings == []


def test_the_same_seed_makes_the_same_calls(tmp_path):
    first, second = Simulation(7, tmp_path / "a"), Simulation(7, tmp_path / "b")
    first.run()
    second.run()
    assert first.faults.trace == second.faults.trace
    assert first.totals == second.totals


def test_an_exchange_that_answers_before_it_syncs_is_found_out(tmp_path, monkeypatch):
    monkeypatch.setattr(Journal, "sync", lambda _: None)
    findings = []
    for seed in range(10):
        simulation = Simulation(seed, tmp_path / str(seed))
        simulation.run()
        findings += simulation.findings
    assert findings != []


@pytest.mark.parametrize("seed", range(20))
def test_what_a_failed_sync_left_in_the_cache_is_written_again_before_it_is_built_upon(tmp_path, seed):
    disk = disk_under(tmp_path, seed)
    journal = Journal.open(disk.folder, disk)
    journal.append(cancels(1, 100))
    disk.faults.failing["sync"] = 0
    with pytest.raises(JournalError):
        journal.sync()
    disk.kill()
    journal = Journal.open(disk.folder, disk)
    found = journal.last_sequence
    journal.append(cancels(found + 1, 2))
    journal.sync()
    disk.lose_power()
    Journal.open(disk.folder, disk).close()
    assert kept(disk) == list(range(1, found + 3))


@pytest.mark.parametrize("seed", range(20))
def test_a_segment_that_a_crash_left_half_begun_is_built_upon_only_when_it_is_durable(tmp_path, seed):
    disk = disk_under(tmp_path, seed)
    journal = Journal.open(disk.folder, disk, segment_bytes=100)
    journal.append(cancels(1, 3))
    journal.sync()
    disk.faults.failing["sync_folder"] = 0
    with pytest.raises(JournalError):
        journal.append(cancels(4, 3))
    disk.kill()
    journal = Journal.open(disk.folder, disk, segment_bytes=100)
    journal.append(cancels(4, 3))
    journal.sync()
    disk.lose_power()
    Journal.open(disk.folder, disk).close()
    assert kept(disk) == list(range(1, 7))


@pytest.mark.parametrize("room", [0, 1, 100, 300])
async def test_a_full_disk_refuses_orders_shows_the_book_and_goes_on_when_it_has_room(tmp_path, room):
    disk = disk_under(tmp_path, room)
    sequencer = await started(disk.folder, disk)
    kept = await sequencer.submit(order(ALICE, "kept", price=90))
    disk.faults.room = room
    with pytest.raises(JournalError, match=r"No space left on device.* Make room"):
        await sequencer.submit(order(ALICE, "unknown", price=91, lane=2))
    with pytest.raises(ServiceUnavailable, match=r"halted.*No space.* Nothing was changed"):
        await sequencer.submit(order(ALICE, "refused", price=92, lane=3))
    assert (90, 10, 1) in sequencer.engine.depth(MARKET, BUY, 9)
    assert sequencer.directory.order(kept.sequence).client_order_id == "kept"
    assert sequencer.last_sequence == kept.sequence
    await sequencer.stop()
    with pytest.raises(JournalError, match=r"No space left on device.* Make room"):
        Sequencer.open(disk.folder, clock=Clock(), disk=disk)
    disk.faults.heal()
    again = Sequencer.open(disk.folder, clock=Clock(), disk=disk)
    await again.start()
    assert (await again.submit(order(ALICE, "kept", price=90))).sequence == kept.sequence
    assert not (await again.submit(order(ALICE, "refused", price=92, lane=3))).repeated
    assert (await again.submit(order(ALICE, "unknown", price=91, lane=2))).sequence > kept.sequence
    await again.stop()


@pytest.mark.parametrize("seed", range(5))
def test_what_was_promised_is_kept_when_commits_are_many_groups(tmp_path, seed, monkeypatch):
    monkeypatch.setattr(records, "GROUP_COMMANDS_MAX", 3)
    simulation = Simulation(seed, tmp_path)
    simulation.run()
    assert simulation.findings == []


@pytest.mark.parametrize("reads", range(4))
async def test_a_disk_that_cannot_be_read_keeps_the_exchange_closed_and_is_told(tmp_path, reads):
    disk = disk_under(tmp_path, reads)
    sequencer = await started(disk.folder, disk)
    await sequencer.submit(order(ALICE, "a"))
    await sequencer.stop()
    for path in snapshot_paths(disk.folder):
        disk.remove(path)
    disk.faults.failing["read"] = reads
    with pytest.raises(JournalError, match=r"Input/output error.* [Mm]end the disk"):
        Sequencer.open(disk.folder, clock=Clock(), disk=disk)
    again = Sequencer.open(disk.folder, clock=Clock(), disk=disk)
    assert again.last_sequence == sequencer.last_sequence
    await again.stop()


@pytest.mark.parametrize("seed", range(10))
def test_a_folder_that_was_there_already_may_not_be_durable(tmp_path, seed):
    disk = disk_under(tmp_path, seed)
    disk.make_folder(disk.folder)
    journal = Journal.open(disk.folder, disk)
    journal.append(cancels(1, 3))
    journal.sync()
    disk.lose_power()
    Journal.open(disk.folder, disk).close()
    assert kept(disk) == [1, 2, 3]


@pytest.mark.parametrize("seed", range(10))
async def test_segments_move_only_to_an_archive_that_a_power_failure_leaves(tmp_path, seed):
    disk, archive = disk_under(tmp_path, seed), tmp_path / "elsewhere" / "archive"
    archive.parent.mkdir()
    options = {"snapshot_every_commands": 1, "snapshots_kept": 1, "segment_bytes": 100, "journal_archive": archive}
    disk.make_folder(archive)
    sequencer = await started(disk.folder, disk, **options)
    placed = [await sequencer.submit(order(ALICE, f"o{lane}", lane=lane)) for lane in range(1, 9)]
    await sequencer.stop()
    assert list(archive.glob("segment-*")) != []
    disk.lose_power()
    assert kept(disk) == list(range(1, placed[-1].sequence + 1))


@pytest.mark.parametrize("seed", range(20))
def test_a_hole_in_a_commit_of_several_groups_is_no_loss_of_what_was_acknowledged(tmp_path, seed, monkeypatch):
    monkeypatch.setattr(records, "GROUP_COMMANDS_MAX", 3)
    disk = disk_under(tmp_path, seed)
    journal = Journal.open(disk.folder, disk)
    journal.append(cancels(1, 5))
    journal.sync()
    journal.append(cancels(6, 200))
    disk.lose_power()
    Journal.open(disk.folder, disk).close()
    found = kept(disk)
    assert found == list(range(1, len(found) + 1))
    assert len(found) >= 5
