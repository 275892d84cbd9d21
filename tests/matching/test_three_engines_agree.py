"""The engine compiled, uncompiled and the reference model: the same events, verdicts and state hash, whatever comes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.core.commands import COMMAND_BYTES, COMMAND_DTYPE, CancelReason, Command, CommandKind
from offchain.core.events import Event, EventKind, RejectReason
from offchain.matching.engine import Engine
from tests.matching.desk import Desk
from tests.matching.engines import AnyEngine, UncompiledEngine
from tests.matching.exam import Exam
from tests.matching.flows import Flows
from tests.matching.market_day import MarketDay, market_day
from tests.matching.naive import NaiveEngine
from tests.matching.streams import FIELDS, GARBAGE, commands, streams

SEED = 20_260_701
EVENT_SEQUENCE = 2
"""Its place among the canonical words."""
R = RejectReason
OF_A_DAY = {reason for reason in R if reason >= R.BAD_TRIGGER} - {
    R.BAD_TIER,
    R.BAD_LIMIT,
    R.BAD_BUDGET,
    R.PRICE_TOO_FAR,
}
OF_A_DAY |= {R.UNKNOWN_ORDER, R.NOT_OWNER, R.BAD_PRICE, R.BAD_QUANTITY, R.NOTIONAL_TOO_SMALL, R.FEE_CAP_TOO_LOW}
OF_A_DAY |= {R.INSUFFICIENT_BALANCE, R.ACCOUNT_EXITING}


def opened(engines: list[AnyEngine]) -> int:
    """Open the same exchange on all; returns the next sequence."""
    return max(Desk(engine).sequence for engine in engines) + 1


def rows_of(stream: list[Command]) -> np.ndarray:
    return np.frombuffer(b"".join(command.pack() for command in stream), dtype=COMMAND_DTYPE)


def words_of(engine: Engine) -> list[int]:
    """The canonical words, but for the event sequence, which a refusal raises too."""
    words = list(memoryview(engine.snapshot()[20:-32]).cast("q"))
    return [word for place, word in enumerate(words) if place != EVENT_SEQUENCE]


def agree(engines: list[AnyEngine], command: Command) -> list[Event]:
    """What all engines, the reference model last, make of a command."""
    verdicts = [engine.check(command) for engine in engines]
    before = [words_of(engine) for engine in engines if isinstance(engine, Engine)]
    *others, expected = (engine.apply(command) for engine in engines)
    assert all(events == expected for events in others), command
    refused = [event.reason for event in expected if event.kind == EventKind.REJECTED]
    assert verdicts == [refused[0] if refused else R.NONE] * len(engines)
    if refused:
        assert [words_of(engine) for engine in engines if isinstance(engine, Engine)] == before
    assert len({engine.state_hash() for engine in engines}) == 1, command
    return expected


@given(rows=streams(longest=50), cut=st.integers(0, 50))
def test_on_any_commands_and_restored_from_one_another_between_any_two(
    compiled_type: type[Engine], rows: list[dict[str, int]], cut: int
) -> None:
    compiled, uncompiled = compiled_type(), UncompiledEngine()
    engines: list[AnyEngine] = [compiled, uncompiled, NaiveEngine()]
    flows = Flows()
    for number, command in enumerate(commands(rows, opened(engines))):
        if number == cut:
            restored = [UncompiledEngine.restore(compiled.snapshot()), compiled_type.restore(uncompiled.snapshot())]
            engines = [*restored, *engines, NaiveEngine.restore(compiled.snapshot())]
        flows.follow(agree(engines, command))
    flows.check(compiled)
    flows.check(engines[-1])


@given(fields=FIELDS, garbage=GARBAGE, row=st.binary(min_size=COMMAND_BYTES, max_size=COMMAND_BYTES), raw=st.booleans())
def test_on_any_bits_in_any_field_without_an_exception(
    compiled_type: type[Engine], fields: dict[str, int], garbage: dict[str, int], row: bytes, raw: bool
) -> None:
    engines: list[AnyEngine] = [compiled_type(), UncompiledEngine(), NaiveEngine()]
    sequence, flows = opened(engines), Flows()
    names = {"sequence": sequence, "timestamp_us": 0, **fields, **garbage}
    flows.follow(agree(engines, Command.unpack(row) if raw else Command(**names)))
    flows.check(engines[0])


@pytest.mark.parametrize("seed", range(SEED, SEED + 4))
def test_over_a_long_day(compiled_type: type[Engine], seed: int) -> None:
    engines: list[AnyEngine] = [compiled_type(), UncompiledEngine(), NaiveEngine()]
    flows = Flows()
    for number, command in enumerate(market_day(seed, 3_000, opened(engines))):
        compiled, uncompiled, naive = (engine.apply(command) for engine in engines)
        assert compiled == naive, command
        assert uncompiled == naive, command
        flows.follow(naive)
        if number % 500 == 0:
            assert len({engine.state_hash() for engine in engines}) == 1
            flows.check(engines[0])
    assert len({engine.state_hash() for engine in engines}) == 1


def test_a_day_has_everything_in_it() -> None:
    model = NaiveEngine()
    day = MarketDay(SEED, opened([model]))
    kinds, events = set(), []
    for _ in range(250):
        stream = day.take(100)
        kinds |= {command.kind for command in stream}
        events += [event for command in stream for event in model.apply(command)]
        day.keep(model.orders)
    reasons = {event.reason for event in events if event.kind == EventKind.REJECTED}
    ends = {event.reason for event in events if event.kind == EventKind.CANCELLED}
    assert set(CommandKind) - kinds == {
        CommandKind.OPEN_ACCOUNT,
        CommandKind.LIST_ASSET,
        CommandKind.CHAIN_BATCH_SETTLED,
        CommandKind.CHAIN_CANCEL_FLOOR,
        CommandKind.SIGN_LADDER,
        CommandKind.RENEW_AUTHORIZATION,
        CommandKind.CHAIN_SESSION_SET,
        CommandKind.CHAIN_SESSION_REVOKED,
    }
    assert {event.kind for event in events} == set(EventKind)
    assert reasons >= OF_A_DAY
    assert set(CancelReason) - ends == {
        CancelReason.EXPIRED,
        CancelReason.FLOOR,
        CancelReason.UNBACKED,
        CancelReason.SESSION_REVOKED,
    }


@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_the_uncompiled_engine_answers_as_the_model_does(seed: int) -> None:
    assert Exam(seed).failed_by(UncompiledEngine()) is None


def test_the_exam_says_where_another_engine_fails() -> None:
    class Misjudging(UncompiledEngine):
        def check(self, command: Command) -> RejectReason:
            return R.BAD_SIDE if command.sequence == 30 else super().check(command)

    class Silent(UncompiledEngine):
        def apply(self, command: Command) -> list[Event]:
            return [] if command.sequence == 30 else super().apply(command)

    class Poor(UncompiledEngine):
        def balances(self) -> list[tuple[int, int, int, int]]:
            return []

    failures = [Exam(SEED).failed_by(engine()) or "" for engine in (Misjudging, Silent, Poor)]
    assert failures[0].startswith("verdict of Command(sequence=30, ")
    assert failures[1].startswith("events of Command(sequence=30, ")
    assert failures[2].startswith("state after Command(sequence=91, ")


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
