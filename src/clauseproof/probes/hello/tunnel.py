"""From a proxy to an endpoint: conversations without I/O, their input bounded.

A conversation returns what the other side of the tunnel has sent already: a mail server may greet in the same breath.
It raises `NotOffered` where the proxy does not go along.
"""

import base64
import http
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field

from clauseproof.facts.proxy import Scheme
from clauseproof.model.unseen import Reason
from clauseproof.probes.hello.received import MOST_BYTES, LoginRefused, NotOffered, Read, Received
from clauseproof.probes.http import USER_AGENT

LONGEST_NAME = 255
"""Bytes of a host, a user name or a password in SOCKS5 (RFC 1928, section 5; RFC 1929, section 2)."""


@dataclass(frozen=True)
class Login:
    """What a proxy is told about who asks. Never shown."""

    user: bytes = field(repr=False)
    password: bytes = field(repr=False)


def tunnel(scheme: Scheme, host: str, port: int, login: Login | None) -> Read:
    """The conversation that leads to `host`, a name or an address, and returns what came from there already."""
    return _TUNNELS[scheme](host, port, login)


def _connect(host: str, port: int, login: Login | None) -> Read:
    """The method CONNECT (RFC 9110, section 9.3.6); h11 reads the response."""
    import h11

    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_BYTES)
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    fields = [("Host", authority), ("User-Agent", USER_AGENT)]
    if login is not None:
        credentials = base64.b64encode(login.user + b":" + login.password)  # RFC 7617
        fields.append(("Proxy-Authorization", f"Basic {credentials.decode()}"))
    request = h11.Request(method="CONNECT", target=authority, headers=fields)
    send = (connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b"")
    received = Received()
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                first, send = send, b""
                yield from received.more(first)
                if first and not b"HTTP/1.".startswith(received.left()[:7]):
                    raise _unreadable("HTTP")  # h11 would wait for the end of a line
                connection.receive_data(received.taken())
            elif isinstance(event, h11.Response):
                return _led(event.status_code, connection.trailing_data[0])
    except h11.ProtocolError as error:
        raise _unreadable("HTTP") from error


def _led(status: int, rest: bytes) -> bytes:
    """What came behind a response that opens the tunnel; NotOffered for any other.

    The proxy's own words are not shown: it was told a secret, and could repeat it.
    """
    if 200 <= status < 300:
        return rest
    phrase = http.HTTPStatus(status).phrase if status in list(http.HTTPStatus) else "unknown"
    said = f"the proxy answered with status {status} ({phrase})"
    if status == http.HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        raise LoginRefused(said)
    if status in (401, 403):
        raise NotOffered(said, Reason.DENIED, _ASK_FOR_LEAVE)
    raise NotOffered(said, Reason.UNREACHABLE, _ASK_FROM_THERE)


_ASK_FOR_LEAVE = "ask for leave to reach this endpoint through the proxy"
_ASK_FROM_THERE = "check the endpoint's proxy, and that the endpoint can be reached from there"


def _unreadable(protocol: str) -> NotOffered:
    return NotOffered(
        f"the proxy does not answer in {protocol}", remedy="check the endpoint's proxy: scheme, host, port"
    )


_VERSION, _NO_LOGIN, _PASSWORD, _NOTHING = 5, 0, 2, 0xFF
_CONNECT, _IPV4, _NAME, _IPV6 = 1, 1, 3, 4
_RULES_FORBID = 2
_REPLIES = {
    1: "general failure",
    _RULES_FORBID: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}
"""RFC 1928, section 6."""


def _socks5(host: str, port: int, login: Login | None) -> Read:
    """RFC 1928: agree on a method, log in where it is by user name and password, ask for the connection."""
    received = Received()
    method = _NO_LOGIN if login is None else _PASSWORD
    yield from received.more(bytes([_VERSION, 1, method]))
    version, chosen = yield from received.exactly(2)
    if version != _VERSION:
        raise _unreadable("SOCKS5")
    if chosen != method:
        raise LoginRefused("the proxy accepts no user name and password" if login else "the proxy asks for a login")
    if login is not None:
        yield from _logged_in(received, login)
    yield from received.more(bytes([_VERSION, _CONNECT, 0]) + _address(host) + port.to_bytes(2, "big"))
    yield from _granted(received)
    return received.left()


def _logged_in(received: Received, login: Login) -> Read:
    """RFC 1929."""
    parts = [bytes([len(part)]) + part for part in (login.user, login.password)]
    yield from received.more(b"\x01" + b"".join(parts))
    answer = yield from received.exactly(2)
    if answer[1] != 0:
        raise LoginRefused("the proxy refuses the user name and password")
    return answer


def _address(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("ascii")
        return bytes([_NAME, len(name)]) + name
    return bytes([_IPV4 if address.version == 4 else _IPV6]) + address.packed


def _granted(received: Received) -> Read:
    """The reply to a request, its address and port included; NotOffered where it is no yes."""
    version, reply, _, kind = yield from received.exactly(4)
    if version != _VERSION:
        raise _unreadable("SOCKS5")
    if reply != 0:
        said = f"the proxy answered: {_REPLIES.get(reply, f'reply {reply}')}"
        if reply == _RULES_FORBID:
            raise NotOffered(said, Reason.DENIED, _ASK_FOR_LEAVE)
        raise NotOffered(said, Reason.UNREACHABLE, _ASK_FROM_THERE)
    length = {_IPV4: 4, _IPV6: 16}.get(kind)
    if kind == _NAME:
        length = (yield from received.exactly(1))[0]
    if length is None:
        raise _unreadable("SOCKS5")
    return (yield from received.exactly(length + 2))


_TUNNELS: dict[Scheme, Callable[[str, int, Login | None], Read]] = {Scheme.HTTP: _connect, Scheme.SOCKS5: _socks5}
