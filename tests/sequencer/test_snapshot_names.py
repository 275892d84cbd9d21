"""A snapshot counts under its own name only: under another it would tell recovery and subscribers a wrong place."""

import pytest

from offchain.core.errors import JournalError
from offchain.sequencer.replay import replay, replay_events
from offchain.sequencer.sequencer import Sequencer
from offchain.sequencer.snapshot import read_snapshot, snapshot_paths, state_hash
from tests.sequencer.faults import FaultyDisk
from tests.sequencer.world import ALICE, Clock, opened, order, started


@pytest.fixture
async def folder(tmp_path):
    """A journal with one snapshot, at its end."""
    sequencer = await started(tmp_path, FaultyDisk())
    await sequencer.submit(order(ALICE, "a"))
    await sequencer.stop()
    return tmp_path


@pytest.mark.parametrize("name", ["snapshot-00000000000000000002.state", f"snapshot-{10**19}.state"])
async def test_a_snapshot_that_was_renamed_is_passed_over(folder, name):
    expected = state_hash(replay(folder))
    (path,) = snapshot_paths(folder)
    path.rename(folder / name)
    with pytest.raises(JournalError, match="renamed"):
        read_snapshot(folder / name)
    last = replay(folder).sequence
    told = [logged.command.sequence for logged in replay_events(folder, 3, last)]
    assert told == list(range(4, last + 1))
    sequencer = Sequencer.open(folder, clock=Clock())
    assert state_hash(sequencer._machine) == expected
    await sequencer.stop()


async def test_a_snapshot_with_a_name_beyond_the_journal_does_not_keep_new_ones_from_being_taken(folder):
    (path,) = snapshot_paths(folder)
    path.rename(folder / f"snapshot-{10**19}.state")
    sequencer = await opened(folder)
    placed = await sequencer.submit(order(ALICE, "b", lane=2))
    await sequencer.stop()
    assert folder / f"snapshot-{placed.sequence:020}.state" in snapshot_paths(folder)


async def test_a_copy_under_a_name_of_its_own_is_no_snapshot(folder):
    (path,) = snapshot_paths(folder)
    (folder / "snapshot-copy.state").write_bytes(path.read_bytes())
    assert snapshot_paths(folder) == [path]
    await Sequencer.open(folder, clock=Clock()).stop()
