"""The journal: what is synced is read back as it was; what is damaged is never read as something else."""

from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.core.commands import COMMAND_BYTES, Command, CommandKind
from offchain.core.errors import JournalCorrupt, JournalError
from offchain.sequencer.journal import Journal, iterate_records
from offchain.sequencer.records import HEADER_BYTES, RECORD_BYTES_MAX, RECORD_HEADER_BYTES, pack_record, read_segments
from tests.sequencer.faults import FaultyDisk


def records(first: int, count: int, attachment: bytes = b"note") -> list[tuple[bytes, bytes]]:
    return [
        (Command(sequence, 7, CommandKind.PLACE, price=sequence).pack(), attachment * (sequence % 3))
        for sequence in range(first, first + count)
    ]


def write(folder: Path, count: int, segment_bytes: int = 1 << 20) -> list[tuple[bytes, bytes]]:
    """A journal of `count` records, synced one by one."""
    journal = Journal.open(folder, segment_bytes=segment_bytes)
    written = records(journal.last_sequence + 1, count)
    for record in written:
        journal.append([record])
        journal.sync()
    journal.close()
    return written


def read(folder: Path, from_sequence: int = 0, through: int | None = None) -> list[tuple[bytes, bytes]]:
    return [(record.row, record.attachment) for record in iterate_records(folder, from_sequence, through)]


def only_segment(folder: Path) -> Path:
    (path,) = folder.glob("segment-*.journal")
    return path


def record_bounds(folder: Path) -> list[tuple[int, int]]:
    """Start and end offset of each record of the only segment."""
    bounds, start = [], HEADER_BYTES
    for record in iterate_records(folder):
        bounds.append((start, record.end))
        start = record.end
    return bounds


def test_what_was_synced_is_read_back_in_order(tmp_path):
    written = write(tmp_path, 5) + write(tmp_path, 4)
    assert read(tmp_path) == written
    assert [record.sequence for record in iterate_records(tmp_path)] == list(range(1, 10))


def test_a_part_can_be_read(tmp_path):
    written = write(tmp_path, 9, segment_bytes=300)
    assert read(tmp_path, 3, 6) == written[3:6]
    assert read(tmp_path, 8) == written[8:]
    assert read(tmp_path, 9) == []
    assert read(tmp_path, 20) == []
    assert read(tmp_path, 4, 4) == []


def test_a_group_is_one_write_and_one_sync(tmp_path):
    disk = FaultyDisk()
    journal = Journal.open(tmp_path, disk)
    syncs = disk.syncs
    journal.append(records(1, 1_000))
    journal.sync()
    assert disk.syncs == syncs + 1
    journal.close()
    assert len(read(tmp_path)) == 1_000


def test_segments_rotate_and_go_on_from_one_another(tmp_path):
    written = write(tmp_path, 20, segment_bytes=400)
    segments = read_segments(tmp_path)
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


def test_a_torn_tail_at_every_byte_of_the_last_record_is_cut_off(tmp_path):
    written = write(tmp_path, 4)
    path = only_segment(tmp_path)
    whole = path.read_bytes()
    start, end = record_bounds(tmp_path)[-1]
    for cut in range(start, end):
        path.write_bytes(whole[:cut])
        journal = Journal.open(tmp_path)
        assert journal.last_sequence == 3
        journal.append(records(4, 1, b"again"))
        journal.sync()
        journal.close()
        assert read(tmp_path) == [*written[:3], *records(4, 1, b"again")]


def test_a_last_record_that_does_not_match_its_checksum_is_cut_off_and_kept_aside(tmp_path):
    written = write(tmp_path, 4)
    path = only_segment(tmp_path)
    whole = path.read_bytes()
    start, end = record_bounds(tmp_path)[-1]
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


def test_a_flipped_bit_at_every_byte_before_the_last_record_is_loud(tmp_path):
    write(tmp_path, 3)
    path = only_segment(tmp_path)
    whole = path.read_bytes()
    for offset in range(record_bounds(tmp_path)[-1][0]):
        damaged = bytearray(whole)
        damaged[offset] ^= 1 << (offset % 8)
        path.write_bytes(damaged)
        with pytest.raises(JournalCorrupt):
            read(tmp_path)
        with pytest.raises(JournalCorrupt):
            Journal.open(tmp_path)
    assert path.read_bytes() == bytes(damaged)


def test_a_missing_record_is_loud(tmp_path):
    write(tmp_path, 4)
    path = only_segment(tmp_path)
    whole, bounds = path.read_bytes(), record_bounds(tmp_path)
    for start, end in bounds[:-1]:
        path.write_bytes(whole[:start] + whole[end:])
        with pytest.raises(JournalCorrupt):
            read(tmp_path)


