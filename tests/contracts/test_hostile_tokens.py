"""Tokens that lie, refuse, call back or change balances: they hurt whoever holds them, and nobody else."""

from dataclasses import replace

import ape
import pytest
from holding import FAR, Holding
from venue import BUY, HOUR, QTRA, QTRA_USDC, SELL, USDC, Intent, skips

from offchain.settlement.batch import BatchFill, SkipReason
from offchain.settlement.encoding import encode_payload

HOSTILE, HOSTILE_USDC = 9, 9
FUNDS = 10**15
BOTH_ACCOUNTS = pytest.mark.parametrize("market", [0, HOSTILE_USDC], ids=["unified", "isolated"])


@pytest.fixture
def listed(project, venue):
    """Lists a token as an asset and as the base of a market; 1,000 units of it are wallet 0's, approved."""

    def list_token(name):
        token = getattr(project, name).deploy(sender=venue.admin)
        venue.vault.listAsset(HOSTILE, token, 1, sender=venue.admin)
        venue.vault.listMarket(HOSTILE_USDC, (HOSTILE, USDC, 1, 1), sender=venue.admin)
        token.mint(venue.wallets[0], 1_000, sender=venue.admin)
        token.approve(venue.vault, 1_000, sender=venue.wallets[0])
        return replace(venue, tokens={**venue.tokens, HOSTILE: token})

    return list_token


def exit_after_a_day(holding, chain):
    """Requests the exit and takes it when it is due."""
    holding.request_exit()
    chain.pending_timestamp += 24 * HOUR
    return holding.exit()


@BOTH_ACCOUNTS
def test_a_token_that_takes_a_fee_is_refused(listed, market):
    venue = listed("FeeOnTransferToken")
    with ape.reverts(venue.vault.SettlementUnexpectedReceipt, asked=1_000, received=990):
        Holding(venue, 0, HOSTILE, market).deposit(1_000)
    assert venue.vault.assetOf(HOSTILE).total == 0


@BOTH_ACCOUNTS
def test_a_token_that_only_says_false_is_heard(listed, chain, market):
    venue = listed("FalseReturningToken")
    holding = Holding(venue, 0, HOSTILE, market)
    holding.deposit(600)
    holding.token.setRefusing(True, sender=venue.admin)
    with ape.reverts():
        holding.deposit(400)
    with ape.reverts():
        holding.withdraw(*holding.withdrawal(100, 1))
    assert (holding.units, venue.vault.nonceUsed(holding.owner, 1)) == (600, False)
    with ape.reverts():
        exit_after_a_day(holding, chain)
    assert (holding.units, holding.token.balanceOf(holding.owner)) == (600, 400)
    holding.token.setRefusing(False, sender=venue.admin)
    holding.exit()
    assert (holding.units, holding.token.balanceOf(holding.owner)) == (0, 1_000)


@BOTH_ACCOUNTS
def test_a_token_that_says_nothing_is_taken_and_paid(listed, chain, market):
    venue = listed("SilentToken")
    holding = Holding(venue, 0, HOSTILE, market)
    holding.deposit(1_000)
    holding.withdraw(*holding.withdrawal(400, 1))
    exit_after_a_day(holding, chain)
    assert (holding.units, holding.token.balanceOf(holding.owner)) == (0, 1_000)
    assert venue.vault.assetOf(HOSTILE).total == 0


@BOTH_ACCOUNTS
def test_a_token_that_calls_back_is_refused_at_every_door(listed, chain, market):
    venue = listed("ReentrantToken")
    holding, vault = Holding(venue, 0, HOSTILE, market), venue.vault
    holding.deposit(500)
    holding.request_exit()
    chain.pending_timestamp += 24 * HOUR
    chain.mine()
    calls = [
        vault.deposit.encode_input(HOSTILE, 1),
        vault.depositFor.encode_input(holding.owner, HOSTILE, 1),
        vault.depositIsolated.encode_input(HOSTILE_USDC, HOSTILE, 1),
        vault.depositIsolatedFor.encode_input(holding.owner, HOSTILE_USDC, HOSTILE, 1),
        vault.exit.encode_input(HOSTILE),
        vault.exitIsolated.encode_input(HOSTILE_USDC, HOSTILE),
        vault.withdraw.encode_input(*Holding(venue, 0, HOSTILE).withdrawal(1, 5)),
        vault.withdrawIsolated.encode_input(*Holding(venue, 0, HOSTILE, HOSTILE_USDC).withdrawal(1, 6)),
    ]
    first = holding.withdrawal(50, 1)
    for call in calls:
        holding.token.arm(vault, call, sender=venue.admin)
        for door in (lambda: holding.deposit(500), holding.exit, lambda: holding.withdraw(*first)):
            with ape.reverts():
                door()
    assert (holding.units, vault.assetOf(HOSTILE).total, holding.token.balanceOf(vault)) == (500, 500, 500)
    holding.token.arm(vault, b"", sender=venue.admin)
    holding.exit()
    assert holding.token.balanceOf(holding.owner) == 1_000


