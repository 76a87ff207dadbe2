"""A private certification authority: root, issuing authority, and certificates for servers (RFC 5280, section 4.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_AUTHORITY_LIFE: Final = timedelta(days=3650)
_NO_USE: Final = dict.fromkeys(
    (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


@dataclass(frozen=True)
class Leaf:
    """What a TLS server presents, PEM: certificates from its own to the issuing authority's, and the private key."""

    chain: bytes
    private_key: bytes


@dataclass(frozen=True)
class Authority:
    """A key with its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        """Its certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    @classmethod
    def root(cls, name: str, *, now: datetime) -> Self:
        """A self-signed authority, valid from a year before `now`."""
        key = ec.generate_private_key(ec.SECP256R1())
        start = now - timedelta(days=365)
        builder = _builder(_name(name), _name(name), key.public_key(), start, start + _AUTHORITY_LIFE)
        return cls(key, _authority(builder, key.public_key(), key.public_key(), 1).sign(key, hashes.SHA256()))

    def subordinate(self, name: str) -> "Authority":
        """An issuing authority below this one, for the same years."""
        key, own = ec.generate_private_key(ec.SECP256R1()), self.certificate
        builder = _builder(
            own.subject, _name(name), key.public_key(), own.not_valid_before_utc, own.not_valid_after_utc
        )
        builder = _authority(builder, key.public_key(), self.key.public_key(), 0)
        return Authority(key, builder.sign(self.key, hashes.SHA256()))

    def issue(self, names: Sequence[str], *, start: datetime, end: datetime) -> Leaf:
        """A server certificate for DNS names.

        The name is kept in the subject too, so that the alternative names need not be critical (RFC 5280, section
        4.2.1.6): sslyze's validation refuses critical ones.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(self.certificate.subject, _name(names[0]), key.public_key(), start, end)
        builder = _identified(builder, key.public_key(), self.key.public_key())
        builder = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .add_extension(x509.KeyUsage(**_NO_USE | {"digital_signature": True}), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        )
        certificate = builder.sign(self.key, hashes.SHA256())
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return Leaf(certificate.public_bytes(Encoding.PEM) + self.pem, private)


def _builder(
    issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePublicKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), start, end)


def _identified(
    builder: x509.CertificateBuilder, key: ec.EllipticCurvePublicKey, issuer: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False).add_extension(
        above, critical=False
    )


def _authority(
    builder: x509.CertificateBuilder,
    key: ec.EllipticCurvePublicKey,
    issuer: ec.EllipticCurvePublicKey,
    path_length: int,
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(**_NO_USE | {"key_cert_sign": True, "crl_sign": True})
    return (
        _identified(builder, key, issuer)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
