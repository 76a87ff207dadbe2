"""Servers of the standard library's `socketserver` on sockets already bound, in threads, for the length of a block."""

import socket
import socketserver
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

STOP_S: Final = 5.0
_POLL_S: Final = 0.05


class StreamServer(socketserver.ThreadingTCPServer):
    """TCP, a thread per connection."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, bound: socket.socket, handler: type[socketserver.BaseRequestHandler]) -> None:
        super().__init__(bound.getsockname(), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = bound


class DatagramServer(socketserver.UDPServer):
    """UDP, one datagram at a time."""

    def __init__(self, bound: socket.socket, handler: type[socketserver.BaseRequestHandler]) -> None:
        super().__init__(bound.getsockname(), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = bound


class Background:
    """Runs servers while its block lasts; their ports are free afterwards."""

    def __init__(self, servers: Sequence[socketserver.BaseServer]) -> None:
        self._servers = servers
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(_POLL_S,), name="reference vendor", daemon=True)
            for server in servers
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            thread.join(STOP_S)
            server.server_close()
