"""Rows of logs are keyed in the order of the chain, so that each table has one index of them instead of two."""

from alembic import op

revision = "indexer_0004"
down_revision = "indexer_0003"
branch_labels = None
depends_on = None

_TABLES = (
    "indexer_logs",
    "chain_deposits",
    "chain_payouts",
    "chain_requests",
    "chain_batches",
    "chain_skipped_fills",
    "chain_skipped_groups",
    "chain_sessions",
    "chain_isolated_events",
    "chain_token_transfers",
)


def upgrade() -> None:
    """Makes the keys again; the index that had this order goes."""
    for name in _TABLES:
        op.drop_index(f"ix_{name}_chain_id_block_number_log_index", name)
        _key(name, "chain_id", "block_number", "log_index", "block_hash")


def downgrade() -> None:
    """Makes key and index as they were."""
    for name in _TABLES:
        _key(name, "chain_id", "block_hash", "log_index")
        op.create_index(f"ix_{name}_chain_id_block_number_log_index", name, ["chain_id", "block_number", "log_index"])


def _key(name: str, *columns: str) -> None:
    with op.batch_alter_table(name) as table:
        table.drop_constraint(f"pk_{name}", type_="primary")
        table.create_primary_key(f"pk_{name}", list(columns))
