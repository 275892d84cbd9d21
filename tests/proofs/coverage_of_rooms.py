"""`make coverage`: how much of the matching engine and of the sequencer their own tests run, by lines and branches.

The engine runs uncompiled, for machine code cannot be measured. Processes that tests start are measured too.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from benchmarks.figures import Figures

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = {"matching": 98.0, "sequencer": 98.0}
"""The least that is asked of each, in percent of lines and of branches."""


def main() -> int:
    """Run the tests of both rooms, and tell what they reach; 1 if it is too little, or one of them fails."""
    figures = Figures("coverage", "make coverage")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        coverage(folder, "run", "--branch", f"--source={','.join(f'offchain.{room}' for room in ROOMS)}", *tests())
        coverage(folder, "combine", "--quiet")
        coverage(folder, "report", "--skip-covered", "--show-missing")
        coverage(folder, "json", "--quiet", "-o", str(folder / "report.json"))
        files = json.loads((folder / "report.json").read_text())["files"]
    enough = True
    for room, least in ROOMS.items():
        counted = [found["summary"] for path, found in files.items() if path.startswith(f"offchain/{room}/")]
        for what, reached, of in (
            ("line", "covered_lines", "num_statements"),
            ("branch", "covered_branches", "num_branches"),
        ):
            total = sum(counts[of] for counts in counted)
            percent = 100 * sum(counts[reached] for counts in counted) / total
            figures.tell(f"{room}_{what}_coverage", round(percent, 2), "%", total)
            enough = enough and percent >= least
    return 0 if enough else 1


def tests() -> Iterable[str]:
    """What coverage is to run."""
    return ["-m", "pytest", "-q", "-p", "tests.proofs.uncompiled", *(f"tests/{room}" for room in ROOMS)]


def coverage(folder: Path, *arguments: str) -> None:
    """Run one of coverage's commands; its data is in the folder.

    Raises:
        CalledProcessError: it failed, or the tests did.
    """
    command, *options = arguments
    subprocess.run(
        [sys.executable, "-m", "coverage", command, f"--data-file={folder / 'data'}", *options],
        cwd=ROOT,
        stdout=sys.stderr,
        check=True,
    )


if __name__ == "__main__":
    sys.exit(main())
