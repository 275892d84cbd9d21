"""Tokens into the vault: in whole units, measured, and only of listed assets."""

import ape
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from venue import BTC, QTRA, UNIT_SCALES, USDC

UNITS_MAX = 2**63 - 1


def test_a_deposit_is_credited_in_ledger_units(empty_venue):
    owner, token = empty_venue.wallets[0], empty_venue.tokens[QTRA]
    amount = 25 * 10**17
    token.mint(owner, amount, sender=empty_venue.admin)
    token.approve(empty_venue.vault, amount, sender=owner)
    receipt = empty_venue.vault.deposit(QTRA, amount, sender=owner)
    (log,) = receipt.decode_logs(empty_venue.vault.Deposited)
    assert dict(log.event_arguments) == {"owner": owner.address, "asset": QTRA, "amount": 250_000_000}
    assert empty_venue.balance(0, QTRA) == 250_000_000
    assert empty_venue.vault.assetOf(QTRA).total == 250_000_000
    assert token.balanceOf(empty_venue.vault) == amount


def test_one_may_deposit_for_another(empty_venue):
    payer, owner = empty_venue.wallets[:2]
    empty_venue.tokens[BTC].mint(payer, 7, sender=payer)
    empty_venue.tokens[BTC].approve(empty_venue.vault, 7, sender=payer)
    empty_venue.vault.depositFor(owner, BTC, 7, sender=payer)
    assert (empty_venue.balance(0, BTC), empty_venue.balance(1, BTC)) == (0, 7)
    with ape.reverts(empty_venue.vault.SettlementInvalidOwner):
        empty_venue.vault.depositFor("0x" + "00" * 20, BTC, 1, sender=payer)


def test_a_part_of_a_unit_is_refused(empty_venue):
    amount = UNIT_SCALES[QTRA] * 3 + 1
    with ape.reverts(empty_venue.vault.SettlementNotWholeUnits, amount=amount, unitScale=UNIT_SCALES[QTRA]):
        empty_venue.vault.deposit(QTRA, amount, sender=empty_venue.wallets[0])
    with ape.reverts(empty_venue.vault.SettlementZeroAmount):
        empty_venue.vault.deposit(QTRA, 0, sender=empty_venue.wallets[0])


def test_an_unlisted_asset_is_refused(empty_venue):
    with ape.reverts(empty_venue.vault.SettlementUnknownAsset, asset=99):
        empty_venue.vault.deposit(99, 1, sender=empty_venue.wallets[0])


def test_an_asset_holds_63_bits_and_not_a_unit_more(empty_venue):
    empty_venue.fund(0, USDC, UNITS_MAX - 1)
    empty_venue.fund(1, USDC, 1)
    owner = empty_venue.wallets[1]
    empty_venue.tokens[USDC].mint(owner, 1, sender=owner)
    empty_venue.tokens[USDC].approve(empty_venue.vault, 1, sender=owner)
    with ape.reverts(empty_venue.vault.SettlementAssetFull, asset=USDC, total=UNITS_MAX, units=1):
        empty_venue.vault.deposit(USDC, 1, sender=owner)


@pytest.mark.parametrize("used_before", [False, True], ids=["fresh", "used by somebody else first"])
def test_a_permit_deposits_in_one_transaction(empty_venue, used_before):
    owner, token, vault = empty_venue.wallets[0], empty_venue.tokens[USDC], empty_venue.vault
    token.mint(owner, 500, sender=owner)
    document = {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Permit": [
                {"name": "owner", "type": "address"},
                {"name": "spender", "type": "address"},
                {"name": "value", "type": "uint256"},
                {"name": "nonce", "type": "uint256"},
                {"name": "deadline", "type": "uint256"},
            ],
        },
        "primaryType": "Permit",
        "domain": {
            "name": token.name(),
            "version": "1",
            "chainId": empty_venue.chain_id,
            "verifyingContract": token.address,
        },
        "message": {
            "owner": owner.address,
            "spender": vault.address,
            "value": 500,
            "nonce": token.nonces(owner),
            "deadline": 2**40,
        },
    }
    signed = Account.from_key(owner.private_key).sign_message(encode_typed_data(full_message=document))
    permit = (2**40, signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big"))
    if used_before:
        token.permit(owner, vault, 500, *permit, sender=empty_venue.wallets[1])
    vault.depositWithPermit(USDC, 500, *permit, sender=owner)
    assert empty_venue.balance(0, USDC) == 500
