"""Key attestation of the YubiHSM 2: a certificate that the device itself issues for one of its keys.

Source: Yubico, "YubiHSM 2 User Guide", Core Concepts, sections Attestation, Capabilities, Origin, Object ID, Domains
and Label (docs.yubico.com), and "Yubico OIDs" (YubiHSM arc, 1.3.6.1.4.1.41482.4); the encodings were checked against
an attestation made by a device (firmware 2.2.0, serial number 20783176).

============================ ============ ======================================================
extension                    type         content
============================ ============ ======================================================
1.3.6.1.4.1.41482.4.1        OCTET STRING firmware: three bytes, major, minor, patch
1.3.6.1.4.1.41482.4.2        INTEGER      serial number of the device
1.3.6.1.4.1.41482.4.3        BIT STRING   origin, one byte: generated 0x01, imported 0x02, wrapped 0x10
1.3.6.1.4.1.41482.4.4        BIT STRING   domains, two bytes: bit 0 is domain 1
1.3.6.1.4.1.41482.4.5        BIT STRING   capabilities, eight bytes: bit numbers as in `CAPABILITIES`
1.3.6.1.4.1.41482.4.6        INTEGER      object id
1.3.6.1.4.1.41482.4.9        UTF8String   label, up to 40 bytes, chosen by whoever made the key
============================ ============ ======================================================

The proof has four steps, repeated by number where each is done:

1. The file holds the attestation, and the chain from it to a trusted root stands at the time asked about: the five
   steps of `x509chain`.
2. The attestation was signed by the device's own attestation key: the certificate above it names a device, and the same
   one. A key and certificate that the owner loaded for attesting prove only what the owner says.
3. It attests a key and is no authority itself, and each of the seven extensions has its type, length and range.
4. Origin is either generated or imported.

A key that the device has attested cannot attest another, even if it has the capability to: its own certificate is not
an authority's. What the attestation says cannot change later, because the device has no command that alters the
capabilities or the origin of an object; so no challenge is needed, and a replayed one is still true of this key.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from clauseproof.hardware import der, x509chain
from clauseproof.hardware.certificate import MOST_CERTIFICATES, Certificate, read_certificates
from clauseproof.hardware.publickey import algorithm
from clauseproof.hardware.rejection import printable, rejected
from clauseproof.hardware.roots import YUBIHSM
from clauseproof.hardware.x509chain import Anchor

OID = "1.3.6.1.4.1.41482.4"
"""Yubico's arc for the YubiHSM."""
FIRMWARE, SERIAL, ORIGIN, DOMAINS, CAPABILITY, OBJECT_ID, LABEL = (f"{OID}.{n}" for n in (1, 2, 3, 4, 5, 6, 9))

CAPABILITIES = (
    "get-opaque", "put-opaque", "put-authentication-key", "put-asymmetric-key", "generate-asymmetric-key",
    "sign-pkcs", "sign-pss", "sign-ecdsa", "sign-eddsa", "decrypt-pkcs", "decrypt-oaep", "derive-ecdh",
    "export-wrapped", "import-wrapped", "put-wrap-key", "generate-wrap-key", "exportable-under-wrap", "set-option",
    "get-option", "get-pseudo-random", "put-mac-key", "generate-hmac-key", "sign-hmac", "verify-hmac",
    "get-log-entries", "sign-ssh-certificate", "get-template", "put-template", "reset-device", "decrypt-otp",
    "create-otp-aead", "randomize-otp-aead", "rewrap-from-otp-aead-key", "rewrap-to-otp-aead-key",
    "sign-attestation-certificate", "put-otp-aead-key", "generate-otp-aead-key", "wrap-data", "unwrap-data",
    "delete-opaque", "delete-authentication-key", "delete-asymmetric-key", "delete-wrap-key", "delete-hmac-key",
    "delete-template", "delete-otp-aead-key", "change-authentication-key", "put-symmetric-key",
    "generate-symmetric-key", "delete-symmetric-key", "decrypt-ecb", "encrypt-ecb", "decrypt-cbc", "encrypt-cbc",
    "put-public-wrap-key", "delete-public-wrap-key",
)  # fmt: skip
"""Names by bit number, 0 to 55; the last nine since firmware 2.3.1 and 2.4."""
EXPORTABLE = "exportable-under-wrap"
"""The capability that lets a key leave the device, encrypted under a wrap key that its holder may know."""

STEPS = (
    "the chain from the attestation to a trusted root",
    "signed by the attestation key of the device it speaks of",
    "seven extensions of the right type, length and range",
    "one origin",
)
"""The steps above, in words."""

File = tuple[str, bytes]
"""A file's name, for errors, and its content."""

_LABEL_BYTES = 40


class Origin(enum.StrEnum):
    """How a key came into the device."""

    GENERATED = "generated"
    IMPORTED = "imported"
    WRAPPED = "wrapped"
    """Set beside one of the other two: it was brought in under a wrap key. Whoever knows a wrap key can compose such an
    object outside the device and write "generated" into it, so with this mark the other one proves nothing."""


_ORIGINS = {0x01: Origin.GENERATED, 0x02: Origin.IMPORTED, 0x10: Origin.WRAPPED}


