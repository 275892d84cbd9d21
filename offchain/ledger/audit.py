"""Whether the ledger agrees with itself: every entry balances, every balance is the sum of its lines."""

import msgspec
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from offchain.core.balance_moves import Purse
from offchain.ledger.models import LedgerLine
from offchain.ledger.service import read_balances


class LedgerFault(msgspec.Struct, frozen=True):
    """A place where the ledger contradicts itself: what was found and what it should have been, in ledger units."""

    where: str
    found: int
    expected: int


def audit_ledger(session: Session) -> list[LedgerFault]:
    """Every fault in this session's view; it reads all lines that there are."""
    return _unbalanced_entries(session) + _wrong_balances(session)


def _unbalanced_entries(session: Session) -> list[LedgerFault]:
    total = func.sum(LedgerLine.amount_units)
    query = (
        select(LedgerLine.event_sequence, LedgerLine.asset, total)
        .group_by(LedgerLine.event_sequence, LedgerLine.asset)
        .having(total != 0)
    )
    return [
        LedgerFault(f"entry {event}, asset {asset}", int(found), 0) for event, asset, found in session.execute(query)
    ]


def _wrong_balances(session: Session) -> list[LedgerFault]:
    by_purse = [
        func.sum(case((LedgerLine.purse == purse, LedgerLine.amount_units), else_=0))
        for purse in (Purse.AVAILABLE, Purse.RESERVED, Purse.WITHDRAWING)
    ]
    query = (
        select(LedgerLine.account, LedgerLine.asset, *by_purse)
        .where(LedgerLine.purse != Purse.VAULT)
        .group_by(LedgerLine.account, LedgerLine.asset)
    )
    expected = {(row[0], row[1]): tuple(int(units) for units in row[2:]) for row in session.execute(query)}
    found = {
        (one.account, one.asset): (one.available_units, one.reserved_units, one.withdrawing_units)
        for one in read_balances(session)
    }
    nothing = (0, 0, 0)
    return [
        LedgerFault(f"{purse} of account {key[0]}, asset {key[1]}", is_units, should_units)
        for key in sorted(expected.keys() | found.keys())
        for purse, is_units, should_units in zip(
            ("available", "reserved", "withdrawing"),
            found.get(key, nothing),
            expected.get(key, nothing),
            strict=True,
        )
        if is_units != should_units
    ]
