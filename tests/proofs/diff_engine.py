"""`make diff-engine N=n`: the compiled engine held to its uncompiled sources and to the reference model, at length.

The compiled engine runs one random stream. At the beginning of each stretch it leaves a snapshot, at its end a digest:
its state hash and a hash of all its events. From the snapshots, processes run the same stretches in the uncompiled
engine and in the reference model, which must come to the same digests. A stream is the same for the same seed.
"""

import hashlib
import multiprocessing
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import Final, NamedTuple

import click
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.figures import Figures
from offchain.core.commands import COMMAND_BYTES, COMMAND_DTYPE, Command
from offchain.core.events import Event, EventKind
from offchain.matching.engine import Engine
from tests.matching.desk import RICH, Desk
from tests.matching.engines import AnyEngine, EngineType, UncompiledEngine
from tests.matching.market_day import ACCOUNTS, MarketDay
from tests.matching.naive import NaiveEngine

SEED: Final = 20_261_120
STRETCH_COMMANDS: Final = 100_000
BATCH_COMMANDS: Final = 100
"""After so many, the stream learns which of its orders are still open."""
ASSETS: Final = (1, 2, 3)
OTHERS: Final[dict[str, EngineType]] = {"uncompiled": UncompiledEngine, "model": NaiveEngine}


class Stretch(NamedTuple):
    """Packed commands, the state that they begin in, and what the compiled engine came to."""

    snapshot: bytes
    rows: bytes
    digest: bytes

    def commands(self) -> Iterator[Command]:
        for start in range(0, len(self.rows), COMMAND_BYTES):
            yield Command.unpack(self.rows[start : start + COMMAND_BYTES])


class Stream:
    """The compiled engine on its way through the stream, and what it should own by its events."""

    def __init__(self, seed: int) -> None:
        self.engine = Engine()
        self.day = MarketDay(seed, Desk(self.engine).sequence + 1)
        self.net: defaultdict[int, int] = defaultdict(lambda: len(ACCOUNTS) * RICH)
        self.error = 0

    def run(self, count: int) -> Stretch:
        """The next `count` commands."""
        snapshot, hashed, packed = self.engine.snapshot(), hashlib.sha256(), []
        for start in range(0, count, BATCH_COMMANDS):
            rows = b"".join(command.pack() for command in self.day.take(min(BATCH_COMMANDS, count - start)))
            events = self.engine.apply_batch(np.frombuffer(rows, dtype=COMMAND_DTYPE))
            packed.append(rows)
            hashed.update(events.tobytes())
            self.follow(events)
            self.day.keep(set(self.engine.open_order_ids().tolist()))
        owned = {asset: sum(sum(row[2:]) for row in self.engine.balances() if row[1] == asset) for asset in ASSETS}
        self.error = max(self.error, *(abs(owned[asset] - self.net[asset]) for asset in ASSETS))
        return Stretch(snapshot, b"".join(packed), self.engine.state_hash() + hashed.digest())

    def follow(self, events: npt.NDArray[np.void]) -> None:
        """What came in and went out; as integers of Python, for sums may pass 64 bits."""
        for kind, sign in ((EventKind.CREDITED, 1), (EventKind.DEBITED, -1)):
            for asset, amount in events[events["kind"] == kind][["asset", "amount"]].tolist():
                self.net[asset] += sign * amount


def digest_of(stretch: Stretch, engine_type: EngineType) -> bytes:
    """What another engine comes to."""
    engine, hashed = engine_type.restore(stretch.snapshot), hashlib.sha256()
    if isinstance(engine, Engine):
        rows = np.frombuffer(stretch.rows, dtype=COMMAND_DTYPE)
        for start in range(0, len(rows), BATCH_COMMANDS):
            hashed.update(engine.apply_batch(rows[start : start + BATCH_COMMANDS]).tobytes())
    else:
        for command in stretch.commands():
            for event in engine.apply(command):
                hashed.update(event.pack())
    return engine.state_hash() + hashed.digest()


def difference(stretch: Stretch, name: str) -> str | None:
    """The first command that an engine takes otherwise than the compiled one, if there is any."""
    if digest_of(stretch, OTHERS[name]) == stretch.digest:
        return None
    compiled, other = Engine.restore(stretch.snapshot), OTHERS[name].restore(stretch.snapshot)
    for command in stretch.commands():
        told, other_told = told_by(compiled, command), told_by(other, command)
        if told != other_told:
            return f"{command}\ncompiled: {told}\n{name}: {other_told}"
    return f"The {name} engine came to another digest, but not a second time."


def told_by(engine: AnyEngine, command: Command) -> tuple[list[Event], str]:
    """The events of a command, and the hash of the state after it."""
    return engine.apply(command), engine.state_hash().hex()


class Outcome(NamedTuple):
    """What a run came to."""

    commands: int
    compared: int
    equal: int
    conservation_error: int
    first_difference: str | None


def run(seed: int, commands: int, stretch: int, workers: int, progress: Progress) -> Outcome:
    """Run the stream, and each of its stretches in the other engines; no more after the first difference."""
    stream, ran = Stream(seed), 0
    found: list[str | None] = []
    waiting: set[Future[str | None]] = set()
    bar = progress.add_task("stretches compared", total=len(OTHERS) * -(-commands // stretch))
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        while waiting or (ran < commands and not any(found)):
            while ran < commands and not any(found) and len(waiting) <= 2 * workers:
                made = stream.run(min(stretch, commands - ran))
                ran += min(stretch, commands - ran)
                waiting |= {pool.submit(difference, made, name) for name in OTHERS}
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            found += [future.result() for future in done]
            progress.update(bar, completed=len(found))
    first = next((one for one in found if one), None)
    return Outcome(ran, len(found), found.count(None), stream.error, first)


@click.command()
@click.option("--commands", default=1_000_000, type=click.IntRange(min=1), help="Length of the stream.")
@click.option("--seed", default=SEED, help="The same seed gives the same stream.")
@click.option("--stretch", default=STRETCH_COMMANDS, type=click.IntRange(min=1), help="Commands between two digests.")
def main(commands: int, seed: int, stretch: int) -> None:
    """Run a random stream in all three engines, and compare all that they say and come to."""
    if not Engine().compiled:
        sys.exit("The engine is not compiled: run `make build` where a C compiler is installed.")
    figures = Figures("diff-engine", f"make diff-engine N={commands} SEED={seed}")
    started = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        outcome = run(seed, commands, stretch, os.cpu_count() or 1, progress)
    figures.tell("commands", outcome.commands, "commands", 1)
    figures.tell("digests_compared", outcome.compared, "digests", outcome.commands)
    figures.tell("digests_equal", outcome.equal, "digests", outcome.commands)
    figures.tell("conservation_error", outcome.conservation_error, "units", outcome.commands)
    figures.tell("seconds", round(time.monotonic() - started, 1), "s", 1)
    if outcome.first_difference:
        sys.stderr.write(f"{outcome.first_difference}\n")
    if outcome.first_difference or outcome.conservation_error:
        sys.exit(1)


if __name__ == "__main__":
    main()
