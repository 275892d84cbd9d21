"""What the sale, vesting, staking and the revenue router tell."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from offchain.core.database import Address, Hash32, Int64, WideInteger

revision = "indexer_0005"
down_revision = "indexer_0004"
branch_labels = None
depends_on = None

_KINDS: Mapping[str, Any] = {
    "integer": Int64,
    "wide": WideInteger,
    "address": Address,
    "hash": Hash32,
    "name": sa.String(64),
}
_TABLES: Mapping[str, Mapping[str, str]] = {
    "chain_sales": {"wide": "wallet_cap tokens"},
    "chain_sale_rounds": {
        "integer": "round price start_s end_s referral_bps unsold needs_voucher",
        "wide": "tokens soft_cap min_purchase wallet_cap",
    },
    "chain_sale_payments": {"integer": "payment decimals", "address": "token"},
    "chain_sale_shares": {"integer": "bps", "address": "treasury"},
    "chain_sale_vouchers": {"name": "event", "address": "account", "wide": "nonce"},
    "chain_sale_purchases": {"integer": "round payment micros", "address": "buyer referrer", "wide": "tokens"},
    "chain_sale_outcomes": {"integer": "round succeeded", "wide": "raised sold unsold"},
    "chain_sale_payouts": {"name": "event", "integer": "round payment micros", "address": "recipient"},
    "chain_vesting_fundings": {"integer": "pool", "address": "funder", "wide": "amount"},
    "chain_vesting_surpluses": {"integer": "pool", "wide": "amount"},
    "chain_vesting_pools": {
        "integer": "pool start_s cliff_s end_s start_bps revocable",
        "hash": "root",
        "wide": "total",
    },
    "chain_vesting_claims": {"integer": "pool", "address": "account recipient", "wide": "amount claimed"},
    "chain_vesting_revocations": {"integer": "pool", "address": "account", "wide": "vested returned"},
    "chain_staking_tiers": {"integer": "tier", "wide": "threshold"},
    "chain_staking_rewards": {"integer": "reward", "address": "token"},
    "chain_staking_notices": {"integer": "reward end_s", "address": "payer", "wide": "amount"},
    "chain_staking_moves": {
        "name": "event",
        "address": "contract account",
        "integer": "request at_s",
        "wide": "amount staked",
    },
    "chain_staking_payments": {"integer": "reward", "address": "account", "wide": "amount"},
    "chain_staking_forfeits": {"address": "account"},
    "chain_revenue_splits": {"integer": "stakers_bps buyback_bps treasury_bps insurance_bps"},
    "chain_revenue_collections": {"integer": "asset", "address": "token", "wide": "amount"},
    "chain_revenue_routings": {"address": "token keeper", "wide": "bounty stakers buyback treasury insurance"},
    "chain_revenue_terms": {
        "address": "token",
        "wide": "daily_cap min_amount",
        "integer": "start_bps floor_bps duration_s",
    },
    "chain_revenue_auctions": {"integer": "auction", "address": "token", "wide": "amount start_price floor_price"},
    "chain_revenue_purchases": {"integer": "auction", "address": "buyer", "wide": "amount qtra"},
    "chain_revenue_auction_ends": {"integer": "auction", "wide": "unsold"},
    "chain_revenue_prices": {"address": "token", "wide": "price"},
}
"""The columns of each table beside those of its log, by kind."""
_INDEXED = {
    "chain_sale_vouchers": ("account",),
    "chain_sale_purchases": ("buyer", "referrer"),
    "chain_sale_payouts": ("recipient",),
    "chain_vesting_claims": ("account",),
    "chain_vesting_revocations": ("account",),
    "chain_staking_moves": ("account",),
    "chain_staking_payments": ("account",),
    "chain_staking_forfeits": ("account",),
}


def upgrade() -> None:
    """Creates the tables."""
    for name, kinds in _TABLES.items():
        op.create_table(
            name,
            sa.Column("chain_id", Int64, nullable=False, autoincrement=False),
            sa.Column("block_number", Int64, nullable=False, autoincrement=False),
            sa.Column("log_index", Int64, nullable=False, autoincrement=False),
            sa.Column("block_hash", Hash32, nullable=False),
            sa.Column("transaction_hash", Hash32, nullable=False),
            sa.Column("timestamp_s", Int64, nullable=False),
            *[
                sa.Column(column, _KINDS[kind], nullable=False)
                for kind, columns in kinds.items()
                for column in columns.split()
            ],
            sa.PrimaryKeyConstraint("chain_id", "block_number", "log_index", "block_hash", name=f"pk_{name}"),
        )
        for column in _INDEXED.get(name, ()):
            op.create_index(f"ix_{name}_{column}", name, [column])
    op.create_table(
        "chain_stakes",
        sa.Column("chain_id", Int64, nullable=False, autoincrement=False),
        sa.Column("contract", Address, nullable=False),
        sa.Column("account", Address, nullable=False),
        sa.Column("amount", WideInteger, nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "contract", "account", name="pk_chain_stakes"),
    )


def downgrade() -> None:
    """Drops the tables."""
    for name in ("chain_stakes", *_TABLES):
        op.drop_table(name)
