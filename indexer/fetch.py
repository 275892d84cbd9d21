"""Fetch: headers and logs from the node, believed only where they fit together.

Each block's header is read, so that the parent hashes form one chain and the header's bloom filter tells which blocks
must have logs. A block whose bloom promises logs that a range answer lacks is asked for again by its hash.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

from offchain.chain.typed_data import keccak
from offchain.core.errors import ChainError, NodeInconsistent

RANGE_BLOCKS_START: Final = 64
RANGE_BLOCKS_MAX: Final = 512
TOPICS_MAX: Final = 4
_BLOOM_BYTES: Final = 256


class Rpc(Protocol):
    """The part of a node client that the indexer uses."""

    async def call(self, method: str, *params: Any) -> Any:
        """The result of one request."""

    async def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """The results of many requests in order, each a value or a `ChainError`."""


class BlockRef(NamedTuple):
    """A block by number and hash."""

    number: int
    hash: bytes


class Header(NamedTuple):
    """What the indexer reads of a block's header; `bloom` is the 2048-bit filter as an integer."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp_s: int
    bloom: int

    @property
    def ref(self) -> BlockRef:
        """The block by number and hash."""
        return BlockRef(self.number, self.hash)


class RawLog(NamedTuple):
    """A log of the contract as the node tells it, checked against its block's header."""

    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    log_index: int
    timestamp_s: int
    topics: tuple[bytes, ...]
    data: bytes


class Heads(NamedTuple):
    """The node's newest block, and the number of its `safe` block where it knows one."""

    latest: Header
    safe: int | None


class Fetcher:
    """Reads one contract's chain from a node.

    The number of blocks asked for at once halves when the node refuses or fails, and grows again as it answers.

    Args:
        rpc: the node.
        contract: the 20-byte address whose logs are wanted.
    """

    def __init__(self, rpc: Rpc, contract: bytes) -> None:
        self._rpc = rpc
        self._contract = contract
        self._bloom_mask = bloom_of(contract)
        self.range_blocks = RANGE_BLOCKS_START

    async def heads(self) -> Heads:
        """The newest block.

        Raises:
            ChainError: the node does not answer, or not with a block.
        """
        latest, safe = await self._rpc.batch(
            [("eth_getBlockByNumber", ("latest", False)), ("eth_getBlockByNumber", ("safe", False))]
        )
        if isinstance(latest, ChainError):
            raise latest
        if latest is None:
            raise NodeInconsistent("The node has no newest block.", "Check that it has finished starting.")
        known_safe = None if safe is None or isinstance(safe, ChainError) else parse_header(safe).number
        return Heads(parse_header(latest), known_safe)

    async def headers(self, first: int, last: int) -> list[Header]:
        """The headers of the blocks from `first` to at most `last`, each the parent of the next.

        Blocks that the node does not have yet end the list early.

        Raises:
            ChainError: the node does not answer, refuses, or its blocks do not form a chain.
        """
        answers = await self._rpc.batch(
            [("eth_getBlockByNumber", (hex(number), False)) for number in range(first, last + 1)]
        )
        headers: list[Header] = []
        for number, answer in enumerate(answers, first):
            if isinstance(answer, ChainError):
                raise answer
            if answer is None:
                break
            header = parse_header(answer)
            if header.number != number or (headers and header.parent_hash != headers[-1].hash):
                raise NodeInconsistent(f"Block {number} of the node is not the child of its block {number - 1}.")
            headers.append(header)
        return headers

    async def range(self, first: int, last: int) -> tuple[list[Header], list[RawLog]]:
        """As many blocks from `first` to `last` as the node is asked for at once, and their logs in order.

        Raises:
            ChainError: as `headers` and `logs`; the next range is then half as long.
        """
        try:
            headers = await self.headers(first, min(last, first + self.range_blocks - 1))
            logs = await self.logs(headers)
        except BaseException:
            self.range_blocks = max(1, self.range_blocks // 2)
            raise
        self.range_blocks = min(RANGE_BLOCKS_MAX, self.range_blocks + self.range_blocks // 4 + 1)
        return headers, logs

    async def logs(self, headers: Sequence[Header]) -> list[RawLog]:
        """The contract's logs in a chain of blocks, in order of block and log index.

        Raises:
            ChainError: the node does not answer, refuses, or its logs do not fit the headers.
        """
        promising = [header for header in headers if header.bloom & self._bloom_mask == self._bloom_mask]
        if not promising:
            return []
        filters = {"fromBlock": hex(promising[0].number), "toBlock": hex(promising[-1].number)}
        if len(promising) == 1:
            filters = {"blockHash": _hex(promising[0].hash)}
        by_hash = {header.hash: header for header in promising}
        logs = self._parsed(await self._rpc.call("eth_getLogs", self._filter(filters)), by_hash)
        told = {log.block_hash for log in logs}
        silent = [header for header in promising if header.hash not in told]
        if silent and len(promising) > 1:
            logs += await self._logs_by_hash(silent)
        logs.sort(key=lambda log: (log.block_number, log.log_index))
        if len({(log.block_number, log.log_index) for log in logs}) != len(logs):
            raise NodeInconsistent("The node told two logs with one index in one block.")
        return logs

    async def _logs_by_hash(self, headers: Sequence[Header]) -> list[RawLog]:
        answers = await self._rpc.batch(
            [("eth_getLogs", (self._filter({"blockHash": _hex(header.hash)}),)) for header in headers]
        )
        logs: list[RawLog] = []
        for header, answer in zip(headers, answers, strict=True):
            if isinstance(answer, ChainError):
                raise answer
            logs += self._parsed(answer, {header.hash: header})
        return logs

    def _filter(self, blocks: dict[str, str]) -> dict[str, str]:
        return {"address": _hex(self._contract), **blocks}

    def _parsed(self, answer: Any, by_hash: dict[bytes, Header]) -> list[RawLog]:
        """The logs of an answer, each checked to be the contract's and of the block that it claims."""
        if not isinstance(answer, list):
            raise NodeInconsistent("The node answered eth_getLogs with something else than a list.")
        logs = []
        for row in answer:
            log, address, removed = _parse_log(row, by_hash)
            header = by_hash.get(log.block_hash)
            if header is None or header.number != log.block_number or address != self._contract or removed:
                raise NodeInconsistent(f"The node told a log that is not of its block {log.block_number}.")
            logs.append(log)
        return logs


def bloom_of(value: bytes) -> int:
    """The bits that an address or a topic sets in a block's bloom filter (Yellow Paper, 4.4.3)."""
    digest = keccak(value)
    bits = 0
    for start in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[start : start + 2]) & 2047)
    return bits


