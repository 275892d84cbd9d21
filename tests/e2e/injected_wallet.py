"""A browser wallet for tests: its provider lives in the page, its key and its owner's mind live here.

Source of the methods: EIP-1193, EIP-3085, EIP-3326, EIP-6963.
"""

import json
from pathlib import Path
from typing import Any, Final

import aiohttp
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from playwright.async_api import BrowserContext

PROVIDER: Final = Path(__file__).with_name("injected_wallet.js")
OTHER_CHAIN_ID: Final = 1
"""The network that a fresh wallet is on: not the exchange's."""
_DECLINED: Final = {"code": 4001, "message": "The user declined the request."}
_UNKNOWN_CHAIN: Final = {"code": 4902, "message": "The wallet does not know this chain."}
_UNAUTHORIZED: Final = {"code": 4100, "message": "The page may not use this account."}
_ASKS: Final = {
    "eth_requestAccounts",
    "wallet_requestPermissions",
    "wallet_addEthereumChain",
    "personal_sign",
    "eth_signTypedData_v4",
    "eth_sendTransaction",
}
"""What a wallet asks its owner about."""


class InjectedWallet:
    """A wallet with one key. It says yes to everything unless it is told to decline.

    Args:
        node_url: the chain's node that it talks to.
        chain_id: the exchange's chain, which it does not know until a page adds it.
    """

    def __init__(self, node_url: str, chain_id: int) -> None:
        self.account = Account.create()
        self.address: str = self.account.address
        self.asked: list[str] = []
        self._node_url = node_url
        self._exchange_chain_id = chain_id
        self._known_chains = {OTHER_CHAIN_ID}
        self._chain_id = OTHER_CHAIN_ID
        self._connected = False
        self._declining = False
        self._events: list[tuple[str, Any]] = []

    async def install(self, context: BrowserContext) -> None:
        """Puts the wallet into every page of a browser context."""
        await context.expose_function("walletRequest", self._answer)
        await context.add_init_script(path=PROVIDER)

    def decline_next(self) -> None:
        """Says no to the next question."""
        self._declining = True

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        method, params = request["method"], request["params"]
        self._events = []
        if method in _ASKS:
            self.asked.append(method)
            if self._declining:
                self._declining = False
                return {"error": _DECLINED, "events": []}
        try:
            result = await self._carry_out(method, params)
        except WalletError as error:
            return {"error": error.body, "events": self._events}
        return {"result": result, "events": self._events}

    async def _carry_out(self, method: str, params: list[Any]) -> Any:
        if method in {"eth_accounts", "eth_requestAccounts", "wallet_requestPermissions", "wallet_revokePermissions"}:
            return self._accounts(method)
        if method == "eth_chainId":
            return hex(self._chain_id)
        if method in {"wallet_switchEthereumChain", "wallet_addEthereumChain"}:
            return self._switch(int(params[0]["chainId"], 16), adding=method == "wallet_addEthereumChain")
        if method in _ASKS and not self._connected:
            raise WalletError(_UNAUTHORIZED)
        if method == "personal_sign":
            return self._signed(encode_defunct(hexstr=params[0]))
        if method == "eth_signTypedData_v4":
            return self._signed(encode_typed_data(full_message=_parsed(params[1])))
        if method == "eth_sendTransaction":
            return await self._send(params[0])
        return await self._node(method, params)

    def _accounts(self, method: str) -> Any:
        if method == "wallet_revokePermissions":
            self._connected = False
            return None
        if method != "eth_accounts":
            self._connected = True
        accounts = [self.address] if self._connected else []
        if method == "wallet_requestPermissions":
            return [{"parentCapability": "eth_accounts", "caveats": [{"type": "x", "value": accounts}]}]
        return accounts

    def _switch(self, chain_id: int, *, adding: bool) -> None:
        if adding:
            self._known_chains.add(chain_id)
        if chain_id not in self._known_chains:
            raise WalletError(_UNKNOWN_CHAIN)
        self._chain_id = chain_id
        self._events.append(("chainChanged", hex(chain_id)))

    def _signed(self, message: Any) -> str:
        return "0x" + bytes(self.account.sign_message(message).signature).hex()

    async def _send(self, transaction: dict[str, Any]) -> str:
        filled = {
            "chainId": self._chain_id,
            "to": bytes.fromhex(transaction["to"][2:]),
            "data": transaction.get("data", "0x"),
            "value": int(transaction.get("value", "0x0"), 16),
            "nonce": int(await self._node("eth_getTransactionCount", [self.address, "pending"]), 16),
            "gas": int(transaction.get("gas") or await self._node("eth_estimateGas", [transaction]), 16),
            "maxFeePerGas": 2 * int(await self._node("eth_gasPrice", []), 16),
            "maxPriorityFeePerGas": 0,
        }
        raw = bytes(self.account.sign_transaction(filled).raw_transaction)
        sent: str = await self._node("eth_sendRawTransaction", ["0x" + raw.hex()])
        return sent

    async def _node(self, method: str, params: list[Any]) -> Any:
        if self._chain_id != self._exchange_chain_id:
            raise WalletError({"code": -32603, "message": f"Chain {self._chain_id} cannot be reached from a test."})
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        async with aiohttp.ClientSession() as session, session.post(self._node_url, json=body) as response:
            answer = await response.json()
        if "error" in answer:
            raise WalletError(answer["error"])
        return answer["result"]


class WalletError(Exception):
    """What the provider throws: a code and a message."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__(body["message"])
        self.body = body


def _parsed(typed_data: Any) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(typed_data) if isinstance(typed_data, str) else typed_data
    return parsed
