"""`make contract-coverage`: which branches of the contracts their forge tests take.

forge counts no branch of `require(condition, Error())` that the compiler took through its intermediate language
(foundry-rs/foundry#10829). So a copy is measured in which each stands as `if (!(condition)) revert Error()`, which is
the same. It sees nothing of assembly (#11329), so branches there are left out of the count. Of an `else` whose first
instruction was merged with another's it counts nothing either: it was taken as often as its `if` was asked and did not
go the first way. The campaigns of invariants, the sequences that they failed on and the changing of every byte stay
out too: a branch has to have a test that means it, and the long ones take hours when they are measured.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Figures
from tests.proofs.forge import FOLDERS, Forge

MEASURED = tuple(FOLDERS.values())


def main() -> int:
    """Run the tests, and tell what they take; 1 if it is not every branch, or one of them fails."""
    figures = Figures("contract_coverage", "make contract-coverage")
    with tempfile.TemporaryDirectory() as name:
        forge = Forge.on_a_copy(Path(name))
        for folder in MEASURED:
            for path in (forge.folder / folder).glob("*.sol"):
                path.write_text(without_require(path.read_text()))
        passed, output = forge.run(
            "coverage",
            "--ir-minimum",
            "--report",
            "lcov",
            "--exclude-tests",
            "--no-match-contract",
            "SequencesTest$",
            "--no-match-test",
            "invariant|testEveryByte|testBytesThat|OneByOne|Conserve",
            profile="coverage",
        )
        if not passed:
            sys.exit(output)
        report = (forge.folder / "lcov.info").read_text()
        branches = {
            file: [(line, taken) for line, taken in found if not in_assembly(forge.folder / file, line)]
            for file, found in branches_of(report).items()
        }
    missed = [f"{file}:{line}" for file, found in branches.items() for line, taken in found if not taken]
    for file, found in sorted(branches.items()):
        if found:
            taken = sum(one for _, one in found)
            figures.tell(file.removeprefix("contracts/"), round(100 * taken / len(found), 2), "%", len(found))
    total = sum(len(found) for found in branches.values())
    figures.tell("branches", round(100 * (total - len(missed)) / total, 2), "%", total)
    for place in missed:
        print(f"not taken: {place}", file=sys.stderr)
    return 1 if missed else 0


def branches_of(report: str) -> dict[str, list[tuple[int, bool]]]:
    """Line and whether it was taken of every branch in the measured folders, by file, from an lcov report."""
    found: dict[str, list[tuple[int, bool]]] = {}
    for record in report.split("end_of_record"):
        rows = [row.partition(":")[::2] for row in record.splitlines()]
        file = next((rest for kind, rest in rows if kind == "SF"), "")
        if file.startswith(MEASURED):
            asked = dict(rest.split(",")[:2] for kind, rest in rows if kind == "DA")
            found[file] = _taken([rest.split(",") for kind, rest in rows if kind == "BRDA"], asked)
    return found


def _taken(branches: list[list[str]], asked: dict[str, str]) -> list[tuple[int, bool]]:
    """Line and whether it was taken of branches, each a line, a block, a way and a count, by how often lines ran."""
    found = []
    first = 0
    for line, _, way, count in branches:
        times = 0 if count == "-" else int(count)
        if way == "0":
            first = times
        elif not times:
            times = int(asked.get(line, 0)) - first
        found.append((int(line), times > 0))
    return found


def in_assembly(path: Path, line: int) -> bool:
    """Whether a line stands in a block of assembly."""
    depth = 0
    for number, text in enumerate(path.read_text().splitlines(), 1):
        if depth or text.lstrip().startswith("assembly"):
            if number == line:
                return True
            depth += text.count("{") - text.count("}")
    return False


def without_require(source: str) -> str:
    """The source with every `require(condition, Error(...))` as an `if` that reverts with the error."""
    parts = []
    while True:
        before, found, rest = source.partition("require(")
        parts.append(before)
        if not found:
            return "".join(parts)
        condition, error, source = _arguments(rest)
        parts.append(f"if (!({condition})) revert {error}")


def _arguments(text: str) -> tuple[str, str, str]:
    """The two arguments at the start of a text that follows a call's open bracket, and what comes after the call."""
    depth, comma = 1, -1
    for position, letter in enumerate(text):
        if letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif letter == "," and depth == 1 and comma < 0:
            comma = position
        if depth == 0:
            return text[:comma].strip(), text[comma + 1 : position].strip(), text[position + 1 :]
    raise ValueError("a call that does not end")


if __name__ == "__main__":
    sys.exit(main())
