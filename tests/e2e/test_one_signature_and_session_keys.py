"""Orders that no signature of their own proves, all the way to the contract: ladders, and session keys."""

import secrets
import time
from typing import NamedTuple

import pytest

from offchain.audit.verification import verify
from offchain.chain.bindings import load_contract
from offchain.chain.keys import LocalSigner
from offchain.chain.node import NodePool
from offchain.client.client import Client
from offchain.client.messages import PlacedMessage
from offchain.client.session_keys import Grant, register_session_key, revoke_session_key
from offchain.core.errors import SessionInvalid, SessionLimit
from offchain.local.launch import LaunchedExchange
from tests.support.traders import Trader, trader
from tests.support.waiting import eventually

MARKET = "BTC-USDC"
SETTLEMENT = load_contract("Settlement")


class Left(NamedTuple):
    """What the contract counts of a session: units that may still leave, and when it ends."""

    base_units: int
    quote_units: int
    expiry_s: int


async def call(exchange: LaunchedExchange, function: str, *arguments: bytes | int) -> list[int]:
    """The words that a view of the contract answers."""
    async with NodePool([exchange.node_url]) as nodes:
        to = exchange.manifest.address("Settlement")
        answer = await nodes.eth_call(to, SETTLEMENT.encode_call(function, *arguments))
    return [int.from_bytes(answer[place : place + 32], "big") for place in range(0, len(answer), 32)]


async def fills_settled(one: Trader, count: int) -> None:
    """All the wallet's fills, so many, are final on the chain."""

    async def settled() -> bool:
        fills = [row async for row in one.session.fills()]
        return len(fills) == count and all(row["settlement"] == "SETTLED" for row in fills)

    await eventually(settled)


async def active(one: Trader, key: LocalSigner, status: str = "ACTIVE") -> None:
    """The exchange knows that the key is of this status."""

    async def known() -> bool:
        return [row["status"] for row in await one.session.session_keys() if row["key"] == "0x" + key.address.hex()][
            :1
        ] == [status]

    await eventually(known)


async def grant(exchange: LaunchedExchange, one: Trader, key: LocalSigner, **limits: int) -> None:
    market = one.wallet.terms.markets[MARKET]
    async with NodePool([exchange.node_url]) as nodes:
        allowed = Grant(key.address, market.market_id, int(time.time()) + 86_400, **limits)
        await register_session_key(nodes, exchange.manifest, one.signer, allowed)
    await active(one, key)


async def test_a_ladder_settles_with_one_signature(exchange: LaunchedExchange) -> None:
    async with Client(exchange.url) as client:
        maker = await trader(exchange, client, secrets.token_hex(8), BTC="1")
        taker = await trader(exchange, client, secrets.token_hex(8), USDC="50000")
        prices = ("31000", "31001", "31002", "31003")
        orders = [maker.wallet.order(MARKET, "SELL", price, "0.1", sign=False) for price in prices]
        orders.insert(1, maker.wallet.order(MARKET, "SELL", "31000.5", "900", sign=False))
        ladder = maker.wallet.sign_ladder(orders)
        outcomes = await client.batch(ladder.orders, [ladder])
        assert [isinstance(one, PlacedMessage) for one in outcomes] == [True, False, True, True, True]
        bought = await client.place(taker.wallet.order(MARKET, "BUY", "31002", "0.25", time_in_force="IOC"))
        assert [fill.price for fill in bought.fills] == ["31000", "31001", "31002"]
        await fills_settled(maker, 3)
        last = await client.place(taker.wallet.order(MARKET, "BUY", "31003", "0.05", time_in_force="IOC"))
        assert last.filled_quantity == "0.05"
        await fills_settled(maker, 4)
        btc = client.terms.assets["BTC"].asset_id
        assert await call(exchange, "balanceOf", maker.signer.address, btc) == [70_000_000]
        await maker.session.cancel_all()
        assert (await verify(exchange.settings)).is_clean


async def test_orders_of_a_session_key_settle_and_are_counted(exchange: LaunchedExchange) -> None:
    key = LocalSigner(secrets.token_bytes(32))
    async with Client(exchange.url) as client:
        owner = await trader(exchange, client, secrets.token_hex(8), BTC="1", USDC="50000")
        other = await trader(exchange, client, secrets.token_hex(8), BTC="1", USDC="50000")
        btc, usdc = (client.terms.assets[symbol] for symbol in ("BTC", "USDC"))
        wallet = client.wallet(key, owner.signer.address)
        with pytest.raises(SessionInvalid):
            await client.place(wallet.order(MARKET, "SELL", "32000", "0.1"))
        limits = {"base_limit_units": btc.to_units("0.5"), "quote_limit_units": usdc.to_units("10000")}
        await grant(exchange, owner, key, **limits)

        rungs = [wallet.order(MARKET, "SELL", price, "0.2", sign=False) for price in ("32000", "32001")]
        ladder = wallet.sign_ladder(rungs)
        assert all(isinstance(one, PlacedMessage) for one in await client.batch(ladder.orders, [ladder]))
        with pytest.raises(SessionLimit):
            await client.place(wallet.order(MARKET, "SELL", "32000", "0.11"))
        await client.place(other.wallet.order(MARKET, "BUY", "32001", "0.3", time_in_force="IOC"))
        await client.place(other.wallet.order(MARKET, "SELL", "30000", "0.1"))
        bought = await client.place(wallet.order(MARKET, "BUY", "30100", "0.1", time_in_force="IOC"))
        assert bought.filled_quantity == "0.1"
        await fills_settled(owner, 3)

        market_id = client.terms.markets[MARKET].market_id
        left = Left(*(await call(exchange, "sessionOf", owner.signer.address, key.address, market_id))[:3])
        (row,) = await owner.session.session_keys()
        assert btc.to_decimal(limits["base_limit_units"] - left.base_units) == row["base"]["spent"] == "0.3"
        # 0.1 BTC at 30,000 and a taker's fee of 25 bps.
        assert usdc.to_decimal(limits["quote_limit_units"] - left.quote_units) == row["quote"]["spent"] == "3007.5"

        async with NodePool([exchange.node_url]) as nodes:
            await revoke_session_key(nodes, exchange.manifest, owner.signer, key.address, market_id)
        await active(owner, key, "REVOKED")
        assert await owner.session.open_orders() == []
        with pytest.raises(SessionInvalid):
            await client.place(wallet.order(MARKET, "SELL", "33000", "0.1"))
        assert (await verify(exchange.settings)).is_clean
