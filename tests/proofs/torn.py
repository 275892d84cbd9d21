"""`make torn`: damaged journals. Each recovers to what was promised, or refuses loudly; never something else.

What was promised is every command that was acknowledged: what may be missing is only what nobody was ever told. An
exchange that opens a journal also has subscribers, which remember how far they have seen it; the loss of what stands
at its very end shows there.
"""

import asyncio
import copy
import logging
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import click
import msgspec

from benchmarks.figures import Figures
from offchain.core.errors import JournalError, StateDiverged
from offchain.core.events import LoggedCommand
from offchain.sequencer.disk import Disk
from offchain.sequencer.records import ARCHIVE
from offchain.sequencer.replay import new_machine, replay
from offchain.sequencer.sequencer import Sequencer, SequencerOptions
from offchain.sequencer.snapshot import state_hash
from tests.proofs.damage import DAMAGES, Bounds, Files, Scene
from tests.proofs.telling import Bar, any_seed, tell_findings
from tests.sequencer.journals import iterate_commands
from tests.sequencer.load import beginning, callers
from tests.sequencer.world import NOW_S, Clock, order

SCENES = 24
TRADERS = 2
KEEPING = SequencerOptions(snapshot_every_commands=25, snapshots_kept=4, segment_bytes=6_000)
ARCHIVING = SequencerOptions(
    snapshot_every_commands=25, snapshots_kept=2, segment_bytes=6_000, journal_archive=Path(ARCHIVE)
)
"""Its archive lies in the journal's own folder."""
REFUSED, EQUAL, SHORTER = "refused", "recovered_equal", "recovered_without_the_unacknowledged"


class HastyDisk(Disk):
    """Does not wait for the disk: here files are damaged on purpose, and nothing is lost by itself."""

    def sync(self, descriptor: int) -> None:
        """Nothing."""

    def sync_folder(self, folder: Path) -> None:
        """Nothing."""


@dataclass
class Base:
    """A sound journal, as a killed writer leaves it. `acknowledged`: the last command that anybody was told of."""

    options: SequencerOptions
    files: Files
    bounds: Bounds
    acknowledged: int
    hashes: dict[int, bytes]
    """The state's hash after each command."""


async def write_base(folder: Path, chance: Random) -> Base:
    """Write a journal of some thirty commits in a few segments, with snapshots and perhaps an archive."""
    options = chance.choice((KEEPING, ARCHIVING))
    sequencer = Sequencer.open(folder, _in(folder, options), Clock(), HastyDisk())
    await sequencer.start()
    bounds: Bounds = []
    told = 0
    asking = callers(TRADERS, 1, chance, (9, 0), NOW_S)
    for intents in [beginning(), *(chance.choice(asking).ask() for _ in range(chance.randrange(20, 40)))]:
        told = sequencer.last_sequence
        before = _sizes(folder)
        await sequencer.submit_many(intents)
        bounds += [
            (name, before.get(name, 0), size) for name, size in _sizes(folder).items() if size != before.get(name)
        ]
        if sequencer._snapshot_task is not None:
            await sequencer._snapshot_task
    files = _read(folder)
    acknowledged = chance.choice((told, sequencer.last_sequence))
    await sequencer.stop()
    machine, hashes = new_machine(), {}
    for command, attachment in iterate_commands(folder):
        machine.apply(command, attachment)
        hashes[machine.sequence] = state_hash(machine)
    places = [(f"{ARCHIVE}/{name}" if f"{ARCHIVE}/{name}" in files else name, *span) for name, *span in bounds]
    return Base(options, files, places, acknowledged, hashes)


async def outcome(folder: Path, base: Base, behind: int) -> tuple[str, str]:
    """What becomes of a journal, and, if that must not be, what is wrong. One subscriber is at command `behind`."""
    try:
        sequencer = Sequencer.open(folder, _in(folder, base.options), Clock(), HastyDisk())
    except (JournalError, StateDiverged):
        return REFUSED, ""
    try:
        sequencer.subscribe("projection", base.acknowledged, _Reader(base.acknowledged, 0))
    except StateDiverged:
        await sequencer.stop()
        return REFUSED, ""
    reached = sequencer.last_sequence
    reader = _Reader(behind, reached)
    subscription = sequencer.subscribe("archive", behind, reader)
    await asyncio.wait({subscription._task, asyncio.create_task(reader.done.wait())}, return_when="FIRST_COMPLETED")
    wrong = reader.wrong
    if state_hash(sequencer._machine) != base.hashes.get(reached):
        wrong = f"the state at command {reached} is not the one that was there"
    if wrong:
        await sequencer.stop()
        return "", wrong
    await sequencer.start()
    await sequencer.submit(order(b"a" * 20, "afterwards", lane=60_000, seq=10**9))
    await sequencer.stop()
    try:
        machine = replay(folder)
    except (JournalError, StateDiverged):
        # A segment that recovery did not need, because a snapshot stands after it: its damage is told to who needs it.
        return EQUAL, ""
    if state_hash(machine) != state_hash(sequencer._machine):
        return "", f"recovered from command {reached} on, the journal replays to something else"
    return (EQUAL if reached == max(base.hashes) else SHORTER), ""


