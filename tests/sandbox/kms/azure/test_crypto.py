import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from azure.keyvault.keys.crypto import EncryptionAlgorithm, KeyWrapAlgorithm, SignatureAlgorithm
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.sandbox.kms.azure import AzureKeyVaultDouble, KeySeed
from clauseproof.sandbox.kms.azure.duration import parse_duration
from clauseproof.sandbox.kms.azure.errors import AzureError
from clauseproof.sandbox.kms.azure.jwk import decode, encode
from clauseproof.sandbox.kms.clock import Clock

if TYPE_CHECKING:
    from tests.sandbox.kms.azure.conftest import Connect, ConnectCrypto

CREATED = datetime(2025, 1, 1, tzinfo=UTC)


def test_the_sdk_encrypts_with_rsa_by_itself_and_asks_the_service_to_decrypt(
    connect: "Connect", connect_crypto: "ConnectCrypto"
) -> None:
    with AzureKeyVaultDouble() as double:
        double.seed_key(KeySeed(name="cmk"))
        crypto = connect_crypto(double, connect(double).get_key("cmk").id)
        sealed = crypto.encrypt(EncryptionAlgorithm.rsa_oaep, b"canary").ciphertext
        assert crypto.decrypt(EncryptionAlgorithm.rsa_oaep, sealed).plaintext == b"canary"
        asked = {call.operation for call in double.calls}
    assert asked == {"KeyGet", "KeyDecrypt"}


def test_encryption_by_the_service_can_be_asked_for_on_the_wire(connect: "Connect") -> None:
    with AzureKeyVaultDouble() as double:
        double.seed_key(KeySeed(name="cmk"))
        client = connect(double)
        version = client.get_key("cmk").properties.version
        body = {"alg": "RSA-OAEP-256", "value": encode(b"canary")}
        answer = client.send_request(HttpRequest("POST", f"/keys/cmk/{version}/encrypt", json=body))
        answer.raise_for_status()
        opening = {"alg": "RSA-OAEP-256", "value": answer.json()["value"]}
        opened = client.send_request(HttpRequest("POST", f"/keys/cmk/{version}/decrypt", json=opening)).json()
    assert (answer.json()["kid"], decode(opened["value"])) == (f"{double.url}/keys/cmk/{version}", b"canary")


@pytest.mark.parametrize(
    ("managed_hsm", "kty", "algorithm"),
    [(False, "RSA", KeyWrapAlgorithm.rsa_oaep_256), (True, "oct-HSM", KeyWrapAlgorithm.aes_256)],
)
def test_a_wrapped_key_is_unwrapped_by_the_service(
    connect: "Connect", connect_crypto: "ConnectCrypto", managed_hsm: bool, kty: str, algorithm: KeyWrapAlgorithm
) -> None:
    with AzureKeyVaultDouble(managed_hsm=managed_hsm) as double:
        double.seed_key(KeySeed(name="kek", kty=kty))
        crypto = connect_crypto(double, connect(double).get_key("kek").id)
        wrapped = crypto.wrap_key(algorithm, b"0123456789abcdef").encrypted_key
        assert crypto.unwrap_key(algorithm, wrapped).key == b"0123456789abcdef"


@pytest.mark.parametrize(
    ("kty", "curve", "algorithm"),
    [
        ("RSA", None, SignatureAlgorithm.ps256),
        ("RSA", None, SignatureAlgorithm.rs256),
        ("EC", "P-256", SignatureAlgorithm.es256),
        ("EC", "P-256K", SignatureAlgorithm.es256_k),
    ],
)
def test_a_signature_verifies_locally_and_at_the_service(
    connect: "Connect", connect_crypto: "ConnectCrypto", kty: str, curve: str | None, algorithm: SignatureAlgorithm
) -> None:
    digest = hashlib.sha256(b"message").digest()
    with AzureKeyVaultDouble() as double:
        double.seed_key(KeySeed(name="sign", kty=kty, curve=curve))
        client = connect(double)
        version = client.get_key("sign").properties.version
        crypto = connect_crypto(double, f"{double.url}/keys/sign/{version}")
        signature = crypto.sign(algorithm, digest).signature
        assert crypto.verify(algorithm, digest, signature).is_valid is True
        asked = {"alg": algorithm.value, "digest": encode(digest), "value": encode(signature)}
        other = {**asked, "digest": encode(hashlib.sha256(b"other").digest())}
        answers = [
            client.send_request(HttpRequest("POST", f"/keys/sign/{version}/verify", json=body)).json()["value"]
            for body in (asked, other)
        ]
    assert answers == [True, False]


