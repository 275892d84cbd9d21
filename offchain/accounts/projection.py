"""Follows the log into the table of accounts."""

from collections.abc import Sequence

from sqlalchemy import Table
from sqlalchemy.orm import Session

from offchain.accounts.models import AccountRow
from offchain.core.commands import AccountOpening
from offchain.core.database import Base, insert_rows
from offchain.core.events import EventKind, LoggedCommand

_ACCOUNTS = Base.metadata.tables[AccountRow.__tablename__]


class AccountsProjection:
    """One row per opened account."""

    name = "accounts"
    tables: Sequence[Table] = (_ACCOUNTS,)

    def load(self, session: Session) -> None:
        """Nothing is kept in memory."""

    def apply(self, session: Session, logged: Sequence[LoggedCommand]) -> None:
        """Write the accounts that the commands opened."""
        rows = [
            {
                "account": one.command.account,
                "owner": one.attachment.owner,
                "opened_us": one.command.timestamp_us,
            }
            for one in logged
            if isinstance(one.attachment, AccountOpening) and one.events[0].kind == EventKind.NOTED
        ]
        insert_rows(session, _ACCOUNTS, rows)
