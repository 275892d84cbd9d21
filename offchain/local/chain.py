"""The local chain: an anvil node whose state lives in the state folder."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from offchain.chain.manifest import Manifest
from offchain.chain.node import NodePool, wait_for_node
from offchain.core.errors import ConfigurationError, NodeUnavailable
from offchain.local.children import require_free_port, start_child

CHAIN_ID: Final = 31_337
BLOCK_TIME_S: Final = 1
START_TIMEOUT_S: Final = 30.0
_STATE_INTERVAL_S: Final = 30
_BLOCK_GAS_LIMIT: Final = 120_000_000
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_PACKAGED: Final = Path("node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil")


def find_anvil() -> str:
    """The anvil binary: the one of the Node packages, or else one on the PATH.

    Raises:
        ConfigurationError: there is none.
    """
    packaged = Path(__file__).parents[2] / _PACKAGED
    if os.access(packaged, os.X_OK):
        return str(packaged)
    found = shutil.which("anvil")
    if found is None:
        raise ConfigurationError(
            "The chain node anvil is missing.",
            "Run `make install`; on macOS or ARM install Foundry and put it on PATH.",
        )
    return found


def start_chain(url: str, state: Path) -> subprocess.Popen[bytes]:
    """Starts the node at a URL of this machine, from its saved state if there is one.

    It has unlocked accounts and hands out money, so nobody else's machine may reach it.

    Raises:
        ConfigurationError: the URL is not a loopback one, the port is in use, there is no node program, or the node
            does not come up.
    """
    address = urlsplit(url)
    host, port = address.hostname or "127.0.0.1", address.port or 8545
    if host not in _LOOPBACK:
        raise ConfigurationError(
            f"The local chain would be open to others at {host}.",
            "Set QUANTATRADE_NODE_URLS to a 127.0.0.1 URL; for a chain that runs elsewhere use `quantatrade serve`.",
        )
    require_free_port(host, port, "QUANTATRADE_NODE_URLS")
    state.mkdir(parents=True, exist_ok=True)
    command = [
        find_anvil(),
        f"--host={host}",
        f"--port={port}",
        f"--chain-id={CHAIN_ID}",
        f"--block-time={BLOCK_TIME_S}",
        f"--gas-limit={_BLOCK_GAS_LIMIT}",
        f"--state={state / 'chain.json'}",
        f"--state-interval={_STATE_INTERVAL_S}",
        "--quiet",
    ]
    log = state / "logs" / "chain.log"
    child = start_child(command, log)
    try:
        asyncio.run(_wait(url))
    except NodeUnavailable as error:
        child.kill()
        raise ConfigurationError("The local chain does not start.", f"See {log}.") from error
    return child


async def holds_deployment(url: str, manifest: Manifest) -> bool:
    """Whether the chain behind the node is the one that the manifest describes: its contracts have code there."""
    async with NodePool([url]) as nodes:
        if await nodes.chain_id() != manifest.chain_id:
            return False
        calls = [("eth_getCode", [contract.address, "latest"]) for contract in manifest.contracts.values()]
        return all(code not in ("0x", None) for code in await nodes.batch(calls))


async def fund(url: str, addresses: list[bytes], wei: int) -> None:
    """Gives gas money to addresses of the local chain."""
    async with NodePool([url]) as nodes:
        await nodes.batch([("anvil_setBalance", ["0x" + address.hex(), hex(wei)]) for address in addresses])


async def _wait(url: str) -> None:
    async with NodePool([url]) as nodes:
        await wait_for_node(nodes, START_TIMEOUT_S)
