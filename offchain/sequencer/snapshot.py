"""Snapshots: the machine's state as of one command, so that recovery need not begin with the first.

A snapshot is never a source of truth: one that is missing or damaged costs time, because an older one or the journal
alone gives the same state. `capture` runs between two commands and copies little; encoding and writing happen later, in
pieces, in another thread.
"""

import itertools
import logging
import os
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from types import GenericAlias
from typing import Any, Final, NamedTuple

import msgspec

from offchain.core.errors import JournalError, StateDiverged
from offchain.core.money import Asset, Market
from offchain.matching.engine import Engine
from offchain.sequencer.disk import Disk
from offchain.sequencer.machine import Machine
from offchain.sequencer.orders import OrderPage
from offchain.sequencer.registry import Answered, FeeRates, Mark, Registry, Withdrawal
from offchain.sequencer.sessions import Session, SessionOrder, UnsettledSpending

_MAGIC: Final = b"QTSNAP\x00\x04"
_DIGEST_BYTES: Final = 32
_LENGTH_BYTES: Final = 8
_PATTERN: Final = f"snapshot-{'[0-9]' * 20}.state"
_PAGE_ROWS: Final = 10_000
_LOG = logging.getLogger(__name__)


class SnapshotHead(msgspec.Struct, frozen=True, array_like=True):
    """What a snapshot is of. `checksum` is that of the journal's group that ends with command `sequence`."""

    sequence: int
    timestamp_us: int
    checksum: int
    chain_position: tuple[int, int]
    chain_mark: Mark
    default_fees: FeeRates


class Capture(NamedTuple):
    """A consistent copy of the state, still in memory. The index of orders only grows, so its length is enough."""

    machine: Machine
    sequence: int
    timestamp_us: int
    engine: memoryview
    chain_position: tuple[int, int]
    chain_mark: Mark
    default_fees: FeeRates
    orders: int
    rows: tuple[Iterable[Any], ...]
    """The columns of `_ROWS`, in its order."""


class _Page(msgspec.Struct, frozen=True, array_like=True):
    column: int
    rows: msgspec.Raw


# What the registry holds beside its head and its index of orders, as the types of its rows. Lanes and live orders are
# not among it: they follow from the orders and from the engine.
_ROWS: Final[tuple[Any, ...]] = (
    bytes,
    tuple[int, Asset],
    tuple[int, Market],
    tuple[tuple[bool, int], Mark],
    tuple[tuple[int, int], int],
    tuple[int, Withdrawal],
    tuple[int, Mark],
    tuple[int, FeeRates],
    int,
    tuple[int, int],
    tuple[int, Answered],
    tuple[int, Session],
    tuple[int, SessionOrder],
    UnsettledSpending,
)
_ORDERS: Final = len(_ROWS)
_ENGINE: Final = len(_ROWS) + 1
_ENCODER: Final = msgspec.msgpack.Encoder()
_HEAD: Final = msgspec.msgpack.Decoder(SnapshotHead)
_PAGE: Final = msgspec.msgpack.Decoder(_Page)
_ROW_PAGES: Final = tuple(msgspec.msgpack.Decoder(GenericAlias(list, (row,))) for row in _ROWS)
_ORDER_PAGE: Final = msgspec.msgpack.Decoder(OrderPage)
_BYTES: Final = msgspec.msgpack.Decoder(bytes)


def capture(machine: Machine) -> Capture:
    """Copy what changes. The machine must not move meanwhile; afterwards it may."""
    registry = machine.registry
    return Capture(
        machine,
        machine.sequence,
        machine.timestamp_us,
        machine.engine.copied(),
        registry.chain_position,
        registry.chain_mark,
        registry.default_fees,
        len(registry.orders),
        (
            tuple(registry.owners[1:]),
            registry.listings.assets.copy().items(),
            registry.listings.markets.copy().items(),
            registry.listed.copy().items(),
            registry.floors.copy().items(),
            registry.withdrawals.copy().items(),
            registry.unwound.copy().items(),
            registry.fees.copy().items(),
            registry.chosen_discounts.copy(),
            registry.renewed_seqs.copy().items(),
            registry.answers.copy().items(),
            registry.sessions.sessions.copy().items(),
            registry.sessions.orders.copy().items(),
            tuple(registry.sessions.unsettled),
        ),
    )


def encode(captured: Capture, checksum: int) -> Iterator[bytes]:
    """The snapshot's pieces after its magic: each is short work, so that other threads get their turn in between."""
    yield _ENCODER.encode(
        SnapshotHead(
            captured.sequence,
            captured.timestamp_us,
            checksum,
            captured.chain_position,
            captured.chain_mark,
            captured.default_fees,
        )
    )
    for column, rows in enumerate(captured.rows):
        rest = iter(rows)
        while page := list(itertools.islice(rest, _PAGE_ROWS)):
            yield _page(column, page)
    for orders in captured.machine.registry.orders.pages(captured.orders):
        yield _page(_ORDERS, orders)
    if captured.engine:
        yield _page(_ENGINE, Engine.packed(captured.engine))


