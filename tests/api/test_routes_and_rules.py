"""Every route has an authorisation rule and keeps it; the committed OpenAPI document is the app's own."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route

from offchain.api.access import Rule
from offchain.api.app import create_app
from offchain.api.openapi import DOCUMENT, render
from offchain.chain.keys import LocalSigner
from offchain.client.client import Client
from offchain.core import errors
from offchain.core.errors import ConfigurationError, QuantaTradeError
from tests.support.chainless_exchange import RunningExchange
from tests.support.http import ask, assert_refused

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
CHAIN_CODES = 6_000
"""From here on errors are the operators' matter."""
OPENAPI: dict[str, Any] = msgspec.json.decode(DOCUMENT.read_bytes())
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in OPENAPI["paths"].items()
    for method, operation in methods.items()
]
EXAMPLES = {
    "{symbol}": "BTC-USDC",
    "{order_id}": "1",
    "{client_order_id}": "some-id",
    "{owner}": "0x" + "11" * 20,
    "{asset}": "BTC",
    "{address}": "0x" + "22" * 20,
    "{tier}": "2",
}


def operations(rule: Rule) -> list[Any]:
    chosen = [(method, path) for method, path, operation in OPERATIONS if operation["x-access"] == rule]
    return [pytest.param(*one, id=" ".join(one)) for one in chosen]


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", lambda match: EXAMPLES[match.group()], path)


def test_the_committed_document_is_current() -> None:
    assert DOCUMENT.read_bytes() == render(), "run `python -m offchain.api.openapi`"


def test_shares_rates_and_deadlines_say_their_unit() -> None:
    silent = [
        f"{name}.{field}"
        for name, schema in OPENAPI["components"]["schemas"].items()
        for field, told in schema.get("properties", {}).items()
        if re.search("(Ppm|[bB]ps|deadline)$", field) and "description" not in told and "$ref" not in told
    ]
    assert silent == []


def test_the_document_names_every_error_that_a_caller_may_be_told() -> None:
    documented = set(re.findall(r"\b(\d{4}) `([A-Z_]+)`", PAGE.read_text(encoding="utf-8")))
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, QuantaTradeError)]
    told = {(str(one.code), one.name) for one in kinds if one.code < CHAIN_CODES and not one.__subclasses__()}
    assert told - documented == {(str(ConfigurationError.code), ConfigurationError.name)}


def test_every_route_is_documented_with_a_rule(exchange: RunningExchange) -> None:
    documented = {(method, path) for method, path, _ in OPERATIONS}
    served = set()
    for route in _routes(create_app(exchange.services).router.routes):
        path = re.sub(r":\w+\}", "}", route.path)
        served |= {(method, path) for method in (route.methods or ()) if method != "HEAD"}
    assert served == documented
    assert {operation["x-access"] for _, _, operation in OPERATIONS} == set(Rule)


def _routes(routes: Any) -> list[Route | APIRoute]:
    found = []
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            found += _routes(inner.routes)
        elif isinstance(route, Route | APIRoute) and route.include_in_schema:
            found.append(route)
    return found


def test_operation_ids_are_unique() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("method", "path"), operations(Rule.SESSION) + operations(Rule.OPERATOR))
@pytest.mark.parametrize("token", [None, "", "abc", "a.b.c"])
async def test_a_session_route_refuses_whoever_is_not_signed_in(
    exchange: RunningExchange, method: str, path: str, token: str | None
) -> None:
    before = exchange.last_sequence
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    answer = await ask(exchange.url, method, filled(path), headers=headers)
    assert_refused(answer, 401, 4000)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert exchange.last_sequence == before


@pytest.mark.parametrize(("method", "path"), operations(Rule.SESSION) + operations(Rule.OPERATOR))
async def test_a_session_route_refuses_a_session_that_was_ended(
    exchange: RunningExchange, client: Client, method: str, path: str
) -> None:
    session = await client.sign_in(client.wallet(exchange.new_wallet()))
    await session.sign_out()
    headers = {"authorization": f"Bearer {session.access_token}"}
    assert_refused(await ask(exchange.url, method, filled(path), headers=headers), 401, 4002)


