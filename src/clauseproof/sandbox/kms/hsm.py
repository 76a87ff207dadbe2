"""A hardware security module on paper: one partition of one card, certified by its maker and by the cloud that owns it.

The roots are its own, so nothing it signs passes for anybody's hardware unless a verifier is given those roots.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

_LIFE: Final = timedelta(days=3650)


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Card:
    """Keys of the two roots, the card and its partition, with certificates valid for ten years from `start`."""

    start: datetime
    maker: rsa.RSAPrivateKey = field(default_factory=_key, repr=False)
    owner: rsa.RSAPrivateKey = field(default_factory=_key, repr=False)
    card: rsa.RSAPrivateKey = field(default_factory=_key, repr=False)
    partition: rsa.RSAPrivateKey = field(default_factory=_key, repr=False)

    @property
    def maker_root(self) -> x509.Certificate:
        """What a verifier pins for the maker."""
        return self._certificate("Maker Root", self.maker, "Maker Root", self.maker)

    @property
    def owner_root(self) -> x509.Certificate:
        """What a verifier pins for the owner."""
        return self._certificate("Owner Root", self.owner, "Owner Root", self.owner)

    @property
    def by_maker(self) -> tuple[str, str]:
        """The partition's certificate and the card's, PEM, up to the maker's root."""
        card = self._certificate("Card", self.card, "Maker Root", self.maker)
        return _pem(self._certificate("Partition", self.partition, "Card", self.card)), _pem(card)

    @property
    def by_owner(self) -> tuple[str, str]:
        """The same two keys certified by the owner's root directly, PEM."""
        card = self._certificate("Card", self.card, "Owner Root", self.owner)
        return _pem(self._certificate("Partition", self.partition, "Owner Root", self.owner)), _pem(card)

    def sign(self, body: bytes) -> bytes:
        """`body` followed by the partition's signature, 256 bytes: RSA, PKCS#1 v1.5, SHA-256."""
        return body + self.partition.sign(body, padding.PKCS1v15(), hashes.SHA256())

    def _certificate(
        self, subject: str, key: rsa.RSAPrivateKey, issuer: str, signer: rsa.RSAPrivateKey
    ) -> x509.Certificate:
        above, below = _name(issuer), _name(subject)
        number = x509.random_serial_number()
        builder = x509.CertificateBuilder(above, below, key.public_key(), number, self.start, self.start + _LIFE)
        is_authority = x509.BasicConstraints(ca=subject != "Partition", path_length=None)
        return builder.add_extension(is_authority, critical=True).sign(signer, hashes.SHA256())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Sandbox HSM {common_name}")])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
