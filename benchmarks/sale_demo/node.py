"""The demo's chain: one anvil node, asked in batches, whose clock can be set forward."""

import http.client
from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from offchain.chain.node import RpcError

_CALLS_IN_A_BLOCK: Final = 400
_GAS_PRICE_WEI: Final = 10**11
_TIMEOUT_S: Final = 120.0


class Call(NamedTuple):
    """A transaction of an account, which the node signs for whomever."""

    sender: bytes
    target: bytes
    calldata: bytes
    gas: int = 300_000


class Receipt(NamedTuple):
    """How a transaction ended, when, and what was told while it ran (as JSON-RPC has it)."""

    succeeded: bool
    timestamp: int
    logs: list[dict[str, Any]]


class DemoNode:
    """One node. Transactions go into blocks of a few hundred, each account's in order."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_TIMEOUT_S)
        self._nonces: dict[bytes, int] = {}
        self.transactions = 0
        self.call("anvil_autoImpersonateAccount", True)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def ask(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        """The node's whole answer to one request."""
        return self._post([(method, params)])[0]

    def call(self, method: str, *params: Any) -> Any:
        """The result of one request.

        Raises:
            RpcError: the node refused it.
        """
        (result,) = self.batch([(method, params)])
        return result

    def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """The results of many requests.

        Raises:
            RpcError: the node refused one.
        """
        results = []
        for (method, _), reply in zip(requests, self._post(requests), strict=True):
            if "error" in reply:
                raise RpcError(method, reply["error"])
            results.append(reply["result"])
        return results

    def now(self) -> int:
        """The time of the last block."""
        return int(self.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def travel(self, to: int) -> None:
        """Mines an empty block of a time, where that is still to come."""
        if to > self.now():
            self.call("evm_setNextBlockTimestamp", to)
            self.call("evm_mine")

    def fund(self, accounts: Sequence[bytes]) -> None:
        """Gives each account money for gas."""
        for start in range(0, len(accounts), _CALLS_IN_A_BLOCK):
            part = accounts[start : start + _CALLS_IN_A_BLOCK]
            self.batch([("anvil_setBalance", ["0x" + account.hex(), hex(10**21)]) for account in part])

    def send(self, calls: Sequence[Call], *, may_fail: bool = False) -> list[Receipt]:
        """Mines transactions in order; where they may not fail, each must succeed."""
        receipts: list[Receipt] = []
        self.call("evm_setAutomine", False)
        for start in range(0, len(calls), _CALLS_IN_A_BLOCK):
            rows = [("eth_sendTransaction", [self._row(call)]) for call in calls[start : start + _CALLS_IN_A_BLOCK]]
            hashes = self.batch(rows)
            self.call("evm_mine")
            told = self.batch([("eth_getTransactionReceipt", [one]) for one in hashes])
            timestamp = self.now()
            receipts += [Receipt(row["status"] == "0x1", timestamp, row["logs"]) for row in told]
        self.call("evm_setAutomine", True)
        self.transactions += len(calls)
        failed = [place for place, receipt in enumerate(receipts) if not receipt.succeeded]
        if failed and not may_fail:
            call = calls[failed[0]]
            row = {"from": "0x" + call.sender.hex(), "to": "0x" + call.target.hex(), "data": "0x" + call.calldata.hex()}
            raise AssertionError(f"{len(failed)} transactions failed; one: {self.ask('eth_call', [row, 'latest'])}")
        return receipts

    def _row(self, call: Call) -> dict[str, str]:
        sender = "0x" + call.sender.hex()
        if call.sender not in self._nonces:
            self._nonces[call.sender] = int(self.call("eth_getTransactionCount", sender, "latest"), 16)
        nonce = self._nonces[call.sender]
        self._nonces[call.sender] += 1
        return {
            "from": sender,
            "to": "0x" + call.target.hex(),
            "data": "0x" + call.calldata.hex(),
            "gas": hex(call.gas),
            "gasPrice": hex(_GAS_PRICE_WEI),
            "nonce": hex(nonce),
        }

    def forget_nonce(self, account: bytes) -> None:
        """Has the account's next nonce asked of the node, since another program sent for it."""
        self._nonces.pop(account, None)

    def _post(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[dict[str, Any]]:
        rows = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
            for number, (method, params) in enumerate(requests)
        ]
        self._connection.request("POST", "/", msgspec.json.encode(rows), {"content-type": "application/json"})
        replies = msgspec.json.decode(self._connection.getresponse().read(), type=list[dict[str, Any]])
        by_id = {reply["id"]: reply for reply in replies}
        return [by_id[number] for number in range(len(rows))]
