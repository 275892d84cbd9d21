"""The plain `std::map` book, compiled from its source when a C++ compiler is there."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.engine.workloads import Flow

SOURCE: Final = Path(__file__).with_name("std_map_book.cpp")
COMPILERS: Final = ("g++", "clang++", "c++")


@dataclass(frozen=True)
class YardstickRun:
    """One run over a flow."""

    ns_per_command: float
    fills: int
    live_orders: int


class Yardstick:
    """The compiled book, in a folder of its own."""

    def __init__(self, folder: Path, compiler: str) -> None:
        self._folder = folder
        self._program = folder / "std_map_book"
        command = [compiler, "-std=c++17", "-O3", "-o", str(self._program), str(SOURCE)]
        subprocess.run(command, check=True)  # noqa: S603 - the benchmark's own source

    def run(self, name: str, flow: Flow) -> YardstickRun:
        """Bring a new book to the flow's opening, then time its commands."""
        opening, commands = self._folder / f"{name}.opening", self._folder / f"{name}.commands"
        if not commands.exists():
            flow.opening.tofile(opening)
            flow.commands.tofile(commands)
        done = subprocess.run(  # noqa: S603 - the program compiled above
            [self._program, opening, commands], check=True, capture_output=True, text=True
        )
        ns_per_command, fills, _, live_orders = done.stdout.split()
        return YardstickRun(float(ns_per_command), int(fills), int(live_orders))


def open_yardstick(folder: Path) -> Yardstick | None:
    """The book, or None if no C++ compiler is installed."""
    found = [path for path in map(shutil.which, COMPILERS) if path]
    return Yardstick(folder, found[0]) if found else None
