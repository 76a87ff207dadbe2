from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from clauseproof.sandbox.kms.aws import AwsKmsDouble, KeySeed

if TYPE_CHECKING:
    from types_boto3_kms.literals import KeySpecType

    from tests.sandbox.kms.aws.conftest import Connect


def test_a_ciphertext_is_bound_to_its_encryption_context(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        context = {"tenant": "acme", "table": "contacts"}
        blob = kms.encrypt(KeyId=key, Plaintext=b"canary", EncryptionContext=context)["CiphertextBlob"]
        turned = dict(reversed(context.items()))
        assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=turned)["Plaintext"] == b"canary"
        with pytest.raises(kms.exceptions.InvalidCiphertextException):
            kms.decrypt(CiphertextBlob=blob, EncryptionContext={"tenant": "other"})


def test_one_changed_byte_makes_a_ciphertext_invalid(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        blob = kms.encrypt(KeyId=double.seed_key(KeySeed()), Plaintext=b"canary")["CiphertextBlob"]
        with pytest.raises(kms.exceptions.InvalidCiphertextException):
            kms.decrypt(CiphertextBlob=blob[:-1] + bytes([blob[-1] ^ 1]))


def test_decrypting_under_the_wrong_key_is_an_error_of_its_own(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        blob = kms.encrypt(KeyId=double.seed_key(KeySeed()), Plaintext=b"canary")["CiphertextBlob"]
        with pytest.raises(kms.exceptions.IncorrectKeyException):
            kms.decrypt(CiphertextBlob=blob, KeyId=double.seed_key(KeySeed()))


def test_a_data_key_opens_again_and_names_its_material(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        made = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
        opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"])
        bare = kms.generate_data_key_without_plaintext(KeyId=key, NumberOfBytes=16)
        current = kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
        sizes = len(made["Plaintext"]), len(kms.decrypt(CiphertextBlob=bare["CiphertextBlob"])["Plaintext"])
    assert opened["Plaintext"] == made["Plaintext"]
    assert {made["KeyMaterialId"], opened["KeyMaterialId"], bare["KeyMaterialId"]} == {current}
    assert (sizes, "Plaintext" in bare) == ((32, 16), False)


def test_re_encryption_moves_a_ciphertext_to_another_key(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        source, destination = double.seed_key(KeySeed()), double.seed_key(KeySeed())
        blob = kms.encrypt(KeyId=source, Plaintext=b"canary", EncryptionContext={"a": "1"})["CiphertextBlob"]
        moved = kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext={"a": "1"}, DestinationKeyId=destination)
        opened = kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])
    assert (opened["Plaintext"], opened["KeyId"]) == (b"canary", destination)
    assert moved["SourceKeyMaterialId"] != moved["DestinationKeyMaterialId"] == opened["KeyMaterialId"]


def test_a_dry_run_says_that_it_would_have_succeeded(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        with pytest.raises(kms.exceptions.DryRunOperationException):
            kms.encrypt(KeyId=double.seed_key(KeySeed()), Plaintext=b"canary", DryRun=True)


def test_a_signing_key_does_not_encrypt(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed(spec="ECC_NIST_P256", usage="SIGN_VERIFY"))
        with pytest.raises(kms.exceptions.InvalidKeyUsageException, match="SIGN_VERIFY"):
            kms.encrypt(KeyId=key, Plaintext=b"canary")


def test_an_rsa_signature_verifies_outside_with_the_public_key(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed(spec="RSA_2048", usage="SIGN_VERIFY"))
        made = kms.sign(KeyId=key, Message=b"message", SigningAlgorithm="RSASSA_PSS_SHA_256")
        public = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
        verified = kms.verify(
            KeyId=key, Message=b"message", Signature=made["Signature"], SigningAlgorithm="RSASSA_PSS_SHA_256"
        )
    assert isinstance(public, rsa.RSAPublicKey)
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    public.verify(made["Signature"], b"message", scheme, hashes.SHA256())
    assert verified["SignatureValid"] is True


def test_an_ecdsa_signature_over_another_message_is_invalid(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed(spec="ECC_NIST_P256", usage="SIGN_VERIFY"))
        made = kms.sign(KeyId=key, Message=b"message", SigningAlgorithm="ECDSA_SHA_256")
        public = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
        with pytest.raises(kms.exceptions.KMSInvalidSignatureException):
            kms.verify(KeyId=key, Message=b"other", Signature=made["Signature"], SigningAlgorithm="ECDSA_SHA_256")
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(made["Signature"], b"message", ec.ECDSA(hashes.SHA256()))


def test_rsa_encryption_opens_what_was_sealed_outside(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed(spec="RSA_2048"))
        public = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
        assert isinstance(public, rsa.RSAPublicKey)
        blob = public.encrypt(b"canary", padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
        opened = kms.decrypt(CiphertextBlob=blob, KeyId=key, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    assert (opened["Plaintext"], "KeyMaterialId" in opened) == (b"canary", False)


@pytest.mark.parametrize(("spec", "size"), [("HMAC_256", 32), ("HMAC_512", 64)])
def test_a_mac_verifies_for_its_message_only(connect: "Connect", spec: "KeySpecType", size: int) -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = kms.create_key(KeySpec=spec, KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]
        algorithm = key["MacAlgorithms"][0]
        mac = kms.generate_mac(KeyId=key["Arn"], Message=b"message", MacAlgorithm=algorithm)["Mac"]
        assert len(mac) == size
        assert kms.verify_mac(KeyId=key["Arn"], Message=b"message", Mac=mac, MacAlgorithm=algorithm)["MacValid"]
        with pytest.raises(kms.exceptions.KMSInvalidMacException):
            kms.verify_mac(KeyId=key["Arn"], Message=b"other", Mac=mac, MacAlgorithm=algorithm)


def test_more_than_4096_bytes_are_too_long_to_encrypt(connect: "Connect") -> None:
    with AwsKmsDouble() as double, pytest.raises(ClientError) as refused:
        connect(double).encrypt(KeyId=double.seed_key(KeySeed()), Plaintext=b"x" * 4097)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
