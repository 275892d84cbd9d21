import json
import subprocess
import sys
from pathlib import Path

import pytest

from offchain.core.commands import Command
from offchain.core.events import Event
from tests.matching.naive import NaiveEngine
from tests.proofs.diff_engine import OTHERS, Stream, Stretch, difference

ROOT = Path(__file__).parents[2]


def ran(*options: str) -> dict[str, object]:
    command = [sys.executable, "-m", "tests.proofs.diff_engine", *options]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return {row["metric"]: row["value"] for row in map(json.loads, done.stdout.splitlines())}


def test_a_short_run_of_the_proof_finds_no_difference() -> None:
    build = [sys.executable, "-m", "offchain.matching.build"]
    if "uncompiled" in subprocess.run(build, cwd=ROOT, check=True, capture_output=True, text=True).stdout:
        pytest.skip("no C compiler works here")

    figures = ran("--commands", "5000", "--stretch", "2000", "--seed", "7")

    assert figures.pop("seconds")
    assert figures == {"commands": 5_000, "digests_compared": 6, "digests_equal": 6, "conservation_error": 0}


class Overcharging(NaiveEngine):
    """Wrong after a while only, and only by one unit."""

    def apply(self, c: Command) -> list[Event]:
        if c.sequence == 500:
            self.available[0, 2] += 1
        return super().apply(c)


def test_a_model_that_is_off_by_one_unit_is_found_out_at_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OTHERS, "overcharging", Overcharging)
    stretch = Stream(3).run(1_000)

    assert difference(stretch, "model") is None
    assert (difference(stretch, "overcharging") or "").startswith("Command(sequence=500, ")


def test_a_digest_that_is_wrong_without_a_reason_is_told_too() -> None:
    stretch = Stream(3).run(50)

    told = difference(Stretch(stretch.snapshot, stretch.rows, b"other"), "uncompiled")

    assert told == "The uncompiled engine came to another digest, but not a second time."


def test_a_unit_that_comes_from_nowhere_is_an_error_of_conservation() -> None:
    stream = Stream(3)
    stream.run(100)
    assert stream.error == 0

    stream.net[2] += 1
    stream.run(100)

    assert stream.error == 1
