"""Reads a ServerHello, and the certificate that follows one up to TLS 1.2. No I/O; no length of theirs is believed."""

from dataclasses import dataclass

from clauseproof.facts.tls import TlsVersion
from clauseproof.probes.hello.message import VERSIONS, Hello
from clauseproof.probes.hello.suites import usable

_RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
_SUPPORTED_VERSIONS, _COOKIE, _KEY_SHARE = 43, 44, 51
_LARGEST_CERTIFICATE = 16 * 1024


@dataclass(frozen=True)
class Accepted:
    """A ServerHello. `group` is known in TLS 1.3 only; `certificate` (DER) where it was waited for and came."""

    version: TlsVersion
    suite: int
    group: int | None
    retry: bool
    certificate: bytes | None = None


class Malformed(Exception):
    """What is wrong with their bytes."""


class _Cursor:
    """Reads fields of a message; `Malformed` where one ends too early."""

    def __init__(self, data: bytes, what: str) -> None:
        self._data, self._at, self._what = data, 0, what

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise Malformed(f"a {self._what} that ends within a field")
        self._at += count
        return taken

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def vector(self, width: int) -> bytes:
        return self.take(self.number(width))

    def done(self) -> bool:
        return self._at == len(self._data)


def read_server_hello(body: bytes, hello: Hello) -> Accepted:
    """RFC 8446, section 4.1.3; RFC 5246, section 7.4.1.3."""
    cursor = _Cursor(body, "ServerHello")
    legacy, random, echo = cursor.number(2), cursor.take(32), cursor.vector(1)
    suite, compression = cursor.number(2), cursor.number(1)
    extensions = _extensions(cursor)
    version = _version(legacy, extensions, hello)
    if suite not in hello.offer.suites:
        raise Malformed(f"a ServerHello that chooses suite 0x{suite:04x}, which was not offered")
    if not usable(suite, version):
        raise Malformed(f"a ServerHello of {version} that chooses suite 0x{suite:04x}, which it cannot use")
    if compression != 0:
        raise Malformed(f"a ServerHello that chooses compression {compression}, which was not offered")
    if version is not TlsVersion.TLS1_3:
        return Accepted(version, suite, None, retry=False)
    if echo != hello.session_id:
        raise Malformed("a ServerHello of TLS 1.3 that does not echo the session identifier")
    retry = random == _RETRY_RANDOM
    return Accepted(version, suite, _group(extensions, hello, retry=retry), retry=retry)


def _extensions(cursor: _Cursor) -> dict[int, bytes]:
    if cursor.done():
        return {}
    inner, found = _Cursor(cursor.vector(2), "ServerHello"), dict[int, bytes]()
    if not cursor.done():
        raise Malformed("a ServerHello with bytes after its extensions")
    while not inner.done():
        number = inner.number(2)
        if number in found:
            raise Malformed(f"a ServerHello with two extensions of type {number}")
        found[number] = inner.vector(2)
    return found


def _version(legacy: int, extensions: dict[int, bytes], hello: Hello) -> TlsVersion:
    """The version chosen: `supported_versions` where it is there, else the legacy field."""
    code = legacy
    chosen = extensions.get(_SUPPORTED_VERSIONS)
    if chosen is not None:
        code = int.from_bytes(chosen, "big")
        if len(chosen) != 2 or VERSIONS.get(code) is not TlsVersion.TLS1_3:
            raise Malformed(f"a ServerHello whose supported_versions is {chosen[:8].hex() or 'empty'}")
    version = VERSIONS.get(code)
    if version is None or version > hello.offer.newest or (chosen is None and version is TlsVersion.TLS1_3):
        raise Malformed(f"a ServerHello of version 0x{code:04x}, which was not offered")
    return version


def _group(extensions: dict[int, bytes], hello: Hello, *, retry: bool) -> int | None:
    """The group of a ServerHello's key share, or the one that a HelloRetryRequest asks for, if it asks for any."""
    if _KEY_SHARE not in extensions:
        if retry and _COOKIE in extensions:
            return None
        raise Malformed("a ServerHello of TLS 1.3 without a key share")
    cursor = _Cursor(extensions[_KEY_SHARE], "key share")
    group = cursor.number(2)
    if not retry and not cursor.vector(2):
        raise Malformed("a ServerHello of TLS 1.3 with an empty key share")
    shared = {code for code, _ in hello.offer.key_shares}
    possible = set(hello.offer.groups) - shared if retry else shared
    if not cursor.done() or group not in possible:
        raise Malformed(f"a ServerHello with a key share of group 0x{group:04x}, which was not offered")
    return group


def read_certificate(body: bytes) -> bytes | None:
    """The server's own certificate of a Certificate message up to TLS 1.2 (RFC 5246, section 7.4.2)."""
    try:
        der = _Cursor(_Cursor(body, "Certificate").vector(3), "Certificate").vector(3)
    except Malformed:
        return None
    return der if 0 < len(der) <= _LARGEST_CERTIFICATE else None