@pytest.mark.parametrize(("method", "path"), operations(Rule.OPERATOR))
async def test_an_operator_route_refuses_whoever_is_not_an_operator(
    exchange: RunningExchange, client: Client, method: str, path: str
) -> None:
    """Nobody is one here: the list of operators is empty unless a deployment says otherwise."""
    session = await client.sign_in(client.wallet(exchange.new_wallet(USDC="1")))
    before = exchange.last_sequence
    headers = {"authorization": f"Bearer {session.access_token}"}
    assert_refused(await ask(exchange.url, method, filled(path), headers=headers), 403, 4003)
    assert exchange.last_sequence == before


def outside(schema: Any) -> list[str]:
    """Values that a query parameter of whole numbers does not take."""
    (whole,) = [one for one in schema.get("anyOf", [schema]) if one["type"] == "integer"]
    most = whole.get("maximum", whole.get("exclusiveMaximum", 0) - 1)
    return ["x", "", "1.5", str(whole["minimum"] - 1), str(most + 1), "9" * 40]


NUMBERS = [
    pytest.param(path, parameter["name"], value, id=f"{path} {parameter['name']}={value[:20]}")
    for method, path, operation in OPERATIONS
    for parameter in operation.get("parameters", ())
    if method == "GET" and parameter["in"] == "query" and "integer" in str(parameter["schema"])
    for value in outside(parameter["schema"])
]


@pytest.mark.parametrize(("path", "name", "value"), NUMBERS)
async def test_a_number_out_of_range_is_refused_by_its_name(
    exchange: RunningExchange, client: Client, path: str, name: str, value: str
) -> None:
    session = await client.sign_in(client.wallet(exchange.new_wallet(USDC="1")))
    headers = {"authorization": f"Bearer {session.access_token}"}
    answer = await ask(exchange.url, "GET", f"{filled(path)}?{name}={value}", headers=headers)
    assert_refused(answer, 400, 1000)
    assert name in answer.body["message"]


@pytest.mark.parametrize(("method", "path"), operations(Rule.PUBLIC))
async def test_a_public_route_asks_for_no_session(exchange: RunningExchange, method: str, path: str) -> None:
    answer = await ask(exchange.url, method, filled(path), {} if method == "POST" else None)
    # These tests have no chain to catch up with, so that the exchange says that it is not ready.
    well = 503 if path == "/ready" else 200
    assert answer.status == (400 if method == "POST" else well)


async def test_a_signed_route_refuses_a_signature_of_another(exchange: RunningExchange, client: Client) -> None:
    """The routes that a signature opens: none of them is opened by a session or by another's signature."""
    victim = client.wallet(exchange.new_wallet(USDC="1000"))
    thief = client.wallet(LocalSigner(b"\x09" * 32))
    placed = await client.place(victim.order("BTC-USDC", "BUY", "100", "0.01", client_order_id="some-id"))
    order = thief.order("BTC-USDC", "BUY", "100", "0.01")
    thiefs = [
        ("POST", "/api/v1/orders", order),
        ("POST", "/api/v1/orders/test", order),
        ("PUT", "/api/v1/orders/{order_id}", order),
        ("PUT", "/api/v1/orders/by-client-id/{client_order_id}", order),
        ("POST", "/api/v1/withdrawals", thief.withdrawal("USDC", "1")),
    ]
    assert {path for _, path, operation in OPERATIONS if operation["x-access"] == Rule.SIGNED} == {
        *(path for _, path, _ in thiefs),
        "/api/v1/orders/batch",
        "/api/v1/statements",  # test_statements.py
    }
    before = exchange.last_sequence
    session = await client.sign_in(victim)
    for method, path, message in thiefs:
        body = msgspec.to_builtins(message) | {"owner": victim.owner}
        headers = {"authorization": f"Bearer {session.access_token}"}
        assert_refused(await ask(exchange.url, method, filled(path), body, headers), 401, 4001)
    stolen = msgspec.to_builtins(order) | {"owner": victim.owner}
    operations = [
        {"place": stolen},
        {"replace": {"replaces": {"orderId": placed.order_id}, "order": stolen}},
        {"cancel": msgspec.to_builtins(thief.cancel("x")) | {"owner": victim.owner}},
    ]
    answer = await ask(exchange.url, "POST", "/api/v1/orders/batch", {"operations": operations})
    assert [row["error"]["code"] for row in answer.body["results"]] == [4001, 4001, 4001]
    assert exchange.last_sequence == before
    assert [row["orderId"] for row in await session.open_orders()] == [placed.order_id]
    await session.cancel_all()