@dataclass(frozen=True)
class KeyAttestation:
    """What a device's own signature says of one of its keys.

    Attributes:
        serial: the device's serial number.
        firmware: `2.2.0`, as it was when the key was attested.
        domains: the device's domains, from 1 to 16, in which the key can be used.
        capabilities: names of `CAPABILITIES`; a bit that has none is `bit 57`.
        label: chosen by whoever made the key; escaped.
        algorithm: the key's kind, `RSA 4096`.
        public_key_sha256: hex digest of the key's SubjectPublicKeyInfo.
        chain: subjects from the attestation to the root.
        anchor: the trusted root that the chain ends in.
        not_after: the earliest end of all validities in the chain.
        steps: what was proven, in order.
    """

    serial: int
    firmware: str
    origin: frozenset[Origin]
    domains: tuple[int, ...]
    capabilities: tuple[str, ...]
    object_id: int
    label: str
    algorithm: str
    public_key_sha256: str
    chain: tuple[str, ...]
    anchor: Anchor
    not_before: datetime
    not_after: datetime
    steps: tuple[str, ...]

    @property
    def exportable(self) -> bool:
        """Whether the key may leave the device under a wrap key."""
        return EXPORTABLE in self.capabilities

    @property
    def unknown_capabilities(self) -> tuple[str, ...]:
        """Capabilities of a newer firmware, whose meaning is not known here."""
        return tuple(name for name in self.capabilities if name not in CAPABILITIES)


def verify(
    attestation: File, chain: Sequence[File], *, at: datetime, anchors: Sequence[Anchor] = (YUBIHSM,)
) -> KeyAttestation:
    """Prove the four steps.

    Args:
        attestation: the attestation's file, PEM or DER; further certificates in it join the chain.
        chain: files with the device's certificate and those above it, in any order.
        at: the instant asked about, aware.
        anchors: the roots to trust.

    Raises:
        EvidenceRejected: what is wrong, with the file, certificate or extension.
    """
    leaf, *others = _certificates((attestation, *chain))
    verified = x509chain.verify(leaf, others, anchors, at)  # step 1
    _same_device(leaf, verified.certificates[1])  # step 2
    if leaf.is_ca:  # step 3, and each extension where it is read
        raise rejected(leaf.where, "is an authority's certificate, not the attestation of a key")
    return KeyAttestation(
        serial=_serial(leaf),
        firmware=".".join(str(part) for part in der.octets(*_extension(leaf, FIRMWARE), length=3)),
        origin=_origin(leaf),  # step 4
        domains=tuple(bit + 1 for bit in _set_bits(der.bits(*_extension(leaf, DOMAINS), length=2))),
        capabilities=tuple(_name(bit) for bit in _set_bits(der.bits(*_extension(leaf, CAPABILITY), length=8))),
        object_id=der.integer(*_extension(leaf, OBJECT_ID), most=0xFFFF),
        label=printable(der.utf8(*_extension(leaf, LABEL), most=_LABEL_BYTES)),
        algorithm=algorithm(leaf.parsed.public_key()),
        public_key_sha256=leaf.spki_sha256,
        chain=tuple(c.subject for c in verified.certificates),
        anchor=verified.anchor,
        not_before=verified.not_before,
        not_after=verified.not_after,
        steps=STEPS,
    )


def _certificates(files: Sequence[File]) -> list[Certificate]:
    found: list[Certificate] = []
    for where, data in files:
        found += read_certificates(data, where)
        if len(found) > MOST_CERTIFICATES:
            raise rejected(
                where, f"more than {MOST_CERTIFICATES} certificates in all", "hand in those of one chain only"
            )
    return found


def _extension(certificate: Certificate, oid: str) -> tuple[bytes, str]:
    where = f"{certificate.where}, extension {oid}"
    if oid not in certificate.private:
        raise rejected(where, "is missing")
    return certificate.private[oid], where


def _serial(certificate: Certificate) -> int:
    return der.integer(*_extension(certificate, SERIAL), most=0xFFFFFFFF)


def _same_device(leaf: Certificate, device: Certificate) -> None:
    """Step 2."""
    if SERIAL not in device.private:
        raise rejected(device.where, f"issued the attestation and is no device's own certificate: it lacks {SERIAL}")
    if _serial(leaf) != _serial(device):
        raise rejected(leaf.where, f"speaks of device {_serial(leaf)}, and device {_serial(device)} signed it")


def _origin(leaf: Certificate) -> frozenset[Origin]:
    """Step 4."""
    where = f"{leaf.where}, extension {ORIGIN}"
    byte = der.bits(*_extension(leaf, ORIGIN), length=1)
    if byte & ~sum(_ORIGINS):
        raise rejected(where, f"origin {byte:#04x} has bits that have no meaning")
    found = frozenset(origin for bit, origin in _ORIGINS.items() if byte & bit)
    if len(found & {Origin.GENERATED, Origin.IMPORTED}) != 1:
        raise rejected(where, f"origin {byte:#04x} is not one of generated and imported")
    return found


def _set_bits(number: int) -> list[int]:
    return [bit for bit in range(number.bit_length()) if number >> bit & 1]


def _name(bit: int) -> str:
    return CAPABILITIES[bit] if bit < len(CAPABILITIES) else f"bit {bit}"
