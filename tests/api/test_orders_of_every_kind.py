"""Orders of every kind through the API: what the answer says, and what reads show afterwards."""

from typing import Any

import msgspec
import pytest

from offchain.client.client import Client
from offchain.client.session import Session
from offchain.client.stream_messages import PrivateSnapshotMessage, PrivateUpdateMessage
from offchain.client.wallet import Wallet
from offchain.core.errors import OrderError, QuantaTradeError, WouldCross, WouldTrigger
from tests.support.chainless_exchange import RunningExchange
from tests.support.streaming import next_of

MARKET = "QTRA-USDC"


class Trader:
    """A wallet and its session."""

    def __init__(self, wallet: Wallet, session: Session, client: Client) -> None:
        self.wallet = wallet
        self.session = session
        self._client = client

    async def place(self, side: Any, price: str, quantity: str, **how: Any) -> Any:
        """Places an order of the market."""
        return await self._client.place(self.wallet.order(MARKET, side, price, quantity, **how))

    async def order(self, order_id: int) -> dict[str, Any]:
        """The order as the account reads it."""
        return await self.session.order(order_id)


@pytest.fixture
async def traders(exchange: RunningExchange, client: Client):
    """Two wallets with funds; what they leave in the book is taken out."""
    wallets = [client.wallet(exchange.new_wallet(QTRA="1000", USDC="10000")) for _ in range(2)]
    found = [Trader(wallet, await client.sign_in(wallet), client) for wallet in wallets]
    yield found
    for trader in found:
        await trader.session.cancel_all()


async def trade_at(traders: list[Trader], price: str) -> None:
    """Makes this the last price."""
    seller, buyer = traders
    await seller.place("SELL", price, "1")
    await buyer.place("BUY", price, "1", time_in_force="IOC")


async def test_a_market_order_takes_what_is_there_and_never_rests(traders: list[Trader]) -> None:
    seller, buyer = traders
    await seller.place("SELL", "2", "10")
    taken = await buyer.place("BUY", "2.1", "15", order_type="MARKET")
    assert (taken.status, taken.filled_quantity, taken.cancel_reason) == ("EXPIRED", "10", "IOC_REMAINDER")
    stored = await buyer.order(taken.order_id)
    assert (stored["type"], stored["timeInForce"], stored["lane"]) == ("MARKET", "IOC", 0)


async def test_gtd_is_another_name_for_gtc(traders: list[Trader]) -> None:
    buyer = traders[1]
    placed = await buyer.place("BUY", "1", "10", time_in_force="GTD")
    stored = await buyer.order(placed.order_id)
    assert (placed.status, stored["timeInForce"]) == ("NEW", "GTC")


async def test_fill_or_kill_is_filled_whole_or_not_at_all(traders: list[Trader]) -> None:
    seller, buyer = traders
    await seller.place("SELL", "2", "10")
    killed = await buyer.place("BUY", "2", "11", time_in_force="FOK")
    assert (killed.status, killed.filled_quantity, killed.cancel_reason) == ("EXPIRED", "0", "FOK_KILLED")
    filled = await buyer.place("BUY", "2", "10", time_in_force="FOK")
    assert (filled.status, filled.filled_quantity, filled.cancel_reason) == ("FILLED", "10", None)


async def test_fill_or_kill_within_a_budget(traders: list[Trader]) -> None:
    seller, buyer = traders
    await seller.place("SELL", "2", "10")
    await seller.place("SELL", "3", "10")
    how = {"time_in_force": "FOK_BUDGET"}
    over = await buyer.place("BUY", "3", "20", budget="49.99", **how)
    assert (over.status, over.cancel_reason) == ("EXPIRED", "FOK_KILLED")
    within = await buyer.place("BUY", "3", "20", budget="50", **how)
    assert (within.status, within.filled_quantity) == ("FILLED", "20")
    assert (await buyer.order(within.order_id))["budget"] == "50"


