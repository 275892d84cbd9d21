"""Whether the exchange is ready, and its metrics, for whoever operates it."""

from pathlib import Path

import pytest

from tests.support.chainless_exchange import RunningExchange, exchange_running
from tests.support.http import ask, assert_refused

TOKEN = "collects-metrics"


async def test_an_exchange_that_has_not_caught_up_is_not_ready(exchange: RunningExchange) -> None:
    answer = await ask(exchange.url, "GET", "/ready")
    assert_refused(answer, 503, 5003)


@pytest.mark.parametrize("token", [None, "", "abc", TOKEN])
async def test_metrics_are_closed_where_no_token_is_set(exchange: RunningExchange, token: str | None) -> None:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    assert_refused(await ask(exchange.url, "GET", "/metrics", headers=headers), 401, 4000)


async def test_metrics_are_for_whoever_has_the_token(tmp_path: Path) -> None:
    with exchange_running(tmp_path, metrics_token=TOKEN) as exchange:
        for refused in ("", "abc", TOKEN + "x", TOKEN[:-1]):
            headers = {"authorization": f"Bearer {refused}"}
            assert_refused(await ask(exchange.url, "GET", "/metrics", headers=headers), 401, 4000)
        answer = await ask(exchange.url, "GET", "/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status == 200
        text = answer.body.decode()
        assert 'indexer_caught_up{chain="31337"} 0.0' in text
        assert "indexer_errors_total" in text
