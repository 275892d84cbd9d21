"""Which accounts' discounts are not what final facts of the chain entitle them to."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from indexer.project.staking import ChainStake, ChainStakingMove, ChainStakingTier
from indexer.project.tokens import ChainTokenBalance, ChainTokenTransfer
from indexer.store.asking import moment_of
from offchain.accounts.models import AccountRow
from offchain.core.commands import CommandKind
from offchain.core.database import reading_sessions
from offchain.core.operator_settings import OperatorSetting
from offchain.staking.fee_schedule import NOTHING, Discount, FeeSchedule
from offchain.staking.service import TO_STAKE, thresholds

_PAGE: Final = 400
"""SQLite takes at least 999 values in a statement."""


class Due(NamedTuple):
    """An owner whose discount has to be set."""

    owner: bytes
    discount: Discount


class Finding(NamedTuple):
    """What is due as of a final block; `through_block` is -1 while nothing is stored of the chain."""

    through_block: int
    due: tuple[Due, ...]


class Entitlements:
    """The entitlements of all accounts, by the indexer's tables.

    What an operator has set stands, whatever the chain says, until an operator sets it to nothing.

    Args:
        database: where the tables are.
        chain_id: the chain.
        qtra: the address of the token.
        schedule: what entitles to what.
    """

    def __init__(self, database: Engine, chain_id: int, qtra: bytes, schedule: FeeSchedule) -> None:
        self._sessions = reading_sessions(database)
        self._chain_id = chain_id
        self._qtra = qtra
        self._schedule = schedule

    def final_block(self) -> int:
        """The last final block that is stored; -1 before there is one."""
        with self._sessions() as session:
            moment = moment_of(session, self._chain_id)
            return -1 if moment is None else moment.final

    def find(self, after_block: int | None, accounts: Collection[int]) -> Finding:
        """What is due now.

        Args:
            after_block: only owners whose facts became final after this block are looked at; None: all.
            accounts: accounts to look at besides.
        """
        with self._sessions() as session:
            moment = moment_of(session, self._chain_id)
            if moment is None:
                return Finding(-1, ())
            final = moment.final
            if after_block is not None and self._tiers_changed(session, after_block, final):
                after_block = None
            tiers = thresholds(session, self._chain_id, final)
            later = self._changed_since(session, final)
            due: dict[bytes, Due] = {}
            for page in self._pages(session, after_block, final, accounts):
                due |= {one.owner: one for one in self._due(session, page, tiers, later)}
            return Finding(final, tuple(due.values()))

    def _pages(
        self, session: Session, after_block: int | None, final: int, accounts: Collection[int]
    ) -> Iterator[dict[int, bytes]]:
        """The owners to look at by account, some at a time."""
        if after_block is None:
            last = 0
            while page := _accounts(session, AccountRow.account > last):
                yield page
                last = max(page)
            return
        owners = sorted(self._touched(session, after_block, final))
        for start in range(0, len(owners), _PAGE):
            yield _accounts(session, AccountRow.owner.in_(owners[start : start + _PAGE]))
        others = sorted(accounts)
        for start in range(0, len(others), _PAGE):
            yield _accounts(session, AccountRow.account.in_(others[start : start + _PAGE]))

    def _due(
        self,
        session: Session,
        page: dict[int, bytes],
        tiers: Sequence[int],
        later: tuple[dict[bytes, int], dict[bytes, int]],
    ) -> Iterator[Due]:
        owners = list(page.values())
        balance, stake = ChainTokenBalance, ChainStake
        held = _amounts(session, balance.holder, balance.amount, self._chain_id, owners, balance.token == self._qtra)
        staked = _amounts(session, stake.account, stake.amount, self._chain_id, owners)
        in_force = _in_force(session, list(page))
        for account, owner in page.items():
            discount, is_operators = in_force.get(account, (NOTHING, False))
            if is_operators and discount != NOTHING:
                continue
            final_stake = staked.get(owner, 0) - later[1].get(owner, 0)
            final_balance = held.get(owner, 0) - later[0].get(owner, 0)
            tier = sum(final_stake >= threshold for threshold in tiers)
            entitled = self._schedule.entitled(final_balance, final_stake, tier)
            if entitled != discount:
                yield Due(owner, entitled)

    def _changed_since(self, session: Session, final: int) -> tuple[dict[bytes, int], dict[bytes, int]]:
        """By how much balances and stakes differ from what they were at a final block."""
        held: defaultdict[bytes, int] = defaultdict(int)
        staked: defaultdict[bytes, int] = defaultdict(int)
        for transfer in self._transfers(session, final, None):
            held[transfer.sender] -= transfer.amount
            held[transfer.recipient] += transfer.amount
        for move in self._moves(session, final, None):
            staked[move.account] += TO_STAKE.get(move.event, 0) * move.amount
        return held, staked

    def _touched(self, session: Session, after: int, through: int) -> set[bytes]:
        touched: set[bytes] = set()
        for transfer in self._transfers(session, after, through):
            touched |= {transfer.sender, transfer.recipient}
        return touched | {move.account for move in self._moves(session, after, through)}

    def _transfers(self, session: Session, after: int, through: int | None) -> Sequence[Any]:
        of = ChainTokenTransfer
        query = select(of.sender, of.recipient, of.amount).where(of.token == self._qtra)
        return session.execute(query.where(*_blocks(of, self._chain_id, after, through))).all()

    def _moves(self, session: Session, after: int, through: int | None) -> Sequence[Any]:
        of = ChainStakingMove
        query = select(of.account, of.event, of.amount)
        return session.execute(query.where(*_blocks(of, self._chain_id, after, through))).all()

    def _tiers_changed(self, session: Session, after: int, through: int) -> bool:
        of = ChainStakingTier
        query = select(func.count()).select_from(of).where(*_blocks(of, self._chain_id, after, through))
        return bool(session.scalar(query))


def _blocks(
    of: type[ChainTokenTransfer | ChainStakingMove | ChainStakingTier], chain_id: int, after: int, through: int | None
) -> list[Any]:
    limits = [of.chain_id == chain_id, of.block_number > after]
    return limits if through is None else [*limits, of.block_number <= through]


def _accounts(session: Session, chosen: Any) -> dict[int, bytes]:
    query = select(AccountRow.account, AccountRow.owner).where(chosen).order_by(AccountRow.account).limit(_PAGE)
    return dict(session.execute(query).all())


def _amounts(
    session: Session,
    key: InstrumentedAttribute[bytes],
    amount: InstrumentedAttribute[int],
    chain_id: int,
    owners: Sequence[bytes],
    *others: Any,
) -> dict[bytes, int]:
    found: defaultdict[bytes, int] = defaultdict(int)
    query = select(key, amount).where(key.class_.chain_id == chain_id, key.in_(owners), *others)
    for owner, units in session.execute(query):
        found[owner] += units
    return found


def _in_force(session: Session, accounts: Sequence[int]) -> dict[int, tuple[Discount, bool]]:
    """The discounts that the log has set, and whether an operator did."""
    of = OperatorSetting
    query = select(of.account, of.amount, of.counter_amount, of.operator).where(
        of.kind == CommandKind.SET_DISCOUNTS, of.account.in_(accounts)
    )
    return {
        account: (Discount(maker, taker), operator is not None)
        for account, maker, taker, operator in session.execute(query)
    }
