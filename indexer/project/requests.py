"""Requests: exits, and floors under which orders die, which owners ask `Settlement` for without the exchange."""

from typing import Final

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from indexer.blocks import DecodedLog
from indexer.project.projection import EventRow, Projection
from indexer.project.reading import ContractReader, Mismatch, compare
from indexer.store.bulk import Row
from indexer.store.models import LogRow
from offchain.core.database import Address, Base, Int64


class ChainRequest(LogRow, Base):
    """What an owner did without the exchange's consent, and its end; fields that the event does not have are 0.

    `event` is `ExitRequested`, `ExitCancelled`, `CancelRequested` or `CancelFloorRaised`.
    """

    __tablename__ = "chain_requests"

    event: Mapped[str] = mapped_column(String(64))
    owner: Mapped[bytes] = mapped_column(Address, index=True)
    asset: Mapped[int] = mapped_column(Int64)
    floor: Mapped[int] = mapped_column(Int64)
    effective_at_s: Mapped[int] = mapped_column(Int64)


def _request(log: DecodedLog) -> Row:
    told = log.arguments
    return log.event, told["owner"], told["asset"], told.get("floor", 0), told.get("effectiveAt", 0)


async def _check(session: Session, chain_id: int, reader: ContractReader) -> list[Mismatch]:
    """The floors of the contract are at least those that were told, and its requests those told last."""
    query = (
        select(ChainRequest)
        .where(ChainRequest.chain_id == chain_id, ChainRequest.block_number <= reader.block_number)
        .order_by(ChainRequest.block_number, ChainRequest.log_index)
    )
    raised: dict[tuple[bytes, int], int] = {}
    exits: dict[tuple[bytes, int], int] = {}
    for row in session.scalars(query):
        place = (row.owner, row.asset)
        if row.event == "CancelFloorRaised":
            raised[place] = row.floor
        elif row.event in ("ExitRequested", "ExitCancelled"):
            exits[place] = row.effective_at_s
    places = sorted(raised.keys() | exits.keys())
    names = reader.struct_fields("slotOf")
    found: list[Mismatch] = []
    for place, slot in zip(places, await reader.read_many("slotOf", places), strict=True):
        told, whose = dict(zip(names, slot, strict=True)), f"of 0x{place[0].hex()} for asset {place[1]}"
        if place in raised and told["floor"] < raised[place]:
            found += compare(f"cancel floor {whose}", raised[place], told["floor"])
        # An exit that was paid is over: the contract forgets its request and tells no cancellation.
        if place in exits and told["exitEffectiveAt"] not in (exits[place], 0):
            found += compare(f"exit {whose}", exits[place], told["exitEffectiveAt"])
    return found


_REQUEST: Final = EventRow(ChainRequest, ("event", "owner", "asset", "floor", "effective_at_s"), _request)
REQUESTS: Final = Projection(
    name="requests",
    contracts=frozenset({"Settlement"}),
    events=dict.fromkeys(("ExitRequested", "ExitCancelled", "CancelRequested", "CancelFloorRaised"), _REQUEST),
    check=_check,
)
