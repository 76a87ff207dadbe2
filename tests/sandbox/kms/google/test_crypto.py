import gzip
import os
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from google.api_core import exceptions
from google.cloud.kms_v1 import types as kms

from clauseproof.sandbox.kms.google import Algorithm, GoogleKmsDouble, KeySeed, Level, Purpose, State
from clauseproof.sandbox.kms.google.crc32c import crc32c

if TYPE_CHECKING:
    from google.cloud.kms_v1 import KeyManagementServiceClient

    from tests.sandbox.kms.google.conftest import Connect

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
Method = kms.ImportJob.ImportMethod


def test_crc32c_gives_the_check_value_of_the_catalogue() -> None:
    # RFC 3720, appendix B.4: 32 bytes of zeroes, little-endian aa 36 91 8a.
    assert (crc32c(b"123456789"), crc32c(bytes(32))) == (0xE3069283, 0x8A9136AA)


def test_a_ciphertext_is_bound_to_its_additional_data(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data"))
        made = client.encrypt(request={"name": key, "plaintext": b"canary", "additional_authenticated_data": b"acme"})
        opened = client.decrypt(
            request={"name": key, "ciphertext": made.ciphertext, "additional_authenticated_data": b"acme"}
        )
        with pytest.raises(exceptions.InvalidArgument, match="Decryption failed"):
            client.decrypt(name=key, ciphertext=made.ciphertext)
    assert opened.plaintext == b"canary"


def test_a_ciphertext_of_another_key_does_not_open(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        client = connect(double)
        one, other = double.seed_key(KeySeed(id="one")), double.seed_key(KeySeed(id="other"))
        made = client.encrypt(name=one, plaintext=b"canary")
        with pytest.raises(exceptions.InvalidArgument, match="verify that 'name' refers to the correct CryptoKey"):
            client.decrypt(name=other, ciphertext=made.ciphertext)


def test_checksums_are_verified_and_returned(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data"))
        made = client.encrypt(request={"name": key, "plaintext": b"canary", "plaintext_crc32c": crc32c(b"canary")})
        plain = client.encrypt(name=key, plaintext=b"canary")
        with pytest.raises(exceptions.InvalidArgument, match="plaintext_crc32c did not match"):
            client.encrypt(request={"name": key, "plaintext": b"canary", "plaintext_crc32c": 1})
        opened = client.decrypt(name=key, ciphertext=made.ciphertext)
    assert (made.verified_plaintext_crc32c, plain.verified_plaintext_crc32c) == (True, False)
    assert (made.ciphertext_crc32c, opened.plaintext_crc32c) == (crc32c(made.ciphertext), crc32c(b"canary"))


def test_encrypting_more_than_64_kib_is_refused(connect: "Connect") -> None:
    with GoogleKmsDouble() as double, pytest.raises(exceptions.InvalidArgument, match="65536 bytes"):
        connect(double).encrypt(name=double.seed_key(KeySeed(id="data")), plaintext=bytes(65537))


def test_a_message_beyond_the_bound_does_not_reach_the_double(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        with pytest.raises(exceptions.ResourceExhausted):
            connect(double).encrypt(name=double.seed_key(KeySeed(id="data")), plaintext=bytes(300_000))
        assert double.calls == ()


@pytest.mark.parametrize("algorithm", [Algorithm.EC_SIGN_P256_SHA256, Algorithm.RSA_SIGN_PSS_2048_SHA256])
def test_a_signature_verifies_outside_with_the_public_key(connect: "Connect", algorithm: Algorithm) -> None:
    with GoogleKmsDouble() as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="sign", purpose=Purpose.ASYMMETRIC_SIGN, algorithm=algorithm))
        version = f"{key}/cryptoKeyVersions/1"
        digest = hashes.Hash(hashes.SHA256())
        digest.update(b"message")
        signature = client.asymmetric_sign(name=version, digest=kms.Digest(sha256=digest.finalize())).signature
        shown = client.get_public_key(name=version)
    public = serialization.load_pem_public_key(shown.pem.encode())
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, b"message", ec.ECDSA(hashes.SHA256()))
    else:
        assert isinstance(public, rsa.RSAPublicKey)
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        public.verify(signature, b"message", scheme, hashes.SHA256())
    assert (shown.algorithm, shown.pem_crc32c) == (algorithm, crc32c(shown.pem.encode()))


def test_asymmetric_decryption_opens_what_was_sealed_outside(connect: "Connect") -> None:
    seed = KeySeed(id="rsa", purpose=Purpose.ASYMMETRIC_DECRYPT, algorithm=Algorithm.RSA_DECRYPT_OAEP_2048_SHA256)
    with GoogleKmsDouble() as double:
        client = connect(double)
        version = f"{double.seed_key(seed)}/cryptoKeyVersions/1"
        public = serialization.load_pem_public_key(client.get_public_key(name=version).pem.encode())
        assert isinstance(public, rsa.RSAPublicKey)
        opened = client.asymmetric_decrypt(name=version, ciphertext=public.encrypt(b"canary", OAEP))
    assert opened.plaintext == b"canary"


def test_a_key_serves_its_own_purpose_only(connect: "Connect") -> None:
    seed = KeySeed(id="sign", purpose=Purpose.ASYMMETRIC_SIGN, algorithm=Algorithm.EC_SIGN_P256_SHA256)
    with GoogleKmsDouble() as double, pytest.raises(exceptions.InvalidArgument, match="ASYMMETRIC_SIGN"):
        connect(double).encrypt(name=double.seed_key(seed), plaintext=b"x")


def test_the_attestation_of_an_hsm_key_is_signed_by_a_partition_that_both_chains_certify(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data", level=Level.HSM))
        attestation = client.get_crypto_key_version(name=f"{key}/cryptoKeyVersions/1").attestation
        maker, owner = double.hsm.maker_root, double.hsm.owner_root
    chains = attestation.cert_chains
    partition, card = (x509.load_pem_x509_certificate(pem.encode()) for pem in chains.cavium_certs)
    owned_card = x509.load_pem_x509_certificate(chains.google_card_certs[0].encode())
    owned = x509.load_pem_x509_certificate(chains.google_partition_certs[0].encode())
    card.verify_directly_issued_by(maker)
    partition.verify_directly_issued_by(card)
    owned_card.verify_directly_issued_by(owner)
    owned.verify_directly_issued_by(owner)
    assert (owned.public_key(), owned_card.public_key()) == (partition.public_key(), card.public_key())
    content = gzip.decompress(attestation.content)
    public = owned.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(content[-256:], content[:-256], padding.PKCS1v15(), hashes.SHA256())


def test_a_software_key_has_no_attestation_and_lists_show_none(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        client = connect(double)
        soft, hard = double.seed_key(KeySeed(id="soft")), double.seed_key(KeySeed(id="hard", level=Level.HSM))
        assert client.get_crypto_key_version(name=f"{soft}/cryptoKeyVersions/1").attestation.content == b""
        listed = next(iter(client.list_crypto_key_versions(parent=hard)))
        full = kms.CryptoKeyVersion.CryptoKeyVersionView.FULL
        fully = next(iter(client.list_crypto_key_versions(request={"parent": hard, "view": full})))
    assert (listed.attestation.content == b"", fully.attestation.content != b"") == (True, True)


def import_version(
    client: "KeyManagementServiceClient", key: str, job: str, wrapped: bytes, reimport: str = ""
) -> kms.CryptoKeyVersion:
    return client.import_crypto_key_version(
        request={
            "parent": key,
            "crypto_key_version": reimport,
            "algorithm": Algorithm.GOOGLE_SYMMETRIC_ENCRYPTION,
            "import_job": job,
            "wrapped_key": wrapped,
        }
    )


@pytest.mark.parametrize("method", [Method.RSA_OAEP_3072_SHA256, Method.RSA_OAEP_3072_SHA256_AES_256])
def test_a_key_of_the_buyer_s_own_comes_in_through_an_import_job(connect: "Connect", method: Method) -> None:
    material = os.urandom(32)
    with GoogleKmsDouble() as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="byok", import_only=True))
        wanted = kms.ImportJob(import_method=method, protection_level=Level.SOFTWARE)
        job = client.create_import_job(parent=double.ring, import_job_id="job", import_job=wanted)
        public = serialization.load_pem_public_key(job.public_key.pem.encode())
        assert isinstance(public, rsa.RSAPublicKey)
        inner = os.urandom(32)
        wrapped = public.encrypt(material, OAEP)
        if method == Method.RSA_OAEP_3072_SHA256_AES_256:
            wrapped = public.encrypt(inner, OAEP) + aes_key_wrap_with_padding(inner, material)
        version = import_version(client, key, job.name, wrapped)
        client.update_crypto_key_primary_version(name=key, crypto_key_version_id=version.name.rsplit("/", 1)[1])
        made = client.encrypt(name=key, plaintext=b"canary")
        assert client.decrypt(name=key, ciphertext=made.ciphertext).plaintext == b"canary"
    assert (made.name, version.state, version.import_job) == (version.name, State.ENABLED, job.name)
    assert (version.generate_time, version.import_time is not None) == (None, True)


def test_material_that_does_not_unwrap_is_a_failed_import(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="byok", import_only=True))
        wanted = kms.ImportJob(import_method=Method.RSA_OAEP_3072_SHA256, protection_level=Level.SOFTWARE)
        job = client.create_import_job(parent=double.ring, import_job_id="job", import_job=wanted)
        version = import_version(client, key, job.name, os.urandom(384))
    assert (version.state, version.import_failure_reason != "") == (State.IMPORT_FAILED, True)


def test_a_destroyed_imported_version_can_be_imported_again(connect: "Connect") -> None:
    material = os.urandom(32)
    with GoogleKmsDouble() as double:
        client = connect(double)
        seeded = KeySeed(id="byok", import_only=True, imported="earlier", states={1: State.DESTROYED})
        key = double.seed_key(seeded)
        name = f"{key}/cryptoKeyVersions/1"
        eligible = client.get_crypto_key_version(name=name).reimport_eligible
        wanted = kms.ImportJob(import_method=Method.RSA_OAEP_3072_SHA256, protection_level=Level.SOFTWARE)
        job = client.create_import_job(parent=double.ring, import_job_id="job", import_job=wanted)
        public = serialization.load_pem_public_key(job.public_key.pem.encode())
        assert isinstance(public, rsa.RSAPublicKey)
        again = import_version(client, key, job.name, public.encrypt(material, OAEP), reimport=name)
    assert (eligible, again.name, again.state) == (True, name, State.ENABLED)
