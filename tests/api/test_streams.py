"""The websocket: snapshots and updates that chain, private news, and connections that end with a reason."""

import asyncio
import itertools
import json
import threading
from typing import Any

import aiohttp
import pytest
from starlette.websockets import WebSocket

from offchain.api import stream_connection
from offchain.client.client import Client
from offchain.client.messages import PlacedMessage
from offchain.client.stream_messages import (
    BookSnapshotMessage,
    BookUpdateMessage,
    Heartbeat,
    PrivateSnapshotMessage,
    PrivateUpdateMessage,
    ServerShutdown,
    StreamError,
    TradesSnapshotMessage,
    TradesUpdateMessage,
)
from offchain.core.errors import InvalidRequest, ServiceUnavailable, SessionExpired, Unauthorized, UnknownMarket
from tests.support.chainless_exchange import RunningExchange, exchange_running
from tests.support.streaming import next_of
from tests.support.waiting import PATIENCE_S

MARKET = "BTC-USDC"


async def test_a_book_is_a_snapshot_and_then_its_changes(exchange: RunningExchange, client: Client) -> None:
    wallet = client.wallet(exchange.new_wallet(USDC="100000", BTC="10"))
    await client.batch([wallet.order(MARKET, "BUY", "99", "1"), wallet.order(MARKET, "SELL", "101", "2")])
    async with await client.stream() as stream:
        await stream.subscribe("book", MARKET)
        snapshot = await next_of(stream, BookSnapshotMessage)
        assert (snapshot.bids, snapshot.asks) == ([("99", "1")], [("101", "2")])
        await client.place(wallet.order(MARKET, "BUY", "101", "0.5", time_in_force="IOC"))
        update = await next_of(stream, BookUpdateMessage)
        assert (update.prev_seq, update.bids, update.asks) == (snapshot.seq, [], [("101", "1.5")])
        await (await client.sign_in(wallet)).cancel_all()
        gone = await next_of(stream, BookUpdateMessage)
        assert (gone.prev_seq, gone.bids, gone.asks) == (update.seq, [("99", "0")], [("101", "0")])
        await stream.unsubscribe("book", MARKET)
        await client.place(wallet.order(MARKET, "BUY", "98", "1"))
        await stream.subscribe("book", MARKET)
        assert (await next_of(stream, BookSnapshotMessage)).bids == [("98", "1")]
        await (await client.sign_in(wallet)).cancel_all()


async def test_trades_come_as_they_happen(exchange: RunningExchange, client: Client) -> None:
    wallet, other = (client.wallet(exchange.new_wallet(USDC="100000", BTC="10")) for _ in range(2))
    async with await client.stream() as stream:
        await stream.subscribe("trades", MARKET)
        before = await next_of(stream, TradesSnapshotMessage)
        await client.place(wallet.order(MARKET, "SELL", "100", "1"))
        placed = await client.place(other.order(MARKET, "BUY", "100", "1", time_in_force="IOC"))
        update = await next_of(stream, TradesUpdateMessage)
        (trade,) = update.trades
        assert (update.prev_seq, trade.trade_id) == (before.seq, placed.fills[0].fill_id)
        assert (trade.price, trade.quantity, trade.taker_side, trade.unwound) == ("100", "1", "BUY", False)
        await stream.resubscribe("trades", MARKET)
        assert (await next_of(stream, TradesSnapshotMessage)).trades[-1] == trade


