"""The journal: append-only segment files that hold every command for ever, and the lock that admits one writer.

A record is acknowledged only after `Journal.sync` has returned. What a crash leaves of records that were never
synced is cut off when the journal is opened; damage anywhere else is an error that a person has to look at.
"""

import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from offchain.core.errors import JournalCorrupt, JournalError
from offchain.sequencer.records import (
    HEADER_BYTES,
    Damage,
    Record,
    Segment,
    intact_record_from,
    pack_header,
    pack_record,
    read_records,
    read_segments,
    segment_path,
)

SEGMENT_BYTES: Final = 64 << 20
"""A segment that has grown to this is closed and the next one begun."""
_LOG = logging.getLogger(__name__)


class Disk:
    """The system calls that make bytes durable, behind a name so that tests can make them fail."""

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write some of `data` and return how many bytes were taken."""
        return os.write(descriptor, data)

    def write_all(self, descriptor: int, data: bytes) -> None:
        """Write the whole of `data`, in as many portions as the system takes it.

        Raises:
            OSError: the disk takes no more.
        """
        rest = memoryview(data)
        while rest:
            taken = self.write(descriptor, rest)
            if taken <= 0:
                raise OSError("the disk takes no more bytes")
            rest = rest[taken:]

    def sync(self, descriptor: int) -> None:
        """Return once the file's bytes and length are on the disk."""
        os.fdatasync(descriptor)

    def sync_folder(self, folder: Path) -> None:
        """Return once the folder's entries are on the disk."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


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
        """Checksum of the last record: what the next one is chained to."""

    @classmethod
    def open(cls, folder: Path, disk: Disk | None = None, segment_bytes: int = SEGMENT_BYTES) -> "Journal":
        """Take the lock, cut off what a crash left unfinished at the end, and stand ready to append.

        Raises:
            JournalError: another process has the journal open, or the folder cannot be used.
            JournalCorrupt: a record is damaged elsewhere than at the unfinished end.
        """
        disk = disk or Disk()
        if not folder.is_dir():
            folder.mkdir(parents=True)
            disk.sync_folder(folder.parent)
        journal = cls(folder, _take_lock(folder), disk, segment_bytes)
        try:
            journal._recover()
        except OSError as error:
            journal.close()
            raise JournalError(
                f"The journal in {folder} cannot be opened: {error}.", "Make room on or mend the disk."
            ) from error
        except BaseException:
            journal.close()
            raise
        return journal

    def append(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Write records (packed command, encoded attachment), whose sequences follow on the last one.

        They are not durable before `sync` returns.

        Raises:
            JournalError: the disk did not take them. The journal takes nothing more until it is opened again.
        """
        self._refuse_after_failure()
        try:
            if self._is_synced and self._size >= self._segment_bytes:
                self._begin_segment()
            parts, checksum = [], self.checksum
            for row, attachment in records:
                part, checksum = pack_record(row, attachment, checksum)
                parts.append(part)
            self._is_synced = False
            self._write(b"".join(parts))
        except OSError as error:
            raise self._failed("written", error) from error
        self.checksum = checksum
        self.last_sequence += len(parts)

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
                os.close(descriptor)
        self._file = self._lock = -1
        self._failure = self._failure or "it is closed"

    def _recover(self) -> None:
        for leftover in self.folder.glob("*.new"):
            leftover.unlink()
        segments = read_segments(self.folder)
        if not segments:
            self._journal_id = os.urandom(16)
            self._begin_segment()
            return
        last = segments[-1]
        self._journal_id = last.journal_id
        self.last_sequence, self.checksum, self._size = last.first_sequence - 1, last.previous, HEADER_BYTES
        data = last.path.read_bytes()
        for found in read_records(last, data):
            if isinstance(found, Damage):
                _refuse_damage_in_the_middle(last, data, found)
                self._set_aside(last, data, found)
                break
            self.last_sequence, self.checksum, self._size = found.sequence, found.checksum, found.end
        self._file = os.open(last.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        os.ftruncate(self._file, self._size)
        # A process that died between write and sync leaves whole records that are only in the page cache: what is
        # read back here is going to be built upon, so it has to be durable first.
        self.disk.sync(self._file)

    def _set_aside(self, segment: Segment, data: bytes, damage: Damage) -> None:
        """Keep the unfinished end beside the journal before it is cut off: nothing is thrown away unseen."""
        tail = data[damage.offset :]
        kept = self.folder / f"unfinished-{self.last_sequence + 1:020}.bytes"
        kept.write_bytes(tail)
        _LOG.warning(
            "%s: %s at byte %d; %d bytes that were never acknowledged are cut off (kept in %s)",
            segment.path, damage.what, damage.offset, len(tail), kept.name,
        )  # fmt: skip

    def _begin_segment(self) -> None:
        path = segment_path(self.folder, self.last_sequence + 1)
        unfinished = path.with_suffix(".new")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o644)
        if self._file >= 0:
            os.close(self._file)
        self._file, self._size = descriptor, 0
        self._write(pack_header(self.last_sequence + 1, self.checksum, self._journal_id))
        self.disk.sync(descriptor)
        unfinished.rename(path)
        self.disk.sync_folder(self.folder)

    def _write(self, data: bytes) -> None:
        self.disk.write_all(self._file, data)
        self._size += len(data)

    def _failed(self, what: str, error: OSError) -> JournalError:
        self._failure = f"{what.capitalize()} records failed: {error}"
        return JournalError(
            f"The journal could not be {what}: {error}.", "Make room on or replace the disk, then restart the exchange."
        )

    def _refuse_after_failure(self) -> None:
        if self._failure is not None:
            raise JournalError(f"The journal takes nothing more: {self._failure}.", "Restart the exchange.")


