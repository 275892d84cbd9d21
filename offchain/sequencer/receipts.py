"""What the sender of an intent that was taken gets."""

from offchain.core.events import LoggedCommand
from offchain.core.intents import Receipt
from offchain.sequencer.registry import Mark


def receipt(logged: LoggedCommand) -> Receipt:
    """The receipt of an intent that became one command."""
    return Receipt(logged.command.sequence, logged.command.timestamp_us, logged.events)


def repeated(mark: Mark) -> Receipt:
    """The receipt of an intent that was taken before."""
    return Receipt(mark.sequence, mark.timestamp_us, repeated=True)
