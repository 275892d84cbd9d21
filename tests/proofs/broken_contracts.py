"""`make broken-contracts`: breaks the contracts on a copy, in ways in which such contracts have been broken,
one at a time, and shows which invariant notices.

An invariant that never failed proves little. Each fault here must be caught by one of the invariants it names.
"""

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from benchmarks.figures import Figures
from tests.proofs import economy_faults
from tests.proofs.fault import Fault, broken
from tests.proofs.forge import FOLDERS, Forge

SETTLEMENT: Final = (
    Fault(
        "a statement does not raise its floors, so the orders that it covers can be proved again",
        "BatchOwnStatements.sol",
        "mstore(cell, and(floor, or(sum, not(LOW_200))))",
        "mstore(cell, sum)",
        ("AStatementRaisesItsFloors", "AFillSettlesAtMostOnce"),
    ),
    Fault(
        "the floor of a statement does not count for the orders of its own batch",
        "BatchOrders.sol",
        "if (account & SlotTable.NETTED != 0 && seq <= _pendingFloor(run, base)) return SkipReason.CANCELLED;",
        "",
        ("ACancelledOrderNeverFills", "AFillSettlesAtMostOnce"),
    ),
    Fault(
        "the fee cap is left out of what an order's hash covers",
        "Section.sol",
        "mcopy(ORDER_MAX_FEE_BPS, add(class, 0x20), 0x40)",
        "mcopy(ORDER_MAX_FEE_BPS, add(class, 0x20), 0x40) mstore(ORDER_MAX_FEE_BPS, 0)",
        ("GoodOrdersSettleBesideRubbish",),
    ),
    Fault(
        "the seller's order is not held to the lots that it has left, so it fills beyond its quantity",
        "Fill.sol",
        "if or(fault, lt(and(mload(seller), MASK_64), lots)) { break }",
        "if fault { break }",
        ("AnOrderNeverFillsBeyondItsQuantity", "LanesOnlyMoveOn"),
    ),
    Fault(
        "an exit in effect does not stop settlement",
        "BatchAccounts.sol",
        "raw |= SlotTable.EXITED;",
        "",
        ("NothingSettlesForWhoLeft",),
    ),
)
FAULTS: Final = (*SETTLEMENT, *economy_faults.FAULTS)


@click.command()
@click.option("--contract", type=click.Choice(list(FOLDERS)), help="Of which the faults are; else of all.")
@click.option("--runs", default=40, type=click.IntRange(min=1), help="Sequences for each fault.")
@click.option("--depth", default=150, type=click.IntRange(min=1), help="Calls in each.")
@click.option("--faults", type=click.IntRange(min=1), help="How many of them, if not all.")
@click.option("--seed", default=0, help="Which of them, if not all: the same seed, the same ones.")
def main(contract: str | None, runs: int, depth: int, faults: int | None, seed: int) -> None:
    """Break the contracts, and see what notices; 1 if nothing does, or something that should not."""
    known = [fault for fault in FAULTS if contract in (None, fault.contract)]
    chosen = slice_of(known, len(known) if faults is None else min(faults, len(known)), seed)
    of_one = f" CONTRACT={contract}" if contract else ""
    command = f"make broken-contracts{of_one} RUNS={runs} DEPTH={depth} FAULTS={len(chosen)} SEED={seed}"
    figures = Figures("broken_contracts", command)
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        forge = Forge.on_a_copy(Path(name))
        for number, fault in enumerate(chosen):
            path = forge.folder / fault.path
            source = path.read_text()
            path.write_text(broken(source, fault))
            passed, output = forge.run(
                "test",
                "--match-contract",
                f"^{fault.contract}InvariantsTest$",
                "--match-test",
                "invariantAll",
                invariant_runs=str(runs),
                invariant_depth=str(depth),
                invariant_shrink_run_limit="0",
                # What is broken may leave a name that nothing uses.
                deny="never",
                # Else forge begins with the calls that another fault failed on.
                invariant_failure_persist_dir=str(forge.folder / f"failures-{number}"),
            )
            path.write_text(source)
            found = noticed(output)
            caught = not passed and found in fault.caught_by
            missed += not caught
            figures.tell(fault.name, found or "nothing", "caught by", runs)
            if not caught:
                print(output, file=sys.stderr)
    figures.tell("not_caught", missed, "faults", len(chosen))
    sys.exit(min(missed, 1))


def slice_of(faults: Sequence[Fault], count: int, seed: int) -> list[Fault]:
    """So many faults from a place on that a seed says; seeds that follow each other come to all of them."""
    return [faults[(seed * count + place) % len(faults)] for place in range(count)]


def noticed(output: str) -> str | None:
    """The invariant that failed."""
    found = re.search(r'\[FAIL: Not(?:True|Equal)\("([^"]+)"', output)
    return found[1] if found else None


if __name__ == "__main__":
    main()
