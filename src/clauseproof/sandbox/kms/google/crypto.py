"""Encrypt and decrypt, public keys, signatures, asymmetric decryption."""

import re
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from google.cloud.kms_v1 import types as kms

from clauseproof.sandbox.kms.ciphertext import Ciphertext
from clauseproof.sandbox.kms.google.crc32c import crc32c
from clauseproof.sandbox.kms.google.errors import invalid, precondition, undecryptable
from clauseproof.sandbox.kms.google.messages import version_name
from clauseproof.sandbox.kms.google.names import VERSION
from clauseproof.sandbox.kms.google.project import CryptoKey, Purpose, Version
from clauseproof.sandbox.kms.google.request import Method, Request
from clauseproof.sandbox.kms.secret import AesSecret, EcSecret, RsaSecret, Undecryptable

LARGEST_PLAINTEXT: Final = 64 * 1024
"""Bytes, also for additional authenticated data (reference of EncryptRequest)."""

_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "SHA1": hashes.SHA1(),  # noqa: S303 - the algorithm is Google's, and sound inside OAEP
    "SHA256": hashes.SHA256(),
    "SHA384": hashes.SHA384(),
    "SHA512": hashes.SHA512(),
}


def _encrypt(request: Request) -> kms.EncryptResponse:
    message = request.message
    request.authorise(message.name)
    plaintext_verified = _checked(message, "plaintext")
    context_verified = _checked(message, "additional_authenticated_data")
    key = _for_purpose(request.key(message.name), Purpose.ENCRYPT_DECRYPT)
    version = request.version(message.name)[1] if VERSION.fullmatch(message.name) else _serving(key)
    request.usable(key, version)
    if max(len(message.plaintext), len(message.additional_authenticated_data)) > LARGEST_PLAINTEXT:
        raise invalid(f"The plaintext and its additional data take at most {LARGEST_PLAINTEXT} bytes.")
    if not isinstance(version.secret, AesSecret):
        raise precondition(f"{version_name(key, version)} has no key material.")
    sealed = version.secret.seal(message.plaintext, message.additional_authenticated_data)
    ciphertext = Ciphertext(key.name, version.id, sealed).to_bytes()
    return kms.EncryptResponse(
        name=version_name(key, version),
        ciphertext=ciphertext,
        ciphertext_crc32c=crc32c(ciphertext),
        verified_plaintext_crc32c=plaintext_verified,
        verified_additional_authenticated_data_crc32c=context_verified,
        protection_level=version.level,
    )


def _decrypt(request: Request) -> kms.DecryptResponse:
    message = request.message
    request.authorise(message.name)
    _checked(message, "ciphertext")
    _checked(message, "additional_authenticated_data")
    key = _for_purpose(request.key(message.name), Purpose.ENCRYPT_DECRYPT)
    try:
        frame = Ciphertext.from_bytes(message.ciphertext)
        version = _sealing(key, frame)
        request.usable(key, version)
        plaintext = key.key.open(version.id, frame.sealed, message.additional_authenticated_data)
    except Undecryptable as error:
        raise undecryptable() from error
    return kms.DecryptResponse(
        plaintext=plaintext,
        plaintext_crc32c=crc32c(plaintext),
        used_primary=version is key.primary,
        protection_level=version.level,
    )


def _serving(key: CryptoKey) -> Version:
    """The version that Encrypt uses: the primary, once that has come through."""
    if key.key.current not in key.key.materials:
        raise precondition(f"CryptoKey {key.name} has no primary version.")
    return key.key.current


def _sealing(key: CryptoKey, frame: Ciphertext) -> Version:
    version = key.key.material(frame.material)
    if frame.key != key.name or version is None:
        raise Undecryptable
    return version


def _get_public_key(request: Request) -> kms.PublicKey:
    request.authorise(request.message.name)
    key, version = request.version(request.message.name)
    request.usable(key, version)
    if not isinstance(version.secret, RsaSecret | EcSecret):
        raise invalid(f"{version_name(key, version)} has no public key.")
    public = version.secret.private.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return kms.PublicKey(
        pem=pem.decode(),
        algorithm=version.algorithm,
        pem_crc32c=crc32c(pem),
        name=version_name(key, version),
        protection_level=version.level,
    )


