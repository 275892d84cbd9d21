"""The state of the exchange from its journal: from the newest snapshot, or all the way from the first command."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from offchain.core.commands import Command, decode_attachment
from offchain.core.errors import JournalCorrupt, StateDiverged
from offchain.core.events import LoggedCommand
from offchain.matching.codes import DEFAULT_MAKER_PPM, DEFAULT_TAKER_PPM
from offchain.matching.engine import Engine
from offchain.sequencer.journal import iterate_records
from offchain.sequencer.machine import Machine
from offchain.sequencer.records import Record
from offchain.sequencer.registry import FeeRates, Registry
from offchain.sequencer.snapshot import read_newest


def replay(folder: Path, through: int | None = None) -> Machine:
    """The machine after command `through` (None: the last), from the journal alone; snapshots are not looked at.

    Raises:
        JournalCorrupt: a record or a segment is damaged or missing.
        StateDiverged: the engine refuses what it once took.
    """
    machine = new_machine()
    for record in iterate_records(folder, 0, through):
        _apply(machine, record)
    return machine


def recover(folder: Path) -> Machine:
    """The machine after the last command, from the newest good snapshot and the records after it.

    Raises:
        JournalCorrupt: a record or a segment is damaged or missing.
        StateDiverged: the engine refuses what it once took, or a snapshot is not of this journal.
    """
    machine, records = _nearest(folder, None, None)
    for record in records:
        _apply(machine, record)
    return machine


def replay_events(folder: Path, from_sequence: int, through: int) -> Iterator[LoggedCommand]:
    """The commands after `from_sequence` up to `through`, with the events they caused, in order.

    Raises:
        JournalCorrupt: a record or a segment is damaged or missing.
        StateDiverged: the engine refuses what it once took, or a snapshot is not of this journal.
    """
    machine, records = _nearest(folder, from_sequence, through)
    for record in records:
        logged = _apply(machine, record)
        if machine.sequence > from_sequence:
            yield logged


def new_machine() -> Machine:
    """The machine before the first command."""
    return Machine(Engine(), Registry(FeeRates(DEFAULT_MAKER_PPM, DEFAULT_TAKER_PPM)))


def _nearest(folder: Path, at_most: int | None, through: int | None) -> tuple[Machine, Iterator[Record]]:
    """The machine of the newest good snapshot at or before `at_most`, or a new one; and the records that follow."""
    found = read_newest(folder, at_most)
    if found is None:
        return new_machine(), iterate_records(folder, 0, through)
    machine, checksum = found
    records = iterate_records(folder, machine.sequence - 1, through)
    last = next(records, None)
    if last is None:
        raise JournalCorrupt(
            f"A snapshot holds command {machine.sequence}, and the journal does not.",
            "Restore the journal's newest segment; do not delete the snapshot.",
        )
    if last.checksum != checksum:
        raise StateDiverged(
            f"The snapshot of command {machine.sequence} belongs to another journal.",
            "Move the snapshots out of the folder and start again.",
        )
    return machine, records


def _apply(machine: Machine, record: Record) -> LoggedCommand:
    try:
        attachment = decode_attachment(record.attachment)
    except msgspec.MsgspecError as error:
        raise JournalCorrupt(
            f"The attachment of command {record.sequence} cannot be read: {error}.",
            "Run the version of the exchange that wrote the journal.",
        ) from error
    return machine.apply(Command.unpack(record.row), attachment)
