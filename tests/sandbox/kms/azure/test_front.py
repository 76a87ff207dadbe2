import json
import ssl
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline import PipelineResponse
from azure.keyvault.keys import KeyClient

from clauseproof.sandbox.kms.azure import AzureKeyVaultDouble, Caller, KeySeed, pinned_transport
from clauseproof.sandbox.kms.azure.front import LARGEST_REQUEST
from clauseproof.sandbox.kms.faults import Faults

if TYPE_CHECKING:
    from tests.sandbox.kms.azure.conftest import Connect, Token


def ask(
    double: AzureKeyVaultDouble,
    method: str,
    path: str,
    *,
    body: bytes = b"",
    token: str | None = "buyer",
    host: str = "",
) -> httpx.Response:
    """A request that no SDK would send, to the double's address under its name."""
    name = double.url.removeprefix("https://")
    headers = {"host": host or name, **({"authorization": f"Bearer {token}"} if token else {})}
    url = f"https://{double.address[0]}:{double.address[1]}{path}"
    context = ssl.create_default_context(cafile=str(double.ca_file))
    with httpx.Client(verify=context, trust_env=False) as client:
        return client.request(method, url, content=body, headers=headers, extensions={"sni_hostname": name})


@pytest.mark.parametrize(
    ("arguments", "resource"),
    [
        ({}, "https://vault.azure.net"),
        ({"managed_hsm": True}, "https://managedhsm.azure.net"),
        ({"cloud": "azure.cn"}, "https://vault.azure.cn"),
    ],
)
def test_the_challenge_names_the_directory_and_the_resource(arguments: dict[str, Any], resource: str) -> None:
    with AzureKeyVaultDouble(authority="https://login.sovcloud.example", tenant="t", **arguments) as double:
        answer = ask(double, "GET", "/keys?api-version=7.6", token=None)
    assert answer.status_code == 401
    expected = f'Bearer authorization="https://login.sovcloud.example/t", resource="{resource}"'
    assert answer.headers["www-authenticate"] == expected


def test_the_sdk_asks_for_a_token_for_what_the_challenge_names(connect: "Connect", credentials: "list[Token]") -> None:
    with AzureKeyVaultDouble() as double:
        double.seed_key(KeySeed(name="cmk"))
        connect(double).get_key("cmk")
    assert [credential.scopes for credential in credentials] == [["https://vault.azure.net/.default"]]


def test_a_certificate_of_another_authority_is_not_trusted(connect: "Connect") -> None:
    with AzureKeyVaultDouble() as double, AzureKeyVaultDouble() as other:
        distrusting = pinned_transport(*double.address, str(other.ca_file))
        with distrusting, pytest.raises(ServiceRequestError, match="CERTIFICATE_VERIFY_FAILED"):
            connect(double, transport=distrusting).get_key("cmk")


def test_a_challenge_for_a_foreign_resource_is_refused_by_the_sdk(connect: "Connect") -> None:
    refusal = pytest.raises(ValueError, match="does not match the requested domain")
    with AzureKeyVaultDouble(resource="https://vault.example") as double, refusal:
        connect(double).get_key("cmk")
    assert [call.caller for call in double.calls] == [None]


def test_the_region_is_in_every_answer(connect: "Connect") -> None:
    seen: list[PipelineResponse[Any, Any]] = []
    with AzureKeyVaultDouble(region="germanywestcentral") as double:
        double.seed_key(KeySeed(name="cmk"))
        connect(double).get_key("cmk", raw_response_hook=seen.append)
    assert seen[-1].http_response.headers["x-ms-keyvault-region"] == "germanywestcentral"