def iterate_records(folder: Path, from_sequence: int = 0, through: int | None = None) -> Iterator[Record]:
    """Every record with `from_sequence` < sequence <= `through` (None: to the end), in order, each one verified.

    Reads beside a writer: an unfinished end is where reading stops, and nothing is changed.

    Raises:
        JournalCorrupt: a record or a segment is damaged or missing.
    """
    segments = read_segments(folder)
    starts = [index for index, segment in enumerate(segments) if segment.first_sequence <= from_sequence + 1]
    if not segments or (through is not None and through <= from_sequence):
        return
    if not starts:
        raise JournalCorrupt(
            f"The journal begins with record {segments[0].first_sequence}; {from_sequence + 1} is asked for.",
            "Bring the archived segments back into the folder.",
        )
    expected: tuple[int, int] | None = None
    for segment in segments[starts[-1] :]:
        if expected is not None and expected != (segment.first_sequence, segment.previous):
            raise JournalCorrupt(f"{segment.path} does not follow on record {expected[0] - 1}.", "Restore the segment.")
        data = segment.path.read_bytes()
        expected = (segment.first_sequence, segment.previous)
        for found in read_records(segment, data):
            if isinstance(found, Damage):
                if segment is not segments[-1]:
                    raise _corrupt(segment, found)
                _refuse_damage_in_the_middle(segment, data, found)
                return
            expected = (found.sequence + 1, found.checksum)
            if through is not None and found.sequence > through:
                return
            if found.sequence > from_sequence:
                yield found


def _refuse_damage_in_the_middle(segment: Segment, data: bytes, damage: Damage) -> None:
    survivor = intact_record_from(data, damage.offset)
    if survivor is not None:
        raise _corrupt(segment, damage, f" Record {survivor} there or after it is intact.")


def _corrupt(segment: Segment, damage: Damage, more: str = "") -> JournalCorrupt:
    return JournalCorrupt(
        f"{segment.path}, byte {damage.offset}: {damage.what}.{more}",
        "Acknowledged commands are damaged: restore the segment from a copy before starting the exchange.",
    )


def _take_lock(folder: Path) -> int:
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise JournalError(
            f"Another process writes the journal in {folder}.", "Stop the exchange that runs there first."
        ) from error
    return lock
