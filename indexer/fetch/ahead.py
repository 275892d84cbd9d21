"""Read ahead: in backfill some ranges are asked for at once, and handed over in order."""

import asyncio
from collections import deque
from typing import Final, NamedTuple, Protocol

from indexer.blocks import Header, RawLog
from indexer.fetch.fetcher import Blocks

RANGES_AHEAD: Final = 6
STEP_LOGS: Final = 20_000
"""Ranges that are there already make one step together while they have fewer logs: each step has a cost of its own."""


class RangeSource(Protocol):
    """Where ranges come from."""

    @property
    def range_blocks(self) -> int:
        """How many blocks a range has now."""

    async def range(self, first: int, last: int) -> Blocks:
        """As many blocks from `first` to `last` as are told at once."""


class _Plan(NamedTuple):
    first: int
    last: int
    task: "asyncio.Task[Blocks]"


class ReadAhead:
    """Ranges of a growing chain, in order."""

    def __init__(self, source: RangeSource) -> None:
        self._source = source
        self._plans: deque[_Plan] = deque()

    async def next(self, first: int, last: int) -> Blocks:
        """Blocks from `first` on, and at most to `last`; those after them are being read when this returns.

        Raises:
            ChainError: as the source; what was read ahead is forgotten.
        """
        if self._plans and (self._plans[0].first != first or _has_failed(self._plans[0].task)):
            self.forget()
        self._fill(first, last)
        if not self._plans:
            return Blocks((), ())
        blocks = await self._first()
        while self._plans and len(blocks.logs) < STEP_LOGS and _has_answer(self._plans[0].task):
            if blocks.headers[-1].number + 1 != self._plans[0].first:
                break
            more = await self._first()
            if not more.headers or more.headers[0].parent_hash != blocks.headers[-1].hash:
                break
            blocks = Blocks([*blocks.headers, *more.headers], [*blocks.logs, *more.logs])
        self._fill(first + len(blocks.headers), last)
        return blocks

    async def _first(self) -> Blocks:
        plan = self._plans.popleft()
        try:
            blocks = await plan.task
        # Whatever ends the wait, being cancelled too: what comes after a gap is of no use.
        except BaseException:
            plan.task.cancel()
            self.forget()
            raise
        if len(blocks.headers) < plan.last - plan.first + 1:
            self.forget()
        return blocks

    def forget(self) -> None:
        """Drops what was read ahead."""
        while self._plans:
            self._plans.popleft().task.cancel()

    def _fill(self, first: int, last: int) -> None:
        start = self._plans[-1].last + 1 if self._plans else first
        while start <= last and len(self._plans) < RANGES_AHEAD:
            end = min(last, start + self._source.range_blocks - 1)
            task = asyncio.create_task(self._whole(start, end))
            task.add_done_callback(_look_at)
            self._plans.append(_Plan(start, end, task))
            start = end + 1

    async def _whole(self, first: int, last: int) -> Blocks:
        """All blocks of a range; fewer only where the source has no more, or where its parts do not fit together."""
        headers: list[Header] = []
        logs: list[RawLog] = []
        while first <= last:
            part = await self._source.range(first, last)
            if not part.headers or (headers and part.headers[0].parent_hash != headers[-1].hash):
                break
            headers += part.headers
            logs += part.logs
            first = headers[-1].number + 1
        return Blocks(headers, logs)


def _has_failed(task: "asyncio.Task[Blocks]") -> bool:
    """Whether a range was asked for in vain already: what was wrong then may be well now."""
    return task.done() and (task.cancelled() or task.exception() is not None)


def _has_answer(task: "asyncio.Task[Blocks]") -> bool:
    return task.done() and not _has_failed(task)


def _look_at(task: "asyncio.Task[Blocks]") -> None:
    """A range that nobody waits for any more may have failed; whoever needs it asks again."""
    if not task.cancelled():
        task.exception()
