"""The bytes of a journal: segment headers and records. The format is described in docs/journal.md."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

from offchain.core.commands import COMMAND_BYTES
from offchain.core.errors import JournalCorrupt, JournalError

FORMAT_VERSION: Final = 1
SEGMENT_PATTERN: Final = "segment-*.journal"
RECORD_BYTES_MAX: Final = 1 << 20
"""The longest payload (command and attachment) that one record holds."""
_MAGIC: Final = b"QTJOURNL"
_MARKER: Final = b"QTRC"
_HEADER: Final = struct.Struct("<8sHHIQ16s20x")
_RECORD: Final = struct.Struct("<4sII")
_CRC: Final = struct.Struct("<I")
_SEQUENCE: Final = struct.Struct("<Q")
HEADER_BYTES: Final = _HEADER.size + _CRC.size
RECORD_HEADER_BYTES: Final = _RECORD.size + _CRC.size


class Segment(NamedTuple):
    """One file of the journal. `previous` is the checksum of the last record before it (0: there is none)."""

    path: Path
    first_sequence: int
    previous: int
    journal_id: bytes


class Record(NamedTuple):
    """One intact record. `end` is the offset of the byte after it in its segment."""

    sequence: int
    checksum: int
    row: bytes
    attachment: bytes
    end: int


class Damage(NamedTuple):
    """The place in a segment from which on no record can be trusted, and what is wrong there."""

    offset: int
    what: str


def segment_path(folder: Path, first_sequence: int) -> Path:
    """The file whose first record is `first_sequence`; names sort in the order of the sequence."""
    return folder / f"segment-{first_sequence:020}.journal"


def pack_header(first_sequence: int, previous: int, journal_id: bytes) -> bytes:
    """The first `HEADER_BYTES` bytes of a segment."""
    head = _HEADER.pack(_MAGIC, FORMAT_VERSION, HEADER_BYTES, previous, first_sequence, journal_id)
    return head + _CRC.pack(crc32(head))


def pack_record(row: bytes, attachment: bytes, previous: int) -> tuple[bytes, int]:
    """A record chained to the checksum of the record before it, and its own checksum.

    Raises:
        JournalError: it is longer than a record may be.
    """
    if len(row) + len(attachment) > RECORD_BYTES_MAX:
        raise JournalError(f"A record of {len(row) + len(attachment)} bytes is over {RECORD_BYTES_MAX}.")
    head = _RECORD.pack(_MARKER, len(row) + len(attachment), previous)
    checksum = crc32(attachment, crc32(row, crc32(head)))
    return b"".join((head, _CRC.pack(checksum), row, attachment)), checksum


def read_header(path: Path, data: bytes) -> Segment:
    """The header of the segment whose bytes are `data`.

    Raises:
        JournalCorrupt: it is not an intact header of a format that this version reads.
    """
    head = data[: _HEADER.size]
    if len(data) < HEADER_BYTES or _CRC.unpack_from(data, _HEADER.size)[0] != crc32(head):
        raise JournalCorrupt(f"{path} does not begin with an intact header.", "Restore the file from a copy.")
    magic, version, size, previous, first_sequence, journal_id = _HEADER.unpack(head)
    if magic != _MAGIC or version != FORMAT_VERSION or size != HEADER_BYTES:
        raise JournalCorrupt(
            f"{path} has format {magic!r} {version}; this program reads {_MAGIC!r} {FORMAT_VERSION}.",
            "Run the version of the exchange that wrote it.",
        )
    if path != segment_path(path.parent, first_sequence):
        raise JournalCorrupt(f"{path} begins with record {first_sequence}: it was renamed.", "Give it its name back.")
    return Segment(path, first_sequence, previous, journal_id)


def read_segments(folder: Path) -> list[Segment]:
    """The segments of a journal in order, from their headers.

    Raises:
        JournalCorrupt: a header is damaged, or the segments are not of one journal.
    """
    segments = []
    for path in sorted(folder.glob(SEGMENT_PATTERN)):
        with path.open("rb") as file:
            segments.append(read_header(path, file.read(HEADER_BYTES)))
    strangers = [segment.path for segment in segments if segment.journal_id != segments[0].journal_id]
    if strangers:
        raise JournalCorrupt(
            f"{strangers[0]} belongs to another journal than {segments[0].path}.", "Move it out of the folder."
        )
    return segments


def read_records(segment: Segment, data: bytes) -> Iterator[Record | Damage]:
    """The records of a segment whose bytes are `data`, in order; a `Damage`, if there is any, comes last."""
    offset, sequence, previous = HEADER_BYTES, segment.first_sequence, segment.previous
    while offset < len(data):
        found = _record_at(data, offset)
        if isinstance(found, Record):
            stored = _RECORD.unpack_from(data, offset)[2]
            if stored != previous:
                found = Damage(offset, f"record {found.sequence} does not follow the record before it")
            elif found.sequence != sequence:
                found = Damage(offset, f"record {found.sequence} stands where {sequence} belongs")
        yield found
        if isinstance(found, Damage):
            return
        offset, sequence, previous = found.end, sequence + 1, found.checksum


def intact_record_from(data: bytes, offset: int) -> int | None:
    """The sequence of some intact record that begins at or after `offset`, or None.

    A write that was cut short leaves none; a damaged or missing record in the middle does.
    """
    offset = data.find(_MARKER, offset)
    while offset >= 0:
        found = _record_at(data, offset)
        if isinstance(found, Record):
            return found.sequence
        offset = data.find(_MARKER, offset + 1)
    return None


def _record_at(data: bytes, offset: int) -> Record | Damage:
    body = offset + RECORD_HEADER_BYTES
    if body > len(data):
        return Damage(offset, "a record header is cut off")
    marker, length, _ = _RECORD.unpack_from(data, offset)
    if marker != _MARKER or not COMMAND_BYTES <= length <= RECORD_BYTES_MAX:
        return Damage(offset, "there is no record header")
    end = body + length
    if end > len(data):
        return Damage(offset, "a record is cut off")
    checksum: int = _CRC.unpack_from(data, offset + _RECORD.size)[0]
    payload = data[body:end]
    if checksum != crc32(payload, crc32(data[offset : offset + _RECORD.size])):
        return Damage(offset, "a record does not match its checksum")
    sequence: int = _SEQUENCE.unpack_from(payload)[0]
    return Record(sequence, checksum, payload[:COMMAND_BYTES], payload[COMMAND_BYTES:], end)
