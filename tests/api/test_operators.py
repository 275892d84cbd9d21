"""What operators set takes effect at once, shows in the documents and on the stream, and is in the journal."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from offchain.chain.keys import LocalSigner
from offchain.client.client import Client
from offchain.client.session import Session
from offchain.client.stream_messages import StatusSnapshotMessage, StatusUpdateMessage
from offchain.client.wallet import Wallet
from offchain.core.commands import CommandKind, OperatorMark
from offchain.core.errors import (
    BadFeeTier,
    BadLimit,
    Forbidden,
    InvalidRequest,
    MarketClosed,
    NotionalTooLarge,
    PositionCapped,
    PriceOutsideBand,
    PriceTooFar,
    QuantaTradeError,
    TooManyMessages,
    TooManyOrders,
    TradingKilled,
    UnknownAccount,
    UnknownMarket,
)
from offchain.sequencer.replay import replay_events
from tests.support.chainless_exchange import RunningExchange, exchange_running
from tests.support.streaming import next_of

MARKET = "QTRA-USDC"
OPERATOR = LocalSigner(b"\x42" * 32)


class Desk(NamedTuple):
    """A trader on an exchange, and its operator."""

    exchange: RunningExchange
    client: Client
    operator: Session
    wallet: Wallet
    session: Session

    async def set(self, path: str, **setting: Any) -> dict[str, Any]:
        """Sets something as the operator."""
        return await self.operator.operate(path, setting)

    async def place(self, side: Any, price: str, quantity: str, **how: Any) -> Any:
        """Places an order as the trader."""
        return await self.client.place(self.wallet.order(MARKET, side, price, quantity, **how))

    async def market(self) -> dict[str, Any]:
        """The market as its document has it."""
        markets = (await self.client.read("/exchange-info"))["markets"]
        return next(row for row in markets if row["symbol"] == MARKET)


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningExchange]:
    """An exchange with one operator."""
    operators = ("0x" + OPERATOR.address.hex().upper(),)
    with exchange_running(tmp_path_factory.mktemp("operated"), operators=operators) as running:
        yield running


@pytest.fixture
async def desk(operated: RunningExchange) -> AsyncIterator[Desk]:
    """A fresh trader; what a test sets for the market or for everybody is taken back."""
    async with Client(operated.url) as client:
        operator = await client.sign_in(client.wallet(OPERATOR))
        wallet = client.wallet(operated.new_wallet(QTRA="10000", USDC="100000"))
        opened = Desk(operated, client, operator, wallet, await client.sign_in(wallet))
        yield opened
        for path, setting in (
            ("/kill-switch", {"on": False}),
            (f"/markets/{MARKET}/kill-switch", {"on": False}),
            (f"/markets/{MARKET}/status", {"status": "TRADING"}),
            (f"/markets/{MARKET}/risk", {}),
            (f"/markets/{MARKET}/circuit-breaker", {}),
            ("/account-limits", {}),
        ):
            await opened.set(path, **setting)
        await opened.session.cancel_all()


async def trade_at(desk: Desk, price: str) -> None:
    other = desk.client.wallet(desk.exchange.new_wallet(QTRA="100", USDC="10000"))
    await desk.client.place(other.order(MARKET, "SELL", price, "1"))
    await desk.place("BUY", price, "1", time_in_force="IOC")


async def test_whoever_is_not_on_the_list_is_refused(desk: Desk) -> None:
    before = desk.exchange.last_sequence
    with pytest.raises(Forbidden):
        await desk.session.operate(f"/markets/{MARKET}/status", {"status": "HALT"})
    assert desk.exchange.last_sequence == before


async def test_a_market_takes_what_its_status_says(desk: Desk) -> None:
    placed = await desk.place("BUY", "1", "10")
    status = f"/markets/{MARKET}/status"
    for name, amends, posts in (("HALT", False, False), ("CANCEL_ONLY", True, False), ("POST_ONLY", True, True)):
        await desk.set(status, status=name)
        assert (await desk.market())["status"] == name
        with pytest.raises(MarketClosed, match=name):
            await desk.place("BUY", "1", "10")
        attempts = [
            (desk.session.amend(placed.order_id, "9" if name == "CANCEL_ONLY" else "8"), amends),
            (desk.place("BUY", "1", "1", post_only="REJECT"), posts),
        ]
        for attempt, is_taken in attempts:
            if is_taken:
                await attempt
            else:
                with pytest.raises(MarketClosed):
                    await attempt
        # A cancel is always taken.
        await desk.session.cancel_all()
        await desk.set(status, status="TRADING")
        placed = await desk.place("BUY", "1", "10")


async def test_the_stream_tells_what_a_market_takes(desk: Desk) -> None:
    async with await desk.client.stream() as stream:
        await stream.subscribe("status", MARKET)
        snapshot = await next_of(stream, StatusSnapshotMessage)
        assert (snapshot.market, snapshot.status, snapshot.killed) == (MARKET, "TRADING", False)
        taken = await desk.set(f"/markets/{MARKET}/status", status="HALT")
        halted = await next_of(stream, StatusUpdateMessage)
        assert (halted.prev_seq, halted.seq) == (snapshot.seq, taken["sequence"])
        assert (halted.status, halted.killed, halted.halted_at_price) == ("HALT", False, None)
        await desk.set(f"/markets/{MARKET}/status", status="HALT")  # says nothing new
        await desk.set("/kill-switch", on=True)
        killed = await next_of(stream, StatusUpdateMessage)
        assert (killed.prev_seq, killed.status, killed.killed) == (halted.seq, "HALT", True)
        await stream.resubscribe("status", MARKET)
        assert (await next_of(stream, StatusSnapshotMessage)).killed is True


async def test_the_circuit_breaker_halts_and_tells_the_price(desk: Desk) -> None:
    await trade_at(desk, "2")
    await desk.set(f"/markets/{MARKET}/circuit-breaker", movePpm=100_000, windowMs=60_000)
    assert (await desk.market())["circuitBreaker"] == {"movePpm": 100_000, "windowMs": 60_000}
    await trade_at(desk, "2")
    other = desk.client.wallet(desk.exchange.new_wallet(QTRA="100"))
    await desk.client.place(other.order(MARKET, "SELL", "2.3", "1"))
    async with await desk.client.stream() as stream:
        await stream.subscribe("status", MARKET)
        await next_of(stream, StatusSnapshotMessage)
        placed = await desk.place("BUY", "2.3", "1", time_in_force="IOC")
        assert (placed.status, placed.cancel_reason, placed.filled_quantity) == ("CANCELLED", "HALTED", "0")
        halted = await next_of(stream, StatusUpdateMessage)
        assert (halted.status, halted.halted_at_price) == ("HALT", "2.3")
    assert (await desk.market())["status"] == "HALT"
    await (await desk.client.sign_in(other)).cancel_all()


async def test_orders_too_far_or_too_large_are_refused(desk: Desk) -> None:
    risk = f"/markets/{MARKET}/risk"
    await desk.set(risk, bandPpm=500_000, fatFingerPpm=100_000, maxNotional="1000", referencePrice="10")
    shown = await desk.market()
    assert (shown["priceBandPpm"], shown["fatFingerPpm"]) == (500_000, 100_000)
    assert (shown["maxNotional"], shown["lastPrice"]) == ("1000", "10")
    for price, quantity, error in (("15.0001", "1", PriceOutsideBand), ("11.0001", "1", PriceTooFar)):
        with pytest.raises(error):
            await desk.place("BUY", price, quantity)
    with pytest.raises(NotionalTooLarge):
        await desk.place("BUY", "10", "100.01")
    await desk.place("BUY", "10", "1")


async def test_sizes_are_limited(desk: Desk) -> None:
    path = f"/markets/{MARKET}/limits"
    before = await desk.market()
    await desk.set(path, maxPrice="100", minQuantity="5", maxQuantity="50", minNotional="1")
    shown = await desk.market()
    assert (shown["maxPrice"], shown["minQuantity"], shown["maxQuantity"]) == ("100", "5", "50")
    for price, quantity in (("101", "5"), ("1", "4.99"), ("1", "50.01"), ("0.1", "5")):
        with pytest.raises(QuantaTradeError):
            await desk.place("BUY", price, quantity)
    names = ("maxPrice", "minQuantity", "maxQuantity", "minNotional")
    await desk.set(path, **{name: before[name] for name in names})
    assert await desk.market() == before | {"lastPrice": shown["lastPrice"]}


@pytest.mark.parametrize("scope", ["market", "account", "exchange"])
async def test_a_kill_switch_cancels_and_takes_no_more(desk: Desk, scope: str) -> None:
    path = {
        "market": f"/markets/{MARKET}/kill-switch",
        "account": f"/accounts/{desk.wallet.owner}/kill-switch",
        "exchange": "/kill-switch",
    }[scope]
    placed = await desk.place("BUY", "1", "10")
    stop = await desk.place("BUY", "3", "10", order_type="STOP_LIMIT", stop_price="1000")
    taken = await desk.set(path, on=True)
    assert taken["cancelledOrderIds"] == [placed.order_id, stop.order_id]
    assert (await desk.session.order(placed.order_id))["cancelReason"] == "KILLED"
    with pytest.raises(TradingKilled):
        await desk.place("BUY", "1", "10")
    assert (await desk.market())["killed"] is (scope != "account")
    assert (await desk.session.account())["killed"] is (scope != "market")
    assert (await desk.set(path, on=False))["cancelledOrderIds"] == []
    await desk.place("BUY", "1", "10")


async def test_an_account_has_limits_of_its_own_or_those_of_all(desk: Desk) -> None:
    await desk.set("/account-limits", openOrders=2)
    assert (await desk.session.account())["limits"]["openOrders"] == 2
    await desk.place("BUY", "1", "10")
    await desk.place("BUY", "1", "10")
    with pytest.raises(TooManyOrders):
        await desk.place("BUY", "1", "10")
    await desk.set(f"/accounts/{desk.wallet.owner}/limits", openOrders=3, messages=1, windowCommands=1_000_000)
    assert (await desk.session.account())["limits"] == {"openOrders": 3, "messages": 1, "windowCommands": 1_000_000}
    await desk.place("BUY", "1", "10")
    with pytest.raises(TooManyMessages):
        await desk.place("BUY", "1", "10", time_in_force="IOC")
    assert len((await desk.session.cancel_all()).order_ids) == 3, "cancels are no messages"


async def test_buys_stop_at_a_position_cap(desk: Desk) -> None:
    await desk.set(f"/accounts/{desk.wallet.owner}/position-caps/QTRA", cap="10010")
    assert (await desk.session.account())["positionCaps"] == [{"asset": "QTRA", "cap": "10010"}]
    await desk.place("BUY", "1", "10")
    with pytest.raises(PositionCapped):
        await desk.place("BUY", "1", "0.01")
    row = (await desk.operator.settings())[0]
    assert (row["kind"], row["owner"], row["asset"]) == ("SET_POSITION_CAP", desk.wallet.owner, "QTRA")
    await desk.set(f"/accounts/{desk.wallet.owner}/position-caps/QTRA")
    await desk.place("BUY", "1", "10")


async def test_fees_follow_tier_discounts_and_ones_own_rates(desk: Desk) -> None:
    owner = f"/accounts/{desk.wallet.owner}"
    assert (await desk.session.account())["fees"] == {"makerPpm": 1500, "takerPpm": 2500}
    await desk.set(f"{owner}/discounts", makerPpm=800_000, takerPpm=760_000)
    account = await desk.session.account()
    assert account["fees"] == {"makerPpm": 300, "takerPpm": 600}
    assert (account["feeTier"]["makerDiscountPpm"], account["feeTier"]["takerDiscountPpm"]) == (800_000, 760_000)
    await desk.set(f"{owner}/fees", makerPpm=-100, takerPpm=300)
    account = await desk.session.account()
    assert (account["fees"], account["feeTier"]["ownRates"]) == ({"makerPpm": -100, "takerPpm": 300}, True)
    await desk.operator.operate(f"{owner}/fees", None)
    account = await desk.session.account()
    assert (account["fees"], account["feeTier"]["ownRates"]) == ({"makerPpm": 300, "takerPpm": 600}, False)


async def test_an_exchange_begins_with_the_tiers_of_its_fee_schedule_and_keeps_what_operators_make_of_them(
    tmp_path: Path,
) -> None:
    begun = [
        ("50000000000", 1_200, 2_200),
        ("500000000000", 1_000, 2_000),
        ("2000000000000", 800, 1_800),
        ("10000000000000", 500, 1_500),
        ("50000000000000", 200, 1_200),
        ("100000000000000", -200, 1_000),
    ]
    operators = ("0x" + OPERATOR.address.hex(),)
    for expected in (begun, begun[:3] + begun[4:]):
        with exchange_running(tmp_path, operators=operators) as running:
            async with Client(running.url) as client:
                tiers = (await client.read("/exchange-info"))["feeTiers"]
                told = [(row["volumeUnits"], row["fees"]["makerPpm"], row["fees"]["takerPpm"]) for row in tiers]
                assert told == expected
                operator = await client.sign_in(client.wallet(OPERATOR))
                await operator.operate("/fee-tiers/5", None)


async def test_tiers_are_in_the_market_document(desk: Desk) -> None:
    await desk.set("/fee-tiers/3", volumeUnits="5000000000", makerPpm=500, takerPpm=1000)
    await desk.set("/fees", makerPpm=1400, takerPpm=2400)
    (setting,) = [row for row in await desk.operator.settings() if row["tier"] == 3]
    assert (setting["kind"], setting["amount"], setting["operator"]) == (
        "SET_FEE_TIER",
        "5000000000",
        "0x" + OPERATOR.address.hex(),
    )
    info = await desk.client.read("/exchange-info")
    assert info["feeTiers"][1] == {"tier": 3, "volumeUnits": "5000000000", "fees": {"makerPpm": 500, "takerPpm": 1000}}
    assert info["defaultFees"] == {"makerPpm": 1400, "takerPpm": 2400}
    assert (await desk.session.account())["fees"] == {"makerPpm": 1400, "takerPpm": 2400}
    await desk.operator.operate("/fee-tiers/3", None)
    await desk.set("/fees", makerPpm=1500, takerPpm=2500)
    assert (await desk.session.account())["fees"] == {"makerPpm": 1500, "takerPpm": 2500}
    assert [row["tier"] for row in (await desk.client.read("/exchange-info"))["feeTiers"]] == [2, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("path", "setting", "error"),
    [
        ("/markets/NO-SUCH/status", {"status": "HALT"}, UnknownMarket),
        (f"/markets/{MARKET}/status", {"status": "OPEN"}, InvalidRequest),
        (f"/markets/{MARKET}/status", {}, InvalidRequest),
        (f"/markets/{MARKET}/risk", {"bandPpm": 1_000_001}, InvalidRequest),
        (f"/markets/{MARKET}/risk", {"bandPpm": 1, "more": 1}, InvalidRequest),
        (f"/markets/{MARKET}/circuit-breaker", {"movePpm": 5}, BadLimit),
        ("/account-limits", {"messages": 5}, BadLimit),
        ("/accounts/0x1234/limits", {}, InvalidRequest),
        ("/accounts/0x" + "77" * 20 + "/limits", {"openOrders": 1}, UnknownAccount),
        ("/fee-tiers/1", {"volumeUnits": "1", "makerPpm": 1, "takerPpm": 1}, InvalidRequest),
        ("/fee-tiers/2", {"volumeUnits": "0", "makerPpm": 1, "takerPpm": 1}, BadFeeTier),
        ("/fees", {"makerPpm": 9_000, "takerPpm": 9_000}, InvalidRequest),
        ("/fees", {"makerPpm": -3_000, "takerPpm": 2_000}, InvalidRequest),
    ],
)
async def test_a_setting_that_cannot_be(
    desk: Desk, path: str, setting: dict[str, Any], error: type[QuantaTradeError]
) -> None:
    before = desk.exchange.last_sequence
    with pytest.raises(error):
        await desk.set(path, **setting)
    assert desk.exchange.last_sequence == before


async def test_the_journal_has_every_setting_and_whose_it_is(desk: Desk) -> None:
    paths = (f"/markets/{MARKET}/status", "/account-limits", f"/accounts/{desk.wallet.owner}/fees")
    settings: tuple[dict[str, Any], ...] = ({"status": "CANCEL_ONLY"}, {}, {"makerPpm": 1, "takerPpm": 2})
    kinds = (CommandKind.SET_MARKET_STATUS, CommandKind.SET_ACCOUNT_LIMITS, CommandKind.SET_FEES)
    for path, setting, kind in zip(paths, settings, kinds, strict=True):
        sequence = (await desk.set(path, **setting))["sequence"]
        (one,) = replay_events(desk.exchange.services.settings.journal_folder, sequence - 1, sequence)
        assert (one.command.kind, one.attachment) == (kind, OperatorMark(OPERATOR.address))


async def test_settings_survive_a_restart(tmp_path: Path) -> None:
    """Engine, tables and feeds are what they were, from the journal alone."""
    operators = ("0x" + OPERATOR.address.hex(),)
    documents: list[Any] = []
    for is_first in (True, False):
        with exchange_running(tmp_path, operators=operators) as running:
            async with Client(running.url) as client, await client.stream() as stream:
                if is_first:
                    operator = await client.sign_in(client.wallet(OPERATOR))
                    await operator.operate(f"/markets/{MARKET}/status", {"status": "POST_ONLY"})
                    await operator.operate(f"/markets/{MARKET}/risk", {"bandPpm": 5, "referencePrice": "2"})
                    await operator.operate("/fee-tiers/2", {"volumeUnits": "9", "makerPpm": 1, "takerPpm": 2})
                    await operator.operate("/kill-switch", {"on": True})
                await stream.subscribe("status", MARKET)
                snapshot = await next_of(stream, StatusSnapshotMessage)
                info = await client.read("/exchange-info")
                documents.append((snapshot.status, snapshot.killed, info["markets"], info["feeTiers"]))
    assert documents[0] == documents[1]
    assert documents[0][:2] == ("POST_ONLY", True)
