"""Fetcher: the chain as one node tells it, believed only where it fits together.

Each block's header is read, so that the parent hashes form one chain and the header's bloom filter tells which of our
contracts and events must have logs in it. Where a filter promises what an answer lacks, the block is asked for by its
hash, and at last, or at once where later blocks were told, for all of its logs, which must make up the whole filter,
unless those of the answer do already. The last block that a range answer has logs of is asked for again too: an answer
may have been cut off there.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from operator import ge
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from indexer.blocks import TOPIC_BYTES, Header, IndexedContract, RawLog, Rpc
from indexer.fetch.answers import as_integer, parse_header, parse_logs, to_hex
from indexer.fetch.bloom import are_all_of_block, bloom_of, logs_of_whole_block
from indexer.fetch.ranges import RangeSize
from indexer.fetch.refusals import meaning_of
from offchain.chain.node import RpcError
from offchain.core.errors import ChainError, NodeInconsistent

_BLOOM_BITS_TELLING: Final = 512
"""A filter with more of its 2048 bits set promises events by chance so often that only contracts are looked up."""
_INDEX_BITS: Final = 32
_SMALL_ANSWER_BYTES: Final = 32_768
"""Larger ones are read in a thread of their own, so that the event loop keeps its pace."""
_Kind = tuple[bytes, bytes]
"""A contract and the first topic of one of its events; no topic: any log of the contract."""
_T = TypeVar("_T")


class Heads(NamedTuple):
    """The node's newest block, and the number of its `safe` block where it knows one."""

    latest: Header
    safe: int | None


class Blocks(NamedTuple):
    """Some blocks, each the parent of the next, with all logs of some contracts in them in order."""

    headers: Sequence[Header]
    logs: Sequence[RawLog]


class _Promise(NamedTuple):
    """A contract, and its events, by the bits that their logs set in a bloom filter."""

    contract: IndexedContract
    mask: int
    topics: tuple[tuple[bytes, int], ...]


class Fetcher:
    """Reads the chain from one node.

    Args:
        rpc: the node.
        contracts: whose logs are wanted.
        thread: where large answers are read; None: where they arrive.
    """

    def __init__(self, rpc: Rpc, contracts: Sequence[IndexedContract], thread: Executor | None = None) -> None:
        self._rpc = rpc
        self._thread = thread
        self.size = RangeSize()
        self.want(contracts)

    def want(self, contracts: Sequence[IndexedContract]) -> None:
        """Changes whose logs are wanted."""
        self._promises = [_promise_of(contract) for contract in contracts]
        self._addresses = {to_hex(contract.address): contract.address for contract in contracts}

    async def chain_id(self) -> int:
        """The chain's id (EIP-695).

        Raises:
            ChainError: the node does not answer.
        """
        return as_integer(await self._rpc.call("eth_chainId"))

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
        header = parse_header(latest)
        if header is None:
            raise NodeInconsistent("The node has no newest block.", "Check that it has finished starting.")
        known_safe = None if isinstance(safe, ChainError) else parse_header(safe)
        return Heads(header, None if known_safe is None else known_safe.number)

    async def headers(self, first: int, last: int) -> list[Header]:
        """The headers of the blocks from `first` to at most `last`, each the parent of the next.

        Blocks that the node does not have yet end the list early.

        Raises:
            ChainError: the node does not answer, refuses, or its blocks do not form a chain.
        """
        answers = await self._rpc.batch(
            [("eth_getBlockByNumber", (hex(number), False)) for number in range(first, last + 1)]
        )
        return await self._read(sum(map(_length, answers)), lambda: _linked(first, answers))

    async def range(self, first: int, last: int) -> Blocks:
        """As many blocks from `first` to `last` as the node is asked for at once, and their logs in order.

        Raises:
            ChainError: as `headers` and `logs`; the next range is then smaller.
        """
        asked = min(last - first + 1, self.size.blocks)
        try:
            headers = await self.headers(first, first + asked - 1)
            logs = await self.logs(headers)
        except RpcError as error:
            self.size.refused(asked, meaning_of(error.message))
            raise
        # Whatever it was, being cancelled too: no whole answer came, so less is asked for next.
        except BaseException:
            self.size.failed()
            raise
        self.size.answered(len(headers), len(logs))
        return Blocks(headers, logs)

    async def logs(self, headers: Sequence[Header]) -> list[RawLog]:
        """The contracts' logs in a chain of blocks, in order of block and log index.

        Raises:
            ChainError: the node does not answer, refuses, or its logs do not fit the headers.
        """
        promised = {header: kinds for header in headers if (kinds := self._promised(header))}
        if not promised:
            return []
        blocks = list(promised)
        span = {"fromBlock": hex(blocks[0].number), "toBlock": hex(blocks[-1].number)}
        if len(blocks) == 1:
            span = {"blockHash": to_hex(blocks[0].hash)}
        answer = await self._rpc.call("eth_getLogs", self._filter(span))
        logs, doubtful = await self._read(len(answer), lambda: self._compared(answer, promised))
        if not doubtful:
            return logs
        logs = _in_order(await self._asked_again(logs, doubtful))
        lacking = _lacking(logs, {header: promised[header] for header, is_whole in doubtful.items() if not is_whole})
        return _in_order(await self._asked_again(logs, dict.fromkeys(lacking, True))) if lacking else logs

    def _compared(
        self, answer: msgspec.Raw, promised: Mapping[Header, Sequence[_Kind]]
    ) -> tuple[list[RawLog], dict[Header, bool]]:
        """The logs of a range in order, and the blocks that may have more: their headers promise it, or an answer ends.

        True: a block before the answer's end. Most likely its header promises by chance, which all of its logs tell.
        """
        logs = _in_order(parse_logs(answer, list(promised), self._addresses))
        end = logs[-1].block_number if logs else -1
        doubtful = {header: header.number < end for header in _lacking(logs, promised)}
        if len(promised) > 1 and logs:
            last = next(header for header in promised if header.hash == logs[-1].block_hash)
            doubtful.setdefault(last, False)
        return logs, doubtful

    def _promised(self, header: Header) -> list[_Kind]:
        """What the header's bloom filter promises."""
        kinds: list[_Kind] = []
        for contract, mask, topics in self._promises:
            if header.bloom & mask == mask and header.number >= contract.first_block:
                kinds.append((contract.address, b""))
                if header.bloom.bit_count() <= _BLOOM_BITS_TELLING:
                    kinds += [(contract.address, topic) for topic, bits in topics if header.bloom & bits == bits]
        return kinds

    async def _asked_again(self, logs: list[RawLog], doubtful: Mapping[Header, bool]) -> list[RawLog]:
        """The logs, those of some blocks replaced by what the node says when it is asked by their hashes.

        With True it is asked for all logs of the block, and else for the wanted ones.
        """
        spans = {header: {"blockHash": to_hex(header.hash)} for header in doubtful}
        answers = await self._rpc.batch(
            [("eth_getLogs", (span if doubtful[header] else self._filter(span),)) for header, span in spans.items()]
        )
        before = {header.hash: set[int]() for header in doubtful}
        kept = []
        for log in logs:
            if log.block_hash in before:
                before[log.block_hash].add(log.log_index)
            else:
                kept.append(log)
        for (header, is_whole), answer in zip(doubtful.items(), answers, strict=True):
            if isinstance(answer, ChainError):
                raise answer
            whole_or_wanted = logs_of_whole_block if is_whole else _wanted_of_block
            told = whole_or_wanted(answer, header, self._addresses)
            if not before[header.hash] <= {log.log_index for log in told}:
                raise NodeInconsistent(f"The node tells fewer logs of block {header.number} than before.")
            kept += told
        return kept

    def _filter(self, blocks: dict[str, str]) -> dict[str, Any]:
        addresses = list(self._addresses)
        return {"address": addresses[0] if len(addresses) == 1 else addresses, **blocks}

    async def _read(self, size_bytes: int, read: Callable[[], _T]) -> _T:
        if self._thread is None or size_bytes <= _SMALL_ANSWER_BYTES:
            return read()
        return await asyncio.get_running_loop().run_in_executor(self._thread, read)


