"""Measures the Merkle tree of a vesting pool: how long it takes to build, load, prove and serve (`make bench-tree`)."""

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

import click
from sqlalchemy import Engine, insert, update

from benchmarks.figures import Figures
from indexer.project.vesting import ChainVestingClaim, ChainVestingPool
from indexer.store.models import IndexerBlock, IndexerCursor
from offchain.core.database import open_database, upgrade_database, writing_sessions
from offchain.core.errors import ConfigurationError
from offchain.presale.proofs import ProofFiles
from offchain.presale.tree import ALLOCATION_TYPES, StandardTree
from offchain.presale.vesting import VestingService

PROOFS: Final = 10_000
SERVED: Final = 2_000
CHAIN_ID: Final = 31_337
POOL: Final = 3
_VESTING: Final = bytes(19) + b"\x05"


@click.command(help=__doc__)
@click.option("--leaves", default=250_000, show_default=True)
def main(*, leaves: int) -> None:
    """The command; its help is the module's."""
    rows = [
        (CHAIN_ID, _VESTING, POOL, (7**40 * n % 2**160).to_bytes(20, "big"), 10**18 + n) for n in range(1, leaves + 1)
    ]
    figures = Figures("tree", f"make bench-tree LEAVES={leaves}")
    start = time.perf_counter()
    tree = StandardTree.build(rows, ALLOCATION_TYPES)
    figures.tell("build", round(time.perf_counter() - start, 3), "s", leaves)
    figures.tell("root", tree.root.hex(), "hash", leaves)
    took = []
    for row in rows[:: max(1, leaves // PROOFS)]:
        start = time.perf_counter()
        tree.proof(row[3])
        took.append(time.perf_counter() - start)
    figures.tell("proof_median", round(median(took) * 1e3, 4), "ms", len(took))
    figures.tell("proof_p99", round(sorted(took)[len(took) * 99 // 100] * 1e3, 4), "ms", len(took))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{POOL}.json"
        tree.dump(path)
        figures.tell("dump_size", path.stat().st_size, "bytes", leaves)
        start = time.perf_counter()
        StandardTree.load(path)
        figures.tell("load", round(time.perf_counter() - start, 3), "s", leaves)
        _serve(figures, Path(folder), tree, [row[3] for row in rows[:: max(1, leaves // SERVED)]])


def _serve(figures: Figures, folder: Path, tree: StandardTree, accounts: list[bytes]) -> None:
    """What the API answers of an account: its allocation, what has vested, and its proof, from SQLite and the file.

    Every account has claimed once, and each question comes in a new block, so that nothing is kept from the one before.
    """
    database = open_database(f"sqlite+pysqlite:///{folder / 'vesting.db'}")
    upgrade_database(database)
    _publish(database, tree)
    blocks = writing_sessions(database)
    service = VestingService(database, CHAIN_ID, ProofFiles(folder))
    start = time.perf_counter()
    service.preload()
    figures.tell("preload", round(time.perf_counter() - start, 3), "s", len(tree.indexes))
    took = []
    for number, account in enumerate(accounts):
        with blocks.begin() as session:
            session.execute(update(IndexerCursor).values(head_hash=number.to_bytes(32, "big")))
        start = time.perf_counter()
        vesting = service.account(account)
        took.append(time.perf_counter() - start)
        if vesting is None or not vesting.holdings[0].proof:
            raise ConfigurationError("An account of the tree has no proof.", "This is a bug.")
    figures.tell("served_median", round(median(took) * 1e3, 3), "ms", len(took))
    figures.tell("served_p99", round(sorted(took)[len(took) * 99 // 100] * 1e3, 3), "ms", len(took))
    database.dispose()


def _publish(database: Engine, tree: StandardTree) -> None:
    """The rows of a chain whose only block publishes the pool, and pays every account a unit of it."""
    place = {"chain_id": CHAIN_ID, "block_number": 1, "block_hash": bytes(32), "transaction_hash": bytes(32)}
    schedule = {"start_s": 1, "cliff_s": 1, "end_s": 9, "start_bps": 0, "revocable": 0}
    block = {"head_number": 1, "head_hash": bytes(32), "final_number": 1, "final_hash": bytes(32)}
    with writing_sessions(database).begin() as session:
        session.add(
            ChainVestingPool(log_index=0, timestamp_s=5, pool=POOL, root=tree.root, total=1, **schedule, **place)
        )
        session.add(IndexerCursor(chain_id=CHAIN_ID, contract=bytes(20), reorgs=0, deepest_reorg=0, **block))
        session.add(IndexerBlock(chain_id=CHAIN_ID, number=1, hash=bytes(32), timestamp_s=5))
        accounts = [bytes.fromhex(account[2:]) for account in tree.columns[3]]
        claims = [
            {"log_index": index, "timestamp_s": 5, "pool": POOL, "account": account, "recipient": account, **place}
            for index, account in enumerate(accounts, 1)
        ]
        session.execute(insert(ChainVestingClaim).values(amount=1, claimed=1), claims)


if __name__ == "__main__":
    main()
