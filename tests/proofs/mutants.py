"""`make mutants N=n`: how many of n faults, put into the engine's sources one at a time, its tests find.

Every mutant is judged in a process of its own, forked from one that has all else loaded. First by the exam, which takes
a second and finds most; those that pass it have to pass the whole suite of `tests/matching`, uncompiled. The faults are
a random sample, the same for the same seed.
"""

import importlib
import multiprocessing
import os
import random
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Final

import click
import pytest
from rich.console import Console
from rich.progress import track

from benchmarks.figures import Figures
from tests.matching.exam import Exam
from tests.proofs.mutation import Fault, Mutant, faults_of

SEED: Final = 20_261_120
LEAST_PERCENT: Final = 85.0
ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = ROOT / "offchain" / "matching"
PACKAGE: Final = "offchain.matching"
LOADED_ANEW: Final = (PACKAGE, "tests.matching", "tests.support")
CHANGES_NOTHING: Final = {"ahead"}
"""What only warms caches; that it makes no difference is what its test says."""
EXAMS: Final = 10
EXAM_SECONDS: Final = 10
SUITE_SECONDS: Final = 60
MEMORY_BYTES: Final = 4 * 2**30
"""A mutant may run for ever, and take what memory there is: processor time and memory of its process are limited."""
NO_MUTANT_TOUCHES: Final = "naive or without_a_c_compiler or day_has_everything"
SUITE: Final = (
    *("-q", "-x", "--assert=plain", "-p", "no:cacheprovider", "-p", "tests.proofs.uncompiled"),
    *("-k", f"not ({NO_MUTANT_TOUCHES})", "tests/matching"),
)
ENGINE: Final = (SOURCES / "engine.py").read_text(encoding="utf-8")
UNCHANGED: Final = Mutant(f"{PACKAGE}.engine", SOURCES / "engine.py", ENGINE, ENGINE)


class Verdict(IntEnum):
    """The exit status of a mutant's process."""

    SURVIVED = 0
    KILLED = 1


def sample(seed: int, count: int) -> list[Fault]:
    """So many of all faults that there can be."""
    paths = [path for path in sorted(SOURCES.glob("*.py")) if path.stem not in CHANGES_NOTHING]
    faults = [fault for path in paths for fault in faults_of(f"{PACKAGE}.{path.stem}", path)]
    return random.Random(seed).sample(faults, min(count, len(faults)))


Examine = Callable[[], Verdict]


def survivors(mutants: Iterable[Mutant], examine: Examine, seconds: int) -> Iterator[Mutant | None]:
    """Each mutant as it comes from its process, or None if it was found; as many at a time as there are processors."""
    context = multiprocessing.get_context("fork")
    running: dict[int, tuple[Mutant, ForkProcess]] = {}
    waiting = iter(mutants)
    while True:
        while len(running) < (os.cpu_count() or 1) and (mutant := next(waiting, None)):
            process = context.Process(target=alone, args=(mutant, examine, seconds))
            process.start()
            running[process.sentinel] = mutant, process
        if not running:
            return
        for sentinel in wait(list(running)):
            assert isinstance(sentinel, int)
            mutant, process = running.pop(sentinel)
            process.join()
            yield mutant if process.exitcode == Verdict.SURVIVED else None


def alone(mutant: Mutant, examine: Examine, seconds: int) -> None:
    """In a process of its own, which a mutant may bring to any end; what it prints is not for anyone."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    for name in [name for name in sys.modules if name.startswith(LOADED_ANEW)]:
        del sys.modules[name]
    mutant.put_in_place()
    os._exit(examine())


def by_exam(exams: list[Exam]) -> Examine:
    def examine() -> Verdict:
        try:
            engine_type = importlib.import_module("tests.matching.engines").UncompiledEngine
            found = any(exam.failed_by(engine_type()) for exam in exams)
        # A changed engine may fail in any way, and is found by that.
        except Exception:
            found = True
        return Verdict.KILLED if found else Verdict.SURVIVED

    return examine


def by_suite() -> Verdict:
    return Verdict.SURVIVED if pytest.main(list(SUITE)) == pytest.ExitCode.OK else Verdict.KILLED


@click.command()
@click.option("--mutants", "count", default=300, type=click.IntRange(min=1), help="Size of the sample.")
@click.option("--seed", default=SEED, help="The same seed gives the same sample.")
def main(count: int, seed: int) -> None:
    """Judge a sample of mutants; show those that no test finds, as differences."""
    figures, started, console = (
        Figures("mutants", f"make mutants N={count} SEED={seed}"),
        time.monotonic(),
        Console(stderr=True),
    )
    # What the suite loads and no mutant touches, once for all.
    importlib.import_module("tests.support.exchange")
    exams = [Exam(seed + number) for number in range(EXAMS)]
    for examine in (by_exam(exams), by_suite):
        if list(survivors([UNCHANGED], examine, SUITE_SECONDS)) != [UNCHANGED]:
            sys.exit("The engine as it is does not pass: run its tests first.")
    faults = sample(seed, count)
    examined = survivors((fault.mutant() for fault in faults), by_exam(exams), EXAM_SECONDS)
    passed = [one for one in track(examined, "Exam", len(faults), console=console) if one]
    suited = survivors(passed, by_suite, SUITE_SECONDS)
    left = []
    for one in track(suited, "Suite", len(passed), console=console):
        if one:
            left.append(one)
            console.print(one.difference(), markup=False, highlight=False, soft_wrap=True)
    score = 100 * (1 - len(left) / len(faults))
    figures.tell("mutants", len(faults), "mutants", 1)
    figures.tell("found_by_exam", len(faults) - len(passed), "mutants", len(faults))
    figures.tell("found_by_suite", len(passed) - len(left), "mutants", len(passed))
    figures.tell("survived", len(left), "mutants", len(faults))
    figures.tell("score", round(score, 1), "%", len(faults))
    figures.tell("seconds", round(time.monotonic() - started, 1), "s", 1)
    if score < LEAST_PERCENT:
        sys.exit(1)


if __name__ == "__main__":
    main()
