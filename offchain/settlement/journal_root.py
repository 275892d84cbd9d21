"""The Merkle root of a journal segment, which each settlement batch carries onto the chain.

A leaf is the SHA-256 of a journal record: the command's row, then its attachment in MessagePack. An inner node is
the SHA-256 of its two children; the last node of an odd level moves up as it is. That is the tree of `merkletools`,
which gives and checks inclusion proofs; this class reaches the same root record by record while holding one hash
per power of two, so a segment may be of any length. A record has at least `COMMAND_BYTES` bytes, more than the 64 of
an inner node, so no inner node passes for a record.
"""

from hashlib import sha256
from typing import Final

import msgspec

from offchain.core.commands import COMMAND_BYTES, Attachment, Command, encode_attachment

EMPTY_ROOT: Final = bytes(32)
"""The root of a segment without records."""
assert COMMAND_BYTES > 64


def record_leaf(command: Command, attachment: Attachment) -> bytes:
    """The leaf of a journal record, 32 bytes."""
    return sha256(command.pack() + encode_attachment(attachment)).digest()


class SegmentRoot(msgspec.Struct):
    """The root of the records added so far.

    `peaks` are the roots of the complete subtrees from left to right, each with its height.
    """

    peaks: list[tuple[int, bytes]] = msgspec.field(default_factory=list)

    def add(self, leaf: bytes) -> None:
        """Appends one leaf."""
        height, node = 0, leaf
        while self.peaks and self.peaks[-1][0] == height:
            node = sha256(self.peaks.pop()[1] + node).digest()
            height += 1
        self.peaks.append((height, node))

    def root(self) -> bytes:
        """The root, 32 bytes; `EMPTY_ROOT` where nothing was added."""
        if not self.peaks:
            return EMPTY_ROOT
        node = self.peaks[-1][1]
        for _, peak in reversed(self.peaks[:-1]):
            node = sha256(peak + node).digest()
        return node

    def clear(self) -> None:
        """Begins the next segment."""
        self.peaks.clear()
