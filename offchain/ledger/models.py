"""Tables of the ledger. Amounts are ledger units, times microseconds since 1970."""

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from offchain.core.database import Address, Base, Hash32, Int64, WideInteger


class DepositStatus(StrEnum):
    """What became of a deposit."""

    CREDITED = "CREDITED"
    REFUSED = "REFUSED"
    """The engine could not credit it; the tokens wait in the contract for their owner's exit."""


class WithdrawalStatus(StrEnum):
    """Where a withdrawal is."""

    REQUESTED = "REQUESTED"
    """Taken out of the available balance; the contract has not paid it on the final chain yet."""
    PAID = "PAID"
    REVERTED = "REVERTED"
    """Its deadline passed unused; the amount is available again."""


class LedgerEntry(Base):
    """One event that moved units."""

    __tablename__ = "ledger_entries"

    event_sequence: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    command_sequence: Mapped[int] = mapped_column(Int64)
    kind: Mapped[int] = mapped_column(SmallInteger)
    created_us: Mapped[int] = mapped_column(Int64)


class LedgerLine(Base):
    """Units entering (positive) or leaving (negative) a purse; the lines of an entry sum to zero per asset."""

    __tablename__ = "ledger_lines"

    event_sequence: Mapped[int] = mapped_column(ForeignKey(LedgerEntry.event_sequence), primary_key=True)
    line: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    account: Mapped[int] = mapped_column(Int64)
    asset: Mapped[int] = mapped_column(Integer)
    purse: Mapped[int] = mapped_column(SmallInteger)
    amount_units: Mapped[int] = mapped_column(Int64)


class BalanceRow(Base):
    """What an account holds of an asset. `total_units` is available and reserved together, without withdrawing."""

    __tablename__ = "balances"

    account: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    asset: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    total_units: Mapped[int] = mapped_column(Int64)
    reserved_units: Mapped[int] = mapped_column(Int64)
    withdrawing_units: Mapped[int] = mapped_column(Int64)


class DepositRow(Base):
    """A final deposit, by the sequence of its command; unique by its place on the chain."""

    __tablename__ = "deposits"
    __table_args__ = (
        UniqueConstraint("block_number", "log_index"),
        Index(None, "account", "sequence"),
    )

    sequence: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    account: Mapped[int] = mapped_column(Int64)
    owner: Mapped[bytes] = mapped_column(Address)
    asset: Mapped[int] = mapped_column(Integer)
    amount_units: Mapped[int] = mapped_column(Int64)
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[int] = mapped_column(SmallInteger)
    block_number: Mapped[int] = mapped_column(Int64)
    log_index: Mapped[int] = mapped_column(Integer)
    transaction_hash: Mapped[bytes] = mapped_column(Hash32)
    created_us: Mapped[int] = mapped_column(Int64)


class WithdrawalRow(Base):
    """A withdrawal, by the sequence of its command; its owner names it by nonce."""

    __tablename__ = "withdrawals"
    __table_args__ = (UniqueConstraint("account", "nonce"), Index(None, "account", "sequence"))

    sequence: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    account: Mapped[int] = mapped_column(Int64)
    owner: Mapped[bytes] = mapped_column(Address)
    asset: Mapped[int] = mapped_column(Integer)
    amount_units: Mapped[int] = mapped_column(Int64)
    nonce: Mapped[int] = mapped_column(WideInteger)
    deadline_s: Mapped[int] = mapped_column(Int64)
    status: Mapped[str] = mapped_column(String(16))
    transaction_hash: Mapped[bytes | None] = mapped_column(Hash32)
    created_us: Mapped[int] = mapped_column(Int64)
    updated_us: Mapped[int] = mapped_column(Int64)
