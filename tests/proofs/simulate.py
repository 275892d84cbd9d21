"""`make simulate`: simulated exchanges, each with a seed of its own (`tests/sequencer/simulation.py`)."""

import logging
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click

from benchmarks.figures import Figures
from tests.proofs.telling import Bar, any_seed, tell_findings
from tests.sequencer.simulation import Simulation


@click.command()
@click.option("--simulations", default=1_000, type=click.IntRange(min=1), help="How many exchanges are simulated.")
@click.option("--seed", default=any_seed, type=int, help="That of the first; each has the next one.")
def main(simulations: int, seed: int) -> None:
    """Simulate exchanges on a disk that fails and loses power."""
    logging.disable()
    started_s = time.monotonic()
    totals: Counter[str] = Counter()
    findings: list[str] = []
    bar = Bar("Simulations", simulations)
    for one in range(seed, seed + simulations):
        with tempfile.TemporaryDirectory(prefix="quantatrade-simulate-") as folder:
            simulation = Simulation(one, Path(folder))
            simulation.run()
        findings += [f"SEED={one} N=1: {finding}" for finding in simulation.findings]
        totals.update(simulation.totals)
        bar.advance(f"{totals['power_failures']} power failures, {len(findings)} findings")
    bar.stop()
    figures = Figures("simulate", f"make simulate N={simulations} SEED={seed}")
    figures.tell("simulations", simulations, "simulations", simulations)
    for metric, count in totals.items():
        figures.tell(metric, count, metric, simulations)
    figures.tell("findings", len(findings), "findings", simulations)
    figures.tell("seconds", round(time.monotonic() - started_s, 1), "s", 1)
    sys.exit(tell_findings(findings, seed))


if __name__ == "__main__":
    main()
