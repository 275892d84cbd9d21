import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.core.commands import CancelReason, CommandKind
from offchain.core.errors import JournalCorrupt
from offchain.matching.engine import Engine
from tests.matching.desk import BUY, SELL, Desk
from tests.matching.engines import UncompiledEngine
from tests.matching.market_day import market_day
from tests.matching.test_three_engines_agree import opened

K = CommandKind


@pytest.mark.parametrize("stop", [0, 1, 400, 1_999])
def test_a_restored_engine_has_the_same_future(real_type: type[Engine], stop: int) -> None:
    straight = real_type()
    stream = market_day(stop, 2_000, opened([straight]))
    for command in stream[:stop]:
        straight.apply(command)

    restored = real_type.restore(straight.snapshot())

    assert restored.snapshot() == straight.snapshot()
    assert restored.state_hash() == straight.state_hash()
    for command in stream[stop:]:
        assert restored.apply(command) == straight.apply(command)
    assert restored.state_hash() == straight.state_hash()


def test_a_snapshot_moves_between_compiled_and_uncompiled(compiled_type: type[Engine]) -> None:
    engine = compiled_type()
    for command in market_day(5, 800, opened([engine])):
        engine.apply(command)

    moved = UncompiledEngine.restore(engine.snapshot())

    assert moved.state_hash() == engine.state_hash()
    assert compiled_type.restore(moved.snapshot()).state_hash() == engine.state_hash()


def test_the_hash_is_of_what_is_and_not_of_how_it_came_about(real_type: type[Engine]) -> None:
    busy, calm = Desk(real_type()), Desk(real_type())
    for price in range(1, 300):
        busy.cancel(1, busy.rest(1, BUY, price, 1))
    calm.sequence = busy.sequence
    busy.rest(2, SELL, 500, 1)
    calm.rest(2, SELL, 500, 1)

    assert busy.view()[:-1] == calm.view()[:-1]
    words = (engine.snapshot()[20 + 3 * 8 : -32] for engine in (busy.engine, calm.engine))  # past the sequences
    assert next(words) == next(words)


def test_cancel_all_after_a_restore_is_still_oldest_first(real_type: type[Engine]) -> None:
    desk = Desk(real_type())
    ids = [desk.rest(1, SELL, price, 1, market=market) for price, market in ((500, 2), (400, 1), (600, 1), (300, 2))]
    desk.engine = real_type.restore(desk.engine.snapshot())

    events = desk.take(K.CANCEL_ALL, account=1, reason=CancelReason.USER)

    assert [event.order_id for event in events] == ids


@pytest.fixture(scope="module")
def snapshot() -> bytes:
    desk = Desk(UncompiledEngine())
    desk.rest(1, BUY, 100, 1)
    return desk.engine.snapshot()


@given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_damaged_byte_is_found(snapshot: bytes, place: int, flip: int) -> None:
    damaged = bytearray(snapshot)
    damaged[place % len(damaged)] ^= flip

    with pytest.raises(JournalCorrupt, match="engine snapshot"):
        UncompiledEngine.restore(bytes(damaged))


@given(length=st.integers(0, 10_000))
def test_a_snapshot_cut_short_is_found(snapshot: bytes, length: int) -> None:
    with pytest.raises(JournalCorrupt):
        UncompiledEngine.restore(snapshot[: length % len(snapshot)])


def test_bytes_behind_a_snapshot_are_found(snapshot: bytes) -> None:
    with pytest.raises(JournalCorrupt):
        UncompiledEngine.restore(snapshot + b"\0")
