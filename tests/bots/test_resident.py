"""The resident bots fund themselves, quote both sides, trade with each other, and come back after a restart."""

from pathlib import Path

from offchain.bots.resident import PLANS
from offchain.client.client import Client
from offchain.local.launch import LaunchedExchange, launched_exchange
from tests.support.waiting import eventually


async def _newest_trade(client: Client, symbol: str) -> int:
    trades = (await client.read(f"/markets/{symbol}/trades", limit="1"))["trades"]
    return trades[0]["tradeId"] if trades else 0


async def _trades_move(exchange: LaunchedExchange) -> dict[str, int]:
    """The newest trade of each market, once every market has a newer one than it had, and a book with both sides."""
    async with Client(exchange.url) as client:
        before = {plan.symbol: await _newest_trade(client, plan.symbol) for plan in PLANS}

        async def moved() -> bool:
            for symbol, trade in before.items():
                book = await client.read(f"/markets/{symbol}/book", limit="1")
                if await _newest_trade(client, symbol) <= trade or not (book["bids"] and book["asks"]):
                    return False
            return True

        await eventually(moved, seconds=120)
        return {symbol: await _newest_trade(client, symbol) for symbol in before}


async def test_markets_move_and_go_on_moving_after_a_restart(tmp_path: Path) -> None:
    with launched_exchange(tmp_path / "state", bots=True) as exchange:
        first = await _trades_move(exchange)
    with launched_exchange(tmp_path / "state", bots=True) as exchange:
        second = await _trades_move(exchange)

    assert all(second[symbol] > trade > 0 for symbol, trade in first.items())
