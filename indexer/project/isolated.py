"""Isolated accounts: what entered and left them at `Settlement`, and what their owners asked for."""

from typing import Final

from sqlalchemy import String, case, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from indexer.blocks import DecodedLog
from indexer.project.projection import EventRow, Projection, table_of, unchecked
from indexer.store.bulk import Row
from indexer.store.models import LogRow
from offchain.core.database import Address, Base, Int64, WideInteger

_PAID_OUT: Final = ("IsolatedWithdrawn", "IsolatedExited")


class ChainIsolatedEvent(LogRow, Base):
    """An `Isolated...` log; fields that the event does not have are 0 (the nonce: null). Amounts are ledger units."""

    __tablename__ = "chain_isolated_events"

    event: Mapped[str] = mapped_column(String(64))
    owner: Mapped[bytes] = mapped_column(Address, index=True)
    market: Mapped[int] = mapped_column(Int64)
    asset: Mapped[int] = mapped_column(Int64)
    amount: Mapped[int] = mapped_column(Int64)
    floor: Mapped[int] = mapped_column(Int64)
    effective_at_s: Mapped[int] = mapped_column(Int64)
    nonce: Mapped[int | None] = mapped_column(WideInteger)


_COLUMNS: Final = ("event", "owner", "market", "asset", "amount", "floor", "effective_at_s", "nonce")


def isolated_units(session: Session, chain_id: int, through_block: int) -> dict[int, int]:
    """What entered isolated accounts less what left them, by asset, in ledger units as of a block."""
    logs = table_of(ChainIsolatedEvent)
    moved = case((logs.c.event.in_(_PAID_OUT), -logs.c.amount), else_=logs.c.amount)
    query = select(logs.c.asset, func.sum(moved)).group_by(logs.c.asset)
    # Asset 0: events that move nothing.
    query = query.where(logs.c.chain_id == chain_id, logs.c.block_number <= through_block, logs.c.asset != 0)
    return {asset: int(units) for asset, units in session.execute(query)}


def _event(log: DecodedLog) -> Row:
    told = log.arguments
    moved = told.get("asset", 0), told.get("amount", 0), told.get("floor", 0), told.get("effectiveAt", 0)
    return log.event, told["owner"], told["market"], *moved, str(told["nonce"]) if "nonce" in told else None


ISOLATED: Final = Projection(
    name="isolated",
    contracts=frozenset({"Settlement"}),
    events=dict.fromkeys(
        (
            "IsolatedDeposited",
            *_PAID_OUT,
            "IsolatedExitRequested",
            "IsolatedExitCancelled",
            "IsolatedCancelRequested",
            "IsolatedCancelFloorRaised",
        ),
        EventRow(ChainIsolatedEvent, _COLUMNS, _event),
    ),
    check=unchecked,
)