async def test_a_post_only_order_is_refused_or_slides(traders: list[Trader]) -> None:
    seller, buyer = traders
    await seller.place("SELL", "2", "10")
    with pytest.raises(WouldCross, match="would match"):
        await buyer.place("BUY", "2.5", "10", post_only="REJECT")
    slid = await buyer.place("BUY", "2.5", "10", post_only="SLIDE")
    assert (slid.status, slid.price) == ("NEW", "1.9999")
    stored = await buyer.order(slid.order_id)
    assert (stored["price"], stored["limitPrice"], stored["postOnly"]) == ("2.5", "1.9999", "SLIDE")


async def test_a_stop_waits_is_triggered_and_matches(traders: list[Trader]) -> None:
    seller, buyer = traders
    await trade_at(traders, "2")
    with pytest.raises(WouldTrigger):
        await buyer.place("BUY", "2.5", "5", order_type="STOP_LIMIT", stop_price="2")
    armed = await buyer.place("BUY", "2.5", "5", order_type="STOP_LIMIT", stop_price="2.2")
    stored = await buyer.order(armed.order_id)
    assert (armed.status, stored["armed"], stored["stopPrice"], stored["type"]) == ("NEW", True, "2.2", "STOP_LIMIT")
    assert [row["orderId"] for row in await buyer.session.open_orders(MARKET)] == [armed.order_id]
    assert (await buyer.session.balances())["USDC"]["reserved"] != "0"

    await seller.place("SELL", "2.3", "3")
    await trade_at(traders, "2.2")
    stored = await buyer.order(armed.order_id)
    assert (stored["armed"], stored["status"], stored["filledQuantity"]) == (False, "PARTIALLY_FILLED", "3")
    assert stored["remainingQuantity"] == "2"


async def test_an_order_tells_of_a_stop_that_it_fired_and_that_met_it(traders: list[Trader]) -> None:
    seller, buyer = traders
    await trade_at(traders, "2")
    await seller.place("SELL", "1.5", "4", order_type="STOP_MARKET", stop_price="1.8")
    await seller.place("SELL", "1.8", "1")
    # It takes the one lot, which fires the stop, which in turn sells to what is left of it.
    placed = await buyer.place("BUY", "1.8", "3")
    # A sell below the last price fires it as well: what counts is that both fills are told, one of each role.
    assert (placed.status, placed.filled_quantity, len(placed.fills)) == ("FILLED", "3", 2)
    taker, maker = placed.fills
    assert (taker.quantity, maker.quantity) == ("1", "2")
    stored = await buyer.order(placed.order_id)
    assert stored["filledQuantity"] == "3"
    balance = (await buyer.session.balances())["USDC"]
    assert balance["reserved"] == "0"


@pytest.mark.parametrize(
    ("mode", "incoming", "resting"),
    [
        ("NONE", ("FILLED", None), ("FILLED", None)),
        ("CANCEL_RESTING", ("NEW", None), ("CANCELLED", "SELF_TRADE")),
        ("CANCEL_INCOMING", ("CANCELLED", "SELF_TRADE"), ("NEW", None)),
        ("CANCEL_BOTH", ("CANCELLED", "SELF_TRADE"), ("CANCELLED", "SELF_TRADE")),
        ("DECREMENT_AND_CANCEL", ("CANCELLED", "SELF_TRADE"), ("NEW", None)),
    ],
)
async def test_own_orders_meet(
    traders: list[Trader], mode: str, incoming: tuple[str, str | None], resting: tuple[str, str | None]
) -> None:
    trader = traders[0]
    old = await trader.place("SELL", "2", "10" if mode != "DECREMENT_AND_CANCEL" else "15")
    new = await trader.place("BUY", "2", "10", self_trade_prevention=mode)
    assert (new.status, new.cancel_reason) == incoming
    stored = [await trader.order(order_id) for order_id in (new.order_id, old.order_id)]
    assert [(row["status"], row["cancelReason"]) for row in stored] == [incoming, resting]
    assert stored[0]["selfTradePrevention"] == mode
    matches = [row async for row in trader.session.prevented_matches()]
    if mode == "NONE":
        assert matches == []
        return
    (match,) = matches
    assert (match["orderId"], match["restingOrderId"], match["side"]) == (new.order_id, old.order_id, "BUY")
    assert (match["price"], match["quantity"], match["selfTradePrevention"]) == ("2", "10", mode)
    assert stored[0]["preventedQuantity"] == "10"
    assert [row async for row in traders[1].session.prevented_matches()] == []


