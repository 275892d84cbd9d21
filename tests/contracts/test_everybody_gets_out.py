"""Nobody left to run the exchange: every user still takes the last unit out within a day of chain time."""

import ape
import pytest
from holding import Holding
from venue import BTC, BTC_DAI, BTC_USDC, BUY, DAI, HOUR, QTRA, QTRA_USDC, SELL, USDC, Intent, skips

from offchain.settlement.batch import BatchFill
from offchain.settlement.encoding import encode_payload

DAY = 24 * HOUR
ASSETS = (QTRA, USDC, BTC, DAI)
ISOLATED = {
    QTRA_USDC: ((0, QTRA, 70_000), (0, USDC, 3_000), (2, USDC, 900), (4, QTRA, 1)),
    BTC_USDC: ((0, BTC, 40), (1, BTC, 60_000), (1, USDC, 70_000)),
    BTC_DAI: ((5, DAI, 123_456_789),),
}


def trade(venue):
    """Fills of several batches, with orders that rest, in all markets, so that fees are taken in two assets."""
    intents = [
        Intent(0, SELL, seq=1, lane=1, quantity=500),
        Intent(1, BUY, seq=1, quantity=200),
        Intent(2, BUY, seq=1, quantity=300),
        Intent(3, SELL, seq=1, price=70, market=BTC_USDC),
        Intent(4, BUY, seq=1, price=71, market=BTC_USDC),
        Intent(5, SELL, seq=1, price=90_000, market=BTC_DAI, lane=2),
        Intent(0, BUY, seq=1, price=90_000, market=BTC_DAI),
    ]
    orders = [venue.signed(intent) for intent in intents]
    for fills in ([(0, 1, 150), (3, 4, 33)], [(0, 2, 299), (0, 1, 50), (5, 6, 99)], [(3, 4, 67)]):
        assert skips(venue.settle(orders, [BatchFill(*fill) for fill in fills])) == {}


@pytest.fixture
def holdings(venue):
    """Everything that anybody has in the vault: six wallets, four assets, accounts of both kinds."""
    isolated = [Holding(venue, wallet, asset, market) for market, rows in ISOLATED.items() for wallet, asset, _ in rows]
    for holding, (_, _, units) in zip(isolated, (row for rows in ISOLATED.values() for row in rows), strict=True):
        holding.fund(units)
    trade(venue)
    return [Holding(venue, wallet, asset) for wallet in range(len(venue.wallets)) for asset in ASSETS] + isolated


def stop_everything(venue):
    """The guardian pauses and removes the engine's key, and nobody administers any more."""
    venue.vault.pause(sender=venue.admin)
    venue.vault.revokeEngineKey(sender=venue.admin)
    venue.access.renounceRole(0, venue.admin, sender=venue.admin)
    with ape.reverts(venue.vault.AccessManagedUnauthorized):
        venue.vault.unpause(sender=venue.admin)
    payload = encode_payload([], [])
    with ape.reverts(venue.vault.SettlementPaused):
        venue.settle_payload(payload)


def owed(holdings):
    """Ledger units by wallet and asset, over all accounts."""
    units = {}
    for holding in holdings:
        key = (holding.wallet, holding.asset)
        units[key] = units.get(key, 0) + holding.units
    return units


def test_every_last_unit_is_out_within_a_day_of_a_full_stop(venue, chain, holdings):
    fees = {asset: venue.vault.feesOf(asset) for asset in ASSETS}
    assert fees[USDC] > 0
    assert fees[DAI] > 0
    due = owed(holdings)
    stop_everything(venue)

    stopped_at = chain.blocks.head.timestamp
    requested = [holding.request_exit() for holding in holdings if holding.account().exitEffectiveAt == 0]
    assert requested
    effective_at = max(receipt.timestamp for receipt in requested) + DAY
    assert effective_at - stopped_at < DAY + 5 * len(holdings)
    chain.pending_timestamp = effective_at
    chain.mine()
    # The clock stands still from here on: each exit is no later than the last request's day.
    for holding in holdings:
        holding.exit()

    for (wallet, asset), units in due.items():
        holding = Holding(venue, wallet, asset)
        assert holding.token.balanceOf(holding.owner) == units * holding.scale
    for asset in ASSETS:
        holding = Holding(venue, 0, asset)
        assert venue.vault.assetOf(asset).total == venue.vault.feesOf(asset) == fees[asset]
        assert holding.token.balanceOf(venue.vault) == fees[asset] * holding.scale
    assert chain.blocks.head.timestamp - stopped_at < DAY + HOUR
    assert venue.vault.pausedUntil() > chain.blocks.head.timestamp


def test_whoever_asks_first_leaves_first_and_needs_nobody_else(venue, chain, holdings):
    early, late = holdings[0], holdings[-1]
    stop_everything(venue)
    first = early.request_exit()
    chain.pending_timestamp = first.timestamp + DAY - HOUR
    late.request_exit()
    chain.pending_timestamp = first.timestamp + DAY
    units = early.units
    early.exit()
    assert early.token.balanceOf(early.owner) == units * early.scale
    with ape.reverts(venue.vault.SettlementExitTooEarly):
        late.exit()
