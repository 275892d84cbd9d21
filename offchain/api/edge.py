"""What every request passes first and every answer last: request id, body limit, security headers, the last resort."""

import re
import secrets
from collections.abc import Iterable
from itertools import count
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from offchain.api.errors import error_response, unexpected_error_body
from offchain.core.errors import RequestTooLarge

BODY_MAX_BYTES: Final = 64 * 1024
BATCH_BODY_MAX_BYTES: Final = 256 * 1024
BATCH_PATH: Final = "/api/v1/orders/batch"
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SECURITY_HEADERS: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (
        b"content-security-policy",
        (
            b"default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; connect-src *; "
            b"frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
        ),
    ),
]
"""Wallets inject their provider before the page's policy applies; the page itself may call any JSON-RPC node."""
_NO_STORE: Final = (b"cache-control", b"no-store")


class Edge:
    """The outermost ASGI layer of the app.

    It reads the whole body before the app sees the request, so that every route has the same limit whatever the
    request claims about its length.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._prefix = secrets.token_hex(3)
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request_id = self._request_id(scope["headers"])
        scope.setdefault("state", {})["request_id"] = request_id
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        await self._serve(scope, receive, send, request_id)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        extra = [*_SECURITY_HEADERS, (b"x-request-id", request_id.encode())]
        if scope["path"].startswith("/api/"):
            extra.append(_NO_STORE)
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", ()), *extra, *_limit_headers(scope["state"])]
            await send(message)

        try:
            body = await _read_body(receive, BATCH_BODY_MAX_BYTES if scope["path"] == BATCH_PATH else BODY_MAX_BYTES)
            if body is None:
                return
            await self._app(scope, _Replay(body, receive), send_with_headers)
        except RequestTooLarge as error:
            await error_response(error, request_id)(scope, receive, send_with_headers)
        except Exception as error:  # The last resort: the caller gets an id, the log all of it.
            answer = unexpected_error_body(error, request_id)
            if started:
                raise
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
            await send_with_headers({"type": "http.response.start", "status": 500, "headers": headers})
            await send({"type": "http.response.body", "body": answer})

    def _request_id(self, headers: Iterable[tuple[bytes, bytes]]) -> str:
        for name, value in headers:
            if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
                return value.decode()
        return f"{self._prefix}-{next(self._numbers):x}"


def _limit_headers(state: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    limit = state.get("rate_limit")
    if limit is None:
        return []
    per_second, left = limit
    return [(b"x-ratelimit-limit", b"%d" % per_second), (b"x-ratelimit-remaining", b"%d" % left)]


class _Replay:
    """The `receive` of a request whose body has been read."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


async def _read_body(receive: Receive, limit_bytes: int) -> bytes | None:
    """The body, or nothing if the caller went away.

    Raises:
        RequestTooLarge: it is longer than the limit.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size > limit_bytes:
            raise RequestTooLarge(
                f"The body is longer than {limit_bytes} bytes.", "Send less at once, or several batches."
            )
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)
