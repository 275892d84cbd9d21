"""Publishes the vesting pools: of each successful round from the sale's logs, of team and advisers from a list.

The list has the columns pool (its name in the plan), account and tokens. Every sum is checked against what funds the
pool. Trees with all proofs are written beside the manifest, to vesting/<pool>.json. A pool that has its root is left.
A file of another tree is replaced as its pool is published; without the pool's list it is named, and nothing is sent.
"""

from pathlib import Path

import click

from offchain.core.errors import StateDiverged
from offchain.deployer.pools import Allocations, bought, read_holders, tree_of, tree_path
from offchain.deployer.sale_ledger import SaleLedger
from offchain.presale.proofs import ProofFiles
from offchain.presale.sale_plan import TOKEN_UNITS, SalePlan, load_sale_plan
from offchain.presale.tree import StandardTree
from scripts._desk import Desk, Step, desk_command

_FILE = click.Path(path_type=Path, dir_okay=False)


@desk_command
@click.argument("plan_path", metavar="PLAN", type=_FILE)
@click.option("--holders", "holders_path", type=_FILE, help="Who is in the plan's other pools, as CSV.")
def cli(desk: Desk, *, plan_path: Path, holders_path: Path | None) -> None:
    """The command; its help is the module's."""
    plan = load_sale_plan(plan_path)
    pools = _sold_pools(desk, plan)
    if holders_path is not None:
        pools |= read_holders(holders_path, plan)
    trees = {pool: tree_of(desk.manifest, pool, allocations) for pool, allocations in pools.items()}
    proofs = ProofFiles(tree_path(desk.folder, 0).parent)
    _check_files(desk, proofs, trees)
    steps: list[Step] = []
    for pool, tree in trees.items():
        steps += _steps(desk, plan, pool, tree, sum(pools[pool].values()))
    roots = {str(pool): "0x" + tree.root.hex() for pool, tree in trees.items()}
    desk.perform("publish_vesting", steps, by=desk.administrator, roots=roots)
    for pool, tree in trees.items():
        if desk.view.read("MerkleVesting", "rootOf", pool) == tree.root and not proofs.has(pool, tree.root):
            path = tree_path(desk.folder, pool)
            tree.dump(path)
            click.echo(f"The proofs of {plan.pool_names()[pool]} are in {path}.")
    surplus = [step for pool in trees for step in _surplus(desk, plan, pool)]
    if surplus:
        desk.perform("return_surplus", surplus)


def _check_files(desk: Desk, proofs: ProofFiles, trees: dict[int, StandardTree]) -> None:
    """Names the files of proofs that are not of what is published, and refuses those that this run cannot replace."""
    left = []
    for pool in proofs.pools():
        path = tree_path(desk.folder, pool)
        if pool not in trees and not proofs.has(pool, desk.view.read("MerkleVesting", "rootOf", pool)):
            left.append(str(path))
        if pool in trees and not proofs.has(pool, trees[pool].root):
            click.echo(f"{path} is of another tree, and is replaced as soon as its pool is published.")
    if left:
        raise StateDiverged(
            f"No pool was published with the tree that is in {', '.join(left)}.",
            "Move what is of no pool away, and give the list of the others.",
        )


def _sold_pools(desk: Desk, plan: SalePlan) -> dict[int, Allocations]:
    """The pools of the rounds that succeeded and sold anything."""
    ledger = SaleLedger.of(desk.view.logs("SaleManager"))
    pools = {}
    for number, planned in enumerate(plan.rounds):
        outcome = ledger.outcomes.get(number)
        if outcome is None:
            click.echo(f"{planned.name} is not finalised yet, and left out.")
        elif outcome.succeeded and outcome.sold:
            pools[number] = bought(ledger, number)
    return pools


def _steps(desk: Desk, plan: SalePlan, pool: int, tree: StandardTree, total: int) -> list[Step]:
    """What is still to be done for a pool."""
    name = plan.pool_names()[pool]
    root = desk.view.read("MerkleVesting", "rootOf", pool)
    if root != bytes(32):
        _check_published(desk, plan, pool, root, tree)
        click.echo(f"{name} is published already.")
        return []
    funded = desk.view.read("MerkleVesting", "fundedOf", pool)
    if pool < len(plan.rounds) and funded < total:
        raise StateDiverged(f"{name} is funded with {funded}, and gives {total}.", "Do not publish; look at the sale.")
    steps = []
    if funded < total:
        # All of it, whatever others have put there: what is proposed to the timelock stays the same meanwhile.
        vesting, qtra = desk.manifest.address("MerkleVesting"), desk.token("QTRA")
        says = f"Allow vesting to take what {name} gets"
        steps.append(desk.step(says, "QTRAToken", "approve", vesting, total, target=qtra))
        steps.append(desk.step(f"Fund {name} with {total} base units", "MerkleVesting", "fund", pool, total))
    says = f"Publish {name}: {len(tree.columns[0])} accounts, {total // TOKEN_UNITS} QTRA, root 0x{tree.root.hex()}"
    return [*steps, desk.step(says, "MerkleVesting", "publish", pool, tree.root, total, plan.schedule(pool))]


def _check_published(desk: Desk, plan: SalePlan, pool: int, root: bytes, tree: StandardTree) -> None:
    """Holds a pool that has its root to its list and to the plan; neither root nor schedule is ever replaced."""
    name = plan.pool_names()[pool]
    if root != tree.root:
        raise StateDiverged(
            f"{name} was published with the root 0x{root.hex()}, and its list has 0x{tree.root.hex()}.",
            "A root is never replaced; give the list that was published.",
        )
    schedule = tuple(desk.view.read("MerkleVesting", "scheduleOf", pool))
    if pool < len(plan.rounds) and schedule[-1]:
        raise StateDiverged(
            f"{name} was published as revocable: what its buyers have paid for could be taken back.",
            "Take `revoke` of MerkleVesting from every role, and tell the buyers.",
        )
    if schedule != plan.schedule(pool):
        raise StateDiverged(
            f"{name} was published with the schedule {schedule}, and the plan has {plan.schedule(pool)}.",
            "A schedule is never replaced; give the plan that was published.",
        )


def _surplus(desk: Desk, plan: SalePlan, pool: int) -> list[Step]:
    """Return what a published pool holds beyond its total, such as what rounding left; anybody may."""
    total = desk.view.read("MerkleVesting", "totalOf", pool)
    surplus = desk.view.read("MerkleVesting", "fundedOf", pool) - total
    if not total or not surplus:
        return []
    says = f"Return {surplus} base units that {plan.pool_names()[pool]} does not need to the treasury"
    return [desk.step(says, "MerkleVesting", "returnSurplus", pool)]
