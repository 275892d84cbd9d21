"""What the journal alone says the contract holds: chain facts when they are final, fills when their batch is."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from offchain.audit.settled_books import Holding, SettledBooks
from offchain.core.balance_moves import FEE_ACCOUNT
from offchain.core.commands import FEE_OWNER, CommandKind, Side
from tests.support.exchange_log import ASSETS, ExchangeLog, owner_of
from tests.support.random_log import random_log

NO_LIMIT = 10**9
BUYER, SELLER = 1, 2
FUNDS = 10**9


def books_of(log: ExchangeLog, through_block: int = NO_LIMIT) -> SettledBooks:
    books = SettledBooks(through_block)
    books.follow(log.logged)
    return books


def traded_log() -> ExchangeLog:
    """Two accounts with funds, deposited in the blocks 1 and 2, and one fill between them."""
    log = ExchangeLog(accounts=2)
    log.deposit(BUYER, 2, FUNDS)
    log.deposit(SELLER, 1, FUNDS)
    log.place(SELLER, 1, Side.SELL, 100, 10)
    log.place(BUYER, 1, Side.BUY, 100, 10)
    return log


def held_by_engine_and_withdrawals(log: ExchangeLog) -> dict[Holding, int]:
    held: Counter[Holding] = Counter()
    for account in (FEE_ACCOUNT, *log.accounts):
        owner = owner_of(account) if account else FEE_OWNER
        held.update({(owner, asset): sum(log.engine.balance(account, asset)) for asset in ASSETS})
    for one in log.logged:
        holding = owner_of(one.command.account), one.command.asset
        match one.command.kind:
            case CommandKind.WITHDRAW:
                held[holding] += one.command.amount
            case CommandKind.CHAIN_WITHDRAWN | CommandKind.REVERT_WITHDRAWAL:
                held[holding] -= one.command.amount
    return {holding: units for holding, units in held.items() if units}


@given(seed=st.integers(min_value=0))
def test_once_all_is_settled_the_contract_holds_what_engine_and_open_withdrawals_say(seed: int) -> None:
    log = random_log(seed, 300)
    log.settle(len(log.logged))
    books = books_of(log)
    assert books.pending_fills == 0
    assert books.balances == held_by_engine_and_withdrawals(log)


def test_a_fill_moves_nothing_before_its_batch() -> None:
    log = traded_log()
    before = books_of(log)
    assert before.pending_fills == 1
    assert before.balances == {(owner_of(BUYER), 2): FUNDS, (owner_of(SELLER), 1): FUNDS}
    log.settle(len(log.logged))
    after = books_of(log)
    assert (after.pending_fills, after.batch_number) == (0, 1)
    assert after.balances[owner_of(BUYER), 1] == 10 * 1_000_000
    assert after.balances[FEE_OWNER, 2] == sum(log.engine.balance(FEE_ACCOUNT, 2))


def test_facts_of_later_blocks_are_left_out() -> None:
    log = traded_log()
    log.settle(len(log.logged))
    assert books_of(log, through_block=2).pending_fills == 1
    assert books_of(log, through_block=1).balances == {(owner_of(BUYER), 2): FUNDS}


def test_a_fill_that_is_taken_back_leaves_no_trace_whether_its_batch_settled_or_not() -> None:
    for is_batched in (False, True):
        log = traded_log()
        if is_batched:
            log.settle(len(log.logged))
        log.unwind(log.fills()[0])
        books = books_of(log)
        assert books.pending_fills == 0
        assert books.balances == {(owner_of(BUYER), 2): FUNDS, (owner_of(SELLER), 1): FUNDS}


def test_collected_fees_have_left_the_contract() -> None:
    log = traded_log()
    log.settle(len(log.logged))
    fees = books_of(log).balances[FEE_OWNER, 2]
    log.exit(CommandKind.CHAIN_EXITED, FEE_ACCOUNT, 2, fees - 1)
    assert books_of(log).balances[FEE_OWNER, 2] == 1 == sum(log.engine.balance(FEE_ACCOUNT, 2))
