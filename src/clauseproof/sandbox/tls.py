"""A TLS terminator as it stands in front of a service: one configuration per address, one application behind.

Threads and blocking sockets, not asyncio: asyncio drops the alert of a refused handshake, and an alert is what tells a
refusal from an accident.
"""

import select
import socket
import socketserver
import ssl
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from clauseproof.sandbox.background import Background, StreamServer
from clauseproof.sandbox.pki import Leaf
from clauseproof.sandbox.ports import one_port

_CHUNK: Final = 65536
_IDLE_S: Final = 30.0


def context(leaf: Leaf, minimum: ssl.TLSVersion) -> ssl.SSLContext:
    """A server's configuration that refuses everything older than `minimum`."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = minimum
    made.set_alpn_protocols(["http/1.1"])
    # ssl reads keys from files only; these are gone before the first handshake.
    with tempfile.TemporaryDirectory() as folder:
        chain, key = Path(folder, "chain.pem"), Path(folder, "key.pem")
        chain.write_bytes(leaf.chain)
        key.write_bytes(leaf.private_key)
        made.load_cert_chain(chain, key)
    return made


class Terminator(Background):
    """Accepts TLS on loopback addresses at one port that is free on all, and forwards the bytes to `backend`."""

    def __init__(self, contexts: Mapping[str, ssl.SSLContext], *, backend: tuple[str, int]) -> None:
        sockets = one_port(list(contexts))
        self.port: int = sockets[0].getsockname()[1]
        super().__init__(
            [
                StreamServer(bound, _forwarder(context, backend))
                for bound, context in zip(sockets, contexts.values(), strict=True)
            ]
        )


def _forwarder(context: ssl.SSLContext, backend: tuple[str, int]) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(_IDLE_S)
            with (
                suppress(OSError),  # a refused handshake, a client that left, nobody behind: the connection ends
                context.wrap_socket(self.request, server_side=True) as near,
                socket.create_connection(backend, _IDLE_S) as far,
            ):
                _relay(near, far)

    return Handler


def _relay(near: ssl.SSLSocket, far: socket.socket) -> None:
    """Copy both ways until either side ends or nothing moves for too long."""
    while True:
        # What OpenSSL has already decrypted no longer shows on the socket.
        ready = [near] if near.pending() else select.select([near, far], [], [], _IDLE_S)[0]
        if not ready:
            return
        for source in ready:
            data = source.recv(_CHUNK)
            if not data:
                return
            (far if source is near else near).sendall(data)
