"""Measures the Merkle tree of a vesting pool: how long it takes to build, to load and to prove (`make bench-tree`)."""

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

import click

from benchmarks.figures import Figures
from offchain.presale.tree import ALLOCATION_TYPES, StandardTree

PROOFS: Final = 10_000
_VESTING: Final = bytes(19) + b"\x05"


@click.command(help=__doc__)
@click.option("--leaves", default=250_000, show_default=True)
def main(*, leaves: int) -> None:
    """The command; its help is the module's."""
    rows = [(31_337, _VESTING, 3, (7**40 * n % 2**160).to_bytes(20, "big"), 10**18 + n) for n in range(1, leaves + 1)]
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
        path = Path(folder) / "tree.json"
        tree.dump(path)
        figures.tell("dump_size", path.stat().st_size, "bytes", leaves)
        start = time.perf_counter()
        StandardTree.load(path)
        figures.tell("load", round(time.perf_counter() - start, 3), "s", leaves)


if __name__ == "__main__":
    main()
