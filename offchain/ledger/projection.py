"""Follows the log into the ledger's tables."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Table, bindparam, insert, update
from sqlalchemy.orm import Session

from offchain.core.balance_moves import Move, Purse, balance_moves
from offchain.core.commands import CommandKind, DepositFact, WithdrawalAuthorization, WithdrawnFact
from offchain.core.database import Base, insert_or_update, insert_rows
from offchain.core.errors import StateDiverged
from offchain.core.events import Event, EventKind, LoggedCommand
from offchain.core.money import Market
from offchain.ledger.models import DepositStatus, WithdrawalStatus

_TABLES = Base.metadata.tables
_ENTRIES, _LINES, _BALANCES = _TABLES["ledger_entries"], _TABLES["ledger_lines"], _TABLES["balances"]
_DEPOSITS, _WITHDRAWALS = _TABLES["deposits"], _TABLES["withdrawals"]

Row = dict[str, object]


class LedgerProjection:
    """Entries and lines for every event that moves units, balances as their sums, deposits and withdrawals."""

    name = "ledger"
    tables: Sequence[Table] = (_ENTRIES, _LINES, _BALANCES, _DEPOSITS, _WITHDRAWALS)

    def __init__(self, markets: Mapping[int, Market]) -> None:
        self._markets = markets

    def load(self, session: Session) -> None:
        """Nothing is kept in memory."""

    def apply(self, session: Session, logged: Sequence[LoggedCommand]) -> None:
        """Book the commands' events.

        Raises:
            StateDiverged: the moves of an event do not sum to zero.
        """
        entries: list[Row] = []
        lines: list[Row] = []
        changes: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
        for one in logged:
            for event in one.events:
                moves = balance_moves(one.command, event, self._markets)
                if moves:
                    entries.append(_entry(event))
                    lines += _lines(event, moves)
                    _add_up(changes, moves)
        insert_rows(session, _ENTRIES, entries)
        insert_rows(session, _LINES, lines)
        _change_balances(session, changes)
        self._note_transfers(session, logged)

    def _note_transfers(self, session: Session, logged: Sequence[LoggedCommand]) -> None:
        for one in logged:
            match one.attachment:
                case DepositFact() as fact:
                    session.execute(insert(_DEPOSITS).values(_deposit(one, fact)))
                # One that the engine refused took nothing out and leaves no trace here.
                case WithdrawalAuthorization() as authorization if one.events[0].kind == EventKind.DEBITED:
                    session.execute(insert(_WITHDRAWALS).values(_withdrawal(one, authorization)))
                case WithdrawnFact() as fact:
                    _mark_paid(session, one, fact)
                case None if one.command.kind == CommandKind.REVERT_WITHDRAWAL:
                    _mark_reverted(session, one)


def _entry(event: Event) -> Row:
    return {
        "event_sequence": event.sequence,
        "command_sequence": event.command_sequence,
        "kind": event.kind,
        "created_us": event.timestamp_us,
    }


def _lines(event: Event, moves: Sequence[Move]) -> list[Row]:
    sums: dict[int, int] = {}
    for move in moves:
        sums[move.asset] = sums.get(move.asset, 0) + move.amount_units
    if any(sums.values()):
        raise StateDiverged(f"The moves of event {event.sequence} sum to {sums}, not to zero.", "Report this.")
    return [
        {
            "event_sequence": event.sequence,
            "line": line,
            "account": move.account,
            "asset": move.asset,
            "purse": move.purse,
            "amount_units": move.amount_units,
        }
        for line, move in enumerate(moves)
    ]


def _add_up(changes: dict[tuple[int, int], list[int]], moves: Sequence[Move]) -> None:
    """Add moves to the changes of total, reserved and withdrawing by account and asset."""
    for account, asset, purse, amount_units in moves:
        if purse == Purse.VAULT:
            continue
        change = changes[account, asset]
        if purse == Purse.WITHDRAWING:
            change[2] += amount_units
            continue
        change[0] += amount_units
        if purse == Purse.RESERVED:
            change[1] += amount_units


def _change_balances(session: Session, changes: Mapping[tuple[int, int], Sequence[int]]) -> None:
    new = insert_or_update(session, _BALANCES)
    columns = ("total_units", "reserved_units", "withdrawing_units")
    statement = new.on_conflict_do_update(
        index_elements=["account", "asset"],
        set_={column: _BALANCES.c[column] + new.excluded[column] for column in columns},
    )
    rows = [
        {"account": account, "asset": asset} | dict(zip(columns, change, strict=True))
        for (account, asset), change in sorted(changes.items())
    ]
    if rows:
        session.execute(statement, rows)


def _deposit(one: LoggedCommand, fact: DepositFact) -> Row:
    credited = one.events[0].kind == EventKind.CREDITED
    return {
        "sequence": one.command.sequence,
        "account": one.command.account,
        "owner": fact.owner,
        "asset": one.command.asset,
        "amount_units": one.command.amount,
        "status": DepositStatus.CREDITED if credited else DepositStatus.REFUSED,
        "reason": one.events[0].reason,
        "block_number": fact.position.block_number,
        "log_index": fact.position.log_index,
        "transaction_hash": fact.position.transaction_hash,
        "created_us": one.command.timestamp_us,
    }


def _withdrawal(one: LoggedCommand, authorization: WithdrawalAuthorization) -> Row:
    return {
        "sequence": one.command.sequence,
        "account": one.command.account,
        "owner": authorization.owner,
        "asset": one.command.asset,
        "amount_units": one.command.amount,
        "nonce": authorization.nonce,
        "deadline_s": authorization.deadline_s,
        "status": WithdrawalStatus.REQUESTED,
        "created_us": one.command.timestamp_us,
        "updated_us": one.command.timestamp_us,
    }


def _mark_paid(session: Session, one: LoggedCommand, fact: WithdrawnFact) -> None:
    session.execute(
        update(_WITHDRAWALS)
        .where(_WITHDRAWALS.c.account == bindparam("of_account"), _WITHDRAWALS.c.nonce == bindparam("of_nonce"))
        .values(
            status=WithdrawalStatus.PAID,
            transaction_hash=fact.position.transaction_hash,
            updated_us=one.command.timestamp_us,
        ),
        {"of_account": one.command.account, "of_nonce": fact.nonce},
    )


def _mark_reverted(session: Session, one: LoggedCommand) -> None:
    if one.events[0].kind == EventKind.CREDITED:
        session.execute(
            update(_WITHDRAWALS)
            .where(_WITHDRAWALS.c.sequence == one.command.order_id)
            .values(status=WithdrawalStatus.REVERTED, updated_us=one.command.timestamp_us)
        )
