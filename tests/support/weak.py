"""A TLS 1.2 server of a few lines that has, one by one, the weaknesses that no library has any more.

It knows TLS_RSA_WITH_AES_128_CBC_SHA only and ends after the handshake.
"""

import hashlib
import hmac
import os
import socket
import zlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.support.certificates import Holder
from tests.support.tls import Talk

CCS, ALERT, HANDSHAKE, HEARTBEAT = 20, 21, 22, 24
_SUITE = 0x002F
_VERSION = b"\x03\x03"
_STATUS_REQUEST, _RENEGOTIATION_INFO = 5, 0xFF01


@dataclass(frozen=True)
class Weak:
    """Which weaknesses it has; without any it is a sound, if old, server."""

    leaks: bool = False
    early_ccs: bool = False
    oracle: bool = False
    unbound: bool = False
    """It does not answer renegotiation_info."""
    compresses: bool = False
    staple: bytes = b""
    """What it staples, whatever that is."""


def weak(holder: Holder, weaknesses: Weak) -> Talk:
    """A server with an RSA key and these weaknesses."""
    assert isinstance(holder.key, rsa.RSAPrivateKey)
    key = holder.key

    def talk(connection: socket.socket) -> None:
        _Session(connection, holder.chain, key, weaknesses).serve()

    return talk


class _End(Exception):
    """Nothing more to say; an alert to send first, if any."""

    def __init__(self, alert: int | None = None) -> None:
        self.alert = alert


@dataclass
class _Session:
    connection: socket.socket
    chain: tuple[bytes, ...]
    key: rsa.RSAPrivateKey
    weak: Weak
    transcript: bytes = b""
    compressed: bool = False
    received: bytearray = field(default_factory=bytearray)

    def serve(self) -> None:
        try:
            self._handshake()
        except _End as end:
            if end.alert is not None:
                self._send(ALERT, bytes([2, end.alert]))
                self.connection.shutdown(socket.SHUT_WR)
                while self.connection.recv(65536):  # closing on unread bytes would reset, and the alert be lost
                    pass

    def _handshake(self) -> None:
        client = self._hello()
        server = self._flight(client)
        exchange = self._message(16)
        secret = self._premaster(exchange[6:])
        master = _prf(secret, b"master secret", client[6:38] + server, 48)
        keys = _Keys(_prf(master, b"key expansion", server + client[6:38], 104))
        kind, _ = self._record()
        if kind != CCS:
            raise _End(10)
        self._finished(master, keys)

    def _hello(self) -> bytes:
        hello = self._message(1)
        body = hello[4:]
        start = 35 + body[34]
        count = int.from_bytes(body[start : start + 2], "big")
        suites = [int.from_bytes(body[i : i + 2], "big") for i in range(start + 2, start + 2 + count, 2)]
        if body[:2] < _VERSION:
            raise _End(70)
        if _SUITE not in suites:
            raise _End(40)
        methods = body[start + 3 + count : start + 3 + count + body[start + 2 + count]]
        self.compressed = self.weak.compresses and 1 in methods
        return hello

    def _flight(self, client: bytes) -> bytes:
        """ServerHello, Certificate and ServerHelloDone; gives the server's random."""
        random = os.urandom(32)
        extensions = b"" if self.weak.unbound else _RENEGOTIATION_INFO.to_bytes(2, "big") + b"\x00\x01\x00"
        extensions += _STATUS_REQUEST.to_bytes(2, "big") + b"\x00\x00" if self.weak.staple else b""
        hello = _VERSION + random + b"\x00" + _SUITE.to_bytes(2, "big") + bytes([self.compressed])
        hello += len(extensions).to_bytes(2, "big") + extensions if extensions else b""
        chain = b"".join(_vector(der) for der in self.chain)
        status = _message(22, b"\x01" + _vector(self.weak.staple)) if self.weak.staple else b""
        flight = _message(2, hello) + _message(11, _vector(chain)) + status + _message(14, b"")
        self.transcript += flight
        self._send(HANDSHAKE, flight)
        return random

    def _premaster(self, encrypted: bytes) -> bytes:
        """The secret, or a random one where the padding is wrong; with the weakness, wrong padding is told."""
        numbers = self.key.private_numbers()
        size = self.key.key_size // 8
        number = pow(int.from_bytes(encrypted, "big"), numbers.d, numbers.public_numbers.n)
        plain = number.to_bytes(size, "big")
        if plain[:2] == b"\x00\x02" and plain[-49] == 0 and plain[-48:-46] == _VERSION:
            return plain[-48:]
        if self.weak.oracle and plain[:2] != b"\x00\x02":
            raise _End(40)
        return os.urandom(48)

    def _finished(self, master: bytes, keys: "_Keys") -> None:
        kind, body = self._record()
        opened = keys.open(kind, body) if kind == HANDSHAKE else None
        if opened is None:
            raise _End(20)
        finished = zlib.decompressobj().decompress(opened) if self.compressed else opened
        if finished != _message(20, _verify(master, b"client finished", self.transcript)):
            raise _End(51)
        answer = _message(20, _verify(master, b"server finished", self.transcript + finished))
        if self.compressed:
            stream = zlib.compressobj()
            answer = stream.compress(answer) + stream.flush(zlib.Z_SYNC_FLUSH)
        self._send(CCS, b"\x01")
        self._send(HANDSHAKE, keys.seal(HANDSHAKE, answer))
        self.connection.recv(1)

    def _message(self, wanted: int) -> bytes:
        """The next handshake message, which must be of this kind; every weakness that comes before it is shown."""
        kind, body = self._record()
        while kind == HEARTBEAT:
            if not self.weak.leaks:
                raise _End(10)
            claimed = int.from_bytes(body[1:3], "big")
            self._send(HEARTBEAT, b"\x02" + body[1:3] + body[3:].ljust(claimed, b"\x00") + os.urandom(16))
            kind, body = self._record()
        if kind == CCS:
            raise _End(20 if self.weak.early_ccs else 10)
        if kind != HANDSHAKE or body[0] != wanted:
            raise _End(10)
        self.transcript += body
        return body

    def _record(self) -> tuple[int, bytes]:
        header = self._exactly(5)
        return header[0], self._exactly(int.from_bytes(header[3:5], "big"))

    def _exactly(self, count: int) -> bytes:
        while len(self.received) < count:
            data = self.connection.recv(65536)
            if not data:
                raise _End
            self.received += data
        taken = bytes(self.received[:count])
        del self.received[:count]
        return taken

    def _send(self, kind: int, body: bytes) -> None:
        self.connection.sendall(bytes([kind]) + _VERSION + len(body).to_bytes(2, "big") + body)


