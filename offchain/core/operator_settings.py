"""What operators have set for accounts and for the whole exchange: the last command of each kind, in one table.

What they set for a market is with the market (`offchain.core.listings`). What is in force the engine knows; here it is
told since when, and by whom. Rates and discounts are parts per million, volumes millionths of a dollar.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Engine, Integer, SmallInteger, Table, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from offchain.core.commands import CommandKind, OperatorMark
from offchain.core.database import Address, Base, Int64, insert_or_update, reading_sessions
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
    operator: Mapped[bytes | None] = mapped_column(Address)
    sequence: Mapped[int] = mapped_column(Int64)
    updated_us: Mapped[int] = mapped_column(Int64)


class FeeTier(msgspec.Struct, frozen=True):
    """A tier above the first, and the 30-day volume from which on it applies."""

    tier: int
    volume_units: int
    maker_fee_ppm: int
    taker_fee_ppm: int


class Discounts(msgspec.Struct, frozen=True):
    """What an account is spared of its tier's rates, as maker and as taker."""

    maker_ppm: int = 0
    taker_ppm: int = 0


class Setting(msgspec.Struct, frozen=True):
    """The last command of a kind, with its fields; `operator` is the wallet that asked for it, if one did."""

    kind: int
    account: int
    market: int
    asset: int
    tier: int
    mode: int
    quantity: int
    amount: int
    counter_amount: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    operator: bytes | None
    sequence: int
    updated_us: int


class OperatorSettings:
    """What can be asked about settings."""

    def __init__(self, database: Engine) -> None:
        self._sessions = reading_sessions(database)

    def fee_tiers(self) -> list[FeeTier]:
        """The tiers above the first, lowest first."""
        query = select(OperatorSetting).where(
            OperatorSetting.kind == CommandKind.SET_FEE_TIER, OperatorSetting.amount > 0
        )
        with self._sessions() as session:
            return [
                FeeTier(row.tier, row.amount, row.maker_fee_ppm, row.taker_fee_ppm)
                for row in session.scalars(query.order_by(OperatorSetting.tier))
            ]

    def tiers_ever_set(self) -> frozenset[int]:
        """The tiers that were ever set, also those that were removed since."""
        query = select(OperatorSetting.tier).where(OperatorSetting.kind == CommandKind.SET_FEE_TIER)
        with self._sessions() as session:
            return frozenset(session.scalars(query))

    def tier_of(self, volume_units: int) -> int:
        """The tier that a counted volume leads to."""
        return max((tier.tier for tier in self.fee_tiers() if tier.volume_units <= volume_units), default=1)

    def discounts(self, account: int) -> Discounts:
        """The account's discounts."""
        with self._sessions() as session:
            row = session.get(OperatorSetting, (CommandKind.SET_DISCOUNTS, account, 0, 0, 0))
            return Discounts() if row is None else Discounts(row.amount, row.counter_amount)

    def all(self) -> list[Setting]:
        """Every setting, the newest first, but for discounts that follow from the chain: an account may have one."""
        columns = [getattr(OperatorSetting, name) for name in Setting.__struct_fields__]
        follows = (OperatorSetting.kind == CommandKind.SET_DISCOUNTS) & OperatorSetting.operator.is_(None)
        with self._sessions() as session:
            rows = session.execute(select(*columns).where(~follows).order_by(OperatorSetting.sequence.desc()))
            return [Setting(*row) for row in rows]


class OperatorSettingsProjection:
    """Keeps the table."""

    name = "operator_settings"
    tables: Sequence[Table] = (Base.metadata.tables["operator_settings"],)

    def load(self, session: Session) -> None:
        """Nothing is kept in memory."""

    def apply(self, session: Session, logged: Sequence[LoggedCommand]) -> None:
        """Store every setting in these commands."""
        for one in logged:
            if one.command.kind in SETTING_KINDS and one.events[0].kind != EventKind.REJECTED:
                _put(session, self.tables[0], one)


def read_exchange_killed(session: Session) -> bool:
    """Whether the kill switch of the exchange is on, in this session's view."""
    row = session.get(OperatorSetting, (CommandKind.SET_KILL_SWITCH, 0, 0, 0, 0))
    return row is not None and row.mode == 1


def sets_exchange_killed(logged: LoggedCommand) -> bool | None:
    """What a command makes of the kill switch of the exchange; None if it leaves it as it is."""
    command = logged.command
    if command.kind != CommandKind.SET_KILL_SWITCH or command.account or command.market:
        return None
    return None if logged.events[0].kind == EventKind.REJECTED else command.mode == 1


def _put(session: Session, table: Table, logged: LoggedCommand) -> None:
    command, attachment = logged.command, logged.attachment
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
        "operator": attachment.wallet if isinstance(attachment, OperatorMark) else None,
        "sequence": command.sequence,
        "updated_us": command.timestamp_us,
    }
    keys = [column.name for column in table.primary_key]
    insert = insert_or_update(session, table).values(row)
    session.execute(insert.on_conflict_do_update(index_elements=keys, set_=row))