def test_a_batch_that_a_token_settles_amid_a_deposit_is_not_lost(listed):
    venue = listed("ReentrantToken")
    holding = Holding(venue, 0, HOSTILE)
    holding.deposit(500)
    seller, buyer = (
        venue.signed(Intent(wallet, side, market=HOSTILE_USDC, quantity=200)) for wallet, side in ((0, SELL), (1, BUY))
    )
    payload = encode_payload([seller, buyer], [BatchFill(0, 1, 200)])
    settle = venue.vault.settle.encode_input(payload, 1, b"\x77" * 32, 0, venue.sign_batch(payload, 1))
    holding.token.arm(venue.vault, settle, sender=venue.admin)
    receipt = holding.deposit(500)
    assert skips(receipt) == {}
    assert (holding.units, venue.balance(1, HOSTILE), venue.vault.assetOf(HOSTILE).total) == (800, 200, 1_000)


def test_what_is_being_paid_out_cannot_be_sold_meanwhile(listed, chain):
    venue = listed("ReentrantToken")
    holding = Holding(venue, 0, HOSTILE)
    holding.deposit(500)
    seller, buyer = (
        venue.signed(Intent(wallet, side, market=HOSTILE_USDC, quantity=200)) for wallet, side in ((0, SELL), (1, BUY))
    )
    payload = encode_payload([seller, buyer], [BatchFill(0, 1, 200)])
    settle = venue.vault.settle.encode_input(payload, 1, b"\x77" * 32, 0, venue.sign_batch(payload, 1))
    holding.token.arm(venue.vault, settle, sender=venue.admin)
    receipt = exit_after_a_day(holding, chain)
    assert skips(receipt) == {0: SkipReason.BASE_SHORT}
    assert (holding.units, venue.balance(1, HOSTILE), venue.vault.assetOf(HOSTILE).total) == (0, 0, 0)
    assert holding.token.balanceOf(holding.owner) == 1_000


@BOTH_ACCOUNTS
def test_a_token_that_refuses_one_user_holds_up_nobody_else(listed, chain, market):
    venue = listed("BlacklistingToken")
    holding, other = (Holding(venue, wallet, HOSTILE, market) for wallet in (0, 1))
    beside = Holding(venue, 0, USDC, market)
    holding.deposit(1_000)
    other.fund(300)
    beside.fund(50)
    before = beside.units
    for one in (holding, beside, other):
        if one.account().exitEffectiveAt == 0:
            one.request_exit()
    holding.token.setListed(holding.owner, True, sender=venue.admin)
    chain.pending_timestamp += 24 * HOUR
    with ape.reverts(holding.token.Blacklisted, holder=holding.owner.address):
        holding.exit()
    assert holding.units == 1_000
    other.exit()
    beside.exit()
    assert other.token.balanceOf(other.owner) == 300
    assert beside.token.balanceOf(beside.owner) == before
    holding.token.setListed(holding.owner, False, sender=venue.admin)
    holding.exit()
    assert holding.token.balanceOf(holding.owner) == 1_000


def test_a_token_that_shrinks_costs_only_those_who_hold_it(listed, chain):
    venue = listed("RebasingToken")
    first, last, beside = Holding(venue, 0, HOSTILE), Holding(venue, 1, HOSTILE), Holding(venue, 1, USDC)
    first.deposit(1_000)
    last.fund(1_000)
    first.token.rebase(venue.vault, 1_500, sender=venue.admin)
    for holding in (first, last, beside):
        holding.request_exit()
    chain.pending_timestamp += 24 * HOUR
    first.exit()
    with ape.reverts():
        last.exit()
    beside.exit()
    assert first.token.balanceOf(first.owner) == 1_000
    assert beside.token.balanceOf(beside.owner) == FUNDS
    last.token.rebase(venue.vault, 1_000, sender=venue.admin)
    last.exit()
    assert last.token.balanceOf(last.owner) == 1_000


def test_what_a_token_gains_by_itself_is_nobodys(listed, chain):
    venue = listed("RebasingToken")
    holding = Holding(venue, 0, HOSTILE)
    holding.deposit(1_000)
    holding.token.rebase(venue.vault, 5_000, sender=venue.admin)
    with ape.reverts(venue.vault.SettlementInsufficientBalance, balance=1_000, amount=1_001):
        holding.withdraw(*holding.withdrawal(1_001, 1, FAR))
    exit_after_a_day(holding, chain)
    assert (holding.token.balanceOf(holding.owner), holding.token.balanceOf(venue.vault)) == (1_000, 4_000)


def test_the_same_token_is_never_two_assets(listed):
    venue = listed("SilentToken")
    with ape.reverts(venue.vault.SettlementTokenListed, token=venue.tokens[HOSTILE].address):
        venue.vault.listAsset(10, venue.tokens[HOSTILE], 1, sender=venue.admin)
    assert venue.vault.marketOf(QTRA_USDC).base == QTRA
