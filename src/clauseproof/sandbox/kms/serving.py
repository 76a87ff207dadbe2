"""A real HTTP server on loopback in a thread, for a double that lives as long as a `with` block."""

import asyncio
import contextlib
import socket
import struct
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

START_S: Final = 10.0
STOP_S: Final = 5.0
KEPT_S: Final = 600
"""How long an idle connection is kept: nobody must find it closed just when it is used again."""


@dataclass(frozen=True)
class Certificate:
    """PEM files that a server presents; `chain` begins with the leaf."""

    chain: Path
    private_key: Path


class _ResettableProtocol(H11Protocol):
    """Lets an application reset its own connection: `scope["state"]["reset"]()`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "reset": partial(_reset, transport)}


def _reset(transport: asyncio.Transport) -> None:
    # Linger of zero seconds makes the kernel send RST instead of FIN (socket(7), SO_LINGER).
    connection: Any = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class _Server(uvicorn.Server):
    """Ends when it is told to, where uvicorn's own looks up every 100 ms and takes 100 ms more to close."""

    _REFRESH_S: Final = 1.0
    _CLOSE_S: Final = 0.01

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # which also writes the Date header anew
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), self._REFRESH_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(self._CLOSE_S)

    def end(self) -> None:
        """Close without waiting for any client, from another thread."""
        self.should_exit = self.force_exit = True
        self._loop.call_soon_threadsafe(self._told.set)


class LoopbackServer:
    """Serves `app` on 127.0.0.1, or another loopback address, at a free port unless one is given.

    The port is open from construction on; answers come once the `with` block is entered.
    """

    def __init__(
        self, app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, certificate: Certificate | None = None
    ) -> None:
        self._socket = socket.create_server((host, port))
        # Inherited by what it accepts. asyncio sets it only where the protocol was named, which create_server does not
        # do; without it the body of an answer waits 40 ms for the client to acknowledge the head.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host: str = host
        self.port: int = self._socket.getsockname()[1]
        self._scheme = "http" if certificate is None else "https"
        config = uvicorn.Config(
            app,
            http=_ResettableProtocol,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=KEPT_S,
            ssl_certfile=certificate.chain if certificate else None,
            ssl_keyfile=certificate.private_key if certificate else None,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name=f"double:{self.port}", daemon=True
        )

    @property
    def url(self) -> str:
        """Scheme, address and port."""
        return f"{self._scheme}://{self.host}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        poll = threading.Event()
        for _ in range(int(START_S / 0.01)):
            if self._server.started:
                return self
            if not self._thread.is_alive():
                break
            poll.wait(0.01)
        raise RuntimeError(f"the server on {self.url} did not start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Nobody is waited for: a client that keeps its connection alive would hold up the end of every test.
        self._server.end()
        self._thread.join(STOP_S)
        self._socket.close()
