"""One websocket: its requests, its subscriptions, its heartbeat, and its end."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, TypeVar

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from offchain.api.access import Access
from offchain.api.services import Services, market_named
from offchain.api.stream_texts import StreamTexts, encode_message
from offchain.api.tokens import Principal
from offchain.api.views import milliseconds
from offchain.client.stream_messages import (
    PRIVATE_CHANNELS,
    SUBSCRIPTIONS_MAX,
    Ack,
    AuthRequest,
    Heartbeat,
    PrivateSnapshotMessage,
    ServerShutdown,
    StreamError,
    StreamRequest,
    SubscribeRequest,
    UnsubscribeRequest,
    decode_request,
)
from offchain.core.bus import Subscription
from offchain.core.errors import InvalidRequest, QuantaTradeError, SlowConsumer, Unauthorized

logger = logging.getLogger(__name__)
HEARTBEAT_S: Final = 1.0
SEND_TIMEOUT_S: Final = 5.0
"""How long one message may wait for the reader's network."""
CLOSE_SLOW: Final = 4008
_CLOSE_RESTART: Final = 1012
_CLOSE_INTERNAL: Final = 1011
_CLOSE_TIMEOUT_S: Final = 1.0
_RETRY_AFTER_MS: Final = 1_000
_Item = TypeVar("_Item")
_Key = tuple[str, str | None]


