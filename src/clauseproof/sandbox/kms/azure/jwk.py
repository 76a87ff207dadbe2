"""Keys as JSON Web Keys (RFC 7517, RFC 7518 section 6), base64url without padding."""

import base64
import binascii
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from clauseproof.sandbox.kms.azure.errors import bad_parameter
from clauseproof.sandbox.kms.secret import AesSecret, EcSecret, MacSecret, RsaSecret, Secret

CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "P-256K": ec.SECP256K1(),
}


def encode(blob: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(blob).rstrip(b"=").decode()


def decode(text: Any) -> bytes:
    """Raises `AzureError` with code BadParameter for anything but base64url, padded or not."""
    try:
        bare = text.rstrip("=").encode("ascii")
        blob = base64.b64decode(bare + b"=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except (AttributeError, UnicodeEncodeError, ValueError, binascii.Error) as error:
        raise bad_parameter("A value is not valid base64url.") from error
    return blob


def public_members(secret: Secret) -> dict[str, str]:
    """The members that everyone may see: of a symmetric key, none."""
    if isinstance(secret, RsaSecret):
        numbers = secret.private.public_key().public_numbers()
        return {"n": encode(_bytes(numbers.n)), "e": encode(_bytes(numbers.e))}
    if isinstance(secret, EcSecret):
        public = secret.private.public_key().public_numbers()
        size = (public.curve.key_size + 7) // 8
        name = next(name for name, curve in CURVES.items() if curve.name == public.curve.name)
        return {"crv": name, "x": encode(public.x.to_bytes(size)), "y": encode(public.y.to_bytes(size))}
    return {}


def make_secret(kty: str, size: int | None, curve: str | None) -> Secret:
    """New material of a key type. Raises `AzureError` for sizes and curves that Key Vault does not have."""
    kind = kty.removesuffix("-HSM")
    if kind == "RSA" and (size or 2048) in (2048, 3072, 4096):
        return RsaSecret.generate(size or 2048)
    if kind == "EC" and (curve or "P-256") in CURVES:
        return EcSecret.generate(CURVES[curve or "P-256"])
    if kind == "oct" and (size or 256) == 256:
        return AesSecret()
    raise bad_parameter(f"A key of type {kty} cannot have this size or curve here.")


def read_secret(key: dict[str, Any]) -> Secret:
    """Material that a customer brings. Raises `AzureError` when it is incomplete or inconsistent."""
    kind = str(key.get("kty", "")).removesuffix("-HSM")
    if kind == "oct" and len(secret := decode(key.get("k"))) == 32:
        return AesSecret(secret)
    if kind == "RSA":
        return _read_rsa(key)
    raise bad_parameter("Only RSA private keys and AES-256 keys can be imported here.")


def _read_rsa(key: dict[str, Any]) -> RsaSecret:
    n, e, d, p, q, dp, dq, qi = (
        int.from_bytes(decode(key.get(name))) for name in ("n", "e", "d", "p", "q", "dp", "dq", "qi")
    )
    try:
        numbers = rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, rsa.RSAPublicNumbers(e, n))
        return RsaSecret(numbers.private_key())
    except ValueError as error:
        raise bad_parameter("The RSA key is not consistent.") from error


def is_symmetric(secret: Secret | None) -> bool:
    """Whether it never leaves an HSM in any form."""
    return isinstance(secret, AesSecret | MacSecret)


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)
