"""A process that writes orders as fast as it can and tells of each acknowledgement: `crash_writer FOLDER ROUND`.

It is killed while it runs; `test_crash.py` then compares what it told with what the journal holds.
"""

import asyncio
import os
import sys
from pathlib import Path

from offchain.core.intents import Receipt
from offchain.sequencer.sequencer import Sequencer, SequencerOptions
from tests.sequencer.world import ALICE, BOB, BUY, SELL, Clock, funding, order

CLIENTS = 8


async def client(sequencer: Sequencer, crash: int, number: int) -> None:
    """Orders one after the other, each in its own lane's next seq; those of even and odd clients match."""
    owner, side = ((ALICE, BUY), (BOB, SELL))[number % 2]
    for step in range(1, 1_000_000):
        name = f"{crash}.{number}.{step}"
        intents = [
            order(owner, f"{name}.{part}", side, 100, 1 + step % 7, lane=lane, seq=crash * 1_000_000 + step, tif=1)
            for part in range(3)
            for lane in [100 + 10 * number + part]
        ]
        outcomes = await sequencer.submit_many(intents)
        told = [
            f"{intent.authorization.client_order_id} {outcome.sequence}\n"
            for intent, outcome in zip(intents, outcomes, strict=True)
            if isinstance(outcome, Receipt)
        ]
        os.write(1, "".join(told).encode())


async def main(folder: Path, crash: int) -> None:
    """Write until killed."""
    options = SequencerOptions(snapshot_every_commands=700, segment_bytes=100_000)
    sequencer = Sequencer.open(folder, options, Clock())
    await sequencer.start()
    await sequencer.submit_many(funding(ALICE, BOB))
    await asyncio.gather(*(client(sequencer, crash, number) for number in range(CLIENTS)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
