"""The engine compiled, uncompiled and the reference model: the same events, verdicts and state hash, whatever comes."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.core.commands import COMMAND_DTYPE, Command, CommandKind
from offchain.core.events import Event, EventKind
from offchain.matching.engine import Engine
from tests.matching.desk import RICH, Desk
from tests.matching.engines import AnyEngine, UncompiledEngine
from tests.matching.naive import NaiveEngine
from tests.matching.streams import FIELDS, commands, market_day

SEED = 20_260_701


def opened(engines: list[AnyEngine]) -> int:
    """Open the same exchange on all; returns the next sequence."""
    return max(Desk(engine).sequence for engine in engines) + 1


def rows_of(stream: list[Command]) -> np.ndarray:
    return np.frombuffer(b"".join(command.pack() for command in stream), dtype=COMMAND_DTYPE)


class Flows:
    """What came in and went out of each asset, by the events."""

    def __init__(self) -> None:
        self.net: defaultdict[int, int] = defaultdict(lambda: 4 * RICH)

    def follow(self, events: list[Event]) -> None:
        for event in events:
            if event.kind == EventKind.CREDITED:
                self.net[event.asset] += event.amount
            elif event.kind == EventKind.DEBITED:
                self.net[event.asset] -= event.amount

    def check(self, engine: AnyEngine) -> None:
        rows = engine.balances()
        assert all(reserved >= 0 for *_, reserved in rows)
        for asset in (1, 2, 3):
            assert sum(row[2] + row[3] for row in rows if row[1] == asset) == self.net[asset]


@given(rows=st.lists(FIELDS, min_size=1, max_size=60))
def test_on_any_commands(compiled_type: type[Engine], rows: list[dict[str, int]]) -> None:
    engines: list[AnyEngine] = [compiled_type(), UncompiledEngine(), NaiveEngine()]
    flows = Flows()
    for command in commands(rows, opened(engines)):
        hashes = [engine.state_hash() for engine in engines]
        assert len({engine.check(command) for engine in engines}) == 1
        assert [engine.state_hash() for engine in engines] == hashes
        compiled, uncompiled, naive = (engine.apply(command) for engine in engines)
        assert compiled == naive
        assert uncompiled == naive
        flows.follow(naive)
        assert len({engine.state_hash() for engine in engines}) == 1
    flows.check(engines[0])


def test_over_a_long_day(compiled_type: type[Engine]) -> None:
    engines: list[AnyEngine] = [compiled_type(), UncompiledEngine(), NaiveEngine()]
    flows, kinds = Flows(), set()
    for number, command in enumerate(market_day(SEED, 3_000, opened(engines))):
        compiled, uncompiled, naive = (engine.apply(command) for engine in engines)
        assert compiled == naive
        assert uncompiled == naive
        flows.follow(naive)
        kinds |= {event.kind for event in naive}
        if number % 500 == 0:
            assert len({engine.state_hash() for engine in engines}) == 1
            flows.check(engines[0])
    assert kinds == set(EventKind) - {EventKind.UNWOUND}
    assert len({engine.state_hash() for engine in engines}) == 1


@pytest.mark.parametrize("size", [1, 7, 1_000, 10_000])
def test_in_batches_of_any_size_as_one_by_one(real_type: type[Engine], size: int) -> None:
    one_by_one, in_batches = real_type(), real_type()
    stream = market_day(SEED + 1, 4_000, opened([one_by_one, in_batches]))
    rows = rows_of(stream)

    single = [event for command in stream for event in one_by_one.apply(command)]
    batches = [in_batches.apply_batch(rows[start : start + size]) for start in range(0, len(rows), size)]

    assert Event.unpack_all(np.concatenate(batches).tobytes()) == single
    assert in_batches.state_hash() == one_by_one.state_hash()


def test_an_empty_batch_has_no_events(real_type: type[Engine]) -> None:
    assert len(real_type().apply_batch(np.zeros(0, dtype=COMMAND_DTYPE))) == 0


def test_a_batch_of_other_rows_is_a_type_error(real_type: type[Engine]) -> None:
    with pytest.raises(TypeError, match="COMMAND_DTYPE"):
        real_type().apply_batch(np.zeros(3, dtype=np.int64))


def test_a_slice_with_gaps_is_read_right(real_type: type[Engine]) -> None:
    rows = np.zeros(4, dtype=COMMAND_DTYPE)
    rows["sequence"], rows["kind"], rows["account"] = [1, 1, 2, 2], CommandKind.OPEN_ACCOUNT, [1, 1, 2, 2]

    events = real_type().apply_batch(rows[::2])

    assert list(events["kind"]) == [EventKind.NOTED] * 2


def test_the_real_engine_says_how_it_runs(compiled_type: type[Engine]) -> None:
    assert compiled_type().compiled
    assert not UncompiledEngine().compiled
