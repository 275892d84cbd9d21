"""Journals of made-up commands, written and read back."""

from collections.abc import Iterator
from pathlib import Path

from offchain.core.commands import Command, CommandKind, MarketListing, OrderAuthorization
from offchain.sequencer.journal import Journal, JournaledCommand, commands_of, iterate_groups
from offchain.sequencer.records import Entry, pack_entry


def signed(name: str) -> OrderAuthorization:
    return OrderAuthorization(name, b"o" * 20, 2**40 - 1, 2**48 - 1, 65_535, 50, 1, b"s" * 65, b"d" * 32)


def entry(sequence: int, name: str = "note") -> Entry:
    """An order, a listing with an attachment of its own, or a cancel without any."""
    kind, attachment = (
        (CommandKind.PLACE, signed(f"{name}-{sequence}")),
        (CommandKind.LIST_MARKET, MarketListing(name * sequence)),
        (CommandKind.CANCEL, None),
    )[sequence % 3]
    return pack_entry(Command(sequence, 7, kind, price=sequence).pack(), kind, attachment)


def entries(first: int, count: int, name: str = "note") -> list[Entry]:
    return [entry(sequence, name) for sequence in range(first, first + count)]


def write(folder: Path, count: int, segment_bytes: int = 1 << 20, group: int = 1) -> list[Entry]:
    """A journal of `count` commands, synced in groups."""
    journal = Journal.open(folder, segment_bytes=segment_bytes)
    written = entries(journal.last_sequence + 1, count)
    for start in range(0, count, group):
        journal.append(written[start : start + group])
        journal.sync()
    journal.close()
    return written


def iterate_commands(folder: Path, from_sequence: int = 0, through: int | None = None) -> Iterator[JournaledCommand]:
    """Every command with `from_sequence` < sequence <= `through` (None: to the end), in order."""
    for group in iterate_groups(folder, from_sequence, through):
        yield from commands_of(group, from_sequence, through)


def read(folder: Path, from_sequence: int = 0, through: int | None = None) -> list[Entry]:
    commands = iterate_commands(folder, from_sequence, through)
    return [pack_entry(command.pack(), command.kind, attachment) for command, attachment in commands]


def only_segment(folder: Path) -> Path:
    (path,) = folder.glob("segment-*.journal")
    return path


def group_bounds(folder: Path) -> list[tuple[int, int]]:
    """Start and end offset of each group of the only segment."""
    return [(group.start, group.end) for group in iterate_groups(folder)]
