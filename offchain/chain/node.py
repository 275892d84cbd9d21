"""JSON-RPC to the chain's nodes: time-outs, batches, and failover to the next node when one does not answer."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, Self

import aiohttp
import msgspec

from offchain.core.errors import ChainError, NodeUnavailable

REQUEST_TIMEOUT_S: Final = 10.0
BATCH_CALLS_MAX: Final = 200
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class RpcError(ChainError):
    """The node understood the request and refused it. `data` is the revert data of a call, if it has any."""

    code, name = 6004, "NODE_REFUSED"

    def __init__(self, method: str, error: dict[str, Any]) -> None:
        super().__init__(f"{method}: {error.get('message', 'no reason given')}")
        data = error.get("data")
        self.data = bytes.fromhex(data[2:]) if isinstance(data, str) and data.startswith("0x") else b""


class NodePool:
    """Several nodes of one chain behind one face. Requests go to the node that answered last.

    Args:
        urls: the nodes in order of preference.
        timeout_s: how long one node may take for one request.
    """

    def __init__(self, urls: Sequence[str], timeout_s: float = REQUEST_TIMEOUT_S) -> None:
        self._urls = list(urls)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None
        self._next_id = 0

    @property
    def urls(self) -> tuple[str, ...]:
        """The nodes in the order in which they are asked now."""
        return tuple(self._urls)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, method: str, *params: Any) -> Any:
        """The result of one request.

        Raises:
            NodeUnavailable: no node answered.
            RpcError: the node answered with an error.
        """
        return _result(method, (await self._post([(method, params)]))[0])

    async def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """The results of many requests, in order; each is a value or an `RpcError`.

        Raises:
            NodeUnavailable: no node answered.
        """
        results: list[Any] = []
        for start in range(0, len(requests), BATCH_CALLS_MAX):
            part = requests[start : start + BATCH_CALLS_MAX]
            for (method, _), reply in zip(part, await self._post(part), strict=True):
                results.append(RpcError(method, reply["error"]) if "error" in reply else reply.get("result"))
        return results

    async def eth_call(self, contract: bytes, calldata: bytes, block: str = "latest") -> bytes:
        """The return data of a call at a block (a tag or a 0x number)."""
        result = await self.call("eth_call", {"to": "0x" + contract.hex(), "data": "0x" + calldata.hex()}, block)
        return bytes.fromhex(result[2:])

    async def block_number(self) -> int:
        """The number of the head block."""
        return int(await self.call("eth_blockNumber"), 16)

    async def chain_id(self) -> int:
        """The chain's id (EIP-695)."""
        return int(await self.call("eth_chainId"), 16)

    async def _post(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[dict[str, Any]]:
        first_id = self._next_id
        self._next_id += len(requests)
        body = _encode(
            [
                {"jsonrpc": "2.0", "id": first_id + offset, "method": method, "params": params}
                for offset, (method, params) in enumerate(requests)
            ]
        )
        failures = []
        for url in list(self._urls):
            try:
                replies = await self._post_to(url, body)
                by_id = {reply["id"]: reply for reply in replies}
                return [by_id[first_id + offset] for offset in range(len(requests))]
            except (TimeoutError, OSError, aiohttp.ClientError, msgspec.DecodeError, KeyError, TypeError) as error:
                failures.append(f"{type(error).__name__} {error}".strip())
                self._urls.append(self._urls.pop(self._urls.index(url)))
        raise NodeUnavailable(
            f"No node answers ({'; '.join(failures)[:300]}).", "Check that the node runs; requests go on when it does."
        )

    async def _post_to(self, url: str, body: bytes) -> list[dict[str, Any]]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        headers = {"content-type": "application/json"}
        async with self._session.post(url, data=body, headers=headers) as response:
            replies = _decode(await response.read())
        if not isinstance(replies, list):
            raise TypeError(f"the node answered a batch with {type(replies).__name__}")
        return replies


def _result(method: str, reply: dict[str, Any]) -> Any:
    if "error" in reply:
        raise RpcError(method, reply["error"])
    return reply.get("result")


async def wait_for_node(nodes: NodePool, timeout_s: float) -> None:
    """Returns once a node answers.

    Raises:
        NodeUnavailable: none did in time.
    """
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        try:
            await nodes.chain_id()
        except NodeUnavailable:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.05)
        else:
            return
