"""The tables of the indexer: cursor, blocks, raw logs and what they project to."""

import sqlalchemy as sa
from alembic import op

from offchain.core.database import Address, Hash32, Int64, WideInteger

revision = "indexer_0001"
down_revision = None
branch_labels = ("indexer",)
depends_on = None

_OWNED = ("chain_deposits", "chain_payouts", "chain_requests")
_NUMBERED = ("chain_batches", "chain_skipped_fills")


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


def _owner() -> sa.Column[object]:
    return sa.Column("owner", Address, nullable=False)


def _integers(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, Int64, nullable=False) for name in names]


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "indexer_cursors",
        sa.Column("chain_id", Int64, nullable=False, autoincrement=False),
        sa.Column("contract", Address, nullable=False),
        sa.Column("head_number", Int64, nullable=False),
        sa.Column("head_hash", Hash32, nullable=False),
        sa.Column("final_number", Int64, nullable=False),
        sa.Column("final_hash", Hash32, nullable=False),
        *_integers("reorgs", "deepest_reorg"),
        sa.PrimaryKeyConstraint("chain_id", name="pk_indexer_cursors"),
    )
    op.create_table(
        "indexer_blocks",
        sa.Column("chain_id", Int64, nullable=False, autoincrement=False),
        sa.Column("number", Int64, nullable=False, autoincrement=False),
        sa.Column("hash", Hash32, nullable=False),
        *_integers("timestamp_s"),
        sa.PrimaryKeyConstraint("chain_id", "number", name="pk_indexer_blocks"),
    )
    _log_table(
        "indexer_logs",
        sa.Column("topics", sa.LargeBinary, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("error", sa.String(300), nullable=False),
    )
    _log_table("chain_deposits", _owner(), *_integers("asset", "amount"))
    _log_table("chain_payouts", _owner(), *_integers("asset", "amount"), sa.Column("nonce", WideInteger, nullable=True))
    _log_table(
        "chain_requests",
        sa.Column("event", sa.String(64), nullable=False),
        _owner(),
        *_integers("asset", "floor", "effective_at_s"),
    )
    _log_table(
        "chain_batches",
        *_integers("number", "through_sequence", "fills", "skipped"),
        sa.Column("batch_hash", Hash32, nullable=False),
        sa.Column("journal_root", Hash32, nullable=False),
    )
    _log_table("chain_skipped_fills", *_integers("number", "fill", "reason"))
    for name in _OWNED:
        op.create_index(f"ix_{name}_owner", name, ["owner"])
    for name in _NUMBERED:
        op.create_index(f"ix_{name}_number", name, ["number"])


def downgrade() -> None:
    """Drops the tables."""
    for name in (*_NUMBERED, *_OWNED, "indexer_logs", "indexer_blocks", "indexer_cursors"):
        op.drop_table(name)
