"""A maker of hardware security modules, on paper: attestation chains in the form of the YubiHSM 2.

The root is the maker's own, so nothing made here passes for anybody's hardware unless a profile names that root under
its anchors. Everything starts genuine; each keyword bends one promise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

OID = "1.3.6.1.4.1.41482.4"

GENERATED, IMPORTED, WRAPPED = 0x01, 0x02, 0x10
"""Bits of the origin."""
SIGN_ECDSA, EXPORTABLE_UNDER_WRAP, SIGN_ATTESTATION = 1 << 7, 1 << 16, 1 << 34
"""Bits of the capabilities."""

_LIFE = timedelta(days=3650)


@dataclass(frozen=True)
class Authority:
    """A key with its certificate; it signs whatever it is asked to."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        """Its certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(
        self,
        subject: str,
        key: ec.EllipticCurvePrivateKey,
        *,
        path_length: int,
        not_after: datetime | None = None,
        extensions: Mapping[str, bytes] | None = None,
    ) -> "Authority":
        """Certify another authority; `extensions` are raw values by OID."""
        builder = _builder(subject, self.certificate.subject, key.public_key(), self.certificate, not_after)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        return Authority(key, _with(builder, extensions or {}).sign(self.key, hashes.SHA256()))


@dataclass(frozen=True)
class Attestation:
    """What a vendor hands over, in PEM, and the root that a buyer would have to trust."""

    attestation: bytes
    chain: tuple[bytes, ...]
    root: bytes


@dataclass(frozen=True)
class Device:
    """One module: its attestation key, and the authorities above it."""

    serial: int
    authority: Authority
    above: tuple[Authority, ...]

    def attest(
        self,
        key: ec.EllipticCurvePublicKey,
        *,
        origin: int = GENERATED,
        capabilities: int = SIGN_ECDSA,
        object_id: int = 0x0042,
        label: str = "customer data key",
        altered: Mapping[str, bytes | None] | None = None,
    ) -> Attestation:
        """Attest a key as the device would.

        Args:
            altered: raw values that replace extensions by OID; None leaves one out.
        """
        values: dict[str, bytes | None] = {
            f"{OID}.1": _value(0x04, bytes((2, 4, 0))),
            f"{OID}.2": _number(self.serial),
            f"{OID}.3": _value(0x03, bytes((0, origin))),
            f"{OID}.4": _value(0x03, b"\0\0\1"),
            f"{OID}.5": _value(0x03, b"\0" + capabilities.to_bytes(8, "big")),
            f"{OID}.6": _number(object_id),
            f"{OID}.9": _value(0x0C, label.encode()),
        }
        extensions = {oid: value for oid, value in (values | dict(altered or {})).items() if value is not None}
        issuer = self.authority.certificate
        builder = _builder(f"YubiHSM Attestation id:{object_id:#06x}", issuer.subject, key, issuer, None)
        certificate = _with(builder, extensions).sign(self.authority.key, hashes.SHA256())
        return Attestation(
            certificate.public_bytes(Encoding.PEM),
            (self.authority.pem, *(a.pem for a in self.above)),
            self.above[-1].pem,
        )


def make_device(*, now: datetime, serial: int = 12345678, intermediate_until: datetime | None = None) -> Device:
    """A device below an intermediate authority below a root, valid from a day before `now` on.

    Args:
        intermediate_until: the end of the intermediate authority's validity, instead of ten years from now.
    """
    root = _root("Example HSM Root CA", now)
    middle = root.issue("Example HSM Sub-CA", _key(), path_length=1, not_after=intermediate_until)
    device = middle.issue(
        f"YubiHSM Attestation ({serial})", _key(), path_length=0, extensions={f"{OID}.2": _number(serial)}
    )
    return Device(serial, device, (middle, root))


def make_attestation(
    key: ec.EllipticCurvePublicKey, *, now: datetime, exportable: bool = False, imported: bool = False
) -> Attestation:
    """A whole chain for one key, from a root of its own."""
    return make_device(now=now).attest(
        key,
        origin=IMPORTED if imported else GENERATED,
        capabilities=SIGN_ECDSA | (EXPORTABLE_UNDER_WRAP if exportable else 0),
    )


def _root(name: str, now: datetime) -> Authority:
    key = _key()
    builder = x509.CertificateBuilder(
        _name(name), _name(name), key.public_key(), x509.random_serial_number(), now - timedelta(days=1), now + _LIFE
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=2), critical=True)
    return Authority(key, builder.sign(key, hashes.SHA256()))


def _builder(
    subject: str,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    dated: x509.Certificate,
    not_after: datetime | None,
) -> x509.CertificateBuilder:
    """As the device does, dates are copied from the certificate above."""
    return x509.CertificateBuilder(
        issuer,
        _name(subject),
        key,
        x509.random_serial_number(),
        dated.not_valid_before_utc,
        not_after or dated.not_valid_after_utc,
    )


def _with(builder: x509.CertificateBuilder, extensions: Mapping[str, bytes]) -> x509.CertificateBuilder:
    for oid, value in extensions.items():
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
        builder = builder.add_extension(extension, critical=False)
    return builder


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _value(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content


def _number(number: int) -> bytes:
    return _value(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))
