"""Public keys, told apart by the digest of their SubjectPublicKeyInfo, wherever they stand."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from clauseproof.hardware.quiet import unwarned
from clauseproof.hardware.rejection import UNREADABLE, printable, rejected

MOST_KEY_FILE_BYTES = 64 * 1024
"""The largest file in which a public key is looked for."""


@dataclass(frozen=True)
class PublicKey:
    """A public key out of a file.

    Attributes:
        source: what the file was: `public key`, `certificate request` or `certificate`.
        algorithm: `RSA 4096`, `EC secp256r1`, `Ed25519`.
        spki_sha256: hex digest of its SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) in DER.
    """

    source: str
    algorithm: str
    spki_sha256: str


def spki_sha256(key: PublicKeyTypes) -> str:
    """Hex SHA-256 of a key's SubjectPublicKeyInfo in DER: equal for equal keys, however they were wrapped."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def algorithm(key: PublicKeyTypes) -> str:
    """A key's kind and size for people."""
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    if isinstance(key, dsa.DSAPublicKey):
        return f"DSA {key.key_size}"
    return type(key).__name__.removeprefix("_").removesuffix("PublicKey")


def read_public_key(data: bytes, where: str) -> PublicKey:
    """The one key that a file holds: a public key, a certificate request (PKCS #10) or a certificate, PEM or DER.

    A request proves that its maker held the private key, so its own signature must verify.

    Raises:
        EvidenceRejected: too large, none of the three, several of them, or a request whose signature does not verify.
    """
    if len(data) > MOST_KEY_FILE_BYTES:
        raise rejected(where, f"{len(data)} bytes, more than the {MOST_KEY_FILE_BYTES} in which a key is looked for")
    if data.count(_PEM_BEGIN) > 1:
        raise rejected(where, "several PEM blocks, so that it does not say which key is meant", "give one key")
    for source, load in (_PEM if _PEM_BEGIN in data else _DER).items():
        try:
            with unwarned():
                key = load(data)
        except InvalidSignature as error:
            raise rejected(where, "the request's own signature does not verify", "ask for a fresh request") from error
        except UNREADABLE:
            continue
        return PublicKey(source, algorithm(key), spki_sha256(key))
    begins = printable(data[:32].decode("ascii", "backslashreplace")) or "nothing"
    raise rejected(where, f"no public key, certificate request or certificate: it begins with {begins}", _GIVE)


def _of_request(request: x509.CertificateSigningRequest) -> PublicKeyTypes:
    if not request.is_signature_valid:
        raise InvalidSignature
    return request.public_key()


_Load = Callable[[bytes], PublicKeyTypes]

_GIVE = "give one of them in PEM or DER"
_PEM_BEGIN = b"-----BEGIN "
_PEM: Mapping[str, _Load] = {
    "public key": load_pem_public_key,
    "certificate request": lambda data: _of_request(x509.load_pem_x509_csr(data)),
    "certificate": lambda data: x509.load_pem_x509_certificate(data).public_key(),
}
_DER: Mapping[str, _Load] = {
    "public key": load_der_public_key,
    "certificate request": lambda data: _of_request(x509.load_der_x509_csr(data)),
    "certificate": lambda data: x509.load_der_x509_certificate(data).public_key(),
}
