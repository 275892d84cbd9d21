"""The bytes of a journal: segment headers and groups of commands. The format is described in docs/journal.md."""

import struct
from collections.abc import Iterator, Sequence
from itertools import compress
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
import xxhash

from offchain.core.commands import (
    COMMAND_BYTES,
    COMMAND_DTYPE,
    ORDER_KINDS,
    Attachment,
    OrderAuthorization,
    decode_attachment,
    encode_attachment,
)
from offchain.core.errors import JournalCorrupt, JournalError
from offchain.sequencer.authorizations import (
    AUTHORIZATION_BYTES,
    pack_authorization,
    unpack_authorization,
)
from offchain.sequencer.disk import Disk
from offchain.sequencer.kinds import IS_ORDER

FORMAT_VERSION: Final = 1
SEGMENT_PATTERN: Final = "segment-*.journal"
ARCHIVE: Final = "archive"
"""The folder in a journal's folder where segments are that no snapshot needs; it may be a link to another disk."""
GROUP_COMMANDS_MAX: Final = 1 << 14
"""A commit of more commands is written as several groups."""
NOTE_BYTES_MAX: Final = 1 << 20
"""The longest attachment that one command has."""
GROUP_NOTES_MAX: Final = 4 << 20
"""A commit with longer attachments, all together, is written as several groups."""
NO_NOTE: Final = b""
_MAGIC: Final = b"QTJOURNL"
_MARKER: Final = b"QTGR"
_HEADER: Final = struct.Struct("<8sHH4xQ16sQ8x")
_GROUP: Final = struct.Struct("<4sIQIIQ")
_CHECKSUM: Final = struct.Struct("<Q")
HEADER_BYTES: Final = _HEADER.size + _CHECKSUM.size
GROUP_HEADER_BYTES: Final = _GROUP.size + _CHECKSUM.size
_ALIGNMENT: Final = 8
_NOTES: Final = msgspec.msgpack.Decoder(list[tuple[int, msgspec.Raw]])
_encode: Final = msgspec.msgpack.Encoder().encode

Entry = tuple[bytes, bytes]
"""A packed command and its packed attachment, as `pack_entry` makes them and `Journal.append` takes them."""


class Segment(NamedTuple):
    """One file of the journal. `previous` is the checksum of the last group before it (0: there is none)."""

    path: Path
    first_sequence: int
    previous: int
    journal_id: bytes


class StoredGroup(NamedTuple):
    """One intact group: what one commit made durable. `start` and `end` are its offsets in its segment."""

    first_sequence: int
    length: int
    """How many commands it has."""
    checksum: int
    rows: memoryview
    """COMMAND_DTYPE, one for each command."""
    authorizations: memoryview
    """AUTHORIZATION_DTYPE, one for each command of `ORDER_KINDS`, in their order."""
    notes: memoryview
    """In MessagePack, (place of the command in the group, attachment) of the other commands that have one."""
    start: int
    end: int

    @property
    def last_sequence(self) -> int:
        """The sequence of the group's last command."""
        return self.first_sequence + self.length - 1


class Damage(NamedTuple):
    """The place in a segment from which on nothing can be trusted, and what is wrong there."""

    offset: int
    what: str


def segment_path(folder: Path, first_sequence: int) -> Path:
    """The file whose first command is `first_sequence`; names sort in the order of the sequence."""
    return folder / f"segment-{first_sequence:020}.journal"


def pack_entry(row: bytes, kind: int, attachment: Attachment) -> Entry:
    """A command's packed row and its attachment, as the journal takes them.

    Raises:
        struct.error, OverflowError, TypeError, ValueError, msgspec.MsgspecError: the attachment does not belong to the
            kind, or could not be read back as it is.
    """
    if kind in ORDER_KINDS:
        if not isinstance(attachment, OrderAuthorization):
            raise TypeError("the command needs an order's authorization")
        return row, pack_authorization(attachment)
    if attachment is None:
        return row, NO_NOTE
    note = encode_attachment(attachment)
    if isinstance(decode_attachment(note), OrderAuthorization):
        raise TypeError("the command takes no order's authorization")
    return row, note


def pack_groups(entries: Sequence[Entry], first_sequence: int, previous: int) -> tuple[list[bytes], int]:
    """The bytes of each group that holds `entries`, chained to the checksum of the one before, and the last checksum.

    Raises:
        JournalError: an entry is not one that a group can hold.
    """
    groups: list[bytes] = []
    rows, notes = [row for row, _ in entries], [note for _, note in entries]
    for start, stop in _bounds(notes):
        parts, previous = _pack_group(rows[start:stop], notes[start:stop], first_sequence + start, previous)
        groups.append(b"".join(parts))
    return groups, previous


