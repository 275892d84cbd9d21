"""What a websocket says next."""

import asyncio
from typing import TypeVar

from offchain.client.stream import Stream
from offchain.client.stream_messages import Heartbeat
from tests.support.waiting import PATIENCE_S

_T = TypeVar("_T")


async def next_of(stream: Stream, kind: type[_T]) -> _T:
    """The next message that is no heartbeat; it has to be of this kind."""
    async with asyncio.timeout(PATIENCE_S):
        async for message in stream:
            if not isinstance(message, Heartbeat):
                assert isinstance(message, kind), message
                return message
    raise AssertionError
