"""Segments that no kept snapshot needs are moved away, whole and durable, and are still found by whoever replays."""

import pytest

from offchain.core.errors import ConfigurationError
from offchain.core.intents import Intent
from offchain.sequencer.archive import archive_segments, link_archive
from offchain.sequencer.disk import Disk
from offchain.sequencer.journal import Journal, iterate_groups
from offchain.sequencer.records import ARCHIVE, read_segments
from offchain.sequencer.replay import recover, replay, replay_events
from offchain.sequencer.sequencer import Sequencer, SequencerOptions
from offchain.sequencer.snapshot import state_hash
from tests.sequencer.faults import FaultyDisk
from tests.sequencer.world import ALICE, BOB, SELL, Clock, funding, order


async def busy(folder, archive, disk=None, lanes=range(1, 60)) -> Sequencer:
    """A sequencer with small segments, that has taken many orders one by one."""
    options = SequencerOptions(
        snapshot_every_commands=20, snapshots_kept=2, segment_bytes=2_000, journal_archive=archive
    )
    sequencer = Sequencer.open(folder, options, Clock(), disk)
    await sequencer.start()
    intents: list[Intent] = funding(ALICE, BOB)
    for lane in lanes:
        intents += [order(ALICE, f"a{lane}", lane=lane), order(BOB, f"b{lane}", SELL, lane=lane, quantity=4 + lane % 9)]
    for intent in intents:
        await sequencer.submit(intent)
    return sequencer


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.glob("segment-*"))


async def test_old_segments_move_and_replay_finds_them(tmp_path):
    folder, archive = tmp_path / "journal", tmp_path / "far" / "away"
    sequencer = await busy(folder, archive)
    await sequencer.stop()
    assert len(names(archive)) > 5
    assert not set(names(folder)) & set(names(archive))
    assert read_segments(folder, Disk())[0].first_sequence == 1
    assert sum(group.length for group in iterate_groups(folder)) == sequencer.last_sequence
    assert state_hash(replay(folder)) == state_hash(recover(folder))
    assert len(list(replay_events(folder, 0, sequencer.last_sequence))) == sequencer.last_sequence


async def test_what_the_oldest_snapshot_stands_on_stays(tmp_path):
    sequencer = await busy(tmp_path / "journal", tmp_path / "archive")
    await sequencer.stop()
    for path in (tmp_path / "archive").iterdir():
        path.unlink()
    for path in sorted((tmp_path / "journal").glob("snapshot-*"))[1:]:
        path.unlink()
    assert recover(tmp_path / "journal").sequence == sequencer.last_sequence


async def test_without_a_setting_nothing_moves(tmp_path):
    sequencer = await busy(tmp_path, None)
    await sequencer.stop()
    assert names(tmp_path)[0].endswith("1.journal")
    assert not (tmp_path / ARCHIVE).exists()


async def test_an_archive_is_not_changed_by_a_setting(tmp_path):
    folder = tmp_path / "journal"
    sequencer = await busy(folder, tmp_path / "one", lanes=())
    await sequencer.stop()
    sequencer = await busy(folder, tmp_path / "one", lanes=())
    await sequencer.stop()
    with pytest.raises(ConfigurationError, match="archive of the journal is"):
        Sequencer.open(folder, SequencerOptions(journal_archive=tmp_path / "two"))
    Journal.open(folder).close()


async def test_the_archive_may_be_the_folder_itself(tmp_path):
    sequencer = await busy(tmp_path, tmp_path / ARCHIVE)
    await sequencer.stop()
    assert names(tmp_path / ARCHIVE)
    assert replay(tmp_path).sequence == sequencer.last_sequence


async def test_a_failing_archive_holds_nobody_up_and_is_tried_again(tmp_path, caplog):
    disk = FaultyDisk()
    sequencer = await busy(tmp_path / "journal", tmp_path / "archive", disk, lanes=range(1, 8))
    await sequencer.stop()
    before = state_hash(replay(tmp_path / "journal"))
    disk.room = 100
    sequencer = Sequencer.open(tmp_path / "journal", SequencerOptions(journal_archive=tmp_path / "archive"), Clock())
    await sequencer.stop()
    with pytest.raises(OSError, match="No space"):
        archive_again(tmp_path / "journal", disk)
    assert state_hash(replay(tmp_path / "journal")) == before
    disk.room = None
    moved = archive_again(tmp_path / "journal", disk)
    assert moved
    assert not list((tmp_path / "archive").glob("*.new"))
    assert state_hash(replay(tmp_path / "journal")) == before


def archive_again(folder, disk):
    """Bring the archived segments back, and archive them anew."""
    for path in (folder / ARCHIVE).glob("segment-*.journal"):
        (folder / path.name).write_bytes(path.read_bytes())
        path.unlink()
    return archive_segments(folder, disk)


async def test_a_segment_that_is_in_both_places_is_read_once(tmp_path):
    sequencer = await busy(tmp_path / "journal", tmp_path / "archive")
    await sequencer.stop()
    first = (tmp_path / "archive") / names(tmp_path / "archive")[0]
    (tmp_path / "journal" / first.name).write_bytes(first.read_bytes())
    assert replay(tmp_path / "journal").sequence == sequencer.last_sequence


async def test_a_damaged_segment_is_not_archived(tmp_path, caplog):
    sequencer = await busy(tmp_path / "journal", None)
    await sequencer.stop()
    link_archive(tmp_path / "journal", tmp_path / "archive", Disk())
    third = tmp_path / "journal" / names(tmp_path / "journal")[2]
    third.write_bytes(third.read_bytes()[:-1] + b"?")
    with pytest.raises(Exception, match="not archived"):
        archive_segments(tmp_path / "journal", Disk())
    assert names(tmp_path / "archive") == names(tmp_path / "archive")[:2]
    assert third.exists()


async def test_a_reader_beside_the_move_finds_every_segment(tmp_path):
    sequencer = await busy(tmp_path / "journal", None)
    await sequencer.stop()
    link_archive(tmp_path / "journal", tmp_path / "archive", Disk())
    groups = iterate_groups(tmp_path / "journal")
    first = next(groups)
    archive_segments(tmp_path / "journal", Disk())
    read = [first, *groups]
    assert sum(group.length for group in read) == read[-1].last_sequence == sequencer.last_sequence
