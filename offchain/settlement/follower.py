"""What settlement reads in the log: batches that close, facts that confirm them, withdrawals. No clock, no I/O."""

from collections.abc import Sequence

import msgspec

from offchain.core.commands import BatchSettledFact, CommandKind, WithdrawalAuthorization, WithdrawnFact
from offchain.core.errors import StateDiverged
from offchain.core.events import EventKind, LoggedCommand
from offchain.settlement.batcher import Batcher, FilledBatch
from offchain.settlement.order_book import RenewedLadder


class RequestedWithdrawal(msgspec.Struct, frozen=True):
    """A WITHDRAW that the engine granted; `sequence` is the command's."""

    sequence: int
    timestamp_us: int
    account: int
    asset: int
    amount_units: int
    authorization: WithdrawalAuthorization


class Delivery(msgspec.Struct):
    """What some commands of the log mean to settlement."""

    batches: list[FilledBatch] = []
    confirmed: list[BatchSettledFact] = []
    unwound: list[int] = []
    """FILLED event sequences."""
    requested: list[RequestedWithdrawal] = []
    paid: list[tuple[int, int]] = []
    """(account, withdrawal nonce)."""
    reverted: list[int] = []
    """WITHDRAW command sequences."""
    renewed: list[tuple[int, RenewedLadder]] = []
    """Orders that were signed again, each ladder with the command that told of it."""

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__struct_fields__)


class Follower:
    """Reads the log in order through the batcher."""

    def __init__(self, batcher: Batcher) -> None:
        self.batcher = batcher

    def follow(self, logged: Sequence[LoggedCommand]) -> Delivery:
        """What the next commands mean; those seen before mean nothing.

        Raises:
            StateDiverged: see `Batcher.consume`.
        """
        seen = self.batcher.sequence
        delivery = Delivery(batches=list(self.batcher.consume(logged)))
        delivery.renewed = self.batcher.take_renewed()
        for entry in logged:
            if entry.command.sequence > seen:
                _read(entry, delivery)
        return delivery


def _read(entry: LoggedCommand, delivery: Delivery) -> None:
    command, attachment, events = entry
    if any(event.kind == EventKind.REJECTED for event in events):
        return
    if command.kind == CommandKind.CHAIN_BATCH_SETTLED and isinstance(attachment, BatchSettledFact):
        delivery.confirmed.append(attachment)
    elif command.kind == CommandKind.UNWIND_FILL:
        delivery.unwound.append(command.order_id)
    elif command.kind == CommandKind.WITHDRAW:
        if not isinstance(attachment, WithdrawalAuthorization):
            raise StateDiverged(f"Withdrawal {command.sequence} has no authorization in the log.")
        delivery.requested.append(
            RequestedWithdrawal(
                command.sequence,
                command.timestamp_us,
                command.account,
                command.asset,
                command.amount,
                attachment,
            )
        )
    elif command.kind == CommandKind.CHAIN_WITHDRAWN and isinstance(attachment, WithdrawnFact):
        delivery.paid.append((command.account, attachment.nonce))
    elif command.kind == CommandKind.REVERT_WITHDRAWAL:
        delivery.reverted.append(command.order_id)
