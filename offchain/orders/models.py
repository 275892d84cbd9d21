"""Tables of orders, fills and prevented matches; `order_life` and `prevention` in `offchain.core` describe them."""

from sqlalchemy import Boolean, Index, Integer, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from offchain.core.database import Base, Int64

_OPEN = text("remaining_lots > 0")
_PENDING = text("batch_number IS NULL")


class OrderRow(Base):
    """An order, from its acceptance to its end."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("account", "client_order_id"),
        Index(None, "account", "order_id"),
        Index("ix_orders_open", "account", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    order_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    account: Mapped[int] = mapped_column(Int64)
    client_order_id: Mapped[str] = mapped_column(String(36))
    market: Mapped[int] = mapped_column(Int64)
    side: Mapped[int] = mapped_column(SmallInteger)
    order_type: Mapped[int] = mapped_column(SmallInteger)
    time_in_force: Mapped[int] = mapped_column(SmallInteger)
    post_only: Mapped[int] = mapped_column(SmallInteger)
    self_trade_prevention: Mapped[int] = mapped_column(SmallInteger)
    signed_price_ticks: Mapped[int] = mapped_column(Int64)
    signed_quantity_lots: Mapped[int] = mapped_column(Int64)
    trigger_price_ticks: Mapped[int] = mapped_column(Int64)
    budget_units: Mapped[int] = mapped_column(Int64)
    replaces: Mapped[int | None] = mapped_column(Int64)
    price_ticks: Mapped[int] = mapped_column(Int64)
    quantity_lots: Mapped[int] = mapped_column(Int64)
    filled_lots: Mapped[int] = mapped_column(Int64)
    remaining_lots: Mapped[int] = mapped_column(Int64)
    prevented_lots: Mapped[int] = mapped_column(Int64)
    notional_units: Mapped[int] = mapped_column(Int64)
    fee_units: Mapped[int] = mapped_column(Int64)
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[int] = mapped_column(SmallInteger)
    is_triggered: Mapped[bool] = mapped_column(Boolean)
    replaced_by: Mapped[int | None] = mapped_column(Int64)
    lane: Mapped[int] = mapped_column(Int64)
    seq: Mapped[int] = mapped_column(Int64)
    max_fee_bps: Mapped[int] = mapped_column(Integer)
    expiry_s: Mapped[int] = mapped_column(Int64)
    created_us: Mapped[int] = mapped_column(Int64)
    updated_us: Mapped[int] = mapped_column(Int64)
    updated_sequence: Mapped[int] = mapped_column(Int64)


class FillRow(Base):
    """A fill, by the sequence of its event."""

    __tablename__ = "fills"
    __table_args__ = (
        Index(None, "taker_account", "fill_id"),
        Index(None, "maker_account", "fill_id"),
        Index("ix_fills_pending", "command_sequence", sqlite_where=_PENDING, postgresql_where=_PENDING),
    )

    fill_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    command_sequence: Mapped[int] = mapped_column(Int64)
    market: Mapped[int] = mapped_column(Int64)
    taker_side: Mapped[int] = mapped_column(SmallInteger)
    price_ticks: Mapped[int] = mapped_column(Int64)
    quantity_lots: Mapped[int] = mapped_column(Int64)
    notional_units: Mapped[int] = mapped_column(Int64)
    taker_account: Mapped[int] = mapped_column(Int64)
    taker_order_id: Mapped[int] = mapped_column(Int64)
    taker_fee_units: Mapped[int] = mapped_column(Int64)
    maker_account: Mapped[int] = mapped_column(Int64)
    maker_order_id: Mapped[int] = mapped_column(Int64)
    maker_fee_units: Mapped[int] = mapped_column(Int64)
    created_us: Mapped[int] = mapped_column(Int64)
    batch_number: Mapped[int | None] = mapped_column(Int64)
    unwound_reason: Mapped[int | None] = mapped_column(SmallInteger)


class PreventedMatchRow(Base):
    """A match that self-trade prevention kept from happening, by the sequence of its event."""

    __tablename__ = "prevented_matches"
    __table_args__ = (Index(None, "account", "prevented_id"),)

    prevented_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    command_sequence: Mapped[int] = mapped_column(Int64)
    account: Mapped[int] = mapped_column(Int64)
    market: Mapped[int] = mapped_column(Int64)
    side: Mapped[int] = mapped_column(SmallInteger)
    price_ticks: Mapped[int] = mapped_column(Int64)
    quantity_lots: Mapped[int] = mapped_column(Int64)
    order_id: Mapped[int] = mapped_column(Int64)
    remaining_lots: Mapped[int] = mapped_column(Int64)
    resting_order_id: Mapped[int] = mapped_column(Int64)
    resting_remaining_lots: Mapped[int] = mapped_column(Int64)
    mode: Mapped[int] = mapped_column(SmallInteger)
    created_us: Mapped[int] = mapped_column(Int64)
