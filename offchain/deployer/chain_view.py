"""A deployment as its chain tells it: views and logs, by whatever asks the node."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from offchain.chain.bindings import Log, load_contract
from offchain.chain.manifest import Manifest
from offchain.chain.node import RpcError
from offchain.core.errors import SettlementRejected

LOG_BLOCKS_MAX: Final = 10_000
"""Nodes give the logs of so many blocks at once, or of fewer; then a smaller part is asked for."""

Ask = Callable[[str, list[Any]], dict[str, Any]]
"""A JSON-RPC method and its parameters; the node's whole answer."""


class ChainView:
    """The contracts of a manifest, read through one node. Addresses are 20 bytes."""

    def __init__(self, ask: Ask, manifest: Manifest) -> None:
        self._ask = ask
        self.manifest = manifest

    def request(self, method: str, *params: Any) -> Any:
        """The result of a request.

        Raises:
            RpcError: the node refused it.
        """
        reply = self._ask(method, list(params))
        if reply.get("error"):
            raise RpcError(method, reply["error"])
        return reply["result"]

    def read(self, contract: str, function: str, *arguments: Any, address: bytes | None = None) -> Any:
        """The one return value of a view, at the deployment's contract of this name unless another address is given."""
        (value,) = self.reads(contract, function, *arguments, address=address)
        return value

    def reads(self, contract: str, function: str, *arguments: Any, address: bytes | None = None) -> tuple[Any, ...]:
        """All return values of a view."""
        bindings, target = load_contract(contract), address or self.manifest.address(contract)
        call = {"to": "0x" + target.hex(), "data": "0x" + bindings.encode_call(function, *arguments).hex()}
        return bindings.decode_result(function, bytes.fromhex(self.request("eth_call", call, "latest")[2:]))

    def rehearse(self, sender: bytes, contract: str, target: bytes, calldata: bytes) -> None:
        """Has the node try a transaction, so that one that would fail is named and not sent.

        Raises:
            SettlementRejected: it would fail; the contract's error is named.
        """
        call = {"from": "0x" + sender.hex(), "to": "0x" + target.hex(), "data": "0x" + calldata.hex()}
        try:
            self.request("eth_call", call, "latest")
        except RpcError as error:
            function, _ = load_contract(contract).decode_call(calldata)
            reason = load_contract(contract).describe_revert(error.data) if error.data else error.message
            raise SettlementRejected(f"{contract}.{function} would fail: {reason}.", "Nothing was sent.") from error

    def head(self) -> tuple[int, int]:
        """The number and the time of the last block."""
        block = self.request("eth_getBlockByNumber", "latest", False)
        return int(block["number"], 16), int(block["timestamp"], 16)

    def logs(self, contract: str) -> Iterator[Log]:
        """All that a contract of the deployment ever told, in order."""
        bindings, address = load_contract(contract), "0x" + self.manifest.address(contract).hex()
        first, (last, _), width = self.manifest.first_block_of(contract), self.head(), LOG_BLOCKS_MAX
        while first <= last:
            until = min(last, first + width - 1)
            query = {"address": address, "fromBlock": hex(first), "toBlock": hex(until)}
            try:
                rows = self.request("eth_getLogs", query)
            except RpcError:
                if width == 1:
                    raise
                width //= 2
                continue
            for row in rows:
                topics = [bytes.fromhex(topic[2:]) for topic in row["topics"]]
                yield bindings.decode_log(topics, bytes.fromhex(row["data"][2:]))
            first = until + 1
