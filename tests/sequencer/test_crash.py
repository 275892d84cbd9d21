"""kill -9 of a real writer under load: every acknowledged order is there afterwards, once, under its sequence."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from offchain.sequencer.journal import iterate_commands
from offchain.sequencer.replay import recover, replay
from offchain.sequencer.snapshot import state_hash
from tests.sequencer.world import opened, order

CRASHES = int(os.environ.get("QUANTATRADE_TEST_CRASHES", "6"))
ROOT = Path(__file__).parents[2]


def killed_writer(folder: Path, crash: int, chance: random.Random) -> dict[str, int]:
    """Run the writer, kill it at a random moment after its first acknowledgement; what it acknowledged."""
    command = [sys.executable, "-m", "tests.sequencer.crash_writer", str(folder), str(crash)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as writer:
        told = writer.stdout.read(1)
        time.sleep(chance.uniform(0, 0.4))
        writer.send_signal(signal.SIGKILL)
        told += writer.stdout.read()
    assert writer.returncode == -signal.SIGKILL
    lines = told.decode().split("\n")[:-1]
    return {name: int(sequence) for name, sequence in map(str.split, lines)}


async def test_no_acknowledged_order_is_lost_or_doubled_by_kill_9(tmp_path):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    acknowledged: dict[str, int] = {}
    for crash in range(1, CRASHES + 1):
        acknowledged |= killed_writer(tmp_path, crash, chance)
        machine = recover(tmp_path)
        orders = machine.registry.orders
        found = {name: orders.find(1 + int(name.split(".")[1]) % 2, name) for name in acknowledged}
        lost = [name for name, sequence in acknowledged.items() if not found[name] or found[name].order_id != sequence]
        assert lost == [], f"seed {seed}"
    assert len(acknowledged) > 3 * CRASHES
    sequences = [one.command.sequence for one in iterate_commands(tmp_path)]
    sequencer = await opened(tmp_path)
    assert sequences == list(range(1, len(sequences) + 1))
    assert state_hash(recover(tmp_path)) == state_hash(replay(tmp_path))
    assert sequencer.last_sequence == len(sequences)
    name, sequence = next(iter(acknowledged.items()))
    crash, number, step, part = map(int, name.split("."))
    first = order(
        (b"a" * 20, b"b" * 20)[number % 2],
        name,
        number % 2,
        100,
        1 + step % 7,
        lane=100 + 10 * number + part,
        seq=crash * 1_000_000 + step,
        tif=1,
    )
    again = await sequencer.submit(first)
    assert (again.sequence, again.repeated) == (sequence, True)
    await sequencer.stop()