def _asymmetric_sign(request: Request) -> kms.AsymmetricSignResponse:
    request.authorise(request.message.name)
    key, version = request.version(request.message.name)
    _for_purpose(key, Purpose.ASYMMETRIC_SIGN)
    request.usable(key, version)
    chosen = _hash(version)
    digest = _digest(request.message, chosen)
    match version.secret:
        case RsaSecret() as secret:
            signature = secret.sign(digest, _scheme(version), chosen)
        case EcSecret() as secret:
            signature = secret.sign(digest, chosen)
        case _:
            raise precondition(f"{version_name(key, version)} has no key material.")
    return kms.AsymmetricSignResponse(
        name=version_name(key, version),
        signature=signature,
        signature_crc32c=crc32c(signature),
        protection_level=version.level,
    )


def _asymmetric_decrypt(request: Request) -> kms.AsymmetricDecryptResponse:
    request.authorise(request.message.name)
    key, version = request.version(request.message.name)
    _for_purpose(key, Purpose.ASYMMETRIC_DECRYPT)
    request.usable(key, version)
    chosen = _hash(version)
    if not isinstance(version.secret, RsaSecret):
        raise precondition(f"{version_name(key, version)} has no key material.")
    try:
        scheme = padding.OAEP(padding.MGF1(chosen), chosen, None)
        plaintext = version.secret.open(request.message.ciphertext, scheme)
    except Undecryptable as error:
        raise undecryptable() from error
    return kms.AsymmetricDecryptResponse(
        plaintext=plaintext, plaintext_crc32c=crc32c(plaintext), protection_level=version.level
    )


def _digest(message: kms.AsymmetricSignRequest, chosen: hashes.HashAlgorithm) -> bytes:
    given: bytes = getattr(message.digest, chosen.name)
    if message.data:
        hashed = hashes.Hash(chosen)
        hashed.update(message.data)
        given = hashed.finalize()
    if len(given) != chosen.digest_size:
        raise invalid(f"The digest must be one of {chosen.name}.")
    return given


def _checked(message: Any, field: str) -> bool:
    """Whether the caller sent a checksum of `field`; a wrong one is an error."""
    checksum = getattr(message, f"{field}_crc32c")
    if checksum is None:
        return False
    if checksum != crc32c(getattr(message, field)):
        raise invalid(f"The checksum in field {field}_crc32c did not match the data in field {field}.")
    return True


def _for_purpose(key: CryptoKey, purpose: int) -> CryptoKey:
    if key.purpose != purpose:
        raise invalid(
            f"CryptoKey {key.name} has purpose {key.purpose.name}; this operation needs {Purpose(purpose).name}."
        )
    return key


def _hash(version: Version) -> hashes.HashAlgorithm:
    return _HASHES[re.findall(r"SHA\d+", version.algorithm.name)[-1]]


def _scheme(version: Version) -> padding.AsymmetricPadding:
    if "_PSS_" in version.algorithm.name:
        return padding.PSS(padding.MGF1(_hash(version)), padding.PSS.DIGEST_LENGTH)
    return padding.PKCS1v15()


_USE: Final = "cloudkms.cryptoKeyVersions"

METHODS: Final[Mapping[str, Method]] = {
    "AsymmetricDecrypt": Method(
        kms.AsymmetricDecryptRequest, kms.AsymmetricDecryptResponse, f"{_USE}.useToDecrypt", _asymmetric_decrypt
    ),
    "AsymmetricSign": Method(
        kms.AsymmetricSignRequest, kms.AsymmetricSignResponse, f"{_USE}.useToSign", _asymmetric_sign
    ),
    "Decrypt": Method(kms.DecryptRequest, kms.DecryptResponse, f"{_USE}.useToDecrypt", _decrypt),
    "Encrypt": Method(kms.EncryptRequest, kms.EncryptResponse, f"{_USE}.useToEncrypt", _encrypt),
    "GetPublicKey": Method(kms.GetPublicKeyRequest, kms.PublicKey, f"{_USE}.viewPublicKey", _get_public_key),
}