class _Keys:
    """AES-128-CBC with HMAC-SHA1, explicit initialisation vectors (RFC 5246, section 6.2.3.2); one record each way."""

    def __init__(self, block: bytes) -> None:
        self._client_mac, self._server_mac = block[:20], block[20:40]
        self._client, self._server = block[40:56], block[56:72]

    def open(self, kind: int, body: bytes) -> bytes | None:
        if len(body) < 64 or len(body) % 16:
            return None
        decryptor = Cipher(algorithms.AES(self._client), modes.CBC(body[:16])).decryptor()
        padded = decryptor.update(body[16:])
        plain = padded[: len(padded) - padded[-1] - 1]
        content, mac = plain[:-20], plain[-20:]
        return content if hmac.compare_digest(mac, _mac(self._client_mac, kind, content)) else None

    def seal(self, kind: int, content: bytes) -> bytes:
        plain = content + _mac(self._server_mac, kind, content)
        pad = 15 - len(plain) % 16
        vector = os.urandom(16)
        encryptor = Cipher(algorithms.AES(self._server), modes.CBC(vector)).encryptor()
        return vector + encryptor.update(plain + bytes([pad]) * (pad + 1))


def _mac(key: bytes, kind: int, content: bytes) -> bytes:
    header = bytes(8) + bytes([kind]) + _VERSION + len(content).to_bytes(2, "big")
    return hmac.digest(key, header + content, "sha1")


def _prf(secret: bytes, label: bytes, seed: bytes, length: int) -> bytes:
    """RFC 5246, section 5."""
    chained = label + seed
    out, last = b"", chained
    while len(out) < length:
        last = hmac.digest(secret, last, "sha256")
        out += hmac.digest(secret, last + chained, "sha256")
    return out[:length]


def _verify(master: bytes, label: bytes, transcript: bytes) -> bytes:
    return _prf(master, label, hashlib.sha256(transcript).digest(), 12)


def _message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def _vector(data: bytes) -> bytes:
    return len(data).to_bytes(3, "big") + data
