"""The machine that the journal drives: the engine and the registry, moved by one command at a time."""

from offchain.core.commands import Attachment, Command
from offchain.core.errors import StateDiverged
from offchain.core.events import EventKind, LoggedCommand
from offchain.matching.engine import Engine
from offchain.sequencer.registry import Registry

_REJECTED = int(EventKind.REJECTED)


class Machine:
    """State as of command `sequence`. Given the same commands, two machines are equal to the last bit."""

    def __init__(self, engine: Engine, registry: Registry, sequence: int = 0, timestamp_us: int = 0) -> None:
        self.engine = engine
        self.registry = registry
        self.sequence = sequence
        self.timestamp_us = timestamp_us

    def apply(self, command: Command, attachment: Attachment) -> LoggedCommand:
        """Apply the next command, one that the engine has no reason to refuse.

        Raises:
            StateDiverged: the engine refuses it, so this is not the state in which it was taken.
        """
        if command.sequence != self.sequence + 1:
            raise StateDiverged(f"Command {command.sequence} was given to a machine at {self.sequence}.")
        events = tuple(self.engine.apply(command))
        logged = LoggedCommand(command, attachment, events)
        if events and events[0].kind == _REJECTED:
            raise StateDiverged(
                f"The engine refuses command {command.sequence} of the journal (reason {events[0].reason}).",
                "Run the version of the exchange that wrote the journal, and compare.",
            )
        self.registry.apply(logged)
        self.sequence, self.timestamp_us = command.sequence, command.timestamp_us
        return logged
