"""Amending makes an order smaller where it stands; replacing does both or neither."""

import pytest
from msgspec.structs import replace

from offchain.client.client import Client
from offchain.client.messages import OrderName, PlacedMessage, ReplacedMessage, ReplaceMessage
from offchain.client.session import Session
from offchain.client.wallet import Wallet
from offchain.core.errors import (
    BadQuantity,
    BadReplacement,
    InsufficientBalance,
    NotFound,
    OrderNotOpen,
    QuantaTradeError,
    UnknownAccount,
)
from tests.support.chainless_exchange import RunningExchange
from tests.support.http import ask, assert_refused

MARKET = "BTC-USDC"


@pytest.fixture
def wallet(exchange: RunningExchange, client: Client) -> Wallet:
    return client.wallet(exchange.new_wallet(USDC="1000", BTC="1"))


@pytest.fixture
async def session(client: Client, wallet: Wallet):
    session = await client.sign_in(wallet)
    yield session
    await session.cancel_all()


async def test_less_of_an_order_remains_and_it_keeps_its_place(
    exchange: RunningExchange, client: Client, wallet: Wallet, session: Session
) -> None:
    first = await client.place(wallet.order(MARKET, "SELL", "100", "0.5", client_order_id="first"))
    await client.place(wallet.order(MARKET, "SELL", "100", "0.5"))
    amended = await session.amend(first.order_id, "0.2")
    assert (amended.client_order_id, amended.reduced_quantity, amended.remaining_quantity) == ("first", "0.3", "0.2")
    assert (await session.balances())["BTC"]["reserved"] == "0.7"
    stored = await session.order(first.order_id)
    assert (stored["status"], stored["quantity"], stored["remainingQuantity"]) == ("NEW", "0.5", "0.2")
    buyer = client.wallet(exchange.new_wallet(USDC="1000"))
    await client.place(buyer.order(MARKET, "BUY", "100", "0.1", time_in_force="IOC"))
    assert (await session.order(first.order_id))["remainingQuantity"] == "0.1"


async def test_the_same_amendment_again_changes_nothing(
    exchange: RunningExchange, client: Client, wallet: Wallet, session: Session
) -> None:
    await client.place(wallet.order(MARKET, "SELL", "100", "0.5", client_order_id="twice"))
    await session.amend_by_client_id("twice", "0.2")
    before = exchange.last_sequence
    again = await session.amend_by_client_id("twice", "0.2")
    assert (again.client_order_id, again.reduced_quantity, again.remaining_quantity) == ("twice", "0", "0.2")
    assert exchange.last_sequence == before


async def test_what_cannot_be_amended(
    exchange: RunningExchange, client: Client, wallet: Wallet, session: Session
) -> None:
    placed = await client.place(wallet.order(MARKET, "SELL", "100", "0.5", client_order_id="mine"))
    stranger = await client.sign_in(client.wallet(exchange.new_wallet(USDC="1")))
    before = exchange.last_sequence
    for remaining in ("0.6", "0", "0.000001", "-1", "some"):
        with pytest.raises(BadQuantity):
            await session.amend(placed.order_id, remaining)
    for attempt in (stranger.amend(placed.order_id, "0.1"), stranger.amend_by_client_id("mine", "0.1")):
        with pytest.raises(NotFound):
            await attempt
    nobody = await client.sign_in(client.wallet(exchange.new_wallet()))
    with pytest.raises(UnknownAccount):
        await nobody.amend(placed.order_id, "0.1")
    assert exchange.last_sequence == before
    await session.cancel(placed.order_id)
    with pytest.raises(OrderNotOpen):
        await session.amend(placed.order_id, "0.1")


@pytest.mark.parametrize("body", [{}, {"remaining": 1}, {"remaining": "1", "more": 1}, []])
async def test_an_amendment_out_of_shape(
    exchange: RunningExchange, client: Client, wallet: Wallet, session: Session, body: object
) -> None:
    placed = await client.place(wallet.order(MARKET, "SELL", "100", "0.5"))
    headers = {"authorization": f"Bearer {session.access_token}"}
    answer = await ask(exchange.url, "PATCH", f"/api/v1/orders/{placed.order_id}", body, headers)
    assert_refused(answer, 400, 1000)


