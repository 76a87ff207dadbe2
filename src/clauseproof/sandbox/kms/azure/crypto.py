"""Encrypt, decrypt, wrap, unwrap, sign, verify: always with the version that the path names."""

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from clauseproof.sandbox.kms.azure.bundle import kid
from clauseproof.sandbox.kms.azure.errors import AzureError, bad_parameter
from clauseproof.sandbox.kms.azure.jwk import decode, encode
from clauseproof.sandbox.kms.azure.request import Answer, Operation, Request
from clauseproof.sandbox.kms.azure.vault import Version
from clauseproof.sandbox.kms.secret import AesSecret, EcSecret, RsaSecret, Undecryptable

_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
_TAG_BYTES: Final = 16


def _encrypt(request: Request) -> Answer:
    return _operate(request, "encrypt", _seal)


def _decrypt(request: Request) -> Answer:
    return _operate(request, "decrypt", _open)


def _wrap(request: Request) -> Answer:
    return _operate(request, "wrapKey", _seal)


def _unwrap(request: Request) -> Answer:
    return _operate(request, "unwrapKey", _open)


def _operate(request: Request, operation: str, work: Callable[[Request, Version, str], dict[str, Any]]) -> Answer:
    key, version = request.version()
    request.usable(version, operation)
    algorithm = request.text("alg")
    return {"kid": kid(request.vault, key, version), **work(request, version, algorithm)}


def _seal(request: Request, version: Version, algorithm: str) -> dict[str, Any]:
    value = decode(request.body.get("value"))
    match version.secret:
        case RsaSecret() as secret:
            return {"value": encode(_sealed(secret, value, algorithm))}
        case AesSecret() as secret if algorithm == "A256GCM":
            nonce, context = os.urandom(12), decode(request.text("aad", ""))
            sealed = AESGCM(secret.key).encrypt(nonce, value, context)
            body, tag = sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:]
            return {"value": encode(body), "iv": encode(nonce), "tag": encode(tag), "aad": encode(context)}
        case AesSecret() as secret if algorithm == "A256KW" and len(value) >= 16 and len(value) % 8 == 0:
            return {"value": encode(aes_key_wrap(secret.key, value))}
    raise _unsupported(algorithm)


def _open(request: Request, version: Version, algorithm: str) -> dict[str, Any]:
    value = decode(request.body.get("value"))
    try:
        match version.secret:
            case RsaSecret() as secret:
                return {"value": encode(secret.open(value, _scheme(algorithm)))}
            case AesSecret() as secret if algorithm == "A256GCM":
                nonce, tag = decode(request.text("iv")), decode(request.text("tag"))
                context = decode(request.text("aad", ""))
                return {"value": encode(AESGCM(secret.key).decrypt(nonce, value + tag, context))}
            case AesSecret() as secret if algorithm == "A256KW":
                return {"value": encode(aes_key_unwrap(secret.key, value))}
    except (Undecryptable, InvalidTag, InvalidUnwrap, ValueError) as error:
        raise bad_parameter("Decryption failed") from error
    raise _unsupported(algorithm)


def _sealed(secret: RsaSecret, value: bytes, algorithm: str) -> bytes:
    try:
        return secret.seal(value, _scheme(algorithm))
    except ValueError as error:
        raise bad_parameter("The value is too long for this key and algorithm.") from error


def _scheme(algorithm: str) -> padding.AsymmetricPadding:
    match algorithm:
        case "RSA-OAEP":
            return padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - sound inside OAEP
        case "RSA-OAEP-256":
            return padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        case "RSA1_5":
            return padding.PKCS1v15()
    raise _unsupported(algorithm)


def _sign(request: Request) -> Answer:
    key, version = request.version()
    request.usable(version, "sign")
    algorithm, digest = request.text("alg"), decode(request.body.get("value"))
    chosen = _hash(algorithm, digest)
    match version.secret:
        case RsaSecret() as rsa if algorithm.startswith(("RS", "PS")):
            signature = rsa.sign(digest, _signing(algorithm, chosen), chosen)
        case EcSecret() as ec if algorithm.startswith("ES"):
            signature = _joined(ec.sign(digest, chosen), _half(ec))
        case _:
            raise _unsupported(algorithm)
    return {"kid": kid(request.vault, key, version), "value": encode(signature)}


def _verify(request: Request) -> Answer:
    _, version = request.version()
    request.usable(version, "verify")
    algorithm, digest = request.text("alg"), decode(request.body.get("digest"))
    signature = decode(request.body.get("value"))
    chosen = _hash(algorithm, digest)
    match version.secret:
        case RsaSecret() as rsa if algorithm.startswith(("RS", "PS")):
            valid = rsa.verifies(signature, digest, _signing(algorithm, chosen), chosen)
        case EcSecret() as ec if algorithm.startswith("ES"):
            whole = len(signature) == 2 * _half(ec)
            valid = whole and ec.verifies(_split(signature), digest, chosen)
        case _:
            raise _unsupported(algorithm)
    return {"value": valid}


def _hash(algorithm: str, digest: bytes) -> hashes.HashAlgorithm:
    chosen = _HASHES.get(algorithm.removesuffix("K")[2:])
    if chosen is None:
        raise _unsupported(algorithm)
    if len(digest) != chosen.digest_size:
        raise bad_parameter(f"The digest must have {chosen.digest_size} bytes for {algorithm}.")
    return chosen


def _signing(algorithm: str, chosen: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
    if algorithm.startswith("PS"):
        return padding.PSS(padding.MGF1(chosen), padding.PSS.DIGEST_LENGTH)
    return padding.PKCS1v15()


def _half(secret: EcSecret) -> int:
    return (secret.private.curve.key_size + 7) // 8


def _joined(signature: bytes, half: int) -> bytes:
    """r and s one after the other, as JSON Web Signatures have them (RFC 7518, section 3.4)."""
    r, s = decode_dss_signature(signature)
    return r.to_bytes(half) + s.to_bytes(half)


def _split(signature: bytes) -> bytes:
    half = len(signature) // 2
    return encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))


def _unsupported(algorithm: str) -> AzureError:
    return bad_parameter(f"Key and signing algorithm {algorithm[:40]} do not go together.")


_VERSION: Final = "/keys/{name}/{version}"

OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("POST", f"{_VERSION}/encrypt"): Operation("KeyEncrypt", "encrypt", _encrypt),
    ("POST", f"{_VERSION}/decrypt"): Operation("KeyDecrypt", "decrypt", _decrypt),
    ("POST", f"{_VERSION}/wrapkey"): Operation("KeyWrap", "wrapKey", _wrap),
    ("POST", f"{_VERSION}/unwrapkey"): Operation("KeyUnwrap", "unwrapKey", _unwrap),
    ("POST", f"{_VERSION}/sign"): Operation("KeySign", "sign", _sign),
    ("POST", f"{_VERSION}/verify"): Operation("KeyVerify", "verify", _verify),
}
