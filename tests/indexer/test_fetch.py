"""What a node tells is taken only where it fits together."""

import json
import random
from typing import Any

import msgspec
import pytest
from eth_bloom import BloomFilter
from hypothesis import given
from hypothesis import strategies as st

from indexer.blocks import Header, RawLog
from indexer.fetch.answers import parse_logs
from indexer.fetch.bloom import are_all_of_block, bloom_of
from indexer.fetch.fetcher import Fetcher
from indexer.fetch.ranges import RANGE_BLOCKS_MAX, RANGE_BLOCKS_START
from offchain.chain.bindings import load_contract
from offchain.chain.node import RpcError
from offchain.core.errors import NodeInconsistent
from tests.indexer.simulated_chain import CONTRACT, STRANGER, Block, SimulatedChain, settlement_at
from tests.indexer.simulated_nodes import LyingNode, Provider


class ScriptedNode(LyingNode):
    """An honest node whose answers to one method a test changes."""

    def __init__(self, chain: SimulatedChain) -> None:
        super().__init__(chain, random.Random(0), lies=0.0)
        self.asked: list[tuple[str, Any]] = []
        self.change: dict[str, Any] = {}

    def _answer(self, view: Any, method: str, params: Any) -> Any:
        self.asked.append((method, params))
        answer = super()._answer(view, method, params)
        return self.change[method](params, answer) if method in self.change else answer


@pytest.fixture
def chain() -> SimulatedChain:
    chain = SimulatedChain(random.Random(5), load_contract("Settlement"), 1, first_block=0)
    for _ in range(40):
        chain.mine()
    return chain


@pytest.fixture
def node(chain: SimulatedChain) -> ScriptedNode:
    return ScriptedNode(chain)


@pytest.fixture
def fetcher(node: ScriptedNode) -> Fetcher:
    return Fetcher(node, [settlement_at(CONTRACT, 0)])


def true_logs(chain: SimulatedChain, first: int, last: int) -> list[tuple[int, int, bytes]]:
    blocks = chain.blocks[first : last + 1]
    return [(block.number, log.log_index, log.data) for block in blocks for log in block.logs]


async def test_a_range_has_every_log_in_order(chain: SimulatedChain, fetcher: Fetcher) -> None:
    headers, logs = await fetcher.range(1, 40)
    assert [header.hash for header in headers] == [block.hash for block in chain.blocks[1:41]]
    assert [(log.block_number, log.log_index, log.data) for log in logs] == true_logs(chain, 1, 40)
    assert len(logs) > 20


@pytest.mark.parametrize("told", range(1, 40))
async def test_logs_that_a_range_answer_lacks_are_asked_for_by_block(
    chain: SimulatedChain, node: ScriptedNode, fetcher: Fetcher, told: int
) -> None:
    node.change["eth_getLogs"] = lambda params, answer: answer if "blockHash" in params[0] else answer[:told]
    _, logs = await fetcher.range(1, 40)
    assert [(log.block_number, log.log_index, log.data) for log in logs] == true_logs(chain, 1, 40)


@pytest.mark.parametrize("last", [1, 40])
async def test_a_block_whose_logs_the_node_does_not_have_yet_is_not_believed(
    chain: SimulatedChain, node: ScriptedNode, fetcher: Fetcher, last: int
) -> None:
    first = next(block.number for block in chain.blocks if block.logs)
    node.change["eth_getLogs"] = lambda params, answer: [] if "blockHash" in params[0] else answer[:1]
    with pytest.raises(NodeInconsistent, match="tell"):
        await fetcher.range(first, max(first, last))


async def test_a_filter_that_promises_by_chance_is_told_from_a_lie_by_all_logs_of_the_block(
    chain: SimulatedChain, node: ScriptedNode
) -> None:
    # The stranger's logs promise every contract whose three bits are among theirs; here: the stranger itself.
    block = next(block for block in chain.blocks if not block.logs and block.strange_logs)
    fetcher = Fetcher(node, [settlement_at(STRANGER, 0)])
    node.change["eth_getLogs"] = lambda params, answer: [] if "address" in params[0] else answer
    (header,) = await fetcher.headers(block.number, block.number)
    (log,) = await fetcher.logs([header])
    assert log.data == block.strange_logs[0].data
    fetcher.want([settlement_at(CONTRACT, 0)])
    assert await fetcher.logs([header._replace(bloom=header.bloom)]) == []
    with pytest.raises(NodeInconsistent, match="all logs"):
        await fetcher.logs([header._replace(bloom=header.bloom | bloom_of(CONTRACT))])


