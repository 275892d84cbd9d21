"""The tree is OpenZeppelin's: their library loads what is dumped, finds the same root and takes the proofs."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.core.errors import ConfigurationError, NotFound
from offchain.presale.tree import ALLOCATION_TYPES, StandardTree, proves

ROOT = Path(__file__).parents[2]
VESTING = b"\x5e" * 20
THEIR_TREE = """
const { StandardMerkleTree } = require("@openzeppelin/merkle-tree");
const dump = JSON.parse(require("fs").readFileSync(process.argv[1]));
const theirs = StandardMerkleTree.of(dump.values.map((leaf) => leaf.value), dump.leafEncoding);
process.stdout.write(JSON.stringify({
  dump: JSON.stringify(theirs.dump()) === JSON.stringify(dump),
  root: StandardMerkleTree.load(dump).root,
  proofs: [...theirs.entries()].map(([i]) => theirs.getProof(i)),
}));
"""
THEIR_CHECK = """
const { StandardMerkleTree } = require("@openzeppelin/merkle-tree");
const { root, types, proofs } = JSON.parse(process.argv[1]);
const taken = proofs.map(([value, proof]) => StandardMerkleTree.verify(root, types, value, proof));
process.stdout.write(JSON.stringify(taken));
"""


def allocations(count: int) -> list[tuple[int, bytes, int, bytes, int]]:
    return [(31_337, VESTING, 3, (7**40 * n % 2**160).to_bytes(20, "big"), 10**18 + n) for n in range(1, count + 1)]


def theirs(program: str, argument: str) -> Any:
    """What a program that uses `@openzeppelin/merkle-tree` says."""
    answer = subprocess.run(["node", "-e", program, argument], cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(answer.stdout)


def texts(proof: list[bytes]) -> list[str]:
    return [f"0x{node.hex()}" for node in proof]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 100, 1_000])
def test_openzeppelins_library_makes_the_same_tree_and_the_same_proofs(tmp_path: Path, count: int) -> None:
    rows = allocations(count)
    tree, path = StandardTree.build(rows, ALLOCATION_TYPES), tmp_path / "tree.json"
    tree.dump(path)
    proofs = [tree.proof(row[3]) for row in rows]
    assert theirs(THEIR_TREE, str(path)) == {
        "dump": True,
        "root": f"0x{tree.root.hex()}",
        "proofs": [texts(proof) for proof in proofs],
    }
    assert all(proves(tree.root, ALLOCATION_TYPES, row, proof) for row, proof in zip(rows, proofs, strict=True))


def test_openzeppelins_library_takes_ten_proofs_of_a_tree_of_250_000_leaves() -> None:
    rows = allocations(250_000)
    tree = StandardTree.build(rows, ALLOCATION_TYPES)
    proofs = [(list(tree.row(row[3])), texts(tree.proof(row[3]))) for row in rows[12_345::25_000]]
    asked = {"root": f"0x{tree.root.hex()}", "types": ALLOCATION_TYPES, "proofs": proofs}
    assert theirs(THEIR_CHECK, json.dumps(asked)) == [True] * 10
    proofs[4][0][4] = str(int(proofs[4][0][4]) + 1)
    assert theirs(THEIR_CHECK, json.dumps(asked)) == [True] * 4 + [False] + [True] * 5


def test_a_dump_is_the_tree_again_when_it_is_loaded(tmp_path: Path) -> None:
    tree, path = StandardTree.build(allocations(50), ALLOCATION_TYPES), tmp_path / "deep" / "tree.json"
    tree.dump(path)
    loaded = StandardTree.load(path)
    assert (loaded.root, loaded.nodes, loaded.columns) == (tree.root, tree.nodes, tree.columns)
    account = allocations(50)[17][3]
    assert loaded.proof(account) == tree.proof("0x" + account.hex().upper())
    assert loaded.row(account)[4] == str(10**18 + 18)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda dump: dump["values"][3]["value"].__setitem__(4, "5"), "is not the tree of its values"),
        (lambda dump: dump["tree"].__setitem__(0, "0x" + "11" * 32), "is not the tree of its values"),
        (lambda dump: dump["values"][3].__setitem__("treeIndex", 0), "is not the tree of its values"),
        (lambda dump: dump.__setitem__("format", "simple-v1"), "has the format simple-v1"),
        (lambda dump: dump.pop("values"), "is not the dump of a tree"),
    ],
)
def test_a_dump_that_was_changed_is_refused(tmp_path: Path, damage: Callable[[Any], object], told: str) -> None:
    path = tmp_path / "tree.json"
    StandardTree.build(allocations(9), ALLOCATION_TYPES).dump(path)
    dump = json.loads(path.read_bytes())
    damage(dump)
    path.write_text(json.dumps(dump))
    with pytest.raises(ConfigurationError, match=told):
        StandardTree.load(path)


@pytest.mark.parametrize(
    ("rows", "types", "told"),
    [
        ([], ("address",), "without rows"),
        ([(b"\1" * 20, 5), (b"\2" * 20, 6), (b"\1" * 20, 7)], ("address", "uint256"), "Row 3 is of 0x01.*as row 1 is"),
        ([(b"\1" * 20, 5), (b"\2" * 20, -6)], ("address", "uint256"), "Row 2 has -6, which is no uint256"),
        ([(b"\1" * 20, 256)], ("address", "uint8"), "Row 1 has 256, which is no uint8"),
        ([(b"\1" * 19, 5)], ("address", "uint256"), "Row 1 has .* which is no address"),
        ([("1" * 42, 5)], ("address", "uint256"), "Row 1 has .* which is no address"),
        ([(b"\1" * 20, 5, 6)], ("address", "uint256"), "Row 1 has 3 values, not 2"),
        ([(5,)], ("uint256",), "No column of the tree is an address"),
        ([(b"\1" * 20, "x")], ("address", "string"), "holds no string"),
    ],
)
def test_rows_that_cannot_be_a_tree_are_named(rows: list[tuple[Any, ...]], types: tuple[str, ...], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        StandardTree.build(rows, types)


def test_who_has_no_row_has_no_proof() -> None:
    with pytest.raises(NotFound, match="has nothing for 0x99"):
        StandardTree.build(allocations(3), ALLOCATION_TYPES).proof(b"\x99" * 20)


@given(st.sets(st.binary(min_size=20, max_size=20), min_size=1, max_size=40), st.data())
def test_only_the_very_values_of_a_row_are_proved(accounts: set[bytes], data: st.DataObject) -> None:
    rows = [(31_337, VESTING, 1, account, data.draw(st.integers(0, 2**128 - 1))) for account in sorted(accounts)]
    tree = StandardTree.build(rows, ALLOCATION_TYPES)
    chain, vesting, pool, account, allocation = row = data.draw(st.sampled_from(rows))
    proof = tree.proof(account)
    assert proves(tree.root, ALLOCATION_TYPES, row, proof)
    for other in (
        (chain + 1, vesting, pool, account, allocation),
        (chain, account, pool, account, allocation),
        (chain, vesting, pool + 1, account, allocation),
        (chain, vesting, pool, vesting, allocation),
        (chain, vesting, pool, account, allocation + 1),
    ):
        assert not proves(tree.root, ALLOCATION_TYPES, other, proof)
