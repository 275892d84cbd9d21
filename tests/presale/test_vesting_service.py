"""Vesting as the tables and the published trees tell it."""

import os
from pathlib import Path

import pytest
from sqlalchemy import Engine

from indexer.project.vesting import (
    ChainVestingClaim,
    ChainVestingFunding,
    ChainVestingPool,
    ChainVestingRevocation,
    ChainVestingSurplus,
)
from offchain.presale.proofs import ProofFiles
from offchain.presale.schedule import Schedule
from offchain.presale.tree import ALLOCATION_TYPES, StandardTree, proves
from offchain.presale.vesting import CLAIMS_MAX, Holding, VestingService
from tests.support.chain_rows import CHAIN_ID, ChainRows, time_of

ALICE, BOB, CAROL = (bytes([number]) * 20 for number in (0xA1, 0xB0, 0xC0))
VESTING = b"\x77" * 20
POOL = 3
ALLOCATIONS = {ALICE: 1_000_003, BOB: 7}


def tree_of(allocations: dict[bytes, int]) -> StandardTree:
    rows = [(CHAIN_ID, VESTING, POOL, account, amount) for account, amount in allocations.items()]
    return StandardTree.build(rows, ALLOCATION_TYPES)


def claimed(account: bytes, amount: int, total: int) -> ChainVestingClaim:
    return ChainVestingClaim(pool=POOL, account=account, recipient=CAROL, amount=amount, claimed=total)


@pytest.fixture
def chain(database: Engine) -> ChainRows:
    """A pool that vests from block 10 to 110, a tenth at once, the cliff at block 20."""
    rows = ChainRows(database)
    tree = tree_of(ALLOCATIONS)
    rows.add(
        2,
        ChainVestingFunding(pool=POOL, funder=CAROL, amount=2_000_000),
        ChainVestingFunding(pool=POOL + 1, funder=CAROL, amount=5),
        ChainVestingPool(
            pool=POOL,
            root=tree.root,
            total=sum(ALLOCATIONS.values()),
            start_s=time_of(10),
            cliff_s=time_of(20),
            end_s=time_of(110),
            start_bps=1_000,
            revocable=1,
        ),
        ChainVestingSurplus(pool=POOL, amount=999_990),
    )
    rows.head(2, final=1)
    return rows


@pytest.fixture
def service(database: Engine, tmp_path: Path) -> VestingService:
    return VestingService(database, CHAIN_ID, ProofFiles(tmp_path))


def holding(service: VestingService, account: bytes) -> Holding:
    vesting = service.account(account)
    assert vesting is not None
    (one,) = vesting.holdings
    return one


def test_there_is_nothing_before_a_block_is_stored(service: VestingService) -> None:
    assert (service.pools(), service.account(ALICE)) == (None, None)


def test_pools_tell_what_came_in_and_went(chain: ChainRows, service: VestingService) -> None:
    chain.add(11, claimed(ALICE, 5, 5), ChainVestingRevocation(pool=POOL, account=BOB, vested=3, returned=4))
    chain.head(11, final=1)
    found = service.pools()
    assert found is not None
    first, second = found.pools
    assert (first.number, first.funded, first.claimed, first.returned) == (POOL, 1_000_010, 5, 4)
    assert first.published is not None
    assert (first.published.total, first.published.is_final) == (1_000_010, False)
    assert (second.number, second.funded, second.published) == (POOL + 1, 5, None)


def test_what_has_vested_follows_the_chains_time(chain: ChainRows, service: VestingService, tmp_path: Path) -> None:
    tree_of(ALLOCATIONS).dump(tmp_path / f"{POOL}.json")
    found = {}
    for block in (9, 10, 19, 20, 60, 109, 110, 500):
        chain.head(block, final=1)
        found[block] = holding(service, ALICE).vested
    initial = 100_000
    assert found == {
        9: 0,
        10: initial,
        19: initial,
        20: initial + 900_003 * 10 // 100,
        60: initial + 900_003 // 2,
        109: initial + 900_003 * 99 // 100,
        110: 1_000_003,
        500: 1_000_003,
    }


