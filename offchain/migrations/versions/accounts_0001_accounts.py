"""Accounts."""

import sqlalchemy as sa
from alembic import op

from offchain.core.database import Address, Int64

revision = "accounts_0001"
down_revision = None
branch_labels = ("accounts",)
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "accounts",
        sa.Column("account", Int64, nullable=False, autoincrement=False),
        sa.Column("owner", Address, nullable=False),
        sa.Column("opened_us", Int64, nullable=False),
        sa.UniqueConstraint("owner", name="uq_accounts_owner"),
        sa.PrimaryKeyConstraint("account", name="pk_accounts"),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("accounts")
