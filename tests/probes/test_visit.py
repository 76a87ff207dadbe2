"""How visits end: whatever a server does, they end, and what it said before is read."""

import asyncio
import contextlib
import socket
import ssl
import time
from pathlib import Path

import pytest

from clauseproof.model.look import Look
from clauseproof.probes import visit as module
from clauseproof.probes.chain import looking_context
from clauseproof.probes.hello.received import NotOffered, Received, Talk
from clauseproof.probes.visit import End, Errand, Target, Visit, visit
from tests.support.certificates import authority, leaf
from tests.support.tls import Talk as Server
from tests.support.tls import dripping, garbage, listening, resetting, silent, tls
from tests.support.web import http, https

GOOD = leaf(authority(), "api.crm.example")
WANTED = b"four"


def go(server: Server, errand: Errand, *, patience_s: float = 3.0, address: str = "127.0.0.1") -> Visit:
    with listening(server, address) as port:
        return asyncio.run(visit(Target(address, port, "api.crm.example"), errand, Look(), patience_s))


def asking(*, secure: bool = False, talk: Talk | None = None) -> Errand:
    """Send something and leave once four bytes came."""
    came = bytearray()

    def enough(data: bytes) -> bool:
        came.extend(data)
        return len(came) >= len(WANTED)

    return Errand(talk=talk, tls=looking_context() if secure else None, send=b"hello\r\n\r\n", enough=enough)


def answering(connection: socket.socket) -> None:
    connection.recv(100)
    connection.sendall(WANTED)


def test_what_is_asked_for_is_read_in_the_clear() -> None:
    seen = go(answering, asking())
    assert (seen.end, seen.received, seen.version) == (End.ENOUGH, WANTED, None)


def test_what_is_asked_for_is_read_inside_tls(tmp_path: Path) -> None:
    seen = go(https(GOOD.write(tmp_path), WANTED), asking(secure=True))
    assert (seen.end, seen.received, seen.chain) == (End.ENOUGH, WANTED, GOOD.chain)
    assert seen.version == "TLSv1.3"
    assert seen.suite is not None


def test_a_handshake_alone_is_enough_where_nothing_is_sent(tmp_path: Path) -> None:
    seen = go(tls(GOOD.write(tmp_path)), Errand(tls=looking_context()))
    assert (seen.end, seen.chain) == (End.ENOUGH, GOOD.chain)


def test_ipv6_addresses_are_visited() -> None:
    with contextlib.suppress(OSError):
        assert go(answering, asking(), address="::1").received == WANTED
        return
    pytest.skip("this machine has no IPv6 loopback")


def hello(answer: bytes) -> Talk:
    """A plain protocol of two lines."""
    received = Received()
    yield from received.more(b"START\r\n")
    line = yield from received.line()
    if line != answer:
        raise NotOffered("not so")
    received.finish()


def starting(pem: Path, line: bytes) -> Server:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    def talk(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(line)
        https(pem, WANTED, context)(connection)

    return talk


def test_a_plain_conversation_leads_to_tls(tmp_path: Path) -> None:
    seen = go(starting(GOOD.write(tmp_path), b"OK\r\n"), asking(secure=True, talk=hello(b"OK")))
    assert (seen.end, seen.received, seen.version) == (End.ENOUGH, WANTED, "TLSv1.3")


def test_a_plain_conversation_that_leads_nowhere_keeps_its_error(tmp_path: Path) -> None:
    seen = go(starting(GOOD.write(tmp_path), b"NO\r\n"), asking(secure=True, talk=hello(b"OK")))
    assert (seen.end, seen.words, seen.version) == (End.NOT_OFFERED, "not so", None)
    assert isinstance(seen.failure, NotOffered)


def closing(connection: socket.socket) -> None:
    connection.recv(65536)


@pytest.mark.parametrize(
    ("server", "secure", "end"),
    [
        (closing, False, End.CLOSED),
        (closing, True, End.CLOSED),
        (resetting, False, End.RESET),
        (resetting, True, End.RESET),
        (silent, False, End.SILENCE),
        (silent, True, End.SILENCE),
        (dripping, True, End.SILENCE),
        (garbage, True, End.FAILED),
    ],
)
def test_every_end_is_told_apart(server: Server, secure: bool, end: End) -> None:
    assert go(server, asking(secure=secure), patience_s=0.5).end is end


def test_a_conversation_that_is_cut_off_is_a_closed_connection() -> None:
    assert go(closing, asking(secure=True, talk=hello(b"OK"))).end is End.CLOSED


def test_a_port_where_nobody_listens_refuses() -> None:
    with listening(silent) as port:
        pass
    seen = asyncio.run(visit(Target("127.0.0.1", port, None), asking(), Look()))
    assert seen.end is End.REFUSED


def test_an_address_that_cannot_be_reached_says_why() -> None:
    seen = asyncio.run(visit(Target("255.255.255.255", 9, None), asking(), Look()))
    assert seen.end is End.NO_WAY
    assert seen.words


def test_a_connection_that_is_not_answered_is_not_a_silent_one() -> None:
    """A full backlog answers no further connection, as a firewall that drops does."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        time.sleep(0.2)
        target = Target("127.0.0.1", server.getsockname()[1], None)
        seen = asyncio.run(visit(target, asking(), Look(), patience_s=0.5))
        for one in waiting:
            one.close()
    assert seen.end is End.NOTHING


def refusing_after_the_handshake(pem: Path, version: ssl.TLSVersion) -> Server:
    """Asks for a certificate, and closes at once with what the client sent unread: the alert comes with a reset."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=authority().pem.decode())
    context.minimum_version = context.maximum_version = version
    return https(pem, WANTED, context)


@pytest.mark.parametrize(
    ("version", "end", "words"),
    [
        (ssl.TLSVersion.TLSv1_3, End.ALERT, "tlsv13 alert certificate required"),
        (ssl.TLSVersion.TLSv1_2, End.FAILED, "sslv3 alert handshake failure"),
    ],
)
def test_an_alert_is_read_although_the_connection_is_broken(
    tmp_path: Path, version: ssl.TLSVersion, end: End, words: str
) -> None:
    seen = go(refusing_after_the_handshake(GOOD.write(tmp_path), version), asking(secure=True))
    assert (seen.end, seen.words) == (end, words)


def test_no_more_is_taken_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    errand = Errand(send=b"x", enough=lambda data: False)
    assert go(http(b"a" * 5000), Errand(send=b"\r\n\r\n", enough=errand.enough)).end is End.TOO_LONG


def test_certificates_that_cannot_be_kept_are_left_out(tmp_path: Path) -> None:
    large = leaf(authority(), "api.crm.example", padding=70_000)
    seen = go(https(large.write(tmp_path), WANTED), asking(secure=True))
    assert (seen.end, seen.chain, seen.received) == (End.ENOUGH, (), WANTED)


def test_a_visit_ends_with_the_time_of_its_look() -> None:
    with listening(silent) as port:
        look = Look(deadline=time.monotonic() + 0.2)
        seen = asyncio.run(visit(Target("127.0.0.1", port, None), asking(), look))
    assert seen.end is End.SILENCE