def pack_header(first_sequence: int, previous: int, journal_id: bytes) -> bytes:
    """The first `HEADER_BYTES` bytes of a segment."""
    head = _HEADER.pack(_MAGIC, FORMAT_VERSION, HEADER_BYTES, first_sequence, journal_id, previous)
    return head + _CHECKSUM.pack(xxhash.xxh3_64_intdigest(head))


def read_header(path: Path, data: bytes) -> Segment:
    """The header of the segment whose bytes are `data`.

    Raises:
        JournalCorrupt: it is not an intact header of a format that this version reads.
    """
    head = data[: _HEADER.size]
    if len(data) < HEADER_BYTES or _CHECKSUM.unpack_from(data, _HEADER.size)[0] != xxhash.xxh3_64_intdigest(head):
        raise JournalCorrupt(f"{path} does not begin with an intact header.", "Restore the file from a copy.")
    magic, version, size, first_sequence, journal_id, previous = _HEADER.unpack(head)
    if magic != _MAGIC or version != FORMAT_VERSION or size != HEADER_BYTES:
        raise JournalCorrupt(
            f"{path} has format {magic!r} {version}; this program reads {_MAGIC!r} {FORMAT_VERSION}.",
            "Run the version of the exchange that wrote it.",
        )
    if path.name != segment_path(path.parent, first_sequence).name:
        raise JournalCorrupt(f"{path} begins with command {first_sequence}: it was renamed.", "Give it its name back.")
    return Segment(path, first_sequence, previous, journal_id)


def read_segments(folder: Path, disk: Disk) -> list[Segment]:
    """The segments of a journal in order, from their headers, those in its archive included.

    Raises:
        JournalCorrupt: a header is damaged, or the segments are not of one journal.
    """
    names = {path.name for place in (folder, folder / ARCHIVE) for path in place.glob(SEGMENT_PATTERN)}
    segments = [read_segment(folder / name, disk, HEADER_BYTES)[0] for name in sorted(names)]
    strangers = [segment.path for segment in segments if segment.journal_id != segments[0].journal_id]
    if strangers:
        raise JournalCorrupt(
            f"{strangers[0]} belongs to another journal than {segments[0].path}.", "Move it out of the folder."
        )
    return segments


def read_segment(path: Path, disk: Disk, limit: int | None = None) -> tuple[Segment, bytes]:
    """A segment's header and its bytes (the first `limit`), from its archive if it has been moved there.

    Raises:
        JournalCorrupt: its header is damaged.
        OSError: it cannot be read.
    """
    try:
        return read_header(path, data := disk.read_file(path, limit)), data
    except FileNotFoundError:
        path = path.parent / ARCHIVE / path.name
        return read_header(path, data := disk.read_file(path, limit)), data


def read_groups(segment: Segment, data: bytes) -> Iterator[StoredGroup | Damage]:
    """The groups of a segment whose bytes are `data`, in order; a `Damage`, if there is any, comes last."""
    view = memoryview(data)
    offset, sequence, previous = HEADER_BYTES, segment.first_sequence, segment.previous
    while offset < len(data):
        found = _group_at(view, offset)
        if isinstance(found, StoredGroup):
            stored = _GROUP.unpack_from(data, offset)[5]
            if stored != previous:
                found = Damage(offset, f"the group of command {found.first_sequence} does not follow the one before it")
            elif found.first_sequence != sequence:
                found = Damage(offset, f"command {found.first_sequence} stands where {sequence} belongs")
        yield found
        if isinstance(found, Damage):
            return
        offset, sequence, previous = found.end, sequence + found.length, found.checksum


def intact_group_from(data: bytes, offset: int) -> int | None:
    """The first sequence of some intact group that begins at or after `offset`, or None.

    A write that was cut short leaves none; a damaged or missing group in the middle does.
    """
    view = memoryview(data)
    offset = data.find(_MARKER, offset)
    while offset >= 0:
        found = _group_at(view, offset)
        if isinstance(found, StoredGroup):
            return found.first_sequence
        offset = data.find(_MARKER, offset + 1)
    return None


