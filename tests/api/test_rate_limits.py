"""Budgets refill steadily, hold a burst, and are nobody else's."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.api import limits
from offchain.api.errors import RateLimited
from offchain.api.limits import Budget, RateLimiter
from offchain.client.client import Client
from offchain.client.messages import PlacedMessage
from offchain.core.errors import TooManyRequests
from tests.support.chainless_exchange import RunningExchange, exchange_running
from tests.support.http import ask, assert_refused


class Seconds:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@given(
    st.integers(1, 100),
    st.integers(1, 300),
    st.lists(st.tuples(st.floats(0, 5), st.integers(1, 50)), max_size=60),
)
def test_never_more_than_the_burst_and_the_refill(per_second: int, burst: int, asks: list[tuple[float, int]]) -> None:
    seconds = Seconds()
    limiter = RateLimiter(Budget("test", per_second, burst), seconds)
    tokens = float(burst)  # the plain model: a bucket that refills up to its rim
    for pause_s, weight in asks:
        seconds.now += pause_s
        tokens = min(burst, tokens + pause_s * per_second)
        if weight > tokens + 1e-3:
            with pytest.raises(RateLimited):
                limiter.take("caller", weight)
        elif weight < tokens - 1e-3:
            assert limiter.take("caller", weight) == pytest.approx(tokens - weight, abs=1.001)
            tokens -= weight
        else:
            return  # on the very edge rounding decides


def test_retry_after_is_when_it_passes() -> None:
    seconds = Seconds()
    limiter = RateLimiter(Budget("test", 10, 20), seconds)
    limiter.take("caller", 20)
    with pytest.raises(RateLimited) as refused:
        limiter.take("caller", 15)
    seconds.now += refused.value.retry_after_s
    limiter.take("caller", 15)


def test_a_caller_spends_only_their_own() -> None:
    limiter = RateLimiter(Budget("test", 1, 1), Seconds())
    limiter.take("one")
    limiter.take("other")
    with pytest.raises(RateLimited):
        limiter.take("one")


def test_callers_who_went_away_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_PRUNE_AT", 10)
    seconds = Seconds()
    limiter = RateLimiter(Budget("test", 1, 1), seconds)
    for caller in range(10):
        limiter.take(str(caller))
    seconds.now += 5
    limiter.take("new")
    assert len(limiter._full_at) == 1


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningExchange]:
    """An exchange whose budgets are soon used up."""
    state = tmp_path_factory.mktemp("strict")
    with exchange_running(state, requests_per_s=10, account_orders_per_s=5, address_orders_per_s=20) as running:
        yield running


async def test_too_many_requests_are_told_when_to_come_back(strict: RunningExchange) -> None:
    answers = [await ask(strict.url, "GET", "/api/v1/time") for _ in range(30)]
    assert [answer.status for answer in answers[:20]] == [200] * 20
    refused = [answer for answer in answers if answer.status != 200]
    assert refused
    assert_refused(refused[0], 429, 4029)
    assert int(refused[0].headers["retry-after"]) >= 1
    left = [int(answer.headers["x-ratelimit-remaining"]) for answer in answers[:20]]
    assert left == sorted(left, reverse=True)
    assert {answer.headers["x-ratelimit-limit"] for answer in answers[:20]} == {"10"}


async def test_an_account_has_a_budget_for_its_orders(strict: RunningExchange, client: Client) -> None:
    eager, other = (strict.new_wallet(USDC="1000") for _ in range(2))
    eager_wallet, other_wallet = client.wallet(eager), client.wallet(other)
    async with Client(strict.url, terms=client.terms) as trader:
        orders = [eager_wallet.order("BTC-USDC", "BUY", "1", "0.01") for _ in range(12)]
        results = await trader.batch([*orders, other_wallet.order("BTC-USDC", "BUY", "1", "0.01")])
        assert [isinstance(result, PlacedMessage) for result in results] == [True] * 10 + [False] * 2 + [True]
        assert isinstance(results[10], TooManyRequests)
        before = strict.last_sequence
        with pytest.raises(TooManyRequests):
            await trader.batch([eager_wallet.cancel(str(number)) for number in range(41)])
        assert strict.last_sequence == before
