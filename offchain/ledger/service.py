"""What the ledger can be asked. Amounts are ledger units, times microseconds since 1970."""

from typing import Final, TypeVar

import msgspec
from sqlalchemy import Engine, Select, select
from sqlalchemy.orm import Session

from offchain.core.balance_moves import Balance
from offchain.core.database import reading_sessions
from offchain.ledger.models import BalanceRow, DepositRow, DepositStatus, WithdrawalRow, WithdrawalStatus

PAGE_MAX: Final = 500
Row = TypeVar("Row", DepositRow, WithdrawalRow)


class Deposit(msgspec.Struct, frozen=True):
    """A final deposit; `reason` is the engine's `RejectReason` if it was refused."""

    sequence: int
    account: int
    owner: bytes
    asset: int
    amount_units: int
    status: DepositStatus
    reason: int
    block_number: int
    log_index: int
    transaction_hash: bytes
    created_us: int


class Withdrawal(msgspec.Struct, frozen=True):
    """A withdrawal; `transaction_hash` is that of the transaction that paid it."""

    sequence: int
    account: int
    owner: bytes
    asset: int
    amount_units: int
    nonce: int
    deadline_s: int
    status: WithdrawalStatus
    transaction_hash: bytes | None
    created_us: int
    updated_us: int


class LedgerService:
    """Balances, deposits and withdrawals."""

    def __init__(self, database: Engine) -> None:
        self._sessions = reading_sessions(database)

    def balances(self, account: int) -> list[Balance]:
        """The account's balances, one per asset it ever held, by asset."""
        with self._sessions() as session:
            return read_balances(session, account)

    def balance(self, account: int, asset: int) -> Balance:
        """One balance; all zero if the account never held the asset."""
        found = [balance for balance in self.balances(account) if balance.asset == asset]
        return found[0] if found else Balance(account, asset, 0, 0, 0)

    def deposits(self, account: int, limit: int = 100, before: int | None = None) -> list[Deposit]:
        """The account's deposits, newest first; `before` is the `sequence` of the last one of the page before."""
        query = _page(select(DepositRow).where(DepositRow.account == account), DepositRow, limit, before)
        with self._sessions() as session:
            return [_deposit(row) for row in session.scalars(query)]

    def withdrawals(self, account: int, limit: int = 100, before: int | None = None) -> list[Withdrawal]:
        """The account's withdrawals, newest first; `before` is the `sequence` of the last one of the page before."""
        query = _page(select(WithdrawalRow).where(WithdrawalRow.account == account), WithdrawalRow, limit, before)
        with self._sessions() as session:
            return [_withdrawal(row) for row in session.scalars(query)]

    def withdrawal(self, account: int, nonce: int) -> Withdrawal | None:
        """The account's withdrawal with this nonce."""
        query = select(WithdrawalRow).where(WithdrawalRow.account == account, WithdrawalRow.nonce == nonce)
        with self._sessions() as session:
            row = session.scalar(query)
            return _withdrawal(row) if row else None


def read_balances(session: Session, account: int | None = None) -> list[Balance]:
    """Balances in this session's view: of one account, or of all; by account and asset."""
    query = select(BalanceRow).order_by(BalanceRow.account, BalanceRow.asset)
    if account is not None:
        query = query.where(BalanceRow.account == account)
    return [
        Balance(row.account, row.asset, row.total_units - row.reserved_units, row.reserved_units, row.withdrawing_units)
        for row in session.scalars(query)
    ]


def _page(query: Select[Row], rows: type[Row], limit: int, before: int | None) -> Select[Row]:
    if before is not None:
        query = query.where(rows.sequence < before)
    return query.order_by(rows.sequence.desc()).limit(min(limit, PAGE_MAX))


def _deposit(row: DepositRow) -> Deposit:
    return Deposit(
        sequence=row.sequence,
        account=row.account,
        owner=row.owner,
        asset=row.asset,
        amount_units=row.amount_units,
        status=DepositStatus(row.status),
        reason=row.reason,
        block_number=row.block_number,
        log_index=row.log_index,
        transaction_hash=row.transaction_hash,
        created_us=row.created_us,
    )


def _withdrawal(row: WithdrawalRow) -> Withdrawal:
    return Withdrawal(
        sequence=row.sequence,
        account=row.account,
        owner=row.owner,
        asset=row.asset,
        amount_units=row.amount_units,
        nonce=row.nonce,
        deadline_s=row.deadline_s,
        status=WithdrawalStatus(row.status),
        transaction_hash=row.transaction_hash,
        created_us=row.created_us,
        updated_us=row.updated_us,
    )