def test_records_in_another_order_are_loud(tmp_path):
    write(tmp_path, 4)
    path = only_segment(tmp_path)
    whole, bounds = path.read_bytes(), record_bounds(tmp_path)
    (a, b), (_, c) = bounds[2], bounds[3]
    path.write_bytes(whole[:a] + whole[b:c] + whole[a:b])
    with pytest.raises(JournalCorrupt):
        read(tmp_path)


def test_a_repeated_record_is_loud(tmp_path):
    write(tmp_path, 4)
    path = only_segment(tmp_path)
    start, end = record_bounds(tmp_path)[-1]
    path.write_bytes(path.read_bytes() + path.read_bytes()[start:end])
    with pytest.raises(JournalCorrupt):
        Journal.open(tmp_path)


def test_a_torn_end_of_a_segment_that_is_not_the_last_is_loud(tmp_path):
    write(tmp_path, 20, segment_bytes=400)
    second = read_segments(tmp_path)[1].path
    second.write_bytes(second.read_bytes()[:-1])
    with pytest.raises(JournalCorrupt, match="cut off"):
        read(tmp_path)


def test_a_missing_segment_is_loud(tmp_path):
    write(tmp_path, 20, segment_bytes=400)
    read_segments(tmp_path)[1].path.unlink()
    with pytest.raises(JournalCorrupt, match="does not follow"):
        read(tmp_path)


def test_archived_first_segments_are_asked_for(tmp_path):
    write(tmp_path, 20, segment_bytes=400)
    first, second = read_segments(tmp_path)[:2]
    first.path.unlink()
    assert len(read(tmp_path, second.first_sequence - 1)) == 21 - second.first_sequence
    with pytest.raises(JournalCorrupt, match="archived"):
        read(tmp_path)


def test_a_segment_of_another_journal_is_loud(tmp_path):
    write(tmp_path / "a", 20, segment_bytes=400)
    write(tmp_path / "b", 20, segment_bytes=400)
    path = read_segments(tmp_path / "a")[1].path
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
    header = whole[:8] + (2).to_bytes(2, "little") + whole[10 : HEADER_BYTES - 4]
    path.write_bytes(header + crc32(header).to_bytes(4, "little") + whole[HEADER_BYTES:])
    with pytest.raises(JournalCorrupt, match="Run the version"):
        read(tmp_path)


def test_a_record_with_the_sequence_of_another_is_loud(tmp_path):
    journal = Journal.open(tmp_path)
    journal.append([*records(1, 1), *records(3, 1)])
    journal.sync()
    journal.close()
    with pytest.raises(JournalCorrupt, match="stands where 2 belongs"):
        read(tmp_path)


def test_a_record_that_was_replaced_by_another_valid_one_is_loud(tmp_path):
    write(tmp_path, 4)
    path = only_segment(tmp_path)
    whole, bounds = path.read_bytes(), record_bounds(tmp_path)
    before = next(iterate_records(tmp_path)).checksum
    start, end = bounds[1]
    row = Command(2, 7, CommandKind.PLACE, price=999).pack()
    forged, _ = pack_record(row, b"note" * 2, before)
    path.write_bytes(whole[:start] + forged + whole[end:])
    with pytest.raises(JournalCorrupt, match="record 3 does not follow"):
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
        journal.append(records(first, 10))
        journal.sync()
    journal.close()
    assert read(tmp_path) == records(1, 30)


def test_a_full_disk_at_any_byte_loses_nothing_that_was_synced(tmp_path):
    group = records(3, 2)
    size = sum(RECORD_HEADER_BYTES + len(row) + len(attachment) for row, attachment in group)
    for room in range(0, size, 5):
        folder = tmp_path / str(room)
        disk = FaultyDisk()
        journal = Journal.open(folder, disk)
        journal.append(records(1, 2))
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
        assert read(folder)[:2] == records(1, 2)
        assert read(folder) == records(1, len(read(folder)))


def test_after_a_failed_sync_nothing_more_is_taken(tmp_path):
    disk = FaultyDisk()
    journal = Journal.open(tmp_path, disk)
    journal.append(records(1, 1))
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


def test_a_record_beyond_the_limit_is_refused(tmp_path):
    journal = Journal.open(tmp_path)
    with pytest.raises(JournalError, match="over"):
        journal.append([(bytes(COMMAND_BYTES), bytes(RECORD_BYTES_MAX))])
    journal.close()


@given(data=st.data())
def test_no_damage_is_ever_read_as_something_else(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("journal")
    written = write(folder, 8)
    path, bounds = only_segment(folder), record_bounds(folder)
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
