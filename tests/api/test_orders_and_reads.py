"""Orders through the API: what the answer says, and what reads show the moment after."""

import asyncio
from typing import Any

import msgspec
import pytest

from offchain.client.client import Client
from offchain.client.messages import CancelledMessage, PlacedMessage
from offchain.core.errors import (
    BadSignature,
    ClientOrderIdReused,
    InvalidRequest,
    LaneBusy,
    NotFound,
    OrderNotOpen,
    ServiceUnavailable,
    UnknownMarket,
)
from offchain.sequencer.feed import Subscription
from tests.support.chainless_exchange import RunningExchange
from tests.support.http import ask, assert_refused
from tests.support.waiting import eventually

MARKET = "QTRA-USDC"


@pytest.fixture(autouse=True)
async def empty_book(exchange: RunningExchange, client: Client):
    """Prices of a test meet no orders of another."""
    yield
    book = await client.read(f"/markets/{MARKET}/book")
    assert (book["bids"], book["asks"]) == ([], []), "a test left orders in the book"


async def test_an_order_that_rests_is_there_at_once(exchange: RunningExchange, client: Client) -> None:
    wallet = client.wallet(exchange.new_wallet(USDC="1000"))
    session = await client.sign_in(wallet)
    order = wallet.order(MARKET, "BUY", "2.5", "10", client_order_id="first:order")
    placed = await client.place(order)
    assert (placed.status, placed.filled_quantity, placed.fills, placed.repeated) == ("NEW", "0", [], False)
    assert placed.order_id == placed.sequence
    stored = await session.order(placed.order_id)
    assert stored == await session.order_by_client_id("first:order")
    assert [stored] == await session.open_orders(MARKET) == [row async for row in session.orders()]
    assert (stored["price"], stored["quantity"], stored["lane"], stored["seq"]) == ("2.5", "10", 1, order.seq)
    balance = (await session.balances())["USDC"]
    # 25 USDC, the fee at the cap of 50 bps, and one unit a lot.
    assert (balance["reserved"], balance["total"]) == ("25.126", "1000")
    cancelled = await session.cancel(placed.order_id)
    assert (cancelled.status, cancelled.cancelled_quantity, cancelled.client_order_id) == (
        "CANCELLED",
        "10",
        "first:order",
    )
    stored = await session.order(placed.order_id)
    assert (stored["status"], stored["cancelReason"]) == ("CANCELLED", "USER")
    assert (await session.balances())["USDC"]["available"] == "1000"
    assert await session.open_orders() == []


async def test_a_trade_is_told_to_both_sides(exchange: RunningExchange, client: Client) -> None:
    seller, buyer = (client.wallet(exchange.new_wallet(QTRA="100", USDC="1000")) for _ in range(2))
    resting = await client.place(seller.order(MARKET, "SELL", "3", "20"))
    taken = await client.place(buyer.order(MARKET, "BUY", "3.5", "30", time_in_force="IOC"))
    assert (taken.status, taken.filled_quantity) == ("EXPIRED", "20")
    (fill,) = taken.fills
    assert (fill.price, fill.quantity, fill.fee) == ("3", "20", "0.15")
    for wallet, role, order_id, fee in (
        (seller, "MAKER", resting.order_id, "0.09"),
        (buyer, "TAKER", taken.order_id, "0.15"),
    ):
        session = await client.sign_in(wallet)
        (row,) = [row async for row in session.fills()]
        assert (row["fillId"], row["role"], row["orderId"], row["fee"], row["feeAsset"]) == (
            fill.fill_id,
            role,
            order_id,
            fee,
            "USDC",
        )
        assert (row["settlement"], row["settledBatch"]) == ("PENDING", None)
        order = await session.order(order_id)
        assert (order["filledQuantity"], order["filledNotional"], order["fee"]) == ("20", "60", fee)
    trades = await client.read(f"/markets/{MARKET}/trades", limit="1")
    assert [(row["tradeId"], row["takerSide"]) for row in trades["trades"]] == [(fill.fill_id, "BUY")]
    balances = await (await client.sign_in(buyer)).balances()
    assert (balances["QTRA"]["available"], balances["USDC"]["available"]) == ("120", "939.85")
    assert balances["USDC"]["reserved"] == "0"
    ticker = await client.read(f"/markets/{MARKET}/ticker")
    assert (ticker["lastPrice"], ticker["highPrice"]) == ("3", "3")
    assert (await client.read(f"/markets/{MARKET}/candles"))["candles"][-1]["close"] == "3"


