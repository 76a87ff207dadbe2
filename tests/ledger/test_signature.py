"""Signatures: of one key, over one text, and never an error for what somebody else wrote."""

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA256

from clauseproof.ledger.keys import PublicKey, Signer
from clauseproof.ledger.signature import sign, verifies

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

RSA = rsa.generate_private_key(65537, 2048)
PRIVATE: dict[str, "PrivateKeyTypes"] = {
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
    "RSA": RSA,
}
every_kind = pytest.mark.parametrize("private", PRIVATE.values(), ids=PRIVATE.keys())


def signer_of(private: "PrivateKeyTypes") -> Signer:
    return Signer(private, PublicKey.of(private.public_key()))


@every_kind
def test_a_signature_is_of_its_key_over_its_text_only(private: "PrivateKeyTypes") -> None:
    signer, other = signer_of(private), signer_of(ed25519.Ed25519PrivateKey.generate())
    signature = sign(signer, b"kept")
    assert verifies(signer.public, signature, b"kept")
    assert not verifies(signer.public, signature, b"kepT")
    assert not verifies(other.public, signature, b"kept")


@every_kind
@pytest.mark.parametrize(
    "signature", [b"", b"\x00", b"\x30\x06\x02\x01\x01\x02\x01\x01", b"\xff" * 64, b"\xff" * 256, bytes(5000)]
)
def test_what_is_no_signature_does_not_verify(private: "PrivateKeyTypes", signature: bytes) -> None:
    assert not verifies(signer_of(private).public, signature, b"kept")


def test_an_rsa_signature_with_another_salt_does_not_verify() -> None:
    unsalted = RSA.sign(b"kept", PSS(MGF1(SHA256()), 0), SHA256())
    assert not verifies(PublicKey.of(RSA.public_key()), unsalted, b"kept")


def test_bytes_that_are_no_key_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"(?i)parsing|deserialize"):
        verifies(PublicKey(b"no key"), b"", b"kept")
