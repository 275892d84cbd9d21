"""An exchange that nobody runs any more: anybody may close it, for ever, and then everybody leaves without waiting."""

from dataclasses import replace

import ape
import pytest
from holding import Holding
from venue import BTC, BTC_USDC, BUY, HOUR, QTRA, QTRA_USDC, SELL, USDC, Intent

from offchain.settlement.encoding import encode_payload

DAY = 24 * HOUR
FUNDS = 10**15
NEVER = 2**40 - 1


@pytest.fixture
def abandoned(venue, chain):
    """Two weeks after the last batch, in which fees were earned."""
    venue.settle_pair(Intent(0, SELL), Intent(1, BUY), 100)
    Holding(venue, 0, QTRA, QTRA_USDC).fund(1_000)
    Holding(venue, 0, USDC, QTRA_USDC).fund(2_000)
    chain.pending_timestamp = venue.vault.lastBatchAt() + 14 * DAY
    return venue


@pytest.fixture
def closed(abandoned):
    """The same, closed by a stranger."""
    receipt = abandoned.vault.closeExchange(sender=abandoned.wallets[5])
    assert [log.event_name for log in receipt.events] == ["ExchangeClosed"]
    return abandoned


def test_the_deployment_counts_as_a_batch(venue, chain):
    vault = venue.vault
    first = vault.lastBatchAt()
    assert chain.blocks[0].timestamp <= first <= chain.pending_timestamp
    assert (vault.batchNumber(), bytes(vault.batchHash())) == (0, bytes(32))
    with ape.reverts(vault.SettlementCloseTooEarly, allowedFrom=first + 14 * DAY):
        vault.closeExchange(sender=venue.wallets[0])


def test_every_batch_puts_the_end_off_even_an_empty_one(venue, chain):
    first = venue.vault.lastBatchAt()
    chain.pending_timestamp = first + 14 * DAY - 1
    receipt = venue.settle_payload(encode_payload([], []))
    assert venue.vault.lastBatchAt() == receipt.timestamp
    assert int.from_bytes(bytes(venue.vault.batchHash())[-10:], "big") == 1
    chain.pending_timestamp = receipt.timestamp + 14 * DAY - 1
    with ape.reverts(venue.vault.SettlementCloseTooEarly, allowedFrom=receipt.timestamp + 14 * DAY):
        venue.vault.closeExchange(sender=venue.wallets[0])
    chain.pending_timestamp = receipt.timestamp + 14 * DAY
    venue.vault.closeExchange(sender=venue.wallets[0])
    assert venue.vault.isClosed()
    assert venue.vault.pausedUntil() == NEVER


def test_neither_a_pause_nor_a_removed_key_delays_the_end(venue, chain):
    venue.vault.pause(sender=venue.admin)
    venue.vault.revokeEngineKey(sender=venue.admin)
    chain.pending_timestamp = venue.vault.lastBatchAt() + 14 * DAY
    venue.vault.closeExchange(sender=venue.wallets[0])
    assert venue.vault.isClosed()


def test_a_closed_exchange_takes_and_settles_nothing_more(closed, chain):
    vault, owner = closed.vault, closed.wallets[0]
    isolated = Holding(closed, 0, QTRA, QTRA_USDC)
    rekeyed = replace(closed, engine_key=closed.wallets[2].private_key)
    refused = [
        lambda: vault.closeExchange(sender=owner),
        lambda: vault.deposit(USDC, 1, sender=owner),
        lambda: isolated.deposit(1),
        lambda: rekeyed.settle_payload(encode_payload([], [])),
        lambda: vault.setSessionKey(closed.wallets[1], QTRA_USDC, 1, 1, NEVER, sender=owner),
        lambda: vault.pause(sender=closed.admin),
        lambda: vault.unpause(sender=closed.admin),
    ]
    for _ in range(2):
        for call in refused:
            with ape.reverts(vault.SettlementClosed):
                call()
        # No key and no year brings it back.
        vault.setEngineKey(closed.wallets[2], sender=closed.admin)
        chain.pending_timestamp += 400 * DAY
    assert vault.isClosed()


def test_everybody_leaves_at_once_without_a_request(closed):
    for wallet in range(6):
        for asset in (QTRA, USDC, BTC):
            holding = Holding(closed, wallet, asset)
            before = holding.units
            (log,) = holding.exit().decode_logs(closed.vault.Exited)
            assert log.amount == before
            assert holding.token.balanceOf(holding.owner) == before * holding.scale
    for asset, units in ((QTRA, 1_000), (USDC, 2_000)):
        (log,) = Holding(closed, 0, asset, QTRA_USDC).exit().decode_logs(closed.vault.IsolatedExited)
        assert (log.amount, log.complete) == (units, asset == USDC)
    assert closed.vault.assetOf(USDC).total == closed.vault.feesOf(USDC) == 8 + 13


def test_a_request_under_way_ends_with_the_exit(abandoned):
    unified, isolated = Holding(abandoned, 0, BTC), Holding(abandoned, 0, BTC, BTC_USDC)
    isolated.fund(5)
    for holding in (unified, isolated):
        holding.request_exit()
        with ape.reverts(abandoned.vault.SettlementExitTooEarly):
            holding.exit()
    abandoned.vault.closeExchange(sender=abandoned.wallets[5])
    for holding in (unified, isolated):
        holding.exit()
        assert (holding.units, holding.account().exitEffectiveAt) == (0, 0)


def test_what_both_signed_and_the_fees_are_still_paid(closed):
    holding = Holding(closed, 1, USDC)
    before = holding.units
    holding.withdraw(*holding.withdrawal(10, 1))
    assert holding.units == before - 10
    closed.vault.collectFees(USDC, 21, closed.wallets[5], sender=closed.admin)
    assert closed.vault.feesOf(USDC) == 0