def state_hash(machine: Machine) -> bytes:
    """32 bytes that are equal for equal states of engine and registry, however they were reached."""
    captured = capture(machine)
    digest = blake2b(machine.engine.state_hash(), digest_size=_DIGEST_BYTES)
    rows = tuple(sorted(column, key=repr) if index else column for index, column in enumerate(captured.rows))
    for piece in encode(captured._replace(rows=rows, engine=memoryview(b"")), 0):
        digest.update(piece)
    return digest.digest()


def write_snapshot(folder: Path, captured: Capture, checksum: int, keep: int, disk: Disk) -> Path:
    """Write the snapshot under its final name once it is durable, and delete all but the newest `keep`.

    Raises:
        OSError: the disk did not take it; nothing but a leftover `.new` file has changed.
    """
    path = folder / _name(captured.sequence)
    unfinished = path.with_suffix(".new")
    digest = blake2b(digest_size=_DIGEST_BYTES)
    descriptor = disk.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        for piece in itertools.chain([_MAGIC], map(_framed, encode(captured, checksum))):
            digest.update(piece)
            disk.write_all(descriptor, piece)
        disk.write_all(descriptor, digest.digest())
        disk.sync(descriptor)
    finally:
        disk.close(descriptor)
    disk.rename(unfinished, path)
    disk.sync_folder(folder)
    for old in snapshot_paths(folder)[keep:]:
        disk.remove(old)
    return path


def snapshot_paths(folder: Path) -> list[Path]:
    """The snapshots of a folder, newest first."""
    return sorted(folder.glob(_PATTERN), reverse=True)


def snapshot_sequence(path: Path) -> int:
    """The command that a snapshot stands at, from its name."""
    return int(path.stem.removeprefix("snapshot-"))


def read_newest(folder: Path, through: int | None = None, disk: Disk | None = None) -> tuple[Machine, int] | None:
    """The machine of the newest good snapshot at or before `through`, and the checksum of its last group.

    A bad snapshot is reported in the log and passed over.
    """
    for path in snapshot_paths(folder):
        if through is not None and snapshot_sequence(path) > through:
            continue
        try:
            return read_snapshot(path, disk)
        except (JournalError, OSError) as error:
            _LOG.warning("%s is passed over: %s", path, error)
    return None


def read_snapshot(path: Path, disk: Disk | None = None) -> tuple[Machine, int]:
    """The machine of a snapshot, and the checksum of the journal's group that it stands at.

    Raises:
        JournalError: the file is damaged, or of another format.
    """
    data = (disk or Disk()).read_file(path)
    body, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if not data.startswith(_MAGIC) or blake2b(body, digest_size=_DIGEST_BYTES).digest() != digest:
        raise JournalError(f"{path} is not an intact snapshot of this version.", "It may be deleted.")
    try:
        machine, checksum = _restore(list(_frames(body)))
    except (msgspec.MsgspecError, StateDiverged, ValueError, LookupError) as error:
        raise JournalError(f"{path} cannot be read: {error}.", "It may be deleted.") from error
    if path.name != _name(machine.sequence):
        raise JournalError(f"{path} holds command {machine.sequence}: it was renamed.", "Give it its name back.")
    return machine, checksum


def _restore(frames: list[bytes]) -> tuple[Machine, int]:
    head = _HEAD.decode(frames[0])
    registry = Registry(head.default_fees)
    columns: list[list[Any]] = [[] for _ in _ROWS]
    engine = b""
    for frame in frames[1:]:
        page = _PAGE.decode(frame)
        if page.column == _ENGINE:
            engine = _BYTES.decode(page.rows)
        elif page.column == _ORDERS:
            registry.orders.append_page(_ORDER_PAGE.decode(page.rows))
        else:
            columns[page.column] += _ROW_PAGES[page.column].decode(page.rows)
    (
        owners, assets, markets, listed, floors, withdrawals, unwound, fees,
        chosen_discounts, renewed_seqs, answers, sessions, session_orders, unsettled,
    ) = columns  # fmt: skip
    registry.owners += owners
    registry.accounts = {owner: account for account, owner in enumerate(registry.owners) if account}
    registry.listings.assets.update(assets)
    registry.listings.markets.update(markets)
    registry.index_markets()
    registry.listed.update(listed)
    registry.floors.update(floors)
    registry.restore_withdrawals(dict(withdrawals))
    registry.unwound.update(unwound)
    registry.fees.update(fees)
    registry.chosen_discounts.update(chosen_discounts)
    registry.renewed_seqs.update(renewed_seqs)
    registry.answers.update(answers)
    registry.sessions.restore(dict(sessions), dict(session_orders), unsettled)
    registry.chain_position, registry.chain_mark = head.chain_position, head.chain_mark
    machine = Machine(Engine.restore(engine), registry, head.sequence, head.timestamp_us)
    machine.settle()
    return machine, head.checksum


def _name(sequence: int) -> str:
    return f"snapshot-{sequence:020}.state"


def _page(column: int, rows: object) -> bytes:
    return _ENCODER.encode((column, rows))


def _framed(piece: bytes) -> bytes:
    return len(piece).to_bytes(_LENGTH_BYTES, "little") + piece


def _frames(body: bytes) -> Iterator[bytes]:
    offset = len(_MAGIC)
    while offset < len(body):
        start = offset + _LENGTH_BYTES
        offset = start + int.from_bytes(body[offset:start], "little")
        yield body[start:offset]
