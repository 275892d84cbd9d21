"""While the chain's node is away orders go on, settlement waits, and the status says so; then it catches up."""

from typing import Any

from offchain.audit.verification import verify
from offchain.client.client import Client
from offchain.local.launch import LaunchedExchange
from tests.support.traders import trader
from tests.support.waiting import eventually


async def _parts(client: Client) -> dict[str, dict[str, Any]]:
    status = await client.read("/status")
    return {part["name"]: part for part in status["components"]}


async def test_orders_go_on_and_settlement_catches_up(exchange: LaunchedExchange) -> None:
    async with Client(exchange.url) as client:
        maker = await trader(exchange, client, "node maker", BTC="1")
        taker = await trader(exchange, client, "node taker", USDC="100000")

        with exchange.frozen_node():
            await client.place(maker.wallet.order("BTC-USDC", "SELL", "40000", "0.5"))
            bought = await client.place(taker.wallet.order("BTC-USDC", "BUY", "40000", "0.5", time_in_force="IOC"))
            assert bought.status == "FILLED"
            assert await taker.total("BTC") == "0.5"

            async def is_told() -> bool:
                parts = await _parts(client)
                return parts["indexer"]["health"] == parts["settlement"]["health"] == "DEGRADED"

            await eventually(is_told, seconds=90)
            parts = await _parts(client)
            assert not parts["settlement"]["figures"]["nodeReachable"]
            assert parts["settlement"]["figures"]["pendingFills"] >= 1
            assert (await client.place(maker.wallet.order("BTC-USDC", "SELL", "90000", "0.1"))).status == "NEW"

        async def is_settled() -> bool:
            parts = await _parts(client)
            figures = parts["settlement"]["figures"]
            return parts["settlement"]["health"] == "OK" and figures["pendingFills"] == 0

        await eventually(is_settled, seconds=90)
        assert (await verify(exchange.settings)).is_clean
