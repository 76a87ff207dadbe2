"""X.509 certificates as a verifier needs them: bounded, read once, every fault named."""

import binascii
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from clauseproof.hardware.publickey import spki_sha256
from clauseproof.hardware.quiet import unwarned
from clauseproof.hardware.rejection import UNREADABLE, printable, rejected

MOST_BYTES = 64 * 1024
"""The largest certificate that is read, in bytes of DER."""
MOST_CERTIFICATES = 10
"""The most certificates that one file, or one piece of evidence, may bring."""
MOST_FILE_BYTES = 1024 * 1024
"""The largest file that is searched for certificates."""

E = TypeVar("E", bound=x509.ExtensionType)

_BEGIN = b"-----BEGIN CERTIFICATE-----"
_END = b"-----END CERTIFICATE-----"
_UNDERSTOOD = (x509.BasicConstraints, x509.KeyUsage, x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier)


@dataclass(frozen=True)
class Certificate:
    """One certificate, read in full; names are shortened and escaped for sentences.

    Attributes:
        where: what it is called in errors: the file, and its position there.
        sha256: hex digest of its DER bytes.
        spki_sha256: hex digest of its SubjectPublicKeyInfo, the usual form of a pin.
        is_ca: the cA flag of basicConstraints; None without that extension.
        path_length: pathLenConstraint; None where there is none.
        may_sign: keyCertSign of keyUsage; None without that extension.
        private: raw values of the extensions that `cryptography` does not know, by dotted OID.
        unread: dotted OIDs of critical extensions, and of name constraints, that no verifier here evaluates.
        parsed: the certificate for `cryptography`, to check signatures with.
    """

    where: str
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    sha256: str
    spki_sha256: str
    is_ca: bool | None
    path_length: int | None
    may_sign: bool | None
    private: Mapping[str, bytes]
    unread: tuple[str, ...]
    parsed: x509.Certificate

    @property
    def self_issued(self) -> bool:
        """Whether issuer and subject are the same name (RFC 5280, 6.1)."""
        return self.parsed.subject == self.parsed.issuer

    def valid_at(self, when: datetime) -> bool:
        """Whether an instant lies in its validity, both ends included (RFC 5280, 4.1.2.5)."""
        return self.not_before <= when <= self.not_after


def read_certificates(data: bytes, where: str) -> tuple[Certificate, ...]:
    """All certificates of a file: PEM blocks, with any text around them, or one certificate in DER.

    Raises:
        EvidenceRejected: too large, none in it, too many, truncated, or one that cannot be read.
    """
    if len(data) > MOST_FILE_BYTES:
        raise rejected(where, f"{len(data)} bytes, more than the {MOST_FILE_BYTES} that are read")
    if data[:1] == b"\x30":
        return (read_certificate(data, where),)
    blocks = []
    for number, block in enumerate(_pem_blocks(data, where), start=1):
        if number > MOST_CERTIFICATES:
            raise rejected(where, f"more than {MOST_CERTIFICATES} certificates")
        blocks.append(read_certificate(block, f"{where}, certificate {number}" if number > 1 else where))
    if not blocks:
        raise rejected(where, "no certificate in it", "give an X.509 certificate in PEM or DER")
    return tuple(blocks)


def read_certificate(der: bytes, where: str) -> Certificate:
    """One certificate in DER with nothing behind it; EvidenceRejected names what cannot be read."""
    if len(der) > MOST_BYTES:
        raise rejected(where, f"a certificate of {len(der)} bytes, more than the {MOST_BYTES} that are read")
    try:
        with unwarned():
            parsed = x509.load_der_x509_certificate(der)
        if der[-len(parsed.signature) - 1] != 0:  # the only byte that neither the signature nor the parser covers
            raise ValueError("the signature is not a BIT STRING of whole bytes")
        return _read(parsed, where)
    except x509.DuplicateExtension as error:
        raise rejected(where, f"extension {error.oid.dotted_string} stands in it twice") from error
    except UNREADABLE as error:
        raise rejected(where, f"no readable X.509 certificate: {printable(error)}") from error


def _pem_blocks(data: bytes, where: str) -> Iterator[bytes]:
    """The decoded CERTIFICATE blocks of RFC 7468."""
    position = 0
    while (begin := data.find(_BEGIN, position)) >= 0:
        end = data.find(_END, begin)
        if end < 0:
            raise rejected(where, f"the certificate that begins at byte {begin} has no end: the file is truncated")
        body = b"".join(data[begin + len(_BEGIN) : end].split())
        try:
            yield binascii.a2b_base64(body, strict_mode=True)
        except binascii.Error as error:
            raise rejected(where, f"the certificate that begins at byte {begin} is no base64: {error}") from error
        position = end + len(_END)


def _read(parsed: x509.Certificate, where: str) -> Certificate:
    constraints = extension(parsed, x509.BasicConstraints)
    usage = extension(parsed, x509.KeyUsage)
    return Certificate(
        where=where,
        subject=printable(parsed.subject.rfc4514_string()),
        issuer=printable(parsed.issuer.rfc4514_string()),
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        sha256=hashlib.sha256(parsed.public_bytes(Encoding.DER)).hexdigest(),
        spki_sha256=spki_sha256(parsed.public_key()),
        is_ca=constraints.ca if constraints else None,
        path_length=constraints.path_length if constraints else None,
        may_sign=usage.key_cert_sign if usage else None,
        private=_private(parsed),
        unread=_unread(parsed),
        parsed=parsed,
    )


def extension(parsed: x509.Certificate, kind: type[E]) -> E | None:
    """The value of an extension, None where the certificate does not have it."""
    found = [e.value for e in parsed.extensions if isinstance(e.value, kind)]
    return found[0] if found else None


def digest_name(parsed: x509.Certificate) -> str:
    """The hash that a certificate's signature is over, such as `sha256`; empty for none, or one that is not known."""
    try:
        digest = parsed.signature_hash_algorithm
    except UNREADABLE:
        return ""
    return digest.name if digest is not None else ""


def _private(parsed: x509.Certificate) -> dict[str, bytes]:
    return {
        e.oid.dotted_string: e.value.value for e in parsed.extensions if isinstance(e.value, x509.UnrecognizedExtension)
    }


def _unread(parsed: x509.Certificate) -> tuple[str, ...]:
    return tuple(
        e.oid.dotted_string
        for e in parsed.extensions
        if isinstance(e.value, x509.NameConstraints) or (e.critical and not isinstance(e.value, _UNDERSTOOD))
    )
