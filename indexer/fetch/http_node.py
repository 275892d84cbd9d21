"""One node over HTTP: time-outs, batches, no more requests at once than it bears, and rest when it asks for it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

from indexer.fetch.refusals import Refusal, meaning_of
from offchain.chain.node import RpcError
from offchain.core.errors import ChainError, NodeUnavailable

REQUEST_TIMEOUT_S: Final = 10.0
BATCH_CALLS_MAX: Final = 100
REQUESTS_AT_ONCE: Final = 6
_READ_BYTES: Final = 2**20
_REST_S: Final = 1.0
_REST_MAX_S: Final = 60.0
_TOO_LARGE: Final = 413
_TOO_OFTEN: Final = (429, 503)
_encode = msgspec.json.Encoder().encode


class RateLimited(NodeUnavailable):
    """The node asks to be left alone for a while."""

    code, name = 6008, "NODE_RATE_LIMITED"

    def __init__(self, node: str, rest_s: float) -> None:
        super().__init__(f"Node {node} takes no requests for {rest_s:g} s.", "Use more nodes, or one that takes more.")
        self.rest_s = rest_s


class _Reply(msgspec.Struct):
    id: int | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: dict[str, Any] | None = None


decode_replies: Final = msgspec.json.Decoder(list[_Reply] | _Reply).decode
"""The replies in the body of a response: one, or those of a batch."""


class HttpNode:
    """A node behind a URL.

    Args:
        url: where it is. It may hold a secret, so that only its host is ever told.
        timeout_s: how long a request may take.
    """

    def __init__(self, url: str, timeout_s: float = REQUEST_TIMEOUT_S) -> None:
        self.name = urlsplit(url).netloc.rpartition("@")[2]
        self.requests = 0
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None
        self._turns = asyncio.Semaphore(REQUESTS_AT_ONCE)
        self._next_id = 0
        self._batch_calls = BATCH_CALLS_MAX

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, method: str, *params: Any) -> msgspec.Raw:
        """The result of one request.

        Raises:
            RateLimited: the node wants to rest.
            NodeUnavailable: it does not answer.
            RpcError: it refuses.
        """
        (answer,) = await self._post([(method, params)])
        if isinstance(answer, ChainError):
            raise answer
        return answer

    async def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[msgspec.Raw | ChainError]:
        """The results of many requests in order, each a JSON text or an `RpcError`; raises as `call`."""
        parts = [requests[start : start + self._batch_calls] for start in range(0, len(requests), self._batch_calls)]
        posts = [asyncio.ensure_future(self._post(part)) for part in parts]
        try:
            answers = await asyncio.gather(*posts)
        finally:
            # Where one failed the others would go on, each in a turn that nobody waits for.
            for post in posts:
                post.cancel()
        return [answer for part in answers for answer in part]

    async def _post(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[msgspec.Raw | ChainError]:
        first_id = self._next_id
        self._next_id += len(requests)
        calls = [
            {"jsonrpc": "2.0", "id": first_id + place, "method": method, "params": params}
            for place, (method, params) in enumerate(requests)
        ]
        try:
            async with self._turns:
                replies = await self._send(_encode(calls[0] if len(calls) == 1 else calls), requests[0][0])
            by_id = {reply.id: reply for reply in (replies if isinstance(replies, list) else [replies])}
            # A node that refuses a whole batch answers once, with no id.
            is_refused = len(by_id) == 1 and None in by_id
            if is_refused:
                by_id = {first_id + place: by_id[None] for place in range(len(requests))}
            told = [by_id[first_id + place] for place in range(len(requests))]
        except (TimeoutError, OSError, aiohttp.ClientError, msgspec.MsgspecError, KeyError) as error:
            raise NodeUnavailable(
                f"Node {self.name} does not answer ({type(error).__name__} {error}).".replace(self._url, self.name)[
                    :300
                ],
                "Check that the node runs; requests go on when it does.",
            ) from error
        results = [self._result(method, reply) for (method, _), reply in zip(requests, told, strict=True)]
        return await self._post_halves(requests, results) if is_refused and len(requests) > 1 else results

    async def _post_halves(
        self, requests: Sequence[tuple[str, Sequence[Any]]], refusals: Sequence[msgspec.Raw | ChainError]
    ) -> list[msgspec.Raw | ChainError]:
        """The results of a batch that was refused as a whole; if it was too long, no later one will be."""
        half = len(requests) // 2
        if "batch" in str(refusals[0]):
            self._batch_calls = min(self._batch_calls, half)
        return [*await self._post(requests[:half]), *await self._post(requests[half:])]

    def _result(self, method: str, reply: _Reply) -> msgspec.Raw | ChainError:
        if reply.error is None:
            return reply.result
        error = RpcError(method, _with_reason(reply.error))
        code = reply.error.get("code")
        if meaning_of(error.message, code if isinstance(code, int) else 0).refusal is Refusal.RATE:
            raise RateLimited(self.name, _REST_S)
        return error

    async def _send(self, body: bytes, method: str) -> list[_Reply] | _Reply:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, read_bufsize=_READ_BYTES)
        self.requests += 1
        headers = {"content-type": "application/json"}
        async with self._session.post(self._url, data=body, headers=headers) as response:
            if response.status in _TOO_OFTEN:
                raise RateLimited(self.name, _rest_s(response.headers.get("Retry-After", "")))
            if response.status == _TOO_LARGE:
                return _Reply(error={"message": f"{method}: the answer is too large"})
            text = await response.read()
            if response.status >= 400 and not text.lstrip().startswith((b"{", b"[")):
                raise aiohttp.ClientError(f"HTTP status {response.status}")
        replies: list[_Reply] | _Reply = decode_replies(text)
        return replies


def _with_reason(error: dict[str, Any]) -> dict[str, Any]:
    """The error with what some nodes say in `data` in its message: the range that they would take."""
    data = error.get("data")
    if not isinstance(data, str) or data.startswith("0x"):
        return error
    return {**error, "message": f"{error.get('message', '')}: {data}"}


def _rest_s(text: str) -> float:
    """The seconds of a `Retry-After` header, which has seconds or a date (RFC 9110, 10.2.3)."""
    try:
        seconds = float(text) if text.strip().isdigit() else _seconds_until(text)
    except (TypeError, ValueError):
        return _REST_S
    return min(max(seconds, _REST_S), _REST_MAX_S)


def _seconds_until(date: str) -> float:
    moment = parsedate_to_datetime(date)
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
