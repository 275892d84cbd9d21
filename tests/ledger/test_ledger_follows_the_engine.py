"""The ledger and the engine never differ by a unit."""

from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from offchain.core.balance_moves import FEE_ACCOUNT, Purse, balance_moves
from offchain.core.commands import CommandKind
from offchain.core.listings import Listings
from offchain.ledger.service import LedgerService
from tests.ledger.records import balances, faults, owed_units
from tests.support.exchange_log import ASSETS, ExchangeLog
from tests.support.projections import project
from tests.support.random_log import random_log


@pytest.mark.parametrize("seed", [11, 12])
def test_balances_are_the_engines(database: Engine, seed: int) -> None:
    log = random_log(seed, 1_500)
    store = project(database, log.logged[:700])
    service = LedgerService(database)
    for start in range(700, len(log.logged), 137):
        store.apply(log.logged[start : start + 137])
    assert faults(database) == []
    for account in (FEE_ACCOUNT, *log.accounts):
        for asset in ASSETS:
            balance = service.balance(account, asset)
            assert (balance.available_units, balance.reserved_units) == log.engine.balance(account, asset)
            assert balance.total_units == balance.available_units + balance.reserved_units


def test_the_vault_holds_what_came_in_and_did_not_leave(database: Engine) -> None:
    log = random_log(13, 1_500)
    project(database, log.logged)
    held: Counter[int] = Counter()
    for one in log.logged:
        match one.command.kind:
            case CommandKind.CHAIN_DEPOSIT:
                held[one.command.asset] += one.command.amount
            case CommandKind.CHAIN_WITHDRAWN | CommandKind.CHAIN_EXITED:
                held[one.command.asset] -= one.command.amount
    assert owed_units(database) == dict(held)
    owed: Counter[int] = Counter()
    for balance in balances(database):
        owed[balance.asset] += balance.total_units + balance.withdrawing_units
    assert owed == held


@given(seed=st.integers(min_value=0))
def test_the_moves_of_every_event_sum_to_zero_and_add_up_to_the_engines_balances(seed: int) -> None:
    log = random_log(seed, 300)
    listings = Listings()
    held: dict[tuple[int, int, int], int] = defaultdict(int)
    for one in log.logged:
        listings.note(one)
        for event in one.events:
            sums: Counter[int] = Counter()
            for move in balance_moves(one.command, event, listings.markets):
                sums[move.asset] += move.amount_units
                held[move.account, move.asset, move.purse] += move.amount_units
            assert not any(sums.values())
    for account in (FEE_ACCOUNT, *log.accounts):
        for asset in ASSETS:
            purses = held[account, asset, Purse.AVAILABLE], held[account, asset, Purse.RESERVED]
            assert purses == log.engine.balance(account, asset)
            assert held[account, asset, Purse.WITHDRAWING] >= 0


def test_the_audit_finds_a_balance_that_is_not_the_sum_of_its_lines(database: Engine) -> None:
    log = ExchangeLog()
    log.deposit(1, 2, 500)
    project(database, log.logged)
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE balances SET total_units = 499")
    (fault,) = faults(database)
    assert (fault.where, fault.found, fault.expected) == ("available of account 1, asset 2", 499, 500)


def test_the_audit_finds_an_entry_that_does_not_balance(database: Engine) -> None:
    log = ExchangeLog()
    log.deposit(1, 2, 500)
    event = log.logged[-1].events[0].sequence
    project(database, log.logged)
    with database.begin() as connection:
        connection.exec_driver_sql(f"UPDATE ledger_lines SET amount_units = -501 WHERE purse = {Purse.VAULT:d}")
    (fault,) = faults(database)
    assert (fault.where, fault.found, fault.expected) == (f"entry {event}, asset 2", -1, 0)
