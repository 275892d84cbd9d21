"""Keeps batches and fills in the database. Every step is one transaction, taken before the step it allows.

The database of settlement must survive a power cut, unlike the projections': what was signed and sent cannot be told
from the journal. `open_settlement_database` therefore has SQLite wait for the disk.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from sqlite3 import Connection as SQLiteConnection
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, Select, case, func, select, update
from sqlalchemy import event as database_event
from sqlalchemy.orm import Session

from offchain.core.commands import BatchSettledFact
from offchain.core.database import Sessions, open_database, writing_sessions
from offchain.core.errors import StateDiverged
from offchain.core.events import Event
from offchain.settlement.batcher import FilledBatch
from offchain.settlement.follower import Delivery
from offchain.settlement.models import (
    BatchStatus,
    FillStatus,
    SettlementBatch,
    SettlementFill,
    SettlementProgress,
    SettlementWithdrawal,
    WithdrawalStatus,
)
from offchain.settlement.withdrawal_store import record_withdrawals

PROGRESS: Final = "batcher"
UNSETTLED: Final = (BatchStatus.CLOSED, BatchStatus.SIGNED, BatchStatus.SENT, BatchStatus.MINED)
REASON_REVERTS_BATCH: Final = 255
"""Reason of a fill that never reached the contract because its batch reverted with it; the contract's own are lower."""
ERROR_CHARS: Final = 500
PackedBatch = tuple[bytes, bytes]
"""A payload and its Keccak-256."""


