"""Every opened account has one row: its number, its wallet, and when it was opened."""

from sqlalchemy import Engine

from tests.support.exchange_log import START_US, ExchangeLog, owner_of
from tests.support.projections import all_rows, project


def test_every_opened_account_has_a_row(database: Engine) -> None:
    project(database, ExchangeLog(accounts=3).logged)
    assert all_rows(database)["accounts"] == [(account, owner_of(account), START_US) for account in (1, 2, 3)]