async def test_private_news_chain_and_can_be_replayed(exchange: RunningExchange, client: Client) -> None:
    maker, taker = (client.wallet(exchange.new_wallet(USDC="100000", BTC="10")) for _ in range(2))
    session = await client.sign_in(maker)
    async with await client.stream() as stream:
        await stream.sign_in(session.access_token)
        await stream.subscribe("private")
        snapshot = await next_of(stream, PrivateSnapshotMessage)
        assert snapshot.orders == []
        assert {row["asset"]: row["total"] for row in snapshot.balances} == {"USDC": "100000", "BTC": "10"}
        placed = await client.place(maker.order(MARKET, "SELL", "100", "1"))
        first = await next_of(stream, PrivateUpdateMessage)
        assert first.prev_seq == snapshot.seq
        assert first.orders == await session.open_orders()
        await client.place(taker.order(MARKET, "BUY", "100", "0.4", time_in_force="IOC"))
        second = await next_of(stream, PrivateUpdateMessage)
        assert second.prev_seq == first.seq
        (order,), (fill,) = second.orders, second.fills
        assert (order["orderId"], order["filledQuantity"]) == (placed.order_id, "0.4")
        assert fill == await anext(session.fills())
        held = await session.balances()
        assert {row["asset"]: row for row in second.balances} == {name: held[name] for name in ("USDC", "BTC")}
    await session.cancel_all()
    async with await client.stream() as stream:
        await stream.sign_in(session.access_token)
        await stream.subscribe("private", since_seq=first.seq)
        assert await next_of(stream, PrivateUpdateMessage) == second
        last = await next_of(stream, PrivateUpdateMessage)
        assert (last.prev_seq, last.orders[0]["status"]) == (second.seq, "CANCELLED")


async def test_anothers_private_news_are_not_told(exchange: RunningExchange, client: Client) -> None:
    watcher, trader = (client.wallet(exchange.new_wallet(USDC="1000")) for _ in range(2))
    async with await client.stream() as stream:
        await stream.sign_in((await client.sign_in(watcher)).access_token)
        await stream.subscribe("private")
        await next_of(stream, PrivateSnapshotMessage)
        order = trader.order(MARKET, "BUY", "1", "0.01")
        await client.batch([order, trader.cancel(order.client_order_id)])
        exchange.deposit(watcher.signer.address, BTC="1")
        update = await next_of(stream, PrivateUpdateMessage)
        assert ([row["asset"] for row in update.balances], update.orders) == (["BTC"], [])


async def test_a_wallet_hears_of_its_first_deposit(
    exchange: RunningExchange, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_connection, "HEARTBEAT_S", 0.02)
    wallet = client.wallet(exchange.new_wallet())
    async with await client.stream() as stream:
        await stream.sign_in((await client.sign_in(wallet)).access_token)
        await stream.subscribe("private")
        assert await next_of(stream, PrivateSnapshotMessage) == PrivateSnapshotMessage(0, [], [])
        exchange.deposit(wallet.signer.address, USDC="7")
        snapshot = await next_of(stream, PrivateSnapshotMessage)
        # The feed may be a moment behind the account's opening; then its first update has the balance.
        (balance,) = snapshot.balances or (await next_of(stream, PrivateUpdateMessage)).balances
        assert (balance["asset"], balance["available"]) == ("USDC", "7")


async def test_the_private_channel_ends_with_its_session(
    exchange: RunningExchange, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_connection, "HEARTBEAT_S", 0.02)
    wallet = client.wallet(exchange.new_wallet(USDC="1000"))
    session = await client.sign_in(wallet)
    async with await client.stream() as stream:
        with pytest.raises(Unauthorized):
            await stream.subscribe("private")
        with pytest.raises(Unauthorized):
            await stream.sign_in("nonsense")
        await stream.sign_in(session.access_token)
        await stream.subscribe("private")
        await next_of(stream, PrivateSnapshotMessage)
        await session.sign_out()
        error = await next_of(stream, StreamError)
        assert (error.id, error.code) == (None, SessionExpired.code)
        exchange.deposit(wallet.signer.address, USDC="1")
        await stream.subscribe("trades", MARKET)
        await next_of(stream, TradesSnapshotMessage)
        with pytest.raises(SessionExpired):
            await stream.sign_in(session.access_token)


async def test_the_heart_beats_with_a_counter(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_connection, "HEARTBEAT_S", 0.02)
    async with await client.stream() as stream:
        await stream.ping()
        beats = [await anext(stream) for _ in range(3)]
        assert [beat.counter for beat in beats if isinstance(beat, Heartbeat)] == [1, 2, 3]


