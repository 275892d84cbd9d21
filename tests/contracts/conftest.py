"""Fixtures of the Ape tests: an exchange as it was deployed for every test, by the provider's snapshots."""

import sys
from pathlib import Path

import pytest
from eth_account import Account

sys.path.insert(0, str(Path(__file__).parent))

from venue import ENGINE_KEY, MARKETS, QTRA, UNIT_SCALES, Venue

TOKENS = {1: ("Quanta test", "QTRA", 18), 2: ("USD Coin test", "USDC", 6), 3: ("Bitcoin test", "BTC", 8)}
TOKENS[4] = ("Dai test", "DAI", 18)
WALLETS = 6
FUNDS = 10**15


def deploy(project, accounts, chain):
    """An exchange with listings, where nobody holds anything."""
    admin, *others = [accounts[i] for i in range(WALLETS + 1)]
    access = project.ExchangeAccess.deploy(admin, sender=admin)
    deployed = project.Settlement.deploy(access, Account.from_key(ENGINE_KEY).address, sender=admin)
    vault = project.ISettlement.at(deployed.address)
    tokens = {}
    for asset, description in TOKENS.items():
        tokens[asset] = project.TestToken.deploy(*description, sender=admin)
        vault.listAsset(asset, tokens[asset], UNIT_SCALES[asset], sender=admin)
    for market, terms in MARKETS.items():
        vault.listMarket(market, terms, sender=admin)
    return Venue(vault, access, tokens, admin, others, chain.chain_id)


@pytest.fixture(scope="session")
def empty_venue(project, accounts, chain):
    """An exchange where nobody holds anything."""
    return deploy(project, accounts, chain)


@pytest.fixture(scope="session")
def venue(project, accounts, chain):
    """Another, whose wallets hold 10^15 units of every asset."""
    funded = deploy(project, accounts, chain)
    for wallet in range(WALLETS):
        for asset in range(QTRA, QTRA + len(TOKENS)):
            funded.fund(wallet, asset, FUNDS)
    return funded
