"""Which of a batch's fills its net groups settle, and by whose statements."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import msgspec

from offchain.core.commands import BatchSettledFact


class Stated(msgspec.Struct, frozen=True, array_like=True):
    """Whose statement a group has at a place, and the floor that it raises in the slots of these assets."""

    owner: bytes
    floor: int
    assets: tuple[int, ...]


class Outcome(NamedTuple):
    """What became of a batch's fills on the chain, each by its index among the batch's fills, with the reason."""

    settled: list[int]
    skipped: list[tuple[int, int]]
    left_over: list[int]
    """Of groups that the contract left out: they settle by their orders next."""


class NetRecord(msgspec.Struct, frozen=True, array_like=True):
    """What stands where in a payload with net groups. Fills are indices among all fills of the batch.

    `groups` are each group's fills and `statements` its statements; `fills` are the fills of the payload itself.
    """

    groups: tuple[tuple[int, ...], ...]
    statements: tuple[tuple[Stated, ...], ...]
    fills: tuple[int, ...]

    def pack(self) -> bytes:
        """The bytes for `unpack`."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def unpack(cls, packed: bytes | None, fills: int) -> Self:
        """The record in some bytes; without any, that of a batch of so many fills that has no groups."""
        if packed is None:
            return cls((), (), tuple(range(fills)))
        return msgspec.msgpack.decode(packed, type=cls)

    @property
    def netted(self) -> list[int]:
        """The fills that groups settle."""
        return [fill for group in self.groups for fill in group]

    def outcome(self, fact: BatchSettledFact) -> Outcome:
        """What the chain did with the fills."""
        skipped = [(self.fills[skip.fill], skip.reason) for skip in fact.skipped]
        left_over = self.left_over([skip.group for skip in fact.skipped_groups])
        gone = {fill for fill, _ in skipped}.union(left_over)
        settled = [fill for fill in (*self.netted, *self.fills) if fill not in gone]
        return Outcome(sorted(settled), skipped, left_over)

    def left_over(self, skipped_groups: Sequence[int]) -> list[int]:
        """The fills of some groups, in the order of the engine."""
        return sorted(fill for group in skipped_groups for fill in self.groups[group])
