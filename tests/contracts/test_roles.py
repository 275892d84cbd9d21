"""Who may do what: nobody, unless the access manager says so; and never with a user's balance."""

import ape
import pytest
from venue import BUY, HOUR, QTRA, SELL, USDC, Intent

from offchain.settlement.batch import SkipReason

DAY = 24 * HOUR
RESTRICTED = [
    ("listAsset", (9, "token", 1)),
    ("listMarket", (9, (1, 2, 1, 1))),
    ("setEngineKey", ("token",)),
    ("revokeEngineKey", ()),
    ("pause", ()),
    ("unpause", ()),
    ("collectFees", (2, 0, "token")),
    ("setAuthority", ("token",)),
]


@pytest.mark.parametrize(("function", "arguments"), RESTRICTED, ids=[name for name, _ in RESTRICTED])
def test_strangers_are_refused(venue, function, arguments):
    stranger = venue.wallets[0]
    filled = [venue.tokens[QTRA] if argument == "token" else argument for argument in arguments]
    with ape.reverts(venue.vault.AccessManagedUnauthorized, caller=stranger.address):
        getattr(venue.vault, function)(*filled, sender=stranger)


def test_a_guardian_may_revoke_at_once_what_only_a_delay_may_set(venue, chain):
    guardian, operator, new_key = venue.wallets[1:4]
    access, vault, admin = venue.access, venue.vault, venue.admin
    set_key = bytes(vault.setEngineKey.encode_input(new_key))[:4]
    revoke = bytes(vault.revokeEngineKey.encode_input())[:4]
    access.setTargetFunctionRole(vault, [revoke], 1, sender=admin)
    access.setTargetFunctionRole(vault, [set_key], 2, sender=admin)
    access.grantRole(1, guardian, 0, sender=admin)
    access.grantRole(2, operator, 2 * DAY, sender=admin)
    vault.revokeEngineKey(sender=guardian)
    with ape.reverts(vault.SettlementEngineRevoked):
        venue.settle_payload(bytes.fromhex("0100000000000011"))
    call = vault.setEngineKey.encode_input(new_key)
    with ape.reverts():
        vault.setEngineKey(new_key, sender=operator)
    access.schedule(vault, call, 0, sender=operator)
    chain.pending_timestamp += 2 * DAY - 10
    with ape.reverts():
        vault.setEngineKey(new_key, sender=operator)
    chain.pending_timestamp += 11
    vault.setEngineKey(new_key, sender=operator)
    assert vault.engineKey() == new_key.address


def test_a_pause_stops_deposits_and_settlement_and_ends_by_itself(venue, chain):
    receipt = venue.vault.pause(sender=venue.admin)
    until = receipt.timestamp + 7 * DAY
    with ape.reverts(venue.vault.SettlementPaused, until=until):
        venue.vault.deposit(USDC, 1, sender=venue.wallets[0])
    with ape.reverts(venue.vault.SettlementPaused, until=until):
        venue.settle_pair(Intent(0, SELL), Intent(1, BUY), 1)
    venue.vault.withdraw(*venue.withdrawal(0, USDC, 1, 1, 2**40 - 1), sender=venue.admin)
    chain.pending_timestamp = until
    assert venue.settle_pair(Intent(0, SELL), Intent(1, BUY), 1) is SkipReason.NONE
    with ape.reverts(venue.vault.SettlementPauseTooSoon, allowedFrom=until + 7 * DAY):
        venue.vault.pause(sender=venue.admin)
    chain.pending_timestamp = until + 7 * DAY
    venue.vault.pause(sender=venue.admin)


def test_a_pause_can_end_early(venue):
    with ape.reverts(venue.vault.SettlementNotPaused):
        venue.vault.unpause(sender=venue.admin)
    venue.vault.pause(sender=venue.admin)
    venue.vault.unpause(sender=venue.admin)
    assert venue.settle_pair(Intent(0, SELL), Intent(1, BUY), 1) is SkipReason.NONE


def test_the_engine_key_cannot_be_set_to_nobody(venue):
    with ape.reverts(venue.vault.SettlementInvalidOwner):
        venue.vault.setEngineKey("0x" + "00" * 20, sender=venue.admin)


def test_fees_are_paid_out_of_fees_only(venue):
    venue.settle_pair(Intent(0, SELL), Intent(1, BUY), 100)
    fees, treasury = venue.vault.feesOf(USDC), venue.wallets[5]
    assert fees == 8 + 13
    with ape.reverts(venue.vault.SettlementInsufficientBalance, balance=fees, amount=fees + 1):
        venue.vault.collectFees(USDC, fees + 1, treasury, sender=venue.admin)
    venue.vault.collectFees(USDC, fees, treasury, sender=venue.admin)
    assert venue.tokens[USDC].balanceOf(treasury) == fees
    assert venue.vault.feesOf(USDC) == 0


def test_listings_are_checked_and_final(venue, project):
    vault, admin = venue.vault, venue.admin
    token = project.TestToken.deploy("Another", "ANO", 6, sender=admin)
    for arguments in ((0, token, 1), (9, token, 0), (9, venue.wallets[0], 1)):
        with ape.reverts(vault.SettlementInvalidAsset):
            vault.listAsset(*arguments, sender=admin)
    with ape.reverts(vault.SettlementAssetListed, asset=QTRA):
        vault.listAsset(QTRA, token, 1, sender=admin)
    with ape.reverts(vault.SettlementTokenListed, token=venue.tokens[QTRA].address):
        vault.listAsset(9, venue.tokens[QTRA], 1, sender=admin)
    with ape.reverts(vault.SettlementMarketListed, market=1):
        vault.listMarket(1, (1, 2, 1, 1), sender=admin)
    for market, terms in ((0, (1, 2, 1, 1)), (9, (1, 1, 1, 1)), (9, (1, 2, 0, 1)), (9, (1, 2, 1, 0))):
        with ape.reverts(vault.SettlementInvalidMarket, market=market):
            vault.listMarket(market, terms, sender=admin)
    with ape.reverts(vault.SettlementUnknownAsset, asset=9):
        vault.listMarket(9, (1, 9, 1, 1), sender=admin)
    with ape.reverts(vault.SettlementUnknownMarket, market=9):
        vault.marketOf(9)
