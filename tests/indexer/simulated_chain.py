"""A chain that never ran and a node that tells it badly. The same seed gives the same chain and the same lies."""

import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from eth_abi.abi import encode

from indexer.fetch import bloom_of
from offchain.chain.bindings import Contract
from offchain.chain.node import RpcError
from offchain.chain.typed_data import keccak
from offchain.core.errors import NodeUnavailable

CONTRACT = bytes.fromhex("5e771e" + "00" * 16 + "01")
START_S = 1_760_000_000
FACT_EVENTS = (
    "Deposited",
    "Withdrawn",
    "BatchSettled",
    "ExitRequested",
    "ExitCancelled",
    "Exited",
    "CancelRequested",
    "CancelFloorRaised",
)


class Log(NamedTuple):
    """A log as it truly is; `event` is empty where nobody can decode it."""

    transaction_hash: bytes
    log_index: int
    topics: tuple[bytes, ...]
    data: bytes
    event: str
    arguments: dict[str, Any]


class Block(NamedTuple):
    number: int
    hash: bytes
    parent_hash: bytes
    timestamp_s: int
    logs: tuple[Log, ...]
    bloom: int


class SimulatedChain:
    """The truth: a list of blocks that grows, and whose end is replaced now and then."""

    def __init__(self, rng: random.Random, abi: Contract, chain_id: int, first_block: int) -> None:
        self.rng = rng
        self.abi = abi
        self.chain_id = chain_id
        self.first_block = first_block
        self.blocks: list[Block] = []
        self.forks: list[list[Block]] = []
        self._batch = 0
        for _ in range(max(1, first_block)):
            self.mine(empty=True)

    @property
    def head(self) -> Block:
        return self.blocks[-1]

    def mine(self, *, empty: bool = False) -> None:
        """A block of zero to three transactions of ours, and other people's logs between."""
        logs: list[Log] = []
        early = len(self.blocks) < self.first_block
        for _ in range(0 if empty or early else self.rng.choice((0, 0, 1, 1, 2, 3))):
            logs += self._transaction(logs[-1].log_index + 1 if logs else 0)
        self._append(logs)

    def reorg(self, depth: int, length: int) -> None:
        """Replaces the last `depth` blocks by `length` others; some of the old transactions come back elsewhere."""
        self.forks.append(list(self.blocks))
        dropped = [log for block in self.blocks[-depth:] for log in block.logs]
        del self.blocks[-depth:]
        for _ in range(length):
            back = {log.transaction_hash for log in dropped if self.rng.random() < 0.4}
            kept = [log for log in dropped if log.transaction_hash in back]
            dropped = [log for log in dropped if log not in kept]
            logs = [log._replace(log_index=position * 2) for position, log in enumerate(kept)]
            if self.rng.random() < 0.5:
                logs += self._transaction(len(logs) * 2)
            self._append(logs)

    def _append(self, logs: Sequence[Log]) -> None:
        number = len(self.blocks)
        parent = self.blocks[-1].hash if self.blocks else bytes(32)
        bloom = 1 << self.rng.randrange(2048)
        if logs or self.rng.random() < 0.1:
            bloom |= bloom_of(CONTRACT)
        block_hash = keccak(parent + self.rng.randbytes(8))
        self.blocks.append(Block(number, block_hash, parent, START_S + 2 * number, tuple(logs), bloom))

    def _transaction(self, index: int) -> list[Log]:
        rng, transaction = self.rng, self.rng.randbytes(32)
        owner, asset = bytes([rng.randrange(1, 5)] * 20), rng.randrange(1, 5)
        amount, seq = rng.randrange(1, 2**40), rng.randrange(2**48)
        choice = rng.randrange(12)
        if choice < 5:
            told = [("Deposited", (owner, asset, amount))]
        elif choice == 5:
            told = [("Withdrawn", (owner, asset, amount, rng.randrange(2**64)))]
        elif choice == 6:
            told = [(rng.choice(("ExitRequested",)), (owner, asset, START_S))]
        elif choice == 7:
            told = [("ExitCancelled", (owner, asset)), ("Exited", (owner, asset, amount))]
        elif choice == 8:
            told = [("CancelRequested", (owner, asset, seq, START_S)), ("CancelFloorRaised", (owner, asset, seq))]
        elif choice == 9:
            self._batch += 1
            skips = [("FillSkipped", (self._batch, fill, 1 + fill)) for fill in range(rng.randrange(3))]
            settled = (self._batch, rng.randbytes(32), rng.randbytes(32), self._batch * 10, 7, len(skips))
            told = [*skips, ("BatchSettled", settled)]
        elif choice == 10:
            told = [("AssetListed", (asset, bytes(20), 1))]
        else:
            return [self._unreadable(transaction, index)]
        return [self._log(transaction, index + 2 * place, *one) for place, one in enumerate(told)]

    def _log(self, transaction: bytes, index: int, event: str, values: Sequence[Any]) -> Log:
        row = next(row for row in self.abi.abi if row["type"] == "event" and row["name"] == event)
        topics, types, plain = [self.abi.topic(event)], [], []
        for field, value in zip(row["inputs"], values, strict=True):
            encodable = "0x" + value.hex() if field["type"] == "address" else value
            if field["indexed"]:
                topics.append(encode([field["type"]], [encodable]))
            else:
                types.append(field["type"])
                plain.append(encodable)
        names = [field["name"] for field in row["inputs"]]
        arguments = dict(zip(names, values, strict=True))
        return Log(transaction, index, tuple(topics), encode(types, plain), event, arguments)

    def _unreadable(self, transaction: bytes, index: int) -> Log:
        deposited = self.abi.topic("Deposited")
        topics, data = self.rng.choice(
            (
                ((keccak(b"Unheard(uint256)"),), bytes(32)),
                ((), b"anonymous"),
                ((deposited, bytes(32), bytes(32)), bytes(31)),
                ((deposited, b"\xff" * 32, bytes(32)), bytes(32)),
                ((deposited, bytes(32), bytes(32)), b"\xff" * 32),
            )
        )
        return Log(transaction, index, topics, data, "", {})


