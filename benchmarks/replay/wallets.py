"""The wallets that replay a recording: keys made from a number, funded and deposited on chain like anyone's."""

import asyncio
from collections.abc import Sequence
from typing import Final

from offchain.chain.keys import LocalSigner
from offchain.chain.manifest import Manifest
from offchain.chain.node import NodePool
from offchain.chain.typed_data import keccak
from offchain.client.client import Client
from offchain.client.funding import Deposit, fund_and_deposit
from offchain.client.session import Session
from offchain.client.wallet import Wallet
from offchain.core.errors import TooManyRequests
from offchain.core.money import Market

BASE_FUNDS: Final = "10000"
QUOTE_FUNDS: Final = "2000000"
_CREDIT_TIMEOUT_S: Final = 120
_POLL_S: Final = 0.5


async def funded_wallets(
    client: Client, nodes: NodePool, manifest: Manifest, market: Market, count: int
) -> list[tuple[Wallet, Session]]:
    """`count` signed-in wallets whose deposits of both assets of the market are credited."""
    signers = [LocalSigner(keccak(b"replay wallet %d" % number)) for number in range(count)]
    deposits = [
        Deposit(signer, asset.asset_id, asset.to_units(tokens))
        for signer in signers
        for asset, tokens in ((market.base, BASE_FUNDS), (market.quote, QUOTE_FUNDS))
    ]
    await fund_and_deposit(nodes, manifest, deposits)
    wallets = [client.wallet(signer) for signer in signers]
    sessions = [await _signed_in(client, wallet) for wallet in wallets]
    async with asyncio.timeout(_CREDIT_TIMEOUT_S):
        await _credited(sessions, market)
    return list(zip(wallets, sessions, strict=True))


async def _signed_in(client: Client, wallet: Wallet) -> Session:
    while True:
        try:
            return await client.sign_in(wallet)
        except TooManyRequests:
            await asyncio.sleep(_POLL_S)


async def _credited(sessions: Sequence[Session], market: Market) -> None:
    for session in sessions:
        while True:
            held = await session.balances()
            if all(held[asset.symbol]["total"] != "0" for asset in (market.base, market.quote)):
                break
            await asyncio.sleep(_POLL_S)
