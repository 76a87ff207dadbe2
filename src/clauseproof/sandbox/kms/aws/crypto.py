"""Encrypt, _decrypt, data keys, re-encryption."""

import json
import os
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from clauseproof.sandbox.kms.aws.account import SYMMETRIC, AwsKey
from clauseproof.sandbox.kms.aws.errors import AwsError, invalid_ciphertext, validation
from clauseproof.sandbox.kms.aws.request import Answer, Operation, Request
from clauseproof.sandbox.kms.ciphertext import Ciphertext
from clauseproof.sandbox.kms.secret import AesSecret, RsaSecret, Undecryptable

USAGE: Final = "ENCRYPT_DECRYPT"
_OAEP: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "RSAES_OAEP_SHA_1": hashes.SHA1(),  # noqa: S303 - the algorithm is AWS's, and sound inside OAEP
    "RSAES_OAEP_SHA_256": hashes.SHA256(),
}


def oaep(algorithm: str) -> padding.OAEP:
    """RSA-OAEP with the hash of this AWS algorithm name, for MGF1 as well."""
    digest = _OAEP[algorithm]
    return padding.OAEP(padding.MGF1(digest), digest, None)


def _encrypt(request: Request) -> Answer:
    key = request.key()
    algorithm = _algorithm(request, key)
    request.usable(key, USAGE)
    blob = seal(key, request.params["Plaintext"], context_bytes(request.params.get("EncryptionContext")), algorithm)
    return {"CiphertextBlob": blob, "KeyId": key.arn, "EncryptionAlgorithm": algorithm}


def _decrypt(request: Request) -> Answer:
    blob = request.params["CiphertextBlob"]
    key = _key_of(request, blob, "KeyId", "Decrypt", "EncryptionContext")
    algorithm = _algorithm(request, key)
    request.usable(key, USAGE)
    plaintext, material = unseal(key, blob, context_bytes(request.params.get("EncryptionContext")), algorithm)
    return {
        "KeyId": key.arn,
        "Plaintext": plaintext,
        "EncryptionAlgorithm": algorithm,
        "KeyMaterialId": shown_material(key, material),
    }


def _generate_data_key(request: Request) -> Answer:
    key = request.key()
    _symmetric_usage(request, key)
    request.usable(key, USAGE)
    plaintext = os.urandom(_data_key_bytes(request.params))
    blob = seal(key, plaintext, context_bytes(request.params.get("EncryptionContext")), SYMMETRIC)
    return {
        "CiphertextBlob": blob,
        "Plaintext": plaintext,
        "KeyId": key.arn,
        "KeyMaterialId": shown_material(key, key.key.current.id),
    }


def _generate_data_key_without_plaintext(request: Request) -> Answer:
    return {name: value for name, value in _generate_data_key(request).items() if name != "Plaintext"}


def _re_encrypt(request: Request) -> Answer:
    params = request.params
    if "CiphertextBlob" not in params:
        raise validation("CiphertextBlob is required")
    source = _key_of(request, params["CiphertextBlob"], "SourceKeyId", "ReEncryptFrom", "SourceEncryptionContext")
    destination = request.key("DestinationKeyId", action="ReEncryptTo", context="DestinationEncryptionContext")
    unlocked = _algorithm(request, source, "SourceEncryptionAlgorithm")
    locked = _algorithm(request, destination, "DestinationEncryptionAlgorithm")
    request.usable(source, USAGE)
    request.usable(destination, USAGE)
    plaintext, material = unseal(
        source, params["CiphertextBlob"], context_bytes(params.get("SourceEncryptionContext")), unlocked
    )
    blob = seal(destination, plaintext, context_bytes(params.get("DestinationEncryptionContext")), locked)
    return {
        "CiphertextBlob": blob,
        "SourceKeyId": source.arn,
        "KeyId": destination.arn,
        "SourceEncryptionAlgorithm": unlocked,
        "DestinationEncryptionAlgorithm": locked,
        "SourceKeyMaterialId": shown_material(source, material),
        "DestinationKeyMaterialId": shown_material(destination, destination.key.current.id),
    }


def _generate_random(request: Request) -> Answer:
    request.authorise_account()
    return {"Plaintext": os.urandom(request.params.get("NumberOfBytes", 32))}


