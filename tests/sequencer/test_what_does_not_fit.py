"""Rows, attachments and states that do not belong together are refused, however they came to meet."""

import gc

import numpy as np
import pytest

from offchain.core.commands import (
    COMMAND_DTYPE,
    AccountOpening,
    Command,
    CommandKind,
    OrderAuthorization,
    encode_attachment,
)
from offchain.core.errors import JournalCorrupt, StateDiverged
from offchain.sequencer.archive import archive_segments
from offchain.sequencer.authorizations import AUTHORIZATION_DTYPE, pack_authorization
from offchain.sequencer.disk import Disk
from offchain.sequencer.journal import Journal
from offchain.sequencer.records import (
    Damage,
    StoredGroup,
    pack_entry,
    pack_groups,
    read_groups,
    read_segment,
)
from offchain.sequencer.replay import new_machine, recover, replay, replay_events
from offchain.sequencer.sequencer import Sequencer
from offchain.sequencer.snapshot import snapshot_paths, state_hash
from tests.sequencer.faults import FaultyDisk
from tests.sequencer.journals import iterate_commands
from tests.sequencer.world import ALICE, Clock, order, started

SIGNED = order(ALICE, "a").authorization


def changed(**fields: object) -> OrderAuthorization:
    return OrderAuthorization(**{name: getattr(SIGNED, name) for name in SIGNED.__struct_fields__} | fields)


def cancels(first: int, count: int) -> list[tuple[bytes, bytes]]:
    return [(Command(one, 7, CommandKind.CANCEL, order_id=one).pack(), b"") for one in range(first, first + count)]


@pytest.fixture
async def folder(tmp_path):
    """A journal of a few orders, one a commit, without snapshots."""
    sequencer = await started(tmp_path, FaultyDisk())
    for lane in range(1, 12):
        await sequencer.submit(order(ALICE, f"o{lane}", lane=lane))
    await sequencer.stop()
    for path in snapshot_paths(tmp_path):
        path.unlink()
    return tmp_path


@pytest.mark.parametrize(
    "signed",
    [
        changed(digest=bytes(31)),
        changed(owner=bytes(21)),
        changed(signature=b""),
        changed(client_order_id=""),
        changed(client_order_id="x" * 37),
        changed(client_order_id="a\0b"),
        changed(client_order_id="é"),
    ],
)
def test_an_authorization_that_a_row_cannot_give_back_is_not_packed(signed):
    with pytest.raises(ValueError, match=r"bytes|client order id|ordinal not in range"):
        pack_authorization(signed)


@pytest.mark.parametrize(
    ("kind", "attachment"), [(CommandKind.PLACE, None), (CommandKind.REPLACE, AccountOpening(ALICE)), (1, SIGNED)]
)
def test_an_attachment_of_another_kind_of_command_is_not_packed(kind, attachment):
    with pytest.raises(TypeError, match="authorization"):
        pack_entry(Command(1, 1, kind).pack(), kind, attachment)


def test_what_follows_damage_is_not_read(tmp_path):
    journal = Journal.open(tmp_path)
    journal.append(cancels(1, 2))
    journal.sync()
    journal.close()
    (path,) = tmp_path.glob("segment-*")
    segment, data = read_segment(path, Disk())
    group, _ = pack_groups(cancels(9, 1), 9, 0)
    found = list(read_groups(segment, data + group[0] + group[0]))
    assert [type(one) for one in found] == [StoredGroup, Damage]


@pytest.mark.parametrize("note", [b"\xc1", encode_attachment("\ud7ff")[:-1] + b"\xff"])
def test_attachments_that_cannot_be_read_stop_whoever_reads_them(tmp_path, note):
    journal = Journal.open(tmp_path)
    journal.append([(Command(1, 1, CommandKind.LIST_ASSET, asset=1).pack(), note)])
    journal.sync()
    journal.close()
    readers = (replay, lambda folder: list(iterate_commands(folder)), lambda folder: list(replay_events(folder, 0, 1)))
    for read in readers:
        with pytest.raises(JournalCorrupt, match="attachments of commands 1 to 1"):
            read(tmp_path)


def test_a_machine_applies_only_what_the_engine_takes():
    with pytest.raises(StateDiverged, match="refuses command 1"):
        new_machine().apply(Command(1, 1, CommandKind.CANCEL_ALL, account=9, reason=1), None)


def test_a_machine_takes_many_commands_only_if_they_are_the_next():
    rows = np.frombuffer(b"".join(row for row, _ in cancels(2, 3)), COMMAND_DTYPE)
    with pytest.raises(StateDiverged, match="do not go on from 0"):
        new_machine().apply_many(rows, np.zeros(0, AUTHORIZATION_DTYPE), [])


def test_a_registry_without_an_order_of_the_engine_is_found_out():
    with pytest.raises(StateDiverged, match="never taken"):
        new_machine().registry.settle(np.array([7], np.uint64))


@pytest.mark.parametrize("count", [1, 2, 3, 5])
async def test_it_does_not_matter_how_many_commands_are_replayed_together(folder, count, monkeypatch):
    expected = state_hash(replay(folder))
    monkeypatch.setattr("offchain.sequencer.replay._BATCH_COMMANDS", count)
    assert state_hash(replay(folder)) == expected


@pytest.mark.parametrize("was_on", [True, False])
async def test_recovery_leaves_the_garbage_collector_as_it_was(folder, was_on):
    try:
        if not was_on:
            gc.disable()
        recover(folder)
        assert gc.isenabled() == was_on
    finally:
        gc.enable()


async def test_a_journal_without_snapshots_keeps_its_segments(folder):
    assert archive_segments(folder, Disk()) == []


async def test_a_journal_that_reads_differently_the_second_time_is_not_opened(folder):
    class Forgetful(Disk):
        reads = 0

        def read_file(self, path, limit=None):
            self.reads += limit is None and path.name.startswith("segment-")
            data = super().read_file(path, limit)
            return data[:-1] if self.reads > 1 else data

    with pytest.raises(StateDiverged, match="Recovered command 20 of 21"):
        Sequencer.open(folder, clock=Clock(), disk=Forgetful())
    assert recover(folder).sequence == 21
