"""What operators have set for accounts and for the whole exchange."""

import sqlalchemy as sa
from alembic import op

from offchain.core.database import Address, Int64

revision = "core_0002"
down_revision = "core_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "operator_settings",
        sa.Column("kind", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("account", Int64, nullable=False, autoincrement=False),
        sa.Column("market", Int64, nullable=False, autoincrement=False),
        sa.Column("asset", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("tier", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("mode", sa.SmallInteger, nullable=False),
        sa.Column("quantity", Int64, nullable=False),
        sa.Column("amount", Int64, nullable=False),
        sa.Column("counter_amount", Int64, nullable=False),
        sa.Column("maker_fee_ppm", sa.Integer, nullable=False),
        sa.Column("taker_fee_ppm", sa.Integer, nullable=False),
        sa.Column("operator", Address, nullable=True),
        sa.Column("sequence", Int64, nullable=False),
        sa.Column("updated_us", Int64, nullable=False),
        sa.PrimaryKeyConstraint("kind", "account", "market", "asset", "tier", name="pk_operator_settings"),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("operator_settings")
