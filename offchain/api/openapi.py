"""The OpenAPI document, of FastAPI's routes, the lean order routes and the websocket's messages.

`python -m offchain.api.openapi` writes it to `openapi.json`; a test checks that the two do not drift apart.
"""

from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.types import Lifespan

from offchain.api.access import Rule
from offchain.api.routes import ROUTERS
from offchain.client.messages import (
    AllCancelledMessage,
    AmendedMessage,
    AmendMessage,
    BatchMessage,
    BatchResult,
    CancelAllMessage,
    CancelledMessage,
    CheckedMessage,
    ErrorMessage,
    PlacedMessage,
    PlaceMessage,
    ReplacedMessage,
)
from offchain.client.stream_messages import StreamMessage, StreamRequest

DOCUMENT: Final = Path(__file__).parent / "openapi.json"
_PRIVATE_ROWS: Final = {
    "orders": "OrderBody",
    "fills": "FillBody",
    "balances": "BalanceBody",
    "preventedMatches": "PreventedMatchBody",
}
"""What the rows of private messages are: the same models as over HTTP."""
_REFERENCE: Final = "#/components/schemas/{name}"
_CLIENT_ORDER_ID: Final = {"name": "client_order_id", "in": "path", "required": True, "schema": {"type": "string"}}
_ORDER_ID: Final = {"name": "order_id", "in": "path", "required": True, "schema": {"type": "integer"}}


class LeanOperation(msgspec.Struct, frozen=True):
    """An order route as the document tells it."""

    operation_id: str
    method: str
    path: str
    rule: Rule
    summary: str
    answer: type[msgspec.Struct]
    body: type[msgspec.Struct] | None = None
    parameters: tuple[dict[str, Any], ...] = ()


def _by_either_id(
    operation_id: str,
    method: str,
    rule: Rule,
    summary: str,
    *,
    answer: type[msgspec.Struct],
    body: type[msgspec.Struct] | None = None,
) -> tuple[LeanOperation, LeanOperation]:
    """An operation on one order, by its id and by the id that the client gave it."""
    by_client_id = f"{operation_id}ByClientId"
    path = "/api/v1/orders/by-client-id/{client_order_id}"
    return (
        LeanOperation(operation_id, method, "/api/v1/orders/{order_id}", rule, summary, answer, body, (_ORDER_ID,)),
        LeanOperation(
            by_client_id, method, path, rule, f"{summary}, by its client id", answer, body, (_CLIENT_ORDER_ID,)
        ),
    )


LEAN_OPERATIONS: Final = (
    LeanOperation(
        "placeOrder", "post", "/api/v1/orders", Rule.SIGNED, "Place a signed order", PlacedMessage, PlaceMessage
    ),
    LeanOperation(
        "testOrder",
        "post",
        "/api/v1/orders/test",
        Rule.SIGNED,
        "Check a signed order without placing it",
        CheckedMessage,
        PlaceMessage,
    ),
    LeanOperation(
        "submitBatch",
        "post",
        "/api/v1/orders/batch",
        Rule.SIGNED,
        "Place, replace and cancel in one request",
        BatchResult,
        BatchMessage,
    ),
    LeanOperation(
        "cancelAllOrders",
        "post",
        "/api/v1/orders/cancel-all",
        Rule.SESSION,
        "Cancel all own orders",
        AllCancelledMessage,
        CancelAllMessage,
    ),
    *_by_either_id("cancelOrder", "delete", Rule.SESSION, "Cancel an own order", answer=CancelledMessage),
    *_by_either_id(
        "amendOrder",
        "patch",
        Rule.SESSION,
        "Let less of an own order remain",
        answer=AmendedMessage,
        body=AmendMessage,
    ),
    *_by_either_id(
        "replaceOrder",
        "put",
        Rule.SIGNED,
        "Place a signed order instead of an open one",
        answer=ReplacedMessage,
        body=PlaceMessage,
    ),
)


def documented_app(lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """An app with the routers, serving the whole document; the lean routes are for the caller to add."""
    app = FastAPI(
        title="QuantaTrade",
        version=version("quantatrade"),
        description="Orders match off chain, funds settle on chain. docs/api.md tells how to trade here.",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        # Sessions are bearer tokens, never cookies, so a JSON body needs no content type to be safe from other sites.
        strict_content_type=False,
        lifespan=lifespan,
    )
    for router in ROUTERS:
        app.include_router(router)

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way to extend its document
    return app


def document(app: FastAPI) -> dict[str, Any]:
    """The document of the app's routes."""
    whole = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, summary=None
    )
    schemas = whole.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas |= _message_schemas()
    for lean in LEAN_OPERATIONS:
        whole["paths"].setdefault(lean.path, {})[lean.method] = _operation(lean)
    whole["components"]["securitySchemes"] = {
        "session": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "metrics": {"type": "http", "scheme": "bearer"},
    }
    for path in whole["paths"].values():
        for operation in path.values():
            _complete(operation)
    return whole


def _message_schemas() -> dict[str, Any]:
    types: list[type[msgspec.Struct]] = [ErrorMessage]
    for lean in LEAN_OPERATIONS:
        types += [kind for kind in (lean.answer, lean.body) if kind is not None]
    types += [*get_args(StreamRequest), *get_args(StreamMessage)]
    _, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    for private in ("PrivateSnapshotMessage", "PrivateUpdateMessage"):
        fields = components[private]["properties"]
        for field, model in _PRIVATE_ROWS.items():
            if field in fields:
                fields[field]["items"] = {"$ref": _REFERENCE.format(name=model)}
    return components


def _operation(lean: LeanOperation) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": ["order entry"],
        "summary": lean.summary,
        "operationId": lean.operation_id,
        "x-access": lean.rule.value,
        "responses": {"200": {"description": "Done, and durable.", "content": _json(lean.answer)}},
    }
    if lean.parameters:
        operation["parameters"] = list(lean.parameters)
    if lean.body is not None:
        operation["requestBody"] = {"required": lean.body is not CancelAllMessage, "content": _json(lean.body)}
    return operation


def _json(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(name=kind.__name__)}}}


def _complete(operation: dict[str, Any]) -> None:
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = {
        "description": "A refusal: a stable code, and what to do next.",
        "content": _json(ErrorMessage),
    }
    if operation["x-access"] == Rule.METRICS:
        operation["security"] = [{"metrics": []}]
    if operation["x-access"] in (Rule.SESSION, Rule.OPERATOR):
        operation["security"] = [{"session": []}]


def render() -> bytes:
    """The document as it is committed."""
    return msgspec.json.format(msgspec.json.encode(document(documented_app()), order="sorted"), indent=2) + b"\n"


if __name__ == "__main__":
    DOCUMENT.write_bytes(render())
