"""Wallets for tests of the whole exchange: funded on its chain, deposited, signed in."""

from typing import NamedTuple

from offchain.chain.keys import LocalSigner
from offchain.chain.node import NodePool
from offchain.chain.typed_data import keccak
from offchain.client.client import Client
from offchain.client.funding import Deposit, fund_and_deposit
from offchain.client.session import Session
from offchain.client.wallet import Wallet
from offchain.local.launch import LaunchedExchange
from tests.support.waiting import eventually


class Trader(NamedTuple):
    """A wallet and its session."""

    wallet: Wallet
    session: Session

    @property
    def signer(self) -> LocalSigner:
        """The wallet's key."""
        assert isinstance(self.wallet.signer, LocalSigner)
        return self.wallet.signer

    async def total(self, asset: str) -> str:
        """The wallet's balance as the API shows it."""
        shown: str = (await self.session.balances())[asset]["total"]
        return shown


async def trader(exchange: LaunchedExchange, client: Client, name: str, **funds: str) -> Trader:
    """A trader whose deposits (whole tokens by asset symbol) are credited. The name decides the key."""
    signer = LocalSigner(keccak(name.encode()))
    deposits = [
        Deposit(signer, client.terms.assets[symbol].asset_id, client.terms.assets[symbol].to_units(amount))
        for symbol, amount in funds.items()
    ]
    async with NodePool([exchange.node_url]) as nodes:
        await fund_and_deposit(nodes, exchange.manifest, deposits)
    wallet = client.wallet(signer)
    one = Trader(wallet, await client.sign_in(wallet))

    async def credited() -> bool:
        balances = await one.session.balances()
        return all(balances[symbol]["total"] != "0" for symbol in funds)

    await eventually(credited)
    return one
