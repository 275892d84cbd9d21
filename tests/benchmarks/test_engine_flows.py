"""What the engine is timed on is what it is said to be, and the plain book does the same trades."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.engine.workloads import SHAPES, Flow, Maker, Shape
from benchmarks.engine.yardstick import open_yardstick
from offchain.core.commands import CommandKind
from offchain.core.events import EventKind
from offchain.matching.engine import Engine

W1, W2, W3 = SHAPES
COUNT = 6_000


@pytest.fixture(scope="module")
def flow() -> Flow:
    return Maker(W1).make(COUNT)


def test_the_same_seed_makes_the_same_flow(flow: Flow) -> None:
    assert Maker(W1).make(COUNT).commands.tobytes() == flow.commands.tobytes()
    assert Maker(W1, seed=1).make(COUNT).commands.tobytes() != flow.commands.tobytes()


def test_w1_is_as_deep_and_trades_as_much_as_it_should(flow: Flow) -> None:
    assert abs(flow.live_orders - 973) < 100
    assert abs(flow.levels - 109) < 20
    assert abs(flow.trading_share - 0.136) < 0.02
    cancels = (flow.commands["kind"] == CommandKind.CANCEL).mean()
    assert abs(cancels - 0.385) < 0.03  # 36 % and both halves of 4 %, of 1.04 commands a decision


def test_a_new_engine_takes_every_command_of_a_flow(flow: Flow) -> None:
    engine = Engine()
    opened = engine.apply_batch(flow.opening)
    events = engine.apply_batch(flow.commands)
    assert EventKind.REJECTED not in opened["kind"]
    assert EventKind.REJECTED not in events["kind"]
    assert (events["kind"] == EventKind.FILLED).sum() == flow.fills
    assert engine.open_orders == flow.live_orders


@pytest.mark.parametrize("shape", [W1, replace(W2, markets=5, live_orders=100), replace(W3, live_orders=1_000)])
def test_the_plain_book_trades_as_the_engine_does(tmp_path: Path, shape: Shape) -> None:
    yardstick = open_yardstick(tmp_path)
    if yardstick is None:
        pytest.skip("no C++ compiler is installed")
    flow = Maker(shape).make(COUNT)
    run = yardstick.run("flow", flow)
    assert (run.fills, run.live_orders) == (flow.fills, flow.live_orders)
    assert run.fills > 0
