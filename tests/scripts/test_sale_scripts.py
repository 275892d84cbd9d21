"""A sale by its scripts on a real node: each says what it will do, does it once, and refuses what is wrong."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_utils.address import to_checksum_address

from benchmarks.sale_demo.investors import FAILING_ROUND, Purchase, buy, issue_vouchers, refund_all
from benchmarks.sale_demo.stage import PLAN, Stage, open_stage
from offchain.chain.keys import load_or_create_keyfile
from offchain.core.errors import ChainError
from offchain.deployer.pools import bought, tree_of
from offchain.deployer.sale_ledger import SaleLedger
from offchain.presale.sale_plan import MICROS
from offchain.presale.tree import StandardTree

DOLLARS = [
    [Purchase(wallet, wallet % 2, 50_000 * MICROS + wallet, 0 if wallet else 1) for wallet in range(6)],
    [Purchase(wallet, 0, 90_000 * MICROS + wallet, None) for wallet in range(6)],
    [Purchase(wallet, 1, 100 * MICROS + wallet, None) for wallet in range(6)],
    [Purchase(wallet, 0, 20 * MICROS + wallet, None) for wallet in range(6)],
]
"""What six wallets ask for in each round: two succeed, the third and the fourth stay below their soft caps."""


def head(stage: Stage) -> int:
    return stage.view.head()[0]


def sent_by(stage: Stage) -> int:
    sender = "0x" + stage.deployer.hex()
    return int(stage.node.call("eth_getTransactionCount", sender, "latest"), 16)


def runs(stage: Stage) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted((stage.folder / "runs").glob("*.json"))]


def refusal(stage: Stage, name: str, *arguments: object) -> str:
    before = sent_by(stage)
    with pytest.raises(ChainError) as refused:
        stage.script(name, *arguments)
    assert sent_by(stage) == before
    return str(refused.value)


def a_tree(stage: Stage, pool: int) -> StandardTree:
    """A tree of a pool that was never published."""
    return tree_of(stage.manifest, pool, {stage.addresses[5]: 1})


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("sale"), 6, 1) as opened:
        yield opened


def test_a_sale_is_configured_once_after_a_dry_run(stage: Stage, tmp_path: Path) -> None:
    before = sent_by(stage)
    said = stage.script("configure_sale", PLAN, "--dry-run")
    assert "Configure 4 rounds, which take 250000000 QTRA" in said
    assert "A dry run" in said
    assert sent_by(stage) == before
    assert stage.view.read("SaleManager", "roundCount") == 0
    assert "Aborted" in refusal(stage, "configure_sale", PLAN)

    stage.script_that_sends("configure_sale", PLAN)
    assert stage.view.read("SaleManager", "roundCount") == 4
    assert sent_by(stage) == before + 2
    (run,) = runs(stage)
    assert (run["script"], len(run["steps"])) == ("configure_sale", 2)

    assert "Everything is done already" in stage.script_that_sends("configure_sale", PLAN)
    assert sent_by(stage) == before + 2
    other = tmp_path / "other.yaml"
    other.write_text(PLAN.read_text().replace("price_usd: 0.02", "price_usd: 0.01"))
    assert "The sale is configured otherwise than this plan" in refusal(stage, "configure_sale", other)


def test_vouchers_are_signed_by_the_sales_signer_only_and_open_their_round(stage: Stage, tmp_path: Path) -> None:
    vouchers = issue_vouchers(stage, DOLLARS)
    assert len(vouchers) == 18
    first = (stage.folder / "vouchers" / "buyers.json").read_bytes()
    issue_vouchers(stage, DOLLARS)
    assert (stage.folder / "vouchers" / "buyers.json").read_bytes() == first

    stranger = tmp_path / "stranger.json"
    load_or_create_keyfile(stranger)
    buyers, out = stage.folder / "buyers.csv", tmp_path / "vouchers.json"
    assert "Name the keyfile of the sale's voucher signer" in refusal(
        stage, "issue_vouchers", PLAN, buyers, "--key", stranger, "--out", out
    )
    assert not out.exists()

    for number, planned in enumerate(stage.plan.rounds):
        stage.node.travel(planned.row()[1])
        assert buy(stage, number, DOLLARS[number], vouchers) == 0
        paid = sum(row.micros for row in DOLLARS[number])
        assert stage.view.read("SaleManager", "raisedOf", number) == paid


def test_rounds_that_ended_are_finalised_and_failed_ones_refund(stage: Stage) -> None:
    assert "Round 3: open" in stage.script("finalise_sale", "--dry-run")
    stage.node.travel(stage.plan.rounds[3].row()[2])
    said = stage.script_that_sends("finalise_sale")
    assert "Round 1 succeeded" in said
    assert "Round 2 failed: its buyers can claim refunds" in said
    assert "Everything is done already" in stage.script_that_sends("finalise_sale")
    refund_all(stage, FAILING_ROUND, DOLLARS[FAILING_ROUND])
    assert stage.view.read("SaleManager", "paidOf", stage.addresses[0], FAILING_ROUND) == 0


@pytest.mark.parametrize(
    ("changes", "told", "refused"),
    [
        ({4: True}, "Private A: can be revoked, as no pool of a sale may be", "was published as revocable"),
        ({3: 10_000}, "Private A: schedule", "was published with the schedule"),
    ],
    ids=["revocable", "another schedule"],
)
def test_a_pool_that_was_published_otherwise_than_planned_is_refused(
    stage: Stage, changes: dict[int, Any], told: str, refused: str
) -> None:
    before = stage.node.call("evm_snapshot")
    tree = tree_of(stage.manifest, 0, bought(SaleLedger.of(stage.view.logs("SaleManager")), 0))
    total = sum(int(units) for units in tree.columns[-1])
    schedule = tuple(changes.get(place, value) for place, value in enumerate(stage.plan.schedule(0)))
    stage.node.send([stage.call(stage.deployer, "MerkleVesting", "publish", 0, tree.root, total, schedule)])
    assert told in refusal(stage, "verify", PLAN)
    assert refused in refusal(stage, "publish_vesting", PLAN)
    assert stage.node.call("evm_revert", before)
    stage.node.forget_nonce(stage.deployer)


def test_pools_are_published_once_with_proofs_and_their_sums_checked(stage: Stage, tmp_path: Path) -> None:
    holders = tmp_path / "holders.csv"
    rows = [
        ("Team", stage.addresses[0], "1000.5"),
        ("Team", stage.addresses[1], "7"),
        ("Advisers", stage.addresses[0], "3"),
    ]
    with holders.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("pool", "account", "tokens"))
        writer.writerows((pool, to_checksum_address(account), tokens) for pool, account, tokens in rows)
    stale = stage.folder / "vesting" / "0.json"
    a_tree(stage, 0).dump(stale)
    said = stage.script_that_sends("publish_vesting", PLAN, "--holders", holders)
    assert f"{stale} is of another tree, and is replaced" in said
    assert "Fund Team with 1007500000000000000000 base units" in said
    trees = {pool: StandardTree.load(stage.folder / "vesting" / f"{pool}.json") for pool in (0, 1, 4, 5)}
    for pool, tree in trees.items():
        assert stage.view.read("MerkleVesting", "rootOf", pool) == tree.root
    for pool in (2, 3):
        assert not (stage.folder / "vesting" / f"{pool}.json").exists()

    damaged, gone = stage.folder / "vesting" / "4.json", stage.folder / "vesting" / "9.json"
    a_tree(stage, 4).dump(damaged)
    a_tree(stage, 9).dump(gone)
    assert f"the tree that is in {damaged}, {gone}." in refusal(stage, "publish_vesting", PLAN)
    gone.unlink()
    assert "Everything is done already" in stage.script_that_sends("publish_vesting", PLAN, "--holders", holders)
    assert StandardTree.load(damaged).root == trees[4].root

    holders.write_text(holders.read_text().replace("1000.5", "1000.6"))
    assert "A root is never replaced" in refusal(stage, "publish_vesting", PLAN, "--holders", holders)


def test_verify_agrees_until_a_list_was_changed(stage: Stage) -> None:
    stage.node.travel(stage.plan.schedule(0)[0])
    tree = StandardTree.load(stage.folder / "vesting" / "0.json")
    account = stage.addresses[2]
    arguments = 0, account, int(tree.row(account)[4]), tree.proof(account)
    stage.node.send([stage.call(stage.deployer, "MerkleVesting", "claimFor", *arguments)])
    stage.node.forget_nonce(stage.deployer)
    assert "figures agree" in stage.script("verify", PLAN)

    path = stage.folder / "vesting" / "4.json"
    kept = path.read_bytes()
    rows = [(*row[:4], int(row[4]) + 1) for row in zip(*StandardTree.load(path).columns, strict=True)]
    StandardTree.build(rows, StandardTree.load(path).types).dump(path)
    told = refusal(stage, "verify", PLAN)
    path.write_bytes(kept)
    assert "Team: root: expected 0x" in told
    assert "Team: total" in told


def test_revenue_is_routed_by_anybody_and_only_what_is_there(stage: Stage) -> None:
    assert "Everything is done already" in stage.script_that_sends("route_revenue")
    router, amount = stage.address("RevenueRouter"), 1_000 * 10**6
    stage.node.send([stage.token_call(stage.deployer, "USDC", "mint", router, amount)])
    stage.node.forget_nonce(stage.deployer)
    said = stage.script_that_sends("route_revenue")
    assert f"Split {amount} base units of USDC" in said
    assert "USDC waits for its auction until there is a fresh price" in said
    assert stage.view.read("RevenueRouter", "routable", stage.tokens["USDC"]) == 0
    stakers = stage.view.read("QTRAToken", "balanceOf", stage.address("Staking"), address=stage.tokens["USDC"])
    assert stakers == (amount - amount // 1_000) * 4_000 // 10_000


def test_every_run_that_sent_something_is_recorded_with_its_transactions(stage: Stage) -> None:
    recorded = runs(stage)
    scripts = ["configure_sale", "finalise_sale", "publish_vesting", "return_surplus", "route_revenue"]
    assert [run["script"] for run in recorded] == scripts
    for run in recorded:
        for step in run["steps"]:
            receipt = stage.node.call("eth_getTransactionReceipt", step["transaction"])
            assert receipt["status"] == "0x1"
            assert receipt["to"] == step["target"].lower()
