"""`quantatrade replay` and `quantatrade journal inspect`: what people read of a journal, beside a running exchange."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from offchain.cli import main
from offchain.sequencer.archive import archive_segments, link_archive
from offchain.sequencer.disk import Disk
from offchain.sequencer.records import read_segments
from offchain.sequencer.replay import replay
from offchain.sequencer.sequencer import Sequencer, SequencerOptions
from offchain.sequencer.snapshot import snapshot_paths, state_hash
from tests.sequencer.world import (
    ALICE,
    BOB,
    KEY,
    QUOTE,
    SELL,
    Clock,
    by_key,
    deposit,
    funding,
    in_ladder,
    order,
    session_set,
)

ADDRESS = f"0x{ALICE.hex()}"


def run(state: Path, *arguments: str) -> Result:
    return CliRunner(mix_stderr=False).invoke(main, arguments, env={"QUANTATRADE_STATE": str(state)})


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """The state folder of an exchange that has stopped after a few trades."""
    state = tmp_path_factory.mktemp("state")

    async def trade() -> None:
        options = SequencerOptions(segment_bytes=3_000, snapshot_every_commands=10, snapshots_kept=2)
        sequencer = Sequencer.open(state / "journal", options, Clock())
        await sequencer.start()
        await sequencer.submit_many(funding(ALICE, BOB))
        for lane in range(1, 20):
            await sequencer.submit(order(ALICE, f"a{lane}", price=100 + lane, lane=lane))
            await sequencer.submit(order(BOB, f"b{lane}", SELL, price=120, lane=lane, quantity=3))
        await sequencer.submit(deposit(99, ALICE, QUOTE, 5))
        await sequencer.stop()

    asyncio.run(trade())
    return state


@pytest.fixture
def state(written, tmp_path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "state"))


def test_replay_tells_the_state_after_any_command(state):
    told = json.loads(run(state, "replay").stdout)
    machine = replay(state / "journal")
    assert told["sequence"] == machine.sequence
    assert told["stateHash"] == state_hash(machine).hex()
    assert told["engineHash"] == machine.engine.state_hash().hex()
    assert (told["accounts"], told["ordersTaken"], told["openOrders"]) == (3, 38, machine.engine.open_orders)
    assert "book" not in told
    earlier = json.loads(run(state, "replay", "--to", "15").stdout)
    assert earlier["sequence"] == 15
    assert earlier["stateHash"] == state_hash(replay(state / "journal", 15)).hex()


def test_replay_shows_a_book_and_an_account_in_decimals(state):
    told = json.loads(run(state, "replay", "--book", "QTRA-USDC", "--account", ADDRESS).stdout)
    assert told["book"]["market"] == "QTRA-USDC"
    assert told["book"]["bids"][0] == {"price": "0.0119", "quantity": "0.1", "orders": 1}
    assert told["book"]["asks"] == [{"price": "0.012", "quantity": "0.57", "orders": 19}]
    holder = told["account"]
    assert (holder["address"], holder["account"]) == (ADDRESS, 1)
    assert [one["asset"] for one in holder["balances"]] == ["QTRA", "USDC"]
    assert len(holder["openOrders"]) == 19
    assert holder["openOrders"][0]["clientOrderId"] == "a1"
    assert holder["openOrders"][0]["side"] == "BUY"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--to", "9999"], "ends with command"),
        (["--book", "NO-SUCH"], "no market NO-SUCH"),
        (["--account", "0x12"], "not an address"),
        (["--account", "0x" + "77" * 20], "had no account"),
    ],
)
def test_what_replay_cannot_show_is_one_clear_line(state, arguments, told):
    result = run(state, "replay", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr


def test_an_intact_journal_is_told_file_by_file(state):
    link_archive(state / "journal", state / "archive", Disk())
    moved = archive_segments(state / "journal", Disk())
    assert moved
    result = run(state, "journal", "inspect")
    assert result.exit_code == 0, result.stdout
    lines = result.stdout.splitlines()
    assert lines[0].startswith("archive/segment-00000000000000000001.journal: commands 1 to ")
    assert sum(line.startswith("snapshot-") for line in lines) == 2
    last = replay(state / "journal").sequence
    assert lines[-1] == f"{last} commands in 40 groups in {len(read_segments(state / 'journal', Disk()))} segments"


def test_commands_are_told_in_words(state):
    lines = run(state, "journal", "inspect", "--from", "2", "--to", "14").stdout.splitlines()
    commands = [line for line in lines if line.startswith("  ")]
    assert [line.split()[0] for line in commands] == [str(sequence) for sequence in range(2, 15)]
    assert "LIST_ASSET asset=2 symbol=USDC token=0x0202" in commands[0]
    placed = next(line for line in commands if " PLACE " in line)
    assert "2023-11-14T22:13:20.000000+00:00" in placed
    assert "client_order_id=a1" in placed
    assert f"owner={ADDRESS}" in placed
    assert lines[0].startswith("group of ")


@pytest.mark.parametrize("where", ["header", "middle", "cut", "missing", "snapshot", "other snapshot", "other journal"])
def test_damage_is_named_and_the_rest_is_still_looked_at(state, where):
    segments = read_segments(state / "journal", Disk())
    second = segments[1].path
    whole = second.read_bytes()
    snapshot = snapshot_paths(state / "journal")[0]
    if where == "header":
        second.write_bytes(b"?" + whole[1:])
    elif where == "middle":
        second.write_bytes(whole[:200] + b"?" + whole[201:])
    elif where == "cut":
        second.write_bytes(whole[:-1])
    elif where == "missing":
        second.unlink()
    elif where == "snapshot":
        snapshot.write_bytes(snapshot.read_bytes()[:-1])
    elif where == "other snapshot":
        snapshot.rename(snapshot.with_name(snapshot.name.replace("0000000", "0000001")))
        segments[-1].path.unlink()
    else:
        (state / "journal").rename(state / "gone")
    result = run(state, "journal", "inspect")
    assert result.exit_code == 1
    damaged = [line for line in result.stdout.splitlines() if line.startswith("DAMAGE ")]
    assert damaged
    if where not in ("other journal", "missing"):
        assert any(path.name in damaged[0] for path in (second, snapshot, snapshot.parent))
    if where != "other journal":
        assert "groups in" in result.stdout.splitlines()[-1]


def test_an_unfinished_end_is_told_and_is_no_damage(state):
    last = read_segments(state / "journal", Disk())[-1].path
    last.write_bytes(last.read_bytes() + b"QTGR\x05")
    (state / "journal" / "unfinished-00000000000000000009.bytes").write_bytes(b"old")
    result = run(state, "journal", "inspect")
    assert result.exit_code == 0
    assert "5 bytes that are being written" in result.stdout
    assert "unfinished-00000000000000000009.bytes: 3 bytes" in result.stdout


async def test_both_work_beside_a_running_exchange(tmp_path):
    sequencer = Sequencer.open(tmp_path / "journal", clock=Clock())
    await sequencer.start()
    await sequencer.submit_many(funding(ALICE))
    told = await asyncio.to_thread(run, tmp_path, "replay")
    assert json.loads(told.stdout)["sequence"] == sequencer.last_sequence
    inspected = await asyncio.to_thread(run, tmp_path, "journal", "inspect")
    assert inspected.exit_code == 0
    await sequencer.stop()


async def test_inspect_tells_ladders_and_who_signed(tmp_path):
    sequencer = Sequencer.open(tmp_path / "journal", SequencerOptions(), Clock())
    await sequencer.start()
    await sequencer.submit_many(funding(ALICE))
    await sequencer.submit(session_set(90, ALICE, quote_limit=10**9))
    outcomes = await sequencer.submit_many(
        [by_key(one) for one in in_ladder(order(ALICE, "one", price=7, lane=1), order(ALICE, "two", price=8, lane=2))]
    )
    await sequencer.stop()
    ladder = outcomes[0].sequence - 1
    told = run(tmp_path, "journal", "inspect", "--from", str(ladder - 1))
    assert told.exit_code == 0
    lines = [line for line in told.stdout.splitlines() if line.startswith("  ")]
    session, written, first, second = lines[-4:]
    assert "counter_account=1 market=1 position=" in session
    assert f"key=0x{KEY.hex()} base_limit=18446744073709551615 quote_limit=1000000000" in session
    assert f"{ladder} " in written
    assert "SIGN_LADDER" in written
    assert "orders=[(side=0 price=7 quantity=10 " in written
    assert f"kind=1 session=1 ladder={ladder} place=1" in first
    assert f"kind=1 session=1 ladder={ladder} place=2" in second
