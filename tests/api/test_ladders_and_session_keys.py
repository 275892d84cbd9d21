"""Orders that are signed together, and orders that a session key signed, over the API."""

import msgspec
import pytest

from offchain.chain.keys import LocalSigner
from offchain.client.client import Client
from offchain.client.messages import OrderName, PlacedMessage, ReplaceMessage
from offchain.core.commands import LadderAuthorization, OrderAuthorization
from offchain.core.errors import (
    BadPrice,
    BadSignature,
    Forbidden,
    InsufficientBalance,
    InvalidRequest,
    QuantaTradeError,
    SessionInvalid,
    SessionLimit,
    TooManyRequests,
)
from offchain.sequencer.journal import commands_of, iterate_groups
from tests.support.chainless_exchange import RunningExchange, exchange_running
from tests.support.http import ask, assert_refused

MARKET = "BTC-USDC"


def attachments(exchange: RunningExchange, after: int) -> list[object]:
    """What the journal has of the commands after one."""
    folder = exchange.services.settings.journal_folder
    groups = iterate_groups(folder, after)
    return [one.attachment for group in groups for one in commands_of(group, after, None)]


@pytest.fixture
def key() -> LocalSigner:
    return LocalSigner(b"\x77" * 32)


async def test_orders_that_are_signed_together_stand_for_themselves(exchange: RunningExchange, client: Client) -> None:
    wallet = client.wallet(exchange.new_wallet(USDC="10000"))
    orders = [wallet.order(MARKET, "BUY", f"{100 + rung}", "1", sign=False) for rung in range(5)]
    orders.insert(2, wallet.order(MARKET, "BUY", "100", "1000", sign=False))
    ladder, before = wallet.sign_ladder(orders), exchange.last_sequence
    outcomes = await client.batch(ladder.orders, [ladder])
    assert [type(one) for one in outcomes] == [
        PlacedMessage, PlacedMessage, InsufficientBalance, PlacedMessage, PlacedMessage, PlacedMessage,
    ]  # fmt: skip
    written, *members = attachments(exchange, before)
    assert isinstance(written, LadderAuthorization)
    assert len(written.orders) == 6
    assert [one.place for one in members if isinstance(one, OrderAuthorization)] == [1, 2, 4, 5, 6]
    again = await client.batch(ladder.orders, [ladder])
    assert [one.repeated for one in again if isinstance(one, PlacedMessage)] == [True] * 5
    session = await client.sign_in(wallet)
    assert len((await session.cancel_all()).order_ids) == 5


async def test_a_batch_mixes_ladders_cancels_and_orders_that_are_signed_alone(
    exchange: RunningExchange, client: Client
) -> None:
    first, second = (client.wallet(exchange.new_wallet(USDC="1000")) for _ in range(2))
    old = first.order(MARKET, "BUY", "10", "1")
    await client.place(old)
    new = first.order(MARKET, "BUY", "11", "1", sign=False, replacing=old.client_order_id)
    ladders = [
        first.sign_ladder([new, first.order(MARKET, "BUY", "12", "1", sign=False)]),
        second.sign_ladder([second.order(MARKET, "BUY", "13", "1", sign=False)]),
    ]
    alone = second.order(MARKET, "BUY", "14", "1")
    replacement = ReplaceMessage(OrderName(client_order_id=old.client_order_id), ladders[0].orders[0])
    operations = [ladders[1].orders[0], alone, second.cancel(alone.client_order_id), replacement, ladders[0].orders[1]]
    outcomes = await client.batch(operations, ladders)
    assert not [one for one in outcomes if isinstance(one, QuantaTradeError)]
    for wallet in (first, second):
        await (await client.sign_in(wallet)).cancel_all()


@pytest.mark.parametrize("rungs", [1, 3])
async def test_a_ladder_that_another_signed_is_refused_whole(
    exchange: RunningExchange, client: Client, rungs: int
) -> None:
    wallet, other = client.wallet(exchange.new_wallet(USDC="1000")), client.wallet(LocalSigner(b"\x09" * 32))
    orders = [wallet.order(MARKET, "BUY", "10", "1", sign=False) for _ in range(rungs)]
    forged = other.sign_ladder(orders)
    outcomes = await client.batch(forged.orders, [forged])
    assert [type(one) for one in outcomes] == [BadSignature] * rungs


async def test_a_ladder_signs_its_orders_in_their_order(exchange: RunningExchange, client: Client) -> None:
    wallet = client.wallet(exchange.new_wallet(USDC="1000"))
    orders = [wallet.order(MARKET, "BUY", "10", "1", sign=False) for _ in range(2)]
    ladder = wallet.sign_ladder(orders)
    outcomes = await client.batch(ladder.orders[::-1], [ladder])
    assert [type(one) for one in outcomes] == [BadSignature] * 2


