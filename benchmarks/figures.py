"""How every benchmark tells its figures: one JSON object a line."""

import json
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """The figures of one benchmark, run by one command."""

    bench: str
    command: str

    def tell(self, metric: str, value: float | str, unit: str, n: int) -> None:
        """Prints one figure; `n` is the number of observations behind it."""
        row = {"bench": self.bench, "metric": metric, "value": value, "unit": unit, "n": n, "command": self.command}
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()
