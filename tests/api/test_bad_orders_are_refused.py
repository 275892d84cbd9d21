"""Whatever is wrong with an order: a stable code, a message that says what to do, and nothing journaled."""

import time
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from offchain.chain.keys import LocalSigner
from offchain.client.client import Client
from offchain.client.messages import PlaceMessage
from offchain.client.terms import ExchangeTerms
from offchain.client.wallet import Wallet
from tests.support.chainless_exchange import RunningExchange
from tests.support.http import Answer, ask, assert_refused

ORDERS = "/api/v1/orders"


@pytest.fixture
def wallet(exchange: RunningExchange, client: Client) -> Wallet:
    return client.wallet(exchange.new_wallet(USDC="100000", BTC="1"))


@pytest.fixture
def order(wallet: Wallet) -> PlaceMessage:
    return wallet.order("BTC-USDC", "BUY", "100", "0.01")


def as_json(order: PlaceMessage, **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(order)
    return {name: value for name, value in (fields | changes).items() if value is not None}


async def post_refused(exchange: RunningExchange, body: Any, status: int, code: int) -> Answer:
    before = exchange.last_sequence
    answer = await ask(exchange.url, "POST", ORDERS, body)
    assert_refused(answer, status, code)
    assert exchange.last_sequence == before, "a refused order was journaled"
    return answer


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"market":"BTC-USDC","side":"BUY"',
        b"[]",
        b"null",
        b'"order"',
        b"\xff\xfe{}",
        b'{"market":"\xc3\x28"}',
        b"{}",
        b'{"market":1}',
        b"NaN",
        b"[" * 10_000,
    ],
    ids=lambda body: repr(body[:20]),
)
async def test_malformed_and_truncated_json(exchange: RunningExchange, body: bytes) -> None:
    await post_refused(exchange, body, 400, 1000)


async def test_oversized_json_is_refused(exchange: RunningExchange, order: PlaceMessage) -> None:
    await post_refused(exchange, as_json(order, clientOrderId="x" * 70_000), 413, 1001)


async def test_oversized_json_without_a_length(exchange: RunningExchange) -> None:
    async def endless() -> Any:
        for _ in range(80):
            yield b"x" * 1024

    await post_refused(exchange, endless(), 413, 1001)


@pytest.mark.parametrize(
    "changes",
    [
        {"extra": 1},
        {"side": "HOLD"},
        {"side": 0},
        {"type": "MARKET"},
        {"timeInForce": "FOK"},
        {"price": 100},
        {"quantity": None},
        {"owner": "0x12"},
        {"owner": "0x" + "g" * 40},
        {"owner": "0x" + "1" * 40 + "\n"},
        {"signature": "0x"},
        {"signature": "00" * 65},
        {"clientOrderId": ""},
        {"clientOrderId": "a" * 37},
        {"clientOrderId": "späť"},
        {"clientOrderId": "two words"},
        {"seq": 0},
        {"seq": 2**48},
        {"seq": -1},
        {"seq": 1.5},
        {"seq": 10**30},
        {"lane": 65_536},
        {"lane": -1},
        {"expiry": 2**40},
        {"maxFeeBps": 51},
        {"maxFeeBps": -1},
    ],
)
async def test_fields_out_of_shape(exchange: RunningExchange, order: PlaceMessage, changes: dict[str, Any]) -> None:
    answer = await post_refused(exchange, as_json(order, **changes), 400, 1000)
    name = next(iter(changes))
    assert name in answer.body["message"]


async def test_a_client_id_that_ends_in_a_newline(exchange: RunningExchange, order: PlaceMessage) -> None:
    await post_refused(exchange, as_json(order, clientOrderId="a\n"), 400, 1000)


@pytest.mark.parametrize("market", ["NO-SUCH", "", "btc-usdc", "BTC-USDC "])
async def test_an_unknown_market(exchange: RunningExchange, order: PlaceMessage, market: str) -> None:
    await post_refused(exchange, as_json(order, market=market), 400, 1002)


@pytest.mark.parametrize(
    "price", ["100.05", "0", "0.0", "-100", "1e2", "abc", "", "1" * 31, "922337203685477580.8", "100.", "+100", " 100"]
)
async def test_a_price_that_is_none(exchange: RunningExchange, order: PlaceMessage, price: str) -> None:
    await post_refused(exchange, as_json(order, price=price), 422, 2001)


@pytest.mark.parametrize("quantity", ["0.000001", "0", "-1", "1e-3", "one", "9" * 30, "92233720368547.75808"])
async def test_a_quantity_that_is_none(exchange: RunningExchange, order: PlaceMessage, quantity: str) -> None:
    await post_refused(exchange, as_json(order, quantity=quantity), 422, 2002)


async def test_a_price_and_a_quantity_above_the_markets_limits(exchange: RunningExchange, wallet: Wallet) -> None:
    price = wallet.order("BTC-USDC", "BUY", "100000000.1", "0.01")
    assert "at most 100000000" in (await post_refused(exchange, as_json(price), 422, 2001)).body["message"]
    quantity = wallet.order("BTC-USDC", "BUY", "100", "10000.00001")
    assert "10000" in (await post_refused(exchange, as_json(quantity), 422, 2002)).body["message"]


