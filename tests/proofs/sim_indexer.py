"""`make sim-indexer`: simulated indexers, each with a seed of its own (`tests/indexer/simulation.py`).

Each ends with every table compared with the truth, row by row, and with every fact that the sequencer was told.
"""

import logging
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from functools import cache
from pathlib import Path

import click
from sqlalchemy import Engine

from benchmarks.figures import Figures
from offchain.core.database import open_database, upgrade_database
from tests.indexer.simulation import simulation_of
from tests.proofs.telling import Bar, any_seed, tell_findings

CHUNK = 8


def simulate(seed: int) -> tuple[int, Counter[str], list[str]]:
    """One simulation: its seed, what happened in it, and what is not the truth."""
    simulation = simulation_of(seed, _database())
    simulation.run()
    return seed, simulation.totals, simulation.findings


@cache
def _database() -> Engine:
    """A database of this process: each simulation has a chain of its own in it and leaves nothing behind."""
    folder = Path(os.environ["TMPDIR"]) / str(os.getpid())
    engine = open_database(f"sqlite+pysqlite:///{folder / 'simulated.db'}")
    upgrade_database(engine)
    return engine


def _prepare() -> None:
    logging.disable()


@click.command()
@click.option("--simulations", default=10_000, type=click.IntRange(min=1), help="How many indexers are simulated.")
@click.option("--seed", default=any_seed, type=int, help="That of the first; each has the next one.")
@click.option("--processes", default=os.cpu_count(), type=click.IntRange(min=1), help="How many run at once.")
def main(simulations: int, seed: int, processes: int) -> None:
    """Simulate indexers on nodes that lie, a database that fails, and processes that are killed."""
    started_s = time.monotonic()
    totals: Counter[str] = Counter()
    findings: list[str] = []
    diverged = 0
    bar = Bar("Simulations", simulations)
    with tempfile.TemporaryDirectory(prefix="quantatrade-sim-indexer-") as folder:
        os.environ["TMPDIR"] = folder
        with multiprocessing.get_context("spawn").Pool(processes, _prepare) as pool:
            for one, happened, found in pool.imap_unordered(simulate, range(seed, seed + simulations), CHUNK):
                totals.update(happened)
                diverged += bool(found)
                findings += [f"SEED={one} N=1: {finding:.1000}" for finding in found[:1]]
                bar.advance(f"{totals['reorgs']} reorgs, {totals['kills']} kills, {diverged} diverged")
    bar.stop()
    figures = Figures("sim-indexer", f"make sim-indexer N={simulations} SEED={seed}")
    figures.tell("simulations", simulations, "simulations", simulations)
    for metric, count in sorted(totals.items()):
        figures.tell(metric, count, metric, simulations)
    figures.tell("diverged", diverged, "simulations", simulations)
    figures.tell("seed", seed, "seed", 1)
    figures.tell("seconds", round(time.monotonic() - started_s, 1), "s", 1)
    sys.exit(tell_findings(findings, seed))


if __name__ == "__main__":
    main()
