"""What stands in a server's certificate beside its names and dates."""

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID

from clauseproof.hardware.certificate import digest_name, extension, read_certificate
from clauseproof.hardware.publickey import algorithm
from clauseproof.hardware.rejection import UNREADABLE


class KeyKind(enum.StrEnum):
    """Kinds of public keys in certificates."""

    RSA = "RSA"
    EC = "EC"
    EDWARDS = "EdDSA"
    OTHER = "other"


@dataclass(frozen=True)
class Key:
    """A certificate's public key: its kind, its size in bits, and both for people (`EC secp256r1`)."""

    kind: KeyKind
    bits: int
    name: str


@dataclass(frozen=True)
class Details:
    """What a certificate says of itself.

    Attributes:
        signature: how its issuer signed it: `ECDSA with SHA-256`.
        scts: signed certificate timestamps (RFC 6962, section 3.3) that it carries, counted and not verified.
        logs: the Certificate Transparency logs that these are of.
        must_staple: whether clients shall insist on a stapled OCSP response (RFC 7633).
        asks: whether it names an OCSP responder.
    """

    key: Key
    signature: str
    scts: int
    logs: int
    must_staple: bool
    asks: bool


def details(certificate: x509.Certificate) -> Details:
    """The details of a certificate that was read before."""
    stamps = list(extension(certificate, x509.PrecertificateSignedCertificateTimestamps) or ())
    features = extension(certificate, x509.TLSFeature) or ()
    access = extension(certificate, x509.AuthorityInformationAccess) or ()
    return Details(
        key=key_of(certificate),
        signature=signature_of(certificate),
        scts=len(stamps),
        logs=len({stamp.log_id for stamp in stamps}),
        must_staple=x509.TLSFeatureType.status_request in features,
        asks=any(one.access_method == AuthorityInformationAccessOID.OCSP for one in access),
    )


def key_of(certificate: x509.Certificate) -> Key:
    """A certificate's key."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return Key(KeyKind.RSA, key.key_size, algorithm(key))
    if isinstance(key, ec.EllipticCurvePublicKey):
        return Key(KeyKind.EC, key.key_size, algorithm(key))
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return Key(KeyKind.EDWARDS, 256 if isinstance(key, ed25519.Ed25519PublicKey) else 456, algorithm(key))
    return Key(KeyKind.OTHER, 0, algorithm(key))


_SHA = re.compile(r"^SHA(?=\d+$)")
_FAMILIES = {"1.2.840.113549.1.1.": "RSA", "1.2.840.10045.4.": "ECDSA", "1.2.840.10040.4.": "DSA", "1.3.101.": "EdDSA"}


def signature_of(certificate: x509.Certificate) -> str:
    """The algorithm of a certificate's signature: `RSA with SHA-256`; its dotted number where it has no name here."""
    number = certificate.signature_algorithm_oid.dotted_string
    family = next((name for start, name in _FAMILIES.items() if number.startswith(start)), number)
    digest = digest_name(certificate)
    return f"{family} with {_SHA.sub('SHA-', digest.upper())}" if digest else family


def out_of_order(chain: Sequence[bytes]) -> int | None:
    """The number of the first certificate that did not issue the one before it (RFC 5246, section 7.4.2), from 2 on.

    None where every one did. TLS 1.3 asks clients to cope (RFC 8446, section 4.4.2), and not all do.

    Raises:
        EvidenceRejected: a certificate that cannot be read.
    """
    read = [read_certificate(der, f"certificate {n}").parsed for n, der in enumerate(chain, start=1)]
    for number, (issued, issuer) in enumerate(pairwise(read), start=2):
        try:
            issued.verify_directly_issued_by(issuer)
        except (InvalidSignature, *UNREADABLE):
            return number
    return None
