"""Staking: what accounts staked and asked back, the rewards that came in and went out, and what is staked by whom."""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from indexer.blocks import DecodedLog
from indexer.project.projection import EventRow, Projection, table_of
from indexer.project.reading import ContractReader, Mismatch, compare
from indexer.project.rows import row_of, rows_until
from indexer.store.bulk import Row
from indexer.store.models import LOG_COLUMNS, LogRow
from indexer.store.sums import Sums
from offchain.core.database import Address, Base, Int64, WideInteger

_SIGNS: Final = {"Staked": 1, "UnstakeRequested": -1, "UnstakeCancelled": 1}
"""What an event does to its account's stake."""


class ChainStakingTier(LogRow, Base):
    """A `TierSet` log: from how much on, in base units of QTRA, a stake is in a tier."""

    __tablename__ = "chain_staking_tiers"

    tier: Mapped[int] = mapped_column(Int64)
    threshold: Mapped[int] = mapped_column(WideInteger)


class ChainStakingReward(LogRow, Base):
    """A `RewardListed` log: a token that rewards are paid in."""

    __tablename__ = "chain_staking_rewards"

    reward: Mapped[int] = mapped_column(Int64)
    token: Mapped[bytes] = mapped_column(Address)


class ChainStakingNotice(LogRow, Base):
    """A `RewardNotified` log: what was paid in, in base units of the reward's token, to be streamed until its end."""

    __tablename__ = "chain_staking_notices"

    reward: Mapped[int] = mapped_column(Int64)
    payer: Mapped[bytes] = mapped_column(Address)
    amount: Mapped[int] = mapped_column(WideInteger)
    end_s: Mapped[int] = mapped_column(Int64)


class ChainStakingMove(LogRow, Base):
    """A `Staked`, `UnstakeRequested`, `UnstakeCancelled` or `Withdrawn` log; what the event does not have is 0.

    `staked` is what the account has staked after it, but for `Withdrawn`, which does not tell it.
    """

    __tablename__ = "chain_staking_moves"

    event: Mapped[str] = mapped_column(String(64))
    contract: Mapped[bytes] = mapped_column(Address)
    account: Mapped[bytes] = mapped_column(Address, index=True)
    request: Mapped[int] = mapped_column(Int64)
    amount: Mapped[int] = mapped_column(WideInteger)
    at_s: Mapped[int] = mapped_column(Int64)
    staked: Mapped[int] = mapped_column(WideInteger)


class ChainStakingPayment(LogRow, Base):
    """A `RewardPaid` log."""

    __tablename__ = "chain_staking_payments"

    reward: Mapped[int] = mapped_column(Int64)
    account: Mapped[bytes] = mapped_column(Address, index=True)
    amount: Mapped[int] = mapped_column(WideInteger)


class ChainStakingForfeit(LogRow, Base):
    """A `RewardsForfeited` log: the account left without its rewards."""

    __tablename__ = "chain_staking_forfeits"

    account: Mapped[bytes] = mapped_column(Address, index=True)


class ChainStake(Base):
    """What an account has staked, in base units of QTRA: the sum of its moves. Who has nothing staked has no row."""

    __tablename__ = "chain_stakes"

    chain_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    contract: Mapped[bytes] = mapped_column(Address, primary_key=True)
    account: Mapped[bytes] = mapped_column(Address, primary_key=True)
    amount: Mapped[int] = mapped_column(WideInteger)


_OWN: Final = len(LOG_COLUMNS)


class Stakes:
    """The stakes as a sum of moves, kept in the transaction that writes or undoes these."""

    model: type[LogRow] = ChainStakingMove
    table: type[Base] = ChainStake
    _sums = Sums(table_of(ChainStake), owner="contract", key="account", amount="amount")

    def add(self, session: Session, chain_id: int, rows: Sequence[Row]) -> None:
        """Adds moves that were just inserted."""
        self._change(session, chain_id, 1, (row[_OWN:] for row in rows))

    def undo(self, session: Session, chain_id: int, above: int) -> None:
        """Takes back the moves of the blocks above a number."""
        moves = table_of(ChainStakingMove)
        query = select(*(moves.c[name] for name in _MOVE)).where(
            moves.c.chain_id == chain_id, moves.c.block_number > above
        )
        self._change(session, chain_id, -1, (tuple(row) for row in session.execute(query)))

    def _change(self, session: Session, chain_id: int, sign: int, moves: Iterable[Row]) -> None:
        changes: dict[bytes, dict[bytes, int]] = {}
        for event, contract, account, _request, amount, *_ in moves:
            of_accounts = changes.setdefault(contract, {})
            of_accounts[account] = of_accounts.get(account, 0) + sign * _SIGNS.get(event, 0) * int(amount)
        for contract, of_accounts in changes.items():
            self._sums.change(session, chain_id, contract, of_accounts)


_MOVE: Final = ("event", "contract", "account", "request", "amount", "at_s", "staked")


def _move(log: DecodedLog) -> Row:
    told = log.arguments
    request, at_s, staked = told.get("request", 0), told.get("availableAt", 0), str(told.get("staked", 0))
    return log.event, log.raw.contract, told["account"], request, str(told["amount"]), at_s, staked


async def _check(session: Session, chain_id: int, reader: ContractReader) -> list[Mismatch]:
    """Every stake and all of them together, the tiers, what is on its way out, and the rewards that are listed."""
    until = (session, chain_id, reader.block_number)
    stakes: dict[tuple[bytes], int] = {}
    leaving: dict[tuple[bytes, int], tuple[int, int]] = {}
    for move in rows_until(ChainStakingMove, *until):
        request = (move.account, move.request)
        if move.event in _SIGNS:
            stakes[move.account,] = stakes.get((move.account,), 0) + _SIGNS[move.event] * move.amount
        if move.event == "UnstakeRequested":
            leaving[request] = (move.amount, move.at_s)
        elif move.event in ("UnstakeCancelled", "Withdrawn"):
            leaving[request] = (0, 0)
    tiers = {row.tier: row.threshold for row in rows_until(ChainStakingTier, *until)}
    thresholds = tuple(threshold for _, threshold in sorted(tiers.items()) if threshold)
    rewards = {(row.token,): row.reward for row in rows_until(ChainStakingReward, *until)}
    return [
        *compare("all stakes", sum(stakes.values()), await reader.read("totalStaked")),
        *compare("tiers", thresholds, tuple(await reader.read("tiers"))),
        *compare("rewards", len(rewards), await reader.read("rewardCount")),
        *await reader.differences("reward of token", "rewardOf", rewards),
        *await reader.differences("stake of", "stakedOf", stakes),
        *await reader.differences("request of account", "requestOf", leaving),
    ]


STAKING: Final = Projection(
    name="staking",
    contracts=frozenset({"Staking"}),
    events={
        "TierSet": row_of(ChainStakingTier, "tier", "threshold"),
        "RewardListed": row_of(ChainStakingReward, "reward", "token"),
        "RewardNotified": row_of(ChainStakingNotice, "reward", "payer", "amount", end_s="end"),
        **dict.fromkeys((*_SIGNS, "Withdrawn"), EventRow(ChainStakingMove, _MOVE, _move)),
        "RewardPaid": row_of(ChainStakingPayment, "reward", "account", "amount"),
        "RewardsForfeited": row_of(ChainStakingForfeit, "account"),
    },
    check=_check,
    fold=Stakes(),
)
