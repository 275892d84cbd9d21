"""The HTTP server in this process: uvicorn, told to say goodbye to websockets before it closes them."""

import socket
from typing import Final

import uvicorn
from fastapi import FastAPI

from offchain.api.streams import Streams

_GRACE_S: Final = 5
_WEBSOCKET_MESSAGE_BYTES: Final = 64 * 1024
_BACKLOG: Final = 2_048


class ApiServer(uvicorn.Server):
    """Serves an app made by `create_app`. `await serve()` runs until `should_exit` is set."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            backlog=_BACKLOG,
            ws="websockets-sansio",
            ws_max_size=_WEBSOCKET_MESSAGE_BYTES,
            timeout_graceful_shutdown=_GRACE_S,
        )
        super().__init__(config)
        self._streams: Streams = app.state.streams

    @property
    def bound_port(self) -> int:
        """The port that it listens on, once it has started; tells which one was free when 0 was asked for."""
        address = self.servers[0].sockets[0].getsockname()
        return int(address[1])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops: websockets hear of it first."""
        await self._streams.shut_down()
        await super().shutdown(sockets)
