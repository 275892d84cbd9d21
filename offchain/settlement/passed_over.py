"""Whose statements kept a net group from settling: they are not asked for a while. In the caller's transaction."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from offchain.chain.settlement_view import SkippedGroup as SeenSkip
from offchain.core.commands import SkippedGroup
from offchain.settlement.models import SettlementPassedOver
from offchain.settlement.net_record import NetRecord

PASSED_OVER_BATCHES: Final = 20
"""For so many batches an account is not asked whose statement kept a group from settling."""


def pass_over(session: Session, record: NetRecord, skipped: Collection[SkippedGroup | SeenSkip], number: int) -> None:
    """Writes down whose statements were at fault for the groups that a batch of this number left out."""
    for group in skipped:
        stated = record.statements[group.group]
        if group.item < len(stated):
            until = number + PASSED_OVER_BATCHES
            session.merge(SettlementPassedOver(owner=stated[group.item].owner, until_batch=until))


def passed_over(session: Session, number: int) -> set[bytes]:
    """The owners who are not asked while the chain is at this batch."""
    return set(session.scalars(select(SettlementPassedOver.owner).where(SettlementPassedOver.until_batch > number)))
