"""Vesting: the pools of `MerkleVesting`, and what was claimed of them."""

from collections import Counter
from typing import Final

from sqlalchemy.orm import Mapped, Session, mapped_column

from indexer.project.projection import Projection
from indexer.project.reading import ContractReader, Mismatch
from indexer.project.rows import fields_of, row_of, rows_until, struct_of
from indexer.store.models import LogRow
from offchain.core.database import Address, Base, Hash32, Int64, WideInteger


class ChainVestingFunding(LogRow, Base):
    """A `PoolFunded` log. Amounts of this room are base units of QTRA."""

    __tablename__ = "chain_vesting_fundings"

    pool: Mapped[int] = mapped_column(Int64)
    funder: Mapped[bytes] = mapped_column(Address)
    amount: Mapped[int] = mapped_column(WideInteger)


class ChainVestingSurplus(LogRow, Base):
    """A `SurplusReturned` log: what a pool held beyond its total, and went to the treasury."""

    __tablename__ = "chain_vesting_surpluses"

    pool: Mapped[int] = mapped_column(Int64)
    amount: Mapped[int] = mapped_column(WideInteger)


class ChainVestingPool(LogRow, Base):
    """A `PoolPublished` log: the root of a pool's tree, what its leaves add up to, and when they vest."""

    __tablename__ = "chain_vesting_pools"

    pool: Mapped[int] = mapped_column(Int64)
    root: Mapped[bytes] = mapped_column(Hash32)
    total: Mapped[int] = mapped_column(WideInteger)
    start_s: Mapped[int] = mapped_column(Int64)
    cliff_s: Mapped[int] = mapped_column(Int64)
    end_s: Mapped[int] = mapped_column(Int64)
    start_bps: Mapped[int] = mapped_column(Int64)
    revocable: Mapped[int] = mapped_column(Int64)


class ChainVestingClaim(LogRow, Base):
    """A `Claimed` log: what was paid, and all that the account has claimed of the pool after it."""

    __tablename__ = "chain_vesting_claims"

    pool: Mapped[int] = mapped_column(Int64)
    account: Mapped[bytes] = mapped_column(Address, index=True)
    recipient: Mapped[bytes] = mapped_column(Address)
    amount: Mapped[int] = mapped_column(WideInteger)
    claimed: Mapped[int] = mapped_column(WideInteger)


class ChainVestingRevocation(LogRow, Base):
    """A `Revoked` log: what the account keeps, and what went back."""

    __tablename__ = "chain_vesting_revocations"

    pool: Mapped[int] = mapped_column(Int64)
    account: Mapped[bytes] = mapped_column(Address, index=True)
    vested: Mapped[int] = mapped_column(WideInteger)
    returned: Mapped[int] = mapped_column(WideInteger)


_SCHEDULE: Final = ("start_s", "cliff_s", "end_s", "start_bps", "revocable")
"""The columns of a pool's schedule, in the order of the contract's struct."""


async def _check(session: Session, chain_id: int, reader: ContractReader) -> list[Mismatch]:
    """What each pool was funded with, its terms, who has claimed what and is revoked; and that nobody is missing."""
    until = (session, chain_id, reader.block_number)
    funded: Counter[tuple[int]] = Counter()
    for funding in rows_until(ChainVestingFunding, *until):
        funded[funding.pool,] += funding.amount
    for surplus in rows_until(ChainVestingSurplus, *until):
        funded[surplus.pool,] -= surplus.amount
    published = rows_until(ChainVestingPool, *until)
    claimed: dict[tuple[int, bytes], int] = {}
    for claim in rows_until(ChainVestingClaim, *until):
        claimed[claim.pool, claim.account] = claim.claimed
    revocations = rows_until(ChainVestingRevocation, *until)
    for row in revocations:
        claimed[row.pool, row.account] = row.vested
    revoked = {(row.pool, row.account): True for row in revocations}
    proved = [place for place in claimed if place not in revoked]
    left = Counter({(row.pool,): row.total for row in published})
    for (pool, _), allocation in zip(proved, await reader.read_many("allocationOf", proved), strict=True):
        left[pool,] -= allocation
    for row in revocations:
        left[row.pool,] -= row.vested + row.returned
    return [
        *await reader.differences("funding of pool", "fundedOf", funded),
        *await reader.differences("root of pool", "rootOf", {(row.pool,): row.root for row in published}),
        *await reader.differences("total of pool", "totalOf", {(row.pool,): row.total for row in published}),
        *await reader.differences(
            "schedule of pool", "scheduleOf", {(row.pool,): struct_of(row, _SCHEDULE) for row in published}
        ),
        *await reader.differences("what nobody has proved of pool", "leftOf", left),
        *await reader.differences("claims of pool and account", "claimedOf", claimed),
        *await reader.differences("revocation of pool and account", "isRevoked", revoked),
    ]


VESTING: Final = Projection(
    name="vesting",
    contracts=frozenset({"MerkleVesting"}),
    events={
        "PoolFunded": row_of(ChainVestingFunding, "pool", "funder", "amount"),
        "SurplusReturned": row_of(ChainVestingSurplus, "pool", "amount"),
        "PoolPublished": row_of(
            ChainVestingPool,
            "pool",
            "root",
            "total",
            **fields_of("schedule", _SCHEDULE),
        ),
        "Claimed": row_of(ChainVestingClaim, "pool", "account", "recipient", "amount", "claimed"),
        "Revoked": row_of(ChainVestingRevocation, "pool", "account", "vested", "returned"),
    },
    check=_check,
)
