"""Public trades and minute candles."""

import sqlalchemy as sa
from alembic import op

from offchain.core.database import Int64, WideInteger

revision = "marketdata_0001"
down_revision = None
branch_labels = ("marketdata",)
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "trades",
        sa.Column("trade_id", Int64, nullable=False, autoincrement=False),
        sa.Column("market", Int64, nullable=False),
        sa.Column("taker_side", sa.SmallInteger, nullable=False),
        sa.Column("price_ticks", Int64, nullable=False),
        sa.Column("quantity_lots", Int64, nullable=False),
        sa.Column("notional_units", Int64, nullable=False),
        sa.Column("created_us", Int64, nullable=False),
        sa.Column("unwound", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("trade_id", name="pk_trades"),
    )
    op.create_index("ix_trades_market_trade_id", "trades", ["market", "trade_id"])
    op.create_table(
        "candles",
        sa.Column("market", Int64, nullable=False, autoincrement=False),
        sa.Column("minute", Int64, nullable=False, autoincrement=False),
        sa.Column("open_ticks", Int64, nullable=False),
        sa.Column("high_ticks", Int64, nullable=False),
        sa.Column("low_ticks", Int64, nullable=False),
        sa.Column("close_ticks", Int64, nullable=False),
        sa.Column("volume_lots", WideInteger, nullable=False),
        sa.Column("notional_units", WideInteger, nullable=False),
        sa.Column("trades", Int64, nullable=False),
        sa.PrimaryKeyConstraint("market", "minute", name="pk_candles"),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("candles")
    op.drop_table("trades")
