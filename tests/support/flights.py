"""What servers send after a ClientHello, as bytes: built by hand, and taken from OpenSSL."""

import contextlib
import ssl
from pathlib import Path

from clauseproof.facts.hello import SuiteList
from clauseproof.facts.tls import TlsVersion
from clauseproof.probes.hello.message import Hello, version_offer
from tests.support.tls import server_context

RETRY_RANDOM = bytes.fromhex("CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C")
X25519 = bytes(range(32))
SESSION = b"s" * 32


def hello(newest: TlsVersion = TlsVersion.TLS1_3, name: str | None = "api.crm.example") -> Hello:
    """A hello whose random parts are fixed."""
    return Hello(version_offer(newest, SuiteList.USUAL, name, X25519), b"r" * 32, SESSION)


def record(payload: bytes, kind: int = 22, version: int = 0x0303) -> bytes:
    return bytes([kind]) + version.to_bytes(2, "big") + len(payload).to_bytes(2, "big") + payload


def alert(code: int, level: int = 2) -> bytes:
    return record(bytes([level, code]), 21)


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def server_hello(
    legacy: int,
    suite: int,
    *extensions: tuple[int, bytes],
    session: bytes = SESSION,
    random: bytes = b"R" * 32,
    compression: int = 0,
) -> bytes:
    """A ServerHello message; without extensions it has no field for them."""
    body = legacy.to_bytes(2, "big") + random + bytes([len(session)]) + session + suite.to_bytes(2, "big")
    body += bytes([compression])
    if extensions:
        every = b"".join(kind.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data for kind, data in extensions)
        body += len(every).to_bytes(2, "big") + every
    return message(2, body)


VERSION_1_3 = (43, b"\x03\x04")


def key_share(group: int, key: bytes | None = X25519) -> tuple[int, bytes]:
    """A key_share extension; without a key it is that of a HelloRetryRequest."""
    tail = b"" if key is None else len(key).to_bytes(2, "big") + key
    return (51, group.to_bytes(2, "big") + tail)


def from_openssl(pem: Path, asked: Hello, oldest: ssl.TLSVersion, newest: ssl.TLSVersion) -> bytes:
    """The first flight of OpenSSL's answer."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = server_context(pem, oldest, newest).wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(asked.encode())
    with contextlib.suppress(ssl.SSLError):
        session.do_handshake()
    return outgoing.read()
