"""The vesting pools: whose allocation in each is what, and the tree over it."""

from pathlib import Path
from typing import Final

from offchain.chain.manifest import Manifest
from offchain.core.errors import ConfigurationError, StateDiverged
from offchain.deployer.rows import read_address, read_amount, read_rows
from offchain.deployer.sale_ledger import SaleLedger
from offchain.presale.sale_plan import TOKEN_UNITS, SalePlan
from offchain.presale.tree import ALLOCATION_TYPES, StandardTree

COLUMNS: Final = ("pool", "account", "tokens")

Allocations = dict[bytes, int]
"""Base units of QTRA by account."""


def read_holders(path: Path, plan: SalePlan) -> dict[int, Allocations]:
    """The allocations of the pools beside the rounds', by pool, from a list of pool (its name), account and tokens.

    Raises:
        ConfigurationError: rows are wrong, each named, or a pool of the plan has none.
    """
    numbers = {pool.name: len(plan.rounds) + index for index, pool in enumerate(plan.pools)}
    pools: dict[int, Allocations] = {number: {} for number in numbers.values()}

    def read(texts: dict[str, str]) -> None:
        account, number = read_address(texts["account"]), numbers.get(texts["pool"])
        if number is None:
            raise ValueError(f"there is no pool {texts['pool']!r}, only {', '.join(numbers)}")
        if account in pools[number]:
            raise ValueError(f"{texts['account']} is in {texts['pool']} in an earlier row")
        pools[number][account] = read_amount(texts["tokens"], TOKEN_UNITS)

    read_rows(path, COLUMNS, read)
    empty = [name for name, number in numbers.items() if not pools[number]]
    if empty:
        raise ConfigurationError(f"{path.name} has nobody of {', '.join(empty)}.", "Add rows, or take the pool out.")
    return pools


def bought(ledger: SaleLedger, sale_round: int) -> Allocations:
    """The allocations of a successful round, held to what the sale sent to vesting.

    Raises:
        StateDiverged: they do not add up to what was sold, less what rounding down each of them leaves.
    """
    outcome, allocations = ledger.outcomes[sale_round], ledger.allocations(sale_round)
    left = outcome.sold - sum(allocations.values())
    if not outcome.succeeded or not 0 <= left < max(1, len(allocations)):
        raise StateDiverged(
            f"Round {sale_round} sold {outcome.sold}, and its allocations add up to {sum(allocations.values())}.",
            "Do not publish; compare the deployed code with the sources.",
        )
    return {account: tokens for account, tokens in allocations.items() if tokens}


def tree_of(manifest: Manifest, pool: int, allocations: Allocations) -> StandardTree:
    """The tree of a pool; accounts ascend in its dump."""
    vesting = manifest.address("MerkleVesting")
    rows = [(manifest.chain_id, vesting, pool, account, tokens) for account, tokens in sorted(allocations.items())]
    return StandardTree.build(rows, ALLOCATION_TYPES)


def allocations_of(tree: StandardTree) -> Allocations:
    """The allocations that a tree holds."""
    return {bytes.fromhex(account[2:]): int(tokens) for account, tokens in zip(*tree.columns[-2:], strict=True)}


def tree_path(folder: Path, pool: int) -> Path:
    """Where the dump of a pool's tree is, from which proofs are served."""
    return folder / "vesting" / f"{pool}.json"
