"""Several nodes of one chain behind one face: who is asked next, who rests, and whether two of them agree.

The lead tells the newest block until it fails or its head stands still while others go on. Ranges go to whoever is
quickest by now. An answer that does not come or does not fit together sends the question to the next node.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from typing import Final, TypeVar

from indexer.blocks import BlockRef, Header, IndexedContract, Rpc
from indexer.fetch.fetcher import Blocks, Fetcher, Heads
from indexer.fetch.http_node import RateLimited
from offchain.chain.node import RpcError
from offchain.core.errors import ChainError, NodeInconsistent, NodeUnavailable

HEAD_TIMEOUT_S: Final = 30.0
"""A lead whose head stands still for so long is compared with the others."""
_REST_START_S: Final = 0.5
_REST_MAX_S: Final = 30.0
_LATENCY_START_S: Final = 0.1
_LATENCY_WEIGHT: Final = 0.2
_REFUSALS_MAX: Final = 12
"""Halving a range so often ends at one block, whatever it began with."""
_T = TypeVar("_T")


class WrongChain(ChainError):
    """A node is of another chain than the manifest."""

    code, name = 6009, "WRONG_CHAIN"


class Member:
    """A node with how it does: the mean time of its answers, failures in a row, and until when it rests."""

    def __init__(self, name: str, fetcher: Fetcher) -> None:
        self.name = name
        self.fetcher = fetcher
        self.latency_s = _LATENCY_START_S
        self.requests = 0
        self.errors = 0
        self.failures = 0
        self.rests_until_s = 0.0
        self.in_flight = 0
        self.is_checked = False
        """It is known to be of the right chain."""

    def score(self, is_lead: bool) -> float:
        """How long an answer will take, roughly; the lead is preferred where it is no worse than half as quick."""
        return (self.in_flight + 1) * self.latency_s * (0.5 if is_lead else 1.0)

    def answered(self, elapsed_s: float) -> None:
        """An answer came that fits together."""
        self.latency_s += _LATENCY_WEIGHT * (elapsed_s - self.latency_s)
        self.failures = 0

    def failed(self, error: ChainError, now_s: float) -> None:
        """No answer came, or one that does not fit together: the node rests, longer each time."""
        self.errors += 1
        self.failures += 1
        rest_s = min(_REST_MAX_S, _REST_START_S * 2 ** min(self.failures - 1, 10))
        self.rests_until_s = now_s + (error.rest_s if isinstance(error, RateLimited) else rest_s)


class Nodes:
    """The nodes of one chain.

    Args:
        rpcs: the nodes in order of preference.
        chain_id: what all of them must be of.
        contracts: whose logs are wanted.
        thread: where large answers are read.
        monotonic: seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        rpcs: Sequence[Rpc],
        chain_id: int,
        contracts: Sequence[IndexedContract],
        thread: Executor | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.members = [
            Member(f"{place}:{getattr(rpc, 'name', 'node')}", Fetcher(rpc, contracts, thread))
            for place, rpc in enumerate(rpcs)
        ]
        self._chain_id = chain_id
        self._monotonic = monotonic
        self._lead = self.members[0]
        self._highest = -1
        self._moved_s = monotonic()

    @property
    def head_age_s(self) -> float:
        """How long the newest block that any node told is known."""
        return self._monotonic() - self._moved_s

    @property
    def range_blocks(self) -> int:
        """The blocks that a range has now."""
        return self._lead.fetcher.size.blocks

    def want(self, contracts: Sequence[IndexedContract]) -> None:
        """Changes whose logs are wanted."""
        for member in self.members:
            member.fetcher.want(contracts)

    async def heads(self) -> Heads:
        """The newest block of the lead.

        Raises:
            ChainError: no node answers.
        """
        found = await self._ask(lambda fetcher: fetcher.heads(), lead_first=True)
        now_s = self._monotonic()
        if found.latest.number > self._highest:
            self._highest, self._moved_s = found.latest.number, now_s
        elif len(self.members) > 1 and now_s - self._moved_s > HEAD_TIMEOUT_S:
            self._moved_s = now_s
            return await self._highest_of_all(found)
        return found

    async def headers(self, first: int, last: int) -> list[Header]:
        """As `Fetcher.headers`, of the lead where it answers."""
        return await self._ask(lambda fetcher: fetcher.headers(first, last), lead_first=True)

    async def range(self, first: int, last: int) -> Blocks:
        """As `Fetcher.range`; a refused range is asked for in smaller parts at once."""

        async def smaller_and_smaller(fetcher: Fetcher) -> Blocks:
            for _ in range(_REFUSALS_MAX):
                try:
                    return await fetcher.range(first, last)
                except RpcError:
                    if fetcher.size.blocks <= 1:
                        break
            return await fetcher.range(first, last)

        return await self._ask(smaller_and_smaller, lead_first=False)

    async def another_agrees(self, block: BlockRef) -> bool:
        """Whether a node other than the lead has this block."""
        return await self._other_with(block) is not None

    async def fail_over(self, block: BlockRef, error: ChainError) -> bool:
        """Lets a node that has this block lead, because the lead failed by telling another; whether there is one."""
        other = await self._other_with(block)
        if other is None:
            return False
        self._lead.failed(error, self._monotonic())
        self._lead = other
        return True

    async def _other_with(self, block: BlockRef) -> Member | None:
        for member in self.members:
            if member is self._lead or not self._is_awake(member):
                continue
            try:
                headers = await self._timed(member, lambda fetcher: fetcher.headers(block.number, block.number))
            except ChainError:
                continue
            if headers and headers[0].hash == block.hash:
                return member
        return None

    async def _highest_of_all(self, found: Heads) -> Heads:
        for member in self.members:
            try:
                heads = await self._timed(member, lambda fetcher: fetcher.heads())
            except ChainError:
                continue
            if heads.latest.number > found.latest.number:
                found, self._lead = heads, member
        self._highest = max(self._highest, found.latest.number)
        return found

    async def _ask(self, question: Callable[[Fetcher], Awaitable[_T]], *, lead_first: bool) -> _T:
        """The answer of the first node that has one; the lead changes where it has none."""
        awake = [member for member in self.members if self._is_awake(member)] or self.members
        order = sorted(awake, key=lambda member: member.score(member is self._lead))
        if lead_first and self._lead in order:
            order.remove(self._lead)
            order.insert(0, self._lead)
        failure: ChainError | None = None
        for member in order:
            try:
                answer = await self._timed(member, question)
            except ChainError as error:
                failure = failure or error
                continue
            if lead_first:
                self._lead = member
            return answer
        assert failure is not None
        raise failure

    async def _timed(self, member: Member, question: Callable[[Fetcher], Awaitable[_T]]) -> _T:
        started_s = self._monotonic()
        member.in_flight += 1
        member.requests += 1
        try:
            await self._check_chain(member)
            answer = await question(member.fetcher)
        except (NodeUnavailable, NodeInconsistent, WrongChain) as error:
            member.failed(error, self._monotonic())
            member.is_checked = member.is_checked and isinstance(error, NodeInconsistent)
            raise
        except RpcError:
            member.errors += 1
            raise
        finally:
            member.in_flight -= 1
        member.answered(self._monotonic() - started_s)
        return answer

    async def _check_chain(self, member: Member) -> None:
        if member.is_checked:
            return
        chain_id = await member.fetcher.chain_id()
        if chain_id != self._chain_id:
            raise WrongChain(
                f"Node {member.name} is of chain {chain_id}, and the deployment manifest of chain {self._chain_id}.",
                "Set QUANTATRADE_NODE_URLS to nodes of the manifest's chain.",
            )
        member.is_checked = True

    def _is_awake(self, member: Member) -> bool:
        return member.rests_until_s <= self._monotonic()