def test_another_vault_s_name_leads_nowhere() -> None:
    with AzureKeyVaultDouble() as double:
        answer = ask(double, "GET", "/keys?api-version=7.6", host="other.vault.azure.net")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "VaultNotFound")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/keys", b"", 400, "BadParameter"),
        ("GET", "/keys?api-version=1.0", b"", 400, "BadParameter"),
        ("GET", "/keys?api-version=7.6&maxresults=26", b"", 400, "BadParameter"),
        ("GET", "/keys?api-version=7.6&$skiptoken=x", b"", 400, "BadParameter"),
        ("GET", "/keys/none?api-version=7.6", b"", 404, "KeyNotFound"),
        ("POST", "/keys/k/create?api-version=7.6", b"{", 400, "BadParameter"),
        ("POST", "/keys/k/create?api-version=7.6", b"[]", 400, "BadParameter"),
        ("POST", "/keys/k/create?api-version=7.6", b"[" * 100_000, 400, "BadParameter"),
        ("POST", "/keys/k/create?api-version=7.6", b'{"kty": 7}', 400, "BadParameter"),
        ("POST", "/keys/k/create?api-version=7.6", b'{"kty": "RSA", "key_size": 512}', 400, "BadParameter"),
        ("POST", "/keys/k/create?api-version=7.6", b'{"kty": "RSA", "attributes": {"exp": "x"}}', 400, "BadParameter"),
        ("POST", "/keys/a_b/create?api-version=7.6", b'{"kty": "EC"}', 400, "BadParameter"),
        ("PUT", "/keys/k?api-version=7.6", b'{"key": {"kty": "RSA", "n": "AQ"}}', 400, "BadParameter"),
        ("PUT", "/keys/cmk/rotationpolicy?api-version=7.6", b'{"lifetimeActions": [7]}', 400, "BadParameter"),
    ],
)
def test_malformed_requests_get_key_vault_s_error(method: str, path: str, body: bytes, status: int, code: str) -> None:
    with AzureKeyVaultDouble() as double:
        double.seed_key(KeySeed(name="cmk", kty="EC"))
        answer = ask(double, method, path, body=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_request_beyond_the_bound_is_cut_off() -> None:
    body = json.dumps({"kty": "x" * LARGEST_REQUEST}).encode()
    with AzureKeyVaultDouble() as double:
        answer = ask(double, "POST", "/keys/k/create?api-version=7.6", body=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "RequestEntityTooLarge")


def test_a_caller_without_the_permission_gets_another_inner_code_than_a_disabled_key(connect: "Connect") -> None:
    reader = Caller(token="reader", object_id="2", allowed=frozenset({"get"}))
    with AzureKeyVaultDouble(callers=[reader]) as double:
        double.seed_key(KeySeed(name="cmk"))
        client = connect(double, "reader")
        assert client.get_key("cmk").name == "cmk"
        with pytest.raises(HttpResponseError) as refused:
            client.rotate_key("cmk")
    assert refused.value.error is not None
    assert (refused.value.status_code, refused.value.error.innererror) == (403, {"code": "AccessDenied"})
    assert "does not have keys rotate permission on key vault 'probe;location=westeurope'" in refused.value.message


def test_an_operation_denied_to_all_is_denied_to_all(connect: "Connect") -> None:
    with AzureKeyVaultDouble(faults=Faults(denies=frozenset({"KeyRotationPolicyGet"}))) as double:
        double.seed_key(KeySeed(name="cmk"))
        client = connect(double)
        assert client.get_key("cmk").name == "cmk"
        with pytest.raises(HttpResponseError, match="getrotationpolicy"):
            client.get_key_rotation_policy("cmk")


@pytest.mark.parametrize(("faults", "status"), [(Faults(throttled_calls=1), 429), (Faults(server_error_calls=1), 500)])
def test_a_broken_call_is_followed_by_a_good_one(connect: "Connect", faults: Faults, status: int) -> None:
    with AzureKeyVaultDouble(faults=faults) as double:
        double.seed_key(KeySeed(name="cmk"))
        client = connect(double)
        with pytest.raises(HttpResponseError) as refused:
            client.get_key("cmk")
        assert refused.value.status_code == status
        assert client.get_key("cmk").name == "cmk"


def test_expired_credentials_are_unauthenticated(connect: "Connect") -> None:
    with AzureKeyVaultDouble(faults=Faults(expired_credentials=True)) as double:
        double.seed_key(KeySeed(name="cmk"))
        with pytest.raises(ClientAuthenticationError):
            connect(double).get_key("cmk")


def test_an_unknown_token_is_unauthenticated(connect: "Connect") -> None:
    with AzureKeyVaultDouble() as double, pytest.raises(ClientAuthenticationError):
        connect(double, "stranger").get_key("cmk")


def test_a_reset_call_changes_nothing_and_a_lost_answer_hides_a_change(connect: "Connect") -> None:
    with AzureKeyVaultDouble() as double:
        double.seed_key(KeySeed(name="cmk"))
        client = connect(double)
        states = []
        for faults in (Faults(reset_calls=1), Faults(lost_answers=1)):
            double.faults = faults
            with pytest.raises((ServiceRequestError, ServiceResponseError)):
                client.update_key_properties("cmk", enabled=False)
            states.append(client.get_key("cmk").properties.enabled)
    assert states == [True, False]


def test_an_answer_held_back_runs_into_the_caller_s_timeout(connect: "Connect") -> None:
    with AzureKeyVaultDouble(faults=Faults(delay_s=30, affects=frozenset({"KeyRotate"}))) as double:
        double.seed_key(KeySeed(name="cmk"))
        client = connect(double)
        assert client.get_key("cmk").name == "cmk"
        with pytest.raises(ServiceResponseError):
            client.rotate_key("cmk", read_timeout=0.2)
        assert client.get_key("cmk").name == "cmk"


def test_the_log_of_calls_tells_who_asked_for_what_on_which_key_and_how_it_ended(connect: "Connect") -> None:
    with AzureKeyVaultDouble() as double:
        double.seed_key(KeySeed(name="cmk"))
        client: KeyClient = connect(double)
        key = client.get_key("cmk")
        with pytest.raises(HttpResponseError):
            client.get_key("none")
    assert [(call.operation, call.principal, call.keys, call.error) for call in double.calls] == [
        ("KeyGet", None, (), "Unauthorized"),
        ("KeyGet", "11111111-1111-1111-1111-111111111111", (key.id,), None),
        ("KeyGet", "11111111-1111-1111-1111-111111111111", (), "KeyNotFound"),
    ]


def test_faults_can_be_bent_one_at_a_time_while_it_runs(connect: "Connect") -> None:
    with AzureKeyVaultDouble(faults=Faults(ignores_disable=True)) as double:
        double.bend(throttled_calls=1)
        with pytest.raises(HttpResponseError, match="too many requests"):
            connect(double).get_key("cmk")
        assert double.faults.ignores_disable is True


def test_a_caller_admitted_later_is_known(connect: "Connect") -> None:
    with AzureKeyVaultDouble() as double:
        double.seed_key(KeySeed(name="cmk"))
        double.admit(Caller(token="late", object_id="3"))
        connect(double, "late").get_key("cmk")
        assert double.calls[-1].principal == "3"
