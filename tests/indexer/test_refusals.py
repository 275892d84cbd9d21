"""What nodes refuse, in the words of their providers, and what is learned from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.fetch.ranges import ANSWER_LOGS, RANGE_BLOCKS_MAX, RANGE_BLOCKS_START, RangeSize
from indexer.fetch.refusals import Meaning, Refusal, meaning_of

ALCHEMY = (
    "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the "
    "response size, or you can request any block range with a cap of 10K logs in the response. Based on your "
    "parameters and the response size limit, this block range should work: [0xc5dc00, 0xc614a7]"
)
TELLING = [
    ("Infura", "query returned more than 10000 results. Try with this block range [0x100E698, 0x100E6D4].", 0, 61),
    ("Alchemy", ALCHEMY, 0, 0xC614A7 - 0xC5DC00 + 1),
    (
        "Thirdweb",
        "invalid params: Query returned more than 10000 results. Try with this block range [0x800000, 0x800054].",
        0,
        85,
    ),
    ("Tempo", "query exceeds max results 20000, retry with the range 24383075-24383096", 0, 22),
    ("Alchemy free", "You can make eth_getLogs requests with up to a 10 block range.", 10, 0),
    ("QuickNode", "eth_getLogs is limited to a 10,000 range", 10_000, 0),
    ("Cloudflare", "Invalid eth_getLogs request. 'fromBlock'-'toBlock' range too large. Max range: 800", 800, 0),
    ("BSC", "exceed maximum block range: 5000", 5_000, 0),
    ("Berachain", "query exceeds max block range 100000", 100_000, 0),
    ("dRPC", "ranges over 10000 blocks are not supported on freetier", 10_000, 0),
    ("Thirdweb", "invalid params: range 20000 is bigger than range limit 2000", 2_000, 0),
    ("SimplyVC", "too wide blocks range, the limit is 100", 100, 0),
    ("Avalanche", "requested too many blocks from 0 to 16777216, maximum is set to 2048", 2_048, 0),
    ("Infura", "range 49999 exceeds limit of 10000", 10_000, 0),
    ("Chainstack", "Block range too large; currently limited to 100 blocks", 100, 0),
    ("Erigon", "block range must not exceed 25 blocks", 25, 0),
]
SILENT = [
    "block range is too wide",
    "logs matched by query exceeds limit of 10000",
    "query timeout exceeded",
    "a limit that nobody has heard of",
    "",
]
TOO_OFTEN = [
    ("Too Many Requests", 0),
    ("daily request count exceeded, request rate limited", -32_005),
    ("Your app has exceeded its compute units per second capacity.", 429),
    ("over rate limit", -32_000),
    ("anything", 429),
]


@pytest.mark.parametrize(("provider", "message", "most_blocks", "suggested_blocks"), TELLING)
def test_a_provider_s_limit_is_understood(provider: str, message: str, most_blocks: int, suggested_blocks: int) -> None:
    assert meaning_of(message) == Meaning(Refusal.RANGE, most_blocks, suggested_blocks), provider


@pytest.mark.parametrize("message", SILENT)
def test_a_refusal_that_tells_nothing_is_one_of_the_range(message: str) -> None:
    assert meaning_of(message) == Meaning(Refusal.RANGE)


@pytest.mark.parametrize(("message", "code"), TOO_OFTEN)
def test_a_refusal_of_too_many_requests_is_none_of_the_range(message: str, code: int) -> None:
    assert meaning_of(message, code).refusal is Refusal.RATE


def test_a_named_limit_is_never_passed_again() -> None:
    size = RangeSize()
    size.refused(64, meaning_of("eth_getLogs is limited to a 10 range"))
    for _ in range(50):
        assert size.blocks <= 10
        size.answered(size.blocks, 0)
    assert size.blocks == 10


def test_a_suggested_range_is_taken_for_this_time() -> None:
    size = RangeSize()
    size.refused(64, Meaning(Refusal.RANGE, suggested_blocks=7))
    assert size.blocks == 7
    for _ in range(50):
        size.answered(size.blocks, 0)
    assert size.blocks == RANGE_BLOCKS_MAX


@given(st.text(max_size=80), st.integers(1, RANGE_BLOCKS_MAX))
def test_whatever_a_node_says_the_next_range_is_smaller(message: str, asked: int) -> None:
    size = RangeSize()
    size.refused(min(asked, size.blocks), meaning_of(message))
    assert 1 <= size.blocks < max(2, RANGE_BLOCKS_START)


def test_an_answer_of_many_logs_makes_the_next_range_smaller() -> None:
    size = RangeSize()
    size.answered(64, 10 * ANSWER_LOGS)
    assert size.blocks == 6
    size.answered(6, 0)
    assert size.blocks > 6
