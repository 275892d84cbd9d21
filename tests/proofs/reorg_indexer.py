"""`make reorg-indexer`: reorgs of every depth on a real node, while deposits and settlements go on.

After each one the stored logs are the node's and every projection is what a rebuild makes of them. A deposit that a
reorg removes is never credited, and none is credited twice.
"""

import asyncio
import logging
import random
import sys
import tempfile
import time
from pathlib import Path

import click

from benchmarks.figures import Figures
from offchain.chain.node import NodePool
from offchain.core.database import open_database, upgrade_database
from tests.indexer.chain_load import ChainLoad
from tests.indexer.reorg_proof import CONFIRMATIONS, ReorgProof
from tests.proofs.telling import Bar, any_seed, tell_findings
from tests.support.chain import running_anvil

_STATES_IN_MEMORY = "--prune-history=100000"
"""A node that has moved states to its disk no longer finds them after a reorg, and has no contracts then."""


async def prove(url: str, database_url: str, depths: int, seed: int, bar: Bar) -> ReorgProof:
    """One reorg of each depth, in an order by chance."""
    rng = random.Random(seed)
    database = open_database(database_url)
    upgrade_database(database)
    async with NodePool([url]) as nodes:
        load = await ChainLoad.on(nodes, rng, CONFIRMATIONS)
        proof = ReorgProof(load, database, rng)
        await proof.run(rng.sample(range(1, depths + 1), depths), lambda depth: bar.advance(f"depth {depth}"))
    database.dispose()
    return proof


@click.command()
@click.option("--depths", default=CONFIRMATIONS, type=click.IntRange(1, CONFIRMATIONS), help="The deepest reorg.")
@click.option("--seed", default=any_seed, type=int, help="The same seed asks for the same things.")
@click.option("--database", default="", help="URL of an empty database; else SQLite in a folder of its own.")
def main(depths: int, seed: int, database: str) -> None:
    """Reorganise a real chain under load, and compare."""
    logging.disable()
    started_s = time.monotonic()
    bar = Bar("Reorgs", depths)
    with tempfile.TemporaryDirectory(prefix="quantatrade-reorg-") as folder, running_anvil(_STATES_IN_MEMORY) as url:
        where = database or f"sqlite+pysqlite:///{Path(folder) / 'reorg.db'}"
        proof = asyncio.run(prove(url, where, depths, seed, bar))
    bar.stop()
    figures = Figures("reorg-indexer", f"make reorg-indexer N={depths} SEED={seed}")
    for metric, count in sorted(proof.totals.items()):
        figures.tell(metric, count, metric, depths)
    figures.tell("double_credit", proof.double_credit, "deposits", proof.totals["deposits_credited"])
    figures.tell("diverged", len(proof.findings), "findings", depths)
    figures.tell("seconds", round(time.monotonic() - started_s, 1), "s", 1)
    sys.exit(tell_findings([*proof.findings, *["a deposit was credited wrongly"] * proof.double_credit], seed))


if __name__ == "__main__":
    main()
