"""Order entry: place, cancel and batches, lean, because each order pays for every microsecond here.

Orders and signed cancels authorise themselves; the other cancels need a signed-in wallet.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from offchain.api.access import Access
from offchain.api.errors import encode_json, error_message, error_response
from offchain.api.reports import OrderReports
from offchain.api.services import Services, asset_named, market_named
from offchain.api.signatures import SignatureCheck, Signed
from offchain.chain.typed_data import CancelOrder as SignedCancel
from offchain.chain.typed_data import Order as SignedOrder
from offchain.client.messages import (
    BatchMessage,
    BatchResult,
    CancelAllMessage,
    CancelledMessage,
    CancelMessage,
    Operation,
    OperationResult,
    PlacedMessage,
    PlaceMessage,
)
from offchain.core.commands import OrderAuthorization, Side, TimeInForce
from offchain.core.errors import InvalidRequest, QuantaTradeError
from offchain.core.intents import CancelAllOrders, CancelOrder, Intent, PlaceOrder, Receipt
from offchain.core.money import Market

_decode_place: Final = msgspec.json.Decoder(PlaceMessage).decode
_decode_batch: Final = msgspec.json.Decoder(BatchMessage).decode
_decode_cancel_all: Final = msgspec.json.Decoder(CancelAllMessage).decode
_SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}
_TIMES_IN_FORCE: Final = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC}
_Decoded = TypeVar("_Decoded")


class OrderEntry:
    """The routes under /api/v1/orders that change something."""

    def __init__(self, services: Services, access: Access, signatures: SignatureCheck) -> None:
        self._services = services
        self._sequencer = services.sequencer
        self._access = access
        self._signatures = signatures
        self._reports = OrderReports(services)
        self._markets: dict[str, Market] = {}

    def routes(self) -> list[Route]:
        """The routes, to be mounted before any with parameters in the same place."""
        prefix = "/api/v1/orders"
        return [
            Route(prefix, _answering(self.place), methods=["POST"]),
            Route(f"{prefix}/batch", _answering(self.batch), methods=["POST"]),
            Route(f"{prefix}/cancel-all", _answering(self.cancel_all), methods=["POST"]),
            Route(
                f"{prefix}/by-client-id/{{client_order_id}}", _answering(self.cancel_by_client_id), methods=["DELETE"]
            ),
            Route(f"{prefix}/{{order_id:int}}", _answering(self.cancel_by_id), methods=["DELETE"]),
        ]

    async def place(self, request: Request) -> msgspec.Struct:
        """Takes one signed order and answers when it is durable."""
        self._access.take_orders(request, 1)
        message = _decoded(_decode_place, await request.body())
        intent, signed = self._order(message)
        (refusal,) = await self._signatures.check([signed])
        if refusal is not None:
            raise refusal
        self._access.take_account_orders(signed.owner, 1)
        receipt = await self._sequencer.submit(intent)
        return await self._reports.placed(message, self._market(message.market), receipt)

    async def batch(self, request: Request) -> msgspec.Struct:
        """Carries out up to 50 operations in order, each on its own; all become durable together."""
        self._access.take_orders(request, 1)
        operations = _decoded(_decode_batch, await request.body()).operations
        self._access.take_orders(request, len(operations) - 1)
        outcomes: list[QuantaTradeError | Receipt | None] = [None] * len(operations)
        prepared: list[tuple[int, Intent, Signed]] = []
        for position, operation in enumerate(operations):
            try:
                prepared.append((position, *self._operation(operation)))
            except QuantaTradeError as error:
                outcomes[position] = error
        verdicts = await self._signatures.check([signed for _, _, signed in prepared])
        taken: list[tuple[int, Intent]] = []
        for (position, intent, signed), refusal in zip(prepared, verdicts, strict=True):
            outcomes[position] = refusal or self._over_limit(signed.owner)
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

    async def cancel_by_id(self, request: Request) -> msgspec.Struct:
        """Takes an order of the signed-in wallet out of the book."""
        owner = self._access.signed_in(request).owner
        self._access.take_account_orders(owner, 1)
        intent = CancelOrder(owner, order_id=request.path_params["order_id"])
        return self._reports.cancelled(await self._sequencer.submit(intent))

    async def cancel_by_client_id(self, request: Request) -> msgspec.Struct:
        """Takes an order of the signed-in wallet out of the book."""
        owner = self._access.signed_in(request).owner
        self._access.take_account_orders(owner, 1)
        intent = CancelOrder(owner, client_order_id=request.path_params["client_order_id"])
        return self._reports.cancelled(await self._sequencer.submit(intent))

    async def cancel_all(self, request: Request) -> msgspec.Struct:
        """Takes all orders of the signed-in wallet out of the books."""
        owner = self._access.signed_in(request).owner
        self._access.take_account_orders(owner, 1)
        message = _decoded(_decode_cancel_all, await request.body() or b"{}")
        asset = 0 if message.asset is None else asset_named(self._services, message.asset).asset_id
        return self._reports.all_cancelled(await self._sequencer.submit(CancelAllOrders(owner, asset)))

    def _operation(self, operation: Operation) -> tuple[Intent, Signed]:
        if operation.place is not None and operation.cancel is None:
            return self._order(operation.place)
        if operation.cancel is not None and operation.place is None:
            return self._cancel(operation.cancel)
        raise InvalidRequest("An operation is either a `place` or a `cancel`.", "Give exactly one of the two.")

    def _order(self, message: PlaceMessage) -> tuple[PlaceOrder, Signed]:
        market = self._market(message.market)
        side, time_in_force = _SIDES[message.side], _TIMES_IN_FORCE[message.time_in_force]
        price, quantity = market.to_ticks(message.price), market.to_lots(message.quantity)
        struct = SignedOrder(
            market.market_id,
            side,
            price,
            quantity,
            message.expiry,
            message.seq,
            message.lane,
            message.max_fee_bps,
            time_in_force,
        )
        signed = self._signatures.signed(struct, message.owner, message.signature)
        authorization = OrderAuthorization(
            message.client_order_id,
            signed.owner,
            message.expiry,
            message.seq,
            message.lane,
            message.max_fee_bps,
            time_in_force,
            signed.signature,
            signed.digest,
        )
        return PlaceOrder(market.market_id, side, price, quantity, authorization), signed

    def _cancel(self, message: CancelMessage) -> tuple[CancelOrder, Signed]:
        signed = self._signatures.signed(SignedCancel(message.client_order_id), message.owner, message.signature)
        return CancelOrder(signed.owner, message.client_order_id), signed

    def _market(self, symbol: str) -> Market:
        market = self._markets.get(symbol)
        if market is None:
            # Ticks and lots of a market never change, so only an unknown name is a reason to look.
            market = self._markets[symbol] = market_named(self._services, symbol)
        return market

    def _over_limit(self, owner: bytes) -> QuantaTradeError | None:
        try:
            self._access.take_account_orders(owner, 1)
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

    async def _report(self, operation: Operation, receipt: Receipt) -> PlacedMessage | CancelledMessage:
        if operation.place is None:
            return self._reports.cancelled(receipt)
        return await self._reports.placed(operation.place, self._market(operation.place.market), receipt)


def _answering(handler: Callable[[Request], Awaitable[msgspec.Struct]]) -> Callable[[Request], Awaitable[Response]]:
    """The handler as Starlette wants it: its struct as JSON, its errors in the envelope."""

    async def answer(request: Request) -> Response:
        try:
            body = await handler(request)
        except QuantaTradeError as error:
            return error_response(error, request.state.request_id)
        return Response(encode_json(body), media_type="application/json")

    return answer


def _decoded(decode: Callable[[bytes], _Decoded], body: bytes) -> _Decoded:
    try:
        return decode(body)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"{error}.", "Correct this field; /openapi.json describes them all.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The body is not JSON: {error}.", "Send well-formed JSON in UTF-8.") from error
