"""Proxies on loopback: HTTP CONNECT and SOCKS5, that lead where a test says, or do not."""

import base64
import selectors
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.tls import Talk, listening, tls

_PATIENCE_S = 10.0


@dataclass
class Led:
    """Where a proxy leads, and what it was asked.

    Attributes:
        to: address and port by what was asked for, `api.crm.example:443`; anything else is refused.
        login: `user:password` that it asks for.
        asked: everything that it was asked for, in order.
        logins: every login that it was given.
        heads: the requests of CONNECT in full.
    """

    to: dict[str, tuple[str, int]]
    login: str | None = None
    asked: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)


def connect_proxy(led: Led) -> Talk:
    """RFC 9110, section 9.3.6."""

    def talk(here: socket.socket) -> None:
        head = _until(here, b"\r\n\r\n")
        led.heads.append(head)
        led.asked.append(head.split(b" ")[1].decode())
        given = [line[27:] for line in head.split(b"\r\n") if line.lower().startswith(b"proxy-authorization: basic ")]
        led.logins += [base64.b64decode(one).decode() for one in given]
        if led.login is not None and led.logins[-1:] != [led.login]:
            here.sendall(
                b"HTTP/1.1 407 " + b"".join(given) + b"\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
            )
        elif led.asked[-1] not in led.to:
            here.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        else:
            with socket.create_connection(led.to[led.asked[-1]], _PATIENCE_S) as there:
                here.sendall(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n")
                _join(here, there)

    return talk


def socks_proxy(led: Led) -> Talk:
    """RFC 1928, with the login of RFC 1929."""

    def talk(here: socket.socket) -> None:
        _, count = _exactly(here, 2)
        methods, wanted = _exactly(here, count), 0 if led.login is None else 2
        if wanted not in methods:
            here.sendall(b"\x05\xff")
            return
        here.sendall(bytes([5, wanted]))
        if led.login is not None and not _logged_in(here, led):
            return
        where = _asked(here)
        led.asked.append(where)
        if where not in led.to:
            here.sendall(b"\x05\x02\x00\x01" + bytes(6))
            return
        with socket.create_connection(led.to[where], _PATIENCE_S) as there:
            here.sendall(b"\x05\x00\x00\x03\x05proxy\x00\x50")
            _join(here, there)

    return talk


def _logged_in(here: socket.socket, led: Led) -> bool:
    _, length = _exactly(here, 2)
    user = _exactly(here, length)
    password = _exactly(here, _exactly(here, 1)[0])
    led.logins.append(f"{user.decode()}:{password.decode()}")
    right = led.logins[-1] == led.login
    here.sendall(b"\x01\x00" if right else b"\x01\x01")
    return right


def _asked(here: socket.socket) -> str:
    _, _, _, kind = _exactly(here, 4)
    if kind == 3:
        host = _exactly(here, _exactly(here, 1)[0]).decode()
    else:
        family = socket.AF_INET if kind == 1 else socket.AF_INET6
        host = socket.inet_ntop(family, _exactly(here, 4 if kind == 1 else 16))
    return f"{host}:{int.from_bytes(_exactly(here, 2), 'big')}"


def answering(data: bytes) -> Talk:
    """A proxy that reads what it is asked and answers with these bytes, whatever it was."""

    def talk(here: socket.socket) -> None:
        here.recv(4096)
        here.sendall(data)
        here.shutdown(socket.SHUT_WR)
        while here.recv(4096):
            pass

    return talk


def endless(data: bytes) -> Talk:
    """A proxy that answers with these bytes again and again until it is left."""

    def talk(here: socket.socket) -> None:
        here.recv(4096)
        while True:
            here.sendall(data * 64)

    return talk


HOSTILE: dict[str, Talk] = {
    "garbage": answering(bytes(range(256)) * 8),
    "endless head": endless(b"HTTP/1.1 200 OK\r\nx: y\r\n"),
    "endless line": endless(b"HTTP/1.1 200 " + b"O" * 1024),
    "elsewhere": answering(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
    "page": answering(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n<b>no</b>"),
    "closed": answering(b""),
}
"""Proxies that lead nowhere."""
PROXIES: dict[str, Callable[[Led], Talk]] = {"http": connect_proxy, "socks5": socks_proxy}


@contextmanager
def behind(
    talk: Talk, scheme: str = "http", login: str | None = None, host: str = "api.crm.example", port: int = 443
) -> Iterator[tuple[str, Led]]:
    """A server that only a proxy leads to, by name and port or by address; the proxy's URL, and what it was asked."""
    with listening(talk) as inner:
        led = Led({f"{host}:{port}": ("127.0.0.1", inner), f"127.0.0.1:{inner}": ("127.0.0.1", inner)}, login)
        with listening(PROXIES[scheme](led)) as outer:
            yield f"{scheme}://127.0.0.1:{outer}", led


def intercepting(pem: Path, *versions: ssl.TLSVersion) -> Talk:
    """A CONNECT proxy that opens connections: whatever it is asked for, it speaks TLS itself."""
    inside = tls(pem, *versions)

    def talk(here: socket.socket) -> None:
        _until(here, b"\r\n\r\n")
        here.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        inside(here)

    return talk


def _until(here: socket.socket, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        more = here.recv(4096)
        if not more:
            raise ConnectionAbortedError
        data += more
    return data


def _exactly(here: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = here.recv(count - len(data))
        if not more:
            raise ConnectionAbortedError
        data += more
    return data


def _join(here: socket.socket, there: socket.socket) -> None:
    """Carry bytes both ways until either side ends."""
    with selectors.DefaultSelector() as selector:
        selector.register(here, selectors.EVENT_READ, there)
        selector.register(there, selectors.EVENT_READ, here)
        while ready := selector.select(_PATIENCE_S):
            for key, _ in ready:
                source = here if key.fileobj is here else there
                data = source.recv(65536)
                if not data:
                    return
                key.data.sendall(data)
