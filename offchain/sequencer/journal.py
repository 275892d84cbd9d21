"""The journal: append-only segment files that hold every command for ever, and the lock that admits one writer.

A command is acknowledged only after `Journal.sync` has returned. What a crash leaves of groups that were never
synced is cut off when the journal is opened; damage anywhere else is an error that a person has to look at.
"""

import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from offchain.core.commands import COMMAND_BYTES, Attachment, Command
from offchain.core.errors import JournalCorrupt, JournalError
from offchain.sequencer.disk import Disk
from offchain.sequencer.records import (
    HEADER_BYTES,
    Damage,
    Entry,
    Segment,
    StoredGroup,
    intact_group_from,
    pack_groups,
    pack_header,
    read_groups,
    read_segment,
    read_segments,
    segment_path,
    unpack_attachments,
)

SEGMENT_BYTES: Final = 64 << 20
"""A segment that has grown to this is closed and the next one begun."""
_LOG = logging.getLogger(__name__)


class Journal:
    """The writing end. Not thread-safe: one caller at a time."""

    def __init__(self, folder: Path, lock: int, disk: Disk, segment_bytes: int) -> None:
        self.folder = folder
        self._lock = lock
        self.disk = disk
        self._segment_bytes = segment_bytes
        self._file = -1
        self._size = 0
        self._journal_id = b""
        self._is_synced = True
        self._failure: str | None = None
        self.last_sequence = 0
        self.checksum = 0
        """Checksum of the last group: what the next one is chained to."""

    @classmethod
    def open(cls, folder: Path, disk: Disk | None = None, segment_bytes: int = SEGMENT_BYTES) -> "Journal":
        """Take the lock, cut off what a crash left unfinished at the end, and stand ready to append.

        Raises:
            JournalError: another process has the journal open, or the folder cannot be used.
            JournalCorrupt: a group is damaged elsewhere than at the unfinished end.
        """
        disk = disk or Disk()
        try:
            disk.make_folder(folder)
            journal = cls(folder, _take_lock(folder, disk), disk, segment_bytes)
        except OSError as error:
            raise _cannot_be_opened(folder, error) from error
        try:
            journal._recover()
        except OSError as error:
            journal.close()
            raise _cannot_be_opened(folder, error) from error
        # Whatever it was, the lock on the folder is given back.
        except BaseException:
            journal.close()
            raise
        return journal

    def append(self, entries: Sequence[Entry]) -> None:
        """Write commands, whose sequences follow on the last one, as one group, or as several if they are many.

        They are not durable before `sync` returns.

        Raises:
            JournalError: they are not the next commands, or the disk did not take them. In the second case the journal
                takes nothing more until it is opened again.
        """
        self._refuse_after_failure()
        if not entries:
            return
        groups, checksum = pack_groups(entries, self.last_sequence + 1, self.checksum)
        try:
            if self._is_synced and self._size >= self._segment_bytes:
                self._begin_segment()
            for group in groups:
                self._write_group(group)
        except OSError as error:
            raise self._failed("written", error) from error
        self.checksum = checksum
        self.last_sequence += len(entries)

    def sync(self) -> None:
        """Return once everything appended is on the disk.

        Raises:
            JournalError: the disk failed; what was appended since the last sync may or may not be durable.
        """
        self._refuse_after_failure()
        try:
            self.disk.sync(self._file)
            self._is_synced = True
        except OSError as error:
            raise self._failed("synced", error) from error

    def close(self) -> None:
        """Give up the file and the lock. Does not sync."""
        for descriptor in (self._file, self._lock):
            if descriptor >= 0:
                self.disk.close(descriptor)
        self._file = self._lock = -1
        self._failure = self._failure or "it is closed"

    def _recover(self) -> None:
        for leftover in self.folder.glob("*.new"):
            self.disk.remove(leftover)
        segments = read_segments(self.folder, self.disk)
        if not segments:
            self.disk.sync_folder(self.folder.parent)
            self._journal_id = os.urandom(16)
            self._begin_segment()
            return
        last, data = read_segment(segments[-1].path, self.disk)
        self._journal_id = last.journal_id
        self.last_sequence, self.checksum, self._size = last.first_sequence - 1, last.previous, HEADER_BYTES
        newest = HEADER_BYTES
        for found in read_groups(last, data):
            if isinstance(found, Damage):
                _refuse_damage_in_the_middle(last, data, found)
                self._set_aside(last, data, found)
                break
            newest = found.start
            self.last_sequence, self.checksum, self._size = found.last_sequence, found.checksum, found.end
        self._file = self.disk.open(last.path, os.O_WRONLY)
        # What is read back here is going to be built upon, so it has to be durable first. The newest group and the
        # segment's name may be in the cache only; and if a sync has failed, the kernel may hold that group for written.
        # So it is written once more. The same bytes in the same place harm nothing.
        os.lseek(self._file, newest, os.SEEK_SET)
        self.disk.write_all(self._file, data[newest : self._size])
        if self._size < len(data):
            self.disk.truncate(self._file, self._size)
        self.disk.sync(self._file)
        self.disk.sync_folder(self.folder)

    def _set_aside(self, segment: Segment, data: bytes, damage: Damage) -> None:
        """Keep the unfinished end beside the journal before it is cut off: nothing is thrown away unseen."""
        tail = data[damage.offset :]
        kept = self.folder / f"unfinished-{self.last_sequence + 1:020}.bytes"
        self.disk.write_file(kept, tail)
        _LOG.warning(
            "%s: %s at byte %d; %d bytes that were never acknowledged are cut off (kept in %s)",
            segment.path, damage.what, damage.offset, len(tail), kept.name,
        )  # fmt: skip

    def _begin_segment(self) -> None:
        path = segment_path(self.folder, self.last_sequence + 1)
        unfinished = path.with_suffix(".new")
        descriptor = self.disk.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        if self._file >= 0:
            self.disk.close(self._file)
        self._file, self._size = descriptor, 0
        self._write(pack_header(self.last_sequence + 1, self.checksum, self._journal_id))
        self.disk.sync(descriptor)
        self.disk.rename(unfinished, path)
        self.disk.sync_folder(self.folder)

    def _write_group(self, group: bytes) -> None:
        """Write a group once the one before it is durable: a crash can leave only the newest one unfinished."""
        if not self._is_synced:
            self.disk.sync(self._file)
        self._is_synced = False
        self._write(group)

    def _write(self, data: bytes) -> None:
        self.disk.write_all(self._file, data)
        self._size += len(data)

    def _failed(self, what: str, error: OSError) -> JournalError:
        self._failure = f"{what.capitalize()} commands failed: {error}"
        return JournalError(
            f"The journal could not be {what}: {error}.", "Make room on or replace the disk, then restart the exchange."
        )

    def _refuse_after_failure(self) -> None:
        if self._failure is not None:
            raise JournalError(f"The journal takes nothing more: {self._failure}.", "Restart the exchange.")


