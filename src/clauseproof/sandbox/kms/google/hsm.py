"""Attestations in the form of Cloud HSM, under roots of the double's own.

Source: Google's sample `verify_attestation_chains.py` and Cloud KMS documentation, "Verifying attestations". The
content is compressed; its last 256 bytes are an RSA signature (PKCS#1 v1.5, SHA-256) over the rest by the key of the
partition, which the manufacturer's chain and Google's chain both certify. The signed body here carries no
attributes that a parser of the maker's format could read: what it proves is the chain and the signature.
"""

import gzip
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from google.cloud.kms_v1 import types as kms

from clauseproof.sandbox.kms.google.project import Version

_LIFE: Final = timedelta(days=3650)


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class CloudHsm:
    """One partition of one card, certified twice: by its maker and by the cloud provider that owns it."""

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

    def attest(self, version: Version) -> kms.KeyOperationAttestation:
        """The attestation of one version; its body is as long as a short one of the maker's."""
        body = os.urandom(64) + version.algorithm.name.encode() + b":" + version.id.encode()
        signature = self.partition.sign(body, padding.PKCS1v15(), hashes.SHA256())
        card = self._certificate("Card", self.card, "Maker Root", self.maker)
        partition = self._certificate("Partition", self.partition, "Card", self.card)
        chains = kms.KeyOperationAttestation.CertificateChains(
            cavium_certs=[_pem(partition), _pem(card)],
            google_card_certs=[_pem(self._certificate("Card", self.card, "Owner Root", self.owner))],
            google_partition_certs=[_pem(self._certificate("Partition", self.partition, "Owner Root", self.owner))],
        )
        return kms.KeyOperationAttestation(
            format=kms.KeyOperationAttestation.AttestationFormat.CAVIUM_V2_COMPRESSED,
            content=gzip.compress(body + signature, mtime=0),
            cert_chains=chains,
        )

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
