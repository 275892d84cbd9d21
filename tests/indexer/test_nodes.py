"""Several nodes: who is asked, who rests, who is believed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest
from aiohttp import web

from indexer.blocks import BlockRef, Header, RawLog
from indexer.fetch.ahead import RANGES_AHEAD, ReadAhead
from indexer.fetch.fetcher import Blocks
from indexer.fetch.http_node import BATCH_CALLS_MAX, HttpNode, RateLimited
from indexer.fetch.nodes import HEAD_TIMEOUT_S, Nodes, WrongChain
from offchain.chain.node import RpcError
from offchain.core.errors import ChainError, NodeInconsistent, NodeUnavailable
from tests.indexer.simulated_chain import settlement_at

CHAIN = 9
CONTRACT = b"\x55" * 20


def block_hash(number: int, branch: int = 0) -> bytes:
    return bytes([branch]) + number.to_bytes(31)


class Told:
    """A node that tells empty blocks, or fails as a test says."""

    def __init__(self, name: str, head: int, branch: int = 0, chain_id: int = CHAIN) -> None:
        self.name, self.head, self.branch, self.chain_id = name, head, branch, chain_id
        self.failure: ChainError | None = None
        self.asked = 0

    async def call(self, method: str, *params: Any) -> msgspec.Raw:
        (answer,) = await self.batch([(method, params)])
        assert not isinstance(answer, ChainError)
        return answer

    async def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[msgspec.Raw | ChainError]:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return [msgspec.Raw(msgspec.json.encode(self._answer(method, params))) for method, params in requests]

    def _answer(self, method: str, params: Sequence[Any]) -> Any:
        if method == "eth_chainId":
            return hex(self.chain_id)
        number = self.head if params[0] == "latest" else -1 if params[0] == "safe" else int(params[0], 16)
        if not 0 <= number <= self.head:
            return None
        return {
            "number": hex(number),
            "hash": "0x" + block_hash(number, self.branch).hex(),
            "parentHash": "0x" + block_hash(number - 1, self.branch).hex() if number else "0x" + bytes(32).hex(),
            "timestamp": hex(number),
            "logsBloom": "0x" + "00" * 256,
        }


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def nodes_of(clock: Clock, *told: Told) -> Nodes:
    return Nodes(told, CHAIN, [settlement_at(CONTRACT, 0)], monotonic=clock)


async def test_a_lead_that_tells_another_block_gives_way_to_a_node_that_has_it(clock: Clock) -> None:
    parted, true, away = Told("a", 9, branch=1), Told("b", 5), Told("c", 5)
    away.failure = NodeUnavailable("away")
    nodes = nodes_of(clock, parted, away, true)
    assert (await nodes.heads()).latest.number == 9
    assert not await nodes.fail_over(BlockRef(4, block_hash(4, 2)), NodeInconsistent("nobody has it"))
    assert (await nodes.heads()).latest.number == 9
    assert await nodes.fail_over(BlockRef(4, block_hash(4)), NodeInconsistent("it has another"))
    assert (await nodes.heads()).latest.number == 5
    assert nodes.members[0].errors == 1
    # It rests, and does not lead again by itself.
    clock.now_s += 1.0
    assert (await nodes.heads()).latest.number == 5


async def test_the_next_node_answers_where_one_does_not_and_stays_the_lead(clock: Clock) -> None:
    first, second = Told("a", 5), Told("b", 6)
    nodes = nodes_of(clock, first, second)
    first.failure = NodeUnavailable("away")
    assert (await nodes.heads()).latest.number == 6
    first.failure = None
    clock.now_s += 5
    asked = first.asked
    assert (await nodes.heads()).latest.number == 6
    assert first.asked == asked


async def test_a_node_that_fails_rests_longer_each_time(clock: Clock) -> None:
    first, second = Told("a", 5), Told("b", 5)
    nodes = nodes_of(clock, first, second)
    first.failure = NodeUnavailable("away")
    pauses = []
    for _ in range(4):
        nodes.members[0].rests_until_s = 0
        await nodes._timed(nodes.members[1], lambda fetcher: fetcher.heads())
        with pytest.raises(NodeUnavailable):
            await nodes._timed(nodes.members[0], lambda fetcher: fetcher.heads())
        pauses.append(nodes.members[0].rests_until_s - clock.now_s)
    assert pauses == sorted(pauses)
    assert pauses[-1] == 8 * pauses[0]


async def test_a_node_that_asks_for_rest_gets_as_much_as_it_asks_for(clock: Clock) -> None:
    first, second = Told("a", 5), Told("b", 5)
    nodes = nodes_of(clock, first, second)
    first.failure = RateLimited("a", 17.0)
    await nodes.heads()
    asked = first.asked
    clock.now_s += 16.9
    await nodes.range(0, 3)
    assert first.asked == asked
    assert nodes.members[0].rests_until_s == pytest.approx(1_017.0)


async def test_when_no_node_answers_the_first_failure_is_told(clock: Clock) -> None:
    first, second = Told("a", 5), Told("b", 5)
    nodes = nodes_of(clock, first, second)
    first.failure, second.failure = NodeUnavailable("first away"), NodeUnavailable("second away")
    with pytest.raises(NodeUnavailable, match="first away"):
        await nodes.heads()
    # All of them rest, and somebody has to be asked.
    second.failure = None
    assert (await nodes.heads()).latest.number == 5


async def test_a_node_of_another_chain_is_passed_over(clock: Clock) -> None:
    first, second = Told("a", 9, chain_id=1), Told("b", 5)
    assert (await nodes_of(clock, first, second).heads()).latest.number == 5
    with pytest.raises(WrongChain, match="chain 1, and the deployment manifest of chain 9"):
        await nodes_of(clock, Told("a", 9, chain_id=1)).heads()


async def test_a_lead_whose_head_stands_still_is_left_for_one_that_goes_on(clock: Clock) -> None:
    first, second = Told("a", 5), Told("b", 5)
    nodes = nodes_of(clock, first, second)
    assert (await nodes.heads()).latest.number == 5
    second.head = 50
    clock.now_s += HEAD_TIMEOUT_S - 1
    assert (await nodes.heads()).latest.number == 5
    assert nodes.head_age_s == HEAD_TIMEOUT_S - 1
    clock.now_s += 2
    assert (await nodes.heads()).latest.number == 50
    assert (await nodes.heads()).latest.number == 50
    assert nodes.head_age_s == 0


async def test_another_node_agrees_only_with_the_very_block(clock: Clock) -> None:
    first, second, third = Told("a", 5, branch=1), Told("b", 5), Told("c", 5)
    nodes = nodes_of(clock, first, second, third)
    await nodes.heads()
    assert not await nodes.another_agrees(BlockRef(5, block_hash(5, 1)))
    third.branch = 1
    assert await nodes.another_agrees(BlockRef(5, block_hash(5, 1)))
    third.failure = NodeUnavailable("away")
    assert not await nodes.another_agrees(BlockRef(5, block_hash(5, 1)))


async def test_one_node_alone_has_no_witness(clock: Clock) -> None:
    nodes = nodes_of(clock, Told("a", 5))
    await nodes.heads()
    assert not await nodes.another_agrees(BlockRef(5, block_hash(5)))


class Ranges:
    """A source of ranges that counts what is asked at once; each range waits until it is let go."""

    def __init__(self, head: int, blocks: int) -> None:
        self.head, self.range_blocks = head, blocks
        self.asked: list[tuple[int, int]] = []
        self.failing: set[int] = set()
        self.most = 0

    async def range(self, first: int, last: int) -> Blocks:
        self.asked.append((first, last))
        await asyncio.sleep(0)
        if first in self.failing:
            raise NodeInconsistent("spoilt")
        numbers = range(first, min(last, self.head, first + self.most - 1 if self.most else last) + 1)
        headers = [Header(number, block_hash(number), block_hash(number - 1), 0, 0) for number in numbers]
        logs = [RawLog(CONTRACT, number, block_hash(number), bytes(32), 0, 0, b"", b"") for number in numbers]
        return Blocks(headers, logs)


async def all_of(ahead: ReadAhead, first: int, last: int) -> list[int]:
    numbers: list[int] = []
    while first <= last:
        blocks = await ahead.next(first, last)
        assert [log.block_number for log in blocks.logs] == [header.number for header in blocks.headers]
        numbers += [header.number for header in blocks.headers]
        first = numbers[-1] + 1
    return numbers


@pytest.mark.parametrize("most", [0, 1, 3])
async def test_ranges_are_read_ahead_and_handed_over_in_order(most: int) -> None:
    source = Ranges(100, 7)
    source.most = most
    ahead = ReadAhead(source)
    assert await all_of(ahead, 1, 100) == list(range(1, 101))
    assert len(ahead._plans) == 0


async def test_no_more_is_read_ahead_than_is_bounded() -> None:
    source = Ranges(1_000, 5)
    ahead = ReadAhead(source)
    await ahead.next(1, 1_000)
    await asyncio.sleep(0)
    assert len(ahead._plans) <= RANGES_AHEAD


async def test_a_range_that_fails_ahead_is_asked_for_again() -> None:
    source = Ranges(40, 10)
    source.failing = {21}
    ahead = ReadAhead(source)
    blocks = await ahead.next(1, 40)
    for _ in range(5):
        await asyncio.sleep(0)
    first = blocks.headers[-1].number + 1
    if first <= 20:
        first = (await ahead.next(first, 40)).headers[-1].number + 1
    with pytest.raises(NodeInconsistent):
        await ahead.next(first, 40)
    source.failing = set()
    assert await all_of(ahead, first, 40) == list(range(first, 41))


async def test_another_place_than_the_next_forgets_what_was_read() -> None:
    source = Ranges(40, 10)
    ahead = ReadAhead(source)
    await ahead.next(1, 40)
    assert (await ahead.next(3, 40)).headers[0].number == 3


@pytest.fixture
async def server() -> AsyncIterator[tuple[list[web.Response], str]]:
    """A web server that answers with the responses of a list, one after the other."""
    responses: list[web.Response] = []

    async def answer(_: web.Request) -> web.Response:
        return responses.pop(0)

    app = web.Application()
    app.router.add_post("/secret-key", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield responses, f"http://127.0.0.1:{port}/secret-key"
    await runner.cleanup()


@pytest.mark.parametrize(
    ("headers", "status", "rest_s"),
    [
        ({"Retry-After": "7"}, 429, 7.0),
        ({}, 429, 1.0),
        ({"Retry-After": "9000"}, 503, 60.0),
        ({"Retry-After": "x"}, 429, 1),
    ],
)
async def test_a_limit_of_requests_is_told_with_its_rest(
    server: tuple[list[web.Response], str], headers: dict[str, str], status: int, rest_s: float
) -> None:
    responses, url = server
    node = HttpNode(url)
    responses.append(web.Response(status=status, headers=headers))
    with pytest.raises(RateLimited) as refused:
        await node.call("eth_chainId")
    assert refused.value.rest_s == rest_s
    await node.close()


@pytest.mark.parametrize(
    ("response", "error"),
    [
        ({"text": "<html>bad gateway</html>", "status": 502}, NodeUnavailable),
        ({"text": "nonsense"}, NodeUnavailable),
        ({"text": '{"jsonrpc": "2.0", "id": 99, "result": "0x1"}'}, NodeUnavailable),
        ({"text": '{"id": 0, "error": {"code": -32005, "message": "rate limited"}}'}, RateLimited),
        ({"text": '{"id": 0, "error": {"code": -32000, "message": "Max range: 800"}}'}, RpcError),
        ({"text": "", "status": 413}, RpcError),
    ],
)
async def test_what_is_no_answer_says_what_it_is_and_keeps_the_url_s_secret(
    server: tuple[list[web.Response], str], response: dict[str, Any], error: type[ChainError]
) -> None:
    responses, url = server
    node = HttpNode(url)
    responses.append(web.Response(**response))
    with pytest.raises(error) as refused:
        await node.call("eth_chainId")
    assert "secret-key" not in str(refused.value)
    await node.close()


async def test_a_batch_that_is_refused_as_a_whole_is_asked_in_parts_from_then_on(
    server: tuple[list[web.Response], str],
) -> None:
    responses, url = server
    node = HttpNode(url)
    responses.append(web.Response(text='{"id": null, "error": {"code": -32600, "message": "no batches here"}}'))
    responses += [web.Response(text=f'{{"id": {number}, "result": "0x{number}"}}') for number in (2, 3, 4, 5)]
    for first in (2, 4):
        answers = await node.batch([("eth_chainId", ()), ("eth_blockNumber", ())])
        assert answers == [msgspec.Raw(b'"0x%d"' % number) for number in (first, first + 1)]
    await node.close()


class HalfDeadNode(HttpNode):
    """Refuses the first request, and never answers the others."""

    def __init__(self) -> None:
        super().__init__("http://half-dead")
        self.unanswered = 0

    async def _send(self, body: bytes, method: str) -> Any:
        self.requests += 1
        if self.requests == 1:
            raise ConnectionResetError("the connection was reset")
        self.unanswered += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.unanswered -= 1


async def test_no_part_of_a_batch_goes_on_when_another_one_failed() -> None:
    node = HalfDeadNode()
    with pytest.raises(NodeUnavailable, match="the connection was reset"):
        await node.batch([("eth_chainId", ())] * 2 * BATCH_CALLS_MAX)
    await asyncio.sleep(0)
    assert (node.requests, node.unanswered) == (2, 0)
