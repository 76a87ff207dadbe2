import json
import socket
import threading
from typing import TYPE_CHECKING

import httpx
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY, AwsKmsDouble, Caller, KeySeed
from clauseproof.sandbox.kms.aws.wire import LARGEST_REQUEST
from clauseproof.sandbox.kms.faults import EVERY, Faults

if TYPE_CHECKING:
    from tests.sandbox.kms.aws.conftest import Connect, ConnectAny

SIGNED = (
    f"AWS4-HMAC-SHA256 Credential={BUYER_ACCESS_KEY}/20261124/eu-central-1/kms/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=00"
)


def post(double: AwsKmsDouble, target: str, body: bytes, authorization: str = SIGNED) -> tuple[int, str]:
    """Status and error code of a request that no SDK would send."""
    headers = {"x-amz-target": target, "content-type": "application/x-amz-json-1.1", "authorization": authorization}
    answer = httpx.post(double.url, content=body, headers=headers, trust_env=False)
    return answer.status_code, answer.json().get("__type", "")


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("TrentService.ListKeys", b"{", "SerializationException"),
        ("TrentService.ListKeys", b"[]", "SerializationException"),
        ("TrentService.ListKeys", b"\xff\xfe", "SerializationException"),
        ("TrentService.ListKeys", b"[" * 100_000, "SerializationException"),
        ("TrentService.ListKeys", b'{"Limit": "seven"}', "SerializationException"),
        ("TrentService.ListKeys", b'{"Limit": true}', "SerializationException"),
        ("TrentService.ListKeys", b'{"Limit": 0}', "ValidationException"),
        ("TrentService.ListKeys", b'{"Marker": "elsewhere"}', "InvalidMarkerException"),
        ("TrentService.DescribeKey", b"{}", "ValidationException"),
        ("TrentService.DescribeKey", b'{"KeyId": {}}', "SerializationException"),
        ("TrentService.CreateKey", b'{"KeySpec": "ROT_13"}', "ValidationException"),
        ("TrentService.Decrypt", b'{"CiphertextBlob": "no base64"}', "SerializationException"),
        ("TrentService.Decrypt", b'{"CiphertextBlob": "AAAA"}', "InvalidCiphertextException"),
        ("TrentService.ImportKeyMaterial", b'{"KeyId": "k", "ValidTo": "x"}', "ValidationException"),
        ("TrentService.Frobnicate", b"{}", "UnknownOperationException"),
        ("TrentService.GenerateDataKeyPair", b'{"KeyId": "k", "KeyPairSpec": "RSA_2048"}', "UnknownOperationException"),
        ("SomethingElse.ListKeys", b"{}", "InvalidSignatureException"),
        ("", b"{}", "InvalidSignatureException"),
    ],
)
def test_malformed_requests_get_the_error_of_the_service(target: str, body: bytes, code: str) -> None:
    with AwsKmsDouble() as double:
        assert post(double, target, body) == (400, code)


def test_a_request_beyond_the_bound_is_cut_off() -> None:
    with AwsKmsDouble() as double:
        body = json.dumps({"Description": "x" * LARGEST_REQUEST}).encode()
        assert post(double, "TrentService.CreateKey", body) == (413, "RequestEntityTooLargeException")


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "MissingAuthenticationTokenException"),
        ("Bearer token", "MissingAuthenticationTokenException"),
        (SIGNED.replace(BUYER_ACCESS_KEY, "AKIASTRANGER"), "UnrecognizedClientException"),
        (SIGNED.replace("eu-central-1", "us-east-1"), "InvalidSignatureException"),
        (SIGNED.replace("/kms/", "/s3/"), "InvalidSignatureException"),
    ],
)
def test_credentials_are_read_for_who_signs_for_which_region_and_service(authorization: str, code: str) -> None:
    with AwsKmsDouble() as double:
        assert post(double, "TrentService.ListKeys", b"{}", authorization) == (400, code)


