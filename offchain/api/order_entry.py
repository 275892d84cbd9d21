"""Order entry: place, replace, amend, cancel and batches, lean, because each order pays for every microsecond here.

Orders, replacements and signed cancels authorise themselves; amendments and the other cancels need a signed-in wallet.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from offchain.api.access import Access
from offchain.api.batch_reading import read_batch
from offchain.api.errors import encode_json, error_message, error_response
from offchain.api.reports import OrderReports
from offchain.api.services import Services, asset_named, market_named
from offchain.api.signatures import SignatureCheck, Signed
from offchain.api.signed_orders import SignedOrders
from offchain.client.messages import (
    ORDER_ID_MAX,
    AmendMessage,
    BatchMessage,
    BatchResult,
    CancelAllMessage,
    CancelledMessage,
    CheckedMessage,
    Operation,
    OperationResult,
    OrderName,
    PlacedMessage,
    PlaceMessage,
    ReplacedMessage,
    ReplaceMessage,
)
from offchain.core.errors import InvalidRequest, QuantaTradeError
from offchain.core.intents import AmendOrder, CancelAllOrders, CancelOrder, Intent, Receipt

_decode_place: Final = msgspec.json.Decoder(PlaceMessage).decode
_decode_batch: Final = msgspec.json.Decoder(BatchMessage).decode
_decode_amend: Final = msgspec.json.Decoder(AmendMessage).decode
_decode_cancel_all: Final = msgspec.json.Decoder(CancelAllMessage).decode
_ORDER_ID_DIGITS: Final = len(str(ORDER_ID_MAX))
_Decoded = TypeVar("_Decoded")


class OrderEntry:
    """The routes under /api/v1/orders that change something."""

    def __init__(self, services: Services, access: Access, signatures: SignatureCheck) -> None:
        self._services = services
        self._sequencer = services.sequencer
        self._directory = services.sequencer.directory
        self._access = access
        self._signatures = signatures
        self._orders = SignedOrders(services, signatures)
        self._reports = OrderReports(services)

    def routes(self) -> list[Route]:
        """The routes, to be mounted before any with parameters in the same place."""
        prefix = "/api/v1/orders"
        named = (f"{prefix}/{{order_id}}", f"{prefix}/by-client-id/{{client_order_id}}")
        return [
            Route(prefix, _answering(self.place), methods=["POST"]),
            Route(f"{prefix}/test", _answering(self.test), methods=["POST"]),
            Route(f"{prefix}/batch", _answering(self.batch), methods=["POST"]),
            Route(f"{prefix}/cancel-all", _answering(self.cancel_all), methods=["POST"]),
            *(Route(path, _answering(self.cancel), methods=["DELETE"]) for path in named),
            *(Route(path, _answering(self.amend), methods=["PATCH"]) for path in named),
            *(Route(path, _answering(self.replace), methods=["PUT"]) for path in named),
        ]

    async def place(self, request: Request) -> msgspec.Struct:
        """Takes one signed order and answers when it is durable."""
        self._access.take_orders(request, 1)
        message = _decoded(_decode_place, await request.body())
        intent, signed = self._orders.order(message)
        await self._authorise(signed)
        receipt = await self._sequencer.submit(intent)
        return await self._reports.placed(message, self._orders.market(message.market), receipt)

    async def test(self, request: Request) -> msgspec.Struct:
        """Says whether one signed order would be taken now; nothing is journaled."""
        self._access.take_orders(request, 1)
        message = _decoded(_decode_place, await request.body())
        intent, signed = self._orders.order(message)
        await self._authorise(signed)
        self._sequencer.check(intent)
        flags, digest = intent.authorization.flags, "0x" + signed.digest.hex()
        return CheckedMessage(message.client_order_id, message.market, flags, digest)

    async def replace(self, request: Request) -> msgspec.Struct:
        """Takes one signed order instead of an open one: both are done, or neither."""
        self._access.take_orders(request, 1)
        order = _decoded(_decode_place, await request.body())
        message = ReplaceMessage(_named(request), order)
        intent, signed = self._orders.replacement(message)
        await self._authorise(signed)
        receipt = await self._sequencer.submit(intent)
        return await self._reports.replaced(order, self._orders.market(order.market), receipt)

    async def batch(self, request: Request) -> msgspec.Struct:
        """Carries out up to 50 operations in order, each on its own; all become durable together."""
        self._access.take_orders(request, 1)
        batch = _decoded(_decode_batch, await request.body())
        operations = batch.operations
        self._access.take_orders(request, len(operations) - 1)
        prepared, refused = read_batch(batch, self._orders)
        outcomes: list[QuantaTradeError | Receipt | None] = [refused.get(place) for place in range(len(operations))]
        by_signature = list({id(one.signed): one.signed for one in prepared}.items())
        verdicts = await self._signatures.check([signed for _, signed in by_signature])
        refusals = {name: verdict for (name, _), verdict in zip(by_signature, verdicts, strict=True)}
        taken: list[tuple[int, Intent]] = []
        for position, intent, signed in prepared:
            outcomes[position] = refusals[id(signed)] or self._over_limit(signed)
            if outcomes[position] is None:
                taken.append((position, intent))
        receipts = await self._sequencer.submit_many([intent for _, intent in taken]) if taken else []
        for (position, _), receipt in zip(taken, receipts, strict=True):
            outcomes[position] = receipt
        return BatchResult(
            [
                await self._result(operation, outcome, request.state.request_id)
                for operation, outcome in zip(operations, outcomes, strict=True)
            ]
        )

    async def cancel(self, request: Request) -> msgspec.Struct:
        """Takes an order of the signed-in wallet out of the book."""
        owner = self._signed_in(request)
        named = _named(request)
        intent = CancelOrder(owner, named.client_order_id, named.order_id)
        return self._reports.cancelled(await self._sequencer.submit(intent))

    async def amend(self, request: Request) -> msgspec.Struct:
        """Lets less of an order of the signed-in wallet remain."""
        owner = self._signed_in(request)
        named = _named(request)
        remaining = _decoded(_decode_amend, await request.body()).remaining
        account = self._directory.account_of(owner)
        named_ids = (named.client_order_id, named.order_id)
        market = None if account is None else self._directory.market_of_open(account, *named_ids)
        # Without an open order the sequencer refuses any quantity, and says why.
        quantity_lots = 0 if market is None else market.to_lots(remaining)
        receipt = await self._sequencer.submit(AmendOrder(owner, quantity_lots, *named_ids))
        return self._reports.amended(receipt, remaining)

    async def cancel_all(self, request: Request) -> msgspec.Struct:
        """Takes orders of the signed-in wallet out of the books: all, or those of a market or an asset."""
        owner = self._signed_in(request)
        message = _decoded(_decode_cancel_all, await request.body() or b"{}")
        asset = 0 if message.asset is None else asset_named(self._services, message.asset).asset_id
        market = 0 if message.market is None else market_named(self._services, message.market).market_id
        return self._reports.all_cancelled(await self._sequencer.submit(CancelAllOrders(owner, asset, market)))

    async def _authorise(self, signed: Signed) -> None:
        (refusal,) = await self._signatures.check([signed])
        if refusal is not None:
            raise refusal
        self._access.take_account_orders(self._payer(signed), 1)

    def _payer(self, signed: Signed) -> bytes:
        """Whose budget an order is of: the owner's, unless a key signed that the owner never registered."""
        is_known = not signed.session_key or self._directory.has_session(signed.owner, signed.session_key)
        return signed.owner if is_known else signed.session_key

    def _signed_in(self, request: Request) -> bytes:
        owner = self._access.signed_in(request).owner
        self._access.take_account_orders(owner, 1)
        return owner

    def _over_limit(self, signed: Signed) -> QuantaTradeError | None:
        try:
            self._access.take_account_orders(self._payer(signed), 1)
        except QuantaTradeError as error:
            return error
        return None

    async def _result(
        self, operation: Operation, outcome: QuantaTradeError | Receipt | None, request_id: str
    ) -> OperationResult:
        assert outcome is not None
        if not isinstance(outcome, QuantaTradeError):
            try:
                return OperationResult(ok=await self._report(operation, outcome))
            except QuantaTradeError as error:
                outcome = error
        return OperationResult(error=error_message(outcome, request_id))

    async def _report(
        self, operation: Operation, receipt: Receipt
    ) -> PlacedMessage | CancelledMessage | ReplacedMessage:
        if operation.place is not None:
            market = self._orders.market(operation.place.market)
            return await self._reports.placed(operation.place, market, receipt)
        if operation.replace is not None:
            order = operation.replace.order
            return await self._reports.replaced(order, self._orders.market(order.market), receipt)
        return self._reports.cancelled(receipt)


def _answering(handler: Callable[[Request], Awaitable[msgspec.Struct]]) -> Callable[[Request], Awaitable[Response]]:
    """The handler as Starlette wants it: its struct as JSON, its errors in the envelope."""

    async def answer(request: Request) -> Response:
        try:
            body = await handler(request)
        except QuantaTradeError as error:
            return error_response(error, request.state.request_id)
        return Response(encode_json(body), media_type="application/json")

    return answer


def _named(request: Request) -> OrderName:
    path = request.path_params
    if "client_order_id" in path:
        return OrderName(client_order_id=path["client_order_id"])
    text = path["order_id"]
    # Counted first: Python refuses to read thousands of digits.
    if not (text.isascii() and text.isdecimal() and len(text) <= _ORDER_ID_DIGITS and 1 <= int(text) <= ORDER_ID_MAX):
        raise InvalidRequest(f"order_id: {text[:40]!r} is no id of an order.", "Send the id that the order was given.")
    return OrderName(int(text))


def _decoded(decode: Callable[[bytes], _Decoded], body: bytes) -> _Decoded:
    try:
        return decode(body)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"{error}.", "Correct this field; /openapi.json describes them all.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The body is not JSON: {error}.", "Send well-formed JSON in UTF-8.") from error
