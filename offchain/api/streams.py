"""All websockets of the exchange: who may open one, how many, and how they end together."""

import asyncio
from collections import Counter
from typing import Final

from starlette.websockets import WebSocket

from offchain.api.access import Access, address_of
from offchain.api.errors import RateLimited, error_response
from offchain.api.services import Services
from offchain.api.stream_connection import StreamConnection
from offchain.api.stream_texts import StreamTexts
from offchain.core.errors import Forbidden, QuantaTradeError

_RETRY_AFTER_S: Final = 5


class Streams:
    """The open websockets."""

    def __init__(self, services: Services, access: Access) -> None:
        self._services = services
        self._access = access
        self._texts = StreamTexts(services.sequencer.directory)
        self._open: set[StreamConnection] = set()
        self._by_address: Counter[str] = Counter()

    async def serve(self, websocket: WebSocket) -> None:
        """Serves one websocket until it ends."""
        refusal = self._refusal(websocket)
        if refusal is not None:
            await websocket.send_denial_response(error_response(refusal, websocket.state.request_id))
            return
        address = address_of(websocket)
        connection = StreamConnection(websocket, self._services, self._access, self._texts)
        self._by_address[address] += 1
        self._open.add(connection)
        try:
            await connection.run()
        finally:
            self._open.discard(connection)
            self._by_address[address] -= 1
            self._by_address += Counter()  # forgets addresses without sockets

    async def shut_down(self) -> None:
        """Tells everyone that the server stops, and closes their sockets."""
        await asyncio.gather(*(connection.shut_down() for connection in tuple(self._open)))

    def _refusal(self, websocket: WebSocket) -> QuantaTradeError | None:
        settings = self._services.settings
        origin = websocket.headers.get("origin")
        if origin is not None and origin not in settings.effective_origins:
            return Forbidden(f"Pages of {origin} may not connect here.", "Open the exchange's own page.")
        if len(self._open) >= settings.websockets:
            return RateLimited("All websockets are taken.", _RETRY_AFTER_S)
        if self._by_address[address_of(websocket)] >= settings.address_websockets:
            return RateLimited("Too many websockets are open from this address.", _RETRY_AFTER_S)
        return None
