import os
from pathlib import Path

import pytest

from tests.matching.engines import UncompiledEngine
from tests.matching.exam import Exam
from tests.proofs.mutants import UNCHANGED, Examine, Verdict, by_exam, sample, survivors
from tests.proofs.mutation import Mutant, faults_of

SOURCE = '''
import functools

LIMIT = 5


@functools.lru_cache(maxsize=7)
def is_small(number: int) -> bool:
    """Whether it is."""
    return number < LIMIT


def tell(number: int) -> int:
    if number < 0:
        return 0
    print(number)
    return 0
'''


def changed_lines(path: Path) -> set[str]:
    differences = [fault.mutant().difference().splitlines() for fault in faults_of("some.module", path)]
    return {line.strip("+ ") for lines in differences for line in lines[2:] if line.startswith("+")}


def test_every_function_gets_faults_and_nothing_else_does(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(SOURCE)

    assert changed_lines(path) == {"return number <= LIMIT", "if number <= 0:", "if number < 1:", "print(None)"}


def runs_for_ever() -> Verdict:
    while True:
        pass


def takes_all_memory() -> Verdict:
    return Verdict(len(bytearray(2**40)))


def ends_its_process() -> Verdict:
    os._exit(7)


@pytest.mark.parametrize(
    ("examine", "left"),
    [
        (lambda: Verdict.SURVIVED, UNCHANGED),
        (lambda: Verdict.KILLED, None),
        (runs_for_ever, None),
        (takes_all_memory, None),
        (ends_its_process, None),
    ],
)
def test_a_mutant_survives_only_if_its_process_says_so(examine: Examine, left: Mutant | None) -> None:
    assert list(survivors([UNCHANGED, UNCHANGED, UNCHANGED], examine, 1)) == [left] * 3


def test_a_fault_in_the_engine_is_found_and_the_engine_as_it_is_passes() -> None:
    exams = [Exam(1)]
    path = UNCHANGED.path.with_name("words.py")
    text = path.read_text(encoding="utf-8")
    wrong = Mutant("offchain.matching.words", path, text, text.replace("// codes.PPM", "// codes.PPM + 1"))
    assert wrong.difference()

    judged = list(survivors([UNCHANGED, wrong], by_exam(exams), 20))

    assert (judged.count(UNCHANGED), judged.count(None)) == (1, 1)
    assert exams[0].failed_by(UncompiledEngine()) is None


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    assert [fault.mutant() for fault in sample(1, 3)] == [fault.mutant() for fault in sample(1, 3)]
