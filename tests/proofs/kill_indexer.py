"""`make kill-indexer`: `kill -9` of real indexer processes on a real node, at random points of backfill and live.

Each round begins with an empty database. In its end the stored logs are the node's, every projection is what a rebuild
makes of them, and every final fact was told once.
"""

import asyncio
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click

from benchmarks.figures import Figures
from offchain.chain.node import NodePool
from tests.indexer.chain_load import ChainLoad
from tests.indexer.kill_proof import KillProof
from tests.proofs.telling import Bar, any_seed, tell_findings
from tests.support.chain import running_anvil
from tests.support.database import postgres_schema

HISTORY = 150
"""What happens on the chain before the first indexer starts."""
HISTORY_BLOCKS = 1_000
NODE_TIMEOUT_S = 300.0
"""A node takes its time for a thousand blocks at once."""


async def prove(url: str, databases: dict[str, str], folder: Path, kills: int, seed: int, bar: Bar) -> list[KillProof]:
    """The kills, in equal parts on each database."""
    rng = random.Random(seed)
    proofs = []
    async with NodePool([url], NODE_TIMEOUT_S) as nodes:
        load = await ChainLoad.on(nodes, rng, HISTORY_BLOCKS)
        for _ in range(HISTORY):
            await load.do_something()
        for place, (name, database_url) in enumerate(databases.items()):
            (folder / name).mkdir()
            proof = KillProof(load, database_url, folder / name, rng)
            share = kills // len(databases) + (place < kills % len(databases))
            await proof.run(share, lambda name=name: bar.advance(name))
            proofs.append(proof)
    return proofs


@click.command()
@click.option("--kills", default=200, type=click.IntRange(min=2), help="How many processes are killed.")
@click.option("--seed", default=any_seed, type=int, help="The same seed asks for the same things.")
def main(kills: int, seed: int) -> None:
    """Kill indexers on SQLite and on PostgreSQL, and compare."""
    logging.disable()
    started_s = time.monotonic()
    bar = Bar("Kills", kills)
    with (
        tempfile.TemporaryDirectory(prefix="quantatrade-kill-") as folder,
        postgres_schema() as postgres_url,
        running_anvil() as url,
    ):
        databases = {"sqlite": f"sqlite+pysqlite:///{Path(folder) / 'killed.db'}", "postgresql": postgres_url}
        proofs = asyncio.run(prove(url, databases, Path(folder), kills, seed, bar))
    bar.stop()
    totals = sum((proof.totals for proof in proofs), Counter[str]())
    findings = [finding for proof in proofs for finding in proof.findings]
    figures = Figures("kill-indexer", f"make kill-indexer N={kills} SEED={seed}")
    for metric, count in sorted(totals.items()):
        figures.tell(metric, count, metric, kills)
    figures.tell("diverged", len(findings), "findings", kills)
    figures.tell("seconds", round(time.monotonic() - started_s, 1), "s", 1)
    sys.exit(tell_findings(findings, seed))


if __name__ == "__main__":
    main()
