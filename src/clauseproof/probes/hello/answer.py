"""Reads what a server sends after a ClientHello, byte by byte if need be. No I/O; no length of theirs is believed.

The rules:

1. A `ServerHello` that a client could go on with (RFC 8446, section 4.1.3) is an acceptance: a version at or below
   the offer, a suite of the offer that this version can use, no compression, and in TLS 1.3 the session identifier
   and a group of the offer. A HelloRetryRequest is one, too: it chooses version, suite and group.
2. A fatal alert ends the flight. `protocol_version` refuses the offer, every other alert may have other reasons.
   An alert of level warning waits for what follows; the last one counts if nothing does.
3. An end without an alert is `Closed`, no end within the time is `Silent`, and whatever else comes is `Garbage`.
"""

from dataclasses import dataclass, field, replace

from clauseproof.facts.codepoints import Alert, alert_name
from clauseproof.facts.tls import TlsVersion
from clauseproof.probes.hello.message import Hello
from clauseproof.probes.hello.serverhello import Accepted, Malformed, read_certificate, read_server_hello

MOST_BYTES = 64 * 1024
"""The most that is read of one flight."""
MOST_WARNINGS = 8
_LARGEST_RECORD = (1 << 14) + 2048
_ALERT, _HANDSHAKE = 21, 22
_HELLO_REQUEST, _SERVER_HELLO, _CERTIFICATE = 0, 2, 11
_FATAL = 2


@dataclass(frozen=True)
class Refused:
    """A `protocol_version` alert."""

    alert: int = Alert.PROTOCOL_VERSION


@dataclass(frozen=True)
class Ambiguous:
    """An alert that can have other reasons than the version."""

    alert: int


@dataclass(frozen=True)
class Closed:
    """The connection ended without an alert; `reset` where the server broke it off."""

    reset: bool


@dataclass(frozen=True)
class Silent:
    """Neither an answer nor an end in the time given."""


@dataclass(frozen=True)
class Garbage:
    """Bytes that are no answer to the hello, and what is wrong with them."""

    reason: str


Answer = Accepted | Refused | Ambiguous | Closed | Silent | Garbage


@dataclass
class Flight:
    """The bytes of one answer, fed as they arrive.

    Attributes:
        hello: what is being answered.
        certificate: whether to read on, after a ServerHello up to TLS 1.2, to the server's certificate.
        raw: everything received so far, at most `MOST_BYTES`.
    """

    hello: Hello
    certificate: bool = False
    raw: bytearray = field(default_factory=bytearray)
    _read: int = 0
    _messages: bytearray = field(default_factory=bytearray)
    _warnings: list[int] = field(default_factory=list)
    _accepted: Accepted | None = None

    def feed(self, data: bytes) -> Answer | None:
        """Take in bytes; None where more must come before there is an answer."""
        self.raw += data[: MOST_BYTES - len(self.raw)]
        try:
            answer = self._records()
            if answer is None and len(self.raw) >= MOST_BYTES:
                raise Malformed(f"no answer in the first {MOST_BYTES} bytes")
        except Malformed as error:
            return self._accepted or Garbage(str(error))
        return answer

    def ended(self, *, reset: bool = False) -> Answer:
        """The answer if nothing more comes: the connection is closed or broken off."""
        return self._so_far() or (self._cut_off() if self._left() else Closed(reset))

    def timed_out(self) -> Answer:
        """The answer if nothing more comes in time."""
        return self._so_far() or (self._cut_off() if self._left() else Silent())

    def _so_far(self) -> Answer | None:
        if self._accepted is not None:
            return self._accepted
        return _alert(self._warnings[-1]) if self._warnings else None

    def _left(self) -> bool:
        return self._read < len(self.raw) or bool(self._messages)

    def _cut_off(self) -> Garbage:
        return Garbage(f"{len(self.raw)} bytes and no whole message")

    def _records(self) -> Answer | None:
        """Consume whole records until one decides."""
        while (header := self.raw[self._read : self._read + 5]) and (kind := _plausible(bytes(header))) is not None:
            length = int.from_bytes(header[3:5], "big")
            end = self._read + 5 + length
            if len(header) < 5 or end > len(self.raw):
                return None
            payload = bytes(self.raw[self._read + 5 : end])
            self._read = end
            answer = self._alerts(payload) if kind == _ALERT else self._handshake(payload)
            if answer is not None:
                return answer
        return None

    def _alerts(self, payload: bytes) -> Answer | None:
        if len(payload) != 2 or payload[0] not in (1, _FATAL):
            raise Malformed(f"an alert record of {len(payload)} bytes that is no alert")
        level, code = payload
        if self._accepted is not None:
            return self._accepted
        self._warnings.append(code)
        final = level == _FATAL or code == Alert.CLOSE_NOTIFY
        if not final and len(self._warnings) > MOST_WARNINGS:
            raise Malformed(f"{len(self._warnings)} warnings, the last of them {alert_name(code)}")
        return _alert(code) if final else None

    def _handshake(self, payload: bytes) -> Answer | None:
        """Consume whole messages until the one that decides; a message may span records (RFC 8446, section 5.1)."""
        self._messages += payload
        while len(self._messages) >= 4:
            kind, length = self._messages[0], int.from_bytes(self._messages[1:4], "big")
            if length > MOST_BYTES:
                raise Malformed(f"a handshake message of type {kind} that claims {length} bytes")
            if len(self._messages) < 4 + length:
                return None
            body = bytes(self._messages[4 : 4 + length])
            del self._messages[: 4 + length]
            answer = self._message(kind, body)
            if answer is not None:
                return answer
        return None

    def _message(self, kind: int, body: bytes) -> Answer | None:
        if self._accepted is not None:
            return replace(self._accepted, certificate=read_certificate(body) if kind == _CERTIFICATE else None)
        if kind == _HELLO_REQUEST and not body:
            return None  # may come at any time before TLS 1.3 and means nothing here (RFC 5246, section 7.4.1.1)
        if kind != _SERVER_HELLO:
            raise Malformed(f"a handshake message of type {kind} where a ServerHello must stand")
        accepted = read_server_hello(body, self.hello)
        if self.certificate and accepted.version < TlsVersion.TLS1_3:
            self._accepted = accepted
            return None
        return accepted


def _plausible(header: bytes) -> int | None:
    """The type of a record; None for one that has no byte yet. As much is looked at as has arrived."""
    if not header:
        return None
    if header[0] not in (_ALERT, _HANDSHAKE):
        shown = "an HTTP answer" if header[0] == ord("H") else f"a first byte of 0x{header[0]:02x}"
        raise Malformed(f"{shown} where an alert or a ServerHello must stand")
    if len(header) > 1 and header[1] != 3:
        raise Malformed(f"a record of version {header[1]}.x")
    if len(header) == 5 and int.from_bytes(header[3:5], "big") > _LARGEST_RECORD:
        raise Malformed(f"a record that claims {int.from_bytes(header[3:5], 'big')} bytes")
    return header[0]


def _alert(code: int) -> Answer:
    return Refused() if code == Alert.PROTOCOL_VERSION else Ambiguous(code)
