"""TLS terminators of several configurations, tried by OpenSSL's client through `ssl`."""

import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from clauseproof.sandbox.pki import Authority
from clauseproof.sandbox.tls import Terminator, context

NOW = datetime.now(UTC)
ROOT = Authority.root("Example Root CA", now=NOW)
LEAF = ROOT.subordinate("Example Issuing CA").issue(
    ["api.crm.example"], start=NOW - timedelta(days=1), end=NOW + timedelta(days=1)
)
STRICT, LAX = "127.0.9.1", "127.0.9.2"


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture(scope="module")
def backend() -> Iterator[tuple[str, int]]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield "127.0.0.1", server.server_address[1]
        server.shutdown()


@pytest.fixture(scope="module")
def terminator(backend: tuple[str, int]) -> Iterator[Terminator]:
    contexts = {STRICT: context(LEAF, ssl.TLSVersion.TLSv1_3), LAX: context(LEAF, ssl.TLSVersion.TLSv1_2)}
    with Terminator(contexts, backend=backend) as terminator:
        yield terminator


def connect(address: str, port: int, version: ssl.TLSVersion) -> ssl.SSLSocket:
    client = ssl.create_default_context(cadata=ROOT.pem.decode())
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # the default since Python 3.13
    client.minimum_version = client.maximum_version = version
    return client.wrap_socket(socket.create_connection((address, port), 5), server_hostname="api.crm.example")


@pytest.mark.parametrize("address", [STRICT, LAX])
def test_every_address_speaks_tls_1_3_at_the_same_port(terminator: Terminator, address: str) -> None:
    with connect(address, terminator.port, ssl.TLSVersion.TLSv1_3) as stream:
        assert stream.version() == "TLSv1.3"


def test_one_address_still_accepts_tls_1_2(terminator: Terminator) -> None:
    with connect(LAX, terminator.port, ssl.TLSVersion.TLSv1_2) as stream:
        assert stream.version() == "TLSv1.2"


def test_the_other_refuses_tls_1_2_with_an_alert(terminator: Terminator) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"):
        connect(STRICT, terminator.port, ssl.TLSVersion.TLSv1_2)


def test_requests_reach_the_application_behind(terminator: Terminator) -> None:
    with connect(STRICT, terminator.port, ssl.TLSVersion.TLSv1_3) as stream:
        stream.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: stream.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.0 200")
    assert answer.endswith(b"hello")


def test_a_broken_handshake_does_not_stop_the_server(terminator: Terminator) -> None:
    with socket.create_connection((STRICT, terminator.port), 5) as plain:
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with suppress(ConnectionResetError):
            plain.recv(4096)
    with connect(STRICT, terminator.port, ssl.TLSVersion.TLSv1_3) as stream:
        assert stream.version() == "TLSv1.3"


def test_the_port_is_free_after_the_block(backend: tuple[str, int]) -> None:
    with Terminator({STRICT: context(LEAF, ssl.TLSVersion.TLSv1_3)}, backend=backend) as terminator:
        connect(STRICT, terminator.port, ssl.TLSVersion.TLSv1_3).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((STRICT, terminator.port), 5)
