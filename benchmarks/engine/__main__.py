"""`make bench-engine`: the engine's speed and size, one JSON line a figure."""

import gc
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

import click

from benchmarks.engine.journaled import tell_journal
from benchmarks.engine.workloads import SHAPES, Flow, Maker
from benchmarks.engine.yardstick import Yardstick, open_yardstick
from benchmarks.figures import Figures
from offchain.core.commands import COMMAND_BYTES, Command, CommandKind
from offchain.matching.engine import Engine
from tests.matching.engines import UncompiledEngine
from tests.matching.naive import NaiveEngine

BATCH_COMMANDS: Final = 1_000
SHORT_COMMANDS: Final = 200_000
"""Of the flow that is called one by one, and journaled."""
UNCOMPILED_COMMANDS: Final = 10_000
NAIVE_COMMANDS: Final = 2_000
SIZED: Final = 100_000
FUNDS: Final = 10**15


@click.command()
@click.option("--commands", default=3_000_000, help="Commands timed in each run.")
@click.option("--runs", default=7, help="Runs that a median is of.")
def main(commands: int, runs: int) -> None:
    """Time the engine on three flows, and a plain book on the same."""
    figures = Figures("engine", "make bench-engine")
    if not Engine().compiled:
        sys.exit("The engine is not compiled: run `make build` where a C compiler is installed.")
    flows = {shape.name: Maker(shape).make(commands) for shape in SHAPES}
    gc.collect()
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder:
        yardstick = open_yardstick(Path(folder))
        if yardstick is None:
            sys.stdout.write("The std::map book is left out: no C++ compiler is installed.\n")
        for name, flow in flows.items():
            compare(figures, name, flow, yardstick, runs)
    tell_snapshot(figures, flows["w2"], runs)
    short = Maker(SHAPES[0]).make(min(commands, SHORT_COMMANDS))
    tell_calls(figures, short)
    tell_others(figures, short)
    tell_journal(figures, short, runs)
    tell_sizes(figures)


def compare(figures: Figures, name: str, flow: Flow, yardstick: Yardstick | None, runs: int) -> None:
    """The engine and the plain book in turns, so that a busy machine is as bad for both."""
    timed, plain = [], []
    for _ in range(runs):
        timed.append(batches_ns(Engine(), flow) / len(flow.commands))
        if yardstick:
            run = yardstick.run(name, flow)
            if (run.fills, run.live_orders) != (flow.fills, flow.live_orders):
                sys.exit(f"The std::map book disagrees with the engine on {name}.")
            plain.append(run.ns_per_command)
    n = len(flow.commands) * runs
    figures.tell(f"{name}_ns_per_command", round(median(timed), 1), "ns", n)
    figures.tell(f"{name}_ns_per_command_best", round(min(timed), 1), "ns", n)
    if plain:
        figures.tell(f"{name}_std_map_ns_per_command", round(median(plain), 1), "ns", n)
        figures.tell(f"{name}_std_map_ns_per_command_best", round(min(plain), 1), "ns", n)
        metric = "ratio_to_std_map" if name == "w1" else f"{name}_ratio_to_std_map"
        figures.tell(metric, round(median(timed) / median(plain), 2), "ratio", n)
    figures.tell(f"{name}_live_orders", flow.live_orders, "orders", 1)
    figures.tell(f"{name}_levels", flow.levels, "levels", 1)
    figures.tell(f"{name}_trading_share", round(flow.trading_share, 3), "ratio", len(flow.commands))


def batches_ns(engine: Engine, flow: Flow) -> int:
    """The time that a new engine takes over the flow's commands, in batches, with their events out."""
    engine.apply_batch(flow.opening)
    rows = flow.commands
    batches = [rows[start : start + BATCH_COMMANDS] for start in range(0, len(rows), BATCH_COMMANDS)]
    start = time.perf_counter_ns()
    for batch in batches:
        engine.apply_batch(batch)
    return time.perf_counter_ns() - start


