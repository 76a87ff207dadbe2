import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import grpc  # type: ignore[import-untyped]
import pytest
from google.api_core import exceptions
from google.cloud.kms_v1 import KeyManagementServiceClient
from google.cloud.kms_v1 import types as kms
from google.cloud.kms_v1.services.key_management_service.transports import KeyManagementServiceGrpcTransport

from clauseproof.sandbox.kms.faults import EVERY, Faults
from clauseproof.sandbox.kms.google import Caller, GoogleKmsDouble, KeySeed, State
from clauseproof.sandbox.pki import Authority

if TYPE_CHECKING:
    from tests.sandbox.kms.google.conftest import Connect


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        (Faults(throttled_calls=1), exceptions.ResourceExhausted),
        (Faults(server_error_calls=1), exceptions.InternalServerError),
        (Faults(reset_calls=1), exceptions.ServiceUnavailable),
        (Faults(lost_answers=1), exceptions.ServiceUnavailable),
    ],
)
def test_a_broken_call_is_followed_by_a_good_one(connect: "Connect", faults: Faults, error: type[Exception]) -> None:
    with GoogleKmsDouble(faults=faults) as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data"))
        with pytest.raises(error):
            client.get_crypto_key(name=key, retry=None, timeout=5)
        assert client.get_crypto_key(name=key, retry=None, timeout=5).name == key


def test_a_reset_call_changes_nothing_and_a_lost_answer_hides_a_change(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        client = connect(double)
        version = f"{double.seed_key(KeySeed(id='data'))}/cryptoKeyVersions/1"
        states = []
        for faults in (Faults(reset_calls=1), Faults(lost_answers=1)):
            double.faults = faults
            wanted = kms.CryptoKeyVersion(name=version, state=State.DISABLED)
            with pytest.raises(exceptions.ServiceUnavailable):
                client.update_crypto_key_version(
                    crypto_key_version=wanted, update_mask={"paths": ["state"]}, retry=None, timeout=5
                )
            states.append(client.get_crypto_key_version(name=version).state)
    assert states == [State.ENABLED, State.DISABLED]


def test_expired_credentials_are_unauthenticated(connect: "Connect") -> None:
    with GoogleKmsDouble(faults=Faults(expired_credentials=True)) as double:
        key = double.seed_key(KeySeed(id="data"))
        with pytest.raises(exceptions.Unauthenticated):
            connect(double).get_crypto_key(name=key, retry=None, timeout=5)


def test_an_unknown_token_is_unauthenticated(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        key = double.seed_key(KeySeed(id="data"))
        with pytest.raises(exceptions.Unauthenticated):
            connect(double, "stranger").get_crypto_key(name=key, retry=None, timeout=5)


def test_an_answer_held_back_runs_into_the_caller_s_deadline_and_holds_up_no_one_else(connect: "Connect") -> None:
    with GoogleKmsDouble(faults=Faults(delay_s=3, affects=frozenset({"Decrypt"}))) as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data"))
        made = client.encrypt(name=key, plaintext=b"x")
        with pytest.raises(exceptions.DeadlineExceeded):
            client.decrypt(name=key, ciphertext=made.ciphertext, retry=None, timeout=0.2)
        assert client.get_crypto_key(name=key).name == key


def test_a_method_that_the_double_does_not_have_is_unimplemented(connect: "Connect") -> None:
    with GoogleKmsDouble() as double, pytest.raises(exceptions.MethodNotImplemented):
        connect(double).generate_random_bytes(location="projects/p/locations/l", length_bytes=8)


def test_bytes_that_are_no_message_do_not_reach_the_double() -> None:
    with GoogleKmsDouble() as double, grpc.insecure_channel(double.address) as channel:
        raw = channel.unary_unary("/google.cloud.kms.v1.KeyManagementService/Encrypt")
        with pytest.raises(grpc.RpcError) as refused:
            raw(b"\xff\xff\xff", timeout=5)
        assert refused.value.code() is grpc.StatusCode.INTERNAL
        assert double.calls == ()


def test_over_tls_the_client_library_s_own_credentials_say_who_calls() -> None:
    now = datetime.now(UTC)
    root = Authority.root("Sandbox Root", now=now)
    leaf = root.issue(["cloudkms.sandbox.example"], start=now - timedelta(hours=1), end=now + timedelta(hours=1))
    caller = Caller(token="by-tls", member="user:buyer@buyer.example")
    with GoogleKmsDouble(certificate=leaf, callers=[caller]) as double:
        key = double.seed_key(KeySeed(id="data"))
        credentials = grpc.composite_channel_credentials(
            grpc.ssl_channel_credentials(root.pem), grpc.access_token_call_credentials(caller.token)
        )
        options = [("grpc.ssl_target_name_override", "cloudkms.sandbox.example")]
        with grpc.secure_channel(double.address, credentials, options) as channel:
            transport = KeyManagementServiceGrpcTransport(host=double.address, channel=channel)
            KeyManagementServiceClient(transport=transport).get_crypto_key(name=key, timeout=10)
    assert [(call.caller, call.principal) for call in double.calls] == [("by-tls", "user:buyer@buyer.example")]


def test_the_log_of_calls_tells_who_asked_for_what_on_which_key_and_how_it_ended(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data", states={1: State.DISABLED}))
        client.get_crypto_key(name=key)
        with pytest.raises(exceptions.FailedPrecondition):
            client.encrypt(name=key, plaintext=b"x")
    assert [(call.operation, call.principal, call.keys, call.error) for call in double.calls] == [
        ("GetCryptoKey", "user:buyer@buyer.example", (key,), None),
        ("Encrypt", "user:buyer@buyer.example", (key,), "FAILED_PRECONDITION"),
    ]


def test_faults_can_be_bent_one_at_a_time_while_it_runs(connect: "Connect") -> None:
    with GoogleKmsDouble(faults=Faults(ignores_disable=True)) as double:
        double.bend(throttled_calls=EVERY)
        key = double.seed_key(KeySeed(id="data"))
        with pytest.raises(exceptions.ResourceExhausted):
            connect(double).get_crypto_key(name=key, retry=None)
        assert double.faults.ignores_disable is True


def test_many_callers_at_once_are_all_served(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data"))
        threads = [
            threading.Thread(target=lambda: [client.encrypt(name=key, plaintext=b"x") for _ in range(10)])
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [call.error for call in double.calls] == [None] * 80
