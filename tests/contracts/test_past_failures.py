"""What went wrong on other exchanges, tried here. Each test names the failure as its report did."""

from dataclasses import replace

import ape
import pytest
from ape.exceptions import ContractLogicError
from eth_account import Account
from eth_account.messages import encode_typed_data
from holding import FAR, Holding
from msgspec import structs
from venue import BTC, BUY, DAI, HOUR, JOURNAL_ROOT, QTRA, QTRA_USDC, SELL, USDC, Intent, skips

from offchain.chain.typed_data import typed_data
from offchain.settlement.batch import Authorization, BatchFill, SkipReason
from offchain.settlement.encoding import encode_payload

FUNDS = 10**15
ASSETS = (QTRA, USDC, BTC, DAI)
NOBODY = "0x" + "00" * 20


def balances(venue):
    """Every unified balance and the fees."""
    held = {(wallet, asset): venue.balance(wallet, asset) for wallet in range(6) for asset in ASSETS}
    return held | {("fees", asset): venue.vault.feesOf(asset) for asset in ASSETS}


def settle_against_wallet_1(venue, order):
    """One fill of an order of wallet 0 against wallet 1; why it was skipped."""
    return skips(venue.settle([order, venue.signed(Intent(1, BUY))], [BatchFill(0, 1, 5)])).get(0, SkipReason.NONE)


@pytest.mark.parametrize(
    "signature",
    [bytes(64) + b"\x1b", b"\xff" * 32 + b"\x01" * 32 + b"\x1c", (1).to_bytes(32, "big") + bytes(32) + b"\x1b"],
    ids=["zeros", "r out of range", "s of zero"],
)
def test_a_signature_that_is_none_is_valid_for_nobody(venue, signature):
    """Polymarket's audit: a signature valid for any address, a zero signer accepted."""
    before = balances(venue)
    forged = structs.replace(venue.signed(Intent(0, SELL)), authorization=Authorization(signature))
    assert settle_against_wallet_1(venue, forged) is SkipReason.BAD_SIGNATURE
    assert balances(venue) == before


def test_nothing_is_ever_signed_for_the_owner_of_the_fees(venue):
    """The same failure on the way out: fees are the balance of the zero address."""
    venue.settle_pair(Intent(0, SELL), Intent(1, BUY), 100)
    assert venue.vault.feesOf(USDC) == 21
    approval = venue.withdrawal(0, USDC, 21, 1, FAR)[-1]
    for signature in (b"", bytes(64), bytes(64) + b"\x1b"):
        with ape.reverts(venue.vault.SettlementInvalidOwner):
            venue.vault.withdraw(NOBODY, USDC, 21, 1, FAR, signature, approval, sender=venue.admin)
        with ape.reverts(venue.vault.SettlementInvalidOwner):
            venue.vault.withdrawIsolated(NOBODY, QTRA_USDC, USDC, 21, 1, FAR, signature, approval, sender=venue.admin)


def test_an_order_signed_under_another_type_moves_nothing(venue):
    """Polymarket's audit: a wrong type hash."""
    order = venue.signed(Intent(0, SELL))
    document = typed_data(order.order, venue.chain_id, venue.address)
    for field in document["types"]["Order"]:
        if field["name"] == "price":
            field["type"] = "uint256"
    signed = Account.from_key(venue.wallets[0].private_key).sign_message(encode_typed_data(full_message=document))
    before = balances(venue)
    other = structs.replace(order, authorization=Authorization(bytes(signed.signature)))
    assert settle_against_wallet_1(venue, other) is SkipReason.BASE_SHORT
    assert balances(venue) == before


@pytest.mark.parametrize("cap_bps", [0, 49])
def test_the_fee_cap_is_signed_and_holds(venue, cap_bps):
    """Polymarket's audit: a fee left out of the hash. IDEX's: no control of the user over fees."""
    before = balances(venue)
    order = venue.signed(Intent(0, SELL, max_fee_bps=cap_bps))
    raised = structs.replace(order, order=structs.replace(order.order, max_fee_bps=50))
    assert settle_against_wallet_1(venue, raised) is SkipReason.BASE_SHORT
    dear = structs.replace(order, maker_fee_ppm=cap_bps * 100 + 1)
    assert settle_against_wallet_1(venue, dear) is SkipReason.FEE_ABOVE_CAP
    assert balances(venue) == before


def ghost_withdraw(venue, chain):
    """Takes everything out by the engine's own approval."""
    holding = Holding(venue, 0, QTRA)
    holding.withdraw(*holding.withdrawal(FUNDS, 1))


def ghost_cancel(venue, chain):
    """Raises the cancel floor, slowly."""
    Holding(venue, 0, QTRA).request_cancel(1)
    chain.pending_timestamp += 600


def ghost_exit(venue, chain):
    """Leaves without asking."""
    Holding(venue, 0, QTRA).request_exit()
    chain.pending_timestamp += 24 * HOUR


