"""Fast withdrawals: the owner and the engine sign, anybody submits, the owner is paid, once."""

import ape
import pytest
from eth_account import Account
from venue import QTRA, UNIT_SCALES, USDC

from offchain.chain.typed_data import Withdrawal, WithdrawalApproval

FUNDS = 10**15
FAR = 2**40 - 1


def test_a_withdrawal_pays_the_owner_whoever_submits_it(venue):
    owner = venue.wallets[0]
    receipt = venue.vault.withdraw(*venue.withdrawal(0, QTRA, 250, 7, FAR), sender=venue.wallets[3])
    (log,) = receipt.decode_logs(venue.vault.Withdrawn)
    assert dict(log.event_arguments) == {"owner": owner.address, "asset": QTRA, "amount": 250, "nonce": 7}
    assert venue.tokens[QTRA].balanceOf(owner) == 250 * UNIT_SCALES[QTRA]
    assert venue.balance(0, QTRA) == FUNDS - 250
    assert venue.vault.assetOf(QTRA).total == 6 * FUNDS - 250
    assert venue.vault.nonceUsed(owner, 7)
    assert not venue.vault.nonceUsed(owner, 8)


def test_a_withdrawal_is_paid_once_and_nonces_need_no_order(venue):
    for nonce in (300, 2**64 - 1, 0, 255, 256):
        venue.vault.withdraw(*venue.withdrawal(0, USDC, 1, nonce, FAR), sender=venue.admin)
        with ape.reverts(venue.vault.SettlementNonceUsed, owner=venue.wallets[0].address, nonce=nonce):
            venue.vault.withdraw(*venue.withdrawal(0, USDC, 1, nonce, FAR), sender=venue.admin)
    venue.vault.withdraw(*venue.withdrawal(1, USDC, 1, 300, FAR), sender=venue.admin)
    assert venue.balance(0, USDC) == FUNDS - 5


def test_more_than_the_balance_is_refused(venue):
    with ape.reverts(
        venue.vault.SettlementInsufficientBalance,
        owner=venue.wallets[0].address,
        asset=USDC,
        balance=FUNDS,
        amount=FUNDS + 1,
    ):
        venue.vault.withdraw(*venue.withdrawal(0, USDC, FUNDS + 1, 1, FAR), sender=venue.admin)
    assert not venue.vault.nonceUsed(venue.wallets[0], 1)


def test_a_withdrawal_lapses_at_its_deadline(venue, chain):
    deadline = chain.pending_timestamp + 1_000
    arguments = venue.withdrawal(0, USDC, 5, 1, deadline)
    chain.pending_timestamp = deadline + 1
    with ape.reverts(venue.vault.SettlementDeadlinePassed, deadline=deadline):
        venue.vault.withdraw(*arguments, sender=venue.admin)


@pytest.mark.parametrize(
    ("position", "value"),
    [(1, QTRA), (2, 6), (3, 2), (4, FAR - 1), (5, b"\1" * 65), (5, b"")],
    ids=["asset", "amount", "nonce", "deadline", "owner's signature", "no signature"],
)
def test_nothing_that_the_owner_signed_can_be_changed(venue, position, value):
    arguments = list(venue.withdrawal(0, USDC, 5, 1, FAR))
    arguments[position] = value
    with ape.reverts(venue.vault.SettlementBadOwnerSignature, owner=venue.wallets[0].address):
        venue.vault.withdraw(*arguments, sender=venue.admin)


def test_the_engine_must_agree_and_nobody_can_be_paid_for_another(venue):
    owner, thief = venue.wallets[:2]
    arguments = list(venue.withdrawal(0, USDC, 5, 1, FAR))
    struct = WithdrawalApproval(bytes.fromhex(owner.address[2:]), USDC, 5, 1, FAR)
    with ape.reverts(venue.vault.SettlementBadEngineSignature, recovered=thief.address):
        venue.vault.withdraw(*arguments[:-1], venue.sign(thief.private_key, struct), sender=venue.admin)
    with ape.reverts(venue.vault.SettlementBadEngineSignature):
        venue.vault.withdraw(*arguments[:-1], b"", sender=venue.admin)
    with ape.reverts(venue.vault.SettlementBadOwnerSignature, owner=thief.address):
        venue.vault.withdraw(thief, *arguments[1:], sender=thief)
    with ape.reverts(venue.vault.SettlementInvalidOwner):
        venue.vault.withdraw("0x" + "00" * 20, *arguments[1:], sender=thief)


@pytest.mark.parametrize(
    "domain", [{"chain_id": 8_453}, {"contract": b"\x42" * 20}], ids=["other chain", "other contract"]
)
def test_a_withdrawal_belongs_to_one_chain_and_contract(venue, domain):
    arguments = list(venue.withdrawal(0, USDC, 5, 1, FAR))
    arguments[5] = venue.sign(venue.wallets[0].private_key, Withdrawal(USDC, 5, 1, FAR), **domain)
    with ape.reverts(venue.vault.SettlementBadOwnerSignature):
        venue.vault.withdraw(*arguments, sender=venue.admin)


def test_a_contract_wallet_withdraws_by_erc1271(venue, project):
    key = b"\x55" * 32
    wallet = project.ContractWallet.deploy(Account.from_key(key).address, sender=venue.admin)
    venue.tokens[USDC].mint(venue.admin, 50, sender=venue.admin)
    venue.tokens[USDC].approve(venue.vault, 50, sender=venue.admin)
    venue.vault.depositFor(wallet, USDC, 50, sender=venue.admin)
    consent = venue.sign(key, Withdrawal(USDC, 50, 1, FAR))
    approval = venue.sign(venue.engine_key, WithdrawalApproval(bytes.fromhex(wallet.address[2:]), USDC, 50, 1, FAR))
    stranger = venue.sign(b"\x56" * 32, Withdrawal(USDC, 50, 1, FAR))
    with ape.reverts(venue.vault.SettlementBadOwnerSignature):
        venue.vault.withdraw(wallet, USDC, 50, 1, FAR, stranger, approval, sender=venue.admin)
    venue.vault.withdraw(wallet, USDC, 50, 1, FAR, consent, approval, sender=venue.admin)
    assert venue.tokens[USDC].balanceOf(wallet) == 50


def test_a_token_that_reenters_cannot_withdraw_twice(venue, project):
    token = project.ReentrantToken.deploy(sender=venue.admin)
    venue.vault.listAsset(9, token, 1, sender=venue.admin)
    token.mint(venue.wallets[0], 100, sender=venue.admin)
    token.approve(venue.vault, 100, sender=venue.wallets[0])
    venue.vault.deposit(9, 100, sender=venue.wallets[0])
    first, second = venue.withdrawal(0, 9, 50, 1, FAR), venue.withdrawal(0, 9, 50, 2, FAR)
    token.arm(venue.vault, venue.vault.withdraw.encode_input(*second), sender=venue.admin)
    with ape.reverts():
        venue.vault.withdraw(*first, sender=venue.admin)
    assert venue.balance(0, 9) == 100
