"""The process that is killed: a sequencer under load, which says of every answer that it has arrived.

It is forked from a parent that has everything loaded, because a thousand starts would take most of the time.
"""

import asyncio
import os
import pickle
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import BinaryIO, NamedTuple

from offchain.core.intents import Intent, Receipt
from offchain.sequencer.sequencer import Sequencer, SequencerOptions
from tests.sequencer.load import Caller, beginning, callers
from tests.sequencer.world import NOW_S, Clock

TRADERS = 8
RUN_S = 20
OPTIONS = SequencerOptions(
    snapshot_every_commands=150, snapshots_kept=2, segment_bytes=50_000, group_intents=16, subscriber_commands=100
)
_LENGTH = 4


class Asked(NamedTuple):
    """What a caller is about to submit, under a number of its run."""

    number: int
    intents: Sequence[Intent]


class Answered(NamedTuple):
    """What `submit_many` returned: a receipt for each intent, or None where it was refused."""

    number: int
    receipts: Sequence[Receipt | None]


def now_s(run: int) -> int:
    """Time passes from run to run only, so that orders expire too."""
    return NOW_S + run * RUN_S


def write_until_killed(folder: Path, run: int, seed: int, unanswered: Sequence[Intent], report: int, told: int) -> None:
    """Runs for ever. `report` is the file that takes what is asked and answered; `told` gets a byte for each answer.

    `unanswered` are requests of the run before that got no answer; they are sent again first, as anybody would.
    """
    asyncio.run(_Writer(run, report, told).run(folder, Random(seed), unanswered))


def read_report(file: BinaryIO) -> list[Asked | Answered]:
    """What a writer reported until it was killed; a last entry that was cut short is left out."""
    data, offset, entries = file.read(), 0, []
    while offset + _LENGTH <= len(data):
        start = offset + _LENGTH
        offset = start + int.from_bytes(data[offset:start], "little")
        if offset <= len(data):
            entries.append(pickle.loads(data[start:offset]))
    return entries


class _Writer:
    def __init__(self, run: int, report: int, told: int) -> None:
        self._run = run
        self._report = report
        self._told = told
        self._asked = 0

    async def run(self, folder: Path, chance: Random, unanswered: Sequence[Intent]) -> None:
        sequencer = Sequencer.open(folder, OPTIONS, Clock(now_s(self._run) * 1_000_000))
        await sequencer.start()
        await self._submit(sequencer, beginning())
        for intent in unanswered:
            await self._submit(sequencer, [intent])
        asking = callers(TRADERS, self._run, chance, sequencer.chain_position, now_s(self._run))
        await asyncio.gather(*(self._ask(sequencer, caller) for caller in asking))

    async def _ask(self, sequencer: Sequencer, caller: Caller) -> None:
        while True:
            intents = caller.ask()
            for intent, receipt in zip(intents, await self._submit(sequencer, intents), strict=True):
                if receipt is not None:
                    caller.answered(intent, receipt)

    async def _submit(self, sequencer: Sequencer, intents: Sequence[Intent]) -> Sequence[Receipt | None]:
        self._asked += 1
        number = self._asked
        self._tell(Asked(number, intents))
        outcomes = await sequencer.submit_many(intents)
        receipts = [outcome if isinstance(outcome, Receipt) else None for outcome in outcomes]
        self._tell(Answered(number, receipts))
        os.write(self._told, b".")
        return receipts

    def _tell(self, entry: Asked | Answered) -> None:
        data = pickle.dumps(entry)
        os.write(self._report, len(data).to_bytes(_LENGTH, "little") + data)
