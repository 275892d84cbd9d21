"""Nodes that tell a simulated chain badly: each with the limits and words of a provider, and with lies by chance."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import aiohttp
import msgspec

from indexer.fetch import http_node
from indexer.fetch.http_node import HttpNode, RateLimited
from tests.indexer.simulated_chain import Block, SimulatedChain
from tests.indexer.simulated_events import Log

_TIMEOUT_S: Final = 10.0
_Errors = dict[str, Any]


class Provider(NamedTuple):
    """What a node takes at once, and what it says of more. `{last}` is the last block that it would take."""

    logs_max: int = 10_000
    blocks_max: int = 100_000
    batch_max: int = 1_000
    too_many: str = "query returned more than {logs} results"


PROVIDERS: Final = (
    Provider(),
    Provider(
        logs_max=3, too_many="query returned more than {logs} results. Try with this block range [{first}, {last}]."
    ),
    Provider(logs_max=10, too_many="Log response size exceeded. this block range should work: [{first}, {last}]"),
    Provider(blocks_max=10, too_many="eth_getLogs is limited to a {blocks} range"),
    Provider(blocks_max=5, too_many="exceed maximum block range: {blocks}"),
    Provider(blocks_max=7, too_many="block range is too wide"),
    Provider(logs_max=8, blocks_max=20, too_many="You can make eth_getLogs requests with up to a 2K block range"),
    Provider(logs_max=5, too_many="backend response too large"),
    Provider(batch_max=10, too_many="a limit of which nobody has heard"),
)


class LyingNode(HttpNode):
    """One node of a simulated chain, without a network. `lies` is the share of its answers that are wrong somehow.

    Args:
        chain: the truth.
        rng: what it does when.
        lies: how often it is wrong.
        provider: what it takes.
        latency_s: how long it takes for an answer at most.
    """

    def __init__(
        self,
        chain: SimulatedChain,
        rng: random.Random,
        lies: float,
        *,
        provider: Provider = PROVIDERS[0],
        latency_s: float = 0.0,
    ) -> None:
        super().__init__("http://simulated")
        self.lies = lies
        self.provider = provider
        self.latency_s = latency_s
        self.is_away = False
        self.is_parted = False
        """It tells the chain's `other` blocks, while there are any."""
        self._chain = chain
        self._rng = rng

    async def _send(self, body: bytes, method: str) -> Any:
        self.requests += 1
        if self.latency_s:
            await asyncio.sleep(self._rng.uniform(0, self.latency_s))
        if self.is_away or self._lie(0.15):
            await self._fail()
        calls = msgspec.json.decode(body)
        return http_node.decode_replies(self._told(calls if isinstance(calls, list) else [calls], body[:1] == b"["))

    async def _fail(self) -> None:
        """Does not answer, in one of the ways in which nodes do not."""
        way = self._rng.randrange(6)
        if way == 0:
            await asyncio.Event().wait()
        if way == 1:
            await asyncio.sleep(_TIMEOUT_S)
            raise TimeoutError
        if way == 2:
            raise RateLimited(self.name, self._rng.choice((1.0, 5.0, 20.0)))
        if way == 3:
            raise ConnectionResetError("the connection was reset")
        if way == 4:
            raise aiohttp.ClientError("HTTP status 502")
        raise msgspec.DecodeError("<html>Bad gateway</html>")

    def _told(self, calls: list[dict[str, Any]], is_batch: bool) -> bytes:
        if len(calls) > self.provider.batch_max:
            return _text({"id": None, "error": {"code": -32_600, "message": "batch size too large"}})
        if self._lie(0.05):
            busy = (
                {"code": 429, "message": "Too Many Requests"},
                {"code": -32_005, "message": "daily quota is used up"},
            )
            return _text({"id": None, "error": self._rng.choice(busy)})
        view = self._view()
        replies = []
        for call in calls:
            answer = self._answer(view, call["method"], call["params"])
            kind = "error" if isinstance(answer, dict) and "code" in answer else "result"
            replies.append({"jsonrpc": "2.0", "id": call["id"], kind: answer})
        if self._lie(0.05):
            self._rng.shuffle(replies)
        if self._lie(0.05):
            replies.pop()
        text = _text(replies if is_batch else replies[0] if replies else {})
        return text[: len(text) // 2] if self._lie(0.05) else text

    def _lie(self, share: float) -> bool:
        return self._rng.random() < self.lies * share if self.lies else False

    def _view(self) -> list[Block]:
        """The chain as this node knows it now: whole, cut short, or the one before a reorg."""
        chain = self._chain
        if self.is_parted and chain.other is not None:
            return chain.other
        if self._lie(0.25) and len(chain.blocks) > 3:
            return chain.blocks[: -self._rng.randrange(1, min(8, len(chain.blocks) - 1))]
        if self._lie(0.2) and chain.forks:
            fork = self._rng.choice(chain.forks)
            return fork if len(fork) <= len(chain.blocks) else chain.blocks
        return chain.blocks

    def _answer(self, view: list[Block], method: str, params: Sequence[Any]) -> Any:
        """The JSON value of an answer; one with a `code` is an error."""
        if self._lie(0.02):
            return {"code": -32_005, "message": "an error text that nobody has ever seen"}
        answers: dict[str, Callable[..., Any]] = {
            "eth_chainId": lambda _: hex(self._chain.chain_id),
            "eth_getBlockByNumber": self._block,
            "eth_getLogs": self._logs,
        }
        return answers[method](view, *params)

    def _block(self, view: list[Block], tag: str, _full: bool) -> Any:
        if tag == "safe":
            return None
        number = len(view) - 1 if tag == "latest" else int(tag, 16)
        if number >= len(view) or self._lie(0.02):
            return None
        block = view[number]
        answer = {
            "number": hex(number),
            "hash": _hex(block.hash),
            "parentHash": _hex(block.parent_hash),
            "timestamp": hex(block.timestamp_s),
            "logsBloom": _hex(block.bloom.to_bytes(256)),
        }
        if tag != "latest" and self._lie(0.03):
            answer["parentHash"] = _hex(self._rng.randbytes(32))
        elif self._lie(0.03):
            answer[self._rng.choice(list(answer))] = self._rng.choice((None, "0x", "nonsense"))
        elif tag == "latest" and self._lie(0.1):
            answer["number"] = hex(number + self._rng.choice((1, 5, 1_000_000)))
            answer["hash"] = _hex(self._rng.randbytes(32))
        return answer

    def _logs(self, view: list[Block], query: dict[str, Any]) -> Any:
        if "blockHash" in query:
            known = [*view, *(block for fork in self._chain.forks for block in fork)]
            blocks = [block for block in known if _hex(block.hash) == query["blockHash"]][:1]
            if not blocks:
                return {"code": -32_000, "message": "unknown block"}
            # Its logs may not be there yet when the block is.
            blocks = [] if self._lie(0.1) else blocks
        else:
            blocks = view[int(query["fromBlock"], 16) : int(query["toBlock"], 16) + 1]
        wanted = query.get("address")
        answer = [(block, log) for block in blocks for log in _logs_at(block, wanted)]
        if "blockHash" not in query:
            refusal = self._refusal(int(query["fromBlock"], 16), blocks, answer)
            if refusal is not None:
                return refusal
            left_out = {block.number for block in blocks if self._lie(0.05)}
            answer = [(block, log) for block, log in answer if block.number not in left_out]
            if answer and self._lie(0.1):
                answer = answer[: self._rng.randrange(len(answer))]
        told = [_log(block, log) for block, log in answer]
        if told and self._lie(0.1):
            self._spoil(told)
        return told

    def _refusal(self, first: int, blocks: Sequence[Block], answer: Sequence[tuple[Block, Log]]) -> _Errors | None:
        limits = self.provider
        last = first + min(len(blocks), limits.blocks_max) - 1
        if len(answer) > limits.logs_max:
            last = max(first, min(last, answer[limits.logs_max][0].number - 1))
        elif len(blocks) <= limits.blocks_max:
            return None
        text = limits.too_many.format(logs=limits.logs_max, blocks=limits.blocks_max, first=hex(first), last=hex(last))
        return {"code": -32_005, "message": text}

    def _spoil(self, answer: list[dict[str, Any]]) -> None:
        log = self._rng.choice(answer)
        field, value = self._rng.choice(
            (
                ("removed", True),
                ("blockHash", _hex(self._rng.randbytes(32))),
                ("blockNumber", "0x1"),
                ("address", "0x" + "11" * 20),
                ("topics", None),
                ("logIndex", "-"),
                ("data", 7),
            )
        )
        if field == "removed" or self._rng.random() < 0.8:
            log[field] = value
        else:
            answer.append(dict(log))


def _logs_at(block: Block, wanted: str | list[str] | None) -> list[Log]:
    """A block's logs of some addresses, or all of them."""
    addresses = [wanted] if isinstance(wanted, str) else wanted
    logs = [*block.logs, *block.strange_logs]
    return [log for log in logs if addresses is None or _hex(log.contract) in addresses]


def _log(block: Block, log: Log) -> dict[str, Any]:
    return {
        "address": _hex(log.contract),
        "blockNumber": hex(block.number),
        "blockHash": _hex(block.hash),
        "transactionHash": _hex(log.transaction_hash),
        "logIndex": hex(log.log_index),
        "topics": [_hex(topic) for topic in log.topics],
        "data": _hex(log.data),
        "removed": False,
    }


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


_text: Final = msgspec.json.encode
