"""What came into an exchange and went out of it, by its events; accounts must have the difference, to the unit."""

from collections import defaultdict
from collections.abc import Iterable

from offchain.core.events import Event, EventKind
from tests.matching.desk import RICH
from tests.matching.engines import AnyEngine

ASSETS = (1, 2, 3)


class Flows:
    """Begins with what the desk's accounts have."""

    def __init__(self) -> None:
        self.net: defaultdict[int, int] = defaultdict(lambda: 4 * RICH)

    def follow(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.kind == EventKind.CREDITED:
                self.net[event.asset] += event.amount
            elif event.kind == EventKind.DEBITED:
                self.net[event.asset] -= event.amount

    def check(self, engine: AnyEngine) -> None:
        rows = engine.balances()
        assert all(reserved >= 0 for *_, reserved in rows)
        for asset in ASSETS:
            assert sum(row[2] + row[3] for row in rows if row[1] == asset) == self.net[asset]
