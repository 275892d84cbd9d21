"""`quantatrade journal inspect`: what lies in a journal's folder, whether it is intact, and its commands in words.

It reads beside a running exchange, without a lock. Nothing is changed.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from offchain.core.commands import Attachment, CancelReason, Command, CommandKind
from offchain.core.errors import QuantaTradeError
from offchain.sequencer.disk import Disk
from offchain.sequencer.journal import JournaledCommand, commands_of, iterate_groups
from offchain.sequencer.records import (
    ARCHIVE,
    SEGMENT_PATTERN,
    Damage,
    Segment,
    intact_group_from,
    read_groups,
    read_segment,
)
from offchain.sequencer.snapshot import read_snapshot, snapshot_paths, snapshot_sequence

_MIB: Final = 1 << 20
_ALWAYS: Final = ("sequence", "timestamp_us", "kind")


class Finding(NamedTuple):
    """One line about the journal; `is_damage` if it is something that a person has to mend."""

    text: str
    is_damage: bool = False


class _Walk:
    """What was seen of the segments so far."""

    def __init__(self, snapshots: set[int]) -> None:
        self.snapshots = snapshots
        """The commands that snapshots stand at."""
        self.next: tuple[int, int] | None = None
        """First sequence and checksum that the next segment must go on from; None: anything."""
        self.ends: dict[int, int] = {}
        """Checksums of the groups that end there, for the snapshots to be compared with."""
        self.commands = 0
        self.groups = 0


def check_journal(folder: Path) -> Iterator[Finding]:
    """Everything in the folder, file by file, each group and each snapshot checked; the totals come last."""
    disk, walk = Disk(), _Walk({snapshot_sequence(path) for path in snapshot_paths(folder)})
    names = sorted({path.name for place in (folder, folder / ARCHIVE) for path in place.glob(SEGMENT_PATTERN)})
    if not names:
        yield Finding(f"{folder} holds no journal", is_damage=True)
        return
    for name in names:
        yield from _check_segment(folder / name, disk, walk, is_last=name == names[-1])
    for path in reversed(snapshot_paths(folder)):
        yield _check_snapshot(path, walk)
    for path in sorted(folder.glob("unfinished-*.bytes")):
        yield Finding(f"{path.name}: {path.stat().st_size} bytes that a crash left and that were cut off")
    yield Finding(f"{walk.commands} commands in {walk.groups} groups in {len(names)} segments")


def told_commands(folder: Path, first: int, last: int | None) -> Iterator[str]:
    """The commands from `first` to `last` (None: to the end), one a line, under a line for their group.

    Raises:
        JournalCorrupt: the journal is damaged there.
    """
    for group in iterate_groups(folder, first, last):
        yield f"group of {group.length} commands, checksum {group.checksum:016x}"
        for journaled in commands_of(group, first - 1, last):
            yield f"  {_told(journaled)}"


def _check_segment(path: Path, disk: Disk, walk: _Walk, *, is_last: bool) -> Iterator[Finding]:
    try:
        segment, data = read_segment(path, disk)
    except (QuantaTradeError, OSError) as error:
        walk.next = None
        yield Finding(str(error), is_damage=True)
        return
    begins = (segment.first_sequence, segment.previous)
    if walk.next not in (None, begins):
        missing = "does not follow on the one before it" if walk.next and walk.next[0] == begins[0] else "leaves a gap"
        yield Finding(f"{segment.path.name} {missing}: it begins with command {begins[0]}", is_damage=True)
    walk.next, groups, damage = begins, 0, None
    for found in read_groups(segment, data):
        if isinstance(found, Damage):
            damage = found
            break
        groups += 1
        walk.next = (found.last_sequence + 1, found.checksum)
        if found.last_sequence in walk.snapshots:
            walk.ends[found.last_sequence] = found.checksum
    walk.groups += groups
    walk.commands += walk.next[0] - segment.first_sequence
    yield Finding(
        f"{segment.path.relative_to(path.parent)}: commands {segment.first_sequence} to {walk.next[0] - 1} "
        f"in {groups} groups, {len(data) / _MIB:.1f} MiB"
    )
    if damage is not None:
        yield _told_damage(segment, data, damage, is_last=is_last)
        walk.next = walk.next if is_last else None


def _told_damage(segment: Segment, data: bytes, damage: Damage, *, is_last: bool) -> Finding:
    survivor = intact_group_from(data, damage.offset)
    where = f"{segment.path.name}, byte {damage.offset}: {damage.what}"
    if survivor is not None:
        return Finding(f"{where}; the group of command {survivor} there or after it is intact", is_damage=True)
    if not is_last:
        return Finding(f"{where}; nothing after it is intact", is_damage=True)
    rest = len(data) - damage.offset
    return Finding(f"{where}: {rest} bytes that are being written, or that a crash left unfinished")


def _check_snapshot(path: Path, walk: _Walk) -> Finding:
    try:
        machine, checksum = read_snapshot(path)
    except (QuantaTradeError, OSError) as error:
        return Finding(str(error), is_damage=True)
    if walk.ends.get(machine.sequence) != checksum:
        return Finding(f"{path.name} belongs to another journal, or to commands that are lost", is_damage=True)
    return Finding(f"{path.name}: the state after command {machine.sequence}, {path.stat().st_size / _MIB:.1f} MiB")


def _told(journaled: JournaledCommand) -> str:
    command, attachment = journaled
    when = datetime.fromtimestamp(command.timestamp_us / 10**6, UTC).isoformat(timespec="microseconds")
    kind = CommandKind(command.kind).name
    return " ".join((f"{command.sequence} {when} {kind}", *_fields(command), *_attached(attachment)))


def _fields(command: Command) -> Iterator[str]:
    """The fields that are not zero."""
    for name, value in command._asdict().items():
        if name in _ALWAYS or not value:
            continue
        is_cancel = name == "reason" and command.kind in (CommandKind.CANCEL, CommandKind.CANCEL_ALL)
        yield f"{name}={CancelReason(value).name if is_cancel else value}"


def _attached(attachment: Attachment) -> Iterator[str]:
    if attachment is not None:
        for name, value in msgspec.structs.asdict(attachment).items():
            yield f"{name}={_plain(value)}"


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, msgspec.Struct):
        inner = (f"{name}={_plain(one)}" for name, one in msgspec.structs.asdict(value).items())
        return f"({' '.join(inner)})"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_plain, value))}]"
    return str(value)
