"""The stage of the demo: what is deployed, who takes part, and the deployers' scripts as a deployer runs them."""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.sale_demo.node import Call, DemoNode, Receipt
from offchain.chain.bindings import Log, load_contract
from offchain.chain.keys import LocalSigner
from offchain.chain.manifest import load_manifest
from offchain.core.errors import ChainError
from offchain.deployer.chain_view import ChainView
from offchain.presale.sale_plan import SalePlan, load_sale_plan
from tests.support.ape_scripts import ape_run
from tests.support.chain import running_anvil

PLAN: Final = Path(__file__).parents[2] / "scripts" / "sale.yaml"
GENESIS_S: Final = 1_798_761_600
"""2027-01-01, ten days before the first round of the plan."""
ENGINE_KEY: Final = LocalSigner(bytes([7]) * 32)
TRANSFER: Final = load_contract("QTRAToken").topic("Transfer")


class Stage:
    """One demo on one chain. Wallets have keys of their own; numbers drawn are those of the seed."""

    def __init__(self, node: DemoNode, folder: Path, wallets: int, seed: int) -> None:
        self.node = node
        self.folder = folder
        self.manifest = load_manifest(folder / "deployment.json")
        self.view = ChainView(node.ask, self.manifest)
        self.plan: SalePlan = load_sale_plan(PLAN)
        self.random = random.Random(seed)
        self.wallets = [LocalSigner((0x5A1E << 32 | number).to_bytes(32, "big")) for number in range(1, wallets + 1)]
        self.deployer = bytes.fromhex(node.call("eth_accounts")[0][2:])
        self.tokens = {asset.symbol: bytes.fromhex(asset.token[2:]) for asset in self.manifest.assets}
        self.decimals = {asset.symbol: asset.token_decimals for asset in self.manifest.assets}

    @property
    def addresses(self) -> list[bytes]:
        """The wallets' addresses."""
        return [wallet.address for wallet in self.wallets]

    def address(self, contract: str) -> bytes:
        """A contract of the deployment."""
        return self.manifest.address(contract)

    def call(self, sender: bytes, contract: str, function: str, *arguments: Any, target: bytes | None = None) -> Call:
        """A transaction that calls a contract of the deployment, or another one with such functions."""
        calldata = load_contract(contract).encode_call(function, *arguments)
        return Call(sender, target or self.address(contract), calldata)

    def token_call(self, sender: bytes, symbol: str, function: str, *arguments: Any) -> Call:
        """A transaction that calls an asset's token."""
        return self.call(sender, "TestToken", function, *arguments, target=self.tokens[symbol])

    def script(self, name: str, *arguments: object) -> str:
        """What a script says that is run as a deployer would; it must succeed."""
        manifest = self.folder / "deployment.json"
        return run_script(self.node, name, "--manifest", manifest, *arguments)

    def script_that_sends(self, name: str, *arguments: object) -> str:
        """The same for one that sends transactions, of the deployer."""
        said = self.script(name, *arguments, "--yes")
        self.node.forget_nonce(self.deployer)
        return said

    def told(self, receipt: Receipt, contract: str) -> list[Log]:
        """The events of a contract in a transaction."""
        bindings, address = load_contract(contract), "0x" + self.address(contract).hex()
        return [_decoded(bindings, row) for row in receipt.logs if row["address"] == address]

    def received(self, receipt: Receipt, symbol: str, account: bytes) -> int:
        """What an account got of a token in a transaction, by the token's own logs."""
        rows = [row for row in receipt.logs if row["address"] == "0x" + self.tokens[symbol].hex()]
        logs = [_decoded(load_contract("QTRAToken"), row) for row in rows if row["topics"][0] == "0x" + TRANSFER.hex()]
        return sum(log["value"] for log in logs if log["to"] == account)

    def views(self, contract: str, function: str, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """The one return value of a view for many arguments."""
        bindings, target = load_contract(contract), "0x" + self.address(contract).hex()
        values = []
        for start in range(0, len(rows), 400):
            requests = [
                ("eth_call", [{"to": target, "data": "0x" + bindings.encode_call(function, *row).hex()}, "latest"])
                for row in rows[start : start + 400]
            ]
            for result in self.node.batch(requests):
                (value,) = bindings.decode_result(function, bytes.fromhex(result[2:]))
                values.append(value)
        return values


def run_script(node: DemoNode, name: str, *arguments: object) -> str:
    """What a script says; it must succeed.

    Raises:
        ChainError: it failed.
    """
    ended = ape_run(name, f"ethereum:local:{node.url}", *arguments)
    if ended.returncode:
        raise ChainError(f"The script {name} failed: {(ended.stdout + ended.stderr)[-2_000:]}")
    return ended.stdout


@contextmanager
def open_stage(folder: Path, wallets: int, seed: int) -> Iterator[Stage]:
    """A stage on a node of its own, with everything deployed by the script; `folder` gets what the scripts write."""
    with running_anvil(f"--timestamp={GENESIS_S}") as url, closing(DemoNode(url)) as node:
        engine = "0x" + ENGINE_KEY.address.hex()
        run_script(node, "deploy", "--engine", engine, "--manifest", folder / "deployment.json")
        stage = Stage(node, folder, wallets, seed)
        node.fund(stage.addresses)
        yield stage


def _decoded(bindings: Any, row: dict[str, Any]) -> Log:
    topics = [bytes.fromhex(topic[2:]) for topic in row["topics"]]
    log: Log = bindings.decode_log(topics, bytes.fromhex(row["data"][2:]))
    return log
