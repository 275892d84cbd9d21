"""The listed assets and markets, and how far each projection is."""

import sqlalchemy as sa
from alembic import op

from offchain.core.database import Address, Int64

revision = "core_0001"
down_revision = None
branch_labels = ("core",)
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "assets",
        sa.Column("asset", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("symbol", sa.String, nullable=False),
        sa.Column("token", Address, nullable=False),
        sa.Column("token_decimals", sa.SmallInteger, nullable=False),
        sa.Column("unit_scale", Int64, nullable=False),
        sa.PrimaryKeyConstraint("asset", name="pk_assets"),
    )
    op.create_table(
        "markets",
        sa.Column("market", Int64, nullable=False, autoincrement=False),
        sa.Column("symbol", sa.String, nullable=False),
        sa.Column("base_asset", sa.Integer, nullable=False),
        sa.Column("quote_asset", sa.Integer, nullable=False),
        sa.Column("base_units_per_lot", Int64, nullable=False),
        sa.Column("quote_units_per_tick_lot", Int64, nullable=False),
        sa.Column("max_price_ticks", Int64, nullable=False),
        sa.Column("max_quantity_lots", Int64, nullable=False),
        sa.Column("min_quantity_lots", Int64, nullable=False),
        sa.Column("min_notional_units", Int64, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("is_killed", sa.Boolean, nullable=False),
        sa.Column("max_notional_units", Int64, nullable=False),
        sa.Column("band_ppm", sa.Integer, nullable=False),
        sa.Column("fat_finger_ppm", sa.Integer, nullable=False),
        sa.Column("breaker_ppm", sa.Integer, nullable=False),
        sa.Column("breaker_window_us", Int64, nullable=False),
        sa.PrimaryKeyConstraint("market", name="pk_markets"),
    )
    op.create_table(
        "projection_cursors",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("sequence", Int64, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_projection_cursors"),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("projection_cursors")
    op.drop_table("markets")
    op.drop_table("assets")
