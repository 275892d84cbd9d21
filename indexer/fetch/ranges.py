"""How many blocks one node is asked for at once: learned from what it answers and from what it refuses."""

from typing import Final

from indexer.fetch.refusals import Meaning

RANGE_BLOCKS_START: Final = 64
RANGE_BLOCKS_MAX: Final = 1_024
ANSWER_LOGS: Final = 4_000
"""So many logs an answer shall have: few enough to bound memory, and nodes tell smaller answers faster."""


class RangeSize:
    """The number of blocks of the next range. It halves or does as the node says on refusals, and grows on answers."""

    def __init__(self) -> None:
        self.blocks = RANGE_BLOCKS_START
        self.most_blocks = RANGE_BLOCKS_MAX

    def failed(self) -> None:
        """An answer did not come, or did not fit together."""
        self.blocks = max(1, self.blocks // 2)

    def refused(self, asked_blocks: int, meaning: Meaning) -> None:
        """The node refused a range of so many blocks."""
        if 0 < meaning.most_blocks < asked_blocks:
            self.most_blocks = meaning.most_blocks
            self.blocks = min(self.blocks, meaning.most_blocks)
        elif 0 < meaning.suggested_blocks < asked_blocks:
            self.blocks = meaning.suggested_blocks
        else:
            self.blocks = max(1, min(self.blocks, asked_blocks) // 2)

    def answered(self, blocks: int, logs: int) -> None:
        """The node answered with so many blocks and logs."""
        larger = self.blocks + self.blocks // 4 + 1
        if blocks and logs:
            larger = min(larger, max(1, ANSWER_LOGS * blocks // logs))
        self.blocks = min(self.most_blocks, larger)
