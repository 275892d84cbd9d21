"""Children stop when they are told to and never outlive their parent; a port in use is one clear line."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from offchain.core.errors import ConfigurationError
from offchain.local.children import require_free_port, start_child, stop_child
from tests.support.waiting import eventually

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
PARENT = """
import sys, time
from pathlib import Path
from offchain.local.children import start_child
child = start_child([sys.executable, "-c", "import time; time.sleep(600)"], Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(600)
"""


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_a_child_stops_when_it_is_told_to_and_leaves_its_output(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "child.log"
    child = start_child(SLEEPER, log)
    asyncio.run(eventually(lambda: log.read_text() == "up\n"))

    stop_child(child)

    assert child.returncode == -signal.SIGTERM


def test_ctrl_c_in_the_terminal_does_not_reach_a_child(tmp_path: Path) -> None:
    child = start_child(SLEEPER, tmp_path / "child.log")

    assert os.getsid(child.pid) != os.getsid(0)
    stop_child(child)


def test_a_child_stops_when_its_parent_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "child.log")], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        grandchild = int(parent.stdout.readline())
        assert _runs(grandchild)
        parent.kill()

    asyncio.run(eventually(lambda: not _runs(grandchild)))


def test_a_port_in_use_says_how_to_choose_another() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigurationError, match="QUANTATRADE_PORT"):
            require_free_port("127.0.0.1", taken.getsockname()[1], "QUANTATRADE_PORT")


def test_a_free_port_is_fine_and_stays_free() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    require_free_port("127.0.0.1", port, "QUANTATRADE_PORT")
    require_free_port("127.0.0.1", port, "QUANTATRADE_PORT")
