"""Netted statements over the API: asked on a channel of their own, answered by signature, refused by name."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from offchain.chain.typed_data import Order, domain_separator
from offchain.client.client import Client
from offchain.client.statement_messages import RenewalLadderMessage, StatementMessage
from offchain.client.stream_messages import StatementRequestMessage
from offchain.client.wallet import Wallet
from offchain.core.errors import StatementLate, StatementNotAsked, Unauthorized
from offchain.settlement.statements import OrderToRenew, StatementRequest
from tests.support.chainless_exchange import RunningExchange
from tests.support.http import ask, assert_refused
from tests.support.streaming import next_of

MARKET = 2
WAIT_US = 5_000_000


def request_of(wallet: Wallet) -> StatementRequest:
    """What settlement asks: two assets, one fill, one order of which five lots are left."""
    order = Order(MARKET, 0, 100, 9, 2_000_000_000, 40, 3, 50, 0)
    return StatementRequest(
        account=1,
        owner=wallet.signer.address,
        batch=7,
        previous_hash=bytes([5]) * 32,
        floor=50,
        floor_max=60,
        deltas=((2, -1_000), (3, 10)),
        fills=(4_711,),
        renewals=(OrderToRenew(17, order, 1, 5),),
    )


def answer_of(wallet: Wallet, request: StatementRequest, floor: int = 50) -> StatementMessage:
    ladder = RenewalLadderMessage(MARKET, wallet.sign(request.ladder(MARKET, floor)))
    previous_hash = "0x" + request.previous_hash.hex()
    signature = wallet.sign(request.statement(floor))
    return StatementMessage(wallet.owner, request.batch, previous_hash, floor, signature, [ladder])


@asynccontextmanager
async def asked(exchange: RunningExchange, client: Client, wallet: Wallet, wait_us: int = WAIT_US):
    """The wallet listens, and is asked; yields the message, and what settlement will have got in the end."""
    async with await client.stream() as stream:
        await stream.sign_in((await client.sign_in(wallet)).access_token)
        await stream.subscribe("statements")
        ask_for = exchange.services.statements.ask
        answers = asyncio.get_running_loop().run_in_executor(
            None, lambda: exchange.run(ask_for([request_of(wallet)], wait_us))
        )
        yield await next_of(stream, StatementRequestMessage), answers
        await answers


@pytest.fixture
def wallet(exchange: RunningExchange, client: Client) -> Wallet:
    return client.wallet(exchange.new_wallet(USDC="100"))


async def test_who_listens_is_asked_and_its_answer_taken(exchange, client, wallet) -> None:
    request = request_of(wallet)
    async with asked(exchange, client, wallet) as (message, answers):
        assert (message.batch, message.previous_hash) == (7, "0x" + "05" * 32)
        assert (message.floor, message.floor_max) == (50, 60)
        assert message.deltas == [(2, "-1000"), (3, "10")]
        assert message.fill_ids == [4_711]
        (renewal,) = message.renewals
        assert (renewal.order_id, renewal.market_id, renewal.seq_step, renewal.quantity_lots) == (17, MARKET, 1, 5)
        assert await client.answer_statement(answer_of(wallet, request, 55)) == {"batch": 7, "fills": 1}
        (answer,) = await answers
    assert (answer.owner, answer.floor, answer.fills) == (wallet.signer.address, 55, (4_711,))
    (ladder,) = answer.ladders
    assert [(row.order_id, row.seq, row.quantity_lots) for row in ladder.orders] == [(17, 56, 5)]


async def test_another_wallets_signature_is_refused(exchange, client, wallet) -> None:
    thief = client.wallet(exchange.new_wallet(USDC="1"))
    async with asked(exchange, client, wallet) as (_, answers):
        stolen = msgspec.structs.replace(answer_of(thief, request_of(wallet)), owner=wallet.owner)
        assert_refused(await ask(exchange.url, "POST", "/api/v1/statements", msgspec.to_builtins(stolen)), 401, 4001)
        await client.answer_statement(answer_of(wallet, request_of(wallet)))
        assert len(await answers) == 1


async def test_a_floor_or_ladders_that_were_not_asked_for_are_refused(exchange, client, wallet) -> None:
    request = request_of(wallet)
    async with asked(exchange, client, wallet, 300_000):
        for wrong in (
            answer_of(wallet, request, 49),
            answer_of(wallet, request, 61),
            msgspec.structs.replace(answer_of(wallet, request), ladders=[]),
        ):
            body = msgspec.to_builtins(wrong)
            assert_refused(await ask(exchange.url, "POST", "/api/v1/statements", body), 422, 3013)
        twice = answer_of(wallet, request)
        body = msgspec.to_builtins(msgspec.structs.replace(twice, ladders=twice.ladders * 2))
        assert_refused(await ask(exchange.url, "POST", "/api/v1/statements", body), 400, 1000)


async def test_who_is_late_or_was_not_asked_is_told_so(exchange, client, wallet) -> None:
    answer = answer_of(wallet, request_of(wallet))
    with pytest.raises(StatementNotAsked):
        await client.answer_statement(answer)
    async with asked(exchange, client, wallet, 100_000) as (_, answers):
        assert await answers == []
    with pytest.raises(StatementLate):
        await client.answer_statement(answer)
    body = msgspec.to_builtins(answer)
    assert_refused(await ask(exchange.url, "POST", "/api/v1/statements", body), 409, 3012)


async def test_who_is_not_signed_in_cannot_listen(exchange, client) -> None:
    async with await client.stream() as stream:
        with pytest.raises(Unauthorized):
            await stream.subscribe("statements")


async def test_who_does_not_listen_or_has_left_is_not_asked(exchange, client, wallet) -> None:
    desk, request = exchange.services.statements, request_of(wallet)
    assert await asyncio.to_thread(exchange.run, desk.ask([request], WAIT_US)) == []
    async with await client.stream() as stream:
        await stream.sign_in((await client.sign_in(wallet)).access_token)
        await stream.subscribe("statements")
        while not desk.listens(request.owner):  # noqa: ASYNC110 - it begins after the acknowledgement
            await asyncio.sleep(0.01)
        await stream.unsubscribe("statements")
        while desk.listens(request.owner):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "change",
    [{"batch": 0}, {"floor": 2**48}, {"previousHash": "0x00"}, {"signature": "0x"}, {"ladders": None}, {"more": 1}],
)
async def test_a_malformed_answer_is_refused(exchange, wallet, change: dict[str, Any]) -> None:
    body = msgspec.to_builtins(answer_of(wallet, request_of(wallet))) | change
    assert_refused(await ask(exchange.url, "POST", "/api/v1/statements", body), 400, 1000)


def test_signatures_are_of_this_exchanges_domain(exchange, client, wallet) -> None:
    terms = client.terms
    domain = domain_separator(terms.chain_id, terms.contract)
    statement = request_of(wallet).statement(50)
    assert wallet.sign(statement) == "0x" + wallet.signer.sign_digest(statement.digest(domain)).hex()
