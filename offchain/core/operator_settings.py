"""What operators have set for accounts and for the whole exchange: the last command of each kind, in one table.

What they set for a market is with the market (`offchain.core.listings`). Rates and discounts are parts per million,
volumes quote units, caps ledger units of the asset.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Engine, Integer, SmallInteger, Table, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from offchain.core.commands import Command, CommandKind
from offchain.core.database import Base, Int64, insert_or_update, reading_sessions
from offchain.core.events import EventKind, LoggedCommand

SETTING_KINDS: Final = frozenset(
    {
        CommandKind.SET_KILL_SWITCH,
        CommandKind.SET_ACCOUNT_LIMITS,
        CommandKind.SET_POSITION_CAP,
        CommandKind.SET_FEES,
        CommandKind.SET_FEE_TIER,
        CommandKind.SET_DISCOUNTS,
    }
)
_EXCHANGE: Final = 0
"""Account of what is set for all of them."""


class OperatorSetting(Base):
    """The last command of a kind for an account (0: the exchange), a market, an asset or a tier."""

    __tablename__ = "operator_settings"

    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    account: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    market: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    asset: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    tier: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    mode: Mapped[int] = mapped_column(SmallInteger)
    quantity: Mapped[int] = mapped_column(Int64)
    amount: Mapped[int] = mapped_column(Int64)
    counter_amount: Mapped[int] = mapped_column(Int64)
    maker_fee_ppm: Mapped[int] = mapped_column(Integer)
    taker_fee_ppm: Mapped[int] = mapped_column(Integer)
    sequence: Mapped[int] = mapped_column(Int64)
    updated_us: Mapped[int] = mapped_column(Int64)


class FeeTier(msgspec.Struct, frozen=True):
    """A tier above the first, and the 30-day volume from which on it applies."""

    tier: int
    volume_units: int
    maker_fee_ppm: int
    taker_fee_ppm: int


class AccountLimits(msgspec.Struct, frozen=True):
    """Most open orders, and most messages within so many commands of the log; 0: any number."""

    open_orders: int = 0
    messages: int = 0
    window_sequences: int = 0


class ExchangeSettings(msgspec.Struct, frozen=True):
    """What holds for the exchange: the tiers above the first, lowest first, and whether its kill switch is on."""

    tiers: list[FeeTier]
    is_killed: bool


class AccountSettings(msgspec.Struct, frozen=True):
    """What holds for an account. `caps` are by asset."""

    tier: int
    limits: AccountLimits
    caps: dict[int, int]
    holder_ppm: int
    staker_ppm: int
    is_killed: bool
    """Whether its own kill switch is on, or that of the exchange."""


class OperatorSettings:
    """What can be asked about settings."""

    def __init__(self, database: Engine) -> None:
        self._sessions = reading_sessions(database)

    def of_exchange(self) -> ExchangeSettings:
        """What holds for the exchange."""
        with self._sessions() as session:
            return ExchangeSettings(_read_tiers(session), read_exchange_killed(session))

    def of_account(self, account: int, volume_units: int) -> AccountSettings:
        """What holds for an account (0: one that is not opened) of this volume, as last counted."""
        query = select(OperatorSetting).where(OperatorSetting.account.in_({_EXCHANGE, account}))
        with self._sessions() as session:
            tiers, rows = _read_tiers(session), list(session.scalars(query))
        own = {(row.kind, row.account, row.asset): row for row in rows if not row.market and not row.tier}
        discounts = own.get((CommandKind.SET_DISCOUNTS, account, 0))
        switches = (own.get((CommandKind.SET_KILL_SWITCH, whose, 0)) for whose in (_EXCHANGE, account))
        return AccountSettings(
            tier=max((tier.tier for tier in tiers if tier.volume_units <= volume_units), default=1),
            limits=_limits(own.get((CommandKind.SET_ACCOUNT_LIMITS, account, 0)))
            or _limits(own.get((CommandKind.SET_ACCOUNT_LIMITS, _EXCHANGE, 0)))
            or AccountLimits(),
            caps={
                asset: row.amount
                for (kind, _, asset), row in sorted(own.items())
                if kind == CommandKind.SET_POSITION_CAP and row.amount
            },
            holder_ppm=0 if discounts is None else discounts.amount,
            staker_ppm=0 if discounts is None else discounts.counter_amount,
            is_killed=any(switch is not None and switch.mode == 1 for switch in switches),
        )


class OperatorSettingsProjection:
    """Keeps the table."""

    name = "operator_settings"
    tables: Sequence[Table] = (Base.metadata.tables["operator_settings"],)

    def load(self, session: Session) -> None:
        """Nothing is kept in memory."""

    def apply(self, session: Session, logged: Sequence[LoggedCommand]) -> None:
        """Store every setting in these commands."""
        for command, _, events in logged:
            if command.kind in SETTING_KINDS and events[0].kind != EventKind.REJECTED:
                _put(session, self.tables[0], command)


def read_exchange_killed(session: Session) -> bool:
    """Whether the kill switch of the exchange is on, in this session's view."""
    row = session.get(OperatorSetting, (CommandKind.SET_KILL_SWITCH, _EXCHANGE, 0, 0, 0))
    return row is not None and row.mode == 1


def sets_exchange_killed(logged: LoggedCommand) -> bool | None:
    """What a command makes of the kill switch of the exchange; None if it leaves it as it is."""
    command = logged.command
    if command.kind != CommandKind.SET_KILL_SWITCH or command.account or command.market:
        return None
    return None if logged.events[0].kind == EventKind.REJECTED else command.mode == 1


def _read_tiers(session: Session) -> list[FeeTier]:
    query = select(OperatorSetting).where(OperatorSetting.kind == CommandKind.SET_FEE_TIER, OperatorSetting.amount > 0)
    return [
        FeeTier(row.tier, row.amount, row.maker_fee_ppm, row.taker_fee_ppm)
        for row in session.scalars(query.order_by(OperatorSetting.tier))
    ]


def _limits(row: OperatorSetting | None) -> AccountLimits | None:
    """The limits in a row; None if there are none at all, so that those of all others hold."""
    if row is None or not (row.quantity or row.amount):
        return None
    return AccountLimits(row.quantity, row.amount, row.counter_amount)


def _put(session: Session, table: Table, command: Command) -> None:
    row = {
        "kind": command.kind,
        "account": command.account,
        "market": command.market,
        "asset": command.asset,
        "tier": command.mode if command.kind == CommandKind.SET_FEE_TIER else 0,
        "mode": command.mode,
        "quantity": command.quantity,
        "amount": command.amount,
        "counter_amount": command.counter_amount,
        "maker_fee_ppm": command.maker_fee_ppm,
        "taker_fee_ppm": command.taker_fee_ppm,
        "sequence": command.sequence,
        "updated_us": command.timestamp_us,
    }
    keys = [column.name for column in table.primary_key]
    insert = insert_or_update(session, table).values(row)
    session.execute(insert.on_conflict_do_update(index_elements=keys, set_=row))