def is_ours_alone(block: Block) -> bool:
    return not block.strange_logs and [log.log_index for log in block.logs] == list(range(len(block.logs)))


async def test_a_block_with_our_logs_alone_is_asked_for_once_whatever_its_filter_promises_by_chance(
    chain: SimulatedChain, node: ScriptedNode, fetcher: Fetcher
) -> None:
    # Every block with logs of the contract promises this event too, which there is not.
    (promise,) = fetcher._promises
    fetcher._promises = [promise._replace(topics=(*promise.topics, (bytes(32), promise.mask)))]
    for block in chain.blocks[1:]:
        (header,) = await fetcher.headers(block.number, block.number)
        node.asked.clear()
        assert [log.data for log in await fetcher.logs([header])] == [log.data for log in block.logs]
        asked = [params[0] for method, params in node.asked if method == "eth_getLogs"]
        assert len(asked) == (1 if is_ours_alone(block) else 3) or not block.logs
        assert all("address" in query for query in asked[:2])
        assert not any("address" in query for query in asked[2:])


async def test_all_logs_are_asked_for_at_once_of_blocks_before_the_end_of_an_answer(
    chain: SimulatedChain, node: ScriptedNode, fetcher: Fetcher
) -> None:
    (promise,) = fetcher._promises
    fetcher._promises = [promise._replace(topics=(*promise.topics, (bytes(32), promise.mask)))]
    _, logs = await fetcher.range(1, 40)
    assert [(log.block_number, log.log_index, log.data) for log in logs] == true_logs(chain, 1, 40)
    asked = [params[0] for method, params in node.asked if method == "eth_getLogs"]
    wanted = [query["blockHash"] for query in asked if "blockHash" in query and "address" in query]
    whole = [query["blockHash"] for query in asked if "address" not in query]
    last = max(block.number for block in chain.blocks[1:41] if block.logs)
    assert not set(wanted) & {"0x" + block.hash.hex() for block in chain.blocks[:last]}
    mixed = {"0x" + block.hash.hex() for block in chain.blocks[1:last] if block.logs and not is_ours_alone(block)}
    assert mixed
    assert mixed <= set(whole)


async def test_logs_are_not_all_of_a_block_if_one_is_left_out_or_a_stranger_has_one(
    chain: SimulatedChain, fetcher: Fetcher
) -> None:
    blocks = [block for block in chain.blocks[1:] if block.logs]
    assert {is_ours_alone(block) for block in blocks} == {True, False}
    for block in blocks:
        (header,) = await fetcher.headers(block.number, block.number)
        logs = await fetcher.logs([header])
        assert are_all_of_block(logs, header) == is_ours_alone(block)
        assert not are_all_of_block(logs[1:], header)


async def test_a_node_that_lacks_the_newest_blocks_gives_a_shorter_range(node: ScriptedNode, fetcher: Fetcher) -> None:
    node.change["eth_getBlockByNumber"] = lambda params, answer: None if params[0] == hex(9) else answer
    headers, _ = await fetcher.range(1, 40)
    assert headers[-1].number == 8


async def test_no_logs_are_asked_for_where_no_block_promises_any(chain: SimulatedChain, node: ScriptedNode) -> None:
    fetcher = Fetcher(node, [settlement_at(b"\x99" * 20, 0)])
    assert await fetcher.range(1, 5) == (await fetcher.headers(1, 5), [])
    assert all(method != "eth_getLogs" for method, _ in node.asked)


async def test_a_refused_range_is_asked_for_in_smaller_parts(chain: SimulatedChain, node: ScriptedNode) -> None:
    node.provider = Provider(logs_max=4)
    fetcher = Fetcher(node, [settlement_at(CONTRACT, 0)])
    found, first, refused, sizes = [], 1, 0, [RANGE_BLOCKS_START]
    while first <= 40:
        try:
            headers, logs = await fetcher.range(first, 40)
        except RpcError:
            refused += 1
        else:
            found += [(log.block_number, log.log_index, log.data) for log in logs]
            first = headers[-1].number + 1
        sizes.append(fetcher.size.blocks)
    assert found == true_logs(chain, 1, 40)
    assert refused
    assert min(sizes) < 10
    assert max(sizes) <= RANGE_BLOCKS_MAX