@pytest.mark.parametrize(
    ("vanish", "reason"),
    [
        (ghost_withdraw, SkipReason.BASE_SHORT),
        (ghost_cancel, SkipReason.CANCELLED),
        (ghost_exit, SkipReason.EXITED),
    ],
)
def test_whoever_vanishes_between_match_and_settlement_spoils_only_his_own_fill(venue, chain, vanish, reason):
    """Polymarket's ghost fills of 2026: a bumped nonce or a withdrawal made a whole batch revert."""
    intents = [Intent(0, SELL), Intent(1, BUY), Intent(2, SELL), Intent(3, BUY)]
    payload = encode_payload([venue.signed(intent) for intent in intents], [BatchFill(0, 1, 9), BatchFill(2, 3, 9)])
    vanish(venue, chain)
    assert skips(venue.settle_payload(payload)) == {0: reason}
    assert venue.balance(3, QTRA) == FUNDS + 9 * 10**6
    assert venue.balance(1, QTRA) == FUNDS


def test_a_payload_cut_off_anywhere_or_drawn_out_reverts(venue):
    """1inch's loss of 2025: a length that underflowed in calldata parsed by hand."""
    payload = encode_payload([venue.signed(Intent(0, SELL)), venue.signed(Intent(1, BUY))], [BatchFill(0, 1, 5)])
    malformed = [payload[:length] for length in range(len(payload))] + [payload + b"\0", payload + payload]
    for raw in malformed:
        with pytest.raises(ContractLogicError):
            venue.vault.settle.call(raw, 1, JOURNAL_ROOT, 0, venue.sign_batch(raw, 1), sender=venue.admin)
    assert skips(venue.settle_payload(payload)) == {}


def test_a_standing_allowance_is_good_for_its_owner_only(venue):
    """CoW's and Hedgey's losses: an allowance that a stranger could make use of."""
    victim, thief = venue.wallets[:2]
    token = venue.tokens[USDC]
    token.mint(victim, 1_000, sender=venue.admin)
    token.approve(venue.vault, 2**256 - 1, sender=victim)
    for recipient in (thief, victim):
        for call in (
            lambda owner: venue.vault.depositFor(owner, USDC, 1_000, sender=thief),
            lambda owner: venue.vault.depositIsolatedFor(owner, QTRA_USDC, USDC, 1_000, sender=thief),
        ):
            with ape.reverts():
                call(recipient)
    permit = (2**40, 27, b"\1" * 32, b"\1" * 32)
    with ape.reverts():
        venue.vault.depositWithPermit(USDC, 1_000, *permit, sender=thief)
    assert token.balanceOf(victim) == 1_000
    assert token.allowance(venue.vault, thief) == token.allowance(venue.vault, victim) == 0


def test_what_one_contract_was_told_another_does_not_hear(venue, project):
    """IDEX's audit: no chain in the hash. Here neither chain nor contract can be exchanged."""
    twin = project.Settlement.deploy(venue.access, Account.from_key(venue.engine_key).address, sender=venue.admin)
    elsewhere = replace(venue, vault=project.ISettlement.at(twin.address))
    assert bytes(elsewhere.vault.domainSeparator()) != bytes(venue.vault.domainSeparator())
    payload = encode_payload([], [])
    with ape.reverts(elsewhere.vault.SettlementBadEngineSignature):
        elsewhere.vault.settle(payload, 1, JOURNAL_ROOT, 0, venue.sign_batch(payload, 1), sender=venue.admin)
    with ape.reverts(elsewhere.vault.SettlementBadOwnerSignature):
        elsewhere.vault.withdraw(*venue.withdrawal(0, USDC, 1, 1, FAR), sender=venue.admin)


def test_the_code_behind_the_vault_is_of_no_use_by_itself(venue, project):
    """Parity's loss of 2017: a library that anybody could take over, and with it every wallet that used it."""
    code = project.ISettlement.at(project.SettlementAccounts.deploy(sender=venue.admin).address)
    payload = encode_payload([], [])
    for function, arguments in (
        ("listAsset", (USDC, venue.tokens[USDC], 1)),
        ("setEngineKey", (venue.admin,)),
        ("setAuthority", (venue.access,)),
        ("pause", ()),
        ("collectFees", (USDC, 0, venue.admin)),
    ):
        with ape.reverts(code.AccessManagedUnauthorized):
            getattr(code, function)(*arguments, sender=venue.admin)
    with ape.reverts(code.SettlementUnknownAsset):
        code.deposit(USDC, 1, sender=venue.wallets[0])
    with ape.reverts():
        code.settle(payload, 1, JOURNAL_ROOT, 0, venue.sign_batch(payload, 1), sender=venue.admin)
    code.closeExchange(sender=venue.wallets[0])
    assert not venue.vault.isClosed()