def parse_header(answer: Any) -> Header:
    """The header in a node's answer.

    Raises:
        NodeInconsistent: it is not a block.
    """
    try:
        return Header(
            int(answer["number"], 16),
            _bytes(answer["hash"], 32),
            _bytes(answer["parentHash"], 32),
            int(answer["timestamp"], 16),
            int.from_bytes(_bytes(answer["logsBloom"], _BLOOM_BYTES)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NodeInconsistent(f"The node's block cannot be read: {type(error).__name__} {error}.") from error


def _parse_log(row: Any, by_hash: dict[bytes, Header]) -> tuple[RawLog, bytes, bool]:
    try:
        block_hash = _bytes(row["blockHash"], 32)
        header = by_hash.get(block_hash)
        topics = tuple(_bytes(topic, 32) for topic in row["topics"])
        if len(topics) > TOPICS_MAX:
            raise ValueError(f"{len(topics)} topics")
        log = RawLog(
            int(row["blockNumber"], 16),
            block_hash,
            _bytes(row["transactionHash"], 32),
            int(row["logIndex"], 16),
            header.timestamp_s if header else 0,
            topics,
            _bytes(row["data"]),
        )
        return log, _bytes(row["address"], 20), bool(row.get("removed"))
    except (KeyError, TypeError, ValueError) as error:
        raise NodeInconsistent(f"The node's log cannot be read: {type(error).__name__} {error}.") from error


def _bytes(text: Any, length: int | None = None) -> bytes:
    if not isinstance(text, str) or not text.startswith("0x"):
        raise ValueError(f"{str(text)[:20]!r} is not hexadecimal")
    value = bytes.fromhex(text[2:])
    if length is not None and len(value) != length:
        raise ValueError(f"{len(value)} bytes, not {length}")
    return value


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
