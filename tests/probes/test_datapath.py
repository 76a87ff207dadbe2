"""Reading through a vendor's data path: over real connections, from vendors of every kind."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from clauseproof.facts.datapath import DataPath
from clauseproof.facts.drills import Answer
from clauseproof.model.errors import EvidenceRejected, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.profile import Network
from clauseproof.probes.datapath import MOST_BYTES, DataPathReader
from clauseproof.probes.record import Reading
from clauseproof.probes.traffic import gate_of
from tests.support.certificates import Holder, authority, leaf
from tests.support.dns import NameServer, serving
from tests.support.keys import SENTINEL, TOKEN, look
from tests.support.tls import V, server_context

Answers = Callable[[BaseHTTPRequestHandler], None]


def reply(status: int = 200, body: bytes = SENTINEL.encode(), **headers: str) -> Answers:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


@contextmanager
def web(answer: Answers, pem: Path | None = None, host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A web server whose every answer `answer` writes; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def do_POST(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer((host, port), Handler)
    if pem is not None:
        server.socket = server_context(pem, V.TLSv1_2, V.TLSv1_3).wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def raw(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that says what it likes, byte by byte."""
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(5)
                try:
                    connection.recv(65536)
                    talk(connection)
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            done.set()
            thread.join()


def read(port: int, at: Look | None = None, **more: Any) -> Reading:
    path = {"url": f"http://127.0.0.1:{port}/x", "expect_sentinel": SENTINEL, "timeout": "1 s", **more}
    return DataPathReader(DataPath.model_validate(path), at or look()).read()


def test_the_record_is_served_with_its_digest_and_nothing_else_kept() -> None:
    with web(reply()) as port:
        reading = read(port)
    assert (reading.outcome, reading.code) == (Answer.SERVED, None)
    assert SENTINEL not in repr(reading)


def test_the_request_is_the_one_described_and_no_other() -> None:
    seen: list[tuple[str, str, dict[str, str], bytes]] = []

    def note(request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen.append((request.command, request.path, headers, body))
        reply()(request)

    more: dict[str, Any] = {"headers": {"Authorization": "${env:TOKEN}", "X-Tenant": "acme"}}
    with web(note) as port:
        read(port, **more, method="POST", body='{"id": 7}', url=f"http://localhost:{port}/v1/q?a=b%20c")
    ((command, path, headers, body),) = seen
    assert (command, path, body) == ("POST", "/v1/q?a=b%20c", b'{"id": 7}')
    assert headers["host"] == f"localhost:{port}"
    assert (headers["authorization"], headers["x-tenant"]) == (TOKEN, "acme")
    assert headers["accept-encoding"] == "identity"
    assert headers["user-agent"].startswith("clauseproof/")


def test_a_redirect_is_not_followed_and_proves_nothing() -> None:
    with web(reply()) as elsewhere, web(reply(302, b"", location=f"http://127.0.0.1:{elsewhere}/")) as port:
        assert read(port) == Reading(Answer.UNCLEAR, "HTTP 302", read(port).digest)


def test_a_body_over_a_mebibyte_is_left_unread() -> None:
    with web(reply(body=SENTINEL.encode() + b" " * MOST_BYTES)) as port:
        assert read(port).outcome is Answer.UNCLEAR


def test_an_endless_body_ends_with_the_limit() -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with raw(endless) as port:
        assert read(port).outcome is Answer.UNCLEAR


def test_a_compressed_body_is_not_unpacked() -> None:
    with web(reply(content_encoding="gzip")) as port:
        assert read(port).outcome is Answer.UNCLEAR


def test_headers_that_drip_for_ever_end_with_the_timeout() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
        while True:
            connection.sendall(b"y")
            time.sleep(0.05)

    with raw(drip) as port:
        assert read(port, timeout="0.3 s") == Reading(Answer.UNCLEAR, "Timeout")


def test_headers_without_end_are_given_up() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"x: " + b"y" * 65536 + b"\r\n")

    with raw(flood) as port:
        assert read(port).outcome is Answer.UNCLEAR


