"""The tables of settlement: what was signed and sent, and what became of it. `docs/settlement.md` explains them."""

from enum import StrEnum

from sqlalchemy import Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from offchain.core.database import Address, Base, FixedBytes, Hash32, Int64, WideInteger

SIGNATURE_BYTES = 65


class BatchStatus(StrEnum):
    """Where a batch stands. Only `confirmed` is final."""

    CLOSED = "closed"
    """Its fills are fixed; it has no number yet."""
    SIGNED = "signed"
    """Numbered, chained to the batch before it, and signed; nothing was sent."""
    SENT = "sent"
    """Its transaction was handed to a node, or was about to be."""
    MINED = "mined"
    """On the chain and not yet final."""
    CONFIRMED = "confirmed"
    """The log holds its CHAIN_BATCH_SETTLED."""
    FAILED = "failed"
    """Another took its place: the contract refuses it, or it was signed after a batch that the chain does not have."""
    TRIED = "tried"
    """Signed to learn what the contract would say, and not meant for the chain: the node that was asked has it."""


class FillStatus(StrEnum):
    """Where a fill stands."""

    BATCHED = "batched"
    """In a batch that is not confirmed."""
    DROPPED = "dropped"
    """Left out of its batch, which would have failed with it; to be unwound once that batch is confirmed."""
    SETTLED = "settled"
    """The contract moved the balances."""
    SKIPPED = "skipped"
    """Not settled and never will be: to be unwound."""
    UNWOUND = "unwound"
    """The log holds its UNWOUND."""


class WithdrawalStatus(StrEnum):
    """Where a withdrawal stands."""

    WAITING = "waiting"
    """Fills before it are not settled yet."""
    APPROVED = "approved"
    """Co-signed: anybody may send it."""
    SENT = "sent"
    """Its transaction was handed to a node, or was about to be."""
    PAID = "paid"
    """The log holds its CHAIN_WITHDRAWN."""
    LAPSED = "lapsed"
    """Its deadline passed on the final chain without its being used: to be reverted."""
    REVERTED = "reverted"
    """The log holds its REVERT_WITHDRAWAL."""


class SettlementProgress(Base):
    """One row: how far settlement has read the log, and the batcher's snapshot at that command."""

    __tablename__ = "settlement_progress"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    sequence: Mapped[int] = mapped_column(Int64)
    snapshot: Mapped[bytes] = mapped_column(LargeBinary)


class TransactionColumns:
    """The transaction that carries a row onto the chain. The nonce is the submitter's; fees are wei per gas."""

    tx_hash: Mapped[bytes | None] = mapped_column(Hash32)
    nonce: Mapped[int | None] = mapped_column(Int64)
    gas: Mapped[int | None] = mapped_column(Int64)
    max_fee_wei: Mapped[int | None] = mapped_column(WideInteger)
    priority_fee_wei: Mapped[int | None] = mapped_column(WideInteger)
    sent_us: Mapped[int | None] = mapped_column(Int64)
    error: Mapped[str | None] = mapped_column(String(500))


