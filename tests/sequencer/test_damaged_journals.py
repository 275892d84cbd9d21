"""Damage: what was never acknowledged is cut off, all else is loud, and none is read as something else."""

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from offchain.core.errors import JournalCorrupt
from offchain.sequencer.disk import Disk
from offchain.sequencer.journal import Journal, iterate_groups
from offchain.sequencer.records import HEADER_BYTES, pack_groups, read_segments
from tests.sequencer.journals import entries, group_bounds, only_segment, read, write


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
