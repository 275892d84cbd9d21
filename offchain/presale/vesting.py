"""What vesting can be asked: its pools, and what of an account's allocation has vested, was claimed and can be claimed.

Times are seconds since 1970 and the chain's own; amounts are base units of QTRA. Read from the indexer's tables, as of
their newest block, and from the trees that were published.
"""

from collections import Counter, defaultdict
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from indexer.project.vesting import (
    ChainVestingClaim,
    ChainVestingFunding,
    ChainVestingPool,
    ChainVestingRevocation,
    ChainVestingSurplus,
)
from indexer.store.asking import Moment, OncePerBlock, moment_of, newest_of, rows_of, summed
from offchain.core.database import reading_sessions
from offchain.presale.proofs import ProofFiles
from offchain.presale.schedule import Schedule

CLAIMS_MAX: Final = 100
"""The newest payments to an account, of all pools, that are told."""


class Published(msgspec.Struct, frozen=True):
    """A pool's root, what its leaves add up to, and its schedule."""

    root: bytes
    total: int
    schedule: Schedule
    is_final: bool


class Pool(msgspec.Struct, frozen=True):
    """A pool. `published` is null until its root is written; `claimed` and `returned` are of all accounts."""

    number: int
    funded: int
    claimed: int
    returned: int
    published: Published | None


class Pools(msgspec.Struct, frozen=True):
    """All pools."""

    moment: Moment
    pools: tuple[Pool, ...]


class Claim(msgspec.Struct, frozen=True):
    """A payment to an account, or to the recipient that it named."""

    recipient: bytes
    amount: int
    transaction_hash: bytes
    timestamp_s: int
    is_final: bool


class Holding(msgspec.Struct, frozen=True):
    """An account in a published pool.

    Attributes:
        pool: the pool's number.
        schedule: when it vests.
        allocation: what the account gets in all; null if the pool's tree is not here, so that nobody can tell.
        vested: what of it has vested; of a revoked account what it kept.
        claimed: what was paid.
        claimed_pending: what of it is not final yet.
        claimable: what it can claim now.
        points: the schedule of its allocation: (time, vested).
        proof: what `claim` takes; null without the tree, or once the account is revoked.
        is_revoked: whether the rest was taken back.
        claims: the newest payments, newest first.
    """

    pool: int
    schedule: Schedule
    allocation: int | None
    vested: int
    claimed: int
    claimed_pending: int
    claimable: int
    points: tuple[tuple[int, int], ...]
    proof: tuple[bytes, ...] | None
    is_revoked: bool
    claims: tuple[Claim, ...]


class Vesting(msgspec.Struct, frozen=True):
    """An account in every published pool that has it, or may have it."""

    moment: Moment
    holdings: tuple[Holding, ...]


class _Paid(NamedTuple):
    """What an account was paid, by pool: in all, what of it is not final, and the newest payments."""

    claimed: Counter[int]
    pending: Counter[int]
    newest: defaultdict[int, list[Claim]]


class VestingService:
    """The vesting of one chain."""

    def __init__(self, database: Engine, chain_id: int, proofs: ProofFiles) -> None:
        self._sessions = reading_sessions(database)
        self._chain_id = chain_id
        self._proofs = proofs
        self._pools = OncePerBlock()
        self._published = OncePerBlock()

    def preload(self) -> None:
        """Reads the trees, which takes a while."""
        self._proofs.preload()

    def pools(self) -> Pools | None:
        """All pools as of the newest stored block; nothing before there is one."""
        with self._sessions() as session:
            moment = moment_of(session, self._chain_id)
            return None if moment is None else self._pools.get(moment, lambda: self._read_pools(session, moment))

    def account(self, owner: bytes) -> Vesting | None:
        """An account as of the newest stored block; nothing before there is one.

        What all accounts have claimed is not looked at: a proof must not wait for a sum over every claim in each block.
        """
        with self._sessions() as session:
            moment = moment_of(session, self._chain_id)
            if moment is None:
                return None
            published = self._published.get(moment, lambda: self._read_published(session, moment))
            paid = self._paid(session, moment, owner)
            revoked = {
                row.pool: row.vested for row in rows_of(session, self._chain_id, ChainVestingRevocation, account=owner)
            }
        holdings = (self._holding(moment, owner, one, paid, revoked.get(one[0])) for one in sorted(published.items()))
        return Vesting(moment, tuple(one for one in holdings if one is not None))

    def _read_published(self, session: Session, moment: Moment) -> dict[int, Published]:
        return {row.pool: _published(row, moment) for row in rows_of(session, self._chain_id, ChainVestingPool)}

    def _read_pools(self, session: Session, moment: Moment) -> Pools:
        of_chain = (session, self._chain_id)
        funded = summed(*of_chain, ChainVestingFunding.pool, ChainVestingFunding.amount)
        funded.subtract(summed(*of_chain, ChainVestingSurplus.pool, ChainVestingSurplus.amount))
        claimed = summed(*of_chain, ChainVestingClaim.pool, ChainVestingClaim.amount)
        returned = summed(*of_chain, ChainVestingRevocation.pool, ChainVestingRevocation.returned)
        published = self._published.get(moment, lambda: self._read_published(session, moment))
        return Pools(
            moment,
            tuple(
                Pool(number, funded[number], claimed[number], returned[number], published.get(number))
                for number in sorted({*funded, *published})
            ),
        )

    def _paid(self, session: Session, moment: Moment, owner: bytes) -> _Paid:
        of = ChainVestingClaim
        chosen = (session, self._chain_id, of.pool, of.amount, of.account == owner)
        newest: defaultdict[int, list[Claim]] = defaultdict(list)
        for row in newest_of(session, self._chain_id, of, CLAIMS_MAX, account=owner):
            newest[row.pool].append(_claim(row, moment))
        return _Paid(summed(*chosen), summed(*chosen, of.block_number > moment.final), newest)

    def _holding(
        self,
        moment: Moment,
        owner: bytes,
        numbered: tuple[int, Published],
        paid: _Paid,
        kept: int | None,
    ) -> Holding | None:
        number, pool = numbered
        schedule = pool.schedule
        proof = self._proofs.proof(number, pool.root, owner)
        claims = tuple(paid.newest[number])
        if proof is None and not claims and kept is None and self._proofs.has(number, pool.root):
            return None
        claimed = paid.claimed[number]
        vested = claimed
        if kept is not None:
            vested = kept
        elif proof is not None:
            vested = schedule.vested(proof.allocation, moment.timestamp_s)
        return Holding(
            pool=number,
            schedule=schedule,
            allocation=None if proof is None else proof.allocation,
            vested=vested,
            claimed=claimed,
            claimed_pending=paid.pending[number],
            claimable=max(0, vested - claimed),
            points=() if proof is None or kept is not None else schedule.points(proof.allocation),
            proof=None if proof is None or kept is not None else proof.hashes,
            is_revoked=kept is not None,
            claims=claims,
        )


def _published(row: ChainVestingPool, moment: Moment) -> Published:
    schedule = Schedule(row.start_s, row.cliff_s, row.end_s, row.start_bps, bool(row.revocable))
    return Published(row.root, row.total, schedule, row.block_number <= moment.final)


def _claim(row: ChainVestingClaim, moment: Moment) -> Claim:
    is_final = row.block_number <= moment.final
    return Claim(row.recipient, row.amount, row.transaction_hash, row.timestamp_s, is_final)
