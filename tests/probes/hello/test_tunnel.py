"""The conversations with proxies, byte by byte, and what proxies make of them that do not play along."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.proxy import Scheme
from clauseproof.model.unseen import Reason
from clauseproof.probes.converse import fed
from clauseproof.probes.hello.received import MOST_BYTES, LoginRefused, NotOffered, Read, Talk
from clauseproof.probes.hello.tunnel import Login, tunnel
from clauseproof.probes.http import USER_AGENT

HTTP, SOCKS = Scheme.HTTP, Scheme.SOCKS5
LOGIN = Login(b"tester", b"hunter2")
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
GRANTED = bytes([5, 0, 0, 1, 192, 0, 2, 9, 0, 80])


def run(talk: Read, received: list[bytes]) -> tuple[bytes | None, list[bytes]]:
    """What came from beyond the tunnel, None while it is not open; and all that was sent."""
    sent = [next(talk)]
    try:
        for data in received:
            sent.append(talk.send(data))
    except StopIteration as done:
        return done.value, sent
    return None, sent


def to(scheme: Scheme, *received: bytes, host: str = "api.crm.example", login: Login | None = None) -> bytes | None:
    return run(tunnel(scheme, host, 443, login), list(received))[0]


def refused(scheme: Scheme, *received: bytes, login: Login | None = None) -> NotOffered:
    with pytest.raises(NotOffered) as caught:
        to(scheme, *received, login=login)
    return caught.value


def test_connect_names_the_endpoint_and_who_asks() -> None:
    _, (sent,) = run(tunnel(HTTP, "api.crm.example", 443, None), [])
    assert sent.startswith(b"CONNECT api.crm.example:443 HTTP/1.1\r\n")
    assert f"User-Agent: {USER_AGENT}\r\n".encode() in sent
    assert b"Authorization" not in sent


def test_connect_brackets_addresses_of_ipv6() -> None:
    _, (sent,) = run(tunnel(HTTP, "2001:db8::7", 443, None), [])
    assert sent.startswith(b"CONNECT [2001:db8::7]:443 HTTP/1.1\r\nHost: [2001:db8::7]:443\r\n")


def test_connect_sends_the_login_where_there_is_one() -> None:
    _, (sent,) = run(tunnel(HTTP, "api.crm.example", 443, LOGIN), [])
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"tester:hunter2") + b"\r\n" in sent


@pytest.mark.parametrize(
    "received",
    [
        [OPEN],
        [b"HTTP/1.0 200 OK\r\n\r\n"],
        [b"HTTP/1.1 102 Processing\r\n\r\n", OPEN],
        [OPEN[n : n + 1] for n in range(len(OPEN))],
        [b"HTTP/1.1 201 Created\r\nContent-Length: 40\r\n\r\n"],
    ],
)
def test_a_response_of_success_opens_the_tunnel(received: list[bytes]) -> None:
    assert to(HTTP, *received) == b""


def test_what_came_from_beyond_is_handed_on() -> None:
    assert to(HTTP, OPEN + b"220 mail.crm.example\r\n") == b"220 mail.crm.example\r\n"
    assert to(SOCKS, b"\x05\x00", GRANTED + b"220 mail.crm.example\r\n") == b"220 mail.crm.example\r\n"


@pytest.mark.parametrize(
    ("status", "reason"),
    [(403, Reason.DENIED), (502, Reason.UNREACHABLE), (504, Reason.UNREACHABLE), (301, Reason.UNREACHABLE)],
)
def test_any_other_response_opens_nothing(status: int, reason: Reason) -> None:
    error = refused(HTTP, f"HTTP/1.1 {status} anything\r\nContent-Length: 0\r\n\r\n".encode())
    assert (error.reason, f"status {status}" in str(error)) == (reason, True)
    assert not isinstance(error, LoginRefused)


def test_a_proxy_that_asks_for_a_login_is_told_apart_and_its_words_are_not_repeated() -> None:
    error = refused(HTTP, b"HTTP/1.1 407 tester:hunter2\r\n\r\n", login=LOGIN)
    assert isinstance(error, LoginRefused)
    assert "hunter2" not in f"{error} {error.remedy} {LOGIN}"


@pytest.mark.parametrize(
    "data",
    [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"\x05\x00", b"\x16\x03\x03\x00\x02\x02\x28" * 9, b"HTTP/1.1 20 OK\r\n\r\n"],
)
def test_what_is_no_http_opens_nothing(data: bytes) -> None:
    with pytest.raises(NotOffered):
        to(HTTP, data, b"\r\n\r\n")


@pytest.mark.parametrize(
    "piece", [b"HTTP/1.1 100 Continue\r\n\r\n" * 100, b"A" * 4096, b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 600]
)
def test_a_proxy_that_never_ends_is_broken_off(piece: bytes) -> None:
    with pytest.raises(NotOffered):
        to(HTTP, *[piece] * (1 + MOST_BYTES // 2000))


def test_socks_is_asked_by_name_or_address() -> None:
    for host, told in (
        ("api.crm.example", b"\x03\x0fapi.crm.example"),
        ("192.0.2.7", bytes([1, 192, 0, 2, 7])),
        ("2001:db8::7", b"\x04" + bytes.fromhex("20010db8000000000000000000000007")),
    ):
        left, sent = run(tunnel(SOCKS, host, 443, None), [b"\x05\x00", GRANTED])
        assert (left, b"".join(sent)) == (b"", b"\x05\x01\x00" + b"\x05\x01\x00" + told + b"\x01\xbb")


def test_socks_logs_in_where_there_is_a_login() -> None:
    left, sent = run(tunnel(SOCKS, "192.0.2.7", 443, LOGIN), [b"\x05\x02", b"\x01\x00", GRANTED])
    assert left == b""
    assert sent[:2] == [b"\x05\x01\x02", b"\x01\x06tester\x07hunter2"]


@pytest.mark.parametrize(
    ("received", "login"),
    [([b"\x05\xff"], None), ([b"\x05\xff"], LOGIN), ([b"\x05\x02"], None), ([b"\x05\x02", b"\x01\x01"], LOGIN)],
)
def test_socks_that_refuses_a_login_is_told_apart(received: list[bytes], login: Login | None) -> None:
    assert isinstance(refused(SOCKS, *received, login=login), LoginRefused)


@pytest.mark.parametrize(
    ("reply", "reason", "says"),
    [
        (2, Reason.DENIED, "not allowed by its rules"),
        (4, Reason.UNREACHABLE, "host unreachable"),
        (5, Reason.UNREACHABLE, "connection refused"),
        (99, Reason.UNREACHABLE, "reply 99"),
    ],
)
def test_socks_says_why_it_does_not_lead_there(reply: int, reason: Reason, says: str) -> None:
    error = refused(SOCKS, b"\x05\x00", bytes([5, reply, 0, 1]) + bytes(6))
    assert (error.reason, says in str(error)) == (reason, True)


@pytest.mark.parametrize("kind", [1, 3, 4])
def test_socks_may_name_its_own_end_in_any_form(kind: int) -> None:
    own = {1: bytes(4), 3: b"\x05proxy", 4: bytes(16)}[kind]
    assert to(SOCKS, b"\x05\x00", bytes([5, 0, 0, kind]), own, b"\x00\x50") == b""


@pytest.mark.parametrize("received", [[b"\x04\x00"], [b"HTTP/1.1 400"], [b"\x05\x00", b"\x05\x00\x00\x09"]])
def test_what_is_no_socks_opens_nothing(received: list[bytes]) -> None:
    assert refused(SOCKS, *received).reason is Reason.UNREADABLE


@given(st.sampled_from(Scheme), st.lists(st.binary(min_size=1, max_size=400), max_size=12), st.booleans())
def test_any_bytes_open_a_tunnel_or_are_refused(scheme: Scheme, received: list[bytes], logged_in: bool) -> None:
    try:
        to(scheme, *received, login=LOGIN if logged_in else None)
    except NotOffered:
        return


# what came already, for the conversation behind the tunnel


def listening_first() -> Talk:
    """Waits for a greeting, then asks."""
    data = yield b""
    while not data.endswith(b"\r\n"):
        data += yield b""
    assert (yield b"ask") == b"yes"


def asking_first() -> Talk:
    """Asks at once."""
    assert (yield b"ask") == b"yes"


def test_a_greeting_that_came_with_the_tunnel_is_not_waited_for() -> None:
    talk = fed(listening_first(), b"220 ready\r\n")
    assert next(talk) == b"ask"
    with pytest.raises(StopIteration):
        talk.send(b"yes")


def test_half_a_greeting_is_completed() -> None:
    talk = fed(listening_first(), b"220 re")
    assert next(talk) == b""
    assert talk.send(b"ady\r\n") == b"ask"


def test_nothing_comes_before_it_was_asked_for() -> None:
    with pytest.raises(NotOffered, match="3 bytes came before anything was asked"):
        next(fed(asking_first(), b"yes"))