class JournaledCommand(NamedTuple):
    """One command as the journal holds it."""

    command: Command
    attachment: Attachment


def iterate_groups(
    folder: Path, from_sequence: int = 0, through: int | None = None, disk: Disk | None = None
) -> Iterator[StoredGroup]:
    """The groups that hold the commands from `from_sequence` to `through` (None: to the end), each one verified.

    So the first is the one that holds `from_sequence` itself: whoever goes on from there can see that it is the one
    that is meant. Reads beside a writer: an unfinished end is where reading stops, and nothing is changed.

    Raises:
        JournalCorrupt: a group or a segment is damaged or missing.
    """
    disk = disk or Disk()
    segments = read_segments(folder, disk)
    starts = [place for place, one in enumerate(segments) if one.first_sequence <= max(from_sequence, 1)]
    if segments and not starts:
        raise JournalCorrupt(
            f"The journal begins with command {segments[0].first_sequence}; {from_sequence} is asked for.",
            "Bring the older segments back into the archive.",
        )
    expected: tuple[int, int] | None = None
    for known in segments[starts[-1] :] if starts else ():
        if through is not None and known.first_sequence > through:
            return
        segment, data = read_segment(known.path, disk)
        if expected is not None and expected != (segment.first_sequence, segment.previous):
            raise JournalCorrupt(
                f"{segment.path} does not follow on command {expected[0] - 1}.", "Restore the segment."
            )
        expected = (segment.first_sequence, segment.previous)
        for found in read_groups(segment, data):
            if isinstance(found, Damage):
                if known is not segments[-1]:
                    raise _corrupt(segment, found)
                _refuse_damage_in_the_middle(segment, data, found)
                return
            if through is not None and found.first_sequence > through:
                return
            expected = (found.last_sequence + 1, found.checksum)
            if found.last_sequence >= from_sequence:
                yield found


def commands_of(group: StoredGroup, from_sequence: int, through: int | None) -> Iterator[JournaledCommand]:
    """The commands of a group with `from_sequence` < sequence <= `through` (None: to the end), in order.

    Raises:
        JournalCorrupt: an attachment cannot be read.
    """
    start = max(0, from_sequence + 1 - group.first_sequence)
    stop = group.length if through is None else min(group.length, through + 1 - group.first_sequence)
    try:
        attachments = unpack_attachments(group)
    except (msgspec.MsgspecError, ValueError, IndexError) as error:
        raise unreadable(group, error) from error
    for place in range(start, stop):
        row = group.rows[place * COMMAND_BYTES : (place + 1) * COMMAND_BYTES]
        yield JournaledCommand(Command.unpack(row), attachments[place])


def unreadable(group: StoredGroup, error: Exception) -> JournalCorrupt:
    """What to say of attachments that match their checksum and are still not of this format."""
    return JournalCorrupt(
        f"The attachments of commands {group.first_sequence} to {group.last_sequence} cannot be read: {error}.",
        "Run the version of the exchange that wrote the journal.",
    )


def _refuse_damage_in_the_middle(segment: Segment, data: bytes, damage: Damage) -> None:
    survivor = intact_group_from(data, damage.offset)
    if survivor is not None:
        raise _corrupt(segment, damage, f" The group of command {survivor} there or after it is intact.")


def _corrupt(segment: Segment, damage: Damage, more: str = "") -> JournalCorrupt:
    return JournalCorrupt(
        f"{segment.path}, byte {damage.offset}: {damage.what}.{more}",
        "Acknowledged commands are damaged: restore the segment from a copy before starting the exchange.",
    )


def _cannot_be_opened(folder: Path, error: OSError) -> JournalError:
    return JournalError(f"The journal in {folder} cannot be opened: {error}.", "Make room on or mend the disk.")


def _take_lock(folder: Path, disk: Disk) -> int:
    lock = disk.open(folder / "lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        disk.close(lock)
        raise JournalError(
            f"Another process writes the journal in {folder}.", "Stop the exchange that runs there first."
        ) from error
    return lock
