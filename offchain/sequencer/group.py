"""A group of commands: applied one after the other, then made durable together."""

import struct

import msgspec

from offchain.core.commands import Attachment, Command, OperatorMark
from offchain.core.errors import InvalidRequest, public_reason
from offchain.core.events import LoggedCommand, RejectReason
from offchain.sequencer.machine import Machine
from offchain.sequencer.records import NOTE_BYTES_MAX, Entry, pack_entry
from offchain.sequencer.refusals import refusal
from offchain.sequencer.registry import Registry

_US = 1_000_000


class Group:
    """The commands that are taken at one moment, `now_us`, microseconds since 1970."""

    def __init__(self, machine: Machine, now_us: int, order_min_lifetime_s: int, held: str | None = None) -> None:
        self.machine = machine
        self.now_us = now_us
        self.earliest_expiry_s = now_us // _US + order_min_lifetime_s
        """What expires at this second or before expires too soon."""
        self.held = held
        """Why no new orders are taken, or None."""
        self.logged: list[LoggedCommand] = []
        self.entries: list[Entry] = []
        """The same commands as `Journal.append` takes them."""
        self.ladders: dict[tuple[bytes, bytes], int] = {}
        """The sequence of the command that holds a ladder, by owner and signature, of those that came in here."""
        self.operator: bytes | None = None
        """The wallet of the operator whose setting is being taken, or None."""
        self.broken: str | None = None
        """Why the state can no longer be trusted: applying a command failed half way."""

    @property
    def registry(self) -> Registry:
        """The state that intents are judged against."""
        return self.machine.registry

    def add(self, command: Command, attachment: Attachment = None) -> LoggedCommand:
        """Apply the command if the engine's check has nothing against it.

        Raises:
            QuantaTradeError: it has, or the command cannot be written down and read back; nothing has changed.
        """
        if attachment is None and self.operator is not None:
            attachment = OperatorMark(self.operator)
        entry = _packed(command, attachment)
        self._refuse_for(self.machine.engine.check_row(entry[0]), command)
        try:
            logged = self.machine.apply(command, attachment, entry[0])
        # Whatever it was, being interrupted too: the state may have half a command, and takes no other.
        except BaseException as error:
            self.broken = f"applying command {command.sequence} failed: {public_reason(error)}"
            raise
        self.logged.append(logged)
        self.entries.append(entry)
        return logged

    def check(self, command: Command) -> None:
        """See whether the engine would take the command now.

        Raises:
            QuantaTradeError: it would not.
        """
        self._refuse_for(self.machine.engine.check(command), command)

    def _refuse_for(self, reason: int, command: Command) -> None:
        if reason:
            raise refusal(self.machine, command, RejectReason(reason))

    def command(self, kind: int, **fields: int) -> Command:
        """A command for the next place in the log."""
        return Command(self.machine.sequence + 1, self.now_us, int(kind), **fields)


class Rehearsal(Group):
    """A group that judges like any other and takes nothing: what it would take has no events."""

    def add(self, command: Command, attachment: Attachment = None) -> LoggedCommand:
        """See whether the command would be taken; refusals are those of `Group.add`."""
        _packed(command, attachment)
        self.check(command)
        return LoggedCommand(command, attachment, ())


def _packed(command: Command, attachment: Attachment) -> Entry:
    try:
        entry = pack_entry(command.pack(), command.kind, attachment)
    except (struct.error, msgspec.MsgspecError, OverflowError, TypeError, ValueError) as error:
        raise InvalidRequest(f"A field is out of its range: {error}.", "Correct the request.") from error
    if len(entry[1]) > NOTE_BYTES_MAX:
        raise InvalidRequest(f"{len(entry[1])} bytes are more than an attachment has.", "Correct the request.")
    return entry
