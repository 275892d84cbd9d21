"""One exchange on one disk through several lives, each with faults and an end that the seed chooses.

After each start what was promised is held against the journal: everything that was acknowledged, and everything that
an exchange had recovered and built upon, is there once and unchanged; the state is that of a replay from the first
command; subscribers saw durable commands only, in order; accounts hold what came in less what went out.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

from offchain.core.commands import Command
from offchain.core.errors import JournalError, QuantaTradeError, ServiceUnavailable
from offchain.core.events import LoggedCommand
from offchain.core.intents import Intent, PlaceOrder, Receipt, ReplaceOrder, RequestWithdrawal
from offchain.sequencer.sequencer import Outcome, Sequencer, SequencerOptions
from tests.sequencer.evidence import Witness
from tests.sequencer.load import Caller, beginning, callers
from tests.sequencer.simulated_disk import Faults, SimulatedDisk
from tests.sequencer.simulated_loop import SimulatedLoop
from tests.sequencer.world import ALICE, BUY, MARKET, NOW_S, order

LIVES = 5
STARTS_MAX = 12
TRADERS = 3
LIFE_S = 30
SOUND_AFTER_STARTS = 6
CALLS = (
    *("create", "open", "read", "write_some", "sync", "sync_folder"),
    *("truncate", "rename", "remove", "link", "make_folder"),
)


class Simulation:
    """Runs one seed. `findings` is empty if everything that was promised was kept."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.folder = folder / "journal"
        self.chance = Random(f"lives {seed}")
        self.faults = Faults(Random(f"faults {seed}"))
        self.disk = SimulatedDisk(self.folder, self.faults)
        self.witness = Witness(self.folder)
        self.findings: list[str] = []
        self.life = 0
        self.totals = Counter(lives=0, acknowledged=0, halts=0, power_failures=0)
        self.told: list[tuple[Intent, Receipt]] = []
        self.refused: list[Intent] = []
        self.unanswered: list[Intent] = []
        self.followed: dict[int, Command] = {}
        """What a subscriber has been given, by sequence, without a gap."""
        self.options = SequencerOptions(
            snapshot_every_commands=self.chance.choice((10, 40, 200)),
            snapshots_kept=self.chance.choice((1, 3)),
            segment_bytes=self.chance.choice((3_000, 10_000, 100_000)),
            group_intents=self.chance.choice((1, 8, 64)),
            subscriber_commands=self.chance.choice((5, 1_000)),
            journal_archive=self.chance.choice((None, folder / "archive")),
        )

    def run(self) -> None:
        """All lives, the last one on a sound disk."""
        for number in range(LIVES):
            if not self.findings:
                self._live(is_sound=number == LIVES - 1)

    def hold(self, sequencer: Sequencer) -> None:
        """Hold what was told in the lives before against what a new one has recovered."""
        self.witness.follow()
        self.witness.compare(sequencer._machine, whole=True)
        self.witness.read_again()
        for intent, receipt in self.told:
            self.witness.check(intent, receipt)
        self.findings += [f"{intent} was refused, and is kept" for intent in self.refused if self._is_kept(intent)]
        for sequence, command in self.followed.items():
            kept = self.witness.recent.get(sequence)
            if sequence > self.witness.machine.sequence or (kept is not None and kept.command != command):
                self.findings.append(f"a subscriber was given {command}, which is not of the journal")
        self.findings += [f"life {self.life}: {finding}" for finding in self.witness.findings.all]
        self.told, self.refused = [], []

    def _live(self, *, is_sound: bool) -> None:
        """Start until an exchange runs, and see it through to its end, whatever that is."""
        for start in range(STARTS_MAX):
            self.life += 1
            self.totals["lives"] += 1
            stays_full = self.faults.room == 0 and start < SOUND_AFTER_STARTS and self.chance.random() < 0.3
            self.faults.heal()
            if stays_full:
                self.faults.room = 0
            elif not is_sound and start < SOUND_AFTER_STARTS:
                self._plan()
            life = _Life(self, SimulatedLoop(Random(self.chance.getrandbits(64))))
            if not life.play() or self.chance.random() < 0.5:
                self.totals["power_failures"] += 1
                self.disk.lose_power()
            else:
                self.disk.kill()
            if life.sequencer is not None or self.findings:
                return
        self.findings.append(f"life {self.life}: no start succeeded")

    def _plan(self) -> None:
        """What goes wrong in this life: at most three things, some of them at the very beginning."""
        chance, faults = self.chance, self.faults
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
            match chance.randrange(4):
                case 0:
                    faults.power_fails_in = chance.choice((chance.randrange(30), chance.randrange(300)))
                case 1:
                    faults.room = chance.choice((0, chance.randrange(2_000), chance.randrange(40_000)))
                case 2:
                    faults.failing["sync"] = chance.choice((chance.randrange(3), chance.randrange(40)))
                case 3:
                    faults.failing[chance.choice(CALLS)] = chance.choice((chance.randrange(4), chance.randrange(40)))

    def _is_kept(self, intent: Intent) -> bool:
        """Whether an order or withdrawal that nobody took is in the journal."""
        if isinstance(intent, PlaceOrder | ReplaceOrder | RequestWithdrawal):
            return self.witness.place_of(intent) is not None
        return False


