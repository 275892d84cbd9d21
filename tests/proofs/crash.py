"""`make crash`: `kill -9` of a writer under load at random moments, each followed by recovery of its one journal.

After each kill: every acknowledged command is there, once, as it was asked for; no command is there twice; the machine
that recovery builds is the one that a replay of every command builds; and accounts hold what came in less what went
out. The moments of the kills are the machine's own; what is asked repeats by the seed.
"""

import gc
import logging
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.figures import Figures
from offchain.core.intents import Intent
from offchain.sequencer.journal import Journal
from offchain.sequencer.replay import recover, replay
from tests.proofs.telling import Bar, any_seed, tell_findings
from tests.proofs.writer import OPTIONS, Answered, Asked, read_report, write_until_killed
from tests.sequencer.evidence import Witness

ANSWERS_MAX = 60
"""A writer is killed some time after fewer answers than this."""
WHILE_IT_STARTS = 0.2
"""The share of writers that are killed before their first answer, most of them while they recover."""
JITTER_S = 0.005
COMPARE_WHOLE_EVERY = 10
READ_AGAIN_EVERY = 100


class CrashProof:
    """The journal, its witness, and what the callers of the killed writers were told."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.acknowledged = 0
        self.witness = Witness(folder / "journal")
        self._folder = folder
        self._journal = folder / "journal"
        self._chance = random.Random(seed)
        self._start_s = 0.05
        self._unanswered: list[Intent] = []

    def kill_one(self, run: int) -> None:
        """Start a writer, kill it, recover, compare."""
        entries = self._killed(run)
        Journal.open(self._journal, segment_bytes=OPTIONS.segment_bytes).close()
        recovered = recover(self._journal)
        self.witness.follow()
        self.witness.compare(recovered, whole=run % COMPARE_WHOLE_EVERY == 0)
        self._check(entries)
        if run % READ_AGAIN_EVERY == 0:
            self.witness.read_again()

    def finish(self) -> None:
        """Once more from the first byte, with a new machine."""
        self.witness.read_again()
        self.witness.compare(replay(self._journal), whole=True)

    def _killed(self, run: int) -> list[Asked | Answered]:
        seed = self._chance.getrandbits(64)
        answers = 0 if self._chance.random() < WHILE_IT_STARTS else self._chance.randrange(1, ANSWERS_MAX)
        wait_s = self._chance.uniform(0, JITTER_S if answers else self._start_s)
        with tempfile.TemporaryFile(dir=self._folder) as report:
            reading, told = os.pipe()
            started_s = time.monotonic()
            child = os.fork()
            if child == 0:
                self._run_child(run, seed, report.fileno(), told)
            os.close(told)
            for heard in range(answers):
                os.read(reading, 1)
                if heard == 0:
                    self._start_s = time.monotonic() - started_s
            time.sleep(wait_s)
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            os.close(reading)
            if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
                self.witness.findings.diverged.append(f"writer {run} ended by itself: {status}")
            report.seek(0)
            return read_report(report)

    def _run_child(self, run: int, seed: int, report: int, told: int) -> None:
        try:
            write_until_killed(self._journal, run, seed, self._unanswered, report, told)
        except BaseException:  # What it was must be seen, and must not run on as the parent.
            traceback.print_exc()
        finally:
            os._exit(1)

    def _check(self, entries: list[Asked | Answered]) -> None:
        waiting: dict[int, Sequence[Intent]] = {}
        for entry in entries:
            if isinstance(entry, Asked):
                waiting[entry.number] = entry.intents
                continue
            for intent, receipt in zip(waiting.pop(entry.number), entry.receipts, strict=True):
                if receipt is not None:
                    self.acknowledged += not receipt.repeated
                    self.witness.check(intent, receipt)
        self._unanswered = [intent for intents in waiting.values() for intent in intents]


@click.command()
@click.option("--kills", default=1_000, type=click.IntRange(min=1), help="How many writers are killed.")
@click.option("--seed", default=any_seed, type=int, help="The same seed asks the same things.")
def main(kills: int, seed: int) -> None:
    """Kill writers under load, and hold what is recovered to what they had acknowledged."""
    logging.disable()
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="quantatrade-crash-") as folder:
        proof = CrashProof(Path(folder), seed)
        findings = proof.witness.findings
        bar = Bar("Kills", kills)
        gc.freeze()
        run = 0
        while run < kills and not findings.all:
            run += 1
            proof.kill_one(run)
            bar.advance(f"{proof.acknowledged} acknowledged, {len(findings.lost)} lost")
        if not findings.all:
            proof.finish()
        bar.stop()
    figures = Figures("crash", f"make crash N={kills} SEED={seed}")
    figures.tell("kills", run, "kills", run)
    figures.tell("acknowledged", proof.acknowledged, "commands", run)
    figures.tell("acknowledged_lost", len(findings.lost), "commands", proof.acknowledged)
    figures.tell("duplicated", len(findings.duplicated), "commands", proof.acknowledged)
    figures.tell("ledger_error", len(findings.ledger), "findings", run)
    figures.tell("recovered_differently", len(findings.diverged), "findings", run)
    figures.tell("commands", proof.witness.machine.sequence, "commands", run)
    figures.tell("seconds", round(time.monotonic() - started_s, 1), "s", 1)
    sys.exit(tell_findings(findings.all, seed))


if __name__ == "__main__":
    main()
