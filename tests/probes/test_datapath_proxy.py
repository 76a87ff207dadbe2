"""Reading a record through a proxy: what the vendor says is told apart from what the proxy says in its place."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import certifi
import pytest
from pydantic import ValidationError

from clauseproof.facts.datapath import DataPath
from clauseproof.facts.dns import BY_PROXY
from clauseproof.facts.drills import Answer
from clauseproof.model.errors import Denied, LookFailed, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.profile import Network
from clauseproof.probes.datapath import MOST_BYTES, DataPathReader
from clauseproof.probes.record import Reading
from clauseproof.probes.traffic import gate_of
from tests.support.certificates import Holder, authority, leaf
from tests.support.clients import CLIENT, asking, key_of, look_with, pems
from tests.support.keys import SENTINEL, look
from tests.support.proxies import HOSTILE, PROXIES, Led, behind
from tests.support.tls import Talk, V, listening, server_context, silent
from tests.support.web import https, response

NAME = "api.crm.example"
PUBLIC, PRIVATE = authority("Public Root"), authority("Private Root")
GOOD = leaf(PUBLIC, NAME)
RECORD = response(200, body=SENTINEL.encode())
BOTH_SCHEMES = pytest.mark.parametrize("scheme", list(PROXIES))


@pytest.fixture(autouse=True)
def _public_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own root is the one that everybody trusts."""
    (tmp_path / "public.pem").write_bytes(PUBLIC.pem)
    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "public.pem"))


def path(proxy: str | None, **more: Any) -> DataPath:
    given = {"url": f"https://{NAME}/x", "expect_sentinel": SENTINEL, "timeout": "1 s", "proxy": proxy}
    return DataPath.model_validate(given | more)


def reader(proxy: str | None, at: Look | None = None, **more: Any) -> DataPathReader:
    return DataPathReader(path(proxy, **more), at or look())


@dataclass
class Way:
    """A vendor behind a proxy."""

    proxy: str
    led: Led
    look: Look = field(default_factory=look)


@contextmanager
def vendor(
    folder: Path, answer: bytes = RECORD, scheme: str = "http", holder: Holder = GOOD, login: str | None = None
) -> Iterator[Way]:
    with behind(https(holder.write(folder), answer), scheme, login) as (proxy, led):
        yield Way(proxy, led)


# through


@BOTH_SCHEMES
def test_the_record_is_read_through_a_proxy_that_looks_the_name_up(tmp_path: Path, scheme: str) -> None:
    with vendor(tmp_path, scheme=scheme) as way:
        reading = reader(way.proxy, way.look)
        assert reading.open().outcome is Answer.SERVED
        assert reading.read().outcome is Answer.SERVED
    assert (reading.addresses, way.look.way) == ((BY_PROXY,), way.proxy)
    assert way.led.asked == [f"{NAME}:443"] * 2


@BOTH_SCHEMES
def test_a_pinned_address_is_what_the_proxy_is_asked_for(tmp_path: Path, scheme: str) -> None:
    with vendor(tmp_path, scheme=scheme) as way:
        port = next(iter(way.led.to.values()))[1]
        reading = reader(way.proxy, url=f"https://{NAME}:{port}/x", address="127.0.0.1")
        assert reading.open().outcome is Answer.SERVED
    assert way.led.asked == [f"127.0.0.1:{port}"]


def test_the_request_behind_the_tunnel_is_the_one_described(tmp_path: Path) -> None:
    heard: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        with server_context(GOOD.write(tmp_path), V.TLSv1_2, V.TLSv1_3).wrap_socket(connection, server_side=True) as s:
            while not b"".join(heard).endswith(b'{"id": 7}'):
                heard.append(s.recv(65536))
            s.sendall(RECORD)

    with behind(talk) as (proxy, led):
        reader(proxy, method="POST", body='{"id": 7}', url=f"https://{NAME}/v1/q?a=b%20c").open()
    request = b"".join(heard).decode()
    assert request.startswith("POST /v1/q?a=b%20c HTTP/1.1\r\n")
    assert f"host: {NAME}\r\n" in request.lower()
    assert "accept-encoding: identity\r\n" in request.lower()
    assert "content-length: 9\r\n" in request.lower()
    assert b"v1" not in led.heads[0], "the proxy is told where to, and not what is asked there"


def test_a_client_certificate_is_shown_to_the_vendor(tmp_path: Path) -> None:
    context = asking(GOOD.write(tmp_path))
    with behind(https(tmp_path, RECORD, context)) as (proxy, _):
        hands = look_with(pems(CLIENT), key_of(CLIENT))
        client = {"certificate": "client.pem", "key": "${env:KEY}"}
        assert reader(proxy, hands, client=client).read().outcome is Answer.SERVED
        assert reader(proxy).read().outcome is Answer.UNCLEAR


def test_turns_are_taken_for_the_host_and_not_for_all_that_lies_behind_the_proxy(tmp_path: Path) -> None:
    with vendor(tmp_path) as way:
        reading = reader(way.proxy, way.look)
        reading.open()
        reading.await_turns()
    assert len(gate_of(NAME, way.look.pace)._begun_s) == 1


