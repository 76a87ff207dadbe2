"""A CONNECT proxy that leads real host names to loopback, so that a client keeps its URL and all of its checks."""

import selectors
import socket
import socketserver
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

from clauseproof.sandbox.background import Background, StreamServer

_LONGEST_HEAD: Final = 16 * 1024
_PATIENCE_S: Final = 10.0
_CHUNK: Final = 64 * 1024


class ConnectProxy:
    """Serves `HTTPS_PROXY` for the length of a `with` block: port 443 of each known name goes to its address here.

    Everything else is refused with status 403, so nothing leaves the machine by it.
    """

    def __init__(self, addresses: Mapping[str, tuple[str, int]]) -> None:
        bound = socket.create_server(("127.0.0.1", 0))
        self._port: int = bound.getsockname()[1]
        self._background = Background([_Server(bound, addresses)])

    @property
    def url(self) -> str:
        """What goes into `HTTPS_PROXY`."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._background.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._background.__exit__(kind, error, trace)


class _Server(StreamServer):
    def __init__(self, bound: socket.socket, addresses: Mapping[str, tuple[str, int]]) -> None:
        super().__init__(bound, _Handler)
        self.targets = {f"{name}:443".encode(): address for name, address in addresses.items()}


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        here: socket.socket = self.request
        here.settimeout(_PATIENCE_S)
        try:
            method, _, rest = _head(here).partition(b" ")
            address = self.server.targets.get(rest.partition(b" ")[0].lower()) if method == b"CONNECT" else None
            if address is None:
                here.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(address, _PATIENCE_S) as there:
                here.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _join(here, there)
        except OSError:
            return


def _head(connection: socket.socket) -> bytes:
    """The request's head. A client sends nothing after it before it is answered."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        data = connection.recv(_CHUNK)
        head += data
        if not data or len(head) > _LONGEST_HEAD:
            raise ConnectionAbortedError("no CONNECT request")
    return head


def _join(here: socket.socket, there: socket.socket) -> None:
    """Carry bytes both ways until either side ends or falls silent for too long."""
    with selectors.DefaultSelector() as selector:
        selector.register(here, selectors.EVENT_READ, there)
        selector.register(there, selectors.EVENT_READ, here)
        while ready := selector.select(_PATIENCE_S):
            for key, _ in ready:
                source, sink = key.fileobj, key.data
                assert isinstance(source, socket.socket)  # noqa: S101 - nothing else is registered
                data = source.recv(_CHUNK)
                if not data:
                    return
                sink.sendall(data)
