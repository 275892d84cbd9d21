"""What happens to the rows of batches and fills: closed, split, left over. All within the caller's transaction."""

import struct
from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from offchain.core.events import Event
from offchain.settlement.batcher import FilledBatch
from offchain.settlement.encoding import drop_fills, payload_hash
from offchain.settlement.journal_root import EMPTY_ROOT
from offchain.settlement.models import BatchStatus, FillStatus, SettlementBatch, SettlementFill

UNSETTLED: Final = (BatchStatus.CLOSED, BatchStatus.SIGNED, BatchStatus.SENT, BatchStatus.MINED)
REASON_REVERTS_BATCH: Final = 255
"""Reason of a fill that never reached the contract because its batch reverted with it; the contract's own are lower."""
SEQUENCE_BYTES: Final = 8
_FINAL: Final = (FillStatus.SETTLED, FillStatus.UNWOUND)
PackedBatch = tuple[bytes, bytes]
"""A payload and its Keccak-256."""


def pack_sequences(sequences: Iterable[int]) -> bytes:
    """Sequences as 8 bytes each, big-endian."""
    return b"".join(sequence.to_bytes(SEQUENCE_BYTES, "big") for sequence in sequences)


def unpack_sequences(packed: bytes) -> list[int]:
    """The sequences in `pack_sequences`'s bytes."""
    return [sequence for (sequence,) in struct.iter_unpack(">Q", packed)]


def is_undecided(session: Session, batch: SettlementBatch) -> bool:
    """Whether a batch of which somebody holds a copy is still to be settled; the copy learns of its place."""
    current = select(SettlementBatch.status, SettlementBatch.position).where(SettlementBatch.id == batch.id)
    status, batch.position = session.execute(current.with_for_update()).one()
    return status in UNSETTLED


def insert_batch(session: Session, batch: FilledBatch, packed: PackedBatch, now_us: int) -> None:
    """Writes a batch that closed, unless it is there."""
    if _is_known(session, batch):
        return
    row = SettlementBatch(
        position=_last_position(session) + 1,
        status=BatchStatus.CLOSED,
        through_sequence=batch.through_sequence,
        journal_root=batch.journal_root,
        payload=packed[0],
        payload_hash=packed[1],
        fill_events=pack_sequences(event.sequence for event in batch.fills),
        first_fill_us=batch.fills[0].timestamp_us if batch.fills else now_us,
        # What is split from a command could not be told from its other fills by who signed for them.
        by_orders=int(any(event.command_sequence > batch.through_sequence for event in batch.fills)),
        closed_us=now_us,
    )
    if batch.settled is not None:
        row.status, row.number = BatchStatus.MINED, batch.settled.number
        row.previous_hash, row.batch_hash = batch.settled.previous_hash, batch.settled.batch_hash
        row.signature = batch.settled.signature
    if batch.record is not None and batch.record.groups:
        row.net, row.netted_fills = batch.record.pack(), len(batch.record.netted)
        row.statements = sum(map(len, batch.record.statements))
    session.add(row)
    session.flush()
    session.add_all(_fill_row(event, row.id, FillStatus.BATCHED) for event in batch.fills)
    session.add_all(_fill_row(event, row.id, FillStatus.DROPPED) for event in batch.dropped)


def settle_left_over(session: Session, row: SettlementBatch, left_over: Sequence[int]) -> None:
    """Has the fills of groups that the contract left out settled by their orders, right after all that is signed.

    Those that a batch of their own has already are passed over; where the chain has none left out after all, that
    batch is let go of.
    """
    if not left_over:
        # What is of a batch without groups is its second half.
        if row.net is not None:
            _let_go_of_rest(session, [row.id], row.id)
        return
    started = (BatchStatus.SIGNED, BatchStatus.SENT, BatchStatus.MINED, BatchStatus.CONFIRMED)
    last = session.scalar(select(func.max(SettlementBatch.position)).where(SettlementBatch.status.in_(started)))
    insert_rest(session, row, left_over, row, max(last or 0, row.position) + 1)


