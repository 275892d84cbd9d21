"""Leaving without the operator, and cancelling at both speeds, with time travel."""

import ape
from venue import BUY, HOUR, QTRA, SELL, UNIT_SCALES, USDC, Intent

from offchain.settlement.batch import SkipReason

FUNDS = 10**15
FAR = 2**40 - 1


def test_an_exit_pays_everything_after_a_day(venue, chain):
    owner = venue.wallets[0]
    receipt = venue.vault.requestExit(QTRA, sender=owner)
    (log,) = receipt.decode_logs(venue.vault.ExitRequested)
    effective_at = receipt.timestamp + 24 * HOUR
    assert dict(log.event_arguments) == {"owner": owner.address, "asset": QTRA, "effectiveAt": effective_at}
    chain.pending_timestamp = effective_at - 1
    with ape.reverts(venue.vault.SettlementExitTooEarly, effectiveAt=effective_at):
        venue.vault.exit(QTRA, sender=owner)
    chain.pending_timestamp = effective_at + 1
    receipt = venue.vault.exit(QTRA, sender=owner)
    (log,) = receipt.decode_logs(venue.vault.Exited)
    assert dict(log.event_arguments) == {"owner": owner.address, "asset": QTRA, "amount": FUNDS}
    assert venue.tokens[QTRA].balanceOf(owner) == FUNDS * UNIT_SCALES[QTRA]
    assert venue.balance(0, QTRA) == 0
    assert venue.balance(0, USDC) == FUNDS


def test_an_exit_needs_neither_the_engine_nor_an_open_exchange(venue, chain):
    venue.vault.requestExit(USDC, sender=venue.wallets[0])
    venue.vault.pause(sender=venue.admin)
    venue.vault.revokeEngineKey(sender=venue.admin)
    chain.pending_timestamp += 24 * HOUR
    venue.vault.exit(USDC, sender=venue.wallets[0])
    assert venue.tokens[USDC].balanceOf(venue.wallets[0]) == FUNDS


def test_nothing_settles_for_somebody_whose_exit_is_in_effect(venue, chain):
    venue.vault.requestExit(USDC, sender=venue.wallets[0])
    assert venue.settle_pair(Intent(0, SELL), Intent(1, BUY), 1) is SkipReason.NONE
    chain.pending_timestamp += 24 * HOUR
    assert venue.settle_pair(Intent(0, SELL), Intent(1, BUY), 1) is SkipReason.EXITED
    assert venue.settle_pair(Intent(2, SELL), Intent(1, BUY), 1) is SkipReason.NONE
    venue.vault.exit(USDC, sender=venue.wallets[0])
    venue.fund(0, USDC, 1_000)
    assert venue.settle_pair(Intent(0, SELL), Intent(1, BUY), 1) is SkipReason.NONE


def test_a_taken_back_exit_leaves_nothing_behind(venue, chain):
    venue.vault.requestExit(USDC, sender=venue.wallets[0])
    receipt = venue.vault.cancelExit(USDC, sender=venue.wallets[0])
    assert [log.event_name for log in receipt.events] == ["ExitCancelled"]
    chain.pending_timestamp += 24 * HOUR
    with ape.reverts(venue.vault.SettlementNoExit):
        venue.vault.exit(USDC, sender=venue.wallets[0])
    assert venue.settle_pair(Intent(0, SELL), Intent(1, BUY), 1) is SkipReason.NONE


def test_an_exit_of_an_unlisted_asset_is_refused(venue):
    with ape.reverts(venue.vault.SettlementUnknownAsset, asset=99):
        venue.vault.requestExit(99, sender=venue.wallets[0])


def test_a_slow_cancel_needs_the_owner_alone_and_ten_minutes(venue, chain):
    owner = venue.wallets[0]
    receipt = venue.vault.requestCancel(QTRA, 8, sender=owner)
    (log,) = receipt.decode_logs(venue.vault.CancelRequested)
    assert dict(log.event_arguments) == {
        "owner": owner.address,
        "asset": QTRA,
        "floor": 8,
        "effectiveAt": receipt.timestamp + 600,
    }
    assert venue.settle_pair(Intent(0, SELL, seq=8), Intent(1, BUY), 1) is SkipReason.NONE
    chain.pending_timestamp = receipt.timestamp + 600
    assert venue.settle_pair(Intent(0, SELL, seq=8), Intent(1, BUY), 1) is SkipReason.CANCELLED
    assert venue.settle_pair(Intent(0, SELL, seq=7, lane=4), Intent(1, BUY), 1) is SkipReason.CANCELLED
    assert venue.settle_pair(Intent(0, SELL, seq=9), Intent(1, BUY), 1) is SkipReason.NONE


def test_a_fast_cancel_is_at_once_and_needs_both(venue, chain):
    owner = venue.wallets[0]
    approval = venue.cancel_approval(0, QTRA, 8, FAR)
    for sender, floor in ((venue.wallets[1], 8), (owner, 9)):
        with ape.reverts(venue.vault.SettlementBadEngineSignature):
            venue.vault.cancelNow(QTRA, floor, FAR, approval, sender=sender)
    receipt = venue.vault.cancelNow(QTRA, 8, FAR, approval, sender=owner)
    (log,) = receipt.decode_logs(venue.vault.CancelFloorRaised)
    assert dict(log.event_arguments) == {"owner": owner.address, "asset": QTRA, "floor": 8}
    assert venue.settle_pair(Intent(0, SELL, seq=8), Intent(1, BUY), 1) is SkipReason.CANCELLED
    with ape.reverts(venue.vault.SettlementFloorTooLow, floor=8, given=8):
        venue.vault.cancelNow(QTRA, 8, FAR, approval, sender=owner)
    lapsed = chain.pending_timestamp - 10
    with ape.reverts(venue.vault.SettlementDeadlinePassed, deadline=lapsed):
        venue.vault.cancelNow(QTRA, 9, lapsed, venue.cancel_approval(0, QTRA, 9, lapsed), sender=owner)
