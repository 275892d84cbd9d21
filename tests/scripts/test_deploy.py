"""The deploy script puts on a real node what the plan says, once, and leaves nobody a role that it should not have."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account
from eth_utils.abi import function_abi_to_4byte_selector

from offchain.chain.authorities import COLLECTOR, GUARDIAN, OPERATOR, POWERS, REPORTER
from offchain.chain.bindings import load_contract
from offchain.chain.deployment_plan import load_plan
from offchain.chain.manifest import load_manifest
from offchain.chain.typed_data import keccak
from tests.support.ape_scripts import DEPLOYER_KEY, Deployed, ape_run, ask_node
from tests.support.chain import running_anvil

ENGINE = "0x" + "e1" * 20
ADMIN = "0x" + "ad" * 20
GUARDIAN_ADDRESS = "0x" + "9a" * 20
BASE_SEPOLIA = 84_532


def ape_deploy(network: str, manifest: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return ape_run("deploy", network, "--manifest", manifest, "--engine", ENGINE, *arguments, **environment)


def can_call(deployed: Deployed, caller: str | bytes, contract: str, function: str) -> bool:
    """Whether the AccessManager lets a caller call a function at once; nobody is given a delay by it."""
    row = next(row for row in load_contract(contract).abi if row["type"] == "function" and row["name"] == function)
    selector = function_abi_to_4byte_selector(row)
    target = deployed.manifest.address(contract)
    immediate, delay_s = deployed.read("ExchangeAccess", "canCall", caller, target, selector)
    assert delay_s == 0
    return bool(immediate)


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


def test_the_economy_is_told_what_the_plan_says(local: Deployed) -> None:
    plan, tokens = load_plan(), {asset.symbol: asset.token for asset in local.manifest.asset_list().values()}
    deployer = Account.from_key(DEPLOYER_KEY).address.lower()
    assert local.read("RevenueRouter", "split") == (plan.revenue.split(),)
    assert local.read("Staking", "tiers") == (tuple(tier * 10**18 for tier in plan.staking.tier_thresholds),)
    for number, symbol in enumerate(plan.staking.rewards, 1):
        assert local.read("Staking", "rewardOf", tokens[symbol]) == (number,)
    for auctions in plan.revenue.auctions:
        (terms,) = local.read("RevenueRouter", "termsOf", tokens[auctions.asset])
        assert terms[2:] == (auctions.start_bps, auctions.floor_bps, auctions.duration_s)
    for contract, function, expected in (
        ("SaleManager", "vesting", local.manifest.address("MerkleVesting")),
        ("SaleManager", "qtra", tokens["QTRA"]),
        ("MerkleVesting", "treasury", bytes.fromhex(deployer[2:])),
        ("RevenueRouter", "staking", local.manifest.address("Staking")),
        ("RevenueRouter", "settlement", local.manifest.address("Settlement")),
        ("RevenueRouter", "prices", local.manifest.address("ReportedPrice")),
        ("SaleManager", "roundCount", 0),
    ):
        assert local.read(contract, function) == (expected,)
    assert can_call(local, local.manifest.address("RevenueRouter"), "Settlement", "collectFees")
    assert not can_call(local, deployer, "Settlement", "collectFees")


def test_a_dry_run_says_what_it_would_deploy_and_sends_nothing(tmp_path: Path) -> None:
    with running_anvil() as url:
        result = ape_deploy(f"ethereum:local:{url}", tmp_path / "deployment.json", "--dry-run")
        assert result.returncode == 0, result.stdout + result.stderr
        assert "SaleManager" in result.stdout
        assert not (tmp_path / "deployment.json").exists()
        assert ask_node(url, lambda nodes: nodes.block_number()) == 0


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


def public_deployment(tmp_path: Path, url: str) -> subprocess.CompletedProcess[str]:
    keyfiles = tmp_path / "ape" / "accounts"
    keyfiles.mkdir(parents=True)
    keyfile = Account.encrypt(DEPLOYER_KEY, "passphrase", kdf="scrypt", iterations=2**13)
    (keyfiles / "deployer.json").write_text(json.dumps(keyfile))
    return ape_deploy(
        f"base:sepolia:{url}",
        tmp_path / "deployment.json",
        *("--account", "deployer", "--admin", ADMIN, "--guardian", GUARDIAN_ADDRESS),
        APE_DATA_FOLDER=str(tmp_path / "ape"),
        APE_ACCOUNTS_deployer_PASSPHRASE="passphrase",
    )


def test_on_a_public_network_a_timelock_administers_and_the_deployer_keeps_nothing(tmp_path: Path) -> None:
    with running_anvil("--block-time=0.1", chain_id=BASE_SEPOLIA) as url:
        result = public_deployment(tmp_path, url)
        assert result.returncode == 0, result.stdout + result.stderr
        assert "Nobody can widen a power within the 86400 s of an exit: 5 accounts checked." in result.stdout
        deployed = Deployed(url, tmp_path / "deployment.json", load_manifest(tmp_path / "deployment.json"))
        deployer = Account.from_key(DEPLOYER_KEY).address
        timelock, router = (deployed.manifest.address(name) for name in ("ExchangeTimelock", "RevenueRouter"))
        holders = {GUARDIAN: GUARDIAN_ADDRESS, OPERATOR: timelock, COLLECTOR: router, REPORTER: None}
        for contract, powers in POWERS.items():
            for role, functions in powers.items():
                for function in functions:
                    for caller in (ADMIN, deployer, GUARDIAN_ADDRESS, timelock, router):
                        expected = caller == holders[role]
                        assert can_call(deployed, caller, contract, function) == expected, (caller, function)
        assert deployed.read("ExchangeAccess", "hasRole", 0, timelock) == (True, 0)
        assert deployed.read("ExchangeAccess", "hasRole", 0, deployer)[0] is False
        assert deployed.read("QTRAToken", "balanceOf", timelock) == (10**27,)
        assert deployed.read("ExchangeTimelock", "getMinDelay") == (172_800,)
        for role, accounts in (("PROPOSER", [ADMIN]), ("CANCELLER", [ADMIN, GUARDIAN_ADDRESS])):
            for account in (ADMIN, GUARDIAN_ADDRESS, deployer):
                held = deployed.read("ExchangeTimelock", "hasRole", keccak(f"{role}_ROLE".encode()), account)
                assert held == (account in accounts,)
        for account in (ADMIN, GUARDIAN_ADDRESS, deployer):
            assert deployed.read("ExchangeTimelock", "hasRole", bytes(32), account) == (False,)


def _deployer() -> tuple[str, str]:
    return Account.from_key(DEPLOYER_KEY).address, "latest"
