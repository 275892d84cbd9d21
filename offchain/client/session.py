"""A signed-in wallet: reads what is its own, and cancels without a signature for each. Tokens renew themselves.

Answers are the JSON bodies that `/openapi.json` describes.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

from offchain.client.messages import AllCancelledMessage, AmendedMessage, AmendMessage, CancelledMessage
from offchain.client.transport import Transport, decode_object
from offchain.core.errors import SessionExpired

_CANCELLED: Final[msgspec.json.Decoder[CancelledMessage]] = msgspec.json.Decoder(CancelledMessage)
_ALL_CANCELLED: Final[msgspec.json.Decoder[AllCancelledMessage]] = msgspec.json.Decoder(AllCancelledMessage)
_AMENDED: Final[msgspec.json.Decoder[AmendedMessage]] = msgspec.json.Decoder(AmendedMessage)
_PAGE: Final = 500


class Session:
    """Made by `Client.sign_in`."""

    def __init__(self, transport: Transport, tokens: dict[str, Any]) -> None:
        self._transport = transport
        self._tokens = tokens

    @property
    def access_token(self) -> str:
        """The token for the websocket's `auth`; `renew` makes a fresh one."""
        token: str = self._tokens["accessToken"]
        return token

    async def renew(self) -> None:
        """Gets a new pair of tokens.

        Raises:
            SessionExpired: the session is over; sign in again.
        """
        body = {"refreshToken": self._tokens["refreshToken"]}
        self._tokens = await self._transport.read("POST", "/api/v1/auth/refresh", body=body)

    async def sign_out(self) -> None:
        """Ends the session."""
        await self._request("POST", "/auth/sign-out")

    async def account(self) -> dict[str, Any]:
        """Account id and fee rates."""
        return await self._read("/account")

    async def balances(self) -> dict[str, dict[str, Any]]:
        """The balances by asset symbol."""
        body = await self._read("/account/balances")
        return {row["asset"]: row for row in body["balances"]}

    async def session_keys(self) -> list[dict[str, Any]]:
        """The session keys that the wallet registered on chain, newest first."""
        keys: list[dict[str, Any]] = (await self._read("/session-keys"))["sessionKeys"]
        return keys

    async def open_orders(self, market: str | None = None) -> list[dict[str, Any]]:
        """All orders in the book, newest first."""
        query = {"status": "open"} | ({} if market is None else {"market": market})
        orders: list[dict[str, Any]] = (await self._read("/orders", query))["orders"]
        return orders

    async def order(self, order_id: int) -> dict[str, Any]:
        """An order by its id."""
        return await self._read(f"/orders/{order_id}")

    async def order_by_client_id(self, client_order_id: str) -> dict[str, Any]:
        """An order by the id that the client gave it."""
        return await self._read(f"/orders/by-client-id/{client_order_id}")

    def orders(self) -> AsyncIterator[dict[str, Any]]:
        """All orders, newest first, page by page."""
        return self._pages("/orders", "orders")

    def fills(self) -> AsyncIterator[dict[str, Any]]:
        """All fills, newest first, page by page."""
        return self._pages("/fills", "fills")

    def prevented_matches(self) -> AsyncIterator[dict[str, Any]]:
        """What self-trade prevention kept from matching, newest first."""
        return self._pages("/prevented-matches", "preventedMatches")

    def deposits(self) -> AsyncIterator[dict[str, Any]]:
        """All deposits, the pending ones first."""
        return self._pages("/deposits", "deposits")

    def withdrawals(self) -> AsyncIterator[dict[str, Any]]:
        """All withdrawals, newest first."""
        return self._pages("/withdrawals", "withdrawals")

    async def cancel(self, order_id: int) -> CancelledMessage:
        """Takes an order out of the book."""
        return _CANCELLED.decode(await self._request("DELETE", f"/orders/{order_id}"))

    async def cancel_by_client_id(self, client_order_id: str) -> CancelledMessage:
        """Takes an order out of the book."""
        return _CANCELLED.decode(await self._request("DELETE", f"/orders/by-client-id/{client_order_id}"))

    async def cancel_all(self, asset: str | None = None, market: str | None = None) -> AllCancelledMessage:
        """Takes all orders out of the books, or those in one market, or those in the markets of one asset."""
        body = {name: value for name, value in (("asset", asset), ("market", market)) if value is not None}
        return _ALL_CANCELLED.decode(await self._request("POST", "/orders/cancel-all", body=body))

    async def amend(self, order_id: int, remaining: str) -> AmendedMessage:
        """Lets less of an open order remain; it keeps its place in the queue.

        Raises:
            BadQuantity: it is not less than what remains now, or too little.
            OrderNotOpen: the order is filled or cancelled.
        """
        body = AmendMessage(remaining)
        return _AMENDED.decode(await self._request("PATCH", f"/orders/{order_id}", body=body))

    async def amend_by_client_id(self, client_order_id: str, remaining: str) -> AmendedMessage:
        """As `amend`, by the id that the client gave the order."""
        path = f"/orders/by-client-id/{client_order_id}"
        return _AMENDED.decode(await self._request("PATCH", path, body=AmendMessage(remaining)))

    async def operate(self, path: str, setting: dict[str, Any] | None) -> dict[str, Any]:
        """Sets what only operators may, such as `operate("/markets/BTC-USDC/status", {"status": "HALT"})`.

        None instead of a setting removes one, of fees and tiers.

        Raises:
            Forbidden: the wallet is not an operator's.
        """
        method = "DELETE" if setting is None else "PUT"
        return decode_object(await self._request(method, f"/operator{path}", body=setting))

    async def settings(self) -> list[dict[str, Any]]:
        """What operators have set for accounts and the exchange, newest first; for operators only."""
        rows: list[dict[str, Any]] = (await self._read("/operator/settings"))["settings"]
        return rows

    async def _read(self, path: str, query: dict[str, str] | None = None) -> dict[str, Any]:
        return decode_object(await self._request("GET", path, query=query))

    async def _pages(self, path: str, field: str) -> AsyncIterator[dict[str, Any]]:
        query = {"limit": str(_PAGE)}
        while True:
            body = await self._read(path, query)
            for row in body[field]:
                yield row
            if body["nextBefore"] is None:
                return
            query["before"] = str(body["nextBefore"])

    async def _request(
        self, method: str, path: str, *, body: object = None, query: dict[str, str] | None = None
    ) -> bytes:
        path = f"/api/v1{path}"
        try:
            return await self._transport.request(method, path, body=body, token=self.access_token, query=query)
        except SessionExpired:
            await self.renew()
        return await self._transport.request(method, path, body=body, token=self.access_token, query=query)