async def test_wrong_requests_are_refused_and_the_socket_stays(client: Client) -> None:
    async with await client.stream() as stream:
        with pytest.raises(UnknownMarket):
            await stream.subscribe("book", "NO-SUCH")
        with pytest.raises(InvalidRequest, match="needs a market"):
            await stream.subscribe("trades")
        with pytest.raises(InvalidRequest, match="no such subscription"):
            await stream.unsubscribe("book", MARKET)
        await stream.subscribe("book", MARKET)
        with pytest.raises(InvalidRequest, match="subscribed to already"):
            await stream.subscribe("book", MARKET)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"op":"subscribe"}',
        '{"op":"dance","id":1}',
        '{"op":"ping","id":"1"}',
        '{"op":"ping","id":-1}',
        '{"op":"ping","id":1,"more":1}',
        '{"op":"subscribe","id":1,"channel":"secrets"}',
    ],
)
async def test_what_is_no_request_gets_an_error(exchange: RunningExchange, text: str) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(exchange.url + "/ws") as socket:
        await socket.send_str(text)
        answer = json.loads(await socket.receive_str(timeout=PATIENCE_S))
        assert (answer["type"], answer["code"]) == ("error", InvalidRequest.code)
        await socket.send_str('{"op":"ping","id":5}')
        assert json.loads(await socket.receive_str(timeout=PATIENCE_S)) == {"type": "ack", "id": 5, "op": "ping"}


async def test_a_message_that_is_too_long_closes_the_socket(exchange: RunningExchange) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(exchange.url + "/ws") as socket:
        await socket.send_str("x" * 70_000)
        message = await socket.receive(timeout=PATIENCE_S)
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        assert socket.close_code == 1009


async def test_pages_of_other_sites_cannot_connect(exchange: RunningExchange) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(exchange.url + "/ws", origin="https://evil.example")
        assert refused.value.status == 403
        async with session.ws_connect(exchange.url + "/ws", origin="http://localhost") as socket:
            assert not socket.closed


async def test_a_reader_who_does_not_keep_up_is_cut_with_a_reason(
    exchange: RunningExchange, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange.services.market_feed, "subscribe_book", _limited_to(exchange, 3))
    wallet = client.wallet(exchange.new_wallet(USDC="100000"))
    reader = SlowReader(exchange)
    serving = asyncio.create_task(asyncio.to_thread(exchange.run, reader.serve()))
    await asyncio.to_thread(reader.subscribed.wait)
    orders = [wallet.order(MARKET, "BUY", "1", "0.01") for _ in range(10)]
    for order in orders:
        await client.place(order)
    reader.may_go_on()
    await asyncio.wait_for(serving, PATIENCE_S)
    closing = reader.sent[-1]
    assert (closing["type"], closing["code"]) == ("websocket.close", stream_connection.CLOSE_SLOW)
    assert "slow consumer" in closing["reason"]
    await (await client.sign_in(wallet)).cancel_all()


async def test_a_reader_whose_network_is_stuck_is_cut(
    exchange: RunningExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_connection, "HEARTBEAT_S", 0.02)
    monkeypatch.setattr(stream_connection, "SEND_TIMEOUT_S", 0.1)
    monkeypatch.setattr(stream_connection, "_CLOSE_TIMEOUT_S", 0.1)
    reader = SlowReader(exchange)
    await asyncio.wait_for(asyncio.to_thread(exchange.run, reader.serve()), PATIENCE_S)
    assert [message["type"] for message in reader.attempted][-1] == "websocket.close"
    assert reader.attempted[-1]["code"] == stream_connection.CLOSE_SLOW


def _limited_to(exchange: RunningExchange, limit: int) -> Any:
    subscribe = exchange.services.market_feed.subscribe_book
    return lambda market: subscribe(market, limit)