def test_points_of_the_schedule_are_what_has_vested_by_then() -> None:
    schedule = Schedule(100, 200, 300, 2_500, revocable=False)
    assert schedule.points(1_000) == ((100, 250), (200, 250 + 375), (300, 1_000))
    at_once = Schedule(100, 100, 100, 0, revocable=False)
    assert at_once.points(1_000) == ((100, 1_000),)


def test_claims_come_off_what_can_be_claimed(chain: ChainRows, service: VestingService, tmp_path: Path) -> None:
    tree_of(ALLOCATIONS).dump(tmp_path / f"{POOL}.json")
    chain.add(11, claimed(ALICE, 99_000, 99_000))
    chain.add(12, claimed(ALICE, 400, 99_400))
    chain.head(12, final=11)
    one = holding(service, ALICE)
    assert (one.claimed, one.claimable) == (99_400, 600)
    assert [(claim.amount, claim.is_final) for claim in one.claims] == [(400, False), (99_000, True)]
    assert one.claimed_pending == 400


def test_of_many_claims_the_newest_are_told_and_all_are_counted(
    chain: ChainRows, service: VestingService, tmp_path: Path
) -> None:
    tree_of(ALLOCATIONS).dump(tmp_path / f"{POOL}.json")
    chain.add(11, *(claimed(ALICE, 1, number) for number in range(1, CLAIMS_MAX + 3)))
    one = holding(service, ALICE)
    assert (one.claimed, len(one.claims)) == (CLAIMS_MAX + 2, CLAIMS_MAX)


def test_the_proof_leads_to_the_published_root(chain: ChainRows, service: VestingService, tmp_path: Path) -> None:
    tree = tree_of(ALLOCATIONS)
    tree.dump(tmp_path / f"{POOL}.json")
    one = holding(service, BOB)
    assert one.proof is not None
    assert one.allocation is not None
    row = (CHAIN_ID, VESTING, POOL, BOB, one.allocation)
    assert proves(tree.root, ALLOCATION_TYPES, row, one.proof)


def test_who_has_no_leaf_has_nothing(chain: ChainRows, service: VestingService, tmp_path: Path) -> None:
    tree_of(ALLOCATIONS).dump(tmp_path / f"{POOL}.json")
    vesting = service.account(CAROL)
    assert vesting is not None
    assert vesting.holdings == ()


@pytest.mark.parametrize("file", [None, "another tree", "broken"])
def test_without_the_published_tree_nobody_can_tell_an_allocation(
    chain: ChainRows, service: VestingService, tmp_path: Path, file: str | None
) -> None:
    path = tmp_path / f"{POOL}.json"
    if file == "another tree":
        tree_of({ALICE: 1}).dump(path)
    elif file == "broken":
        path.write_text("{}")
    chain.add(3, claimed(ALICE, 5, 5))
    chain.head(3, final=3)
    one = holding(service, ALICE)
    assert (one.allocation, one.proof, one.points) == (None, None, ())
    assert (one.claimed, one.claimable) == (5, 0)


def test_a_tree_that_is_published_later_is_found(chain: ChainRows, service: VestingService, tmp_path: Path) -> None:
    path = tmp_path / f"{POOL}.json"
    tree_of({ALICE: 1}).dump(path)
    service.preload()
    assert holding(service, ALICE).proof is None
    tree_of(ALLOCATIONS).dump(path)
    os.utime(path, ns=(1, 2**60))
    assert holding(service, ALICE).proof is not None


def test_a_revoked_account_keeps_what_had_vested(chain: ChainRows, service: VestingService, tmp_path: Path) -> None:
    tree_of(ALLOCATIONS).dump(tmp_path / f"{POOL}.json")
    chain.add(
        30,
        ChainVestingRevocation(pool=POOL, account=ALICE, vested=280_000, returned=720_003),
        claimed(ALICE, 280_000, 280_000),
    )
    chain.head(100, final=40)
    one = holding(service, ALICE)
    assert one.is_revoked
    assert (one.allocation, one.vested, one.claimed, one.claimable) == (1_000_003, 280_000, 280_000, 0)
    assert (one.proof, one.points) == (None, ())
