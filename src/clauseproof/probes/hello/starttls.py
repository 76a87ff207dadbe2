"""From a plain protocol to where TLS begins, for the protocols that change to it when asked."""

import re
from collections.abc import Callable, Generator

from clauseproof.facts.manner import StartTls
from clauseproof.probes.hello.received import LONGEST_LINE, NotListed, NotOffered, Read, Received, Talk, printable

CLIENT_NAME = "clauseproof.invalid"
"""What mail servers are greeted with."""


def conversation(protocol: StartTls, host: str) -> Talk:
    """The conversation that leads to TLS; `host` is the name that XMPP asks for."""
    return _TALKS[protocol](host)


def _smtp(host: str) -> Talk:
    """RFC 3207."""
    received = Received()
    yield from _replied(received, b"220")
    yield from received.more(f"EHLO {CLIENT_NAME}\r\n".encode())
    lines = yield from _replied(received, b"250")
    if b"STARTTLS" not in [line[4:].strip().upper() for line in lines.split(b"\n")]:
        raise NotListed("STARTTLS is not among what the server offers")
    yield from received.more(b"STARTTLS\r\n")
    yield from _replied(received, b"220")
    received.finish()


def _ftp(host: str) -> Talk:
    """RFC 4217."""
    received = Received()
    yield from _replied(received, b"220")
    yield from received.more(b"AUTH TLS\r\n")
    yield from _replied(received, b"234")
    received.finish()


def _replied(received: Received, code: bytes) -> Read:
    """All lines of a reply with this code (RFC 5321, section 4.2; RFC 959, section 4.2)."""
    lines = []
    while True:
        line = yield from received.line()
        lines.append(line)
        if line[:3].isdigit() and line[3:4] in (b" ", b""):
            break
    if line[:3] != code:
        raise NotOffered(f"the server said {printable(line)!r}")
    return b"\n".join(lines)


def _imap(host: str) -> Talk:
    """RFC 3501, section 6.2.1."""
    received = Received()
    greeting = yield from received.line()
    if not greeting.upper().startswith(b"* OK"):
        raise NotOffered(f"the server greets with {printable(greeting)!r}")
    yield from received.more(b"a1 STARTTLS\r\n")
    while (line := (yield from received.line())).startswith(b"*"):
        pass
    if not line.upper().startswith(b"A1 OK"):
        raise NotOffered(f"the server said {printable(line)!r}")
    received.finish()


def _pop3(host: str) -> Talk:
    """RFC 2595, section 4."""
    received = Received()
    yield from _agreed(received)
    yield from received.more(b"STLS\r\n")
    yield from _agreed(received)
    received.finish()


def _agreed(received: Received) -> Talk:
    line = yield from received.line()
    if not line.upper().startswith(b"+OK"):
        raise NotOffered(f"the server said {printable(line)!r}")


_START_TLS_OID = b"1.3.6.1.4.1.1466.20037"
_LDAP_REQUEST = bytes([0x30, 0x1D, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16]) + _START_TLS_OID
_SEQUENCE, _INTEGER, _EXTENDED_RESPONSE, _ENUMERATED = 0x30, 0x02, 0x78, 0x0A


def _ldap(host: str) -> Talk:
    """RFC 4511, section 4.14: an ExtendedResponse to message 1 whose result is success (0)."""
    received = Received()
    yield from received.more(_LDAP_REQUEST)
    kind, message = yield from _ber(received)
    number, rest = _split(message, _INTEGER)
    response, _ = _split(rest, _EXTENDED_RESPONSE)
    result, _ = _split(response, _ENUMERATED)
    if kind != _SEQUENCE or number != b"\x01":
        raise NotOffered("the server answers another request")
    if result != b"\x00":
        raise NotOffered(f"the server answers with result {int.from_bytes(result[:4], 'big')}")
    received.finish()


def _ber(received: Received) -> Generator[bytes, bytes, tuple[int, bytes]]:
    """One element with a definite length."""
    kind, length = yield from received.exactly(2)
    if length >= 0x80:
        if not 0x81 <= length <= 0x83:
            raise NotOffered("the server answers with something that is no LDAP message")
        length = int.from_bytes((yield from received.exactly(length - 0x80)), "big")
    if length > LONGEST_LINE:
        raise NotOffered(f"the server answers with a message that claims {length} bytes")
    return kind, (yield from received.exactly(length))


def _split(data: bytes, kind: int) -> tuple[bytes, bytes]:
    """The content of the first element, which must be of a kind, and the rest."""
    inner = Received()
    reading = _ber(inner)
    next(reading, None)
    try:
        reading.send(data)
    except StopIteration as done:
        found, content = done.value
        if found == kind:
            return content, inner.left()
    raise NotOffered("the server answers with something that is no ExtendedResponse")


def _postgres(host: str) -> Talk:
    """The SSLRequest message of PostgreSQL's frontend/backend protocol: one byte comes back, `S` for yes."""
    received = Received()
    yield from received.more(bytes.fromhex("0000000804d2162f"))
    answer = yield from received.exactly(1)
    if answer != b"S":
        raise NotOffered(f"the server said {printable(answer)!r} to a request for TLS")
    received.finish()


_FEATURES = re.compile(rb"</(?:[a-z]{1,16}:)?features\s*>|<(?:[a-z]{1,16}:)?features\s*/>|</stream:stream\s*>")
_STARTTLS = re.compile(rb"<starttls[\s/>]")
_PROCEED = re.compile(rb"<proceed\b[^<>]{0,200}?(?:/>|>\s*</proceed\s*>)|<failure\b|</stream:stream\s*>")


def _xmpp(host: str) -> Talk:
    """RFC 6120, section 5. No XML is parsed: tags are looked for among bounded bytes."""
    received = Received()
    opening = (
        f"<?xml version='1.0'?><stream:stream to='{host}' version='1.0' xmlns='jabber:client' "
        "xmlns:stream='http://etherx.jabber.org/streams'>"
    )
    yield from received.more(opening.encode("ascii"))
    features = yield from received.until(_FEATURES)
    if not _STARTTLS.search(features):
        raise NotListed("starttls is not among the stream's features")
    yield from received.more(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    answer = yield from received.until(_PROCEED)
    if not answer.lstrip().startswith(b"<proceed"):
        raise NotOffered(f"the server said {printable(answer)!r}")
    received.finish()


_TALKS: dict[StartTls, Callable[[str], Talk]] = {
    StartTls.SMTP: _smtp,
    StartTls.IMAP: _imap,
    StartTls.POP3: _pop3,
    StartTls.LDAP: _ldap,
    StartTls.POSTGRES: _postgres,
    StartTls.XMPP: _xmpp,
    StartTls.FTP: _ftp,
}
