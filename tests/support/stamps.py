"""Signed certificate timestamps as a certificate carries them (RFC 6962, section 3.3), signed by nobody."""

import hashlib

from cryptography import x509


def stamps(*logs: bytes) -> x509.UnrecognizedExtension:
    """One timestamp for each log, told apart by any bytes; `cryptography` builds no such extension."""
    listed = b"".join(_vector(_stamp(log)) for log in logs)
    whole = _vector(listed)
    value = b"\x04" + _length(len(whole)) + whole
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2"), value)


def _stamp(log: bytes) -> bytes:
    version, timestamp, extensions = b"\x00", (1_790_000_000_000).to_bytes(8, "big"), b"\x00\x00"
    ecdsa_with_sha256 = b"\x04\x03"
    return version + hashlib.sha256(log).digest() + timestamp + extensions + ecdsa_with_sha256 + _vector(b"unsigned")


def _vector(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _length(size: int) -> bytes:
    """Of a DER value."""
    if size < 128:
        return bytes([size])
    octets = size.to_bytes(1 if size < 256 else 2, "big")
    return bytes([0x80 | len(octets)]) + octets
