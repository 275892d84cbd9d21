"""`quantatrade up` as a person uses it: start, stop, start again, and what it says when it cannot start."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from offchain.client.client import Client
from offchain.local.children import free_port
from offchain.local.launch import START_TIMEOUT_S, LaunchedExchange, launched_exchange
from tests.support.traders import trader
from tests.support.waiting import eventually

UP = [sys.executable, "-m", "offchain.cli", "up", "--no-bots"]


def _up(state: Path, port: int, node_port: int) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "QUANTATRADE_STATE": str(state),
        "QUANTATRADE_PORT": str(port),
        "QUANTATRADE_NODE_URLS": json.dumps([f"http://127.0.0.1:{node_port}"]),
    }
    return subprocess.run(UP, env=environment, capture_output=True, text=True, timeout=START_TIMEOUT_S, check=False)


@contextmanager
def _taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def _processes_of(state: Path) -> dict[int, str]:
    """Command lines by id of running processes that have the state folder in their environment."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int(process.name) != os.getpid() and str(state).encode() in (process / "environ").read_bytes():
                found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def _kill_server(state: Path, stage: Callable[[], bool], killed: set[int]) -> bool:
    """Kills the server of this state unless it has been before, if its start has come to the stage; says whether."""
    for pid, command in _processes_of(state).items():
        if command.endswith(" serve ") and pid not in killed and stage():
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
            return True
    return False


async def _open_orders(exchange: LaunchedExchange, name: str, **funds: str) -> list[tuple[int, str]]:
    async with Client(exchange.url) as client:
        one = await trader(exchange, client, name, **funds)
        if funds:
            await client.place(one.wallet.order("BTC-USDC", "BUY", "100", "0.05"))
        return [(row["orderId"], row["quantity"]) for row in await one.session.open_orders()]


async def test_a_second_start_finds_its_state_and_goes_on_and_a_stop_leaves_nothing_running(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with launched_exchange(state) as exchange:
        first = await _open_orders(exchange, "one who stays", USDC="1000")
        deployed = exchange.manifest
        exchange.supervisor.send_signal(signal.SIGINT)
        assert exchange.supervisor.wait(START_TIMEOUT_S) == 0
    assert first
    assert _processes_of(state) == {}

    with launched_exchange(state) as exchange:
        assert await _open_orders(exchange, "one who stays") == first
        assert exchange.manifest == deployed
        told = _up(state, free_port(), free_port())
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert "running already" in told.stderr
    assert "QUANTATRADE_STATE" in told.stderr
    assert _processes_of(state) == {}


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with _taken_port() as port:
        told = _up(tmp_path / "a", port, 1)
        assert (told.returncode, told.stderr.count("\n")) == (1, 1)
        assert f"Port {port} is in use. Stop what uses it, or choose another port with QUANTATRADE_PORT." in told.stderr

        told = _up(tmp_path / "b", free_port(), port)
        assert (told.returncode, told.stderr.count("\n")) == (1, 1)
        assert "QUANTATRADE_NODE_URLS" in told.stderr
    assert _processes_of(tmp_path) == {}


async def test_a_chain_that_lost_the_deployment_is_not_traded_on(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with launched_exchange(state):
        pass
    (state / "chain.json").unlink()

    told = _up(state, free_port(), free_port())
    assert told.returncode == 1
    assert "lost the deployment" in told.stderr
    assert _processes_of(state) == {}


async def test_the_exchange_goes_on_without_bots_that_cannot_run(tmp_path: Path) -> None:
    state = tmp_path / "state"
    keys = state / "keys" / "bots"
    keys.mkdir(parents=True)
    (keys / "qtra-usdc-maker.json").write_text("no keyfile")

    with launched_exchange(state, bots=True) as exchange:

        async def given_up() -> bool:
            return "goes on without it" in (state / "logs" / "up.log").read_text()

        await eventually(given_up, seconds=120)
        assert exchange.answers()


async def test_a_kill_while_the_server_starts_again_is_survived_too(tmp_path: Path) -> None:
    with launched_exchange(tmp_path / "state") as exchange:
        for _ in range(3):
            await eventually(exchange.kill_server)
        await eventually(exchange.answers)
        assert exchange.supervisor.poll() is None


def test_kills_during_the_first_start_of_all_are_survived(tmp_path: Path) -> None:
    state = tmp_path / "state"
    files = [state / "quantatrade.db", state / "journal" / "lock", state / "keys" / "session.secret"]
    stages = [lambda: True, *(file.exists for file in files)]
    killed: set[int] = set()

    async def kill_at_each_stage() -> None:
        for stage in stages:
            await eventually(partial(_kill_server, state, stage, killed), seconds=120)

    with ThreadPoolExecutor(1) as pool:
        killing = pool.submit(asyncio.run, kill_at_each_stage())
        with launched_exchange(state) as exchange:
            killing.result()
            asyncio.run(eventually(exchange.answers))
            assert exchange.supervisor.poll() is None
    assert len(killed) == len(stages)


def test_a_server_that_cannot_start_is_told_of_at_once(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with launched_exchange(state):
        pass
    (state / "keys" / "session.secret").write_bytes(b"too short")

    told = _up(state, free_port(), free_port())
    assert told.returncode == 1
    assert told.stderr.splitlines()[-1].startswith("QuantaTrade: The exchange does not start.")
    assert "the session secret" in (state / "logs" / "server.log").read_text().lower()
    assert _processes_of(state) == {}
