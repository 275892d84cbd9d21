"""Keeps batches and fills in the database. Every step is one transaction, taken before the step it allows.

The database of settlement must survive a power cut, unlike the projections': what was signed and sent cannot be told
from the journal. `open_settlement_database` therefore has SQLite wait for the disk.
"""

from collections.abc import Callable, Collection, Sequence
from sqlite3 import Connection as SQLiteConnection
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, Select, case, func, select, update
from sqlalchemy import event as database_event
from sqlalchemy.orm import Session

from offchain.chain.settlement_view import SkippedGroup
from offchain.core.database import Sessions, open_database, writing_sessions
from offchain.core.events import Event
from offchain.settlement.batch_rows import (
    SEQUENCE_BYTES,
    UNSETTLED,
    PackedBatch,
    insert_batch,
    is_undecided,
    move,
    pack_sequences,
    settle_left_over,
    split_batch,
    unpack_sequences,
)
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
from offchain.settlement.net_record import NetRecord
from offchain.settlement.passed_over import pass_over, passed_over
from offchain.settlement.renewals import record_renewals
from offchain.settlement.variants import confirm, confirmed_number, follow_chain, forget_twin, let_go_of_rivals
from offchain.settlement.withdrawal_store import record_withdrawals

PROGRESS: Final = "batcher"
ERROR_CHARS: Final = 500


