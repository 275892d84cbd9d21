"""The ledger: entries, lines, balances, deposits and withdrawals."""

import sqlalchemy as sa
from alembic import op

from offchain.core.database import Address, Hash32, Int64, WideInteger

revision = "ledger_0001"
down_revision = None
branch_labels = ("ledger",)
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "ledger_entries",
        sa.Column("event_sequence", Int64, nullable=False, autoincrement=False),
        sa.Column("command_sequence", Int64, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("created_us", Int64, nullable=False),
        sa.PrimaryKeyConstraint("event_sequence", name="pk_ledger_entries"),
    )
    op.create_table(
        "ledger_lines",
        sa.Column("event_sequence", Int64, nullable=False, autoincrement=False),
        sa.Column("line", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("account", Int64, nullable=False),
        sa.Column("asset", sa.Integer, nullable=False),
        sa.Column("purse", sa.SmallInteger, nullable=False),
        sa.Column("amount_units", Int64, nullable=False),
        sa.PrimaryKeyConstraint("event_sequence", "line", name="pk_ledger_lines"),
        sa.ForeignKeyConstraint(
            ["event_sequence"], ["ledger_entries.event_sequence"], name="fk_ledger_lines_event_sequence_ledger_entries"
        ),
    )
    op.create_table(
        "balances",
        sa.Column("account", Int64, nullable=False, autoincrement=False),
        sa.Column("asset", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("total_units", Int64, nullable=False),
        sa.Column("reserved_units", Int64, nullable=False),
        sa.Column("withdrawing_units", Int64, nullable=False),
        sa.PrimaryKeyConstraint("account", "asset", name="pk_balances"),
    )
    op.create_table(
        "deposits",
        sa.Column("sequence", Int64, nullable=False, autoincrement=False),
        sa.Column("account", Int64, nullable=False),
        sa.Column("owner", Address, nullable=False),
        sa.Column("asset", sa.Integer, nullable=False),
        sa.Column("amount_units", Int64, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.SmallInteger, nullable=False),
        sa.Column("block_number", Int64, nullable=False),
        sa.Column("log_index", sa.Integer, nullable=False),
        sa.Column("transaction_hash", Hash32, nullable=False),
        sa.Column("created_us", Int64, nullable=False),
        sa.UniqueConstraint("block_number", "log_index", name="uq_deposits_block_number_log_index"),
        sa.PrimaryKeyConstraint("sequence", name="pk_deposits"),
    )
    op.create_index("ix_deposits_account_sequence", "deposits", ["account", "sequence"])
    op.create_table(
        "withdrawals",
        sa.Column("sequence", Int64, nullable=False, autoincrement=False),
        sa.Column("account", Int64, nullable=False),
        sa.Column("owner", Address, nullable=False),
        sa.Column("asset", sa.Integer, nullable=False),
        sa.Column("amount_units", Int64, nullable=False),
        sa.Column("nonce", WideInteger, nullable=False),
        sa.Column("deadline_s", Int64, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("transaction_hash", Hash32, nullable=True),
        sa.Column("created_us", Int64, nullable=False),
        sa.Column("updated_us", Int64, nullable=False),
        sa.UniqueConstraint("account", "nonce", name="uq_withdrawals_account_nonce"),
        sa.PrimaryKeyConstraint("sequence", name="pk_withdrawals"),
    )
    op.create_index("ix_withdrawals_account_sequence", "withdrawals", ["account", "sequence"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("withdrawals")
    op.drop_table("deposits")
    op.drop_table("balances")
    op.drop_table("ledger_lines")
    op.drop_table("ledger_entries")
