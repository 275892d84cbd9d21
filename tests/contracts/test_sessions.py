"""Session keys: set by their owner alone, ended at two speeds, and never able to do more than trade."""

import ape
import pytest
from venue import BTC_USDC, HOUR, QTRA, QTRA_USDC, USDC

from offchain.chain.typed_data import CancelApproval, SessionRevocationApproval, Withdrawal, WithdrawalApproval

FAR = 2**40 - 1
UNLIMITED = 2**64 - 1


@pytest.fixture
def key(venue):
    """The account of the session key of wallet 0."""
    return venue.wallets[4]


@pytest.fixture
def expiry(chain):
    """An hour from now."""
    return chain.pending_timestamp + HOUR


def revocation(venue, key, market, deadline=FAR, owner=0):
    """The engine's word that it holds nothing of the key."""
    addresses = (bytes.fromhex(account.address[2:]) for account in (venue.wallets[owner], key))
    return venue.sign(venue.engine_key, SessionRevocationApproval(*addresses, market, deadline))


def test_a_session_is_on_record_with_its_limits(venue, key, expiry):
    owner = venue.wallets[0]
    receipt = venue.vault.setSessionKey(key, QTRA_USDC, 500, UNLIMITED, expiry, sender=owner)
    (log,) = receipt.decode_logs(venue.vault.SessionKeySet)
    assert dict(log.event_arguments) == {
        "owner": owner.address,
        "key": key.address,
        "market": QTRA_USDC,
        "baseLimit": 500,
        "quoteLimit": UNLIMITED,
        "expiry": expiry,
    }
    session = venue.vault.sessionOf(owner, key, QTRA_USDC)
    assert (session.baseLeft, session.quoteLeft, session.expiry) == (500, UNLIMITED, expiry)
    for holder, name, market in ((owner, key, BTC_USDC), (key, owner, QTRA_USDC), (venue.wallets[1], key, QTRA_USDC)):
        assert venue.vault.sessionOf(holder, name, market).expiry == 0


def test_what_is_no_session_is_refused(venue, chain, key, expiry):
    owner, vault = venue.wallets[0], venue.vault
    for name in ("0x" + "00" * 20, owner):
        with ape.reverts(vault.SettlementInvalidSessionKey):
            vault.setSessionKey(name, QTRA_USDC, 1, 1, expiry, sender=owner)
    for market in (0, 99):
        with ape.reverts(vault.SettlementUnknownMarket, market=market):
            vault.setSessionKey(key, market, 1, 1, expiry, sender=owner)
    now = chain.pending_timestamp + 5
    chain.pending_timestamp = now
    with ape.reverts(vault.SettlementDeadlinePassed, deadline=now):
        vault.setSessionKey(key, QTRA_USDC, 1, 1, now, sender=owner)


def test_a_live_session_cannot_be_changed_and_a_dead_one_set_anew(venue, chain, key, expiry):
    owner, vault = venue.wallets[0], venue.vault
    vault.setSessionKey(key, QTRA_USDC, 500, 600, expiry, sender=owner)
    with ape.reverts(vault.SettlementSessionLive, expiry=expiry):
        vault.setSessionKey(key, QTRA_USDC, 1, 1, expiry + 1, sender=owner)
    vault.setSessionKey(key, BTC_USDC, 1, 1, expiry, sender=owner)
    chain.pending_timestamp = expiry
    vault.setSessionKey(key, QTRA_USDC, 7, 8, expiry + HOUR, sender=owner)
    session = vault.sessionOf(owner, key, QTRA_USDC)
    assert (session.baseLeft, session.quoteLeft, session.expiry) == (7, 8, expiry + HOUR)


def test_an_owner_alone_ends_a_session_within_ten_minutes(venue, chain, key, expiry):
    owner, vault = venue.wallets[0], venue.vault
    vault.setSessionKey(key, QTRA_USDC, 500, 600, expiry, sender=owner)
    receipt = vault.requestSessionRevocation(key, QTRA_USDC, sender=owner)
    (log,) = receipt.decode_logs(vault.SessionKeyRevoked)
    effective_at = receipt.timestamp + 600
    assert dict(log.event_arguments) == {
        "owner": owner.address,
        "key": key.address,
        "market": QTRA_USDC,
        "effectiveAt": effective_at,
    }
    assert vault.sessionOf(owner, key, QTRA_USDC).expiry == effective_at
    # Asking again does not put it off.
    chain.pending_timestamp = effective_at - 60
    vault.requestSessionRevocation(key, QTRA_USDC, sender=owner)
    assert vault.sessionOf(owner, key, QTRA_USDC).expiry == effective_at
    chain.pending_timestamp = effective_at
    with ape.reverts(vault.SettlementNoSession, owner=owner.address, key=key.address, market=QTRA_USDC):
        vault.requestSessionRevocation(key, QTRA_USDC, sender=owner)