def _promise_of(contract: IndexedContract) -> _Promise:
    mask = bloom_of(contract.address)
    rows = [row for row in contract.abi.abi if row["type"] == "event" and not row.get("anonymous")]
    topics = [contract.abi.topic(row["name"]) for row in rows]
    return _Promise(contract, mask, tuple((topic, mask | bloom_of(topic)) for topic in topics))


def _wanted_of_block(answer: msgspec.Raw, header: Header, contracts: Mapping[str, bytes]) -> list[RawLog]:
    return parse_logs(answer, [header], contracts)


def _lacking(logs: Sequence[RawLog], promised: Mapping[Header, Sequence[_Kind]]) -> list[Header]:
    """The blocks whose headers promise more than these logs, unless these are seen to be all that the block has."""
    told = {(log.block_hash, log.contract, log.topics[:TOPIC_BYTES]) for log in logs}
    told |= {(block_hash, contract, b"") for block_hash, contract, _ in told}
    lacking = {
        header.hash: header
        for header, kinds in promised.items()
        if not all((header.hash, *kind) in told for kind in kinds)
    }
    of_block: defaultdict[bytes, list[RawLog]] = defaultdict(list)
    for log in logs if lacking else ():
        if log.block_hash in lacking:
            of_block[log.block_hash].append(log)
    return [header for header in lacking.values() if not are_all_of_block(of_block[header.hash], header)]


def _linked(first: int, answers: Sequence[msgspec.Raw | ChainError]) -> list[Header]:
    headers: list[Header] = []
    for number, answer in enumerate(answers, first):
        if isinstance(answer, ChainError):
            raise answer
        header = parse_header(answer)
        if header is None:
            break
        if header.number != number or (headers and header.parent_hash != headers[-1].hash):
            raise NodeInconsistent(f"Block {number} of the node is not the child of its block {number - 1}.")
        headers.append(header)
    return headers


def _in_order(logs: list[RawLog]) -> list[RawLog]:
    places = [log.block_number << _INDEX_BITS | log.log_index for log in logs]
    if any(map(ge, places, places[1:])):
        logs.sort(key=lambda log: (log.block_number, log.log_index))
        if len(set(places)) != len(places):
            raise NodeInconsistent("The node told two logs with one index in one block.")
    return logs


def _length(answer: msgspec.Raw | ChainError) -> int:
    return 0 if isinstance(answer, ChainError) else len(answer)
