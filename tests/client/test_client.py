"""The client: refusals are the project's own errors, and silence is told apart from refusal."""

import asyncio

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

from offchain.chain.keys import LocalSigner
from offchain.chain.typed_data import Order, typed_data
from offchain.client.client import Client
from offchain.client.messages import ErrorMessage
from offchain.client.transport import error_of
from offchain.core.errors import BadQuantity, QuantaTradeError, ServiceUnavailable, UnknownAsset, UnknownMarket
from offchain.local.children import free_port
from tests.support.chainless_exchange import RunningExchange
from tests.support.waiting import PATIENCE_S


def test_an_answered_error_is_one_of_the_projects_own() -> None:
    error = error_of(ErrorMessage(2002, "BAD_QUANTITY", "too small", "raise it", "1"))
    assert isinstance(error, BadQuantity)
    assert (error.message, error.next_step) == ("too small", "raise it")
    assert type(error_of(ErrorMessage(9999, "NEW", "of a newer version", "", "1"))) is QuantaTradeError


async def test_a_wallet_signs_what_eth_account_recovers(exchange: RunningExchange, client: Client) -> None:
    wallet = client.wallet(LocalSigner(b"\x05" * 32))
    order = wallet.order("BTC-USDC", "SELL", "60000.1", "0.25", time_in_force="IOC")
    struct = Order(2, 1, 600_001, 25_000, order.expiry, order.seq, 0, 50, 1)
    message = encode_typed_data(full_message=typed_data(struct, client.terms.chain_id, client.terms.contract))
    assert Account.recover_message(message, signature=order.signature).lower() == wallet.owner
    text = "Grüße\nfrom here"
    assert Account.recover_message(encode_defunct(text=text), signature=wallet.sign_text(text)).lower() == wallet.owner


async def test_what_is_not_listed_is_not_signed(client: Client) -> None:
    wallet = client.wallet(LocalSigner(b"\x05" * 32))
    with pytest.raises(UnknownMarket):
        wallet.order("NO-SUCH", "BUY", "1", "1")
    with pytest.raises(UnknownAsset):
        wallet.withdrawal("DOGE", "1")
    with pytest.raises(BadQuantity):
        wallet.order("BTC-USDC", "BUY", "1", "0.000001")
    assert wallet.order("BTC-USDC", "BUY", "1", "0.01").lane == 1, "a refused order took a lane"


async def test_an_open_order_of_an_earlier_run_keeps_its_lane(exchange: RunningExchange, client: Client) -> None:
    signer = exchange.new_wallet(USDC="1000")
    earlier = client.wallet(signer)
    order = earlier.order("BTC-USDC", "BUY", "1", "0.01")
    await client.place(order)
    wallet = client.wallet(signer)
    session = await client.sign_in(wallet)
    for row in await session.open_orders():
        wallet.adopt(row["market"], row["clientOrderId"], row["lane"])
    await client.place(wallet.order("BTC-USDC", "BUY", "1", "0.01"))
    cancelled = await session.cancel_by_client_id(order.client_order_id)
    wallet.release(cancelled.client_order_id)
    assert wallet.order("BTC-USDC", "BUY", "1", "0.01").lane == order.lane
    await session.cancel_all()


async def test_no_answer_is_told_as_such() -> None:
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(ServiceUnavailable, match="No answer"):
            async with Client(f"http://127.0.0.1:{free_port()}"):
                pass


async def test_a_stranger_who_answers_is_not_taken_for_the_exchange() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 4\r\n\r\noops")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(ServiceUnavailable, match="502"):
        async with Client(f"http://127.0.0.1:{port}"):
            pass
    server.close()
    await server.wait_closed()


async def test_a_closed_stream_says_so(exchange: RunningExchange, client: Client) -> None:
    stream = await client.stream()
    await stream.ping()
    await stream.close()
    with pytest.raises(ServiceUnavailable):
        await stream.subscribe("book", "BTC-USDC")