def unpack_attachments(group: StoredGroup) -> list[Attachment]:
    """The attachment of each command of the group.

    Raises:
        struct.error, UnicodeDecodeError, msgspec.MsgspecError: one is not of this format.
    """
    attachments: list[Attachment] = [None] * group.length
    places = np.flatnonzero(IS_ORDER.take(np.frombuffer(group.rows, COMMAND_DTYPE)["kind"])).tolist()
    for number, place in enumerate(places):
        start = number * AUTHORIZATION_BYTES
        attachments[place] = unpack_authorization(group.authorizations[start : start + AUTHORIZATION_BYTES])
    for place, attachment in unpack_notes(group):
        attachments[place] = attachment
    return attachments


def unpack_notes(group: StoredGroup) -> list[tuple[int, Attachment]]:
    """The attachments of commands that are not orders, each with the command's place in the group.

    Raises:
        msgspec.MsgspecError: they are not of this format.
    """
    if not len(group.notes):
        return []
    return [(place, decode_attachment(note)) for place, note in _NOTES.decode(group.notes)]


def _bounds(notes: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Where the groups of a commit begin and end, by the limits of a group."""
    start = size = 0
    if len(notes) <= GROUP_COMMANDS_MAX and sum(map(len, notes)) <= GROUP_NOTES_MAX:
        yield 0, len(notes)
        return
    for place, note in enumerate(notes):
        size += len(note)
        if place - start == GROUP_COMMANDS_MAX or (size > GROUP_NOTES_MAX and place > start):
            yield start, place
            start, size = place, len(note)
    yield start, len(notes)


def _pack_group(
    rows: Sequence[bytes], notes: Sequence[bytes], first_sequence: int, previous: int
) -> tuple[list[bytes], int]:
    packed = b"".join(rows)
    if len(packed) != COMMAND_BYTES * len(rows):
        raise JournalError("A command is not a whole row.")
    commands = np.frombuffer(packed, COMMAND_DTYPE)
    if not np.array_equal(commands["sequence"], np.arange(first_sequence, first_sequence + len(rows))):
        raise JournalError(f"The commands do not go on from {first_sequence}.")
    orders = IS_ORDER.take(commands["kind"])
    authorizations, count = b"".join(compress(notes, orders.tolist())), int(np.count_nonzero(orders))
    if len(authorizations) != count * AUTHORIZATION_BYTES:
        raise JournalError(f"{count} orders have {len(authorizations)} bytes of authorizations.")
    others = _pack_notes(notes, np.flatnonzero(~orders).tolist())
    head = _GROUP.pack(_MARKER, len(rows), first_sequence, count, len(others), previous)
    padding = bytes(-len(others) % _ALIGNMENT)
    checksum = _checksum(head, packed, authorizations, others, padding)
    return [head, _CHECKSUM.pack(checksum), packed, authorizations, others, padding], checksum


def _pack_notes(notes: Sequence[bytes], places: Sequence[int]) -> bytes:
    """The attachments in these places, where there are any."""
    there = [(place, note) for place in places if (note := notes[place])]
    longest = max((len(note) for _, note in there), default=0)
    if longest > NOTE_BYTES_MAX:
        raise JournalError(f"An attachment of {longest} bytes is over {NOTE_BYTES_MAX}.")
    return _encode([(place, msgspec.Raw(note)) for place, note in there]) if there else NO_NOTE


def _group_at(view: memoryview, offset: int) -> StoredGroup | Damage:
    body = offset + GROUP_HEADER_BYTES
    if body > len(view):
        return Damage(offset, "a group's header is cut off")
    marker, count, first_sequence, orders, note_bytes, _ = _GROUP.unpack_from(view, offset)
    if marker != _MARKER or not 0 < count <= GROUP_COMMANDS_MAX or orders > count:
        return Damage(offset, "there is no group's header")
    authorizations = body + count * COMMAND_BYTES
    notes = authorizations + orders * AUTHORIZATION_BYTES
    end = notes + note_bytes + -note_bytes % _ALIGNMENT
    if end > len(view):
        return Damage(offset, "a group is cut off")
    checksum: int = _CHECKSUM.unpack_from(view, offset + _GROUP.size)[0]
    if checksum != _checksum(view[offset : offset + _GROUP.size], view[body:end]):
        return Damage(offset, "a group does not match its checksum")
    return StoredGroup(
        first_sequence,
        count,
        checksum,
        view[body:authorizations],
        view[authorizations:notes],
        view[notes : notes + note_bytes],
        offset,
        end,
    )


def _checksum(*parts: bytes | memoryview) -> int:
    digest = xxhash.xxh3_64()
    for part in parts:
        digest.update(part)
    return digest.intdigest()