class LyingNode:
    """Tells a simulated chain over JSON-RPC. `lies` is the share of its answers that are wrong in some way."""

    def __init__(self, chain: SimulatedChain, rng: random.Random, lies: float) -> None:
        self._chain = chain
        self._rng = rng
        self.lies = lies
        self.result_cap = rng.choice((3, 10, 1_000))

    async def call(self, method: str, *params: Any) -> Any:
        (answer,) = await self.batch([(method, params)])
        if isinstance(answer, RpcError):
            raise answer
        return answer

    async def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        if self._lie():
            raise NodeUnavailable("The simulated node is away.")
        view = self._view()
        return [self._answer(view, method, params) for method, params in requests]

    def _lie(self, share: float = 0.25) -> bool:
        return self._rng.random() < self.lies * share

    def _view(self) -> list[Block]:
        """The chain as one node of the pool knows it now: whole, cut short, or the one before the last reorg."""
        chain = self._chain
        if self._lie() and len(chain.blocks) > 3:
            return chain.blocks[: -self._rng.randrange(1, 3)]
        if self._lie() and chain.forks and len(chain.forks[-1]) <= len(chain.blocks):
            return chain.forks[-1]
        return chain.blocks

    def _answer(self, view: list[Block], method: str, params: Sequence[Any]) -> Any:
        if self._lie(0.02):
            return RpcError(method, {"code": -32_005, "message": "a limit that nobody has heard of"})
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
            "hash": "0x" + block.hash.hex(),
            "parentHash": "0x" + block.parent_hash.hex(),
            "timestamp": hex(block.timestamp_s),
            "logsBloom": "0x" + block.bloom.to_bytes(256).hex(),
        }
        if tag != "latest" and self._lie(0.03):
            answer["parentHash"] = "0x" + self._rng.randbytes(32).hex()
        elif self._lie(0.03):
            answer[self._rng.choice(list(answer))] = self._rng.choice((None, "0x", "nonsense"))
        elif tag == "latest" and self._lie(0.05):
            answer["number"] = hex(number + 5)
            answer["hash"] = "0x" + self._rng.randbytes(32).hex()
        return answer

    def _logs(self, view: list[Block], query: dict[str, str]) -> Any:
        if "blockHash" in query:
            known = [*view, *(block for fork in self._chain.forks for block in fork)]
            blocks = [block for block in known if "0x" + block.hash.hex() == query["blockHash"]][:1]
            if not blocks:
                return RpcError("eth_getLogs", {"code": -32_000, "message": "unknown block"})
        else:
            blocks = view[int(query["fromBlock"], 16) : int(query["toBlock"], 16) + 1]
            blocks = [block for block in blocks if not self._lie(0.1)]
        answer = [self._log(block, log) for block in blocks for log in block.logs]
        if "blockHash" not in query and len(answer) > self.result_cap:
            return RpcError("eth_getLogs", {"code": -32_005, "message": f"more than {self.result_cap} results"})
        if answer and self._lie(0.1):
            self._spoil(answer)
        return answer

    def _log(self, block: Block, log: Log) -> dict[str, Any]:
        return {
            "address": "0x" + CONTRACT.hex(),
            "blockNumber": hex(block.number),
            "blockHash": "0x" + block.hash.hex(),
            "transactionHash": "0x" + log.transaction_hash.hex(),
            "logIndex": hex(log.log_index),
            "topics": ["0x" + topic.hex() for topic in log.topics],
            "data": "0x" + log.data.hex(),
            "removed": False,
        }

    def _spoil(self, answer: list[dict[str, Any]]) -> None:
        log = self._rng.choice(answer)
        field, value = self._rng.choice(
            (
                ("removed", True),
                ("blockHash", "0x" + self._rng.randbytes(32).hex()),
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
