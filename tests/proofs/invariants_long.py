"""`make invariants-long`: all invariants of the contracts over long random sequences of calls.

Every invariant of a contract is looked at after every call to it, so all of them share the sequences. The runs are
divided among processes with seeds of their own, because forge runs one campaign on one core.
"""

import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import click

from benchmarks.figures import Figures
from tests.proofs.forge import FOLDERS, Forge, invariants


class Campaign(NamedTuple):
    """How long the sequences are, and who shares them."""

    runs: int
    depth: int
    jobs: int
    seed: int

    def outputs(self, forge: Forge, contract: str) -> list[str]:
        """What forge says of a contract's campaign, by process."""
        processes = [
            forge.start(
                "test",
                "--match-contract",
                f"^{contract}InvariantsTest$",
                "--match-test",
                "invariantAll",
                "--fuzz-seed",
                hex(self.seed + job),
                invariant_runs=str(self.runs // self.jobs + (job < self.runs % self.jobs)),
                invariant_depth=str(self.depth),
                invariant_failure_persist_dir=str(forge.folder / f"failures-{contract}-{job}"),
            )
            for job in range(self.jobs)
        ]
        return [process.communicate()[0] for process in processes]


@click.command()
@click.option("--contract", "contracts", multiple=True, type=click.Choice(list(FOLDERS)), help="Which; else all.")
@click.option("--runs", default=1_000, type=click.IntRange(min=1), help="Sequences of each contract.")
@click.option("--depth", default=500, type=click.IntRange(min=1), help="Calls in each.")
@click.option("--jobs", default=2, type=click.IntRange(min=1), help="Processes that share the runs.")
@click.option("--seed", default=0x51A7, type=int, help="The same seed makes the same calls.")
def main(contracts: tuple[str, ...], runs: int, depth: int, jobs: int, seed: int) -> None:
    """Run the campaigns, and say what they did; 1 if an invariant was violated."""
    campaign = Campaign(runs, depth, jobs, seed)
    with tempfile.TemporaryDirectory() as name:
        forge = Forge.on_a_copy(Path(name))
        built, output = forge.run("build")
        if not built:
            sys.exit(output)
        violations = sum(_run(forge, contract, campaign) for contract in contracts or FOLDERS)
    sys.exit(1 if violations else 0)


def _run(forge: Forge, contract: str, campaign: Campaign) -> int:
    """Run a contract's campaign and tell its figures; how many processes found a violation."""
    command = (
        f"make invariants-long CONTRACT={contract} RUNS={campaign.runs} DEPTH={campaign.depth} SEED={campaign.seed}"
    )
    figures = Figures(f"invariants-{contract.lower()}", command)
    started_s = time.monotonic()
    outputs = campaign.outputs(forge, contract)
    passed = r"\[PASS\] invariantAll\(\) \(runs: (\d+), calls: (\d+), reverts: (\d+)\)"
    done = [re.search(passed, text) for text in outputs]
    names = invariants(contract)
    figures.tell("invariants", len(names), "invariants", len(names))
    for metric, group in (("runs", 1), ("calls", 2), ("handler_reverts", 3)):
        figures.tell(metric, sum(int(one[group]) for one in done if one), metric, campaign.jobs)
    actions = _actions(contract, outputs)
    figures.tell("calls_by_action", len(actions), "actions", campaign.jobs)
    for action, calls in sorted(actions.items()):
        figures.tell(f"calls_{action}", calls, "calls", campaign.jobs)
    violations = done.count(None)
    figures.tell("violations", violations, "violations", campaign.jobs)
    figures.tell("seconds", round(time.monotonic() - started_s, 1), "s", 1)
    for text, one in zip(outputs, done, strict=True):
        if one is None:
            print(text, file=sys.stderr)
    return violations


def _actions(contract: str, outputs: list[str]) -> Counter[str]:
    """Calls of each action of a contract's handler, from forge's tables."""
    rows = re.compile(rf"\| {contract}Handler \| (\w+) +\| (\d+) ")
    counts: Counter[str] = Counter()
    for text in outputs:
        for action, calls in rows.findall(text):
            counts[action] += int(calls)
    return counts


if __name__ == "__main__":
    main()