async def test_the_same_order_again_is_the_first_one(exchange: RunningExchange, client: Client) -> None:
    buyer, seller = (client.wallet(exchange.new_wallet(QTRA="100", USDC="1000")) for _ in range(2))
    order = buyer.order(MARKET, "BUY", "3", "10")
    first = await client.place(order)
    await client.place(seller.order(MARKET, "SELL", "3", "4", time_in_force="IOC"))
    before = exchange.last_sequence
    again = await client.place(order)
    assert again == msgspec.structs.replace(
        first, repeated=True, status="PARTIALLY_FILLED", filled_quantity="4", fills=[]
    )
    (in_a_batch,) = await client.batch([order])
    assert in_a_batch == again
    assert exchange.last_sequence == before
    with pytest.raises(ClientOrderIdReused):
        await client.place(buyer.order(MARKET, "BUY", "3", "11", client_order_id=order.client_order_id))
    await (await client.sign_in(buyer)).cancel_all()


async def test_the_same_order_sent_many_times_at_once_trades_once(exchange: RunningExchange, client: Client) -> None:
    wallet = client.wallet(exchange.new_wallet(USDC="1000"))
    order = wallet.order(MARKET, "BUY", "1", "10")
    answers = await asyncio.gather(*(client.place(order) for _ in range(20)))
    assert len({answer.order_id for answer in answers}) == 1
    assert sum(not answer.repeated for answer in answers) == 1
    session = await client.sign_in(wallet)
    assert len(await session.open_orders()) == 1
    await session.cancel_all()


async def test_a_repeated_order_that_cannot_be_read_now_does_not_hide_the_others(
    exchange: RunningExchange, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    wallet = client.wallet(exchange.new_wallet(USDC="1000"))
    order = wallet.order(MARKET, "BUY", "1", "1")
    await client.place(order)

    async def behind(*_: object) -> None:
        raise ServiceUnavailable("Reads are behind.", "Ask again shortly.")

    with monkeypatch.context() as patch:
        patch.setattr(type(exchange.services.projector), "caught_up", behind)
        results = await client.batch([order, wallet.order(MARKET, "BUY", "1", "1")])
        assert [type(result) for result in results] == [ServiceUnavailable, PlacedMessage]
    assert len((await (await client.sign_in(wallet)).cancel_all()).order_ids) == 2


async def test_a_batch_is_carried_out_in_order(exchange: RunningExchange, client: Client) -> None:
    alice, bob = (client.wallet(exchange.new_wallet(QTRA="100", USDC="1000")) for _ in range(2))
    resting = alice.order(MARKET, "SELL", "5", "2")
    results = await client.batch(
        [
            resting,
            bob.order(MARKET, "BUY", "5", "1", time_in_force="IOC"),
            alice.cancel(resting.client_order_id),
            bob.order(MARKET, "BUY", "5", "1", time_in_force="IOC"),
            bob.cancel(resting.client_order_id),
            alice.cancel(resting.client_order_id),
        ]
    )
    placed, taken, cancelled, missed, anothers, repeated = results
    assert isinstance(placed, PlacedMessage)
    assert isinstance(taken, PlacedMessage)
    assert isinstance(cancelled, CancelledMessage)
    assert isinstance(missed, PlacedMessage)
    assert (placed.status, taken.status, taken.filled_quantity) == ("NEW", "FILLED", "1")
    assert (cancelled.cancelled_quantity, missed.status, missed.filled_quantity) == ("1", "EXPIRED", "0")
    assert placed.sequence < taken.sequence < cancelled.sequence < missed.sequence
    assert isinstance(anothers, NotFound)
    assert isinstance(repeated, OrderNotOpen)


async def test_a_refused_operation_does_not_hold_up_the_others(exchange: RunningExchange, client: Client) -> None:
    wallet = client.wallet(exchange.new_wallet(USDC="1000"))
    good, busy = wallet.order(MARKET, "BUY", "1", "1"), wallet.order(MARKET, "BUY", "1", "1")
    busy_lane = msgspec.structs.replace(busy, lane=good.lane)
    unknown = msgspec.structs.replace(busy, market="NO-SUCH")
    last = wallet.order(MARKET, "BUY", "1.1", "1")
    before = exchange.last_sequence
    results = await client.batch([unknown, good, busy_lane, last])
    assert [type(result) for result in results] == [UnknownMarket, PlacedMessage, BadSignature, PlacedMessage]
    assert exchange.last_sequence == before + 2
    await (await client.sign_in(wallet)).cancel_all("QTRA")


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"operations":[]}',
        b'{"operations":[{}]}',
        b'{"operations":{}}',
        b'{"operations":[{"place":null,"cancel":null}]}',
        b'{"operations":[{"amend":{}}]}',
        b'{"operations":[' + b",".join([b"{}"] * 51) + b"]}",
    ],
    ids=lambda body: repr(body[:40]),
)
async def test_a_batch_out_of_shape(exchange: RunningExchange, body: bytes) -> None:
    before = exchange.last_sequence
    answer = await ask(exchange.url, "POST", "/api/v1/orders/batch", body)
    codes = [answer.body.get("code")] if answer.status != 200 else [r["error"]["code"] for r in answer.body["results"]]
    assert set(codes) == {InvalidRequest.code}
    assert exchange.last_sequence == before


