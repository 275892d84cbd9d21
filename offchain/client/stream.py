"""The websocket as an asynchronous iterator of messages; an acknowledgement goes to who asked for it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Self

import aiohttp
import msgspec

from offchain.client.messages import ErrorMessage
from offchain.client.stream_messages import (
    Ack,
    AuthRequest,
    ChannelName,
    PingRequest,
    StreamError,
    StreamMessage,
    StreamRequest,
    SubscribeRequest,
    UnsubscribeRequest,
    decode_message,
)
from offchain.client.transport import error_of
from offchain.core.errors import ServiceUnavailable

MESSAGES_WAITING: Final = 10_000
"""How many messages wait for a slow iterator before the socket is no longer read (and the exchange cuts it)."""
_ACK_TIMEOUT_S: Final = 10.0
_encode: Final = msgspec.json.Encoder().encode


class Stream(AsyncIterator[StreamMessage]):
    """One websocket. Iterating ends with `ServiceUnavailable` when the exchange closes it: open a new one."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._messages: asyncio.Queue[StreamMessage | ServiceUnavailable] = asyncio.Queue(MESSAGES_WAITING)
        self._requests: dict[int, asyncio.Future[None]] = {}
        self._next_id = 1
        self._closed: ServiceUnavailable | None = None
        self._reader = asyncio.get_running_loop().create_task(self._read())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def __anext__(self) -> StreamMessage:
        """The next message.

        Raises:
            ServiceUnavailable: the socket was closed, with the reason.
        """
        if self._closed is not None and self._messages.empty():
            raise self._closed
        message = await self._messages.get()
        if isinstance(message, ServiceUnavailable):
            raise message
        return message

    async def close(self) -> None:
        """Closes the socket."""
        self._reader.cancel()
        await self._socket.close()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def subscribe(self, channel: ChannelName, market: str | None = None, since_seq: int | None = None) -> None:
        """Subscribes; the channel's snapshot comes as a message."""
        await self._ask(SubscribeRequest(self._id(), channel, market, since_seq))

    async def unsubscribe(self, channel: ChannelName, market: str | None = None) -> None:
        """Ends a subscription."""
        await self._ask(UnsubscribeRequest(self._id(), channel, market))

    async def resubscribe(self, channel: ChannelName, market: str | None = None) -> None:
        """Starts a subscription anew, from a fresh snapshot."""
        await self.unsubscribe(channel, market)
        await self.subscribe(channel, market)

    async def sign_in(self, access_token: str) -> None:
        """Tells who is asking, before `subscribe("private")`, and again before the token expires."""
        await self._ask(AuthRequest(self._id(), access_token))

    async def ping(self) -> None:
        """Returns when the exchange has answered."""
        await self._ask(PingRequest(self._id()))

    def _id(self) -> int:
        self._next_id += 1
        return self._next_id

    async def _ask(self, request: StreamRequest) -> None:
        if self._closed is not None:
            raise self._closed
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests[request.id] = answer
        try:
            await self._socket.send_str(_encode(request).decode())
            await asyncio.wait_for(answer, _ACK_TIMEOUT_S)
        except (TimeoutError, ConnectionError) as error:
            raise ServiceUnavailable("The websocket does not answer.", "Open a new one.") from error
        finally:
            self._requests.pop(request.id, None)

    async def _read(self) -> None:
        async for frame in self._socket:
            if frame.type is aiohttp.WSMsgType.TEXT:
                message = decode_message(frame.data)
                if not self._settles_a_request(message):
                    await self._messages.put(message)
        reason = f"code {self._socket.close_code}"
        self._closed = ServiceUnavailable(f"The websocket was closed ({reason}).", "Open a new one and subscribe.")
        for answer in self._requests.values():
            if not answer.done():
                answer.set_exception(self._closed)
        await self._messages.put(self._closed)

    def _settles_a_request(self, message: StreamMessage) -> bool:
        if not isinstance(message, Ack | StreamError) or message.id is None:
            return False
        answer = self._requests.get(message.id)
        if answer is not None and not answer.done():
            if isinstance(message, Ack):
                answer.set_result(None)
            else:
                told = ErrorMessage(message.code, message.name, message.message, message.next_step, "")
                answer.set_exception(error_of(told))
        return True


async def open_stream(session: aiohttp.ClientSession) -> Stream:
    """A new websocket.

    Raises:
        ServiceUnavailable: the exchange does not take one now.
    """
    try:
        return Stream(await session.ws_connect("/ws", heartbeat=None))
    except (TimeoutError, OSError, aiohttp.ClientError) as error:
        raise ServiceUnavailable(f"No websocket: {error}.", "Try again shortly.") from error