@pytest.mark.parametrize(
    "said", [b"", b"SSH-2.0-OpenSSH_9.2\r\n" * 9, b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\nhalf of it"]
)
def test_a_broken_answer_proves_nothing(said: bytes) -> None:
    with raw(lambda connection: connection.sendall(said)) as port:
        reading = read(port)
    assert reading.outcome is Answer.UNCLEAR
    assert "SSH" not in (reading.code or ""), "never the peer's own words"


def test_nobody_there_proves_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert read(port) == Reading(Answer.UNCLEAR, "ConnectError")


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with web(reply()) as port:
        assert read(port).outcome is Answer.SERVED


class Zone:
    """api.crm.example by our own resolver, its certificate by our own authority."""

    def __init__(self, folder: Path, *addresses: str, name: str = "api.crm.example") -> None:
        self.root: Holder = authority()
        self.pem = leaf(self.root, name).write(folder)
        self.names = NameServer({"api.crm.example.": [f"60 A {address}" for address in addresses]})

    def look(self, **more: Any) -> Look:
        network = Network(resolvers=(self.names.text,), ca_file="ca.pem")
        return look(network=network, read_file=lambda name, limit: self.root.pem, **more)

    def reader(self, port: int, **more: Any) -> DataPathReader:
        path = {"url": f"https://api.crm.example:{port}/x", "expect_sentinel": SENTINEL, "private_addresses": True}
        return DataPathReader(DataPath.model_validate({**path, **more}), self.look())


def test_the_profiles_resolver_and_authority_lead_to_the_vendor_by_name(tmp_path: Path) -> None:
    zone = Zone(tmp_path, "127.0.0.2")
    with serving(zone.names), web(reply(), zone.pem, host="127.0.0.2") as port:
        reader = zone.reader(port)
        assert reader.open().outcome is Answer.SERVED
        assert reader.addresses == ("127.0.0.2",)


def test_a_certificate_for_another_name_or_of_another_authority_is_not_trusted(tmp_path: Path) -> None:
    other_name = Zone(tmp_path, "127.0.0.2", name="other.example")
    with serving(other_name.names), web(reply(), other_name.pem, host="127.0.0.2") as port:
        assert other_name.reader(port).read() == Reading(Answer.UNCLEAR, "CertificateNotTrusted")
        stranger = DataPathReader(
            other_name.reader(port).path, look(network=Network(resolvers=(other_name.names.text,)))
        )
        assert stranger.read() == Reading(Answer.UNCLEAR, "CertificateNotTrusted")


def test_a_pinned_address_is_used_and_the_name_is_verified_all_the_same(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    with web(reply(), zone.pem, host="127.0.0.3") as port:
        assert zone.reader(port, address="127.0.0.3").read().outcome is Answer.SERVED
    assert zone.names.asked == []


def test_a_vendor_serves_while_one_of_its_addresses_serves(tmp_path: Path) -> None:
    zone = Zone(tmp_path, "127.0.0.2", "127.0.0.3")
    second: list[Answers] = [reply()]
    with serving(zone.names), web(reply(), zone.pem, host="127.0.0.2") as port:
        with web(lambda request: second[0](request), zone.pem, host="127.0.0.3", port=port):
            reader = zone.reader(port)
            reader.open()
            second[0] = reply(503, b"")
            assert reader.addresses == ("127.0.0.2", "127.0.0.3")
            assert reader.read().outcome is Answer.SERVED
        assert reader.read().outcome is Answer.SERVED, "an address that fell silent does not hide one that serves"


def test_an_address_that_never_served_is_named_and_left_out(tmp_path: Path) -> None:
    zone = Zone(tmp_path, "127.0.0.2", "127.0.0.3")
    with serving(zone.names), web(reply(), zone.pem, host="127.0.0.2") as port:
        reader = zone.reader(port)
        assert reader.open().outcome is Answer.SERVED
        assert (reader.addresses, reader.skipped) == (("127.0.0.2",), ("127.0.0.3: ConnectError",))


def test_another_reader_goes_on_as_the_first_one_would_have(tmp_path: Path) -> None:
    zone = Zone(tmp_path, "127.0.0.2", "127.0.0.3")
    with serving(zone.names), web(reply(), zone.pem, host="127.0.0.2") as port:
        first, second = zone.reader(port), zone.reader(port)
        first.open()
        with web(reply(), zone.pem, host="127.0.0.3", port=port):
            second.reopen(first.addresses, first.skipped, first.first)
            assert (second.addresses, second.skipped) == (first.addresses, first.skipped)
        assert second.read().outcome is Answer.SERVED


def test_the_value_that_the_first_reader_learned_is_the_one_the_second_expects() -> None:
    notes = iter(["ours", "ours", "another's"])
    with web(lambda request: reply(body=b'{"note": "%s"}' % next(notes).encode())(request)) as port:
        path = DataPath(url=f"http://127.0.0.1:{port}/x", json_pointer="/note")
        first, second = DataPathReader(path, look()), DataPathReader(path, look())
        first.open()
        assert first.first is not None
        assert "ours" not in first.first
        second.reopen(first.addresses, first.skipped, first.first)
        assert [second.read().outcome for _ in range(2)] == [Answer.SERVED, Answer.REFUSED]


def test_a_name_that_leads_into_our_own_network_is_not_followed(tmp_path: Path) -> None:
    zone = Zone(tmp_path, "127.0.0.2")
    with serving(zone.names), web(reply(), zone.pem, host="127.0.0.2") as port:
        with pytest.raises(Unreachable, match=r"leads to 127\.0\.0\.2, a loopback address"):
            zone.reader(port, private_addresses=False).open()
        assert zone.reader(port, private_addresses=False).read().outcome is Answer.UNCLEAR


def test_a_data_path_that_never_gave_the_record_cannot_be_opened() -> None:
    with web(reply(401, b"")) as port:
        path = DataPath(url=f"http://127.0.0.1:{port}/x", expect_sentinel=SENTINEL)
        with pytest.raises(Unreachable, match="does not give the record: HTTP 401"):
            DataPathReader(path, look()).open()


def test_a_secret_that_cannot_be_a_header_is_refused_without_being_shown() -> None:
    path = DataPath.model_validate(
        {"url": "http://127.0.0.1:1/", "expect_sentinel": SENTINEL, "headers": {"Authorization": "${env:X}"}}
    )
    with pytest.raises(EvidenceRejected) as caught:
        DataPathReader(path, look(reveal=lambda ref: "geheim\n"))
    assert "geheim" not in caught.value.what


def test_a_ca_file_that_holds_no_certificate_is_refused() -> None:
    path = DataPath(url="https://api.crm.example/", expect_sentinel=SENTINEL)
    at = look(network=Network(ca_file="ca.pem"), read_file=lambda name, limit: b"no PEM")
    with pytest.raises(EvidenceRejected, match=r"ca\.pem holds no certificates"):
        DataPathReader(path, at)


def test_reads_in_a_row_take_turns_with_all_other_looks_of_the_run() -> None:
    given = look()
    with web(reply()) as port:
        reader = DataPathReader(DataPath(url=f"http://127.0.0.1:{port}/x", expect_sentinel=SENTINEL), given)
        reader.open()
        for _ in range(3):
            reader.await_turns()
    assert len(gate_of("127.0.0.1", given.pace)._begun_s) == 3
