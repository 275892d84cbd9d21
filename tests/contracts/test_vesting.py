"""Vesting as accounts use it: against trees that the project builds, with claims as wallets sign them."""

import ape
import pytest
from eth_account import Account
from presale import DAY, DOLLAR, FAR, PRIVATE, TOKEN, deploy_presale, typed

from offchain.presale.tree import ALLOCATION_TYPES, StandardTree

TEAM = 4
GRANTS = [1_000 * TOKEN, 2_000 * TOKEN + 7, 1]


@pytest.fixture(scope="session")
def presale(project, accounts, chain):
    return deploy_presale(project, accounts, chain)


@pytest.fixture(scope="session")
def tree(presale):
    return tree_of(presale, TEAM, GRANTS)


@pytest.fixture(scope="session")
def vesting(presale, tree):
    """With a team's pool: a tenth at the start, nothing more for 10 days, all after 100."""
    total = sum(GRANTS)
    presale.qtra.approve(presale.vesting, total, sender=presale.admin)
    presale.vesting.fund(TEAM, total, sender=presale.admin)
    schedule = (presale.start, presale.start + 10 * DAY, presale.start + 100 * DAY, 1_000, True)
    presale.vesting.publish(TEAM, tree.root, total, schedule, sender=presale.admin)
    return presale.vesting


def tree_of(presale, pool, grants):
    rows = [
        (presale.chain_id, presale.vesting.address, pool, buyer.address, grant)
        for buyer, grant in zip(presale.buyers, grants, strict=False)
    ]
    return StandardTree.build(rows, ALLOCATION_TYPES)


def test_the_tree_that_the_project_builds_is_the_one_that_is_claimed_against(presale, vesting, tree):
    presale.at(100 * DAY)
    for buyer, grant in zip(presale.buyers, GRANTS, strict=False):
        vesting.claim(TEAM, grant, tree.proof(buyer.address), sender=buyer)
        assert presale.qtra.balanceOf(buyer) == grant
    assert presale.qtra.balanceOf(vesting) == 0
    assert vesting.leftOf(TEAM) == 0


def test_a_claim_pays_what_has_vested_since_the_last(presale, vesting, tree):
    buyer, grant = presale.buyers[0], GRANTS[0]
    presale.at(0)
    vesting.claim(TEAM, grant, tree.proof(buyer.address), sender=buyer)
    assert presale.qtra.balanceOf(buyer) == grant // 10
    with ape.reverts(vesting.VestingNothingToClaim):
        vesting.claimAgain(TEAM, sender=buyer)
    presale.at(100 * DAY)
    vesting.claimAgain(TEAM, sender=buyer)
    assert (presale.qtra.balanceOf(buyer), vesting.claimedOf(TEAM, buyer)) == (grant, grant)


def test_anothers_leaf_pays_nobody(presale, vesting, tree):
    first, second = presale.buyers[:2]
    presale.at(100 * DAY)
    proof = tree.proof(first.address)
    with ape.reverts(vesting.VestingBadProof):
        vesting.claim(TEAM, GRANTS[0], proof, sender=second)
    with ape.reverts(vesting.VestingBadProof):
        vesting.claim(TEAM, GRANTS[0] + 1, proof, sender=first)
    with ape.reverts(vesting.VestingNotPublished):
        vesting.claim(TEAM + 1, GRANTS[0], proof, sender=first)
    vesting.claimFor(TEAM, first, GRANTS[0], proof, sender=second)
    assert (presale.qtra.balanceOf(first), presale.qtra.balanceOf(second)) == (GRANTS[0], 0)


def test_a_second_root_is_refused(presale, vesting):
    with ape.reverts(vesting.VestingAlreadyPublished):
        vesting.publish(TEAM, b"\x01" * 32, 1, (1, 1, 1, 0, False), sender=presale.admin)


def test_a_signed_claim_pays_whom_it_names(presale, vesting, tree):
    buyer, sender, recipient = presale.buyers[0], presale.buyers[3], presale.foundation
    presale.at(100 * DAY)
    fields = "uint256 pool,address account,address recipient,uint256 nonce,uint40 deadline"
    values = (TEAM, buyer.address, recipient.address, 0, FAR)
    message = dict(zip(("pool", "account", "recipient", "nonce", "deadline"), values, strict=True))
    document = typed(vesting.address, presale.chain_id, "QuantaTrade Vesting", "Claim", fields, message)
    signature = bytes(Account.from_key(buyer.private_key).sign_message(document).signature)
    proof = tree.proof(buyer.address)
    with ape.reverts(vesting.VestingBadSignature):
        vesting.claimBySignature((*values[:2], sender.address, *values[3:]), GRANTS[0], proof, signature, sender=sender)
    vesting.claimBySignature(values, GRANTS[0], proof, signature, sender=sender)
    assert (presale.qtra.balanceOf(recipient), vesting.nonces(buyer)) == (GRANTS[0], 1)


def test_a_revocation_takes_back_what_has_not_vested(presale, vesting, tree):
    buyer, grant = presale.buyers[0], GRANTS[0]
    presale.at(50 * DAY - 1)
    presale.chain.pending_timestamp = presale.start + 50 * DAY
    vesting.revoke(TEAM, buyer, grant, tree.proof(buyer.address), sender=presale.admin)
    assert presale.qtra.balanceOf(buyer) == grant * 55 // 100
    assert presale.qtra.balanceOf(presale.treasury) == grant * 45 // 100
    with ape.reverts(vesting.VestingRevoked):
        vesting.claimAgain(TEAM, sender=buyer)


def test_what_a_round_sold_is_claimed_from_its_pool(presale):
    """From a purchase to the tokens: the tree has the allocations that the sale tells."""
    sale, vesting, buyers = presale.sale, presale.vesting, presale.buyers[:3]
    presale.at(0)
    for place, buyer in enumerate(buyers):
        presale.buy(buyer, (4_000 + place) * DOLLAR + place)
    presale.at(DAY)
    sale.finalise(PRIVATE, sender=buyers[0])
    grants = [sale.allocationOf(buyer, PRIVATE) for buyer in buyers]
    tree = tree_of(presale, PRIVATE, grants)
    schedule = (presale.start + DAY, presale.start + DAY, presale.start + 2 * DAY, 0, False)
    vesting.publish(PRIVATE, tree.root, sum(grants), schedule, sender=presale.admin)
    presale.at(2 * DAY)
    for buyer, grant in zip(buyers, grants, strict=True):
        vesting.claim(PRIVATE, grant, tree.proof(buyer.address), sender=buyer)
        assert presale.qtra.balanceOf(buyer) == grant
    rest = vesting.fundedOf(PRIVATE) - sum(grants)
    assert 0 <= rest < len(buyers)
    assert presale.qtra.balanceOf(vesting) == rest + vesting.fundedOf(TEAM)
    with ape.reverts(vesting.VestingNotRevocable):
        vesting.revoke(PRIVATE, buyers[0], grants[0], tree.proof(buyers[0].address), sender=presale.admin)
