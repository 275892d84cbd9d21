"""The ASGI app: routes, the edge around them, and the built web app beneath them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from offchain.api.access import Access
from offchain.api.edge import Edge
from offchain.api.errors import handle_http, handle_known, handle_validation
from offchain.api.openapi import documented_app
from offchain.api.order_entry import OrderEntry
from offchain.api.services import Services
from offchain.api.sign_in import SignIn
from offchain.api.signatures import SignatureCheck
from offchain.api.streams import Streams
from offchain.api.tokens import SessionTokens, load_or_create_secret
from offchain.core.errors import QuantaTradeError


async def _nothing_there(request: Request) -> Response:
    routes = (route for route in request.app.router.routes if getattr(route, "endpoint", None) is not _nothing_there)
    exists = any(route.matches(request.scope)[0] is Match.PARTIAL for route in routes)
    raise HTTPException(405 if exists else 404)


def create_app(services: Services) -> FastAPI:
    """The app over these services, which must have been started.

    Raises:
        ConfigurationError: the session secret cannot be read.
    """
    settings, manifest = services.settings, services.manifest
    secret = load_or_create_secret(settings.session_secret_path)
    tokens = SessionTokens(secret, services.writing, services.clock, settings.session_minutes)
    access = Access(settings, tokens)
    signatures = SignatureCheck(manifest.chain_id, manifest.address("Settlement"))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        signatures.close()

    app = documented_app(lifespan)
    app.state.services = services
    app.state.tokens = tokens
    app.state.access = access
    app.state.streams = Streams(services, access)
    app.state.signatures = signatures
    app.state.sign_in = SignIn(tokens, settings.effective_origins, manifest.chain_id, services.clock)
    for kind, handler in (
        (QuantaTradeError, handle_known),
        (RequestValidationError, handle_validation),
        (HTTPException, handle_http),
    ):
        app.add_exception_handler(kind, handler)
    # First, so that an order does not wait for the other routes to be tried.
    app.router.routes[:0] = OrderEntry(services, access, signatures).routes()
    app.router.add_websocket_route("/ws", app.state.streams.serve)
    app.add_middleware(Edge)
    if services.frontend is not None:
        # The web app answers navigation to any other path, so what belongs to the API is closed off before it.
        app.add_route("/api/{rest:path}", _nothing_there, include_in_schema=False)
        app.add_route("/ws/{rest:path}", _nothing_there, include_in_schema=False)
        app.frontend("/", directory=services.frontend, fallback="index.html")
    return app