async def test_an_order_that_is_worth_too_little(exchange: RunningExchange, wallet: Wallet) -> None:
    await post_refused(exchange, as_json(wallet.order("BTC-USDC", "BUY", "0.1", "0.00001")), 422, 2003)


@pytest.mark.parametrize("left_s", [-10, 0, 60])
async def test_an_order_that_expires_too_soon(exchange: RunningExchange, wallet: Wallet, left_s: int) -> None:
    order = wallet.order("BTC-USDC", "BUY", "100", "0.01", expiry_s=int(time.time()) + left_s)
    await post_refused(exchange, as_json(order), 422, 2004)


async def test_a_fee_cap_under_the_accounts_rate(exchange: RunningExchange, wallet: Wallet) -> None:
    order = wallet.order("BTC-USDC", "BUY", "100", "0.01", max_fee_bps=1)
    answer = await post_refused(exchange, as_json(order), 422, 2005)
    assert "maxFeeBps of 25" in answer.body["nextStep"]


@pytest.mark.parametrize(
    ("terms", "hint"),
    [({"chain_id": 1}, "chain 1 (Ethereum)"), ({"contract": bytes(20)}, "without the contract"), ({}, None)],
)
async def test_a_signature_for_another_domain(
    exchange: RunningExchange, client: Client, wallet: Wallet, terms: dict[str, Any], hint: str | None
) -> None:
    elsewhere = replace(client.terms, **(terms or {"contract": bytes([9]) * 20}))
    order = Wallet(wallet.signer, elsewhere).order("BTC-USDC", "BUY", "100", "0.01")
    answer = await post_refused(exchange, as_json(order), 401, 4001)
    assert "digest 0x" in answer.body["message"]
    assert wallet.owner in answer.body["message"]
    if hint is not None:
        assert hint in answer.body["nextStep"]


async def test_anothers_signature_is_refused(exchange: RunningExchange, client: Client, order: PlaceMessage) -> None:
    stranger = client.wallet(LocalSigner(b"\x07" * 32))
    signature = stranger.order("BTC-USDC", "BUY", "100", "0.01").signature
    await post_refused(exchange, as_json(order, signature=signature), 401, 4001)
    await post_refused(exchange, as_json(order, owner=stranger.owner), 401, 4001)


@pytest.mark.parametrize(
    "signature", ["0x" + "00" * 65, "0x" + "ff" * 65, "0x" + "00" * 64 + "1b", "0x" + "11" * 64 + "02"]
)
async def test_a_signature_that_no_key_makes(exchange: RunningExchange, order: PlaceMessage, signature: str) -> None:
    await post_refused(exchange, as_json(order, signature=signature), 401, 4001)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("side", "SELL"),
        ("price", "100.1"),
        ("quantity", "0.02"),
        ("lane", 7),
        ("seq", 123_456),
        ("maxFeeBps", 49),
        ("timeInForce", "IOC"),
        ("market", "QTRA-USDC"),
    ],
)
async def test_a_field_that_was_not_signed(
    exchange: RunningExchange, order: PlaceMessage, field: str, value: Any
) -> None:
    await post_refused(exchange, as_json(order, flags=None, **{field: value}), 401, 4001)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("timeInForce", "FOK", "timeInForce is FOK and the flags say GTC"),
        ("type", "MARKET", "type is MARKET and the flags say LIMIT"),
        ("postOnly", "SLIDE", "postOnly is SLIDE and the flags say NO"),
        ("selfTradePrevention", "CANCEL_BOTH", "selfTradePrevention is CANCEL_BOTH and the flags say NONE"),
        ("flags", 2**15, "bits above the ninth"),
        ("flags", 4, "timeInForce is GTC and the flags say 4"),
    ],
)
async def test_flags_that_contradict_the_fields(
    exchange: RunningExchange, order: PlaceMessage, field: str, value: Any, said: str
) -> None:
    answer = await post_refused(exchange, as_json(order, **{field: value}), 400, 1000)
    assert said in answer.body["message"]


async def test_an_order_from_an_isolated_account_is_told_where_to_go(
    exchange: RunningExchange, order: PlaceMessage
) -> None:
    answer = await post_refused(exchange, as_json(order, flags=0x400), 422, 2009)
    assert "isolated account" in answer.body["message"]
    assert "Sign flags 0 " in answer.body["nextStep"]


@pytest.mark.parametrize("size", [0, 64, 200])
async def test_a_signature_of_another_size_such_as_a_contract_wallets_is_refused_by_name(
    exchange: RunningExchange, order: PlaceMessage, size: int
) -> None:
    answer = await post_refused(exchange, as_json(order, signature="0x" + "11" * size), 400, 1000)
    assert "signature" in answer.body["message"]


