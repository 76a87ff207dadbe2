"""One request in bytes, and what is read of the response."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof import __version__
from clauseproof.probes.http import LONGEST_FIELD, MOST_HEAD_BYTES, Fetch
from tests.support.web import response


def fetch(host: str = "api.crm.example", port: int = 443, *, secure: bool = True, body_limit: int = 0) -> Fetch:
    return Fetch(host, port, "/v1?x=1", secure=secure, body_limit=body_limit)


def test_a_request_says_who_asks_and_wants_nothing_special() -> None:
    lines = fetch().request.decode().split("\r\n")
    assert lines == [
        "GET /v1?x=1 HTTP/1.1",
        "Host: api.crm.example",
        f"User-Agent: clauseproof/{__version__}",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("host", "port", "secure", "shown"),
    [
        ("a.example", 8443, True, "a.example:8443"),
        ("a.example", 80, False, "a.example"),
        ("a.example", 443, False, "a.example:443"),
        ("::1", 443, True, "[::1]"),
    ],
)
def test_the_host_is_named_with_a_port_that_is_not_the_usual_one(
    host: str, port: int, secure: bool, shown: str
) -> None:
    assert f"Host: {shown}\r\n" in fetch(host, port, secure=secure).request.decode()


def test_the_head_is_enough_and_its_fields_are_found_in_any_case() -> None:
    one = fetch()
    assert not one.feed(b"HTTP/1.1 301 Moved\r\nX: 1\r\n")
    assert one.feed(b"LOCATION: https://b.example/\r\nx: 2\r\nContent-Length: 9\r\n\r\n")
    assert one.head is not None
    assert (one.head.status, one.head.first("location"), one.head.all("x")) == (301, "https://b.example/", ("1", "2"))
    assert one.head.first("absent") is None
    assert (one.body, one.complete) == (b"", False)


def test_an_interim_response_is_passed_over() -> None:
    one = fetch()
    assert one.feed(b"HTTP/1.1 103 Early Hints\r\n\r\n" + response(200))
    assert one.head is not None
    assert one.head.status == 200


@pytest.mark.parametrize(
    "wire",
    [
        response(200, body=b"hello"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    ],
)
def test_a_body_is_read_to_its_end(wire: bytes) -> None:
    one = fetch(body_limit=100)
    assert one.feed(wire)
    assert (one.body, one.complete) == (b"hello", True)


def test_a_body_that_ends_with_the_connection_is_complete_then() -> None:
    one = fetch(body_limit=100)
    assert not one.feed(b"HTTP/1.0 200 OK\r\n\r\nhello")
    assert one.feed(b"")
    assert (one.body, one.complete) == (b"hello", True)


def test_a_body_is_read_up_to_its_limit() -> None:
    one = fetch(body_limit=4)
    assert one.feed(response(200, body=b"hello"))
    assert (one.body, one.complete) == (b"hell", False)


def test_a_body_that_breaks_off_is_not_complete() -> None:
    one = fetch(body_limit=100)
    one.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")
    assert one.feed(b"")
    assert not one.complete
    assert one.fault


@pytest.mark.parametrize("wire", [b"SSH-2.0-OpenSSH\r\n", b"\x15\x03\x01\x00\x02\x02\x28", b"HTTP/9 x\r\n\r\n", b""])
def test_what_is_no_http_is_said_to_be_none(wire: bytes) -> None:
    one = fetch()
    if wire:
        one.feed(wire)
    assert one.feed(b"")
    assert one.head is None
    assert one.fault


def test_a_head_without_end_is_not_read_for_ever() -> None:
    one = fetch()
    assert one.feed(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * (MOST_HEAD_BYTES + 1))
    assert one.head is None


def test_a_field_is_kept_up_to_its_limit() -> None:
    one = fetch()
    one.feed(response(301, "Location: https://b.example/" + "a" * 5000))
    assert one.head is not None
    assert len(one.head.first("location") or "") == LONGEST_FIELD


@given(st.lists(st.binary(max_size=200), max_size=8), st.integers(0, 64))
def test_any_bytes_in_any_pieces_are_taken(pieces: list[bytes], limit: int) -> None:
    one = fetch(body_limit=limit)
    for piece in [*(piece for piece in pieces if piece), b""]:
        if one.feed(piece):
            break
    else:
        pytest.fail("the end of the connection is always enough")
    assert len(one.body) <= limit