class _Life:
    """One process: from opening the journal to its end. `sequencer` is None if it could not be opened."""

    def __init__(self, simulation: Simulation, loop: SimulatedLoop) -> None:
        self.sequencer: Sequencer | None = None
        self._simulation = simulation
        self._loop = loop

    def play(self) -> bool:
        """Live; False if the power failed."""
        return self._loop.play(self._story())

    async def _story(self) -> None:
        simulation = self._simulation
        try:
            sequencer = Sequencer.open(simulation.folder, simulation.options, self._clock, simulation.disk)
        except QuantaTradeError as error:
            if not simulation.faults.struck:
                simulation.findings.append(f"life {simulation.life}: a sound disk, and {error}")
            return
        simulation.hold(sequencer)
        self.sequencer = sequencer
        await sequencer.start()
        try:
            sequencer.subscribe("follower", len(simulation.followed), self._follow)
        except QuantaTradeError as error:
            simulation.findings.append(f"life {simulation.life}: {error}")
            return
        await self._submit(beginning())
        for intent in tuple(simulation.unanswered):
            await self._ask_again(intent)
        asking = callers(
            TRADERS, simulation.life, simulation.chance, sequencer.chain_position, self._clock() // 1_000_000
        )
        await asyncio.gather(*(self._ask(caller) for caller in asking))
        if sequencer.halted is not None:
            await self._see_what_is_left(sequencer)
        if simulation.chance.random() < 0.5:
            await sequencer.stop()

    def _clock(self) -> int:
        return (NOW_S + LIFE_S * self._simulation.life) * 1_000_000 + int(self._loop.time() * 1_000_000)

    async def _ask(self, caller: Caller) -> None:
        chance = Random(self._simulation.chance.getrandbits(64))
        for _ in range(chance.randrange(2, 16)):
            await asyncio.sleep(chance.choice((0, chance.expovariate(100))))
            intents = caller.ask()
            for intent, outcome in zip(intents, await self._submit(intents), strict=True):
                if isinstance(outcome, Receipt):
                    caller.answered(intent, outcome)

    async def _ask_again(self, intent: Intent) -> None:
        """Send what got no answer once more; that the exchange has no time for it says nothing of the first time."""
        assert self.sequencer is not None
        (outcome,) = await self._submit([intent])
        simulation = self._simulation
        if isinstance(outcome, ServiceUnavailable):
            simulation.refused.remove(intent)
        else:
            simulation.unanswered.remove(intent)

    async def _submit(self, intents: Sequence[Intent]) -> Sequence[Outcome]:
        assert self.sequencer is not None
        simulation = self._simulation
        simulation.unanswered += intents
        try:
            outcomes = await self.sequencer.submit_many(intents)
        except (ServiceUnavailable, JournalError) as error:
            outcomes = [error] * len(intents)
        for intent, outcome in zip(intents, outcomes, strict=True):
            if isinstance(outcome, JournalError):
                continue
            simulation.unanswered.remove(intent)
            if isinstance(outcome, Receipt):
                simulation.told.append((intent, outcome))
                simulation.totals["acknowledged"] += not outcome.repeated
            else:
                simulation.refused.append(intent)
        return outcomes

    async def _follow(self, logged: Sequence[LoggedCommand]) -> None:
        chance, followed = self._loop.chance, self._simulation.followed
        await asyncio.sleep(chance.expovariate(200))
        if chance.random() < 0.1:
            raise ConnectionError("the subscriber fails and will be given this again")
        for one in logged:
            if one.command.sequence != len(followed) + 1:
                self._simulation.findings.append(f"a subscriber at {len(followed)} was given {one.command}")
            followed[one.command.sequence] = one.command

    async def _see_what_is_left(self, sequencer: Sequencer) -> None:
        """A halted exchange says so to whoever asks, and shows its book."""
        self._simulation.totals["halts"] += 1
        sequencer.engine.depth(MARKET, BUY, 5)
        try:
            await sequencer.submit(order(ALICE, f"late.{self._simulation.life}", lane=60_000))
        except ServiceUnavailable as error:
            if "halted" in error.message and error.next_step:
                return
        self._simulation.findings.append(f"life {self._simulation.life}: a halted exchange does not say so")
