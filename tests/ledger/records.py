"""What the ledger's tables say as a whole."""

from collections import Counter

from sqlalchemy import Engine

from offchain.core.balance_moves import Balance, Purse
from offchain.core.database import reading_sessions
from offchain.ledger.audit import LedgerFault, audit_ledger
from offchain.ledger.service import read_balances
from tests.support.projections import all_rows


def balances(database: Engine) -> list[Balance]:
    """Every balance."""
    with reading_sessions(database)() as session:
        return read_balances(session)


def faults(database: Engine) -> list[LedgerFault]:
    """What the audit finds."""
    with reading_sessions(database)() as session:
        return audit_ledger(session)


def owed_units(database: Engine) -> dict[int, int]:
    """By asset, what the contract owes all accounts: what the vault's lines took out of it, turned round."""
    owed: Counter[int] = Counter()
    for _, _, _, asset, purse, amount_units in all_rows(database)["ledger_lines"]:
        if purse == Purse.VAULT:
            owed[asset] -= amount_units
    return dict(owed)
