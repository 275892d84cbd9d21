"""What only `Staking` can work out, read from it at a block: what its streams pay, and what an account has earned."""

from collections.abc import Sequence
from typing import Any

import msgspec

from offchain.chain.bindings import Contract
from offchain.chain.node import NodePool
from offchain.core.errors import ChainError, NodeUnavailable

_KEPT_MAX = 10_000
_FRACTION_BITS = 64


class Stream(msgspec.Struct, frozen=True):
    """What a reward pays now, in base units of its token. `rate` is base units a second, times 2^64, for all stakes."""

    left: int
    waiting: int
    rate: int
    end_s: int

    def paid_within(self, seconds: int) -> int:
        """Base units that all stakes earn together in a time that the stream lasts, rounded down."""
        return self.rate * seconds >> _FRACTION_BITS


class StakingView:
    """Reads of one deployed contract. Answers of the newest block that was asked for are kept."""

    def __init__(self, nodes: NodePool, contract: Contract, address: bytes) -> None:
        self._nodes = nodes
        self._contract = contract
        self._address = address
        self._block = -1
        self._kept: dict[tuple[str, Sequence[Any]], Any] = {}

    async def streams(self, rewards: Sequence[int], block: int) -> dict[int, Stream] | None:
        """The stream of each reward at a block; nothing if no node tells."""
        told = await self._read("streamOf", [(reward,) for reward in rewards], block)
        if told is None:
            return None
        return {reward: Stream(*row[1:]) for reward, row in zip(rewards, told, strict=True)}

    async def earned(self, account: bytes, rewards: Sequence[int], block: int) -> dict[int, int] | None:
        """What an account could claim of each reward at a block; nothing if no node tells."""
        told = await self._read("earned", [(account, reward) for reward in rewards], block)
        return None if told is None else dict(zip(rewards, told, strict=True))

    async def _read(self, function: str, calls: Sequence[Sequence[Any]], block: int) -> list[Any] | None:
        if block != self._block or len(self._kept) > _KEPT_MAX:
            self._block, self._kept = block, {}
        kept = self._kept
        lacking = [call for call in calls if (function, call) not in kept]
        if lacking:
            to = "0x" + self._address.hex()
            requests = [
                ("eth_call", ({"to": to, "data": "0x" + self._contract.encode_call(function, *call).hex()}, hex(block)))
                for call in lacking
            ]
            try:
                answers = await self._nodes.batch(requests)
                for call, answer in zip(lacking, answers, strict=True):
                    if isinstance(answer, ChainError):
                        return None
                    (kept[function, call],) = self._contract.decode_result(function, bytes.fromhex(answer[2:]))
            except (NodeUnavailable, ChainError):
                return None
        return [kept[function, call] for call in calls]