class Progress(NamedTuple):
    """Where settlement stood when it stopped: the batcher's snapshot, and the ends of the last closed batch."""

    snapshot: bytes | None
    through_sequence: int
    batched_event: int

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever written down."""
        return self.snapshot is None and not self.through_sequence and not self.batched_event


class Spent(NamedTuple):
    """What the batches on the chain cost: gas of their transactions, their fills, those of net groups, statements."""

    gas: int
    fills: int
    netted_fills: int
    statements: int


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
    spent: Spent


NOTHING_LEFT: Final = Backlog(0, 0, None, None, None, 0, Spent(0, 0, 0, 0))


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
                insert_batch(session, batch, pack(batch), now_us)
            record_renewals(session, delivery.renewed)
            for fact in delivery.confirmed:
                confirm(session, fact, now_us)
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

    def follow_chain(self, number: int, batch_hash: bytes) -> frozenset[bytes]:
        """The hashes of the batches that the chain has and the log not yet; those that were given up are back.

        Raises:
            DeepReorg: the chain, as this node has it, lacks batches that were final.
            StateDiverged: the chain holds a batch that was never signed here.
        """
        with self.sessions.begin() as session:
            return follow_chain(session, number, batch_hash)

    def by_hash(self, batch_hash: bytes) -> SettlementBatch | None:
        """The batch, or refused variant of one, with a hash."""
        rows = self._all(select(SettlementBatch).where(SettlementBatch.batch_hash == batch_hash))
        return rows[0] if rows else None

    def save(self, batch: SettlementBatch) -> bool:
        """Writes a changed copy back, unless the log has had the last word on the batch in the meantime."""
        with self.sessions.begin() as session:
            if not is_undecided(session, batch):
                return False
            session.merge(batch)
            return True

    def save_signed(self, batch: SettlementBatch) -> bool:
        """Writes back a copy that was signed, unless it is not to be settled any more: then it must not get out."""
        with self.sessions.begin() as session:
            if not is_undecided(session, batch):
                return False
            forget_twin(session, batch)
            session.merge(batch)
            return True

    def sent_nonces(self) -> set[int]:
        """The nonces of the transactions of batches and withdrawals that are sent and not known to have landed."""
        with self.sessions() as session:
            batches = select(SettlementBatch.nonce).where(SettlementBatch.status == BatchStatus.SENT)
            withdrawals = select(SettlementWithdrawal.nonce).where(SettlementWithdrawal.status == WithdrawalStatus.SENT)
            nonces = [*session.scalars(batches), *session.scalars(withdrawals)]
            return {nonce for nonce in nonces if nonce is not None}

    def abandoned(self, first_nonce: int) -> dict[int, tuple[int, int]]:
        """By nonce, from this one on, the highest (maximum, priority) fees of transactions that nobody follows."""
        batch, withdrawal = SettlementBatch, SettlementWithdrawal
        in_batches = batch.status.in_((BatchStatus.SIGNED, BatchStatus.FAILED))
        found: dict[int, tuple[int, int]] = {}
        with self.sessions() as session:
            for row, given_up in ((batch, in_batches), (withdrawal, withdrawal.status == WithdrawalStatus.APPROVED)):
                fees = select(row.nonce, row.max_fee_wei, row.priority_fee_wei).where(row.nonce >= first_nonce)
                for nonce, max_fee_wei, priority_fee_wei in session.execute(fees.where(given_up)):
                    if nonce is not None:
                        most = found.get(nonce, (0, 0))
                        found[nonce] = max(most[0], max_fee_wei or 0), max(most[1], priority_fee_wei or 0)
        return found

    def mined(self, batch: SettlementBatch, skipped: Collection[SkippedGroup]) -> None:
        """Writes that a batch is on the chain, and which of its groups the contract left to their orders."""
        record = NetRecord.unpack(batch.net, len(batch.fill_events) // SEQUENCE_BYTES)
        left_over = record.left_over([skip.group for skip in skipped])
        with self.sessions.begin() as session:
            if is_undecided(session, batch):
                assert batch.number is not None
                session.merge(batch)
                pass_over(session, record, skipped, batch.number)
                settle_left_over(session, batch, left_over)

    def passed_over(self, number: int) -> set[bytes]:
        """The owners who are not asked for statements while the chain is at this batch."""
        with self.sessions() as session:
            return passed_over(session, number)

    def unpriced(self) -> list[SettlementBatch]:
        """Batches that were final before anybody looked what they cost."""
        return self._all(
            select(SettlementBatch).where(
                SettlementBatch.status == BatchStatus.CONFIRMED,
                SettlementBatch.gas_used.is_(None),
                SettlementBatch.signed_block.is_not(None),
            )
        )

    def price(self, batch: SettlementBatch, gas_used: int) -> None:
        """Writes what a final batch cost."""
        with self.sessions.begin() as session:
            session.execute(update(SettlementBatch).where(SettlementBatch.id == batch.id).values(gas_used=gas_used))

    def fills_of(self, batch: SettlementBatch) -> list[Event]:
        """The FILLED events of a batch, by fill index."""
        sequences = unpack_sequences(batch.fill_events)
        with self.sessions() as session:
            rows = session.execute(
                select(SettlementFill.event_sequence, SettlementFill.event).where(
                    SettlementFill.event_sequence.in_(sequences)
                )
            )
            events = {sequence: Event.unpack_all(event)[0] for sequence, event in rows}
        return [events[sequence] for sequence in sequences]

    def fills_after(self, batch: SettlementBatch) -> list[Event]:
        """The FILLED events of the closed batches that come after one."""
        with self.sessions() as session:
            rows = session.scalars(
                select(SettlementFill.event)
                .join(SettlementBatch, SettlementBatch.id == SettlementFill.batch_id)
                .where(SettlementBatch.position > batch.position, SettlementFill.status == FillStatus.BATCHED)
            )
            return [Event.unpack_all(row)[0] for row in rows]

    def replace(self, failed: SettlementBatch, error: str, offenders: Sequence[int], packed: PackedBatch) -> None:
        """Puts a batch without some of its fills (by index), proved by orders, in the place of one that is refused.

        The offenders wait with the new batch: while the old one could still settle, they must not be unwound. One that
        the log has confirmed in the meantime stays.
        """
        events = unpack_sequences(failed.fill_events)
        kept = [sequence for index, sequence in enumerate(events) if index not in set(offenders)]
        with self.sessions.begin() as session:
            if not is_undecided(session, failed):
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
                by_orders=1,
                left_over_of=failed.left_over_of,
                closed_us=failed.closed_us,
            )
            session.add(replacement)
            session.flush()
            old = session.get_one(SettlementBatch, failed.id)
            # What its groups had left over is in the replacement too.
            let_go_of_rivals(session, replacement, [old])
            old.status, old.error, old.replaced_by = BatchStatus.FAILED, error[:ERROR_CHARS], replacement.id
            move(session, kept, replacement.id, FillStatus.BATCHED)
            move(session, [events[index] for index in offenders], replacement.id, FillStatus.DROPPED)
            session.execute(
                update(SettlementFill)
                .where(SettlementFill.batch_id == failed.id, SettlementFill.status == FillStatus.DROPPED)
                .values(batch_id=replacement.id)
            )

    def split(self, batch: SettlementBatch) -> None:
        """Makes two batches of one, each with half of its fills, unless the log has had the last word on it."""
        with self.sessions.begin() as session:
            if is_undecided(session, batch):
                split_batch(session, batch)

    def keep_tried(self, tried: SettlementBatch) -> None:
        """Writes down a variant that a node is about to be asked about, unless it is there."""
        with self.sessions.begin() as session:
            known = select(SettlementBatch.id).where(SettlementBatch.batch_hash == tried.batch_hash)
            if session.scalar(known) is None:
                session.add(tried)

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
            confirmed = confirmed_number(session)
            return Backlog(batches, fills, first_command, first_us, first_off_chain_us, confirmed, _spent(session))

    def _all(self, query: Select[SettlementBatch]) -> list[SettlementBatch]:
        with self.sessions() as session:
            return list(session.scalars(query))


def _spent(session: Session) -> Spent:
    on_chain = SettlementBatch.status.in_((BatchStatus.MINED, BatchStatus.CONFIRMED))
    columns = (
        SettlementBatch.gas_used,
        func.length(SettlementBatch.fill_events) / SEQUENCE_BYTES,
        SettlementBatch.netted_fills,
        SettlementBatch.statements,
    )
    row = session.execute(select(*(func.sum(column) for column in columns)).where(on_chain)).one()
    return Spent(*(int(value or 0) for value in row))


def _commit_to_disk(connection: SQLiteConnection, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=FULL")
