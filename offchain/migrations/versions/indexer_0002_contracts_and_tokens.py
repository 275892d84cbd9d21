"""Several contracts: whose logs are kept, each log's contract, and the transfers and holders of the token."""

import sqlalchemy as sa
from alembic import op

from offchain.core.database import Address, Hash32, Int64, WideInteger

revision = "indexer_0002"
down_revision = "indexer_0001"
branch_labels = None
depends_on = None

_TRANSFERS = "chain_token_transfers"


def upgrade() -> None:
    """Creates the tables; what is stored already is of the one contract that there was."""
    contracts = op.create_table(
        "indexer_contracts",
        sa.Column("chain_id", Int64, nullable=False, autoincrement=False),
        sa.Column("address", Address, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("first_block", Int64, nullable=False),
        sa.Column("joined", sa.Boolean, nullable=False),
        sa.Column("through_number", Int64, nullable=False),
        sa.Column("through_hash", Hash32, nullable=True),
        sa.PrimaryKeyConstraint("chain_id", "address", name="pk_indexer_contracts"),
    )
    cursors = sa.table("indexer_cursors", sa.column("chain_id", Int64), sa.column("contract", Address))
    settlement = sa.select(
        cursors.c.chain_id, cursors.c.contract, sa.literal("Settlement"), sa.literal(0), sa.true(), sa.literal(-1)
    )
    names = ["chain_id", "address", "name", "first_block", "joined", "through_number"]
    op.execute(contracts.insert().from_select(names, settlement))
    op.add_column("indexer_logs", sa.Column("contract", Address, nullable=True))
    logs = sa.table("indexer_logs", sa.column("chain_id", Int64), sa.column("contract", Address))
    op.execute(
        logs.update().values(
            contract=sa.select(cursors.c.contract).where(cursors.c.chain_id == logs.c.chain_id).scalar_subquery()
        )
    )
    with op.batch_alter_table("indexer_logs") as table:
        table.alter_column("contract", existing_type=Address, nullable=False)
    unreadable = sa.text("error <> ''")
    op.create_index(
        "ix_indexer_logs_unreadable",
        "indexer_logs",
        ["chain_id"],
        postgresql_where=unreadable,
        sqlite_where=unreadable,
    )
    op.create_table(
        _TRANSFERS,
        sa.Column("chain_id", Int64, nullable=False, autoincrement=False),
        sa.Column("block_hash", Hash32, nullable=False),
        sa.Column("log_index", Int64, nullable=False, autoincrement=False),
        sa.Column("block_number", Int64, nullable=False),
        sa.Column("transaction_hash", Hash32, nullable=False),
        sa.Column("timestamp_s", Int64, nullable=False),
        sa.Column("token", Address, nullable=False),
        sa.Column("sender", Address, nullable=False),
        sa.Column("recipient", Address, nullable=False),
        sa.Column("amount", WideInteger, nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "block_hash", "log_index", name=f"pk_{_TRANSFERS}"),
    )
    op.create_index(
        f"ix_{_TRANSFERS}_chain_id_block_number_log_index", _TRANSFERS, ["chain_id", "block_number", "log_index"]
    )
    op.create_table(
        "chain_token_balances",
        sa.Column("chain_id", Int64, nullable=False, autoincrement=False),
        sa.Column("token", Address, nullable=False),
        sa.Column("holder", Address, nullable=False),
        sa.Column("amount", WideInteger, nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "token", "holder", name="pk_chain_token_balances"),
    )


def downgrade() -> None:
    """Drops the tables."""
    op.drop_table("chain_token_balances")
    op.drop_table(_TRANSFERS)
    op.drop_index("ix_indexer_logs_unreadable", "indexer_logs")
    op.drop_column("indexer_logs", "contract")
    op.drop_table("indexer_contracts")