class SlowReader:
    """A websocket at the ASGI level that subscribes to a book and then reads nothing until it is let."""

    def __init__(self, exchange: RunningExchange) -> None:
        self._exchange = exchange
        self._requests = itertools.chain(
            [{"type": "websocket.connect"}, _request(op="subscribe", id=1, channel="book", market=MARKET)]
        )
        self._gate = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.subscribed = threading.Event()
        self.sent: list[Any] = []
        self.attempted: list[Any] = []

    def may_go_on(self) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._gate.set)

    async def serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        scope: Any = {"type": "websocket", "path": "/ws", "headers": [], "state": {"request_id": "slow"}}
        streams = self._exchange.app.state.streams
        await streams.serve(WebSocket(scope, self._receive, self._send))

    async def _receive(self) -> Any:
        for request in self._requests:
            return request
        await asyncio.Event().wait()
        return None

    async def _send(self, message: Any) -> None:
        self.attempted.append(message)
        if message["type"] == "websocket.send" and "book_snapshot" in message["text"]:
            self.subscribed.set()
            await self._gate.wait()
        elif message["type"] == "websocket.close" and not self._gate.is_set():
            await asyncio.Event().wait()
        self.sent.append(message)


def _request(**fields: Any) -> dict[str, str]:
    return {"type": "websocket.receive", "text": json.dumps(fields)}


async def test_there_is_a_limit_for_connections(tmp_path_factory: pytest.TempPathFactory) -> None:
    with exchange_running(tmp_path_factory.mktemp("few"), websockets=3, address_websockets=2) as few:
        async with aiohttp.ClientSession() as session:
            sockets = [await session.ws_connect(few.url + "/ws") for _ in range(2)]
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(few.url + "/ws")
            assert refused.value.status == 429
            await sockets[0].close()
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    try:
                        sockets[0] = await session.ws_connect(few.url + "/ws")
                    except aiohttp.WSServerHandshakeError:
                        await asyncio.sleep(0.02)
                    else:
                        break
            for socket in sockets:
                await socket.close()


async def test_the_server_says_goodbye(tmp_path_factory: pytest.TempPathFactory) -> None:
    with exchange_running(tmp_path_factory.mktemp("short")) as short:
        client = Client(short.url)
        stream = await client.stream()
        await stream.subscribe("book", MARKET)
        await next_of(stream, BookSnapshotMessage)
        leaving = asyncio.create_task(asyncio.to_thread(setattr, short.server, "should_exit", True))
        notice = await next_of(stream, ServerShutdown)
        assert notice.retry_after_ms > 0
        with pytest.raises(ServiceUnavailable, match="1012"):
            await next_of(stream, ServerShutdown)
        await leaving
        await stream.close()
        await client.close()


async def test_updates_chain_under_load(exchange: RunningExchange, client: Client) -> None:
    wallets = [client.wallet(exchange.new_wallet(USDC="100000", BTC="10")) for _ in range(4)]
    async with await client.stream() as stream:
        await stream.subscribe("book", MARKET)
        snapshot = await next_of(stream, BookSnapshotMessage)
        orders = [
            wallet.order(MARKET, "BUY" if number % 2 else "SELL", str(50 + number % 7), "0.01")
            for number, wallet in zip(range(200), itertools.cycle(wallets), strict=False)
        ]
        for start in range(0, len(orders), 20):
            results = await client.batch(orders[start : start + 20])
            assert all(isinstance(result, PlacedMessage) for result in results)
        last = await client.read(f"/markets/{MARKET}/book", limit="1000")
        levels = {side: dict(getattr(snapshot, side)) for side in ("bids", "asks")}
        seq = snapshot.seq
        while seq < last["seq"]:
            update = await next_of(stream, BookUpdateMessage)
            assert update.prev_seq == seq
            seq = update.seq
            for side, held in levels.items():
                held.update(getattr(update, side))
        for side, held in levels.items():
            assert {price: quantity for price, quantity in held.items() if quantity != "0"} == dict(last[side])
    for wallet in wallets:
        await (await client.sign_in(wallet)).cancel_all()
