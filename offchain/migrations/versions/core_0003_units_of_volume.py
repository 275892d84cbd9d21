"""How many of its quote's units a market counts as one unit of volume."""

import sqlalchemy as sa
from alembic import op

from offchain.core.database import Int64

revision = "core_0003"
down_revision = "core_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Markets that are listed already count each quote unit."""
    column = sa.Column("quote_units_per_volume_unit", Int64, nullable=False, server_default="1")
    op.add_column("markets", column)


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("markets", "quote_units_per_volume_unit")
