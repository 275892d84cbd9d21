"""What holds for every answer: request id, headers, the envelope, limits on bodies, and no internals let out."""

import dataclasses
import logging
import re
from pathlib import Path

import msgspec
import pytest

from offchain.api.app import create_app
from offchain.api.errors import status_of
from offchain.client.client import Client
from offchain.core import errors
from offchain.core.errors import QuantaTradeError
from tests.support.chainless_exchange import RunningExchange
from tests.support.http import ask, assert_refused


async def test_the_callers_request_id_is_echoed(exchange: RunningExchange) -> None:
    answer = await ask(exchange.url, "GET", "/api/v1/orders", headers={"x-request-id": "mine-1.a"})
    assert answer.headers["x-request-id"] == answer.body["requestId"] == "mine-1.a"


@pytest.mark.parametrize("unfit", ["", "a b", "x" * 65, "é", "a;b"])
async def test_an_unfit_request_id_is_replaced(exchange: RunningExchange, unfit: str) -> None:
    answer = await ask(exchange.url, "GET", "/api/v1/time", headers={"x-request-id": unfit})
    assert re.fullmatch(r"[0-9a-f]{6}-[0-9a-f]+", answer.headers["x-request-id"])


async def test_every_answer_has_an_id_of_its_own(exchange: RunningExchange) -> None:
    ids = {(await ask(exchange.url, "GET", "/api/v1/time")).headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/", "/api/v2/orders", "/ws/other", "/api/v1/orders/1/2"])
async def test_an_unknown_path_is_not_found_in_the_envelope(exchange: RunningExchange, path: str) -> None:
    assert_refused(await ask(exchange.url, "GET", path), 404, 1404)


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/api/v1/orders"), ("DELETE", "/api/v1/time"), ("GET", "/api/v1/orders/batch")]
)
async def test_a_method_that_a_path_does_not_take(exchange: RunningExchange, method: str, path: str) -> None:
    answer = await ask(exchange.url, method, path)
    assert_refused(answer, 405, 1405) if method != "GET" else assert_refused(answer, 401, 4000)