def test_a_caller_admitted_later_is_known(connect_any: "ConnectAny") -> None:
    late = Caller(access_key="AKIALATE", arn="arn:aws:iam::444455556666:user/late")
    with AwsKmsDouble() as double:
        double.admit(late)
        assert connect_any("sts", double, late.access_key).get_caller_identity()["Arn"] == late.arn


def test_expired_credentials_are_refused_for_kms_and_sts(connect: "Connect", connect_any: "ConnectAny") -> None:
    with AwsKmsDouble(faults=Faults(expired_credentials=True)) as double:
        for ask in (connect(double).list_keys, connect_any("sts", double).get_caller_identity):
            with pytest.raises(ClientError, match="ExpiredTokenException"):
                ask()


def test_throttling_ends_after_its_number_of_calls(connect: "Connect") -> None:
    with AwsKmsDouble(faults=Faults(throttled_calls=1)) as double:
        kms = connect(double)
        with pytest.raises(ClientError, match="ThrottlingException"):
            kms.list_keys()
        assert kms.list_keys()["Keys"] == []


def test_an_internal_error_has_status_500(connect: "Connect") -> None:
    with AwsKmsDouble(faults=Faults(server_error_calls=EVERY)) as double:
        kms = connect(double)
        with pytest.raises(kms.exceptions.KMSInternalException) as error:
            kms.list_keys()
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_a_reset_connection_is_a_reset_on_the_wire() -> None:
    with AwsKmsDouble(faults=Faults(reset_calls=1)) as double:
        host, port = double.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as raw:
            raw.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}")
            with pytest.raises(ConnectionResetError):
                raw.recv(1)


def test_a_reset_call_changes_nothing_and_a_lost_answer_hides_a_change(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        states = []
        for faults in (Faults(reset_calls=1), Faults(lost_answers=1)):
            double.faults = faults
            with pytest.raises(ConnectionClosedError):
                kms.disable_key(KeyId=key)
            states.append(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])
    assert states == ["Enabled", "Disabled"]


def test_an_answer_held_back_does_not_hold_up_other_callers(connect: "Connect") -> None:
    headers = {"x-amz-target": "TrentService.ListAliases", "authorization": SIGNED}
    with AwsKmsDouble(faults=Faults(delay_s=30, affects=frozenset({"ListAliases"}))) as double:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(double.url, headers=headers, content=b"{}", timeout=0.2, trust_env=False)
        assert connect(double).list_keys()["Keys"] == []


def test_faults_can_be_bent_one_at_a_time_while_it_runs(connect: "Connect") -> None:
    with AwsKmsDouble(faults=Faults(ignores_disable=True)) as double:
        double.bend(throttled_calls=1)
        with pytest.raises(ClientError, match="Throttling"):
            connect(double).list_keys()
        assert double.faults == Faults(ignores_disable=True, throttled_calls=1)


def test_the_log_of_calls_tells_who_asked_for_what_on_which_key_and_how_it_ended(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        kms.disable_key(KeyId=key)
        with pytest.raises(kms.exceptions.DisabledException):
            kms.encrypt(KeyId=key, Plaintext=b"x")
        with pytest.raises(kms.exceptions.NotFoundException):
            kms.describe_key(KeyId="alias/none")
    assert [(call.operation, call.principal, call.keys, call.error) for call in double.calls] == [
        ("DisableKey", "arn:aws:iam::111122223333:user/buyer", (key,), None),
        ("Encrypt", "arn:aws:iam::111122223333:user/buyer", (key,), "DisabledException"),
        ("DescribeKey", "arn:aws:iam::111122223333:user/buyer", (), "NotFoundException"),
    ]


def test_many_callers_at_once_are_all_served(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        threads = [
            threading.Thread(target=lambda: [kms.encrypt(KeyId=key, Plaintext=b"x") for _ in range(10)])
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [call.error for call in double.calls] == [None] * 80
