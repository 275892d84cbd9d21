"""Orders that were signed again: which of an order's authorizations counts depends on the cancel floor on chain.

Every answer of an account renews all its orders below the statement's floor, so once a floor is reached for good the
ladders of lower ones are of no use any more.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from offchain.chain.typed_data import Ladder, Order
from offchain.core.database import Base, Sessions, insert_or_update
from offchain.settlement.models import SettlementLadder
from offchain.settlement.order_book import RenewedLadder

Slot = tuple[bytes, int]
"""Owner and asset: what has a cancel floor."""
_LADDERS = Base.metadata.tables[SettlementLadder.__tablename__]


class Renewal(NamedTuple):
    """What proves an order instead of its first signature: the order as signed again, at a place of a ladder."""

    order: Order
    ladder: Ladder
    place: int
    signature: bytes


class RenewalStore:
    """The ladders in the database."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def of_owners(self, owners: Collection[bytes]) -> list[RenewedLadder]:
        """All ladders of some owners, older ones first."""
        with self._sessions() as session:
            rows = session.scalars(
                select(SettlementLadder.content)
                .where(SettlementLadder.owner.in_(owners))
                .order_by(SettlementLadder.command_sequence)
            )
            return [msgspec.msgpack.decode(row, type=RenewedLadder) for row in rows]

    def renewed_to(self, owners: Collection[bytes]) -> dict[Slot, int]:
        """The highest seq that was ever signed again, by slot."""
        with self._sessions() as session:
            rows = session.execute(
                select(SettlementLadder.owner, SettlementLadder.base, func.max(SettlementLadder.top_seq))
                .where(SettlementLadder.owner.in_(owners))
                .group_by(SettlementLadder.owner, SettlementLadder.base)
            )
            return {(owner, base): top_seq for owner, base, top_seq in rows}


def due(ladders: Collection[RenewedLadder], floors: Mapping[Slot, int]) -> dict[int, Renewal]:
    """By order id what proves an order while the floors are these; without those that their first signature proves.

    Ladders come older ones first: of those whose floor is reached the newest counts.
    """
    found: dict[int, Renewal] = {}
    for row in ladders:
        floor = floors[row.owner, row.base]
        if row.floor > floor:
            continue
        ladder = Ladder(row.floor, tuple(order for _, order in row.orders))
        for place, (order_id, order) in enumerate(row.orders):
            if order.seq > floor:
                found[order_id] = Renewal(order, ladder, place, row.signature)
    return found


def record_renewals(session: Session, renewed: Collection[tuple[int, RenewedLadder]]) -> None:
    """Writes down ladders, each with the command that told of it; doing it twice changes nothing."""
    for command_sequence, ladder in renewed:
        session.execute(
            insert_or_update(session, _LADDERS)
            .values(
                command_sequence=command_sequence,
                owner=ladder.owner,
                base=ladder.base,
                market=ladder.market,
                floor=ladder.floor,
                top_seq=max(order.seq for _, order in ladder.orders),
                content=msgspec.msgpack.encode(ladder),
            )
            .on_conflict_do_nothing(index_elements=["command_sequence", "market"])
        )


def forget_renewals(session: Session, owner: bytes, base: int, below_floor: int) -> None:
    """Lets go of the ladders of a slot that count below a floor which is reached for good."""
    session.execute(
        delete(SettlementLadder).where(
            SettlementLadder.owner == owner, SettlementLadder.base == base, SettlementLadder.floor < below_floor
        )
    )
