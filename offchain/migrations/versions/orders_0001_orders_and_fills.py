"""Orders, fills and prevented matches."""

import sqlalchemy as sa
from alembic import op

from offchain.core.database import Int64

revision = "orders_0001"
down_revision = None
branch_labels = ("orders",)
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _create_orders()
    _create_fills()
    _create_prevented_matches()


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("order_id", Int64, nullable=False, autoincrement=False),
        sa.Column("account", Int64, nullable=False),
        sa.Column("client_order_id", sa.String(36), nullable=False),
        sa.Column("market", Int64, nullable=False),
        sa.Column("side", sa.SmallInteger, nullable=False),
        sa.Column("order_type", sa.SmallInteger, nullable=False),
        sa.Column("time_in_force", sa.SmallInteger, nullable=False),
        sa.Column("post_only", sa.SmallInteger, nullable=False),
        sa.Column("self_trade_prevention", sa.SmallInteger, nullable=False),
        sa.Column("signed_price_ticks", Int64, nullable=False),
        sa.Column("signed_quantity_lots", Int64, nullable=False),
        sa.Column("trigger_price_ticks", Int64, nullable=False),
        sa.Column("budget_units", Int64, nullable=False),
        sa.Column("replaces", Int64, nullable=True),
        sa.Column("price_ticks", Int64, nullable=False),
        sa.Column("quantity_lots", Int64, nullable=False),
        sa.Column("filled_lots", Int64, nullable=False),
        sa.Column("remaining_lots", Int64, nullable=False),
        sa.Column("prevented_lots", Int64, nullable=False),
        sa.Column("notional_units", Int64, nullable=False),
        sa.Column("fee_units", Int64, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.SmallInteger, nullable=False),
        sa.Column("is_triggered", sa.Boolean, nullable=False),
        sa.Column("replaced_by", Int64, nullable=True),
        sa.Column("lane", Int64, nullable=False),
        sa.Column("seq", Int64, nullable=False),
        sa.Column("max_fee_bps", sa.Integer, nullable=False),
        sa.Column("expiry_s", Int64, nullable=False),
        sa.Column("created_us", Int64, nullable=False),
        sa.Column("updated_us", Int64, nullable=False),
        sa.Column("updated_sequence", Int64, nullable=False),
        sa.UniqueConstraint("account", "client_order_id", name="uq_orders_account_client_order_id"),
        sa.PrimaryKeyConstraint("order_id", name="pk_orders"),
    )
    op.create_index("ix_orders_account_order_id", "orders", ["account", "order_id"])
    op.create_index(
        "ix_orders_open",
        "orders",
        ["account"],
        sqlite_where=sa.text("remaining_lots > 0"),
        postgresql_where=sa.text("remaining_lots > 0"),
    )


def _create_fills() -> None:
    op.create_table(
        "fills",
        sa.Column("fill_id", Int64, nullable=False, autoincrement=False),
        sa.Column("command_sequence", Int64, nullable=False),
        sa.Column("market", Int64, nullable=False),
        sa.Column("taker_side", sa.SmallInteger, nullable=False),
        sa.Column("price_ticks", Int64, nullable=False),
        sa.Column("quantity_lots", Int64, nullable=False),
        sa.Column("notional_units", Int64, nullable=False),
        sa.Column("taker_account", Int64, nullable=False),
        sa.Column("taker_order_id", Int64, nullable=False),
        sa.Column("taker_fee_units", Int64, nullable=False),
        sa.Column("maker_account", Int64, nullable=False),
        sa.Column("maker_order_id", Int64, nullable=False),
        sa.Column("maker_fee_units", Int64, nullable=False),
        sa.Column("created_us", Int64, nullable=False),
        sa.Column("batch_number", Int64, nullable=True),
        sa.Column("unwound_reason", sa.SmallInteger, nullable=True),
        sa.PrimaryKeyConstraint("fill_id", name="pk_fills"),
    )
    op.create_index("ix_fills_maker_account_fill_id", "fills", ["maker_account", "fill_id"])
    op.create_index(
        "ix_fills_pending",
        "fills",
        ["command_sequence"],
        sqlite_where=sa.text("batch_number IS NULL"),
        postgresql_where=sa.text("batch_number IS NULL"),
    )
    op.create_index("ix_fills_taker_account_fill_id", "fills", ["taker_account", "fill_id"])


def _create_prevented_matches() -> None:
    op.create_table(
        "prevented_matches",
        sa.Column("prevented_id", Int64, nullable=False, autoincrement=False),
        sa.Column("command_sequence", Int64, nullable=False),
        sa.Column("account", Int64, nullable=False),
        sa.Column("market", Int64, nullable=False),
        sa.Column("side", sa.SmallInteger, nullable=False),
        sa.Column("price_ticks", Int64, nullable=False),
        sa.Column("quantity_lots", Int64, nullable=False),
        sa.Column("order_id", Int64, nullable=False),
        sa.Column("remaining_lots", Int64, nullable=False),
        sa.Column("resting_order_id", Int64, nullable=False),
        sa.Column("resting_remaining_lots", Int64, nullable=False),
        sa.Column("mode", sa.SmallInteger, nullable=False),
        sa.Column("created_us", Int64, nullable=False),
        sa.PrimaryKeyConstraint("prevented_id", name="pk_prevented_matches"),
    )
    op.create_index("ix_prevented_matches_account_prevented_id", "prevented_matches", ["account", "prevented_id"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("prevented_matches")
    op.drop_table("fills")
    op.drop_table("orders")
