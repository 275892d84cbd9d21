"""Simulated exchanges, as many as one likes, each with a seed of its own: see `tests/sequencer/simulation.py`."""

import argparse
import logging
import random
import shlex
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.figures import Figures
from tests.proofs.telling import Bar, tell_findings
from tests.sequencer.simulation import Simulation


def main() -> int:
    """Simulate, tell the figures; 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args()
    sys.stderr.write(f"SEED={options.seed}\n")
    logging.disable()
    started_s = time.monotonic()
    totals: Counter[str] = Counter()
    findings: list[str] = []
    bar = Bar("Simulations", options.simulations)
    for seed in range(options.seed, options.seed + options.simulations):
        with tempfile.TemporaryDirectory(prefix="quantatrade-simulate-") as folder:
            simulation = Simulation(seed, Path(folder))
            simulation.run()
        findings += [f"SEED={seed} N=1: {finding}" for finding in simulation.findings]
        totals.update(simulation.totals)
        bar.advance(f"{totals['power_failures']} power failures, {len(findings)} findings")
    bar.stop()
    figures = Figures("simulate", shlex.join(["python", "-m", "tests.proofs.simulate", *sys.argv[1:]]))
    figures.tell("simulations", options.simulations, "simulations", options.simulations)
    for metric, count in totals.items():
        figures.tell(metric, count, metric, options.simulations)
    figures.tell("findings", len(findings), "findings", options.simulations)
    figures.tell("seconds", round(time.monotonic() - started_s, 1), "s", 1)
    return tell_findings(findings, options.seed)


if __name__ == "__main__":
    sys.exit(main())
