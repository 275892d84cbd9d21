"""A whole exchange of one's own, on free ports and in a folder of its own: for tests and benchmarks."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from offchain.chain.manifest import Manifest, load_manifest
from offchain.core.errors import ConfigurationError
from offchain.core.settings import Settings
from offchain.local.children import answers, free_port, start_child, stop_child

START_TIMEOUT_S: Final = 120.0


class LaunchedExchange(NamedTuple):
    """An exchange that answers at `url`, over the chain node at `node_url`."""

    settings: Settings
    supervisor: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Where the API answers."""
        return f"http://{self.settings.host}:{self.settings.port}"

    @property
    def node_url(self) -> str:
        """Where the chain's node answers."""
        return self.settings.node_urls[0]

    @property
    def manifest(self) -> Manifest:
        """What is deployed on the chain."""
        return load_manifest(self.settings.manifest_path)

    def answers(self) -> bool:
        """Whether the API answers now."""
        return answers(self.url)

    def kill_server(self) -> bool:
        """Kills the exchange's process as a power cut would (SIGKILL); the supervisor starts it again.

        Returns whether there was one to kill.
        """
        pid = self._child(b"serve")
        if pid is None:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    @contextlib.contextmanager
    def frozen_node(self) -> Iterator[None]:
        """Freezes the chain's node for the while: it takes connections and answers nothing."""
        pid = self._child(f"--port={urlsplit(self.node_url).port}".encode())
        if pid is None:
            raise ConfigurationError("The chain's node does not run.", "Start the exchange first.")
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def _child(self, argument: bytes) -> int | None:
        """The supervisor's child that was started with this argument."""
        pid = self.supervisor.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            # A child may end while it is looked at; one that has ended and was not waited for has no arguments.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if argument in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                    return int(child)
        return None


@contextlib.contextmanager
def launched_exchange(
    state: Path,
    *,
    bots: bool = False,
    database_url: str = "",
    operators: tuple[str, ...] = (),
    net_wait_ms: int = 0,
) -> Iterator[LaunchedExchange]:
    """Starts an exchange with its state in a folder, on SQLite unless a database is named; stops it at the end.

    `operators` are the wallets that may set what operators set; `net_wait_ms` is how long a batch waits for netted
    statements.

    Raises:
        ConfigurationError: it did not start; its logs are in the state folder.
    """
    node_urls = (f"http://127.0.0.1:{free_port()}",)
    settings = Settings(
        state=state,
        port=free_port(),
        node_urls=node_urls,
        database_url=database_url,
        operators=operators,
        net_wait_ms=net_wait_ms,
    )
    environment = {
        "QUANTATRADE_STATE": str(state.resolve()),
        "QUANTATRADE_PORT": str(settings.port),
        "QUANTATRADE_NODE_URLS": json.dumps(settings.node_urls),
        "QUANTATRADE_DATABASE_URL": settings.database_url,
        "QUANTATRADE_OPERATORS": json.dumps(settings.operators),
        "QUANTATRADE_NET_WAIT_MS": str(settings.net_wait_ms),
    }
    command = [sys.executable, "-m", "offchain.cli", "up", "--bots" if bots else "--no-bots"]
    log = state / "logs" / "up.log"
    exchange = LaunchedExchange(settings, start_child(command, log, environment))
    try:
        _wait_until_open(exchange, log)
        yield exchange
    finally:
        stop_child(exchange.supervisor)


def _wait_until_open(exchange: LaunchedExchange, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not exchange.answers():
        if exchange.supervisor.poll() is not None or time.monotonic() > deadline:
            last = log.read_text().strip().splitlines()[-1:]
            raise ConfigurationError(f"The exchange does not start: {' '.join(last)}", f"See the logs in {log.parent}.")
        time.sleep(0.1)
