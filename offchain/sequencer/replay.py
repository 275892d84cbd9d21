"""The state of the exchange from its journal: from the newest snapshot, or all the way from the first command.

Who wants the state gets it many commands at a time; who wants to see what happened gets it one by one, with events.
Both end in the same state.
"""

import gc
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from offchain.core.commands import COMMAND_BYTES, COMMAND_DTYPE, Attachment
from offchain.core.errors import JournalCorrupt, StateDiverged
from offchain.core.events import LoggedCommand
from offchain.matching.codes import DEFAULT_MAKER_PPM, DEFAULT_TAKER_PPM
from offchain.matching.engine import Engine
from offchain.sequencer.authorizations import AUTHORIZATION_BYTES, AUTHORIZATION_DTYPE
from offchain.sequencer.disk import Disk
from offchain.sequencer.journal import commands_of, iterate_groups, unreadable
from offchain.sequencer.kinds import IS_ORDER
from offchain.sequencer.machine import Machine
from offchain.sequencer.records import StoredGroup, unpack_notes
from offchain.sequencer.registry import FeeRates, Registry
from offchain.sequencer.snapshot import read_newest

_BATCH_COMMANDS: Final = 8_192
"""Groups are taken together until there are so many commands: small enough for a processor's cache."""


def replay(folder: Path, through: int | None = None) -> Machine:
    """The machine after command `through` (None: the last), from the journal alone; snapshots are not looked at.

    Raises:
        JournalCorrupt: a group or a segment is damaged or missing.
        StateDiverged: the engine refuses what it once took.
    """
    with _without_collector():
        machine = new_machine()
        _bring_on(machine, iterate_groups(folder, 0, through), through)
    return machine


def recover(folder: Path, disk: Disk | None = None) -> Machine:
    """The machine after the last command, from the newest good snapshot and the commands after it.

    Raises:
        JournalCorrupt: a group or a segment is damaged or missing.
        StateDiverged: the engine refuses what it once took, or a snapshot is not of this journal.
    """
    with _without_collector():
        machine, groups = _nearest(folder, None, None, disk)
        _bring_on(machine, groups, None)
    return machine


def replay_events(folder: Path, from_sequence: int, through: int) -> Iterator[LoggedCommand]:
    """The commands after `from_sequence` up to `through`, with the events they caused, in order.

    Raises:
        JournalCorrupt: a group or a segment is damaged or missing.
        StateDiverged: the engine refuses what it once took, or a snapshot is not of this journal.
    """
    machine, groups = _nearest(folder, from_sequence, through)
    begun = _bring_on(machine, groups, from_sequence)
    for group in itertools.chain([] if begun is None else [begun], groups):
        for command, attachment in commands_of(group, machine.sequence, through):
            yield machine.apply(command, attachment)


def new_machine() -> Machine:
    """The machine before the first command."""
    return Machine(Engine(), Registry(FeeRates(DEFAULT_MAKER_PPM, DEFAULT_TAKER_PPM)))


@contextmanager
def _without_collector() -> Iterator[None]:
    """Nothing is garbage while a state is built up, and looking for it again and again would take most of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _nearest(
    folder: Path, at_most: int | None, through: int | None, disk: Disk | None = None
) -> tuple[Machine, Iterator[StoredGroup]]:
    """The machine of the newest good snapshot at or before `at_most`, or a new one; and the groups that follow."""
    found = read_newest(folder, at_most, disk)
    if found is None:
        return new_machine(), iterate_groups(folder, 0, through, disk)
    machine, checksum = found
    groups = iterate_groups(folder, machine.sequence, through, disk)
    last = next(groups, None)
    if last is None:
        raise JournalCorrupt(
            f"A snapshot holds command {machine.sequence}, and the journal does not.",
            "Restore the journal's newest segment; do not delete the snapshot.",
        )
    if (last.last_sequence, last.checksum) != (machine.sequence, checksum):
        raise StateDiverged(
            f"The snapshot of command {machine.sequence} belongs to another journal.",
            "Move the snapshots out of the folder and start again.",
        )
    return machine, groups


class _Batch:
    """Commands of consecutive groups on their way to a machine."""

    def __init__(self) -> None:
        self.count = 0
        self._rows: list[memoryview] = []
        self._signed: list[memoryview] = []
        self._attachments: list[tuple[int, Attachment]] = []

    def add(self, group: StoredGroup, start: int, stop: int) -> None:
        """Take in the commands of a group from place `start` to `stop`.

        Raises:
            JournalCorrupt: an attachment cannot be read.
        """
        try:
            notes = unpack_notes(group)
        except (msgspec.MsgspecError, ValueError) as error:
            raise unreadable(group, error) from error
        first, last = 0, len(group.authorizations)
        if (start, stop) != (0, group.length):
            orders = np.cumsum(IS_ORDER.take(np.frombuffer(group.rows, COMMAND_DTYPE)["kind"]))
            first, last = (int(orders[place - 1]) * AUTHORIZATION_BYTES if place else 0 for place in (start, stop))
        self._rows.append(group.rows[start * COMMAND_BYTES : stop * COMMAND_BYTES])
        self._signed.append(group.authorizations[first:last])
        self._attachments += [(self.count + place - start, note) for place, note in notes if start <= place < stop]
        self.count += stop - start

    def apply(self, machine: Machine) -> None:
        """Give the machine what was added.

        Raises:
            StateDiverged: the engine refuses what it once took.
        """
        commands = np.frombuffer(b"".join(self._rows), COMMAND_DTYPE)
        signed = np.frombuffer(b"".join(self._signed), AUTHORIZATION_DTYPE)
        machine.apply_many(commands, signed, self._attachments)


def _bring_on(machine: Machine, groups: Iterator[StoredGroup], through: int | None) -> StoredGroup | None:
    """Apply the commands of groups up to `through`; returns the group that holds the next one, if it was met."""
    batch, before, begun = _Batch(), machine.sequence, None
    for group in groups:
        start = machine.sequence + batch.count + 1 - group.first_sequence
        stop = group.length if through is None else min(group.length, through + 1 - group.first_sequence)
        if start < stop:
            batch.add(group, start, stop)
        if batch.count >= _BATCH_COMMANDS:
            batch.apply(machine)
            batch = _Batch()
        if stop < group.length:
            begun = group
            break
    if batch.count:
        batch.apply(machine)
    if machine.sequence > before:
        machine.settle()
    return begun