def insert_rest(
    session: Session, source: SettlementBatch, indices: Iterable[int], after: SettlementBatch, position: int
) -> bool:
    """Closes a batch, by orders, of those of a row's fills (by index) that the row still has; False if there are none.

    It has the row's segment of the journal too, if no batch before that position tells of it.
    """
    events = unpack_sequences(source.fill_events)
    own = set(session.scalars(select(SettlementFill.event_sequence).where(SettlementFill.batch_id == source.id)))
    kept = [index for index in indices if events[index] in own]
    if not kept:
        return False
    _make_room(session, position)
    told = _through_before(session, position)
    segment = (told, EMPTY_ROOT)
    if source.through_sequence > told:
        segment = (source.through_sequence, source.journal_root)
    payload = drop_fills(source.payload, [index for index in range(len(events)) if index not in set(kept)])
    sequences = [events[index] for index in kept]
    batch = SettlementBatch(
        position=position,
        status=BatchStatus.CLOSED,
        through_sequence=segment[0],
        journal_root=segment[1],
        payload=payload,
        payload_hash=payload_hash(payload),
        fill_events=pack_sequences(sequences),
        first_fill_us=source.first_fill_us,
        by_orders=1,
        left_over_of=after.id,
        closed_us=source.closed_us,
    )
    session.add(batch)
    session.flush()
    move(session, sequences, batch.id, FillStatus.BATCHED)
    return True


def split_batch(session: Session, batch: SettlementBatch) -> None:
    """Makes two of a batch whose proofs have outgrown it: both are proved by orders, the second right after the first.

    The first half has no segment of the journal: the log is told up to where it was before, until both are settled.
    """
    row = session.get_one(SettlementBatch, batch.id)
    events, whole = unpack_sequences(row.fill_events), row.payload
    half = len(events) // 2
    _make_room(session, row.position + 1)
    second = drop_fills(whole, range(half))
    rest = SettlementBatch(
        position=row.position + 1,
        status=BatchStatus.CLOSED,
        through_sequence=row.through_sequence,
        journal_root=row.journal_root,
        payload=second,
        payload_hash=payload_hash(second),
        fill_events=pack_sequences(events[half:]),
        first_fill_us=row.first_fill_us,
        by_orders=1,
        left_over_of=row.id,
        closed_us=row.closed_us,
    )
    session.add(rest)
    session.flush()
    row.payload = drop_fills(whole, range(half, len(events)))
    row.payload_hash, row.fill_events, row.by_orders = payload_hash(row.payload), pack_sequences(events[:half]), 1
    row.through_sequence, row.journal_root = _through_before(session, row.position), EMPTY_ROOT
    move(session, events[half:], rest.id, FillStatus.BATCHED)


def move(session: Session, sequences: Sequence[int], batch_id: int, status: FillStatus, reason: int = 0) -> None:
    """Gives fills a batch and a status; what is settled or unwound for good stays so."""
    session.execute(
        update(SettlementFill)
        .where(SettlementFill.event_sequence.in_(sequences), SettlementFill.status.not_in(_FINAL))
        .values(
            batch_id=batch_id,
            status=status,
            reason=REASON_REVERTS_BATCH if status == FillStatus.DROPPED else reason,
        )
    )


def _let_go_of_rest(session: Session, ids: Sequence[int], settled_id: int) -> None:
    """Marks as failed what was made of the rest of some batches, and of the rest of that."""
    while ids:
        of_them = select(SettlementBatch.id).where(
            SettlementBatch.left_over_of.in_(ids), SettlementBatch.status.in_(UNSETTLED)
        )
        ids = list(session.scalars(of_them))
        session.execute(
            update(SettlementBatch)
            .where(SettlementBatch.id.in_(ids))
            .values(status=BatchStatus.FAILED, replaced_by=settled_id)
        )


def _make_room(session: Session, position: int) -> None:
    """Moves batches from a position on one further."""
    session.execute(
        update(SettlementBatch)
        .where(SettlementBatch.position >= position)
        .values(position=SettlementBatch.position + 1)
    )


def _through_before(session: Session, position: int) -> int:
    """How far the batches before a position tell the log."""
    through = select(func.max(SettlementBatch.through_sequence)).where(
        SettlementBatch.position < position, SettlementBatch.status.in_((*UNSETTLED, BatchStatus.CONFIRMED))
    )
    return session.scalar(through) or 0


def _last_position(session: Session) -> int:
    return session.scalar(select(func.max(SettlementBatch.position))) or 0


def _is_known(session: Session, batch: FilledBatch) -> bool:
    if batch.settled is not None:
        known = select(SettlementBatch.id).where(SettlementBatch.batch_hash == batch.settled.batch_hash)
        return session.scalar(known) is not None
    if not batch.fills:
        return False
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
