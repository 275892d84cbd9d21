"""A deposit on chain becomes a balance, an order, a fill, a settled batch, and tokens in the wallet again."""

from offchain.audit.verification import verify
from offchain.chain.bindings import load_contract
from offchain.chain.node import NodePool
from offchain.client.client import Client
from offchain.core.money import Asset
from offchain.local.launch import LaunchedExchange
from tests.support.traders import Trader, trader
from tests.support.waiting import eventually


async def _on_chain(exchange: LaunchedExchange, one: Trader, asset: Asset) -> tuple[int, int]:
    """Ledger units in the contract, and base units of the token in the wallet."""
    contract, token = load_contract("Settlement"), load_contract("TestToken")
    owner = one.signer.address
    async with NodePool([exchange.node_url]) as nodes:
        settlement = exchange.manifest.address("Settlement")
        held = await nodes.eth_call(settlement, contract.encode_call("balanceOf", owner, asset.asset_id))
        free = await nodes.eth_call(asset.token, token.encode_call("balanceOf", owner))
    return int.from_bytes(held, "big"), int.from_bytes(free, "big")


async def test_deposit_order_fill_settlement_withdrawal(exchange_on_either_database: LaunchedExchange) -> None:
    exchange = exchange_on_either_database
    async with Client(exchange.url) as client:
        maker = await trader(exchange, client, "round maker", BTC="1")
        taker = await trader(exchange, client, "round taker", USDC="100000")
        usdc, btc = client.terms.assets["USDC"], client.terms.assets["BTC"]

        resting = await client.place(maker.wallet.order("BTC-USDC", "SELL", "50000", "0.5"))
        bought = await client.place(taker.wallet.order("BTC-USDC", "BUY", "50000", "0.5", time_in_force="IOC"))

        assert bought.status == "FILLED"
        assert (await maker.session.order(resting.order_id))["status"] == "FILLED"
        assert await taker.total("BTC") == "0.5"
        assert await taker.total("USDC") == "74937.5"  # 25,000 and a taker's fee of 25 bps
        assert await maker.total("USDC") == "24962.5"  # less a maker's fee of 15 bps

        async def settled() -> bool:
            held = [await _on_chain(exchange, taker, usdc), await _on_chain(exchange, maker, usdc)]
            return [units for units, _ in held] == [74_937_500_000, 24_962_500_000]

        await eventually(settled)
        assert (await _on_chain(exchange, taker, btc))[0] == 50_000_000

        await client.withdraw(taker.wallet.withdrawal("BTC", "0.5"))

        async def paid() -> bool:
            return await _on_chain(exchange, taker, btc) == (0, 50_000_000)

        await eventually(paid)
        assert await taker.total("BTC") == "0"


async def test_a_killed_exchange_comes_back_with_every_order_and_the_same_books(
    exchange_on_either_database: LaunchedExchange,
) -> None:
    exchange = exchange_on_either_database
    async with Client(exchange.url) as client:
        one = await trader(exchange, client, "killed trader", USDC="1000")
        placed = [
            await client.place(one.wallet.order("BTC-USDC", "BUY", "100", f"0.0{number}")) for number in range(1, 10)
        ]

        assert exchange.kill_server()

        async def is_back() -> bool:
            return exchange.answers()

        await eventually(is_back)
        known = {row["orderId"] for row in await one.session.open_orders()}
        assert known == {order.order_id for order in placed}
        assert (await one.session.cancel_all()).order_ids
        verification = await verify(exchange.settings)
        assert verification.is_clean
        assert verification.journal_hash == verification.chain_hash
