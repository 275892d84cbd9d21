"""The machine that the journal drives: the engine and the registry, moved by one command at a time or by many."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from offchain.core.commands import Attachment, Command
from offchain.core.errors import StateDiverged
from offchain.core.events import Event, EventKind, LoggedCommand
from offchain.matching.engine import Engine
from offchain.sequencer.registry import Registry

_REJECTED: Final = int(EventKind.REJECTED)


class Machine:
    """State as of command `sequence`. Given the same commands, two machines are equal to the last bit."""

    def __init__(self, engine: Engine, registry: Registry, sequence: int = 0, timestamp_us: int = 0) -> None:
        self.engine = engine
        self.registry = registry
        self.sequence = sequence
        self.timestamp_us = timestamp_us

    def apply(self, command: Command, attachment: Attachment, row: bytes | None = None) -> LoggedCommand:
        """Apply the next command, one that the engine has no reason to refuse; `row` is the same, if it is packed.

        Raises:
            StateDiverged: the engine refuses it, so this is not the state in which it was taken.
        """
        if command.sequence != self.sequence + 1:
            raise StateDiverged(f"Command {command.sequence} was given to a machine at {self.sequence}.")
        events = tuple(Event.unpack_all(self.engine.apply_row(row or command.pack())))
        logged = LoggedCommand(command, attachment, events)
        if events[0].kind == _REJECTED:
            raise _refused(command.sequence, events[0].reason)
        self.registry.apply(logged)
        self.sequence, self.timestamp_us = command.sequence, command.timestamp_us
        return logged

    def apply_many(
        self, commands: npt.NDArray[Any], signed: npt.NDArray[Any], attachments: Sequence[tuple[int, Attachment]]
    ) -> None:
        """Apply the next commands, which the engine took once; their events are not told.

        Until `settle` is called the registry knows neither lanes nor which orders are live.

        Args:
            commands: rows of COMMAND_DTYPE.
            signed: rows of AUTHORIZATION_DTYPE, one for each order among them.
            attachments: of other commands, by their place, ascending.

        Raises:
            StateDiverged: the engine refuses one, or they are not the next ones.
        """
        sequences = np.arange(self.sequence + 1, self.sequence + 1 + len(commands), dtype=np.uint64)
        if not np.array_equal(commands["sequence"], sequences):
            raise StateDiverged(f"Commands that do not go on from {self.sequence} were given to the machine.")
        events = self.engine.apply_batch(commands)
        refused = events[events["kind"] == _REJECTED]
        if len(refused):
            raise _refused(int(refused["command_sequence"][0]), int(refused["reason"][0]))
        self.registry.apply_many(commands, signed, attachments, events)
        self.sequence, self.timestamp_us = int(sequences[-1]), int(commands["timestamp_us"][-1])

    def settle(self) -> None:
        """Let the registry work out what follows from what `apply_many` gave it."""
        self.registry.settle(self.engine.open_order_ids())


def _refused(sequence: int, reason: int) -> StateDiverged:
    return StateDiverged(
        f"The engine refuses command {sequence} of the journal (reason {reason}).",
        "Run the version of the exchange that wrote the journal, and compare.",
    )
