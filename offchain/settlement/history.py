"""Batches that the chain holds and the database does not: how the log's fills find their way back into them.

Needed once, when settlement starts with an empty database on a chain that has settled batches. No clock, no I/O.
"""

import msgspec

from offchain.core.errors import StateDiverged
from offchain.core.events import Event
from offchain.settlement.encoding import decode_payload

SettledFill = tuple[bytes, bytes, int]
"""The signatures of the maker's and the taker's order, which name them, and lots."""


class SettledBatch(msgspec.Struct, frozen=True, array_like=True):
    """A batch as the calldata of its transaction has it."""

    number: int
    through_sequence: int
    journal_root: bytes
    previous_hash: bytes
    batch_hash: bytes
    signature: bytes
    payload: bytes

    def fills(self) -> list[SettledFill]:
        """What it settles, in order."""
        orders, fills = decode_payload(self.payload)
        return [(orders[fill.maker].signature, orders[fill.taker].signature, fill.quantity_lots) for fill in fills]


class History(msgspec.Struct):
    """The settled batches whose fills the log has not told yet, in order."""

    batches: list[SettledBatch] = msgspec.field(default_factory=list)
    expected: list[SettledFill] = msgspec.field(default_factory=list)
    """The first batch's fills that are still to come."""
    dropped: list[Event] = msgspec.field(default_factory=list)
    """Fills that the log has and the first batch left out."""

    def __bool__(self) -> bool:
        return bool(self.batches)

    @classmethod
    def of(cls, batches: list[SettledBatch]) -> "History":
        """The history of these batches."""
        return cls(batches, batches[0].fills() if batches else [])

    def accept(self, event: Event, maker_signature: bytes, taker_signature: bytes) -> bool:
        """Whether the fill is the next one of the first batch; otherwise that batch was settled without it."""
        if self.expected and self.expected[0] == (maker_signature, taker_signature, event.quantity):
            self.expected.pop(0)
            return True
        self.dropped.append(event)
        return False

    def is_told(self, command_sequence: int) -> bool:
        """Whether the log has told all of the first batch before this command.

        Raises:
            StateDiverged: it has not, and should have.
        """
        if not self.batches:
            return False
        batch = self.batches[0]
        # The fills of the command after `through_sequence` may be split between batches.
        if self.expected and command_sequence > batch.through_sequence + 1:
            raise StateDiverged(
                f"Batch {batch.number} on the chain settles fills that the log does not have.",
                "Check that journal and chain belong together.",
            )
        return not self.expected and command_sequence > batch.through_sequence

    def pop(self) -> tuple[SettledBatch, tuple[Event, ...]]:
        """The first batch, and the fills that it left out."""
        batch, dropped = self.batches.pop(0), tuple(self.dropped)
        self.expected = self.batches[0].fills() if self.batches else []
        self.dropped = []
        return batch, dropped
