"""Certificates for test servers: an authority, its leaves, and every way to get one wrong."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Holder:
    """A certificate with its key, and the certificates above it that a server should send."""

    certificate: x509.Certificate
    key: Key
    above: tuple[x509.Certificate, ...] = ()

    @property
    def chain(self) -> tuple[bytes, ...]:
        """DER, its own first."""
        return tuple(c.public_bytes(Encoding.DER) for c in (self.certificate, *self.above))

    @property
    def pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(Encoding.PEM)

    def write(self, folder: Path, name: str = "server") -> Path:
        """Key and chain in one PEM file, as `ssl.SSLContext.load_cert_chain` reads it."""
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = folder / f"{name}.pem"
        path.write_bytes(key + b"".join(c.public_bytes(Encoding.PEM) for c in (self.certificate, *self.above)))
        return path


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def authority(
    name: str = "Test Root", under: Holder | None = None, until: datetime = NOW + 3650 * DAY, key: Key | None = None
) -> Holder:
    """A root, or an intermediate under another authority."""
    key = key or new_key()
    builder = _start(name, under, key, NOW - 30 * DAY, until)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    signed = builder.sign(under.key if under else key, hashes.SHA256())
    return Holder(signed, key, () if under is None else _above(under))


def leaf(
    issuer: Holder | None,
    *names: str,
    since: datetime = NOW - DAY,
    until: datetime = NOW + 90 * DAY,
    key: Key | None = None,
    serves: bool = True,
    padding: int = 0,
    more: Sequence[x509.ExtensionType] = (),
) -> Holder:
    """A server's certificate for names and addresses; self-signed without an issuer.

    Args:
        serves: whether extendedKeyUsage allows TLS servers; otherwise clients only.
        padding: bytes of a private extension that makes it large.
        more: further extensions, none of them critical.
    """
    key = key or new_key()
    builder = _start(names[0], issuer, key, since, until)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if serves else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    if padding:
        oid = x509.ObjectIdentifier("1.3.6.1.4.1.55555.1")
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, b"\x00" * padding), critical=False)
    for extension in more:
        builder = builder.add_extension(extension, critical=False)
    signed = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    return Holder(signed, key, () if issuer is None else _above(issuer))


def _above(holder: Holder) -> tuple[x509.Certificate, ...]:
    """Everything but the root."""
    own = () if holder.certificate.issuer == holder.certificate.subject else (holder.certificate,)
    return (*own, *holder.above)


def _start(name: str, issuer: Holder | None, key: Key, since: datetime, until: datetime) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    signer = issuer.key if issuer else key
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def over_sha1(der: bytes) -> bytes:
    """Something signed by an RSA key over SHA-256, that says of itself that it is over SHA-1; no library makes one."""
    sha256, sha1 = bytes.fromhex("06092a864886f70d01010b"), bytes.fromhex("06092a864886f70d010105")
    assert sha256 in der
    return der.replace(sha256, sha1)
