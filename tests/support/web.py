"""HTTP servers on loopback, with TLS and without, that say what a test tells them to."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from tests.support.tls import Talk

Answer = Callable[[bytes], bytes]
"""What to say to a request's head."""


def response(status: int, *fields: str, body: bytes = b"") -> bytes:
    """A whole response; fields as `Name: value`."""
    lines = [f"HTTP/1.1 {status} Any", *fields, f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def read_head(connection: socket.socket) -> bytes:
    """A request up to its empty line, or up to where the client left."""
    head = b""
    while b"\r\n\r\n" not in head and (data := connection.recv(4096)):
        head += data
    return head


def http(said: bytes | Answer) -> Talk:
    """A server without TLS that answers every request with the same bytes, or by a function of its head."""

    def talk(connection: socket.socket) -> None:
        head = read_head(connection)
        connection.sendall(said(head) if callable(said) else said)

    return talk


def https(pem: Path, said: bytes | Answer, context: ssl.SSLContext | None = None) -> Talk:
    """The same behind TLS."""
    if context is None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as session:
            http(said)(session)

    return talk


def tls_or_plain(secure: Talk, plain: Talk) -> Talk:
    """One port for both: the first byte tells a TLS client from another, as nginx and HAProxy do."""

    def talk(connection: socket.socket) -> None:
        first = connection.recv(1, socket.MSG_PEEK)
        (secure if first == b"\x16" else plain)(connection)

    return talk