class SettlementBatch(TransactionColumns, Base):
    """A settlement batch, or a variant of one: all that were ever signed are kept until one of them is final.

    `position` orders the batches before they have numbers, and is shared by the variants of one.
    `payload` proves every fill by the orders, and `fill_events` holds the FILLED event sequences by fill index in it,
    8 bytes big-endian each. `sent_payload` is what was signed where that is another one: with orders that were signed
    again, or with net groups, of which `net` (MessagePack of `NetRecord`) says which fills they settle. `by_orders` is
    1 where nobody is asked for a statement. A batch that is `left_over_of` another has the fills of its net groups that
    the contract left out, or the second half of its fills if it was split. `signed_block` is the head when it was
    signed.
    """

    __tablename__ = "settlement_batches"
    __table_args__ = (Index(None, "status"), Index(None, "position"), UniqueConstraint("batch_hash"))

    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=True)
    position: Mapped[int] = mapped_column(Int64)
    status: Mapped[str] = mapped_column(String(16))
    number: Mapped[int | None] = mapped_column(Int64)
    through_sequence: Mapped[int] = mapped_column(Int64)
    journal_root: Mapped[bytes] = mapped_column(Hash32)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    payload_hash: Mapped[bytes] = mapped_column(Hash32)
    previous_hash: Mapped[bytes | None] = mapped_column(Hash32)
    batch_hash: Mapped[bytes | None] = mapped_column(Hash32)
    signature: Mapped[bytes | None] = mapped_column(FixedBytes(SIGNATURE_BYTES))
    fill_events: Mapped[bytes] = mapped_column(LargeBinary)
    first_fill_us: Mapped[int] = mapped_column(Int64)
    replaced_by: Mapped[int | None] = mapped_column(Int64)
    left_over_of: Mapped[int | None] = mapped_column(Int64)
    by_orders: Mapped[int] = mapped_column(Int64, default=0)
    sent_payload: Mapped[bytes | None] = mapped_column(LargeBinary)
    net: Mapped[bytes | None] = mapped_column(LargeBinary)
    statements: Mapped[int] = mapped_column(Int64, default=0)
    netted_fills: Mapped[int] = mapped_column(Int64, default=0)
    signed_block: Mapped[int | None] = mapped_column(Int64)
    gas_used: Mapped[int | None] = mapped_column(Int64)
    closed_us: Mapped[int] = mapped_column(Int64)
    confirmed_us: Mapped[int | None] = mapped_column(Int64)


class SettlementFill(Base):
    """A fill of a closed batch: `event` is its packed FILLED row, `reason` why it was skipped (0: it was not)."""

    __tablename__ = "settlement_fills"
    __table_args__ = (Index(None, "batch_id"), Index(None, "status"))

    event_sequence: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    command_sequence: Mapped[int] = mapped_column(Int64)
    batch_id: Mapped[int] = mapped_column(Int64)
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[int] = mapped_column(Int64, default=0)
    event: Mapped[bytes] = mapped_column(LargeBinary)


class SettlementLadder(Base):
    """Orders that an owner signed again with a statement about a batch: `content` is a packed `RenewedLadder`.

    They count from the cancel floor `floor` of the owner's slot of the base asset on; `top_seq` is their highest seq.
    """

    __tablename__ = "settlement_ladders"
    __table_args__ = (Index(None, "owner", "base"), UniqueConstraint("command_sequence", "market"))

    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=True)
    command_sequence: Mapped[int] = mapped_column(Int64)
    owner: Mapped[bytes] = mapped_column(Address)
    base: Mapped[int] = mapped_column(Int64)
    market: Mapped[int] = mapped_column(Int64)
    floor: Mapped[int] = mapped_column(Int64)
    top_seq: Mapped[int] = mapped_column(Int64)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class SettlementPassedOver(Base):
    """An owner whose statement kept a net group from settling: not asked before the chain is at batch `until_batch`."""

    __tablename__ = "settlement_passed_over"

    owner: Mapped[bytes] = mapped_column(Address, primary_key=True)
    until_batch: Mapped[int] = mapped_column(Int64)


class SettlementWithdrawal(TransactionColumns, Base):
    """A withdrawal on its way to the contract; `sequence` is its WITHDRAW command's."""

    __tablename__ = "settlement_withdrawals"
    __table_args__ = (Index(None, "status"), UniqueConstraint("owner", "withdrawal_nonce"))

    sequence: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    status: Mapped[str] = mapped_column(String(16))
    account: Mapped[int] = mapped_column(Int64)
    owner: Mapped[bytes] = mapped_column(Address)
    asset: Mapped[int] = mapped_column(Int64)
    amount_units: Mapped[int] = mapped_column(Int64)
    withdrawal_nonce: Mapped[int] = mapped_column(WideInteger)
    deadline_s: Mapped[int] = mapped_column(Int64)
    owner_signature: Mapped[bytes] = mapped_column(LargeBinary)
    approval_signature: Mapped[bytes | None] = mapped_column(FixedBytes(SIGNATURE_BYTES))
    requested_us: Mapped[int] = mapped_column(Int64)
