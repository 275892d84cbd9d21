"""What a batch costs, what was sent of it, and the orders that were signed again with netted statements."""

import sqlalchemy as sa
from alembic import op

from offchain.core.database import Address, Int64

revision = "settlement_0002"
down_revision = "settlement_0001"
branch_labels = None
depends_on = None

_COUNTS = ("by_orders", "statements", "netted_fills")


def upgrade() -> None:
    """Adds the columns and the table."""
    with op.batch_alter_table("settlement_batches") as batches:
        for name in _COUNTS:
            batches.add_column(sa.Column(name, Int64, nullable=False, server_default="0"))
        for name in ("sent_payload", "net"):
            batches.add_column(sa.Column(name, sa.LargeBinary, nullable=True))
        for name in ("left_over_of", "signed_block", "gas_used"):
            batches.add_column(sa.Column(name, Int64, nullable=True))
    with op.batch_alter_table("settlement_batches") as batches:
        for name in _COUNTS:
            batches.alter_column(name, server_default=None)
    op.create_table(
        "settlement_ladders",
        sa.Column("id", Int64, nullable=False, autoincrement=True),
        sa.Column("command_sequence", Int64, nullable=False),
        sa.Column("owner", Address, nullable=False),
        sa.Column("base", Int64, nullable=False),
        sa.Column("market", Int64, nullable=False),
        sa.Column("floor", Int64, nullable=False),
        sa.Column("top_seq", Int64, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_settlement_ladders"),
        sa.UniqueConstraint("command_sequence", "market", name="uq_settlement_ladders_command_sequence_market"),
    )
    op.create_index("ix_settlement_ladders_owner_base", "settlement_ladders", ["owner", "base"])


def downgrade() -> None:
    """Drops them."""
    op.drop_table("settlement_ladders")
    with op.batch_alter_table("settlement_batches") as batches:
        for name in (
            "by_orders",
            "statements",
            "netted_fills",
            "sent_payload",
            "net",
            "left_over_of",
            "signed_block",
            "gas_used",
        ):
            batches.drop_column(name)
