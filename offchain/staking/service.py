"""What staking can be asked: totals, tiers and rewards, and an account's stake, requests and rewards.

Read from the indexer's tables, as of their newest block. Amounts are base units: of QTRA, or of a reward's token.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from indexer.project.staking import (
    ChainStake,
    ChainStakingForfeit,
    ChainStakingMove,
    ChainStakingNotice,
    ChainStakingPayment,
    ChainStakingReward,
    ChainStakingTier,
)
from indexer.store.asking import Moment, OncePerBlock, moment_of, of_chain, rows_of, summed
from indexer.store.tally import Tally
from offchain.core.database import reading_sessions

TO_STAKE: Final = {"Staked": 1, "UnstakeRequested": -1, "UnstakeCancelled": 1}
"""What a move does to its account's stake."""


class Notice(msgspec.Struct, frozen=True):
    """A payment into a reward: who paid, how much, and until when it is streamed."""

    payer: bytes
    amount: int
    at_s: int
    end_s: int
    is_final: bool


class Reward(msgspec.Struct, frozen=True):
    """A reward token: all that was paid in and out, and the payments that are streamed now, newest last."""

    number: int
    token: bytes
    notified: int
    paid: int
    live: tuple[Notice, ...]


class Staking(msgspec.Struct, frozen=True):
    """Staking as a whole. `thresholds` are what must be staked for tiers 1, 2, ...; rising."""

    moment: Moment
    staked: int
    stakers: int
    thresholds: tuple[int, ...]
    rewards: tuple[Reward, ...]

    def tier_of(self, staked: int) -> int:
        """The highest tier that a stake reaches; 0: none."""
        return sum(staked >= threshold for threshold in self.thresholds)


class UnstakeRequest(msgspec.Struct, frozen=True):
    """QTRA on its way out: from `at_s` on it can be withdrawn."""

    number: int
    amount: int
    at_s: int
    is_final: bool


class Position(msgspec.Struct, frozen=True):
    """An account's stake. `paid` is what it got of each reward; `forfeits` how often it left without its rewards."""

    staking: Staking
    staked: int
    staked_final: int
    tier: int
    requests: tuple[UnstakeRequest, ...]
    paid: dict[int, int]
    forfeits: int


class _Move(NamedTuple):
    """What counts of a `ChainStakingMove`: an account can have many."""

    event: str
    request: int
    amount: int
    at_s: int
    block_number: int


class StakingService:
    """The staking of one chain."""

    def __init__(self, database: Engine, chain_id: int) -> None:
        self._sessions = reading_sessions(database)
        self._chain_id = chain_id
        self._staking = OncePerBlock()
        notice, payment = ChainStakingNotice, ChainStakingPayment
        self._notified = Tally(chain_id, notice.reward, notice.amount)
        self._paid = Tally(chain_id, payment.reward, payment.amount)

    def staking(self) -> Staking | None:
        """Staking as of the newest stored block; nothing before there is one."""
        with self._sessions() as session:
            return self._known(session)

    def account(self, owner: bytes) -> Position | None:
        """An account as of the newest stored block; nothing before there is one."""
        with self._sessions() as session:
            staking = self._known(session)
            if staking is None:
                return None
            final = staking.moment.final
            moves = self._moves(session, owner)
            staked = _staked(moves)
            payment, forfeit = ChainStakingPayment, ChainStakingForfeit
            paid = summed(session, self._chain_id, payment.reward, payment.amount, payment.account == owner)
            forfeits = select(func.count()).where(of_chain(self._chain_id, forfeit.chain_id), forfeit.account == owner)
            return Position(
                staking=staking,
                staked=staked,
                staked_final=_staked([move for move in moves if move.block_number <= final]),
                tier=staking.tier_of(staked),
                requests=_requests(moves, final),
                paid=dict(paid),
                forfeits=session.scalar(forfeits) or 0,
            )

    def _moves(self, session: Session, owner: bytes) -> Sequence[_Move]:
        of = ChainStakingMove
        query = select(*(getattr(of, name) for name in _Move._fields))
        query = query.where(of_chain(self._chain_id, of.chain_id), of.account == owner)
        return [_Move(*row) for row in session.execute(query.order_by(of.block_number, of.log_index))]

    def _known(self, session: Session) -> Staking | None:
        moment = moment_of(session, self._chain_id)
        return None if moment is None else self._staking.get(moment, lambda: self._read(session, moment))

    def _read(self, session: Session, moment: Moment) -> Staking:
        stakes = session.scalars(select(ChainStake.amount).where(ChainStake.chain_id == self._chain_id)).all()
        notified, paid = self._notified.at(session, moment).all, self._paid.at(session, moment).all
        live = self._live(session, moment)
        return Staking(
            moment=moment,
            staked=sum(stakes),
            stakers=len(stakes),
            thresholds=thresholds(session, self._chain_id),
            rewards=tuple(
                Reward(
                    row.reward,
                    row.token,
                    sum(notified.get(row.reward, ())),
                    sum(paid.get(row.reward, ())),
                    tuple(live[row.reward]),
                )
                for row in rows_of(session, self._chain_id, ChainStakingReward)
            ),
        )

    def _live(self, session: Session, moment: Moment) -> dict[int, list[Notice]]:
        """The payments that are streamed now, by reward, oldest first."""
        of = ChainStakingNotice
        query = select(of).where(of.chain_id == self._chain_id, of.end_s > moment.timestamp_s)
        live: defaultdict[int, list[Notice]] = defaultdict(list)
        for row in session.scalars(query.order_by(of.block_number, of.log_index)):
            is_final = row.block_number <= moment.final
            live[row.reward].append(Notice(row.payer, row.amount, row.timestamp_s, row.end_s, is_final))
        return live


def thresholds(session: Session, chain_id: int, through_block: int | None = None) -> tuple[int, ...]:
    """What must be staked for tiers 1, 2, ...; as of the newest block or of an earlier one."""
    told = {
        row.tier: row.threshold
        for row in rows_of(session, chain_id, ChainStakingTier)
        if through_block is None or row.block_number <= through_block
    }
    return tuple(threshold for _, threshold in sorted(told.items()) if threshold)


def _staked(moves: Sequence[_Move]) -> int:
    return sum(TO_STAKE.get(move.event, 0) * move.amount for move in moves)


def _requests(moves: Sequence[_Move], final: int) -> tuple[UnstakeRequest, ...]:
    """What was asked back and neither withdrawn nor staked again."""
    open_ones: dict[int, UnstakeRequest] = {}
    for move in moves:
        if move.event == "UnstakeRequested":
            is_final = move.block_number <= final
            open_ones[move.request] = UnstakeRequest(move.request, move.amount, move.at_s, is_final)
        elif move.event in ("UnstakeCancelled", "Withdrawn"):
            open_ones.pop(move.request, None)
    return tuple(open_ones.values())
