"""The deployers' scripts as they are run: each in a process of its own, against a real node."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

from offchain.chain.bindings import load_contract
from offchain.chain.manifest import Manifest
from offchain.chain.node import NodePool

ROOT = Path(__file__).parents[2]
DEPLOYER_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
"""The first account of the test mnemonic that anvil and Ape share; it is public."""
_TIMEOUT_S = 240


def ape_run(script: str, network: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script of the project; the caller looks at how it ended."""
    command = [str(Path(sys.executable).parent / "ape"), "run", script, "--network", network]
    data = {"SOLCX_BINARY_PATH": str(ROOT / "scripts/solc"), "APE_DATA_FOLDER": str(ROOT / ".cache/ape")}
    return subprocess.run(
        [*command, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        cwd=ROOT,
        env={**os.environ, **data, **environment},
    )


def ask_node(url: str, ask: Callable[[NodePool], Awaitable[Any]]) -> Any:
    """What a node answers."""

    async def run() -> Any:
        async with NodePool([url]) as nodes:
            return await ask(nodes)

    return asyncio.run(run())


class Deployed(NamedTuple):
    """What a script put on the chain behind a node."""

    url: str
    path: Path
    manifest: Manifest

    def read(self, contract: str, function: str, *arguments: Any, address: bytes | None = None) -> Any:
        """The return values of a view."""
        bindings = load_contract(contract)
        calldata = bindings.encode_call(function, *arguments)
        target = address or self.manifest.address(contract)
        return bindings.decode_result(function, self.rpc(lambda nodes: nodes.eth_call(target, calldata)))

    def rpc(self, ask: Callable[[NodePool], Awaitable[Any]]) -> Any:
        """What the node answers."""
        return ask_node(self.url, ask)
