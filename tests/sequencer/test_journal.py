"""The journal: what is synced is read back as it was; what is damaged is never read as something else."""

from pathlib import Path

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from offchain.core.commands import Command, CommandKind, MarketListing, OrderAuthorization
from offchain.core.errors import JournalCorrupt, JournalError
from offchain.sequencer.authorizations import AUTHORIZATION_BYTES
from offchain.sequencer.disk import Disk
from offchain.sequencer.journal import Journal, iterate_commands, iterate_groups
from offchain.sequencer.records import (
    GROUP_COMMANDS_MAX,
    GROUP_HEADER_BYTES,
    GROUP_NOTES_MAX,
    HEADER_BYTES,
    NOTE_BYTES_MAX,
    Entry,
    pack_entry,
    pack_groups,
    read_segments,
)
from tests.sequencer.faults import FaultyDisk


def signed(name: str) -> OrderAuthorization:
    return OrderAuthorization(name, b"o" * 20, 2**40 - 1, 2**48 - 1, 65_535, 50, 1, b"s" * 65, b"d" * 32)


def entry(sequence: int, name: str = "note") -> Entry:
    """An order, a listing with an attachment of its own, or a cancel without any."""
    kind, attachment = (
        (CommandKind.PLACE, signed(f"{name}-{sequence}")),
        (CommandKind.LIST_MARKET, MarketListing(name * sequence)),
        (CommandKind.CANCEL, None),
    )[sequence % 3]
    return pack_entry(Command(sequence, 7, kind, price=sequence).pack(), kind, attachment)


def entries(first: int, count: int, name: str = "note") -> list[Entry]:
    return [entry(sequence, name) for sequence in range(first, first + count)]


def write(folder: Path, count: int, segment_bytes: int = 1 << 20, group: int = 1) -> list[Entry]:
    """A journal of `count` commands, synced in groups."""
    journal = Journal.open(folder, segment_bytes=segment_bytes)
    written = entries(journal.last_sequence + 1, count)
    for start in range(0, count, group):
        journal.append(written[start : start + group])
        journal.sync()
    journal.close()
    return written


def read(folder: Path, from_sequence: int = 0, through: int | None = None) -> list[Entry]:
    commands = iterate_commands(folder, from_sequence, through)
    return [pack_entry(command.pack(), command.kind, attachment) for command, attachment in commands]


def only_segment(folder: Path) -> Path:
    (path,) = folder.glob("segment-*.journal")
    return path


def group_bounds(folder: Path) -> list[tuple[int, int]]:
    """Start and end offset of each group of the only segment."""
    return [(group.start, group.end) for group in iterate_groups(folder)]


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


def test_a_torn_tail_at_every_byte_of_the_last_group_is_cut_off(tmp_path):
    written = write(tmp_path, 4)
    path = only_segment(tmp_path)
    whole = path.read_bytes()
    start, end = group_bounds(tmp_path)[-1]
    for cut in range(start, end):
        path.write_bytes(whole[:cut])
        journal = Journal.open(tmp_path)
        assert journal.last_sequence == 3
        journal.append(entries(4, 1, "again"))
        journal.sync()
        journal.close()
        assert read(tmp_path) == [*written[:3], *entries(4, 1, "again")]


def test_a_last_group_that_does_not_match_its_checksum_is_cut_off_and_kept_aside(tmp_path):
    written = write(tmp_path, 4)
    path = only_segment(tmp_path)
    whole = path.read_bytes()
    start, end = group_bounds(tmp_path)[-1]
    for offset in range(start, end):
        damaged = bytearray(whole)
        damaged[offset] ^= 1
        path.write_bytes(damaged)
        Journal.open(tmp_path).close()
        assert read(tmp_path) == written[:3]
        assert (tmp_path / f"unfinished-{4:020}.bytes").read_bytes() == bytes(damaged[start:])


def test_zeros_that_a_power_failure_left_are_cut_off(tmp_path):
    written = write(tmp_path, 2)
    path = only_segment(tmp_path)
    path.write_bytes(path.read_bytes() + bytes(5_000))
    Journal.open(tmp_path).close()
    assert read(tmp_path) == written


def test_a_flipped_bit_at_every_byte_before_the_last_group_is_loud(tmp_path):
    write(tmp_path, 3)
    path = only_segment(tmp_path)
    whole = path.read_bytes()
    for offset in range(group_bounds(tmp_path)[-1][0]):
        damaged = bytearray(whole)
        damaged[offset] ^= 1 << (offset % 8)
        path.write_bytes(damaged)
        with pytest.raises(JournalCorrupt):
            read(tmp_path)
        with pytest.raises(JournalCorrupt):
            Journal.open(tmp_path)
    assert path.read_bytes() == bytes(damaged)


def test_a_missing_group_is_loud(tmp_path):
    write(tmp_path, 4)
    path = only_segment(tmp_path)
    whole, bounds = path.read_bytes(), group_bounds(tmp_path)
    for start, end in bounds[:-1]:
        path.write_bytes(whole[:start] + whole[end:])
        with pytest.raises(JournalCorrupt):
            read(tmp_path)


def test_groups_in_another_order_are_loud(tmp_path):
    write(tmp_path, 4)
    path = only_segment(tmp_path)
    whole, bounds = path.read_bytes(), group_bounds(tmp_path)
    (a, b), (_, c) = bounds[2], bounds[3]
    path.write_bytes(whole[:a] + whole[b:c] + whole[a:b])
    with pytest.raises(JournalCorrupt):
        read(tmp_path)


