"""What the contract tells of session keys, isolated accounts and skipped net groups."""

import sqlalchemy as sa
from alembic import op

from offchain.core.database import Address, Hash32, Int64, WideInteger

revision = "indexer_0003"
down_revision = "indexer_0002"
branch_labels = None
depends_on = None

_OWNED = ("chain_sessions", "chain_isolated_events")
_GROUPS = "chain_skipped_groups"


def _log_table(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("chain_id", Int64, nullable=False, autoincrement=False),
        sa.Column("block_hash", Hash32, nullable=False),
        sa.Column("log_index", Int64, nullable=False, autoincrement=False),
        sa.Column("block_number", Int64, nullable=False),
        sa.Column("transaction_hash", Hash32, nullable=False),
        sa.Column("timestamp_s", Int64, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("chain_id", "block_hash", "log_index", name=f"pk_{name}"),
    )
    op.create_index(f"ix_{name}_chain_id_block_number_log_index", name, ["chain_id", "block_number", "log_index"])


def _integers(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, Int64, nullable=False) for name in names]


def _event_of_owner() -> list[sa.Column[object]]:
    return [sa.Column("event", sa.String(64), nullable=False), sa.Column("owner", Address, nullable=False)]


def upgrade() -> None:
    """Creates the tables."""
    _log_table(
        "chain_sessions",
        *_event_of_owner(),
        sa.Column("key", Address, nullable=False),
        *_integers("market", "until_s"),
        sa.Column("base_limit", WideInteger, nullable=False),
        sa.Column("quote_limit", WideInteger, nullable=False),
    )
    _log_table(
        "chain_isolated_events",
        *_event_of_owner(),
        *_integers("market", "asset", "amount", "floor", "effective_at_s"),
        sa.Column("nonce", WideInteger, nullable=True),
    )
    _log_table(_GROUPS, *_integers("number", "net_group", "reason", "item"))
    for name in _OWNED:
        op.create_index(f"ix_{name}_owner", name, ["owner"])
    op.create_index(f"ix_{_GROUPS}_number", _GROUPS, ["number"])


def downgrade() -> None:
    """Drops the tables."""
    for name in (*_OWNED, _GROUPS):
        op.drop_table(name)
