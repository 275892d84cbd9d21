"""Keeps withdrawals in the database, from the log's WITHDRAW to its CHAIN_WITHDRAWN or REVERT_WITHDRAWAL."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from offchain.core.database import Base, Sessions, insert_or_update
from offchain.settlement.follower import Delivery
from offchain.settlement.models import SettlementWithdrawal, WithdrawalStatus

_WITHDRAWALS: Final = Base.metadata.tables[SettlementWithdrawal.__tablename__]


class WithdrawalStore:
    """The withdrawals. Rows that it returns are copies: changing them changes nothing until they are saved."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def in_status(self, *statuses: WithdrawalStatus) -> list[SettlementWithdrawal]:
        """The withdrawals in any of these states, oldest first."""
        with self._sessions() as session:
            return list(
                session.scalars(
                    select(SettlementWithdrawal)
                    .where(SettlementWithdrawal.status.in_(statuses))
                    .order_by(SettlementWithdrawal.sequence)
                )
            )

    def find(self, sequence: int) -> SettlementWithdrawal | None:
        """The withdrawal of a WITHDRAW command."""
        with self._sessions() as session:
            return session.get(SettlementWithdrawal, sequence)

    def save(self, row: SettlementWithdrawal, *, expected: Sequence[WithdrawalStatus]) -> bool:
        """Writes a changed copy back, unless the log has moved the withdrawal on from the expected states."""
        with self._sessions.begin() as session:
            stored = session.get(SettlementWithdrawal, row.sequence)
            if stored is None or stored.status not in expected:
                return False
            session.merge(row)
            return True


def record_withdrawals(session: Session, delivery: Delivery) -> None:
    """Writes what some commands of the log mean for withdrawals; doing it twice changes nothing."""
    for request in delivery.requested:
        session.execute(
            insert_or_update(session, _WITHDRAWALS)
            .values(
                sequence=request.sequence,
                status=WithdrawalStatus.WAITING,
                account=request.account,
                owner=request.authorization.owner,
                asset=request.asset,
                amount_units=request.amount_units,
                withdrawal_nonce=request.authorization.nonce,
                deadline_s=request.authorization.deadline_s,
                owner_signature=request.authorization.signature,
                requested_us=request.timestamp_us,
            )
            .on_conflict_do_nothing(index_elements=["sequence"])
        )
    for account, nonce in delivery.paid:
        session.execute(
            update(SettlementWithdrawal)
            .where(SettlementWithdrawal.account == account, SettlementWithdrawal.withdrawal_nonce == nonce)
            .values(status=WithdrawalStatus.PAID)
        )
    if delivery.reverted:
        session.execute(
            update(SettlementWithdrawal)
            .where(SettlementWithdrawal.sequence.in_(delivery.reverted))
            .values(status=WithdrawalStatus.REVERTED)
        )