def test_a_repeated_group_is_loud(tmp_path):
    write(tmp_path, 4)
    path = only_segment(tmp_path)
    start, end = group_bounds(tmp_path)[-1]
    path.write_bytes(path.read_bytes() + path.read_bytes()[start:end])
    with pytest.raises(JournalCorrupt):
        Journal.open(tmp_path)


def test_a_torn_end_of_a_segment_that_is_not_the_last_is_loud(tmp_path):
    write(tmp_path, 20, segment_bytes=400)
    second = read_segments(tmp_path, Disk())[1].path
    second.write_bytes(second.read_bytes()[:-1])
    with pytest.raises(JournalCorrupt, match="cut off"):
        read(tmp_path)


def test_a_missing_segment_is_loud(tmp_path):
    write(tmp_path, 20, segment_bytes=400)
    read_segments(tmp_path, Disk())[1].path.unlink()
    with pytest.raises(JournalCorrupt, match="does not follow"):
        read(tmp_path)


def test_archived_first_segments_are_asked_for(tmp_path):
    write(tmp_path, 20, segment_bytes=400)
    first, second = read_segments(tmp_path, Disk())[:2]
    first.path.unlink()
    assert len(read(tmp_path, second.first_sequence)) == 20 - second.first_sequence
    with pytest.raises(JournalCorrupt, match="archive"):
        read(tmp_path)


def test_a_segment_of_another_journal_is_loud(tmp_path):
    write(tmp_path / "a", 20, segment_bytes=400)
    write(tmp_path / "b", 20, segment_bytes=400)
    path = read_segments(tmp_path / "a", Disk())[1].path
    path.write_bytes((tmp_path / "b" / path.name).read_bytes())
    with pytest.raises(JournalCorrupt, match="another journal"):
        read(tmp_path / "a")


def test_a_renamed_segment_is_loud(tmp_path):
    write(tmp_path, 3)
    path = only_segment(tmp_path)
    path.rename(tmp_path / f"segment-{2:020}.journal")
    with pytest.raises(JournalCorrupt, match="renamed"):
        read(tmp_path)


def test_a_format_of_another_version_is_not_guessed_at(tmp_path):
    write(tmp_path, 3)
    path = only_segment(tmp_path)
    whole = path.read_bytes()
    header = whole[:8] + (2).to_bytes(2, "little") + whole[10 : HEADER_BYTES - 8]
    path.write_bytes(header + xxhash.xxh3_64_intdigest(header).to_bytes(8, "little") + whole[HEADER_BYTES:])
    with pytest.raises(JournalCorrupt, match="Run the version"):
        read(tmp_path)


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


def test_an_intact_group_that_stands_where_another_belongs_is_loud(tmp_path):
    write(tmp_path, 2)
    path = only_segment(tmp_path)
    last = list(iterate_groups(tmp_path))[-1]
    forged, _ = pack_groups(entries(4, 1), 4, last.checksum)
    path.write_bytes(path.read_bytes() + b"".join(forged))
    with pytest.raises(JournalCorrupt, match="command 4 stands where 3 belongs"):
        read(tmp_path)


def test_a_group_that_was_replaced_by_another_valid_one_is_loud(tmp_path):
    write(tmp_path, 4)
    path = only_segment(tmp_path)
    whole, bounds = path.read_bytes(), group_bounds(tmp_path)
    start, end = bounds[0]
    forged, _ = pack_groups(entries(1, 1, "forged"), 1, 0)
    path.write_bytes(whole[:start] + b"".join(forged) + whole[end:])
    with pytest.raises(JournalCorrupt, match="group of command 2 does not follow"):
        read(tmp_path)


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


@given(data=st.data())
def test_no_damage_is_ever_read_as_something_else(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("journal")
    written = write(folder, 8)
    path, bounds = only_segment(folder), group_bounds(folder)
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole) - 1), "start")
    length = data.draw(st.integers(0, 200), "bytes replaced")
    replacement = data.draw(st.one_of(st.binary(max_size=200), st.just(whole[-150:])), "by")
    damaged = whole[:start] + replacement + whole[start + length :]
    path.write_bytes(damaged)
    try:
        Journal.open(folder).close()
        found = read(folder)
    except JournalCorrupt:
        return
    assert found == written[: len(found)]
    lost_from = bounds[len(found)][0] if len(found) < len(bounds) else len(whole)
    # What was cut off begins where the damage begins or later, and nothing intact was cut off with it.
    assert damaged[:lost_from] == whole[:lost_from]
    assert all(whole[a:b] not in damaged for a, b in bounds[len(found) :])


@given(first=st.integers(0, 5), cut=st.integers(1, 5_000))
def test_a_torn_commit_of_several_groups_keeps_whole_groups(tmp_path_factory, first, cut):
    folder = tmp_path_factory.mktemp("journal")
    write(folder, first)
    journal = Journal.open(folder)
    size = only_segment(folder).stat().st_size
    parts = [pack_groups(entries(first + 1, 3), first + 1, journal.checksum)]
    parts.append(pack_groups(entries(first + 4, 3), first + 4, parts[0][1]))
    journal.close()
    commit = [b"".join(part) for part, _ in parts]
    path = only_segment(folder)
    path.write_bytes(path.read_bytes() + b"".join(commit)[:cut])
    Journal.open(folder).close()
    kept = 3 * (cut >= len(commit[0])) + 3 * (cut >= len(commit[0]) + len(commit[1]))
    assert read(folder) == entries(1, first + kept)
    assert path.stat().st_size == size + sum(map(len, commit[: kept // 3]))