def test_outside_its_validity_a_key_opens_and_does_not_seal(connect: "Connect") -> None:
    date = [CREATED]
    body = {"alg": "RSA-OAEP-256", "value": encode(b"canary")}
    with AzureKeyVaultDouble(clock=Clock(now=lambda: date[0])) as double:
        double.seed_key(KeySeed(name="cmk", expires_at=CREATED + timedelta(days=1)))
        client = connect(double)
        path = f"/keys/cmk/{client.get_key('cmk').properties.version}"
        sealed = client.send_request(HttpRequest("POST", f"{path}/encrypt", json=body)).json()["value"]
        date[0] = CREATED + timedelta(days=1)
        refused = client.send_request(HttpRequest("POST", f"{path}/encrypt", json=body))
        opened = client.send_request(HttpRequest("POST", f"{path}/decrypt", json={**body, "value": sealed}))
    assert (refused.status_code, refused.json()["error"]["innererror"]) == (403, {"code": "KeyExpired"})
    assert decode(opened.json()["value"]) == b"canary"


def test_an_operation_that_the_key_was_not_made_for_is_refused_with_another_inner_code(
    connect: "Connect", connect_crypto: "ConnectCrypto"
) -> None:
    with AzureKeyVaultDouble() as double:
        double.seed_key(KeySeed(name="sign", operations=("sign", "verify")))
        body = {"alg": "RSA-OAEP", "value": encode(b"x" * 256)}
        client = connect(double)
        version = client.get_key("sign").properties.version
        refused = client.send_request(HttpRequest("POST", f"/keys/sign/{version}/decrypt", json=body))
    assert (refused.status_code, refused.json()["error"]["innererror"]) == (403, {"code": "KeyOperationForbidden"})


def test_a_changed_ciphertext_is_a_bad_parameter(connect: "Connect", connect_crypto: "ConnectCrypto") -> None:
    with AzureKeyVaultDouble(managed_hsm=True) as double:
        double.seed_key(KeySeed(name="cmk", kty="oct-HSM"))
        crypto = connect_crypto(double, connect(double).get_key("cmk").id)
        sealed = crypto.encrypt(EncryptionAlgorithm.a256_gcm, b"canary")
        changed = bytes([sealed.ciphertext[0] ^ 1]) + sealed.ciphertext[1:]
        with pytest.raises(HttpResponseError, match="Decryption failed"):
            crypto.decrypt(EncryptionAlgorithm.a256_gcm, changed, iv=sealed.iv, authentication_tag=sealed.tag)


@given(st.binary())
def test_base64url_survives_both_ways(blob: bytes) -> None:
    assert decode(encode(blob)) == blob


@given(st.text())
def test_any_text_is_base64url_or_a_bad_parameter(text: str) -> None:
    try:
        blob = decode(text)
    except AzureError as error:
        blob = error.code.encode()
    assert isinstance(blob, bytes)


@pytest.mark.parametrize(("text", "days"), [("P90D", 90), ("P2Y", 730), ("P3M", 90), ("P1Y2M3D", 428)])
def test_durations_are_read(text: str, days: int) -> None:
    assert parse_duration(text) == timedelta(days=days)


@pytest.mark.parametrize("text", ["", "P", "P0D", "90D", "P1W", "PT5M", "P-1D", "P1D ", "P1.5D", "P99999999D"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(AzureError, match="not a duration"):
        parse_duration(text)
