"""Bring your own key: a wrapping key per import, material unwrapped for real, expiry and deletion."""

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding

from clauseproof.sandbox.kms.aws.account import SYMMETRIC, Account, AwsKey, ImportToken, material_id, new_material
from clauseproof.sandbox.kms.aws.crypto import oaep
from clauseproof.sandbox.kms.aws.errors import AwsError, unsupported, validation
from clauseproof.sandbox.kms.aws.request import Answer, Operation, Request
from clauseproof.sandbox.kms.keystate import KeyState
from clauseproof.sandbox.kms.keystore import Material
from clauseproof.sandbox.kms.secret import AesSecret, EcSecret, MacSecret, RsaSecret, Secret, Undecryptable

_TOKEN_LIFE: Final = timedelta(hours=24)


def _get_parameters_for_import(request: Request) -> Answer:
    key = _importable(request)
    request.managed_in(key, KeyState.PENDING_IMPORT, KeyState.ENABLED, KeyState.DISABLED)
    algorithm, spec = request.params["WrappingAlgorithm"], request.params["WrappingKeySpec"]
    if not algorithm.startswith(("RSAES_OAEP_", "RSA_AES_KEY_WRAP_")) or not spec.startswith("RSA_"):
        raise unsupported(f"Wrapping by {algorithm} with {spec} is not supported in this region")
    wrapping = RsaSecret.generate(int(spec.removeprefix("RSA_")))
    until = request.account.clock.now() + _TOKEN_LIFE
    token = os.urandom(64)
    request.account.imports[token] = ImportToken(key=key.id, wrapping=wrapping, algorithm=algorithm, until=until)
    return {"KeyId": key.arn, "ImportToken": token, "PublicKey": wrapping.public_der(), "ParametersValidTo": until}


def _import_key_material(request: Request) -> Answer:
    key = _importable(request)
    request.managed_in(key, KeyState.PENDING_IMPORT, KeyState.ENABLED, KeyState.DISABLED)
    raw = _unwrap(request, key)
    secret = _secret(key, raw)
    expires = _expires(request)
    name = material_id(key.id, raw)
    known = key.key.material(name) or (key.incoming if key.incoming and key.incoming.id == name else None)
    wanted = request.params.get("KeyMaterialId")
    if wanted is not None and wanted != name:
        raise AwsError("IncorrectKeyMaterialException", f"The key material is not {wanted}.")
    kind = request.params.get("ImportType", "EXISTING_KEY_MATERIAL" if key.key.materials else "NEW_KEY_MATERIAL")
    if known is None and kind == "EXISTING_KEY_MATERIAL":
        raise AwsError(
            "IncorrectKeyMaterialException", "The key material is not one that was imported into this key before."
        )
    material = known or _add(request.account, key, name)
    material.secret, material.expires = secret, expires
    material.description = request.params.get("KeyMaterialDescription", material.description)
    if key.complete and request.account.state(key) is KeyState.PENDING_IMPORT:
        key.key.switch.turn(KeyState.ENABLED, request.account.faults)
    return {"KeyId": key.arn, "KeyMaterialId": name}


def _delete_imported_key_material(request: Request) -> Answer:
    key = _importable(request)
    name = request.params.get("KeyMaterialId", key.key.current.id)
    pending = key.incoming if key.incoming and key.incoming.id == name else None
    material = pending or key.key.material(name)
    if material is None:
        raise AwsError("NotFoundException", f"Key material {name} of {key.arn} does not exist.")
    material.secret = None
    if pending is not None:
        key.incoming = None
    elif request.account.state(key) is not KeyState.PENDING_DELETION:
        key.key.switch.turn(KeyState.PENDING_IMPORT, request.account.faults)
    return {"KeyId": key.arn, "KeyMaterialId": name}


def _importable(request: Request) -> AwsKey:
    key = request.key(alias=False)
    request.own_account_only(key)
    if not key.imported:
        raise unsupported(f"{key.arn} origin is {key.origin} which is not valid for this operation.")
    return key