def seal(key: AwsKey, plaintext: bytes, context: bytes, algorithm: str) -> bytes:
    """Encrypt under the key's current material."""
    secret = key.key.current.secret
    if isinstance(secret, RsaSecret):
        try:
            return secret.seal(plaintext, oaep(algorithm))
        except ValueError as error:
            raise validation(f"Plaintext is too long for {key.spec} with {algorithm}") from error
    if not isinstance(secret, AesSecret):
        raise AwsError("KMSInvalidStateException", f"{key.arn} is pending import.")
    return Ciphertext(key.id, key.key.current.id, secret.seal(plaintext, context)).to_bytes()


def unseal(key: AwsKey, blob: bytes, context: bytes, algorithm: str) -> tuple[bytes, str | None]:
    """The plaintext, and the id of the material that opened it. Raises `AwsError`: InvalidCiphertextException."""
    try:
        secret = key.key.current.secret
        if isinstance(secret, RsaSecret):
            return secret.open(blob, oaep(algorithm)), None
        frame = Ciphertext.from_bytes(blob)
        return key.key.open(frame.material, frame.sealed, context), frame.material
    except Undecryptable as error:
        raise invalid_ciphertext() from error


def shown_material(key: AwsKey, material: str | None) -> str | None:
    """Only symmetric keys of KMS's own stores show which material served (API reference, Decrypt)."""
    return material if key.symmetric and key.store is None else None


def context_bytes(context: Mapping[str, str] | None) -> bytes:
    """The encryption context as additional authenticated data: the order of its entries does not count."""
    return json.dumps(sorted((context or {}).items()), ensure_ascii=False).encode()


def _key_of(request: Request, blob: bytes, member: str, action: str, context: str) -> AwsKey:
    """The key that opens `blob`: the one named, which must be the right one, or the one that the ciphertext names."""
    try:
        inside = Ciphertext.from_bytes(blob).key
    except Undecryptable as error:
        if member in request.params and not (named := request.key(member, action=action, context=context)).symmetric:
            return named
        raise invalid_ciphertext() from error
    if member in request.params:
        named = request.key(member, action=action, context=context)
        if named.symmetric and named.id != inside:
            raise AwsError(
                "IncorrectKeyException",
                "The key ID in the request does not identify a CMK that can perform this operation.",
            )
        return named
    return _named_inside(request, inside, action, context)


def _named_inside(request: Request, inside: str, action: str, context: str) -> AwsKey:
    found = request.account.keys.get(inside)
    if found is None:
        message = (
            "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
            "or you are not allowed to access."
        )
        raise AwsError("AccessDeniedException", message)
    key = request.account.current(found)
    request.authorise(key, action, request.params.get(context, {}))
    return key


def _algorithm(request: Request, key: AwsKey, member: str = "EncryptionAlgorithm") -> str:
    algorithm: str = request.params.get(member, SYMMETRIC)
    if key.usage == USAGE and (algorithm == SYMMETRIC) != key.symmetric:
        raise AwsError(
            "InvalidKeyUsageException", f"EncryptionAlgorithm {algorithm} is not valid for key spec {key.spec}."
        )
    return algorithm


def _symmetric_usage(request: Request, key: AwsKey) -> None:
    if key.usage == USAGE and not key.symmetric:
        raise AwsError(
            "InvalidKeyUsageException", f"{key.arn} spec is {key.spec} which is not valid for {request.operation}."
        )


def _data_key_bytes(params: Mapping[str, Any]) -> int:
    if ("KeySpec" in params) == ("NumberOfBytes" in params):
        raise validation("Please specify either number of bytes or key spec.")
    size: int = {"AES_256": 32, "AES_128": 16}.get(params.get("KeySpec", ""), params.get("NumberOfBytes", 0))
    return size


OPERATIONS: Final[Mapping[str, Operation]] = {
    "Decrypt": _decrypt,
    "Encrypt": _encrypt,
    "GenerateDataKey": _generate_data_key,
    "GenerateDataKeyWithoutPlaintext": _generate_data_key_without_plaintext,
    "GenerateRandom": _generate_random,
    "ReEncrypt": _re_encrypt,
}
