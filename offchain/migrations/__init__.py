"""Alembic migrations: one branch of revisions per room; `offchain.core.database` says how to add one."""
