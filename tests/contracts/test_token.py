"""QTRA: all of it at the start, to named holders, and never more."""

import ape
import pytest

CAP = 10**27


def name(text):
    return text.encode().ljust(32, b"\0")


@pytest.fixture(scope="session")
def token(project, accounts):
    allocations = [
        (name("treasury"), accounts[1], CAP * 3 // 10),
        (name("sale"), accounts[2], CAP * 5 // 10),
        (name("team"), accounts[3], CAP * 2 // 10),
    ]
    return project.QTRAToken.deploy(allocations, sender=accounts[0])


def test_the_cap_is_minted_to_the_named_holders(token, accounts):
    assert token.totalSupply() == token.CAP() == CAP
    assert [token.balanceOf(accounts[i]) for i in range(4)] == [0, CAP * 3 // 10, CAP // 2, CAP // 5]
    assert (token.name(), token.symbol(), token.decimals()) == ("QuantaTrade", "QTRA", 18)


@pytest.mark.parametrize(
    ("allocations", "error"),
    [
        ([("sale", 1, CAP - 1)], "QTRATokenAllocationsNotCap"),
        ([("sale", 1, CAP), ("more", 1, 1)], "QTRATokenAllocationsNotCap"),
        ([("", 1, CAP)], "QTRATokenUnnamedAllocation"),
        ([("sale", 1, CAP), ("team", 2, 0)], "QTRATokenEmptyAllocation"),
        ([], "QTRATokenAllocationsNotCap"),
    ],
    ids=["under the cap", "over the cap", "unnamed", "empty", "none"],
)
def test_allocations_must_be_named_and_make_the_cap(project, accounts, allocations, error):
    rows = [(name(text), accounts[holder], amount) for text, holder, amount in allocations]
    with ape.reverts(getattr(project.QTRAToken, error)):
        project.QTRAToken.deploy(rows, sender=accounts[0])


def test_supply_only_falls(token, accounts):
    token.burn(CAP // 10, sender=accounts[1])
    assert token.totalSupply() == CAP - CAP // 10
    mutable = {method.name for method in token.contract_type.mutable_methods}
    assert mutable == {"approve", "burn", "burnFrom", "permit", "transfer", "transferFrom"}