async def test_the_private_stream_tells_of_armed_stops_and_prevented_matches(
    traders: list[Trader], client: Client
) -> None:
    trader = traders[0]
    async with await client.stream() as stream:
        await stream.sign_in(trader.session.access_token)
        await stream.subscribe("private")
        await next_of(stream, PrivateSnapshotMessage)
        stop = await trader.place("BUY", "9", "1", order_type="STOP_LIMIT", stop_price="8")
        update = await next_of(stream, PrivateUpdateMessage)
        (row,) = update.orders
        assert (row["orderId"], row["armed"], row["stopPrice"]) == (stop.order_id, True, "8")
        old = await trader.place("SELL", "5", "2")
        await next_of(stream, PrivateUpdateMessage)
        new = await trader.place("BUY", "5", "2", self_trade_prevention="CANCEL_BOTH")
        update = await next_of(stream, PrivateUpdateMessage)
        (match,) = update.prevented_matches
        assert (match["orderId"], match["restingOrderId"]) == (new.order_id, old.order_id)
        assert {row["orderId"]: row["status"] for row in update.orders} == {
            new.order_id: "CANCELLED",
            old.order_id: "CANCELLED",
        }
        # What was missed is told again.
        await stream.unsubscribe("private")
        await stream.subscribe("private", since_seq=update.prev_seq)
        assert (await next_of(stream, PrivateUpdateMessage)).prevented_matches == update.prevented_matches


async def test_an_order_is_tested_without_being_placed(
    exchange: RunningExchange, client: Client, traders: list[Trader]
) -> None:
    wallet = traders[1].wallet
    order = wallet.order(MARKET, "BUY", "2", "10", post_only="REJECT", client_order_id="tried")
    before = exchange.last_sequence
    checked = await client.test(order)
    assert (checked.client_order_id, checked.flags, len(checked.digest)) == ("tried", 32, 66)
    for wrong in (
        wallet.order(MARKET, "BUY", "2000000", "1000"),
        wallet.order(MARKET, "BUY", "2", "0.01", max_fee_bps=1),
        wallet.order(MARKET, "BUY", "0.0001", "0.01"),
    ):
        with pytest.raises(QuantaTradeError):
            await client.test(wrong)
    assert exchange.last_sequence == before
    assert await traders[1].session.open_orders() == []
    assert (await client.place(order)).repeated is False


async def test_all_orders_of_a_market_are_cancelled_stops_too(traders: list[Trader], client: Client) -> None:
    trader = traders[1]
    here = [
        await trader.place("BUY", "1", "10"),
        await trader.place("BUY", "3", "10", order_type="STOP_LIMIT", stop_price="2.9"),
    ]
    there = await client.place(trader.wallet.order("BTC-USDC", "BUY", "100", "0.01"))
    cancelled = await trader.session.cancel_all(market=MARKET)
    assert cancelled.order_ids == [order.order_id for order in here]
    assert [row["orderId"] for row in await trader.session.open_orders()] == [there.order_id]
    assert (await trader.session.cancel_all(asset="QTRA")).order_ids == []
    with pytest.raises(QuantaTradeError, match="NO-SUCH"):
        await trader.session.cancel_all(market="NO-SUCH")


async def test_the_same_stop_with_another_stop_price_is_another_order(traders: list[Trader], client: Client) -> None:
    wallet = traders[1].wallet
    order = wallet.order(MARKET, "BUY", "3", "10", order_type="STOP_LIMIT", stop_price="2.9")
    placed = await client.place(order)
    again = await client.place(order)
    assert (again.order_id, again.repeated, again.status) == (placed.order_id, True, "NEW")
    with pytest.raises(OrderError) as refused:
        await client.place(msgspec.structs.replace(order, stop_price="2.8"))
    assert refused.value.name == "CLIENT_ORDER_ID_REUSED"
