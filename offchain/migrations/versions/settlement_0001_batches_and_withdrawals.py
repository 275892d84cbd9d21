"""The tables of settlement: progress, batches, fills and withdrawals."""

import sqlalchemy as sa
from alembic import op

from offchain.core.database import Address, FixedBytes, Hash32, Int64, WideInteger

revision = "settlement_0001"
down_revision = None
branch_labels = ("settlement",)
depends_on = None


def _transaction_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("tx_hash", Hash32, nullable=True),
        sa.Column("nonce", Int64, nullable=True),
        sa.Column("gas", Int64, nullable=True),
        sa.Column("max_fee_wei", WideInteger, nullable=True),
        sa.Column("priority_fee_wei", WideInteger, nullable=True),
        sa.Column("sent_us", Int64, nullable=True),
        sa.Column("error", sa.String(500), nullable=True),
    ]


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "settlement_progress",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("sequence", Int64, nullable=False),
        sa.Column("snapshot", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_settlement_progress"),
    )
    op.create_table(
        "settlement_batches",
        sa.Column("id", Int64, nullable=False, autoincrement=True),
        sa.Column("position", Int64, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("number", Int64, nullable=True),
        sa.Column("through_sequence", Int64, nullable=False),
        sa.Column("journal_root", Hash32, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("payload_hash", Hash32, nullable=False),
        sa.Column("previous_hash", Hash32, nullable=True),
        sa.Column("batch_hash", Hash32, nullable=True),
        sa.Column("signature", FixedBytes(65), nullable=True),
        sa.Column("fill_events", sa.LargeBinary, nullable=False),
        sa.Column("first_fill_us", Int64, nullable=False),
        sa.Column("replaced_by", Int64, nullable=True),
        sa.Column("closed_us", Int64, nullable=False),
        sa.Column("confirmed_us", Int64, nullable=True),
        *_transaction_columns(),
        sa.PrimaryKeyConstraint("id", name="pk_settlement_batches"),
        sa.UniqueConstraint("batch_hash", name="uq_settlement_batches_batch_hash"),
    )
    op.create_index("ix_settlement_batches_position", "settlement_batches", ["position"])
    op.create_index("ix_settlement_batches_status", "settlement_batches", ["status"])
    op.create_table(
        "settlement_fills",
        sa.Column("event_sequence", Int64, nullable=False, autoincrement=False),
        sa.Column("command_sequence", Int64, nullable=False),
        sa.Column("batch_id", Int64, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", Int64, nullable=False),
        sa.Column("event", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("event_sequence", name="pk_settlement_fills"),
    )
    op.create_index("ix_settlement_fills_batch_id", "settlement_fills", ["batch_id"])
    op.create_index("ix_settlement_fills_status", "settlement_fills", ["status"])
    op.create_table(
        "settlement_withdrawals",
        sa.Column("sequence", Int64, nullable=False, autoincrement=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("account", Int64, nullable=False),
        sa.Column("owner", Address, nullable=False),
        sa.Column("asset", Int64, nullable=False),
        sa.Column("amount_units", Int64, nullable=False),
        sa.Column("withdrawal_nonce", WideInteger, nullable=False),
        sa.Column("deadline_s", Int64, nullable=False),
        sa.Column("owner_signature", sa.LargeBinary, nullable=False),
        sa.Column("approval_signature", FixedBytes(65), nullable=True),
        sa.Column("requested_us", Int64, nullable=False),
        *_transaction_columns(),
        sa.PrimaryKeyConstraint("sequence", name="pk_settlement_withdrawals"),
        sa.UniqueConstraint("owner", "withdrawal_nonce", name="uq_settlement_withdrawals_owner_withdrawal_nonce"),
    )
    op.create_index("ix_settlement_withdrawals_status", "settlement_withdrawals", ["status"])


def downgrade() -> None:
    """Drops the tables."""
    for table in ("settlement_withdrawals", "settlement_fills", "settlement_batches", "settlement_progress"):
        op.drop_table(table)
