"""`make broken-contracts`: breaks the settlement contract on a copy, in ways in which such contracts have been broken,
one at a time, and shows which invariant notices.

An invariant that never failed proves little. Each fault here must be caught by one of the invariants it names.
"""

import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from benchmarks.figures import Figures
from tests.proofs.forge import ROOT, Forge

CAMPAIGN: Final = ("--match-contract", "^SettlementInvariantsTest$", "--match-test", "invariantAll")
SETTLEMENT: Final = Path("contracts/settlement")


@dataclass(frozen=True)
class Fault:
    """One mistake: in a file, `right` stands there once and becomes `wrong`."""

    name: str
    file: str
    right: str
    wrong: str
    caught_by: tuple[str, ...]


FAULTS: Final = (
    Fault(
        "a statement does not raise its floors, so the orders that it covers can be proved again",
        "BatchOwnStatements.sol",
        "if lt(word, floor) { delta := or(floor, and(delta, LOW_200)) }",
        "",
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


@click.command()
@click.option("--runs", default=40, type=click.IntRange(min=1), help="Sequences for each fault.")
@click.option("--depth", default=150, type=click.IntRange(min=1), help="Calls in each.")
@click.option("--faults", default=len(FAULTS), type=click.IntRange(1, len(FAULTS)), help="How many of them.")
@click.option("--seed", default=0, help="Which of them, if not all: the same seed, the same ones.")
def main(runs: int, depth: int, faults: int, seed: int) -> None:
    """Break the contract, and see what notices; 1 if nothing does, or something that should not."""
    chosen = slice_of(faults, seed)
    command = f"make broken-contracts RUNS={runs} DEPTH={depth} FAULTS={faults} SEED={seed}"
    figures = Figures("broken_contracts", command)
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        forge = Forge.on_a_copy(Path(name))
        for fault in chosen:
            path = forge.folder / SETTLEMENT / fault.file
            source = path.read_text()
            path.write_text(broken(source, fault))
            passed, output = forge.run(
                "test", *CAMPAIGN, invariant_runs=str(runs), invariant_depth=str(depth), invariant_shrink_run_limit="0"
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


def slice_of(count: int, seed: int) -> list[Fault]:
    """So many faults from a place on that a seed says; seeds that follow each other come to all of them."""
    return [FAULTS[(seed * count + place) % len(FAULTS)] for place in range(count)]


def broken(source: str, fault: Fault) -> str:
    """The source with the fault in it.

    Raises:
        ValueError: what the fault changes does not stand there once; the contract has changed, so must the fault.
    """
    if source.count(fault.right) != 1:
        raise ValueError(f"{fault.file} does not have this once: {fault.right!r}")
    return source.replace(fault.right, fault.wrong)


def noticed(output: str) -> str | None:
    """The invariant that failed."""
    found = re.search(r'\[FAIL: Not(?:True|Equal)\("([^"]+)"', output)
    return found[1] if found else None


def fits(fault: Fault) -> bool:
    """Whether the fault can be put into the contract as it is."""
    return (ROOT / SETTLEMENT / fault.file).read_text().count(fault.right) == 1


if __name__ == "__main__":
    main()