class Progress(NamedTuple):
    """Where settlement stood when it stopped: the batcher's snapshot, and the ends of the last closed batch."""

    snapshot: bytes | None
    through_sequence: int
    batched_event: int

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever written down."""
        return self.snapshot is None and not self.through_sequence and not self.batched_event


class Backlog(NamedTuple):
    """What is closed and not confirmed yet, and the number of the last confirmed batch.

    `first_fill_us` is when the first of its fills was made, `first_off_chain_us` the first that is not even mined.
    """

    batches: int
    fills: int
    first_command: int | None
    first_fill_us: int | None
    first_off_chain_us: int | None
    last_batch: int


NOTHING_LEFT: Final = Backlog(0, 0, None, None, None, 0)


def open_settlement_database(url: str) -> Engine:
    """An engine of settlement's own, whose commits are on disk when they return.

    Raises:
        ConfigurationError: see `open_database`.
    """
    engine = open_database(url)
    if engine.dialect.name == "sqlite":
        database_event.listen(engine, "connect", _commit_to_disk)
    return engine


class BatchStore:
    """The batches and their fills. Rows that it returns are copies: changing them changes nothing."""

    def __init__(self, database: Engine) -> None:
        self.sessions: Sessions = writing_sessions(database)

    def progress(self) -> Progress:
        """Where to go on from."""
        with self.sessions() as session:
            row = session.get(SettlementProgress, PROGRESS)
            through = session.scalar(select(func.max(SettlementBatch.through_sequence)))
            batched = session.scalar(select(func.max(SettlementFill.event_sequence)))
            return Progress(row.snapshot if row else None, through or 0, batched or 0)

    def record(
        self,
        delivery: Delivery,
        pack: Callable[[FilledBatch], PackedBatch],
        now_us: int,
        progress: tuple[int, bytes] | None = None,
    ) -> None:
        """Writes what some commands of the log mean, and with them how far the log was read: (sequence, snapshot).

        Doing it twice changes nothing.

        Raises:
            StateDiverged: the chain settled a batch that was never signed here.
        """
        with self.sessions.begin() as session:
            for batch in delivery.batches:
                _insert_batch(session, batch, pack(batch), now_us)
            for fact in delivery.confirmed:
                _confirm(session, fact, now_us)
            if delivery.unwound:
                session.execute(
                    update(SettlementFill)
                    .where(SettlementFill.event_sequence.in_(delivery.unwound))
                    .values(status=FillStatus.UNWOUND)
                )
            record_withdrawals(session, delivery)
            if progress is not None:
                session.merge(SettlementProgress(name=PROGRESS, sequence=progress[0], snapshot=progress[1]))

    def unsettled(self) -> list[SettlementBatch]:
        """The batches that are to be on the chain and are not confirmed, in their order."""
        return self._all(
            select(SettlementBatch).where(SettlementBatch.status.in_(UNSETTLED)).order_by(SettlementBatch.position)
        )

    def confirmed_number(self) -> int:
        """The number of the last confirmed batch; 0 before the first."""
        with self.sessions() as session:
            return _confirmed_number(session)

    def by_hash(self, batch_hash: bytes) -> SettlementBatch | None:
        """The batch, or refused variant of one, with a hash."""
        rows = self._all(select(SettlementBatch).where(SettlementBatch.batch_hash == batch_hash))
        return rows[0] if rows else None

    def save(self, batch: SettlementBatch) -> bool:
        """Writes a changed copy back, unless the log has had the last word on the batch in the meantime."""
        with self.sessions.begin() as session:
            if not _is_undecided(session, batch):
                return False
            session.merge(batch)
            return True

    def sent_nonces(self) -> set[int]:
        """The nonces of the transactions of batches and withdrawals that are sent and not known to have landed."""
        with self.sessions() as session:
            batches = select(SettlementBatch.nonce).where(SettlementBatch.status == BatchStatus.SENT)
            withdrawals = select(SettlementWithdrawal.nonce).where(SettlementWithdrawal.status == WithdrawalStatus.SENT)
            nonces = [*session.scalars(batches), *session.scalars(withdrawals)]
            return {nonce for nonce in nonces if nonce is not None}

    def replace(self, failed: SettlementBatch, error: str, offenders: Sequence[int], packed: PackedBatch) -> None:
        """Puts a batch without some of its fills (by index) in the place of one that the contract refuses.

        The offenders wait with the new batch: while the old one could still settle, they must not be unwound. One that
        the log has confirmed in the meantime stays.
        """
        events = unpack_sequences(failed.fill_events)
        kept = [sequence for index, sequence in enumerate(events) if index not in set(offenders)]
        with self.sessions.begin() as session:
            if not _is_undecided(session, failed):
                return
            replacement = SettlementBatch(
                position=failed.position,
                status=BatchStatus.CLOSED,
                through_sequence=failed.through_sequence,
                journal_root=failed.journal_root,
                payload=packed[0],
                payload_hash=packed[1],
                fill_events=pack_sequences(kept),
                first_fill_us=failed.first_fill_us,
                closed_us=failed.closed_us,
            )
            session.add(replacement)
            session.flush()
            old = session.get_one(SettlementBatch, failed.id)
            old.status, old.error, old.replaced_by = BatchStatus.FAILED, error[:ERROR_CHARS], replacement.id
            _move(session, kept, replacement.id, FillStatus.BATCHED)
            _move(session, [events[index] for index in offenders], replacement.id, FillStatus.DROPPED)
            session.execute(
                update(SettlementFill)
                .where(SettlementFill.batch_id == failed.id, SettlementFill.status == FillStatus.DROPPED)
                .values(batch_id=replacement.id)
            )

    def adopt(self, settled: SettlementBatch) -> None:
        """Takes back a batch that was refused and replaced, because it is the one that the chain holds after all."""
        with self.sessions.begin() as session:
            session.execute(
                update(SettlementBatch)
                .where(SettlementBatch.position == settled.position, SettlementBatch.id != settled.id)
                .values(status=BatchStatus.FAILED, replaced_by=settled.id)
            )
            session.execute(
                update(SettlementBatch)
                .where(SettlementBatch.id == settled.id)
                .values(status=BatchStatus.MINED, replaced_by=None)
            )
            _move(session, unpack_sequences(settled.fill_events), settled.id, FillStatus.BATCHED)

    def skipped(self) -> list[tuple[Event, int]]:
        """Fills to be unwound, each with its reason."""
        with self.sessions() as session:
            rows = session.scalars(
                select(SettlementFill)
                .where(SettlementFill.status == FillStatus.SKIPPED)
                .order_by(SettlementFill.event_sequence)
            )
            return [(Event.unpack_all(row.event)[0], row.reason) for row in rows]

    def unsettled_fills(self) -> list[Event]:
        """The fills of closed batches that the engine has booked and the contract has not, or never will."""
        with self.sessions() as session:
            rows = session.scalars(
                select(SettlementFill.event).where(
                    SettlementFill.status.in_((FillStatus.BATCHED, FillStatus.DROPPED, FillStatus.SKIPPED))
                )
            )
            return [Event.unpack_all(row)[0] for row in rows]

    def backlog(self) -> Backlog:
        """What is left to do."""
        with self.sessions() as session:
            off_chain_us = case((SettlementBatch.status != BatchStatus.MINED, SettlementBatch.first_fill_us))
            batches, first_us, first_off_chain_us = session.execute(
                select(func.count(), func.min(SettlementBatch.first_fill_us), func.min(off_chain_us)).where(
                    SettlementBatch.status.in_(UNSETTLED)
                )
            ).one()
            fills, first_command = session.execute(
                select(func.count(), func.min(SettlementFill.command_sequence)).where(
                    SettlementFill.status.in_((FillStatus.BATCHED, FillStatus.DROPPED))
                )
            ).one()
            confirmed = _confirmed_number(session)
            return Backlog(batches, fills, first_command, first_us, first_off_chain_us, confirmed)

    def _all(self, query: Select[SettlementBatch]) -> list[SettlementBatch]:
        with self.sessions() as session:
            return list(session.scalars(query))


def pack_sequences(sequences: Iterable[int]) -> bytes:
    """Sequences as 8 bytes each, big-endian."""
    return b"".join(sequence.to_bytes(8, "big") for sequence in sequences)


def unpack_sequences(packed: bytes) -> list[int]:
    """The sequences in `pack_sequences`'s bytes."""
    return [sequence for (sequence,) in struct.iter_unpack(">Q", packed)]


