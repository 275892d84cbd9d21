"""A sink that keeps facts as the sequencer does: it remembers the last position and drops what is not after it."""

from collections.abc import Sequence

from offchain.core.errors import ServiceUnavailable
from offchain.core.intents import RecordChainFact


class RecordingSink:
    """Facts in the order taken.

    `refused` are the numbers of the submissions that are refused; `fail_before` and `fail_after` are raised once by the
    next submission, before or after it is taken.
    """

    def __init__(self) -> None:
        self.facts: list[RecordChainFact] = []
        self.chain_position = (0, 0)
        self.submissions = 0
        self.refused: set[int] = set()
        self.fail_before: Exception | None = None
        self.fail_after: Exception | None = None

    async def submit_in_order(self, intents: Sequence[RecordChainFact], /) -> None:
        for intent in intents:
            await self.submit(intent)

    async def submit(self, intent: RecordChainFact, /) -> None:
        self.submissions += 1
        if self.submissions in self.refused:
            raise ServiceUnavailable("The sequencer is busy.")
        if self.fail_before is not None:
            error, self.fail_before = self.fail_before, None
            raise error
        position = (intent.fact.position.block_number, intent.fact.position.log_index)
        if position > self.chain_position:
            self.chain_position = position
            self.facts.append(intent)
        if self.fail_after is not None:
            error, self.fail_after = self.fail_after, None
            raise error