async def test_a_batch_may_be_longer_than_an_order_and_not_endless(exchange: RunningExchange, client: Client) -> None:
    wallet = client.wallet(exchange.new_wallet(USDC="100000"))
    orders = [wallet.order(MARKET, "BUY", "1", "1", client_order_id=f"{number:036}") for number in range(50)]
    assert all(isinstance(result, PlacedMessage) for result in await client.batch(orders))
    assert len((await (await client.sign_in(wallet)).cancel_all()).order_ids) == 50
    answer = await ask(exchange.url, "POST", "/api/v1/orders/batch", b" " * (256 * 1024 + 1))
    assert_refused(answer, 413, 1001)


async def test_anothers_order_is_neither_shown_nor_cancelled(exchange: RunningExchange, client: Client) -> None:
    owner, stranger = (client.wallet(exchange.new_wallet(USDC="1000")) for _ in range(2))
    order = owner.order(MARKET, "BUY", "1", "1")
    placed = await client.place(order)
    session = await client.sign_in(stranger)
    before = exchange.last_sequence
    for attempt in (
        session.order(placed.order_id),
        session.order_by_client_id(order.client_order_id),
        session.cancel(placed.order_id),
        session.cancel_by_client_id(order.client_order_id),
        session.order(10**15),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert (await session.cancel_all()).order_ids == []
    assert exchange.last_sequence <= before + 1
    own = await client.sign_in(owner)
    assert (await own.order(placed.order_id))["status"] == "NEW"
    await own.cancel_by_client_id(order.client_order_id)
    with pytest.raises(OrderNotOpen):
        await own.cancel(placed.order_id)


async def test_lists_go_on_page_by_page(exchange: RunningExchange, client: Client) -> None:
    wallet = client.wallet(exchange.new_wallet(USDC="100000", QTRA="100000"))
    session = await client.sign_in(wallet)
    placed = await client.batch([wallet.order(MARKET, "BUY", "1", "1", time_in_force="IOC") for _ in range(7)])
    expected = [order.order_id for order in reversed(placed) if isinstance(order, PlacedMessage)]
    headers = {"authorization": f"Bearer {session.access_token}"}
    seen, before = [], ""
    while True:
        answer = await ask(exchange.url, "GET", f"/api/v1/orders?limit=3{before}", headers=headers)
        seen += [row["orderId"] for row in answer.body["orders"]]
        if answer.body["nextBefore"] is None:
            break
        before = f"&before={answer.body['nextBefore']}"
    assert seen == expected
    for bad in ("limit=0", "limit=501", "limit=x", "before=-1", "status=closed"):
        assert_refused(await ask(exchange.url, "GET", f"/api/v1/orders?{bad}", headers=headers), 400, 1000)
    assert_refused(await ask(exchange.url, "GET", "/api/v1/orders?market=NO", headers=headers), 400, 1002)


async def test_a_wallet_before_its_first_deposit(exchange: RunningExchange, client: Client) -> None:
    wallet = client.wallet(exchange.new_wallet())
    session = await client.sign_in(wallet)
    account = await session.account()
    assert account == {
        "owner": wallet.owner,
        "accountId": None,
        "fees": {"makerPpm": 1500, "takerPpm": 2500},
        "feeTier": {
            "tier": 1,
            "ownRates": False,
            "volumeUnits": "0",
            "makerDiscountPpm": 0,
            "takerDiscountPpm": 0,
        },
        "limits": {"openOrders": None, "messages": None, "windowCommands": None},
        "positionCaps": [],
        "killed": False,
    }
    assert {row["total"] for row in (await session.balances()).values()} == {"0"}
    assert await session.open_orders() == []
    assert [row async for row in session.fills()] == [row async for row in session.deposits()] == []
    with pytest.raises(NotFound):
        await session.order(1)
    exchange.deposit(wallet.signer.address, USDC="12.5")
    assert (await session.account())["accountId"] is not None
    (deposit,) = [row async for row in session.deposits()]
    assert (deposit["asset"], deposit["amount"], deposit["state"]) == ("USDC", "12.5", "CREDITED")


async def test_the_market_document_lets_a_client_sign(exchange: RunningExchange, client: Client) -> None:
    info = await client.read("/exchange-info")
    market = next(row for row in info["markets"] if row["symbol"] == MARKET)
    assert (market["tickSize"], market["lotSize"], market["minNotional"]) == ("0.0001", "0.01", "0.001")
    assert (market["status"], market["killed"], market["circuitBreaker"]) == ("TRADING", False, None)
    assert market["orderTypes"] == ["LIMIT", "MARKET", "STOP_LIMIT", "STOP_MARKET"]
    assert market["timeInForce"] == ["GTC", "IOC", "FOK", "FOK_BUDGET"]
    assert market["postOnly"] == ["NO", "REJECT", "SLIDE"]
    assert len(market["selfTradePrevention"]) == 5
    assert [field["name"] for field in info["typedData"]["types"]["Order"]] == [
        "market",
        "side",
        "price",
        "quantity",
        "expiry",
        "seq",
        "lane",
        "maxFeeBps",
        "flags",
    ]
    assert info["typedData"]["domain"]["chainId"] == info["chainId"] == 31337
    assert {row["name"] for row in info["rateLimits"]} >= {"requestsPerAddress", "ordersPerAccount"}


async def test_the_status_tells_of_the_missing_node(client: Client) -> None:
    status = await client.read("/status")
    parts = {part["name"]: part["health"] for part in status["components"]}
    assert status["status"] == "DEGRADED"
    assert parts["sequencer"] == parts["projections"] == "OK"
    assert parts["indexer"] == "DEGRADED"


async def test_the_status_tells_of_a_follower_that_fails_and_not_what_its_error_says(
    exchange: RunningExchange, client: Client
) -> None:
    async def fail(_: object) -> None:
        raise RuntimeError("password=secret")

    async def follow() -> Subscription:
        return exchange.services.sequencer.subscribe("failing", 0, fail)

    async def degraded() -> bool:
        return (await sequencer())["health"] == "DEGRADED"

    async def sequencer() -> dict[str, Any]:
        parts = (await client.read("/status"))["components"]
        return next(part for part in parts if part["name"] == "sequencer")

    following = exchange.run(follow())
    await eventually(degraded)
    told = await sequencer()
    assert "failing cannot follow" in told["detail"]
    assert "secret" not in str(told)
    exchange.run(following.close())
    assert (await sequencer())["health"] == "OK"


async def test_a_lane_is_free_again_after_its_order(exchange: RunningExchange, client: Client) -> None:
    wallet = client.wallet(exchange.new_wallet(USDC="1000"))
    order = wallet.order(MARKET, "BUY", "1", "1")
    await client.place(order)
    session = await client.sign_in(wallet)
    wallet.release(order.client_order_id)
    too_early = wallet.order(MARKET, "BUY", "1", "1")
    assert too_early.lane == order.lane
    with pytest.raises(LaneBusy):
        await client.place(too_early)
    await session.cancel_by_client_id(order.client_order_id)
    await client.place(too_early)
    await session.cancel_all()