def _unwrap(request: Request, key: AwsKey) -> bytes:
    token = request.account.imports.get(request.params["ImportToken"])
    if token is None or token.key != key.id:
        raise AwsError("InvalidImportTokenException", "The import token is not for this key.")
    if token.until <= request.account.clock.now():
        raise AwsError("ExpiredImportTokenException", f"The import token expired at {token.until.isoformat()}.")
    try:
        return unwrap(token.wrapping, token.algorithm, request.params["EncryptedKeyMaterial"])
    except (Undecryptable, InvalidUnwrap, ValueError) as error:
        raise AwsError(
            "InvalidCiphertextException", "The key material could not be decrypted with the wrapping key."
        ) from error


def unwrap(wrapping: RsaSecret, algorithm: str, blob: bytes) -> bytes:
    """Key material out of its wrapping: RSA-OAEP alone, or an AES key under OAEP followed by RFC 5649 key wrap.

    Raises `Undecryptable` or cryptography's `InvalidUnwrap`.
    """
    scheme = oaep(f"RSAES_OAEP_SHA_{algorithm.rsplit('_', 1)[1]}")
    if algorithm.startswith("RSAES_OAEP_"):
        return wrapping.open(blob, scheme)
    size = wrapping.private.key_size // 8
    return aes_key_unwrap_with_padding(wrapping.open(blob[:size], scheme), blob[size:])


def _secret(key: AwsKey, raw: bytes) -> Secret:
    if key.spec == SYMMETRIC and len(raw) == 32:
        return AesSecret(raw)
    if key.spec.startswith("HMAC_") and len(raw) * 8 == int(key.spec.removeprefix("HMAC_")):
        return MacSecret(raw)
    if key.spec.startswith(("RSA_", "ECC_")):
        return _private(key, raw)
    raise AwsError("IncorrectKeyMaterialException", f"{len(raw)} bytes are no key material for {key.spec}.")


def _private(key: AwsKey, raw: bytes) -> Secret:
    try:
        private = serialization.load_der_private_key(raw, None)
    except (ValueError, TypeError) as error:
        raise AwsError("IncorrectKeyMaterialException", "The key material is no PKCS#8 private key.") from error
    if isinstance(private, rsa.RSAPrivateKey) and key.spec == f"RSA_{private.key_size}":
        return RsaSecret(private)
    if isinstance(private, ec.EllipticCurvePrivateKey) and key.spec.startswith("ECC_"):
        return EcSecret(private)
    raise AwsError("IncorrectKeyMaterialException", f"The private key is no {key.spec}.")


def _expires(request: Request) -> datetime | None:
    params: Mapping[str, Any] = request.params
    expires: datetime | None = params.get("ValidTo")
    forever = params.get("ExpirationModel", "KEY_MATERIAL_EXPIRES") == "KEY_MATERIAL_DOES_NOT_EXPIRE"
    if forever == (expires is not None):
        raise validation("ValidTo must be given if and only if ExpirationModel is KEY_MATERIAL_EXPIRES")
    if expires is not None and expires <= request.account.clock.now():
        raise validation("ValidTo must be in the future")
    return expires


def _add(account: Account, key: AwsKey, name: str) -> Material:
    """A first material becomes current; a further one waits for a rotation and replaces another one that waits."""
    if key.key.materials and not key.symmetric:
        raise AwsError("IncorrectKeyMaterialException", f"The key material of {key.spec} cannot change.")
    material = new_material(account.clock, id=name, created=account.clock.now(), secret=None, imported=True)
    if key.key.materials:
        key.incoming = material
    else:
        key.key.materials.append(material)
        key.key.current = material
    return material


OPERATIONS: Final[Mapping[str, Operation]] = {
    "DeleteImportedKeyMaterial": _delete_imported_key_material,
    "GetParametersForImport": _get_parameters_for_import,
    "ImportKeyMaterial": _import_key_material,
}