def tell_calls(figures: Figures, flow: Flow) -> None:
    """One packed command a call, with its events out, the clock's own time included."""
    engine = Engine()
    engine.apply_batch(flow.opening)
    packed = flow.commands.tobytes()
    rows = [packed[start : start + COMMAND_BYTES] for start in range(0, len(packed), COMMAND_BYTES)]
    times, clock, apply_row = [], time.perf_counter_ns, engine.apply_row
    for row in rows:
        start = clock()
        apply_row(row)
        times.append(clock() - start)
    times.sort()
    figures.tell("single_call_ns_p50", times[len(times) // 2], "ns", len(times))
    figures.tell("single_call_ns_p99", times[len(times) * 99 // 100], "ns", len(times))


def tell_others(figures: Figures, flow: Flow) -> None:
    """The same sources without a compiler, and the reference model that tests hold them to."""
    short = flow._replace(commands=flow.commands[:UNCOMPILED_COMMANDS])
    spent = batches_ns(UncompiledEngine(), short)
    figures.tell("uncompiled_ns_per_command", round(spent / len(short.commands)), "ns", len(short.commands))

    model = NaiveEngine()
    opening, commands = (
        [Command.unpack(row.tobytes()) for row in rows] for rows in (flow.opening, flow.commands[:NAIVE_COMMANDS])
    )
    for command in opening:
        model.apply(command)
    start = time.perf_counter_ns()
    for command in commands:
        model.apply(command)
    spent = time.perf_counter_ns() - start
    figures.tell("naive_model_ns_per_command", round(spent / len(commands)), "ns", len(commands))


def tell_snapshot(figures: Figures, flow: Flow, runs: int) -> None:
    """A snapshot of the largest state."""
    engine = Engine()
    engine.apply_batch(flow.opening)
    engine.apply_batch(flow.commands)
    times = []
    for _ in range(runs):
        start = time.perf_counter_ns()
        size = len(engine.snapshot())
        times.append(time.perf_counter_ns() - start)
    figures.tell("snapshot_ms", round(median(times) / 10**6, 1), "ms", runs)
    figures.tell("snapshot_bytes", size, "bytes", 1)


def tell_sizes(figures: Figures) -> None:
    """What one more account (with two assets) and one more open order take, room that arrays have spare included."""
    engine, sequence = Engine(), 0

    def send(kind: int, **fields: int) -> None:
        nonlocal sequence
        sequence += 1
        engine.apply_row(Command(sequence, sequence, kind, **fields).pack())

    def open_accounts() -> None:
        for account in range(1, SIZED + 1):
            send(CommandKind.OPEN_ACCOUNT, account=account)
            for asset in (1, 2):
                send(CommandKind.CHAIN_DEPOSIT, account=account, asset=asset, amount=FUNDS // SIZED)

    def rest_orders() -> None:
        for number in range(SIZED):
            fields = {"account": 1 + number, "price": 1_000 + number % 100, "quantity": 1, "taker_fee_ppm": 5_000}
            send(CommandKind.PLACE, market=1, side=1, **fields)

    for asset in (1, 2):
        send(CommandKind.LIST_ASSET, asset=asset)
    pair = {"asset": 1, "counter_asset": 2, "amount": 1, "counter_amount": 1}
    send(CommandKind.LIST_MARKET, market=1, price=10**9, quantity=10**6, mode=1, order_id=1, **pair)
    figures.tell("bytes_per_account", bytes_for(open_accounts) // SIZED, "bytes", SIZED)
    figures.tell("bytes_per_resting_order", bytes_for(rest_orders) // SIZED, "bytes", SIZED)
    if engine.open_orders != SIZED:
        sys.exit("Not every order rests.")


def bytes_for(fill: Callable[[], None]) -> int:
    """The resident memory that something takes and keeps."""
    before = resident_bytes()
    fill()
    return resident_bytes() - before


def resident_bytes() -> int:
    """What the system holds for this process (proc(5), `statm`)."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main()
