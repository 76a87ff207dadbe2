"""What addresses answer to one GET, over TLS and without."""

import asyncio
import socket
from pathlib import Path

import pytest

from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.manner import StartTls
from clauseproof.facts.web import Heard, Page, Pages, Plain, PlainAnswers
from clauseproof.model.errors import Unknowable
from clauseproof.model.look import Look
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.probes import visit
from clauseproof.probes.http import LONGEST_FIELD
from clauseproof.probes.web import pages, plain_answers
from tests.support.certificates import authority, leaf
from tests.support.looks import resolved, vendor
from tests.support.tls import Talk, dripping, garbage, listening, resetting, silent, tls
from tests.support.web import http, https, response, tls_or_plain

GOOD = leaf(authority(), "api.crm.example")
HSTS = "Strict-Transport-Security: max-age=31536000"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit, "PATIENCE_S", 0.5)


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    return GOOD.write(tmp_path)


def seen(endpoint: Endpoint) -> Pages:
    return asyncio.run(pages(endpoint, resolved(endpoint), Look()))


def plain(endpoint: Endpoint) -> PlainAnswers:
    return asyncio.run(plain_answers(endpoint, resolved(endpoint), Look()))


# Over TLS


def one_page(talk: Talk) -> Page | Unseen:
    with listening(talk) as port:
        (address,) = seen(vendor(port, "127.0.0.1")).per_address
    first, second = address.looks
    assert type(first) is type(second)
    return first


def test_the_head_of_a_response_is_kept_and_its_redirect_not_followed(pem: Path) -> None:
    said = response(301, "Location: https://other.example/", HSTS, f"{HSTS}; preload", body=b"moved")
    assert one_page(https(pem, said)) == Page(
        status=301,
        location="https://other.example/",
        transport_security=("max-age=31536000", "max-age=31536000; preload"),
    )


def test_the_page_of_the_profile_is_asked_for_by_name(pem: Path) -> None:
    heads: list[bytes] = []

    def say(head: bytes) -> bytes:
        heads.append(head)
        return response(204)

    with listening(https(pem, say)) as port:
        seen(vendor(port, "127.0.0.1").model_copy(update={"page": "/v1/health"}))
    assert len(heads) == 2
    assert all(head.startswith(b"GET /v1/health HTTP/1.1\r\n") for head in heads)
    assert f"Host: api.crm.example:{port}\r\n".encode() in heads[0]
    assert b"User-Agent: clauseproof/" in heads[0]


def test_every_address_is_asked_twice(pem: Path) -> None:
    with (
        listening(https(pem, response(200)), "127.0.0.2") as port,
        listening(https(pem, response(404)), "127.0.0.3", port),
    ):
        facts = seen(vendor(port, "127.0.0.2", "127.0.0.3"))
    assert {
        one.address: [look.status for look in one.looks if isinstance(look, Page)] for one in facts.per_address
    } == {
        "127.0.0.2": [200, 200],
        "127.0.0.3": [404, 404],
    }


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (silent, Reason.DEADLINE),
        (dripping, Reason.DEADLINE),
        (resetting, Reason.UNREACHABLE),
        (garbage, Reason.UNREADABLE),
        (http(response(200)), Reason.DEADLINE),
    ],
)
def test_an_address_that_gives_no_response_is_unseen(talk: Talk, reason: Reason) -> None:
    page = one_page(talk)
    assert isinstance(page, Unseen)
    assert page.reason is reason
    assert "127.0.0.1 port" in page.text


def test_something_else_than_http_behind_tls_is_unseen(pem: Path) -> None:
    page = one_page(https(pem, b"* OK IMAP4rev1 ready\r\n"))
    assert isinstance(page, Unseen)
    assert "no HTTP" in page.text


def test_fields_are_bounded(pem: Path) -> None:
    page = one_page(https(pem, response(200, *[f"{HSTS}; x={n}{'y' * 2100}" for n in range(12)])))
    assert isinstance(page, Page)
    assert len(page.transport_security) == 8
    assert max(map(len, page.transport_security)) == LONGEST_FIELD


