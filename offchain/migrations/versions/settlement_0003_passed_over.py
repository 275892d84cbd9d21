"""Whose statements kept a net group from settling, so that they are not asked for a while, also after a restart."""

import sqlalchemy as sa
from alembic import op

from offchain.core.database import Address, Int64

revision = "settlement_0003"
down_revision = "settlement_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "settlement_passed_over",
        sa.Column("owner", Address, nullable=False),
        sa.Column("until_batch", Int64, nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_settlement_passed_over"),
    )


def downgrade() -> None:
    """Drops it."""
    op.drop_table("settlement_passed_over")
