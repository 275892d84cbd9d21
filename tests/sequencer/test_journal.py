"""The journal: what is synced is read back as it was, and what is not synced is not promised."""

import pytest

from offchain.core.commands import Command, CommandKind, MarketListing
from offchain.core.errors import JournalError
from offchain.sequencer.authorizations import AUTHORIZATION_BYTES
from offchain.sequencer.disk import Disk
from offchain.sequencer.journal import Journal, iterate_groups
from offchain.sequencer.records import (
    GROUP_COMMANDS_MAX,
    GROUP_HEADER_BYTES,
    GROUP_NOTES_MAX,
    HEADER_BYTES,
    NOTE_BYTES_MAX,
    pack_entry,
    read_segments,
)
from tests.sequencer.faults import FaultyDisk
from tests.sequencer.journals import entries, entry, iterate_commands, only_segment, read, write


def test_what_was_synced_is_read_back_in_order(tmp_path):
    written = write(tmp_path, 5) + write(tmp_path, 4)
    assert read(tmp_path) == written
    assert [one.command.sequence for one in iterate_commands(tmp_path)] == list(range(1, 10))


@pytest.mark.parametrize("group", [1, 2, 4, 9])
def test_a_part_can_be_read(tmp_path, group):
    written = write(tmp_path, 9, segment_bytes=300, group=group)
    for start in range(11):
        assert read(tmp_path, start) == written[start:]
        for stop in range(12):
            assert read(tmp_path, start, stop) == written[start:stop]


def test_a_commit_is_one_group_one_write_and_one_sync(tmp_path):
    disk = FaultyDisk()
    journal = Journal.open(tmp_path, disk)
    syncs, writes = disk.syncs, disk.writes
    journal.append(entries(1, 1_000, "n"))
    journal.sync()
    assert (disk.syncs, disk.writes) == (syncs + 1, writes + 1)
    journal.close()
    assert len(read(tmp_path)) == 1_000
    assert [group.length for group in iterate_groups(tmp_path)] == [1_000]


def test_a_commit_of_very_many_commands_is_several_groups(tmp_path):
    count = 2 * GROUP_COMMANDS_MAX + 3
    cancels = [(Command(sequence, 7, CommandKind.CANCEL).pack(), b"") for sequence in range(1, count + 1)]
    journal = Journal.open(tmp_path)
    journal.append(cancels)
    journal.sync()
    journal.append([(Command(count + 1, 7, CommandKind.CANCEL).pack(), b"")])
    journal.close()
    assert [group.length for group in iterate_groups(tmp_path)] == [GROUP_COMMANDS_MAX, GROUP_COMMANDS_MAX, 3, 1]
    assert read(tmp_path, count - 5, count) == cancels[-5:]


