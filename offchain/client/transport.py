"""HTTP to the exchange: JSON by msgspec over one connection pool, and refusals as the project's own errors."""

from typing import Any, Final

import aiohttp
import msgspec

from offchain.client.messages import ErrorMessage
from offchain.core import errors
from offchain.core.errors import QuantaTradeError, ServiceUnavailable

CONNECTIONS_MAX: Final = 100
_encode: Final = msgspec.json.Encoder().encode
_decode_error: Final = msgspec.json.Decoder(ErrorMessage).decode
_OBJECT: Final[msgspec.json.Decoder[dict[str, Any]]] = msgspec.json.Decoder(dict[str, Any])
decode_object: Final = _OBJECT.decode
"""The JSON object in some bytes."""


def _by_code() -> dict[int, type[QuantaTradeError]]:
    known = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, QuantaTradeError)]
    return {kind.code: kind for kind in known}


_ERRORS: Final = _by_code()


def error_of(message: ErrorMessage) -> QuantaTradeError:
    """The error that the exchange answered with, as one of the project's own."""
    kind = _ERRORS.get(message.code, QuantaTradeError)
    return kind(message.message, message.next_step)


class Transport:
    """A pool of connections to one exchange."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The pool, opened at its first use."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX)
            self._session = aiohttp.ClientSession(self._url, connector=connector, timeout=self._timeout)
        return self._session

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        token: str | None = None,
        query: dict[str, str] | None = None,
    ) -> bytes:
        """The body of the answer.

        Raises:
            ServiceUnavailable: the exchange did not answer; what became of the request is not known.
            QuantaTradeError: it refused.
        """
        headers = {"content-type": "application/json"} if body is not None else {}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        data = None if body is None else _encode(body)
        try:
            async with self.session.request(method, path, data=data, headers=headers, params=query) as response:
                content = await response.read()
                status = response.status
        except (TimeoutError, OSError, aiohttp.ClientError) as error:
            raise ServiceUnavailable(
                f"No answer to {method} {path}: {type(error).__name__} {error}".strip(),
                "Query what became of it, or send the very same request again.",
            ) from error
        if status >= 400:
            raise _refusal(status, content)
        return content

    async def read(self, method: str, path: str, *, body: object = None) -> dict[str, Any]:
        """The JSON object that a request without a session is answered with; errors as `request`."""
        return decode_object(await self.request(method, path, body=body))


def _refusal(status: int, content: bytes) -> QuantaTradeError:
    try:
        return error_of(_decode_error(content))
    except msgspec.DecodeError:
        return ServiceUnavailable(f"HTTP {status} without the exchange's envelope: {content[:100]!r}.", "Try again.")
