"""Which variants of the batches the chain holds. All within the caller's transaction.

A batch is signed anew when the contract refuses it, or when the one before it turns out to be another: by a
reorganisation, or because somebody submitted a variant that was given up. Whatever was ever signed may still be
submitted by whoever saw it. So every variant is kept until one is final, and what counts is what the chain has.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from offchain.core.commands import BatchSettledFact
from offchain.core.errors import DeepReorg, StateDiverged
from offchain.settlement.batch_rows import (
    UNSETTLED,
    insert_rest,
    move,
    settle_left_over,
    unpack_sequences,
)
from offchain.settlement.models import BatchStatus, FillStatus, SettlementBatch, SettlementFill
from offchain.settlement.net_record import NetRecord
from offchain.settlement.passed_over import pass_over
from offchain.settlement.renewals import forget_renewals

GIVEN_UP: Final = (BatchStatus.FAILED, BatchStatus.TRIED)
_NOT_OURS: Final = "Restore the settlement tables or empty them all, or find out who else holds the engine's key."


def follow_chain(session: Session, number: int, batch_hash: bytes) -> frozenset[bytes]:
    """The hashes of the batches that the chain has and the log not yet; those among them that were given up are back.

    Raises:
        DeepReorg: the chain, as this node has it, lacks batches that were final.
        StateDiverged: the chain holds a batch that was never signed here.
    """
    chain = _chain_to(session, number, batch_hash)
    if any(row.status in GIVEN_UP for row in chain):
        _take_back(session, chain)
    return frozenset(row.batch_hash for row in chain if row.batch_hash is not None)


def forget_twin(session: Session, batch: SettlementBatch) -> None:
    """Forgets a variant that was given up if a batch is now signed to the same hash; its transaction is the batch's."""
    same_hash = SettlementBatch.batch_hash == batch.batch_hash
    twin = session.scalar(select(SettlementBatch).where(same_hash, SettlementBatch.id != batch.id))
    if twin is None:
        return
    for column in (SettlementBatch.replaced_by, SettlementBatch.left_over_of):
        session.execute(update(SettlementBatch).where(column == twin.id).values({column: batch.id}))
    batch.nonce, batch.max_fee_wei, batch.priority_fee_wei = twin.nonce, twin.max_fee_wei, twin.priority_fee_wei
    session.delete(twin)
    session.flush()


def confirm(session: Session, fact: BatchSettledFact, now_us: int) -> None:
    """Writes what the final chain says of a batch.

    Raises:
        StateDiverged: it was never signed here.
    """
    row = session.scalar(select(SettlementBatch).where(SettlementBatch.batch_hash == fact.batch_hash))
    if row is None or row.number != fact.number:
        raise StateDiverged(
            f"The chain settled batch {fact.number} with hash 0x{fact.batch_hash.hex()}, not signed here.", _NOT_OURS
        )
    if row.status == BatchStatus.CONFIRMED:
        return
    if row.status in GIVEN_UP:
        _take_back(session, [row])
    row.status, row.confirmed_us = BatchStatus.CONFIRMED, now_us
    events = unpack_sequences(row.fill_events)
    record = NetRecord.unpack(row.net, len(events))
    outcome = record.outcome(fact)
    move(session, [events[index] for index in outcome.settled], row.id, FillStatus.SETTLED)
    for index, reason in outcome.skipped:
        move(session, [events[index]], row.id, FillStatus.SKIPPED, reason)
    settle_left_over(session, row, outcome.left_over)
    session.execute(
        update(SettlementFill)
        .where(SettlementFill.batch_id == row.id, SettlementFill.status == FillStatus.DROPPED)
        .values(status=FillStatus.SKIPPED)
    )
    tries = (SettlementBatch.position == row.position, SettlementBatch.status == BatchStatus.TRIED)
    session.execute(delete(SettlementBatch).where(*tries))
    pass_over(session, record, fact.skipped_groups, fact.number)
    skipped_groups = {skip.group for skip in fact.skipped_groups}
    for group, statements in enumerate(record.statements):
        for stated in statements if group not in skipped_groups else ():
            for asset in stated.assets:
                forget_renewals(session, stated.owner, asset, stated.floor)


def let_go_of_rivals(session: Session, row: SettlementBatch, kept: Iterable[SettlementBatch]) -> list[SettlementBatch]:
    """Gives up all other batches that may still settle and are variants of a row, or have any of its fills."""
    fills, kept_ids = set(unpack_sequences(row.fill_events)), {row.id, *(one.id for one in kept)}
    rivals = [
        other
        for other in session.scalars(
            select(SettlementBatch).where(SettlementBatch.status.in_(UNSETTLED)).order_by(SettlementBatch.position)
        )
        if other.id not in kept_ids
        and (other.position == row.position or not fills.isdisjoint(unpack_sequences(other.fill_events)))
    ]
    for rival in rivals:
        rival.status, rival.replaced_by = BatchStatus.FAILED, row.id
    session.flush()
    return rivals


def confirmed_number(session: Session) -> int:
    """The number of the last confirmed batch; 0 before the first."""
    confirmed = SettlementBatch.status == BatchStatus.CONFIRMED
    return session.scalar(select(func.max(SettlementBatch.number)).where(confirmed)) or 0


def _chain_to(session: Session, number: int, batch_hash: bytes) -> list[SettlementBatch]:
    """The rows of the batches after the last confirmed one, up to that of a hash."""
    final = confirmed_number(session)
    if number < final:
        raise DeepReorg(
            f"The chain is at batch {number}; batch {final} was final already.",
            "If the node is only behind, wait; otherwise restore the chain.",
        )
    chain: list[SettlementBatch] = []
    while number > 0:
        row = session.scalar(select(SettlementBatch).where(SettlementBatch.batch_hash == batch_hash))
        if row is None:
            raise StateDiverged(
                f"The chain settled batch {number} with hash 0x{batch_hash.hex()}, not signed here.", _NOT_OURS
            )
        if row.status == BatchStatus.CONFIRMED:
            break
        if number <= final:
            raise DeepReorg(
                f"The chain has another batch {number} than the one that was final already.",
                "If the node follows another chain, wait; otherwise restore the chain.",
            )
        chain.append(row)
        assert row.previous_hash is not None
        number, batch_hash = number - 1, row.previous_hash
    return chain[::-1]


def _take_back(session: Session, chain: Sequence[SettlementBatch]) -> None:
    """Has the batches of the chain that were given up settle their fills, and what they lack settle after them."""
    for row in chain:
        if row.status not in GIVEN_UP:
            continue
        rivals = let_go_of_rivals(session, row, chain)
        row.status, row.replaced_by = BatchStatus.SIGNED, None
        move(session, unpack_sequences(row.fill_events), row.id, FillStatus.BATCHED)
        for rival in rivals:
            dropped = (SettlementFill.batch_id == rival.id, SettlementFill.status == FillStatus.DROPPED)
            session.execute(update(SettlementFill).where(*dropped).values(batch_id=row.id))
        position = max(one.position for one in chain) + 1
        for rival in rivals:
            fills = range(len(unpack_sequences(rival.fill_events)))
            position += insert_rest(session, rival, fills, row, position)