def test_a_session_that_ends_sooner_anyway_is_not_prolonged(venue, chain, key):
    expiry = chain.pending_timestamp + 300
    venue.vault.setSessionKey(key, QTRA_USDC, 5, 5, expiry, sender=venue.wallets[0])
    receipt = venue.vault.requestSessionRevocation(key, QTRA_USDC, sender=venue.wallets[0])
    (log,) = receipt.decode_logs(venue.vault.SessionKeyRevoked)
    assert log.effectiveAt == expiry


def test_with_the_engines_word_it_ends_at_once(venue, chain, key, expiry):
    owner, vault = venue.wallets[0], venue.vault
    vault.setSessionKey(key, QTRA_USDC, 500, 600, expiry, sender=owner)
    approval = revocation(venue, key, QTRA_USDC)
    for market, deadline, signature, sender in (
        (BTC_USDC, FAR, approval, owner),
        (QTRA_USDC, FAR - 1, approval, owner),
        (QTRA_USDC, FAR, approval, venue.wallets[1]),
        (QTRA_USDC, FAR, b"", owner),
    ):
        with ape.reverts(vault.SettlementBadEngineSignature):
            vault.revokeSessionNow(key, market, deadline, signature, sender=sender)
    lapsed = chain.pending_timestamp - 10
    with ape.reverts(vault.SettlementDeadlinePassed, deadline=lapsed):
        vault.revokeSessionNow(key, QTRA_USDC, lapsed, revocation(venue, key, QTRA_USDC, lapsed), sender=owner)
    receipt = vault.revokeSessionNow(key, QTRA_USDC, FAR, approval, sender=owner)
    (log,) = receipt.decode_logs(vault.SessionKeyRevoked)
    assert log.effectiveAt == receipt.timestamp == vault.sessionOf(owner, key, QTRA_USDC).expiry
    with ape.reverts(vault.SettlementNoSession):
        vault.revokeSessionNow(key, QTRA_USDC, FAR, approval, sender=owner)


def test_nobody_ends_or_sets_a_session_for_another(venue, key, expiry):
    owner, vault = venue.wallets[0], venue.vault
    vault.setSessionKey(key, QTRA_USDC, 500, 600, expiry, sender=owner)
    for sender in (key, venue.admin, venue.wallets[1]):
        with ape.reverts(vault.SettlementNoSession):
            vault.requestSessionRevocation(key, QTRA_USDC, sender=sender)
    assert vault.sessionOf(owner, key, QTRA_USDC).expiry == expiry


def test_a_session_key_can_neither_withdraw_nor_cancel(venue, key, expiry):
    owner, vault = venue.wallets[0], venue.vault
    vault.setSessionKey(key, QTRA_USDC, UNLIMITED, UNLIMITED, expiry, sender=owner)
    owner_bytes = bytes.fromhex(owner.address[2:])
    consent = venue.sign(key.private_key, Withdrawal(USDC, 5, 1, FAR))
    approval = venue.sign(venue.engine_key, WithdrawalApproval(owner_bytes, USDC, 5, 1, FAR))
    with ape.reverts(vault.SettlementBadOwnerSignature, owner=owner.address):
        vault.withdraw(owner, USDC, 5, 1, FAR, consent, approval, sender=key)
    cancel = venue.sign(venue.engine_key, CancelApproval(owner_bytes, QTRA, 5, FAR))
    with ape.reverts(vault.SettlementBadEngineSignature):
        vault.cancelNow(QTRA, 5, FAR, cancel, sender=key)
    vault.requestCancel(QTRA, 5, sender=key)
    vault.requestExit(USDC, sender=key)
    slot = vault.slotOf(owner, QTRA)
    assert (slot.requestedFloor, slot.exitEffectiveAt, vault.slotOf(owner, USDC).exitEffectiveAt) == (0, 0, 0)