def _is_undecided(session: Session, batch: SettlementBatch) -> bool:
    """Whether a batch of which somebody holds a copy is still to be settled."""
    status = select(SettlementBatch.status).where(SettlementBatch.id == batch.id).with_for_update()
    return session.scalar(status) in UNSETTLED


def _confirmed_number(session: Session) -> int:
    confirmed = SettlementBatch.status == BatchStatus.CONFIRMED
    return session.scalar(select(func.max(SettlementBatch.number)).where(confirmed)) or 0


def _insert_batch(session: Session, batch: FilledBatch, packed: PackedBatch, now_us: int) -> None:
    if _is_known(session, batch):
        return
    row = SettlementBatch(
        position=(session.scalar(select(func.max(SettlementBatch.position))) or 0) + 1,
        status=BatchStatus.CLOSED,
        through_sequence=batch.through_sequence,
        journal_root=batch.journal_root,
        payload=packed[0],
        payload_hash=packed[1],
        fill_events=pack_sequences(event.sequence for event in batch.fills),
        first_fill_us=batch.fills[0].timestamp_us if batch.fills else now_us,
        closed_us=now_us,
    )
    if batch.settled is not None:
        row.status, row.number = BatchStatus.MINED, batch.settled.number
        row.previous_hash, row.batch_hash = batch.settled.previous_hash, batch.settled.batch_hash
        row.signature = batch.settled.signature
    session.add(row)
    session.flush()
    session.add_all(_fill_row(event, row.id, FillStatus.BATCHED) for event in batch.fills)
    session.add_all(_fill_row(event, row.id, FillStatus.DROPPED) for event in batch.dropped)


def _is_known(session: Session, batch: FilledBatch) -> bool:
    if batch.settled is not None:
        known = select(SettlementBatch.id).where(SettlementBatch.batch_hash == batch.settled.batch_hash)
        return session.scalar(known) is not None
    return session.get(SettlementFill, batch.fills[0].sequence) is not None


def _fill_row(event: Event, batch_id: int, status: FillStatus) -> SettlementFill:
    return SettlementFill(
        event_sequence=event.sequence,
        command_sequence=event.command_sequence,
        batch_id=batch_id,
        status=status,
        reason=REASON_REVERTS_BATCH if status == FillStatus.DROPPED else 0,
        event=event.pack(),
    )


def _confirm(session: Session, fact: BatchSettledFact, now_us: int) -> None:
    row = session.scalar(select(SettlementBatch).where(SettlementBatch.batch_hash == fact.batch_hash))
    if row is None or row.number != fact.number:
        raise StateDiverged(
            f"The chain settled batch {fact.number} with hash 0x{fact.batch_hash.hex()}, which was never signed here.",
            "Restore the settlement database, or find out who else holds the engine's key.",
        )
    if row.status == BatchStatus.CONFIRMED:
        return
    session.execute(
        update(SettlementBatch)
        .where(SettlementBatch.position == row.position, SettlementBatch.id != row.id)
        .values(status=BatchStatus.FAILED, replaced_by=row.id)
    )
    row.status, row.confirmed_us, row.replaced_by = BatchStatus.CONFIRMED, now_us, None
    events = unpack_sequences(row.fill_events)
    _move(session, events, row.id, FillStatus.SETTLED)
    for skip in fact.skipped:
        _move(session, [events[skip.fill]], row.id, FillStatus.SKIPPED, skip.reason)
    session.execute(
        update(SettlementFill)
        .where(SettlementFill.batch_id == row.id, SettlementFill.status == FillStatus.DROPPED)
        .values(status=FillStatus.SKIPPED)
    )


def _move(session: Session, sequences: Sequence[int], batch_id: int, status: FillStatus, reason: int = 0) -> None:
    """Gives fills a batch and a status; what is unwound stays unwound."""
    session.execute(
        update(SettlementFill)
        .where(SettlementFill.event_sequence.in_(sequences), SettlementFill.status != FillStatus.UNWOUND)
        .values(
            batch_id=batch_id,
            status=status,
            reason=REASON_REVERTS_BATCH if status == FillStatus.DROPPED else reason,
        )
    )


def _commit_to_disk(connection: SQLiteConnection, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=FULL")