async def test_what_cannot_be_read_of_a_ladder_refuses_all_of_it_and_nothing_else(
    exchange: RunningExchange, client: Client
) -> None:
    wallet = client.wallet(exchange.new_wallet(USDC="1000"))
    orders = [wallet.order(MARKET, "BUY", "10", "1", sign=False) for _ in range(3)]
    ladder = wallet.sign_ladder(orders)
    broken = [ladder.orders[0], msgspec.structs.replace(ladder.orders[1], price="10.00001"), ladder.orders[2]]
    alone = wallet.order(MARKET, "BUY", "9", "1")
    outcomes = await client.batch([*broken, alone], [ladder])
    assert [type(one) for one in outcomes] == [BadPrice, BadPrice, BadPrice, PlacedMessage]
    mixed = [ladder.orders[0], msgspec.structs.replace(ladder.orders[1], market="QTRA-USDC"), ladder.orders[2]]
    assert {type(one) for one in await client.batch(mixed, [ladder])} == {InvalidRequest}
    signed = [ladder.orders[0], msgspec.structs.replace(ladder.orders[1], signature=alone.signature), ladder.orders[2]]
    assert {type(one) for one in await client.batch(signed, [ladder])} == {InvalidRequest}
    await (await client.sign_in(wallet)).cancel_all()


async def test_an_order_has_one_signature_or_one_ladder(exchange: RunningExchange, client: Client) -> None:
    wallet = client.wallet(exchange.new_wallet(USDC="1000"))
    unsigned = wallet.order(MARKET, "BUY", "10", "1", sign=False)
    with pytest.raises(InvalidRequest, match="its own `signature`"):
        await client.place(unsigned)
    ladder = wallet.sign_ladder([unsigned])
    with pytest.raises(InvalidRequest, match="its own `signature`"):
        await client.place(ladder.orders[0])
    (nowhere,) = await client.batch(ladder.orders)
    assert isinstance(nowhere, InvalidRequest)
    with pytest.raises(InvalidRequest, match="in ladder 1"):
        await client.batch(ladder.orders, [ladder, wallet.sign_ladder([wallet.order(MARKET, "BUY", "1", "1")])])


async def test_a_session_key_trades_for_its_owner(exchange: RunningExchange, client: Client, key: LocalSigner) -> None:
    owner = exchange.new_wallet(USDC="1000")
    wallet = client.wallet(key, owner.address)
    order = wallet.order(MARKET, "BUY", "10", "1")
    with pytest.raises(SessionInvalid):
        await client.place(order)
    exchange.register_session_key(owner.address, key.address, MARKET, quote_limit=2 * 10_100_000)
    await client.test(order)
    placed = await client.place(order)
    ladder = wallet.sign_ladder([wallet.order(MARKET, "BUY", "10", "1", sign=False) for _ in range(2)])
    outcomes = await client.batch(ladder.orders, [ladder])
    assert [type(one) for one in outcomes] == [PlacedMessage, SessionLimit]
    session = await client.sign_in(client.wallet(owner))
    assert {row["orderId"] for row in await session.open_orders()} >= {placed.order_id}
    (row,) = await session.session_keys()
    assert (row["key"], row["market"], row["status"]) == ("0x" + key.address.hex(), MARKET, "ACTIVE")
    assert row["quote"] == {"asset": "USDC", "limit": "20.2", "spent": "0", "reserved": "20.2"}
    assert row["base"]["limit"] is None
    (cancelled,) = await client.batch([wallet.cancel(order.client_order_id)])
    assert not isinstance(cancelled, QuantaTradeError)
    exchange.revoke_session_key(owner.address, key.address, MARKET)
    assert await session.open_orders() == []
    assert [row["status"] for row in await session.session_keys()] == ["REVOKED"]
    with pytest.raises(SessionInvalid, match="took back"):
        await client.place(wallet.order(MARKET, "BUY", "10", "1"))


async def test_a_session_key_signs_for_nobody_else_and_never_withdraws(
    exchange: RunningExchange, client: Client, key: LocalSigner
) -> None:
    owner, other = exchange.new_wallet(USDC="1000"), exchange.new_wallet(USDC="1000")
    exchange.register_session_key(owner.address, key.address, MARKET)
    with pytest.raises(SessionInvalid):
        await client.place(client.wallet(key, other.address).order(MARKET, "BUY", "10", "1"))
    with pytest.raises(SessionInvalid):
        await client.place(client.wallet(key, owner.address).order("QTRA-USDC", "BUY", "2.5", "10"))
    order = client.wallet(key, owner.address).order(MARKET, "BUY", "10", "1")
    stranger = client.wallet(LocalSigner(b"\x55" * 32), owner.address)
    forged = msgspec.structs.replace(stranger.order(MARKET, "BUY", "10", "1"), session_key=order.session_key)
    with pytest.raises(BadSignature):
        await client.place(forged)
    with pytest.raises(BadSignature):
        await client.place(msgspec.structs.replace(order, session_key=None))
    with pytest.raises(Forbidden):
        client.wallet(key, owner.address).withdrawal("USDC", "1")


async def test_nobody_reads_session_keys_without_signing_in(exchange: RunningExchange) -> None:
    assert_refused(await ask(exchange.url, "GET", "/api/v1/session-keys"), 401, 4000)


async def test_a_strangers_key_spends_no_budget_of_the_owner(tmp_path) -> None:
    with exchange_running(tmp_path, account_orders_per_s=1) as exchange:
        owner = exchange.new_wallet(USDC="1000")
        async with Client(exchange.url) as client:
            stranger = client.wallet(LocalSigner(b"\x56" * 32), owner.address)
            refused = await client.batch([stranger.order(MARKET, "BUY", "10", "1") for _ in range(10)])
            assert {type(one) for one in refused} == {SessionInvalid, TooManyRequests}
            assert (await client.place(client.wallet(owner).order(MARKET, "BUY", "10", "1"))).status == "NEW"
