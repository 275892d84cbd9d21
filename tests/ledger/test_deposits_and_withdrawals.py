"""Deposits and withdrawals are listed as they stand, newest first, to their owner."""

from sqlalchemy import Engine

from offchain.core.commands import (
    BatchSettledFact,
    ChainPosition,
    Command,
    CommandKind,
    DepositFact,
    WithdrawalAuthorization,
    WithdrawnFact,
)
from offchain.core.events import Event, EventKind, LoggedCommand, RejectReason
from offchain.ledger.models import DepositStatus, WithdrawalStatus
from offchain.ledger.service import LedgerService
from tests.ledger.records import balances, faults, owed_units
from tests.support.exchange_log import ExchangeLog, owner_of
from tests.support.projections import project


def test_a_deposit_is_listed_with_its_place_on_the_chain(database: Engine) -> None:
    log = ExchangeLog()
    log.deposit(1, 2, 500)
    log.deposit(2, 2, 700)
    log.deposit(1, 3, 900)
    project(database, log.logged)
    newest, oldest = LedgerService(database).deposits(1)
    assert (newest.asset, newest.amount_units, newest.status) == (3, 900, DepositStatus.CREDITED)
    assert (oldest.asset, oldest.amount_units, oldest.owner) == (2, 500, owner_of(1))
    assert (oldest.block_number, oldest.log_index) == (1, 0)
    assert oldest.transaction_hash == (1).to_bytes(32, "big")
    assert LedgerService(database).deposits(1, limit=1) == [newest]
    assert LedgerService(database).deposits(1, before=newest.sequence) == [oldest]


def test_a_deposit_that_the_engine_refused_is_listed_and_not_credited(database: Engine) -> None:
    log = ExchangeLog()
    sequence, event_sequence = len(log.logged) + 1, log.engine.event_sequence + 1
    command = Command(sequence, log.now_us, CommandKind.CHAIN_DEPOSIT, account=1, asset=9, amount=5)
    rejected = dict.fromkeys(Event._fields, 0) | {
        "sequence": event_sequence,
        "command_sequence": sequence,
        "kind": EventKind.REJECTED,
        "reason": RejectReason.UNKNOWN_ASSET,
    }
    fact = DepositFact(ChainPosition(7, 1, bytes(32), bytes(32)), owner_of(1))
    project(database, [*log.logged, LoggedCommand(command, fact, (Event(**rejected),))])
    (deposit,) = LedgerService(database).deposits(1)
    assert (deposit.status, deposit.reason) == (DepositStatus.REFUSED, RejectReason.UNKNOWN_ASSET)
    assert LedgerService(database).balances(1) == []


def test_a_withdrawal_is_requested_then_paid(database: Engine) -> None:
    log = ExchangeLog()
    log.deposit(1, 2, 500)
    requested = log.withdraw(1, 2, 200)
    assert requested is not None
    project(database, log.logged)
    service = LedgerService(database)
    withdrawal = service.withdrawal(1, requested.command.sequence)
    assert withdrawal is not None
    assert (withdrawal.status, withdrawal.transaction_hash) == (WithdrawalStatus.REQUESTED, None)
    assert (service.balance(1, 2).available_units, service.balance(1, 2).withdrawing_units) == (300, 200)
    assert owed_units(database) == {2: 500}

    log.now_us += 9
    log.end_withdrawal(requested, paid=True)
    project(database, log.logged)
    (paid,) = service.withdrawals(1)
    assert (paid.status, paid.transaction_hash) == (WithdrawalStatus.PAID, (2).to_bytes(32, "big"))
    assert paid.updated_us == paid.created_us + 9
    assert (service.balance(1, 2).available_units, service.balance(1, 2).withdrawing_units) == (300, 0)
    assert owed_units(database) == {2: 300}


def test_a_withdrawal_that_lapsed_is_available_again(database: Engine) -> None:
    log = ExchangeLog()
    log.deposit(1, 2, 500)
    first, second = log.withdraw(1, 2, 200), log.withdraw(1, 2, 100)
    assert first is not None
    assert second is not None
    log.end_withdrawal(first, paid=False)
    project(database, log.logged)
    service = LedgerService(database)
    assert [one.status for one in service.withdrawals(1)] == [WithdrawalStatus.REQUESTED, WithdrawalStatus.REVERTED]
    assert (service.balance(1, 2).available_units, service.balance(1, 2).withdrawing_units) == (400, 100)
    assert service.withdrawals(2) == []
    assert service.withdrawal(2, first.command.sequence) is None


def test_a_nonce_may_use_all_of_its_64_bits(database: Engine) -> None:
    log = ExchangeLog()
    log.deposit(1, 2, 500)
    signed = log.withdraw(1, 2, 200)
    assert signed is not None
    widest = signed._replace(attachment=type(signed.attachment)(owner_of(1), 2**64 - 1, 5, bytes(65)))
    project(database, [*log.logged[:-1], widest])
    withdrawal = LedgerService(database).withdrawal(1, 2**64 - 1)
    assert withdrawal is not None
    assert withdrawal.nonce == 2**64 - 1


def test_a_payment_belongs_to_the_account_whose_nonce_it_names(database: Engine) -> None:
    log = ExchangeLog()
    for account in (1, 2):
        log.deposit(account, 2, 500)
    requests = [log.withdraw(account, 2, 200) for account in (1, 2)]
    same = WithdrawalAuthorization(owner_of(1), 77, 5, bytes(65))
    other = WithdrawalAuthorization(owner_of(2), 77, 5, bytes(65))
    logged = [*log.logged[:-2]]
    for one, signed in zip(requests, (same, other), strict=True):
        assert one is not None
        logged.append(one._replace(attachment=signed))
    assert requests[1] is not None
    paid = log.end_withdrawal(requests[1], paid=True)
    assert paid is not None
    assert isinstance(paid.attachment, WithdrawnFact)
    project(database, [*logged, paid._replace(attachment=WithdrawnFact(paid.attachment.position, 77))])
    service = LedgerService(database)
    assert [one.status for one in service.withdrawals(1)] == [WithdrawalStatus.REQUESTED]
    assert [one.status for one in service.withdrawals(2)] == [WithdrawalStatus.PAID]


def test_an_exit_leaves_the_ledger_balanced(database: Engine) -> None:
    log = ExchangeLog()
    log.deposit(1, 2, 500)
    log.withdraw(1, 2, 200)
    log.exit(CommandKind.CHAIN_EXITED, 1, 2, 500)
    project(database, log.logged)
    service = LedgerService(database)
    assert service.balance(1, 2).available_units == -200, "what the exit took and the withdrawal holds"
    assert owed_units(database) == {2: 0}
    assert faults(database) == []


def test_a_settled_batch_moves_nothing(database: Engine) -> None:
    log = ExchangeLog()
    log.deposit(1, 2, 500)
    project(database, log.logged)
    before = balances(database)
    settled = log.settle(len(log.logged))
    assert settled is not None
    assert isinstance(settled.attachment, BatchSettledFact)
    project(database, log.logged)
    assert balances(database) == before
