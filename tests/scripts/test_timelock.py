"""On a public network a script proposes what is restricted to the timelock, waits, and executes it; by whoever may."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from eth_account import Account

from benchmarks.sale_demo.node import DemoNode
from benchmarks.sale_demo.stage import GENESIS_S, PLAN
from offchain.chain.bindings import load_contract
from offchain.chain.manifest import Manifest, load_manifest
from offchain.deployer.chain_view import ChainView
from tests.support.ape_scripts import DEPLOYER_KEY, ape_run
from tests.support.chain import running_anvil

BASE_SEPOLIA = 84_532
ENGINE, GUARDIAN = "0x" + "e1" * 20, "0x" + "9a" * 20
PROPOSER_KEY = "0x" + "7b" * 32


class Public(NamedTuple):
    """A deployment as on Base Sepolia, and the folder of Ape's keyfiles."""

    node: DemoNode
    folder: Path
    manifest: Manifest

    @property
    def view(self) -> ChainView:
        return ChainView(self.node.ask, self.manifest)

    def run(self, script: str, account: str, *arguments: object) -> str:
        ended = ape_with_keyfiles(self.folder, self.node.url, script, account, *arguments)
        assert ended[0] == 0, ended[1]
        return ended[1]


def ape_with_keyfiles(folder: Path, url: str, script: str, account: str, *arguments: object) -> tuple[int, str]:
    options = ("--manifest", folder / "deployment.json", "--account", account, *arguments)
    passphrases = {f"APE_ACCOUNTS_{name}_PASSPHRASE": "passphrase" for name in ("deployer", "proposer")}
    data = str(folder / "ape")
    ended = ape_run(script, f"base:sepolia:{url}", *options, APE_DATA_FOLDER=data, **passphrases)
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    folder = tmp_path_factory.mktemp("public")
    keyfiles = folder / "ape" / "accounts"
    keyfiles.mkdir(parents=True)
    for name, key in (("deployer", DEPLOYER_KEY), ("proposer", PROPOSER_KEY)):
        keyfile = Account.encrypt(key, "passphrase", kdf="scrypt", iterations=2**13)
        (keyfiles / f"{name}.json").write_text(json.dumps(keyfile))
    proposer = Account.from_key(PROPOSER_KEY).address
    anvil = running_anvil(f"--timestamp={GENESIS_S}", "--block-time=0.1", chain_id=BASE_SEPOLIA)
    with anvil as url, closing(DemoNode(url)) as node:
        node.fund([bytes.fromhex(proposer[2:])])
        parties = ("--engine", ENGINE, "--admin", proposer, "--guardian", GUARDIAN)
        code, said = ape_with_keyfiles(folder, url, "deploy", "deployer", *parties)
        assert code == 0, said
        yield Public(node, folder, load_manifest(folder / "deployment.json"))


def test_who_may_not_propose_is_given_what_the_proposer_must_send(public: Public) -> None:
    said = public.run("configure_sale", "deployer", PLAN)
    assert "may not propose" in said
    timelock = public.manifest.address("ExchangeTimelock")
    assert f"sends this to 0x{timelock.hex()}:" in said
    calldata = said.split(f"0x{timelock.hex()}:")[1].split()[0]
    function, arguments = load_contract("ExchangeTimelock").decode_call(bytes.fromhex(calldata[2:]))
    assert function == "scheduleBatch"
    assert arguments["delay"] == 172_800
    assert not (public.folder / "runs").exists()


def test_what_is_restricted_is_proposed_waits_and_is_executed(public: Public) -> None:
    said = public.run("configure_sale", "proposer", PLAN, "--yes")
    assert "Propose it to the timelock, which waits 172800 s" in said
    assert public.view.read("SaleManager", "roundCount") == 0

    assert "can be executed in" in public.run("configure_sale", "proposer", PLAN, "--yes")
    assert public.view.read("SaleManager", "roundCount") == 0

    public.node.travel(public.node.now() + 172_800)
    # Anybody may execute it.
    assert "Execute what was proposed" in public.run("configure_sale", "deployer", PLAN, "--yes")
    assert public.view.read("SaleManager", "roundCount") == 4
    assert "Everything is done already" in public.run("configure_sale", "proposer", PLAN, "--yes")
    assert len(list((public.folder / "runs").glob("*-configure_sale.json"))) == 2
