"""The archive of a journal: closed segments that no kept snapshot needs move to another folder, as they are.

They are not compressed: of each order 97 bytes are a signature and a digest, which do not shrink, and a plain segment
is checked and replayed where it lies, at the same speed. Readers look into the archive by themselves, through the entry
`archive` of the journal's folder, which is a link if the archive is elsewhere.
"""

import itertools
import logging
import os
from pathlib import Path

from offchain.core.errors import ConfigurationError, JournalError
from offchain.sequencer.disk import Disk
from offchain.sequencer.records import ARCHIVE, Damage, Segment, read_groups, read_segment, read_segments
from offchain.sequencer.snapshot import snapshot_paths, snapshot_sequence

_LOG = logging.getLogger(__name__)


def link_archive(folder: Path, archive: Path, disk: Disk) -> None:
    """Make `archive` the archive of the journal in `folder`.

    Raises:
        ConfigurationError: the journal has another one.
    """
    disk.make_folder(archive)
    entry = folder / ARCHIVE
    if entry.is_symlink() or entry.exists():
        if entry.resolve() != archive.resolve():
            raise ConfigurationError(
                f"The archive of the journal is {entry.resolve()}, and the settings say {archive.resolve()}.",
                f"Move its segments there, and delete {entry}.",
            )
    else:
        disk.make_folder(folder)
        disk.link(entry, archive.resolve())
    # Also of what was there already: a crash may have come before it was durable, and segments are going to move there.
    disk.sync_folder(archive.resolve().parent)
    disk.sync_folder(folder)


def archive_segments(folder: Path, disk: Disk) -> list[Path]:
    """Move the segments that end before the oldest snapshot to the archive; returns where they are now.

    The segment in which the oldest snapshot stands is not moved: recovery looks at its last group there.

    Raises:
        JournalError: a segment is damaged. It stays where it is.
        OSError: the archive did not take one. It is still in the journal's folder.
    """
    snapshots = snapshot_paths(folder)
    if not snapshots:
        return []
    oldest = snapshot_sequence(snapshots[-1])
    segments = read_segments(folder, disk)
    return [
        _move(segment, disk)
        for segment, after in itertools.pairwise(segments)
        if after.first_sequence <= oldest and segment.path.parent == folder
    ]


def _move(segment: Segment, disk: Disk) -> Path:
    _, data = read_segment(segment.path, disk)
    for found in read_groups(segment, data):
        if isinstance(found, Damage):
            raise JournalError(
                f"{segment.path}, byte {found.offset}: {found.what}. It is not archived.",
                "Restore the segment from a copy.",
            )
    target = segment.path.parent / ARCHIVE / segment.path.name
    unfinished = target.with_suffix(".new")
    descriptor = disk.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        disk.write_all(descriptor, data)
        disk.sync(descriptor)
    finally:
        disk.close(descriptor)
    disk.rename(unfinished, target)
    disk.sync_folder(target.parent)
    disk.remove(segment.path)
    disk.sync_folder(segment.path.parent)
    _LOG.info("%s is archived", segment.path.name)
    return target