@pytest.mark.parametrize(
    ("method", "field", "value"),
    [
        ("eth_getBlockByNumber", "parentHash", "0x" + "ab" * 32),
        ("eth_getBlockByNumber", "number", "0x7"),
        ("eth_getBlockByNumber", "hash", "0x12"),
        ("eth_getBlockByNumber", "logsBloom", None),
        ("eth_getLogs", "blockHash", "0x" + "ab" * 32),
        ("eth_getLogs", "blockNumber", "0x7"),
        ("eth_getLogs", "address", "0x" + "ab" * 20),
        ("eth_getLogs", "removed", True),
        ("eth_getLogs", "topics", ["0x" + "ab" * 32] * 5),
        ("eth_getLogs", "data", "0xzz"),
    ],
)
async def test_an_answer_that_does_not_fit_is_refused(
    node: ScriptedNode, fetcher: Fetcher, method: str, field: str, value: Any
) -> None:
    def spoil(params: Any, answer: Any) -> Any:
        rows = answer[-1:] if isinstance(answer, list) else [answer]
        for row in rows:
            row[field] = value
        return answer

    node.change[method] = spoil
    with pytest.raises(NodeInconsistent):
        await fetcher.range(1, 40)
    assert fetcher.size.blocks == RANGE_BLOCKS_START // 2


TOPIC = "0x" + "ab" * 32


def told_log(header: Header, **changed: Any) -> dict[str, Any]:
    log = {
        "address": "0x" + CONTRACT.hex(),
        "blockHash": "0x" + header.hash.hex(),
        "blockNumber": hex(header.number),
        "transactionHash": "0x" + "cd" * 32,
        "logIndex": "0x0",
        "topics": [TOPIC],
        "data": "0x0102",
    }
    return log | changed


def parsed(header: Header, logs: list[dict[str, Any]], **style: Any) -> list[RawLog]:
    text = json.dumps(logs, **style).encode()
    return parse_logs(msgspec.Raw(text), [header], {"0x" + CONTRACT.hex(): CONTRACT})


@given(st.lists(st.tuples(st.lists(st.binary(min_size=32, max_size=32), max_size=4), st.binary(max_size=70))))
def test_logs_are_read_whatever_their_topics_and_data(values: list[tuple[list[bytes], bytes]]) -> None:
    header = Header(7, b"\x07" * 32, bytes(32), 99, 0)
    logs = [
        told_log(header, logIndex=hex(place), topics=["0x" + topic.hex() for topic in topics], data="0x" + data.hex())
        for place, (topics, data) in enumerate(values)
    ]
    found = parsed(header, logs, separators=(",", ":"))
    assert [(log.log_index, log.topics, log.data) for log in found] == [
        (place, b"".join(topics), data) for place, (topics, data) in enumerate(values)
    ]
    assert found == parsed(header, logs) == parsed(header, logs, indent=3)


@pytest.mark.parametrize(
    "topics",
    [
        [TOPIC[:-1]],
        [TOPIC + "0"],
        [TOPIC[:-2], TOPIC + "00"],
        [TOPIC[2:] + "00"],
        ["0y" + TOPIC[2:]],
        [TOPIC[:-1] + "g"],
        [TOPIC[:-1] + "ä"],
        [TOPIC[:-1] + '"'],
        [TOPIC] * 5,
        TOPIC,
        [1],
        None,
        {},
    ],
)
def test_topics_that_are_none_are_refused(topics: Any) -> None:
    header = Header(7, b"\x07" * 32, bytes(32), 99, 0)
    with pytest.raises(NodeInconsistent, match="cannot be read"):
        parsed(header, [told_log(header), told_log(header, topics=topics)], separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize("data", ["", "0", "0x0", "1234", "0x0g", "x0", "0x00x0", "00x0", "0x 0", "0xä", None, 7])
def test_data_that_is_none_is_refused(data: Any) -> None:
    header = Header(7, b"\x07" * 32, bytes(32), 99, 0)
    for neighbour in ("0x", "0x0x", "0x0", "0x1234"):
        logs = [told_log(header, data=neighbour), told_log(header, data=data), told_log(header, data="0x11")]
        with pytest.raises(NodeInconsistent, match="cannot be read"):
            parsed(header, logs, ensure_ascii=False)


async def test_one_log_told_twice_is_refused(node: ScriptedNode, fetcher: Fetcher) -> None:
    node.change["eth_getLogs"] = lambda params, answer: answer + answer[:1]
    with pytest.raises(NodeInconsistent, match="two logs with one index"):
        await fetcher.range(1, 40)


@given(st.binary(min_size=1, max_size=32))
def test_the_bloom_filter_is_that_of_ethereum(value: bytes) -> None:
    assert bloom_of(value) == int(BloomFilter.from_iterable([value]))
