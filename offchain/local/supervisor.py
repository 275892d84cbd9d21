"""`quantatrade up`: starts the chain, the deployment, the exchange and the bots, and stops what it started."""

import asyncio
import contextlib
import fcntl
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from offchain.chain.keys import load_or_create_keyfile
from offchain.chain.manifest import load_manifest
from offchain.core.errors import ConfigurationError
from offchain.core.settings import Settings
from offchain.local import chain
from offchain.local.children import answers, require_free_port, start_child, stop_child
from offchain.settlement.signer import engine_address

SERVER_START_TIMEOUT_S: Final = 60.0
RESTARTS_MAX: Final = {"server": 20, "bots": 3}
"""How often a process may end by itself within the window before it is given up."""
RESTART_WINDOW_S: Final = 60.0
_COMMANDS: Final = {"server": "serve", "bots": "bots"}
"""The `quantatrade` command that each process runs."""
_GAS_MONEY_WEI: Final = 10**21
_DEPLOY_TIMEOUT_S: Final = 180


class Supervisor:
    """One local exchange: its processes, started in order and stopped in the reverse order.

    Args:
        settings: where it lives and listens.
        bots: whether resident bots trade.
        say: where progress goes, a line at a time.
    """

    def __init__(self, settings: Settings, *, bots: bool, say: Callable[[str], None] = print) -> None:
        self._settings = settings
        self._bots = bots
        self._say = say
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._restarts: dict[str, list[float]] = {}
        self._is_open = False
        self._stopping = False

    @property
    def url(self) -> str:
        """Where the exchange answers."""
        return f"http://localhost:{self._settings.port}"

    def run(self) -> None:
        """Starts everything, says where it is, and stays until it is told to stop.

        Raises:
            ConfigurationError: something that it needs is missing, in use or broken; what had started is stopped.
        """
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        with self._only_one(), contextlib.ExitStack() as stack:
            stack.callback(self._stop_children)
            self._start_chain()
            self._start("server")
            self._wait_for_server()
            if self._is_open:
                if self._bots:
                    self._start("bots")
                self._say(f"QuantaTrade is open at {self.url} (Ctrl-C stops it).")
            while not self._stopping:
                self._watch()
                time.sleep(0.2)
            self._say("Stopping.")

    def _start_chain(self) -> None:
        settings = self._settings
        require_free_port(settings.host, settings.port, "QUANTATRADE_PORT")
        url = settings.node_urls[0]
        self._children["chain"] = chain.start_chain(url, settings.state)
        engine, submitter = engine_address(settings), load_or_create_keyfile(settings.submitter_keyfile).address
        asyncio.run(chain.fund(url, [engine, submitter], _GAS_MONEY_WEI))
        if not settings.manifest_path.exists():
            self._say("Deploying the contracts.")
            self._deploy(url, engine)
        elif not asyncio.run(chain.holds_deployment(url, load_manifest(settings.manifest_path))):
            raise ConfigurationError(
                "The local chain has lost the deployment that the exchange's state belongs to.",
                f"Move {settings.state} away to begin anew.",
            )

    def _deploy(self, url: str, engine: bytes) -> None:
        log = self._settings.state / "logs" / "deploy.log"
        command = ["ape", "run", "deploy", "--network", f"ethereum:local:{url}", "--engine", "0x" + engine.hex()]
        command += ["--manifest", str(self._settings.manifest_path.resolve())]
        child = start_child([str(Path(sys.executable).parent / command[0]), *command[1:]], log)
        self._children["deploy"] = child
        try:
            failed = child.wait(_DEPLOY_TIMEOUT_S) != 0
        except subprocess.TimeoutExpired:
            failed = True
        stop_child(self._children.pop("deploy"))
        if failed:
            raise ConfigurationError("The contracts could not be deployed.", f"See {log}.")

    def _wait_for_server(self) -> None:
        server, deadline = self._children["server"], time.monotonic() + SERVER_START_TIMEOUT_S
        while not self._stopping:
            if answers(self.url):
                self._is_open = True
                return
            self._watch()
            if self._children["server"] is not server:
                server, deadline = self._children["server"], time.monotonic() + SERVER_START_TIMEOUT_S
            if time.monotonic() > deadline:
                raise self._does_not_start()
            time.sleep(0.1)

    def _start(self, name: str) -> None:
        command = [sys.executable, "-m", "offchain.cli", _COMMANDS[name]]
        self._children[name] = start_child(command, self._log(name))

    def _watch(self) -> None:
        for name, child in list(self._children.items()):
            if child.poll() is None or self._stopping:
                continue
            if name == "chain":
                raise ConfigurationError("The local chain stopped by itself.", f"See {self._log(name)}.")
            if name == "server" and not self._is_open and child.returncode > 0:
                raise self._does_not_start()
            # A SIGKILL comes from outside and says nothing about the process: however many come, it starts again.
            if child.returncode != -signal.SIGKILL and self._ends_too_often(name):
                self._give_up(name)
                continue
            self._say(f"The {name} process ended (exit code {child.returncode}); starting it again.")
            # Nobody waits for it here: it may end again while it starts, and then the next look starts it again.
            self._start(name)

    def _does_not_start(self) -> ConfigurationError:
        return ConfigurationError("The exchange does not start.", f"See {self._log('server')}.")

    def _ends_too_often(self, name: str) -> bool:
        now = time.monotonic()
        recent = [moment for moment in self._restarts.get(name, []) if now - moment < RESTART_WINDOW_S]
        self._restarts[name] = [*recent, now]
        return len(recent) >= RESTARTS_MAX[name]

    def _give_up(self, name: str) -> None:
        if name == "server":
            raise ConfigurationError("The server process keeps ending.", f"See {self._log(name)}.")
        del self._children[name]
        self._say(f"The {name} process keeps ending; the exchange goes on without it. See {self._log(name)}.")

    @contextlib.contextmanager
    def _only_one(self) -> Iterator[None]:
        self._settings.state.mkdir(parents=True, exist_ok=True)
        with (self._settings.state / "up.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise ConfigurationError(
                    f"An exchange with its state in {self._settings.state} is running already.",
                    "Use that one, stop it first, or choose another folder with QUANTATRADE_STATE.",
                ) from error
            yield

    def _log(self, name: str) -> Path:
        return self._settings.state / "logs" / f"{name}.log"

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _stop_children(self) -> None:
        for name in ("bots", "server", "deploy", "chain"):
            if name in self._children:
                stop_child(self._children.pop(name))
