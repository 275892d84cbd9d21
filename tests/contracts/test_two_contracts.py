"""The two contracts of the vault: one storage, laid out alike, and each call answered by one of them."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HALVES = ("Settlement", "SettlementAccounts")
IMPORT = re.compile(r'^import .*?"([^"]+)";', re.MULTILINE | re.DOTALL)


def with_imports(path, sources):
    """Adds a source file and all that it imports, by their paths from the top of the tree."""
    if path in sources:
        return
    sources[path] = {"content": (ROOT / path).read_text(encoding="utf-8")}
    for name in IMPORT.findall(sources[path]["content"]):
        found = os.path.normpath(Path(path).parent / name) if name.startswith(".") else f"node_modules/{name}"
        with_imports(found, sources)


@pytest.fixture(scope="module")
def layouts():
    """Where each state variable is: (name, slot, byte in the slot, type) by contract."""
    files = {half: f"contracts/settlement/{half}.sol" for half in HALVES}
    sources = {}
    for path in files.values():
        with_imports(path, sources)
    remappings = ["@openzeppelin/=node_modules/@openzeppelin/", "solady/=node_modules/solady/"]
    wanted = {path: {half: ["storageLayout"]} for half, path in files.items()}
    request = {
        "language": "Solidity",
        "sources": sources,
        "settings": {"remappings": remappings, "outputSelection": wanted},
    }
    compiler = ROOT / "scripts" / "solc" / "solc-v0.8.37"
    command = [str(compiler), "--standard-json"]
    answer = subprocess.run(command, check=True, input=json.dumps(request), capture_output=True, text=True).stdout
    contracts = json.loads(answer)["contracts"]
    return {
        half: [
            (row["label"], int(row["slot"]), row["offset"], re.sub(r"\)\d+", ")", row["type"]))
            for row in contracts[path][half]["storageLayout"]["storage"]
        ]
        for half, path in files.items()
    }


def test_both_contracts_lay_out_one_storage(layouts):
    assert layouts["Settlement"] == layouts["SettlementAccounts"]
    assert ("_slots", 1, 0, "t_mapping(t_uint256,t_userDefinedValueType(Slot))") in layouts["Settlement"]


def test_nothing_but_the_vault_and_its_authority_is_stored(layouts):
    assert [name for name, *_ in layouts["Settlement"]] == [
        "_authority",
        "_consumingSchedule",
        "_slots",
        "_exitEffectiveAt",
        "_pendingFloors",
        "_sessions",
        "_usedNonces",
        "_assets",
        "_assetOfToken",
        "_markets",
        "_control",
        "_lastBatch",
    ]


def test_every_call_is_answered_by_one_of_the_two(project):
    def functions(name):
        return set(getattr(project, name).contract_type.method_identifiers)

    batches, accounts = functions("Settlement"), functions("SettlementAccounts")
    # What libraries give to both: the authority, and the domain of signatures (EIP-5267).
    authority, domain = {"authority()", "setAuthority(address)", "isConsumingScheduledOp()"}, {"eip712Domain()"}
    assert batches & accounts == authority | domain
    assert batches | accounts == functions("ISettlement") | domain
    assert batches - authority - domain == functions("ISettlementBatches")
    assert accounts - authority - domain == functions("ISettlementAccounts")


def test_the_contracts_are_no_larger_than_a_chain_takes(project):
    for name in HALVES:
        contract = getattr(project, name).contract_type
        assert len(contract.get_runtime_bytecode()) <= 24_576
        assert len(contract.get_deployment_bytecode()) <= 49_152
