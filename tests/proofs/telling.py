"""How a proof shows that it goes on, and what it found."""

import random
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_FINDINGS_SHOWN = 10


def any_seed() -> int:
    """A seed for who names none; said at once, so that a run that is broken off can be repeated too."""
    seed = random.SystemRandom().randrange(2**32)
    sys.stderr.write(f"SEED={seed}\n")
    return seed


class Bar:
    """A progress bar on the error stream, drawn only when told: a thread of its own would not survive a fork."""

    def __init__(self, what: str, total: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(
            *columns, TextColumn("{task.fields[note]}"), console=Console(stderr=True), auto_refresh=False
        )
        self._task = self._progress.add_task(what, total=total, note="")
        self._progress.start()

    def advance(self, note: str) -> None:
        """One more is done."""
        self._progress.update(self._task, advance=1, note=note, refresh=True)

    def stop(self) -> None:
        """Leave the bar as it is."""
        self._progress.stop()


def tell_findings(findings: Sequence[str], seed: int) -> int:
    """Says what is wrong, and how to see it again; the exit status."""
    for finding in findings[:_FINDINGS_SHOWN]:
        sys.stderr.write(f"{finding}\n")
    if findings:
        sys.stderr.write(f"{len(findings)} findings; SEED={seed} repeats the run.\n")
    return 1 if findings else 0