@pytest.mark.parametrize("path", ["/api/v1/time", "/api/v1/orders", "/api/v1/nothing", "/openapi.json", "/nothing"])
async def test_security_headers_are_on_every_answer(exchange: RunningExchange, path: str) -> None:
    headers = (await ask(exchange.url, "GET", path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert "server" not in headers
    assert "access-control-allow-origin" not in headers
    assert (headers.get("cache-control") == "no-store") == path.startswith("/api/")


async def test_other_sites_get_no_permission(exchange: RunningExchange) -> None:
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    answer = await ask(exchange.url, "OPTIONS", "/api/v1/orders", headers=headers)
    assert answer.status == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["/api/v1/auth/nonce", "/api/v1/withdrawals", "/api/v1/orders"])
async def test_a_long_body_is_refused_on_every_route(exchange: RunningExchange, path: str) -> None:
    assert_refused(await ask(exchange.url, "POST", path, b"x" * (64 * 1024 + 1)), 413, 1001)


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff", b"[]", b"{}", b'{"address":"0x1"}', b'{"address":1,"more":2}', b"[" * 60_000],
    ids=lambda body: repr(body[:20]),
)
async def test_a_bad_body_is_explained(exchange: RunningExchange, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = await ask(exchange.url, "POST", "/api/v1/auth/nonce", body, headers)
    assert_refused(answer, 400, 1000)


async def test_an_unforeseen_error_shows_an_id_and_no_more(
    exchange: RunningExchange, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> None:
        msg = "secret detail"
        raise KeyError(msg)

    monkeypatch.setattr(type(exchange.services.market_feed), "day_figures", fail, raising=True)
    with caplog.at_level(logging.ERROR, "offchain.api.errors"):
        answer = await ask(exchange.url, "GET", "/api/v1/markets/BTC-USDC/ticker")
    assert_refused(answer, 500, 5000)
    assert "secret" not in str(answer.body)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.body["requestId"] in caplog.text


async def test_a_failure_of_ours_is_told_without_its_detail(
    exchange: RunningExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: object, __: object) -> None:
        raise errors.JournalError("/secret/path: disk full")

    monkeypatch.setattr(type(exchange.services.projector), "caught_up", fail)
    session = exchange.app.state.tokens.open(bytes(20))
    headers = {"authorization": f"Bearer {session.access}"}
    answer = await ask(exchange.url, "GET", "/api/v1/orders", headers=headers)
    assert_refused(answer, 500, 7000)
    assert "/secret" not in str(answer.body)


def test_every_error_has_a_status_and_a_code_of_its_own() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, QuantaTradeError)]
    assert len({kind.code for kind in kinds}) == len({kind.name for kind in kinds}) == len(kinds)
    for kind in kinds:
        expected = {1: {400, 404, 413}, 2: {409, 422}, 3: {409, 422}, 4: {401, 403, 429}}.get(kind.code // 1000)
        assert status_of(kind("")) in (expected or {500, 502, 503}), kind


async def test_the_built_web_app_is_served_below_the_api(exchange: RunningExchange, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>QuantaTrade</title>")
    (tmp_path / "assets" / "app.js").write_text("start()")
    app = create_app(dataclasses.replace(exchange.services, frontend=tmp_path))
    pages = {"accept": "text/html"}
    with exchange.also_serving(app) as url:
        for path in ("/", "/trade/BTC-USDC"):
            answer = await ask(url, "GET", path, headers=pages)
            assert (answer.status, answer.body) == (200, b"<title>QuantaTrade</title>")
            assert answer.headers["x-frame-options"] == "DENY"
        script = await ask(url, "GET", "/assets/app.js")
        assert (script.status, script.body) == (200, b"start()")
        assert "javascript" in script.headers["content-type"]
        for path in ("/api/v1/nothing", "/ws/other", "/assets/none.js", "/../secret", "/%2e%2e/secret"):
            assert_refused(await ask(url, "GET", path), 404, 1404)
        assert_refused(await ask(url, "GET", "/api/v1/nothing", headers=pages), 404, 1404)
        assert_refused(await ask(url, "GET", "/ws/other", headers=pages), 404, 1404)
        assert_refused(await ask(url, "GET", "/api/v1/auth/nonce", headers=pages), 405, 1405)
        assert (await ask(url, "GET", "/api/v1/time")).status == 200


@pytest.mark.parametrize(
    "order_id", ["0", "-1", "1e3", "x", str(2**63), "9" * 23, "9" * 5_000], ids=lambda one: one[:23]
)
async def test_what_is_no_order_id_is_refused_alike_by_every_method(
    exchange: RunningExchange, client: Client, order_id: str
) -> None:
    wallet = client.wallet(exchange.new_wallet(USDC="100"))
    session = await client.sign_in(wallet)
    order = msgspec.to_builtins(wallet.order("BTC-USDC", "BUY", "100", "0.01"))
    before, headers = exchange.last_sequence, {"authorization": f"Bearer {session.access_token}"}
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"remaining": "1"}), ("PUT", order)):
        answer = await ask(exchange.url, method, f"/api/v1/orders/{order_id}", body, headers)
        assert_refused(answer, 400, 1000)
        assert "order_id" in answer.body["message"]
    assert exchange.last_sequence == before


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_the_highest_order_id_is_one_that_nobody_has(
    exchange: RunningExchange, client: Client, method: str
) -> None:
    session = await client.sign_in(client.wallet(exchange.new_wallet(USDC="100")))
    headers = {"authorization": f"Bearer {session.access_token}"}
    assert_refused(await ask(exchange.url, method, f"/api/v1/orders/{2**63 - 1}", headers=headers), 404, 1404)
