"""Child processes that never outlive their parent, the ports that they take, and whether they answer."""

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from offchain.core.errors import ConfigurationError

STOP_TIMEOUT_S: Final = 60.0
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def start_child(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Starts a program in a session of its own, so that Ctrl-C reaches it only through us.

    Its output is appended to `log`. If this process dies, even by SIGKILL, the child is told to stop.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - the commands are the project's own
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - the supervisor has one thread
        )


def stop_child(child: subprocess.Popen[bytes]) -> None:
    """Asks the child to stop, and kills it only if it does not."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def require_free_port(host: str, port: int, setting: str) -> None:
    """Returns if nothing listens on the port.

    Raises:
        ConfigurationError: something does.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"Port {port} is in use.", f"Stop what uses it, or choose another port with {setting}."
            ) from error


def free_port() -> int:
    """A TCP port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str) -> bool:
    """Whether an exchange's API answers at this URL now."""
    try:
        with urllib.request.urlopen(f"{url}/api/v1/time", timeout=2) as response:  # noqa: S310 - our own URL
            return bool(response.status == 200)
    except (OSError, http.client.HTTPException):
        return False


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
