"""A real HTTP server on loopback in a thread, for a double that lives as long as a `with` block."""

import asyncio
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


class LoopbackServer:
    """Serves `app` on 127.0.0.1, or another loopback address, at a free port unless one is given.

    The port is open from construction on; answers come once the `with` block is entered.
    """

    def __init__(
        self, app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, certificate: Certificate | None = None
    ) -> None:
        self._socket = socket.create_server((host, port))
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
            ssl_certfile=certificate.chain if certificate else None,
            ssl_keyfile=certificate.private_key if certificate else None,
        )
        self._server = uvicorn.Server(config)
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
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(STOP_S)
        self._socket.close()
