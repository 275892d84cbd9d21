"""The deploy script puts on a real node what the plan says, once, and leaves nobody a role that it should not have."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from eth_account import Account

from offchain.chain.bindings import Contract, load_contract
from offchain.chain.deployment_plan import load_plan
from offchain.chain.manifest import Manifest, load_manifest
from offchain.chain.node import NodePool
from tests.support.chain import running_anvil

ROOT = Path(__file__).parents[2]
ENGINE = "0x" + "e1" * 20
ADMIN = "0x" + "ad" * 20
GUARDIAN = "0x" + "9a" * 20
DEPLOYER_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
"""The first account of the test mnemonic that anvil and Ape share; it is public."""
BASE_SEPOLIA = 84_532


def ape_deploy(network: str, manifest: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "ape"), "run", "deploy", "--network", network]
    command += ["--manifest", str(manifest), "--engine", ENGINE, *arguments]
    data = {"SOLCX_BINARY_PATH": str(ROOT / "scripts/solc"), "APE_DATA_FOLDER": str(ROOT / ".cache/ape")}
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
        cwd=ROOT,
        env={**os.environ, **data, **environment},
    )


class Deployed(NamedTuple):
    url: str
    path: Path
    manifest: Manifest

    def read(self, contract: str, function: str, *arguments: Any, address: bytes | None = None) -> Any:
        """The return values of a view."""
        bindings = load_contract(contract)
        calldata = bindings.encode_call(function, *arguments)
        target = address or self.manifest.address(contract)
        return bindings.decode_result(function, self.rpc(lambda nodes: nodes.eth_call(target, calldata)))

    def rpc(self, ask: Any) -> Any:
        async def run() -> Any:
            async with NodePool([self.url]) as nodes:
                return await ask(nodes)

        return asyncio.run(run())

    def can_call(self, caller: str, function: str) -> tuple[bool, int]:
        """Whether a caller may call a function of Settlement at once, and if not, after what delay (0: never)."""
        selector = selector_of(load_contract("Settlement"), function)
        settlement = self.manifest.address("Settlement")
        immediate, delay_s = self.read("ExchangeAccess", "canCall", caller, settlement, selector)
        return bool(immediate), int(delay_s)


def selector_of(contract: Contract, function: str) -> bytes:
    row = next(row for row in contract.abi if row["type"] == "function" and row["name"] == function)
    values = [{"address": "0x" + "00" * 20}.get(field["type"], 0) for field in row["inputs"]]
    if function == "listMarket":
        values = [0, (0, 0, 0, 0)]
    return contract.encode_call(function, *values)[:4]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    path = tmp_path_factory.mktemp("local") / "deployment.json"
    with running_anvil("--block-time=1") as url:
        result = ape_deploy(f"ethereum:local:{url}", path)
        assert result.returncode == 0, result.stdout + result.stderr
        yield Deployed(url, path, load_manifest(path))


def test_the_chain_lists_what_the_manifest_and_the_plan_say(local: Deployed) -> None:
    plan = load_plan()
    assert local.manifest.chain_id == 31_337
    assert local.manifest.markets == plan.market_rows()
    for planned, asset in zip(plan.assets, local.manifest.asset_list().values(), strict=True):
        assert (planned.asset_id, planned.symbol, planned.unit_scale) == (
            asset.asset_id,
            asset.symbol,
            asset.unit_scale,
        )
        ((token, unit_scale, total),) = local.read("Settlement", "assetOf", asset.asset_id)
        assert (bytes.fromhex(token[2:]), unit_scale, total) == (asset.token, asset.unit_scale, 0)
        assert local.read("TestToken", "symbol", address=asset.token) == (asset.symbol,)
        assert local.read("TestToken", "decimals", address=asset.token) == (planned.token_decimals,)
    for market in local.manifest.markets:
        ((base, quote, lot, tick_lot),) = local.read("Settlement", "marketOf", market.market_id)
        terms = (market.base_asset, market.quote_asset, market.base_units_per_lot, market.quote_units_per_tick_lot)
        assert (base, quote, lot, tick_lot) == terms
    assert local.read("Settlement", "engineKey") == (bytes.fromhex(ENGINE[2:]),)
    for name, contract in local.manifest.contracts.items():
        assert contract.abi_hash == load_contract(name).abi_hash


def test_the_contract_has_no_log_before_the_first_block(local: Deployed) -> None:
    query = {"address": "0x" + local.manifest.address("Settlement").hex(), "fromBlock": "0x0"}
    logs = local.rpc(lambda nodes: nodes.call("eth_getLogs", query))
    assert min(int(log["blockNumber"], 16) for log in logs) == local.manifest.first_block


def test_all_qtra_is_the_local_deployers(local: Deployed) -> None:
    deployer = Account.from_key(DEPLOYER_KEY).address
    assert local.read("QTRAToken", "balanceOf", deployer) == (10**27,)


def test_the_local_node_mines_as_it_did_before(local: Deployed) -> None:
    assert local.rpc(lambda nodes: nodes.call("anvil_getIntervalMining")) == 1


def test_a_deployment_that_stands_is_left_alone(local: Deployed) -> None:
    before, head = local.path.read_bytes(), local.rpc(lambda nodes: nodes.call("eth_getTransactionCount", *_deployer()))
    result = ape_deploy(f"ethereum:local:{local.url}", local.path)
    assert result.returncode == 0, result.stderr
    assert "nothing to do" in result.stdout
    assert local.path.read_bytes() == before
    assert local.rpc(lambda nodes: nodes.call("eth_getTransactionCount", *_deployer())) == head


def test_a_manifest_of_another_chain_is_not_overwritten(local: Deployed) -> None:
    before = local.path.read_bytes()
    with running_anvil() as empty:
        result = ape_deploy(f"ethereum:local:{empty}", local.path)
    assert result.returncode != 0
    assert "Move it away to deploy anew" in result.stdout + result.stderr
    assert local.path.read_bytes() == before


def test_a_public_network_needs_an_administrator_and_a_guardian(tmp_path: Path) -> None:
    with running_anvil(chain_id=BASE_SEPOLIA) as url:
        result = ape_deploy(f"base:sepolia:{url}", tmp_path / "deployment.json")
    assert result.returncode != 0
    assert "--admin" in result.stdout + result.stderr
    assert not (tmp_path / "deployment.json").exists()


def test_on_a_public_network_the_deployer_keeps_nothing(tmp_path: Path) -> None:
    keyfiles = tmp_path / "ape" / "accounts"
    keyfiles.mkdir(parents=True)
    keyfile = Account.encrypt(DEPLOYER_KEY, "passphrase", kdf="scrypt", iterations=2**13)
    (keyfiles / "deployer.json").write_text(json.dumps(keyfile))
    path = tmp_path / "deployment.json"
    with running_anvil("--block-time=0.1", chain_id=BASE_SEPOLIA) as url:
        result = ape_deploy(
            f"base:sepolia:{url}",
            path,
            *("--account", "deployer", "--admin", ADMIN, "--guardian", GUARDIAN),
            APE_DATA_FOLDER=str(tmp_path / "ape"),
            APE_ACCOUNTS_deployer_PASSPHRASE="passphrase",
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert "Nobody can widen a power within the 86400 s of an exit: 3 accounts checked." in result.stdout
        deployed = Deployed(url, path, load_manifest(path))
        deployer = Account.from_key(DEPLOYER_KEY).address
        for function in ("pause", "revokeEngineKey"):
            assert deployed.can_call(GUARDIAN, function) == (True, 0)
            assert deployed.can_call(ADMIN, function) == (False, 0)
            assert deployed.can_call(deployer, function) == (False, 0)
        for function in ("listAsset", "listMarket", "setEngineKey", "unpause", "collectFees"):
            assert deployed.can_call(ADMIN, function) == (False, 172_800)
            assert deployed.can_call(GUARDIAN, function) == (False, 0)
            assert deployed.can_call(deployer, function) == (False, 0)
        assert deployed.read("ExchangeAccess", "hasRole", 0, ADMIN) == (True, 172_800)
        assert deployed.read("ExchangeAccess", "hasRole", 0, deployer)[0] is False
        assert deployed.read("QTRAToken", "balanceOf", ADMIN) == (10**27,)


def _deployer() -> tuple[str, str]:
    return Account.from_key(DEPLOYER_KEY).address, "latest"