def test_pages_survive_being_written_and_read(pem: Path) -> None:
    with listening(https(pem, response(200, HSTS))) as port:
        facts = seen(vendor(port, "127.0.0.1", "127.0.0.77"))
    assert Pages.load(Pages.version, facts.model_dump(mode="json", by_alias=True)) == facts


# Without TLS


def both_ports(on_endpoint: Talk, on_http: Talk) -> tuple[Plain, Plain]:
    with listening(on_endpoint) as port, listening(on_http) as http_port:
        endpoint = vendor(port, "127.0.0.1").model_copy(update={"http_port": http_port})
        (address,) = plain(endpoint).per_address
    assert len(address.endpoint_port) == len(address.http_port) == 2
    return address.endpoint_port[0], address.http_port[0]


def test_both_ports_are_asked_in_the_clear(pem: Path) -> None:
    moved = http(response(308, "Location: https://api.crm.example/"))
    refused = http(response(400, body=b"plain HTTP to an HTTPS port"))
    secure = tls_or_plain(tls(pem), refused)
    assert both_ports(secure, moved) == (
        Plain(heard=Heard.HTTP, status=400, location=None, detail=""),
        Plain(heard=Heard.HTTP, status=308, location="https://api.crm.example/", detail=""),
    )


def said(data: bytes) -> Talk:
    def talk(connection: socket.socket) -> None:
        connection.sendall(data)
        connection.recv(4096)

    return talk


@pytest.mark.parametrize(
    ("talk", "heard"),
    [
        (said(b"\x15\x03\x01\x00\x02\x02\x28"), Heard.TLS),
        (said(b"220 mail.crm.example ESMTP\r\n"), Heard.TEXT),
        (said(b"\x15\x00\x01\x00"), Heard.BYTES),
        (said(b"\x00\x00\x12\x04\x00\x00"), Heard.BYTES),
        (said(b""), Heard.CLOSED),
        (resetting, Heard.RESET),
        (silent, Heard.SILENCE),
    ],
    ids=["an alert", "a greeting", "half an alert", "binary", "closed", "reset", "silent"],
)
def test_what_comes_back_is_told_apart(talk: Talk, heard: Heard) -> None:
    answer, _ = both_ports(talk, silent)
    assert (answer.heard, answer.status) == (heard, None)


def test_a_real_tls_server_answers_with_tls_or_closes(pem: Path) -> None:
    answer, _ = both_ports(tls(pem), silent)
    assert answer.heard in (Heard.TLS, Heard.CLOSED, Heard.RESET)


def test_the_beginning_of_a_text_is_kept_in_a_form_that_does_nothing() -> None:
    answer, _ = both_ports(said(b"220 hello \x1b[2J" + b"x" * 500), silent)
    assert answer.heard is Heard.BYTES
    assert "\x1b" not in answer.detail
    assert len(answer.detail) <= 120


def test_a_port_where_nobody_listens_refuses(pem: Path) -> None:
    with listening(silent) as unused:
        pass
    with listening(tls(pem)) as port:
        (address,) = plain(vendor(port, "127.0.0.1").model_copy(update={"http_port": unused})).per_address
    assert {answer.heard for answer in address.http_port} == {Heard.REFUSED}


def test_plain_answers_survive_being_written_and_read(pem: Path) -> None:
    with listening(tls(pem)) as port:
        facts = plain(vendor(port, "127.0.0.1").model_copy(update={"http_port": port}))
    assert PlainAnswers.load(PlainAnswers.version, facts.model_dump(mode="json", by_alias=True)) == facts


def test_where_a_plain_protocol_comes_first_no_page_is_asked_for() -> None:
    endpoint = vendor(25, "127.0.0.1").model_copy(update={"starttls": StartTls.SMTP})
    for look_at in (seen, plain):
        with pytest.raises(Unknowable, match="begins in the clear, with smtp"):
            look_at(endpoint)


def test_through_a_proxy_no_page_is_asked_for() -> None:
    endpoint = vendor(443, "127.0.0.1").model_copy(update={"proxy": "http://127.0.0.1:9"})
    for look_at in (seen, plain):
        with pytest.raises(Unknowable, match="reached through a proxy"):
            look_at(endpoint)