async def test_a_replacement_takes_the_place_and_the_lane_of_the_old_order(
    client: Client, wallet: Wallet, session: Session
) -> None:
    old = wallet.order(MARKET, "SELL", "100", "1", client_order_id="old")
    placed = await client.place(old)
    # All the BTC there is: the new order can only be paid for with what the old one holds.
    new = wallet.order(MARKET, "SELL", "101", "1", client_order_id="new", replacing="old")
    assert new.lane == old.lane
    replaced = await client.replace("old", new)
    assert replaced.cancelled is not None
    assert (replaced.cancelled.order_id, replaced.cancelled.cancelled_quantity) == (placed.order_id, "1")
    assert (replaced.placed.status, replaced.placed.client_order_id) == ("NEW", "new")
    wallet.release("old")
    (row,) = await session.open_orders()
    assert (row["clientOrderId"], row["price"], row["replacesOrderId"]) == ("new", "101", placed.order_id)
    gone = await session.order(placed.order_id)
    assert (gone["status"], gone["cancelReason"], gone["replacedByOrderId"]) == (
        "CANCELLED",
        "REPLACED",
        row["orderId"],
    )
    again = await client.replace("old", new)
    assert (again.cancelled, again.placed.repeated, again.placed.order_id) == (None, True, row["orderId"])
    assert wallet.order(MARKET, "SELL", "100", "1").lane == old.lane + 1, "the new order holds the lane"


async def test_a_replacement_that_is_refused_leaves_the_old_order(
    exchange: RunningExchange, client: Client, wallet: Wallet, session: Session
) -> None:
    old = wallet.order(MARKET, "SELL", "100", "0.5", client_order_id="stays")
    placed = await client.place(old)
    before = exchange.last_sequence
    too_much = wallet.order(MARKET, "SELL", "100", "1.1", client_order_id="too-much", replacing="stays")
    with pytest.raises(InsufficientBalance):
        await client.replace("stays", too_much)
    wallet.release("too-much")
    other_side = wallet.order(MARKET, "BUY", "90", "0.5", client_order_id="other-side", replacing="stays")
    with pytest.raises(BadReplacement):
        await client.replace("stays", other_side)
    wallet.release("other-side")
    assert exchange.last_sequence == before
    (row,) = await session.open_orders()
    assert (row["orderId"], row["remainingQuantity"]) == (placed.order_id, "0.5")
    assert wallet.order(MARKET, "SELL", "100", "0.1").lane == old.lane + 1, "the old order holds the lane"


async def test_nothing_is_placed_when_there_is_nothing_to_replace(
    exchange: RunningExchange, client: Client, wallet: Wallet, session: Session
) -> None:
    placed = await client.place(wallet.order(MARKET, "SELL", "100", "0.5", client_order_id="gone"))
    await session.cancel(placed.order_id)
    stranger = client.wallet(exchange.new_wallet(BTC="1"))
    before = exchange.last_sequence
    with pytest.raises(OrderNotOpen):
        await client.replace("gone", wallet.order(MARKET, "SELL", "100", "0.5"))
    with pytest.raises(NotFound):
        await client.replace("never-was", wallet.order(MARKET, "SELL", "100", "0.5"))
    with pytest.raises(NotFound):
        await client.replace("gone", stranger.order(MARKET, "SELL", "100", "0.5"))
    assert exchange.last_sequence == before


async def test_replacements_in_a_batch_stand_for_themselves(client: Client, wallet: Wallet, session: Session) -> None:
    first = wallet.order(MARKET, "SELL", "100", "0.5", client_order_id="batch-1")
    second = wallet.order(MARKET, "SELL", "101", "0.5", client_order_id="batch-2", replacing="batch-1")
    named_twice = ReplaceMessage(OrderName(1, "batch-2"), wallet.order(MARKET, "SELL", "102", "0.1"))
    results = await client.batch(
        [
            first,
            ReplaceMessage(OrderName(client_order_id="batch-1"), second),
            named_twice,
            replace(named_twice, replaces=OrderName()),
        ]
    )
    assert [isinstance(result, QuantaTradeError) for result in results] == [False, False, True, True]
    placed, replaced = results[:2]
    assert isinstance(placed, PlacedMessage)
    assert isinstance(replaced, ReplacedMessage)
    assert replaced.cancelled is not None
    assert replaced.cancelled.order_id == placed.order_id
    assert [row["clientOrderId"] for row in await session.open_orders()] == ["batch-2"]