class StreamConnection:
    """One websocket and its subscriptions, each with a task that passes on what comes."""

    def __init__(self, websocket: WebSocket, services: Services, access: Access, texts: StreamTexts) -> None:
        self._websocket = websocket
        self._services = services
        self._access = access
        self._texts = texts
        self._principal: Principal | None = None
        self._pumps: dict[_Key, asyncio.Task[None]] = {}
        self._sending = asyncio.Lock()
        self._sending_since: float | None = None
        self._stopped: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Reads requests and writes messages until either side ends it."""
        await self._websocket.accept()
        tasks = [self._spawn(self._read()), self._spawn(self._beat())]
        try:
            code, reason = await self._stopped
        finally:
            running = [*tasks, *self._pumps.values()]
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        if code and self._websocket.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
                await asyncio.wait_for(self._websocket.close(code, reason), _CLOSE_TIMEOUT_S)

    async def shut_down(self) -> None:
        """Says that the server stops, and ends the connection."""
        notice = encode_message(ServerShutdown("The server is stopping.", _RETRY_AFTER_MS))
        with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
            await asyncio.wait_for(self._send(notice), _CLOSE_TIMEOUT_S)
        self._stop(_CLOSE_RESTART, "server shutdown")

    def _stop(self, code: int, reason: str) -> None:
        if not self._stopped.done():
            self._stopped.set_result((code, reason))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(self._guard(work))

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs a task of this connection; what breaks it ends the connection, with a reason."""
        try:
            await work
        except (WebSocketDisconnect, RuntimeError):
            self._stop(0, "")
        except SlowConsumer as error:
            self._stop(CLOSE_SLOW, f"slow consumer: {error.message}")
        except Exception:  # The other connections go on.
            logger.exception("websocket %s failed", self._websocket.state.request_id)
            self._stop(_CLOSE_INTERNAL, "internal error")

    async def _send(self, text: bytes) -> None:
        async with self._sending:
            self._sending_since = time.monotonic()
            try:
                await self._websocket.send({"type": "websocket.send", "text": text.decode()})
            finally:
                self._sending_since = None

    async def _beat(self) -> None:
        """Sends the heartbeat, ends what has lost its authorisation, and cuts a reader whose network is stuck."""
        counter = 0
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            since = self._sending_since
            if since is not None:
                if time.monotonic() - since > SEND_TIMEOUT_S:
                    raise SlowConsumer(f"A message waited for more than {SEND_TIMEOUT_S:.0f} s to be read.")
                continue
            await self._check_session()
            counter += 1
            await self._send(encode_message(Heartbeat(counter, milliseconds(self._services.clock()))))

    async def _check_session(self) -> None:
        if self._principal is None:
            return
        try:
            self._access.check(self._principal)
        except QuantaTradeError as error:
            self._principal = None
            self._drop_private()
            await self._send(encode_message(_refused(None, error)))

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                self._stop(0, "")
                return
            request_id: int | None = None
            try:
                self._access.take_request(self._websocket)
                request = _decoded(message.get("text") or message.get("bytes") or b"")
                request_id = request.id
                await self._serve(request)
            except QuantaTradeError as error:
                await self._send(encode_message(_refused(request_id, error)))

    async def _serve(self, request: StreamRequest) -> None:
        if isinstance(request, SubscribeRequest):
            await self._subscribe(request)
            return
        if isinstance(request, UnsubscribeRequest):
            self._unsubscribe(_key(request))
        elif isinstance(request, AuthRequest):
            self._authenticate(request.token)
        await self._acknowledge(request)

    async def _acknowledge(self, request: StreamRequest) -> None:
        op = request.__struct_config__.tag
        assert isinstance(op, str)
        await self._send(encode_message(Ack(request.id, op)))

    def _authenticate(self, token: str) -> None:
        principal = self._access.principal(token)
        if self._principal is not None and principal.owner != self._principal.owner:
            self._drop_private()
        self._principal = principal

    def _unsubscribe(self, key: _Key) -> None:
        if key not in self._pumps:
            raise InvalidRequest("There is no such subscription.", "Subscribe first.")
        self._drop(key)

    def _drop_private(self) -> None:
        for channel in PRIVATE_CHANNELS:
            self._drop((channel, None))

    def _drop(self, key: _Key) -> None:
        pump = self._pumps.pop(key, None)
        if pump is not None:
            pump.cancel()

    async def _subscribe(self, request: SubscribeRequest) -> None:
        key = _key(request)
        if key in self._pumps:
            raise InvalidRequest("This channel is subscribed to already.", "Unsubscribe first for a new snapshot.")
        if len(self._pumps) >= SUBSCRIPTIONS_MAX:
            raise InvalidRequest(f"A connection has at most {SUBSCRIPTIONS_MAX} subscriptions.", "Open another one.")
        if request.channel in PRIVATE_CHANNELS:
            if self._principal is None:
                raise Unauthorized(
                    f"The channel {request.channel} needs a signed-in wallet.", "Send `auth` with a token first."
                )
            pump = self._own(self._principal.owner, request)
        else:
            pump = self._public(request)
        await self._acknowledge(request)
        self._pumps[key] = self._spawn(pump)

    def _public(self, request: SubscribeRequest) -> Coroutine[Any, Any, None]:
        if request.market is None:
            raise InvalidRequest(f"The channel {request.channel} needs a market.", "Send its symbol as `market`.")
        market = market_named(self._services, request.market).market_id
        if request.channel == "status":
            return self._status(market)
        return self._book(market) if request.channel == "book" else self._trades(market)

    async def _book(self, market: int) -> None:
        feed = self._services.market_feed
        subscription = feed.subscribe_book(market)
        snapshot = self._texts.book_snapshot(feed.book(market))
        await self._pump((snapshot,), subscription, self._texts.book_update)

    async def _trades(self, market: int) -> None:
        feed = self._services.market_feed
        subscription = feed.subscribe_trades(market)
        snapshot = self._texts.trades_snapshot(feed.trades(market))
        await self._pump((snapshot,), subscription, self._texts.trades_update)

    async def _status(self, market: int) -> None:
        feed = self._services.market_feed
        subscription = feed.subscribe_status(market)
        snapshot = self._texts.status_snapshot(feed.status(market))
        await self._pump((snapshot,), subscription, self._texts.status_update)

    def _own(self, owner: bytes, request: SubscribeRequest) -> Coroutine[Any, Any, None]:
        if request.channel == "private":
            return self._private(owner, request.since_seq)
        return self._statements(owner)

    async def _statements(self, owner: bytes) -> None:
        await self._pump((), self._services.statements.listen(owner), self._texts.statement_request)

    async def _private(self, owner: bytes, since_seq: int | None) -> None:
        directory, feed = self._services.sequencer.directory, self._services.account_feed
        if directory.account_of(owner) is None:
            await self._send(encode_message(PrivateSnapshotMessage(0, [], [])))
        while (account := directory.account_of(owner)) is None:  # noqa: ASYNC110 - nothing tells of a first deposit
            await asyncio.sleep(HEARTBEAT_S)
        subscription = feed.subscribe(account)
        missed = None if since_seq is None else feed.replay(account, since_seq)
        if missed is None:
            first = [self._texts.private_snapshot(feed.snapshot(account))]
        else:
            first = [self._texts.private_update(update) for update in missed]
        await self._pump(first, subscription, self._texts.private_update)

    async def _pump(
        self, first: Iterable[bytes], subscription: Subscription[_Item], encode: Callable[[_Item], bytes]
    ) -> None:
        try:
            for text in first:
                await self._send(text)
            async for item in subscription:
                await self._send(encode(item))
        finally:
            subscription.close()
        self._stop(_CLOSE_RESTART, "server shutdown")


def _key(request: SubscribeRequest | UnsubscribeRequest) -> _Key:
    return request.channel, None if request.channel in PRIVATE_CHANNELS else request.market


def _decoded(text: str | bytes) -> StreamRequest:
    try:
        return decode_request(text)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"{error}.", "docs/api.md describes the messages.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The message is not JSON: {error}.", "Send well-formed JSON in UTF-8.") from error


def _refused(request_id: int | None, error: QuantaTradeError) -> StreamError:
    return StreamError(request_id, error.code, error.name, error.message, error.next_step)
