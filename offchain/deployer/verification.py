"""The sale and its vesting worked out again from logs, and held to what the contracts hold."""

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import msgspec

from offchain.deployer.chain_view import ChainView
from offchain.deployer.pools import Allocations, allocations_of, bought, tree_of, tree_path
from offchain.deployer.sale_ledger import SaleLedger
from offchain.presale.sale_plan import BPS, MICRO_DECIMALS, SalePlan
from offchain.presale.tree import StandardTree


class Check(NamedTuple):
    """One figure as it must be and as it was found."""

    name: str
    expected: int | str
    found: int | str

    @property
    def holds(self) -> bool:
        """Whether they are the same."""
        return self.expected == self.found


class PoolHistory(msgspec.Struct):
    """What logs tell of a vesting pool: base units that came in, were claimed, kept by the revoked, and went back."""

    funded: int = 0
    returned: int = 0
    root: bytes | None = None
    total: int = 0
    schedule: tuple[int, int, int, int, bool] = (0, 0, 0, 0, False)
    claimed: dict[bytes, int] = msgspec.field(default_factory=lambda: defaultdict(int))
    kept: dict[bytes, int] = msgspec.field(default_factory=dict)
    taken_back: int = 0

    @property
    def held(self) -> int:
        """What is there for the pool now."""
        return self.funded - self.returned - sum(self.claimed.values()) - self.taken_back

    def vested(self, allocation: int, at: int) -> int:
        """What of an allocation has vested by a time, rounded down."""
        start, cliff, end, start_bps, _ = self.schedule
        if at < start:
            return 0
        if at >= end:
            return allocation
        initial = allocation * start_bps // BPS
        return initial if at < cliff else initial + (allocation - initial) * (at - start) // (end - start)


def vesting_history(view: ChainView) -> dict[int, PoolHistory]:
    """The pools of `MerkleVesting` by number, from its logs alone."""
    pools: dict[int, PoolHistory] = defaultdict(PoolHistory)
    for log in view.logs("MerkleVesting"):
        pool = pools[log["pool"]] if "pool" in log else PoolHistory()
        if log.event == "PoolFunded":
            pool.funded += log["amount"]
        elif log.event == "SurplusReturned":
            pool.returned += log["amount"]
        elif log.event == "PoolPublished":
            pool.root, pool.total, pool.schedule = log["root"], log["total"], log["schedule"]
        elif log.event == "Claimed":
            pool.claimed[log["account"]] += log["amount"]
        elif log.event == "Revoked":
            pool.kept[log["account"]] = log["vested"]
            pool.taken_back += log["returned"]
    return dict(pools)


def verify(view: ChainView, plan: SalePlan, folder: Path) -> list[Check]:
    """Holds the sale to its plan, the pools to the sale, and claims to the pools.

    Args:
        view: the deployment.
        plan: what was configured.
        folder: where the dumps of the published trees are.
    """
    ledger, pools = SaleLedger.of(view.logs("SaleManager")), vesting_history(view)
    _, now = view.head()
    checks = [*_sale_checks(view, plan, ledger)]
    for number, name in enumerate(plan.pool_names()):
        pool = pools.get(number, PoolHistory())
        if pool.root is None:
            continue
        if number < len(plan.rounds):
            tree = tree_of(view.manifest, number, bought(ledger, number))
            revocable = view.read("MerkleVesting", "scheduleOf", number)[-1]
            checks.append(Check(f"{name}: can be revoked, as no pool of a sale may be", str(False), str(revocable)))
        else:
            tree = StandardTree.load(tree_path(folder, number))
        checks += _pool_checks(view, name, number, pool, tree)
        checks += _claim_checks(view, (number, name), pool, allocations_of(tree), now)
        checks.append(Check(f"{name}: schedule", str(plan.schedule(number)), str(tuple(pool.schedule))))
    vesting = view.manifest.address("MerkleVesting")
    held = view.read("QTRAToken", "balanceOf", vesting)
    checks.append(Check("QTRA missing in vesting", 0, max(0, sum(pool.held for pool in pools.values()) - held)))
    return checks


def _sale_checks(view: ChainView, plan: SalePlan, ledger: SaleLedger) -> list[Check]:
    checks, sale = [], view.manifest.address("SaleManager")
    for number, planned in enumerate(plan.rounds):
        terms = view.read("SaleManager", "roundOf", number)
        checks.append(Check(f"{planned.name}: terms", str(planned.row()), str(tuple(terms))))
        raised = sum(ledger.paid_in(number).values())
        refunded = sum(micros for (row, _), micros in ledger.refunded.items() if row == number)
        checks.append(Check(f"{planned.name}: raised", raised, view.read("SaleManager", "raisedOf", number)))
        ledger.allocations(number)
        outcome = ledger.outcomes.get(number)
        if outcome is not None:
            checks.append(Check(f"{planned.name}: raised when finalised", raised, outcome.raised))
            checks.append(Check(f"{planned.name}: sold and unsold", terms[3], outcome.sold + outcome.unsold))
            succeeded = raised >= terms[4]
            checks.append(Check(f"{planned.name}: succeeded", str(succeeded), str(outcome.succeeded)))
            checks.append(Check(f"{planned.name}: refunded at most", 0, 0 if refunded <= raised else refunded - raised))
    for index, token in enumerate(view.read("SaleManager", "payments")):
        address = bytes.fromhex(token[2:])
        scale = 10 ** (view.read("TestToken", "decimals", address=address) - MICRO_DECIMALS)
        held = view.read("TestToken", "balanceOf", sale, address=address)
        # Anybody can send it more.
        checks.append(Check(f"payment {index}: missing", 0, max(0, ledger.owed(index) * scale - held)))
    return checks


def _pool_checks(view: ChainView, name: str, number: int, pool: PoolHistory, tree: StandardTree) -> list[Check]:
    root = "0x" + view.read("MerkleVesting", "rootOf", number).hex()
    allocations = allocations_of(tree)
    total, proved = sum(allocations.values()), pool.claimed.keys() | pool.kept.keys()
    left = pool.total - sum(allocations.get(account, 0) for account in proved)
    return [
        Check(f"{name}: root", "0x" + tree.root.hex(), root),
        Check(f"{name}: total", total, view.read("MerkleVesting", "totalOf", number)),
        Check(f"{name}: funded", pool.funded - pool.returned, view.read("MerkleVesting", "fundedOf", number)),
        Check(f"{name}: missing of the funding", 0, max(0, total - (pool.funded - pool.returned))),
        Check(f"{name}: not proved yet", left, view.read("MerkleVesting", "leftOf", number)),
    ]


def _claim_checks(
    view: ChainView, which: tuple[int, str], pool: PoolHistory, allocations: Allocations, now: int
) -> list[Check]:
    checks, (number, name) = [], which
    for account, claimed in pool.claimed.items():
        where = f"{name}: 0x{account.hex()}"
        allocation = allocations.get(account, 0)
        most = pool.kept.get(account, pool.vested(allocation, now))
        checks.append(Check(f"{where} claimed beyond what vested", 0, max(0, claimed - most)))
        checks.append(Check(f"{where} claimed", claimed, view.read("MerkleVesting", "claimedOf", number, account)))
    return checks
