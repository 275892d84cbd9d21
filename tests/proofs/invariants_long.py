"""`make invariants-long`: all invariants of the settlement contract over long random sequences of calls.

Every invariant is looked at after every call, so all of them share the sequences. The runs are divided among processes
with seeds of their own, because forge runs one campaign on one core.
"""

import re
import sys
import tempfile
import time
from pathlib import Path

import click

from benchmarks.figures import Figures
from tests.proofs.forge import Forge, invariants

CAMPAIGN = ("--match-contract", "SettlementInvariantsTest", "--match-test", "invariantAll")


@click.command()
@click.option("--runs", default=1_000, type=click.IntRange(min=1), help="Sequences in all.")
@click.option("--depth", default=500, type=click.IntRange(min=1), help="Calls in each.")
@click.option("--jobs", default=2, type=click.IntRange(min=1), help="Processes that share the runs.")
@click.option("--seed", default=0x51A7, type=int, help="The same seed makes the same calls.")
def main(runs: int, depth: int, jobs: int, seed: int) -> None:
    """Run the campaign, and say what it did; 1 if an invariant was violated."""
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        forge = Forge.on_a_copy(Path(name))
        built, output = forge.run("build")
        if not built:
            sys.exit(output)
        built_s = time.monotonic()
        campaigns = [
            forge.start(
                "test",
                *CAMPAIGN,
                "--fuzz-seed",
                hex(seed + job),
                invariant_runs=str(runs // jobs + (job < runs % jobs)),
                invariant_depth=str(depth),
                invariant_failure_persist_dir=str(Path(name) / f"failures-{job}"),
            )
            for job in range(jobs)
        ]
        outputs = [campaign.communicate()[0] for campaign in campaigns]
    done = [
        re.search(r"\[PASS\] invariantAll\(\) \(runs: (\d+), calls: (\d+), reverts: (\d+)\)", text) for text in outputs
    ]
    figures = Figures("invariants", f"make invariants-long RUNS={runs} DEPTH={depth} SEED={seed}")
    names = invariants()
    figures.tell("invariants", len(names), "invariants", len(names))
    for metric, group in (("runs", 1), ("calls", 2), ("handler_reverts", 3)):
        figures.tell(metric, sum(int(one[group]) for one in done if one), metric, jobs)
    figures.tell("calls_by_action", len(_actions(outputs)), "actions", jobs)
    for action, calls in sorted(_actions(outputs).items()):
        figures.tell(f"calls_{action}", calls, "calls", jobs)
    figures.tell("violations", sum(one is None for one in done), "violations", jobs)
    figures.tell("build_seconds", round(built_s - started_s, 1), "s", 1)
    figures.tell("seconds", round(time.monotonic() - built_s, 1), "s", 1)
    for text, one in zip(outputs, done, strict=True):
        if one is None:
            print(text, file=sys.stderr)
    sys.exit(0 if all(done) else 1)


def _actions(outputs: list[str]) -> dict[str, int]:
    """Calls of each action of the handler, from forge's tables."""
    counts: dict[str, int] = {}
    for text in outputs:
        for action, calls in re.findall(r"\| SettlementHandler \| (\w+) +\| (\d+) ", text):
            counts[action] = counts.get(action, 0) + int(calls)
    return counts


if __name__ == "__main__":
    main()
