"""Sessions."""

import sqlalchemy as sa
from alembic import op

from offchain.core.database import Address, Hash32, Int64

revision = "api_0001"
down_revision = None
branch_labels = ("api",)
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "sessions",
        sa.Column("session", sa.String(32), nullable=False),
        sa.Column("owner", Address, nullable=False),
        sa.Column("refresh_hash", Hash32, nullable=False),
        sa.Column("created_at_us", Int64, nullable=False),
        sa.Column("expires_at_us", Int64, nullable=False),
        sa.Column("revoked_at_us", Int64, nullable=True),
        sa.PrimaryKeyConstraint("session", name="pk_sessions"),
    )
    op.create_index("ix_sessions_expires_at_us", "sessions", ["expires_at_us"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("sessions")