@pytest.mark.parametrize(
    ("field", "value", "hint"),
    [
        ("timeInForce", "IOC", "timeInForce GTC"),
        ("type", "STOP_LIMIT", "type LIMIT"),
        ("postOnly", "REJECT", "postOnly NO"),
        ("selfTradePrevention", "CANCEL_RESTING", "selfTradePrevention NONE"),
    ],
)
async def test_an_instruction_that_was_not_signed_is_named(
    exchange: RunningExchange, order: PlaceMessage, field: str, value: str, hint: str
) -> None:
    stop_price = "200" if value == "STOP_LIMIT" else None
    body = as_json(order, flags=None, stopPrice=stop_price, **{field: value})
    assert f"signed with {hint}" in (await post_refused(exchange, body, 401, 4001)).body["nextStep"]


@pytest.mark.parametrize(
    ("how", "status", "code", "said"),
    [
        ({"order_type": "STOP_LIMIT"}, 400, 1000, "stopPrice is missing"),
        ({"stop_price": "120"}, 400, 1000, "stopPrice does not belong here"),
        ({"order_type": "STOP_MARKET", "stop_price": "120.05"}, 422, 2001, "stopPrice: "),
        ({"order_type": "STOP_MARKET", "stop_price": "200000000"}, 422, 2011, "trigger"),
        ({"time_in_force": "FOK_BUDGET"}, 400, 1000, "budget is missing"),
        ({"time_in_force": "FOK", "budget": "5"}, 400, 1000, "budget does not belong here"),
        ({"time_in_force": "FOK_BUDGET", "budget": "0.0000001"}, 422, 3003, "budget: "),
        ({"order_type": "MARKET", "time_in_force": "GTC"}, 422, 2009, "time in force"),
        (
            {"order_type": "STOP_LIMIT", "time_in_force": "FOK_BUDGET", "stop_price": "120", "budget": "5"},
            422,
            2009,
            "time in force",
        ),
        ({"time_in_force": "IOC", "post_only": "REJECT"}, 422, 2009, "post-only"),
    ],
)
async def test_instructions_that_do_not_go_together(
    exchange: RunningExchange, wallet: Wallet, how: dict[str, Any], status: int, code: int, said: str
) -> None:
    order = wallet.order("BTC-USDC", "BUY", "100", "0.01", **how)
    answer = await post_refused(exchange, as_json(order), status, code)
    assert said in answer.body["message"]


@pytest.mark.parametrize("how", [{}, {"order_type": "STOP_MARKET", "stop_price": "120"}])
async def test_an_order_that_may_rest_needs_a_lane_of_its_own(
    exchange: RunningExchange, wallet: Wallet, monkeypatch: pytest.MonkeyPatch, how: dict[str, Any]
) -> None:
    monkeypatch.setattr(wallet.lanes, "take", lambda _: 0)
    await post_refused(exchange, as_json(wallet.order("BTC-USDC", "BUY", "100", "0.01", **how)), 422, 2009)


async def test_the_differing_side_is_named(exchange: RunningExchange, order: PlaceMessage) -> None:
    answer = await post_refused(exchange, as_json(order, side="SELL"), 401, 4001)
    assert "signed with side 0" in answer.body["nextStep"]


async def test_a_client_id_with_other_content(exchange: RunningExchange, client: Client, wallet: Wallet) -> None:
    first = wallet.order("BTC-USDC", "BUY", "100", "0.01", client_order_id="same")
    await client.place(first)
    other = wallet.order("BTC-USDC", "BUY", "100", "0.02", client_order_id="same")
    await post_refused(exchange, as_json(other), 409, 2006)


async def test_a_balance_that_is_too_low(exchange: RunningExchange, wallet: Wallet) -> None:
    answer = await post_refused(exchange, as_json(wallet.order("BTC-USDC", "SELL", "1000", "1.00001")), 422, 3001)
    assert "1 is available" in answer.body["message"]
    # 100,000 USDC do not pay 100,000 and the fee.
    await post_refused(exchange, as_json(wallet.order("BTC-USDC", "BUY", "1000", "100")), 422, 3001)


async def test_a_wallet_without_an_account(exchange: RunningExchange, client: Client) -> None:
    unknown = client.wallet(LocalSigner(b"\x08" * 32))
    await post_refused(exchange, as_json(unknown.order("BTC-USDC", "BUY", "100", "0.01")), 422, 3005)


async def test_a_lane_that_is_taken_and_a_seq_that_was_seen(
    exchange: RunningExchange, client: Client, wallet: Wallet, terms: ExchangeTerms
) -> None:
    first = wallet.order("BTC-USDC", "BUY", "100", "0.01")
    await client.place(first)
    same_lane = Wallet(wallet.signer, terms).order("BTC-USDC", "BUY", "100", "0.01")
    await post_refused(exchange, as_json(same_lane), 409, 2007)
    late = wallet.order("BTC-USDC", "BUY", "100", "0.01", time_in_force="IOC")
    later = wallet.order("BTC-USDC", "BUY", "100", "0.01", time_in_force="IOC")
    await client.place(later)
    await post_refused(exchange, as_json(late), 409, 2008)


@pytest.fixture
def terms(client: Client) -> ExchangeTerms:
    return client.terms