async def prove(count: int, chance: Random, bar: Bar) -> tuple[Counter[str], list[str]]:
    """Damage `count` journals; how many ended how, and what is wrong."""
    outcomes: Counter[str] = Counter()
    findings: list[str] = []
    with tempfile.TemporaryDirectory(prefix="quantatrade-torn-") as place:
        bases = [await write_base(Path(place) / f"base-{number}", chance) for number in range(SCENES)]
        folder = Path(place) / "damaged"
        for number in range(count):
            base, stranger = chance.sample(bases, 2)
            files, done = _damaged(base, stranger, chance)
            _lay_out(folder, files)
            try:
                how, wrong = await outcome(folder, base, chance.randrange(base.acknowledged))
            except Exception as error:  # A journal may be refused, in a known way; anything else is a finding.
                how, wrong = "", f"it ended with {error!r}"
            outcomes[how] += 1
            if wrong:
                findings.append(f"journal {number}, {', '.join(done)}: {wrong}")
            bar.advance(f"{outcomes[REFUSED]} refused, {len(findings)} findings")
    return outcomes, findings


def _damaged(base: Base, stranger: Base, chance: Random) -> tuple[Files, Sequence[str]]:
    """One or two damages that leave something other than was there."""
    while True:
        files = copy.deepcopy(base.files)
        damages = chance.sample(DAMAGES, chance.choice((1, 1, 1, 2)))
        try:
            for damage in damages:
                damage(Scene(files, base.bounds, stranger.files, chance))
        except (KeyError, IndexError, ValueError):
            continue  # The first took away what the second needs.
        if files != base.files:
            return files, [damage.__name__ for damage in damages]


def _in(folder: Path, options: SequencerOptions) -> SequencerOptions:
    archive = options.journal_archive
    return msgspec.structs.replace(options, journal_archive=None if archive is None else folder / archive)


def _read(folder: Path) -> Files:
    paths = [path for path in folder.rglob("*") if path.suffix in (".journal", ".state")]
    return {str(path.relative_to(folder)): bytearray(path.read_bytes()) for path in paths}


def _lay_out(folder: Path, files: Files) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _sizes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in sorted(folder.glob("segment-*.journal"))}


class _Reader:
    """A subscriber that sees whether it is given every command."""

    def __init__(self, sequence: int, until: int) -> None:
        self.wrong = ""
        self.done = asyncio.Event()
        self._sequence = sequence
        self._until = until

    async def __call__(self, logged: Sequence[LoggedCommand]) -> None:
        for one in logged:
            if one.command.sequence != self._sequence + 1:
                self.wrong = f"a subscriber at {self._sequence} was given {one.command.sequence}"
            self._sequence = one.command.sequence
        if self._sequence >= self._until:
            self.done.set()


@click.command()
@click.option("--journals", default=10_000, type=click.IntRange(min=1), help="How many journals are damaged.")
@click.option("--seed", default=any_seed, type=int, help="The same seed does the same damage.")
def main(journals: int, seed: int) -> None:
    """Damage journals, and see what becomes of each."""
    logging.disable()
    started_s = time.monotonic()
    bar = Bar("Journals", journals)
    outcomes, findings = asyncio.run(prove(journals, Random(seed), bar))
    bar.stop()
    damaged = outcomes.total()
    figures = Figures("torn", f"make torn N={journals} SEED={seed}")
    figures.tell("damaged", damaged, "journals", damaged)
    for how in (EQUAL, SHORTER, REFUSED):
        figures.tell(how, outcomes[how], "journals", damaged)
    figures.tell("silent_divergence", len(findings), "journals", damaged)
    figures.tell("seconds", round(time.monotonic() - started_s, 1), "s", 1)
    sys.exit(tell_findings(findings, seed))


if __name__ == "__main__":
    main()
