"""The client: the public API of one exchange, for any number of wallets."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import msgspec
from msgspec.structs import replace

from offchain.chain.keys import LocalSigner, Signer
from offchain.client.messages import (
    BatchMessage,
    BatchResult,
    CancelledMessage,
    CancelMessage,
    CheckedMessage,
    Operation,
    OperationResult,
    PlacedMessage,
    PlaceMessage,
    ReplacedMessage,
    ReplaceMessage,
)
from offchain.client.session import Session
from offchain.client.statement_messages import StatementMessage
from offchain.client.stream import Stream, open_stream
from offchain.client.terms import ExchangeTerms, read_terms
from offchain.client.transport import Transport, decode_object, error_of
from offchain.client.wallet import SignedLadder, Wallet, WithdrawalMessage
from offchain.core.errors import QuantaTradeError, ServiceUnavailable

REQUEST_TIMEOUT_S: Final = 15.0
_PLACED: Final[msgspec.json.Decoder[PlacedMessage]] = msgspec.json.Decoder(PlacedMessage)
_REPLACED: Final[msgspec.json.Decoder[ReplacedMessage]] = msgspec.json.Decoder(ReplacedMessage)
_CHECKED: Final[msgspec.json.Decoder[CheckedMessage]] = msgspec.json.Decoder(CheckedMessage)
_BATCH: Final[msgspec.json.Decoder[BatchResult]] = msgspec.json.Decoder(BatchResult)
Action = PlaceMessage | CancelMessage | ReplaceMessage
Outcome = PlacedMessage | CancelledMessage | ReplacedMessage | QuantaTradeError


class Client:
    """`async with Client(url) as client` reads the market document and keeps connections open.

    Args:
        url: where the exchange answers, such as `http://127.0.0.1:8000`.
        timeout_s: how long a request may take.
        terms: the market document, if it was read before.
    """

    def __init__(self, url: str, timeout_s: float = REQUEST_TIMEOUT_S, terms: ExchangeTerms | None = None) -> None:
        self._transport = Transport(url, timeout_s)
        self._terms = terms

    async def __aenter__(self) -> Self:
        try:
            if self._terms is None:
                await self.read_terms()
        except BaseException:  # A cancellation too: nobody else would close it.
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def terms(self) -> ExchangeTerms:
        """Assets, markets and what signatures are bound to."""
        if self._terms is None:
            raise ServiceUnavailable("The market document has not been read.", "Use `async with Client(url)`.")
        return self._terms

    async def read_terms(self) -> ExchangeTerms:
        """Reads the market document again."""
        self._terms = read_terms(await self.read("/exchange-info"))
        return self._terms

    async def close(self) -> None:
        """Closes the connections."""
        await self._transport.close()

    def wallet(self, key: bytes | Signer, owner: bytes | None = None) -> Wallet:
        """A wallet on this exchange, by its 32-byte private key or by whoever holds it.

        With `owner`, a 20-byte address, the key is a session key that this owner registered on chain.
        """
        return Wallet(LocalSigner(key) if isinstance(key, bytes) else key, self.terms, owner)

    async def read(self, path: str, **query: str) -> dict[str, Any]:
        """A public document under /api/v1, such as `/status` or `/markets/BTC-USDC/book`."""
        return decode_object(await self._transport.request("GET", f"/api/v1{path}", query=query))

    async def place(self, order: PlaceMessage) -> PlacedMessage:
        """Places an order; safe to repeat after `ServiceUnavailable`.

        Raises:
            OrderError: it was refused; nothing changed.
            FundsError: the balance does not allow it; nothing changed.
            ServiceUnavailable: what became of it is not known: send it again as it is.
        """
        return _PLACED.decode(await self._transport.request("POST", "/api/v1/orders", body=order))

    async def test(self, order: PlaceMessage) -> CheckedMessage:
        """Asks whether an order would be taken as things stand, without placing it; refusals as `place`."""
        return _CHECKED.decode(await self._transport.request("POST", "/api/v1/orders/test", body=order))

    async def replace(self, replaced: str, order: PlaceMessage) -> ReplacedMessage:
        """Places an order instead of an open one, named by its client order id: both or neither; safe to repeat.

        Raises:
            OrderNotOpen: the one to be replaced is filled or cancelled; nothing changed.
            QuantaTradeError: as `place`; nothing changed, and the old order stands.
        """
        path = f"/api/v1/orders/by-client-id/{replaced}"
        return _REPLACED.decode(await self._transport.request("PUT", path, body=order))

    async def batch(self, operations: Sequence[Action], ladders: Sequence[SignedLadder] = ()) -> list[Outcome]:
        """Carries out up to 50 operations in order; a refused one is in its place as an error.

        The operations hold the orders of the ladders too, in their ladder's order.
        """
        number_of = {order.client_order_id: number for number, one in enumerate(ladders) for order in one.orders}
        body = BatchMessage(
            [_operation(operation, number_of) for operation in operations], [one.signature for one in ladders]
        )
        result = _BATCH.decode(await self._transport.request("POST", "/api/v1/orders/batch", body=body))
        return [_outcome(row) for row in result.results]

    async def withdraw(self, withdrawal: WithdrawalMessage) -> dict[str, Any]:
        """Asks for a payment to the wallet; safe to repeat after `ServiceUnavailable`."""
        return await self._transport.read("POST", "/api/v1/withdrawals", body=withdrawal)

    async def answer_statement(self, answer: StatementMessage) -> dict[str, Any]:
        """Sends a netted statement (`offchain.client.statements` makes and checks it).

        Raises:
            StatementLate: the batch is on its way without it.
            StatementError: it is not what was asked.
        """
        return await self._transport.read("POST", "/api/v1/statements", body=answer)

    async def sign_in(self, wallet: Wallet) -> Session:
        """A session of the wallet (EIP-4361).

        Raises:
            BadSignature: the wallet's signature was refused.
        """
        nonce = await self._transport.read("POST", "/api/v1/auth/nonce", body={"address": wallet.owner})
        body = {"message": nonce["message"], "signature": wallet.sign_text(nonce["message"])}
        return Session(self._transport, await self._transport.read("POST", "/api/v1/auth/sign-in", body=body))

    async def stream(self) -> Stream:
        """An open websocket; use it with `async with`."""
        return await open_stream(self._transport.session)


def _operation(operation: Action, number_of: Mapping[str, int]) -> Operation:
    """One operation; an order of a ladder names the ladder by its number."""
    if isinstance(operation, CancelMessage):
        return Operation(cancel=operation)
    order = operation if isinstance(operation, PlaceMessage) else operation.order
    if order.ladder is not None:
        order = replace(order, ladder=number_of.get(order.client_order_id, order.ladder))
    return (
        Operation(place=order)
        if isinstance(operation, PlaceMessage)
        else Operation(replace=replace(operation, order=order))
    )


def _outcome(result: OperationResult) -> Outcome:
    if result.ok is not None:
        return result.ok
    assert result.error is not None, "a result is either ok or an error"
    return error_of(result.error)
