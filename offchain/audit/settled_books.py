"""What the contract must hold for everyone, according to the journal alone."""

from collections import defaultdict
from collections.abc import Iterable

from offchain.core.balance_moves import FEE_ACCOUNT, Purse, balance_moves
from offchain.core.commands import (
    FEE_OWNER,
    AccountOpening,
    BatchSettledFact,
    Command,
    CommandKind,
    DepositFact,
    ExitFact,
    WithdrawnFact,
)
from offchain.core.events import Event, EventKind, LoggedCommand
from offchain.core.listings import Listings

Holding = tuple[bytes, int]
"""(owner, asset). The fees belong to the zero address."""


class SettledBooks:
    """A fold over the log: chain facts move balances when they are recorded, fills when their batch has settled.

    Args:
        through_block: facts of later blocks are left out, so that both sides of a comparison end at one block.
    """

    def __init__(self, through_block: int) -> None:
        self._through_block = through_block
        self._listings = Listings()
        self._owners: dict[int, bytes] = {FEE_ACCOUNT: FEE_OWNER}
        self._pending: dict[int, tuple[Command, Event]] = {}
        self._units: defaultdict[Holding, int] = defaultdict(int)
        self.batch_number = 0

    @property
    def balances(self) -> dict[Holding, int]:
        """Ledger units by holding; holdings of zero are left out."""
        return {holding: units for holding, units in self._units.items() if units}

    @property
    def pending_fills(self) -> int:
        """Fills of the log that no batch recorded so far has settled."""
        return len(self._pending)

    def follow(self, history: Iterable[LoggedCommand]) -> None:
        """Takes in consecutive commands."""
        for logged in history:
            self._listings.note(logged)
            self._note_fact(logged)
            for event in logged.events:
                if event.kind == EventKind.FILLED:
                    self._pending[event.sequence] = (logged.command, event)
                elif event.kind == EventKind.UNWOUND and self._pending.pop(event.order_id, None) is None:
                    self._move(logged.command, event)

    def _note_fact(self, logged: LoggedCommand) -> None:
        command, fact = logged.command, logged.attachment
        if isinstance(fact, AccountOpening):
            self._owners[command.account] = fact.owner
        if not isinstance(fact, DepositFact | WithdrawnFact | BatchSettledFact | ExitFact):
            return
        if fact.position.block_number > self._through_block:
            return
        if isinstance(fact, BatchSettledFact):
            self._settle(fact)
        elif command.kind == CommandKind.CHAIN_DEPOSIT:
            self._units[self._owners[command.account], command.asset] += command.amount
        elif command.kind in (CommandKind.CHAIN_WITHDRAWN, CommandKind.CHAIN_EXITED):
            self._units[self._owners[command.account], command.asset] -= command.amount

    def _settle(self, fact: BatchSettledFact) -> None:
        self.batch_number = fact.number
        settled = [key for key, (command, _) in self._pending.items() if command.sequence <= fact.through_sequence]
        for key in settled:
            self._move(*self._pending.pop(key))

    def _move(self, command: Command, event: Event) -> None:
        for move in balance_moves(command, event, self._listings.markets):
            if move.purse != Purse.VAULT:
                self._units[self._owners[move.account], move.asset] += move.amount_units