# what the vendor says counts, what the proxy says does not


def test_a_refusal_by_the_vendor_is_one(tmp_path: Path) -> None:
    with vendor(tmp_path, response(403)) as way:
        assert reader(way.proxy).read() == Reading(Answer.REFUSED, "HTTP 403", reader(way.proxy).read().digest)


def test_a_refusal_by_the_proxy_is_none(tmp_path: Path) -> None:
    with vendor(tmp_path) as way:
        reading = reader(way.proxy)
        reading.open()
        way.led.to.clear()
        assert reading.read() == Reading(Answer.UNCLEAR, "the proxy answered with status 403 (Forbidden)")


def intercepting(holder: Holder, folder: Path, answer: bytes) -> Talk:
    """A proxy that opens connections and answers itself."""
    inside = https(holder.write(folder), answer)

    def talk(here: socket.socket) -> None:
        while not here.recv(4096).endswith(b"\r\n\r\n"):
            pass
        here.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        inside(here)

    return talk


@pytest.mark.parametrize("answer", [RECORD, response(403)])
def test_a_proxy_that_opens_connections_is_not_believed_though_the_profile_trusts_its_authority(
    tmp_path: Path, answer: bytes
) -> None:
    with listening(intercepting(leaf(PRIVATE, NAME), tmp_path, answer)) as port:
        hands = look(network=Network(ca_file="ca.pem"), read_file=lambda name, limit: PRIVATE.pem)
        reading = reader(f"http://127.0.0.1:{port}", hands).read()
    assert reading == Reading(Answer.UNCLEAR, "CertificateNotTrusted")


def test_the_same_authority_is_trusted_on_the_direct_way(tmp_path: Path) -> None:
    with listening(https(leaf(PRIVATE, NAME).write(tmp_path), RECORD)) as port:
        hands = look(network=Network(ca_file="ca.pem"), read_file=lambda name, limit: PRIVATE.pem)
        direct = reader(None, hands, url=f"https://{NAME}:{port}/x", address="127.0.0.1")
        assert (direct.read().outcome, hands.way) == (Answer.SERVED, "")


@pytest.mark.parametrize(
    "answer",
    [
        response(200, body=SENTINEL.encode() + b" " * MOST_BYTES),
        response(200, "Content-Encoding: gzip", body=SENTINEL.encode()),
        response(302, "Location: https://elsewhere.example/"),
        b"SSH-2.0-OpenSSH_9.2\r\n" * 9,
        b"",
    ],
)
def test_a_hostile_vendor_behind_a_proxy_proves_nothing(tmp_path: Path, answer: bytes) -> None:
    with vendor(tmp_path, answer) as way:
        reading = reader(way.proxy).read()
    assert reading.outcome is Answer.UNCLEAR
    assert "SSH" not in (reading.code or "")


# proxies that do not lead there


@pytest.mark.parametrize("talk", [*HOSTILE.values(), silent], ids=[*HOSTILE, "silent"])
def test_a_hostile_proxy_proves_nothing_and_is_named_at_once(talk: Talk) -> None:
    with listening(talk) as port:
        assert reader(f"http://127.0.0.1:{port}", timeout="0.3 s").read().outcome is Answer.UNCLEAR
        with pytest.raises(LookFailed, match=r"api\.crm\.example"):
            reader(f"http://127.0.0.1:{port}", timeout="0.3 s").open()


def test_nobody_at_the_proxys_port_is_told_as_that() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable, match=f"through http://127.0.0.1:{port}: Connection refused"):
        reader(f"http://127.0.0.1:{port}").open()


@BOTH_SCHEMES
def test_a_login_is_told_to_the_proxy(tmp_path: Path, scheme: str) -> None:
    with vendor(tmp_path, scheme=scheme, login="tester:hunter2") as way:
        assert reader(way.proxy, secrets(), **LOGIN).open().outcome is Answer.SERVED
    assert set(way.led.logins) == {"tester:hunter2"}


@BOTH_SCHEMES
def test_a_wrong_login_is_tried_once_however_often_the_record_is_read(tmp_path: Path, scheme: str) -> None:
    with vendor(tmp_path, scheme=scheme, login="tester:other") as way:
        reading = reader(way.proxy, secrets(), **LOGIN)
        with pytest.raises(Denied) as caught:
            reading.open()
        assert [reading.read().outcome for _ in range(3)] == [Answer.UNCLEAR] * 3
    assert len(way.led.logins) == 1
    assert "hunter2" not in caught.value.what


LOGIN = {"proxy_user": "${env:PROXY_USER}", "proxy_password": "${env:PROXY_PASSWORD}"}


def secrets() -> Look:
    return look(reveal=lambda ref: {"PROXY_USER": "tester", "PROXY_PASSWORD": "hunter2"}[ref.place])


@pytest.mark.parametrize(
    "more", [{"proxy": "http://127.0.0.1:3128"}, {"client": {"certificate": "c", "key": "${env:K}"}}]
)
def test_a_proxy_and_a_client_certificate_are_for_https_only(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="for https only; without TLS anybody could answer"):
        path(**{"proxy": None, "url": "http://127.0.0.1:9/x", **more})
