"""Key material itself: real keys of the kinds that the three providers hold, and nothing about who may use them."""

import os
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES: Final = 12


class Undecryptable(Exception):
    """The ciphertext was not made by this material, or was changed, or is bound to another context."""


@dataclass(frozen=True)
class AesSecret:
    """AES-256-GCM. What it seals is the nonce followed by ciphertext and tag."""

    key: bytes = field(default_factory=lambda: os.urandom(32), repr=False)

    def seal(self, plaintext: bytes, context: bytes) -> bytes:
        """Encrypt; the same `context` must be given to open it."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, plaintext, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises `Undecryptable`."""
        nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return AESGCM(self.key).decrypt(nonce, body, context)
        except (InvalidTag, ValueError) as error:
            raise Undecryptable from error


@dataclass(frozen=True)
class MacSecret:
    """An HMAC key."""

    key: bytes = field(repr=False)

    def sign(self, message: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
        """The HMAC of `message`."""
        mac = hmac.HMAC(self.key, algorithm)
        mac.update(message)
        return mac.finalize()


@dataclass(frozen=True)
class RsaSecret:
    """An RSA key pair, for encryption or for signatures."""

    private: rsa.RSAPrivateKey = field(repr=False)

    @classmethod
    def generate(cls, bits: int) -> "RsaSecret":
        """A new key pair of this many bits, with exponent 65537."""
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=bits))

    def seal(self, plaintext: bytes, scheme: padding.AsymmetricPadding) -> bytes:
        """Raises `ValueError` when the plaintext is too long for the modulus."""
        return self.private.public_key().encrypt(plaintext, scheme)

    def open(self, sealed: bytes, scheme: padding.AsymmetricPadding) -> bytes:
        """Raises `Undecryptable`."""
        try:
            return self.private.decrypt(sealed, scheme)
        except ValueError as error:
            raise Undecryptable from error

    def sign(self, digest: bytes, scheme: padding.AsymmetricPadding, algorithm: hashes.HashAlgorithm) -> bytes:
        """A signature over what was hashed with `algorithm` already."""
        return self.private.sign(digest, scheme, utils.Prehashed(algorithm))

    def verifies(
        self, signature: bytes, digest: bytes, scheme: padding.AsymmetricPadding, algorithm: hashes.HashAlgorithm
    ) -> bool:
        """Whether `signature` is one over this digest."""
        try:
            self.private.public_key().verify(signature, digest, scheme, utils.Prehashed(algorithm))
        except InvalidSignature:
            return False
        return True

    def public_der(self) -> bytes:
        """SubjectPublicKeyInfo, RFC 5280 section 4.1."""
        return _public_der(self.private.public_key())


@dataclass(frozen=True)
class EcSecret:
    """An elliptic-curve key pair for ECDSA."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def generate(cls, curve: ec.EllipticCurve) -> "EcSecret":
        """A new key pair on `curve`."""
        return cls(ec.generate_private_key(curve))

    def sign(self, digest: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
        """A signature over what was hashed with `algorithm` already."""
        return self.private.sign(digest, ec.ECDSA(utils.Prehashed(algorithm)))

    def verifies(self, signature: bytes, digest: bytes, algorithm: hashes.HashAlgorithm) -> bool:
        """Whether `signature` is one over this digest."""
        try:
            self.private.public_key().verify(signature, digest, ec.ECDSA(utils.Prehashed(algorithm)))
        except InvalidSignature:
            return False
        return True

    def public_der(self) -> bytes:
        """SubjectPublicKeyInfo, RFC 5280 section 4.1."""
        return _public_der(self.private.public_key())


Secret = AesSecret | MacSecret | RsaSecret | EcSecret


def another(secret: Secret | None) -> Secret | None:
    """A new secret of the same kind and size; none for none."""
    match secret:
        case AesSecret():
            return AesSecret()
        case MacSecret():
            return MacSecret(os.urandom(len(secret.key)))
        case RsaSecret():
            return RsaSecret.generate(secret.private.key_size)
        case EcSecret():
            return EcSecret.generate(secret.private.curve)
    return None


def _public_der(public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> bytes:
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
