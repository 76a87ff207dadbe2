"""Signatures over bytes, by the one scheme that securesystemslib, and with it in-toto, takes for a key of that kind.

`ed25519` (RFC 8032); `ecdsa-sha2-nistp256`, `-384` and `-521` with the hash of the curve's size, DER (RFC 5758 section
3.2); `rsassa-pss-sha256` with MGF1 over the same hash and a salt of its length (RFC 8017 section 8.1).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clauseproof.ledger.keys import PublicKey, Signer


def sign(signer: "Signer", data: bytes) -> bytes:
    """The signature of a key over some bytes."""
    private: Any = signer.private
    signature: bytes = private.sign(data, *_scheme(private.public_key()))
    return signature


def verifies(key: "PublicKey", signature: bytes, data: bytes) -> bool:
    """Whether a signature is this key's over these bytes; ValueError if the key is none that we sign with."""
    from cryptography.exceptions import InvalidSignature

    public: Any = key.open()
    try:
        public.verify(signature, data, *_scheme(public))
    except InvalidSignature:
        return False
    return True


def _scheme(public: object) -> tuple[Any, ...]:
    """What `cryptography` must be told beside signature and data."""
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

    if isinstance(public, rsa.RSAPublicKey):
        return padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH), SHA256()
    if isinstance(public, ec.EllipticCurvePublicKey):
        return (ec.ECDSA({256: SHA256(), 384: SHA384(), 521: SHA512()}[public.key_size]),)
    return ()
