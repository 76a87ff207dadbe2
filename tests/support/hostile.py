"""TLS servers that do not play along: each a way to be misread, spoken by hand or in front of Python's ssl."""

import re
import socket
import ssl
import threading
import time
from pathlib import Path

from tests.support.flights import alert, record, server_hello
from tests.support.tls import Talk, server_context, tls

V = ssl.TLSVersion
_LEFT_ALONE_S = 2.0
_OFFERS_TLS_1_3 = re.compile(rb"\x00\x2b\x00.[\x02-\x10](?:..){0,7}?\x03\x04", re.DOTALL)


def _peeked(connection: socket.socket) -> bytes:
    return connection.recv(4096, socket.MSG_PEEK)


def _newest_offered(start: bytes) -> bytes:
    """The version of a hello, as it would be chosen."""
    return b"\x03\x04" if _OFFERS_TLS_1_3.search(start) else start[9:11]


def closing_all(connection: socket.socket) -> None:
    """Reads the hello and closes."""
    connection.recv(4096)


def intolerant(pem: Path) -> Talk:
    """TLS 1.0, and nothing at all for clients that offer more than that."""
    old = tls(pem, V.TLSv1, V.TLSv1)
    return lambda connection: old(connection) if _newest_offered(_peeked(connection)) <= b"\x03\x01" else None


def lying(pem: Path) -> Talk:
    """Refuses offers of TLS 1.2 and 1.1 in so many words, and speaks TLS 1.0 and 1.3."""
    other = tls(pem, V.TLSv1)

    def talk(connection: socket.socket) -> None:
        if _newest_offered(_peeked(connection)) in (b"\x03\x03", b"\x03\x02"):
            connection.recv(4096)
            connection.sendall(alert(70))
        else:
            other(connection)

    return talk


def alerting(pem: Path, code: int) -> Talk:
    """TLS 1.3, and an alert for everything older."""
    modern = tls(pem, V.TLSv1_3)

    def talk(connection: socket.socket) -> None:
        if _newest_offered(_peeked(connection)) == b"\x03\x04":
            modern(connection)
        else:
            connection.recv(4096)
            connection.sendall(alert(code))

    return talk


def flapping(pem: Path, code: int) -> Talk:
    """TLS 1.2 and 1.3, but for an alert to the first hello of TLS 1.3."""

    def alerts(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(alert(code))

    return _once(alerts, tls(pem), b"\x03\x04")


def outdated_once(pem: Path) -> Talk:
    """TLS 1.3, and TLS 1.2 for the first client that offers no more than that."""
    return _once(tls(pem), tls(pem, V.TLSv1_3), b"\x03\x03")


def _once(odd: Talk, usual: Talk, version: bytes) -> Talk:
    """Another answer to the first hello whose newest version is this, as one bad backend of several gives it."""
    lock, done = threading.Lock(), [False]

    def talk(connection: socket.socket) -> None:
        wanted = _newest_offered(_peeked(connection)) == version
        with lock:
            first, done[0] = wanted and not done[0], done[0] or wanted
        (odd if first else usual)(connection)

    return talk


def anonymous(pem: Path) -> Talk:
    """TLS 1.2 with nobody authenticated: every suite with a certificate is refused."""
    context = server_context(pem, V.TLSv1_2, V.TLSv1_2)
    context.set_ciphers("aNULL:@SECLEVEL=0")

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as session:
            session.recv(1)

    return talk


def by_name(pem: Path, without: Path, name: str) -> Talk:
    """TLS 1.3 for its own name, TLS 1.2 with another certificate for clients that send none."""
    modern, old = tls(pem, V.TLSv1_3), tls(without, V.TLSv1_2)
    return lambda connection: (modern if name.encode() in _peeked(connection) else old)(connection)


def limited(pem: Path) -> Talk:
    """TLS 1.3 once, and then nothing until it is left alone: a limit that looks like a refusal."""
    talk, lock, last = tls(pem, V.TLSv1_3), threading.Lock(), [0.0]

    def once(connection: socket.socket) -> None:
        modern, now = _newest_offered(_peeked(connection)) == b"\x03\x04", time.monotonic()
        with lock:
            open_ = modern and now >= last[0] + _LEFT_ALONE_S
            last[0] = now if modern else last[0]
        if open_:
            talk(connection)

    return once


def throttled(pem: Path, pause_s: float = 0.2) -> Talk:
    """TLS 1.0 to 1.3 for one connection in `pause_s`, and nothing for the others."""
    talk, lock, let_in = tls(pem, V.TLSv1), threading.Lock(), [0.0]

    def limited_by_time(connection: socket.socket) -> None:
        now = time.monotonic() if _peeked(connection) else 0.0
        with lock:
            open_ = now >= let_in[0] + pause_s
            let_in[0] = now if open_ else let_in[0]
        if open_:
            talk(connection)

    return limited_by_time


def ssl_3_0(connection: socket.socket) -> None:
    """Chooses SSL 3.0 whatever is offered, byte by byte without any library."""
    if _peeked(connection)[9:10] == b"\x03":
        connection.recv(4096)
        connection.sendall(record(server_hello(0x0300, 0x0005), version=0x0300))


def mail(pem: Path) -> Talk:
    """SMTP with STARTTLS and TLS 1.3."""
    modern = tls(pem, V.TLSv1_3)

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"220 mail.crm.example\r\n")
        connection.recv(4096)
        connection.sendall(b"250-mail.crm.example\r\n250 STARTTLS\r\n")
        connection.recv(4096)
        connection.sendall(b"220 go ahead\r\n")
        modern(connection)

    return talk
