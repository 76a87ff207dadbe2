import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding

from clauseproof.sandbox.kms.aws import AwsKmsDouble, KeySeed
from clauseproof.sandbox.kms.clock import Clock

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient
    from types_boto3_kms.literals import ImportTypeType

    from tests.sandbox.kms.aws.conftest import Connect

NOW = datetime(2026, 6, 1, tzinfo=UTC)
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


def wrapped(kms: "KMSClient", key: str, material: bytes) -> tuple[bytes, bytes]:
    """The import token and the material sealed for it, as a customer's HSM would make them."""
    given = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
    public = serialization.load_der_public_key(given["PublicKey"])
    assert isinstance(public, rsa.RSAPublicKey)
    return given["ImportToken"], public.encrypt(material, OAEP)


def bring(
    kms: "KMSClient",
    key: str,
    material: bytes,
    kind: "ImportTypeType" = "NEW_KEY_MATERIAL",
    until: datetime | None = None,
) -> str:
    token, sealed = wrapped(kms, key, material)
    if until is None:
        made = kms.import_key_material(
            KeyId=key,
            ImportToken=token,
            EncryptedKeyMaterial=sealed,
            ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
            ImportType=kind,
        )
    else:
        made = kms.import_key_material(
            KeyId=key, ImportToken=token, EncryptedKeyMaterial=sealed, ValidTo=until, ImportType=kind
        )
    return made["KeyMaterialId"]


def test_a_key_of_external_origin_waits_for_its_material(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
        waiting = kms.describe_key(KeyId=key)["KeyMetadata"]
        with pytest.raises(kms.exceptions.KMSInvalidStateException, match="pending import"):
            kms.encrypt(KeyId=key, Plaintext=b"canary")
        name = bring(kms, key, os.urandom(32))
        shown = kms.describe_key(KeyId=key)["KeyMetadata"]
        blob = kms.encrypt(KeyId=key, Plaintext=b"canary")["CiphertextBlob"]
        assert kms.decrypt(CiphertextBlob=blob)["KeyMaterialId"] == name
    assert (waiting["KeyState"], waiting["Enabled"]) == ("PendingImport", False)
    assert (shown["KeyState"], shown["ExpirationModel"]) == ("Enabled", "KEY_MATERIAL_DOES_NOT_EXPIRE")
    assert shown["CurrentKeyMaterialId"] == name


def test_expired_material_takes_the_key_out_of_use_until_the_same_is_imported_again(connect: "Connect") -> None:
    date = [NOW]
    with AwsKmsDouble(clock=Clock(now=lambda: date[0])) as double:
        kms = connect(double)
        key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
        material = os.urandom(32)
        bring(kms, key, material, until=NOW + timedelta(days=10))
        shown = kms.describe_key(KeyId=key)["KeyMetadata"]
        blob = kms.encrypt(KeyId=key, Plaintext=b"canary")["CiphertextBlob"]
        date[0] = NOW + timedelta(days=10)
        with pytest.raises(kms.exceptions.KMSInvalidStateException, match="pending import"):
            kms.decrypt(CiphertextBlob=blob)
        with pytest.raises(kms.exceptions.IncorrectKeyMaterialException):
            bring(kms, key, os.urandom(32), "EXISTING_KEY_MATERIAL")
        bring(kms, key, material, "EXISTING_KEY_MATERIAL")
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"canary"
    assert (shown["ExpirationModel"], shown["ValidTo"]) == ("KEY_MATERIAL_EXPIRES", NOW + timedelta(days=10))


def test_further_material_waits_for_a_rotation_and_then_serves(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed(origin="EXTERNAL", material=os.urandom(32)))
        blob = kms.encrypt(KeyId=key, Plaintext=b"canary")["CiphertextBlob"]
        with pytest.raises(kms.exceptions.KMSInvalidStateException, match="PENDING_ROTATION"):
            kms.rotate_key_on_demand(KeyId=key)
        further = bring(kms, key, os.urandom(32))
        before = kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
        kms.rotate_key_on_demand(KeyId=key)
        after = kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"canary"
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"] == further
    assert [entry["KeyMaterialState"] for entry in before] == ["CURRENT", "PENDING_ROTATION"]
    assert [entry["KeyMaterialState"] for entry in after] == ["NON_CURRENT", "CURRENT"]
    assert {entry["ImportState"] for entry in after} == {"IMPORTED"}


def test_imported_keys_have_no_schedule(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed(origin="EXTERNAL", material=os.urandom(32)))
        with pytest.raises(kms.exceptions.UnsupportedOperationException):
            kms.enable_key_rotation(KeyId=key)
        assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


def test_deleting_imported_material_shreds_at_once(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed(origin="EXTERNAL", material=os.urandom(32)))
        blob = kms.encrypt(KeyId=key, Plaintext=b"canary")["CiphertextBlob"]
        kms.delete_imported_key_material(KeyId=key)
        listed = kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingImport"
        with pytest.raises(kms.exceptions.KMSInvalidStateException):
            kms.decrypt(CiphertextBlob=blob)
    assert [entry["ImportState"] for entry in listed] == ["PENDING_IMPORT"]


def test_material_wrapped_for_another_key_is_refused(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        mine, other = (kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"] for _ in range(2))
        token, sealed = wrapped(kms, other, os.urandom(32))
        with pytest.raises(kms.exceptions.InvalidImportTokenException):
            kms.import_key_material(
                KeyId=mine,
                ImportToken=token,
                EncryptedKeyMaterial=sealed,
                ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
            )


def test_an_rsa_key_comes_in_under_rsa_aes_key_wrap(connect: "Connect") -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pkcs8 = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = kms.create_key(Origin="EXTERNAL", KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        given = kms.get_parameters_for_import(
            KeyId=key, WrappingAlgorithm="RSA_AES_KEY_WRAP_SHA_256", WrappingKeySpec="RSA_2048"
        )
        wrapping = serialization.load_der_public_key(given["PublicKey"])
        assert isinstance(wrapping, rsa.RSAPublicKey)
        inner = os.urandom(32)
        sealed = wrapping.encrypt(inner, OAEP) + aes_key_wrap_with_padding(inner, pkcs8)
        kms.import_key_material(
            KeyId=key,
            ImportToken=given["ImportToken"],
            EncryptedKeyMaterial=sealed,
            ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
        )
        shown = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    assert shown == private.public_key()