def test_a_commit_with_very_long_attachments_is_several_groups(tmp_path):
    symbol = "s" * (GROUP_NOTES_MAX // 5)
    long = [
        pack_entry(Command(sequence, 7, CommandKind.LIST_MARKET).pack(), CommandKind.LIST_MARKET, MarketListing(symbol))
        for sequence in range(1, 11)
    ]
    journal = Journal.open(tmp_path)
    journal.append(long)
    journal.close()
    assert [group.length for group in iterate_groups(tmp_path)] == [4, 4, 2]
    assert read(tmp_path) == long


def test_an_empty_commit_leaves_nothing(tmp_path):
    journal = Journal.open(tmp_path)
    journal.append([])
    journal.sync()
    journal.close()
    assert only_segment(tmp_path).stat().st_size == HEADER_BYTES
    assert read(tmp_path) == []


def test_segments_rotate_and_go_on_from_one_another(tmp_path):
    written = write(tmp_path, 20, segment_bytes=400)
    segments = read_segments(tmp_path, Disk())
    assert len(segments) > 3
    assert segments[0].first_sequence == 1
    assert read(tmp_path) == written
    assert read(tmp_path, 15) == written[15:]
    assert write(tmp_path, 5, segment_bytes=400) == read(tmp_path, 20)


def test_only_one_writer_gets_the_journal(tmp_path):
    journal = Journal.open(tmp_path)
    with pytest.raises(JournalError, match="Another process"):
        Journal.open(tmp_path)
    journal.close()
    Journal.open(tmp_path).close()


def test_a_reader_beside_the_writer_stops_at_the_unfinished_end(tmp_path):
    written = write(tmp_path, 3)
    path = only_segment(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert read(tmp_path) == written[:2]
    assert path.read_bytes() == whole[:-1]


@pytest.mark.parametrize(
    "wrong",
    [
        [entry(2)],
        [entry(1), entry(3)],
        [(entry(1)[0][:-1], b"")],
        [entry(1), (entry(2)[0] * 2, b"")],
        [entry(1), entry(2), (entry(3)[0], b"")],
        [entry(1), entry(2), (entry(3)[0], bytes(AUTHORIZATION_BYTES - 1))],
        [(entry(1)[0], bytes(NOTE_BYTES_MAX + 1))],
    ],
)
def test_what_is_not_the_next_commands_is_not_written(tmp_path, wrong):
    journal = Journal.open(tmp_path)
    with pytest.raises(JournalError):
        journal.append(wrong)
    journal.append(entries(1, 4))
    journal.sync()
    journal.close()
    assert read(tmp_path) == entries(1, 4)


def test_a_disk_that_takes_nothing_and_says_nothing_is_an_error(tmp_path):
    class Silent(FaultyDisk):
        def write(self, descriptor, data):
            return 0

    with pytest.raises(JournalError, match="takes no more"):
        Journal.open(tmp_path, Silent())


def test_a_rotation_that_a_crash_interrupted_is_done_again(tmp_path):
    written = write(tmp_path, 3)
    leftover = tmp_path / f"segment-{4:020}.new"
    leftover.write_bytes(b"QTJ")
    Journal.open(tmp_path).close()
    assert not leftover.exists()
    assert read(tmp_path) == written


def test_short_writes_are_completed(tmp_path):
    disk = FaultyDisk()
    disk.portion = 7
    journal = Journal.open(tmp_path, disk, segment_bytes=500)
    for first in (1, 11, 21):
        journal.append(entries(first, 10))
        journal.sync()
    journal.close()
    assert read(tmp_path) == entries(1, 30)


def test_a_full_disk_at_any_byte_loses_nothing_that_was_synced(tmp_path):
    group = entries(3, 2)
    size = GROUP_HEADER_BYTES + sum(len(row) + len(note) for row, note in group)
    for room in range(0, size, 5):
        folder = tmp_path / str(room)
        disk = FaultyDisk()
        journal = Journal.open(folder, disk)
        journal.append(entries(1, 2))
        journal.sync()
        disk.room = room
        with pytest.raises(JournalError, match="No space"):
            journal.append(group)
        disk.room = None
        with pytest.raises(JournalError, match="nothing more"):
            journal.append(group)
        with pytest.raises(JournalError, match="nothing more"):
            journal.sync()
        journal.close()
        Journal.open(folder).close()
        assert read(folder)[:2] == entries(1, 2)
        assert read(folder) == entries(1, len(read(folder)))


def test_after_a_failed_sync_nothing_more_is_taken(tmp_path):
    disk = FaultyDisk()
    journal = Journal.open(tmp_path, disk)
    journal.append(entries(1, 1))
    disk.is_sync_broken = True
    with pytest.raises(JournalError, match="Input/output"):
        journal.sync()
    disk.is_sync_broken = False
    with pytest.raises(JournalError, match="Restart"):
        journal.sync()
    journal.close()


def test_a_journal_that_cannot_be_begun_gives_its_lock_back(tmp_path):
    disk = FaultyDisk()
    disk.room = 3
    with pytest.raises(JournalError, match="No space"):
        Journal.open(tmp_path, disk)
    Journal.open(tmp_path).close()
