"""Which keys of Azure a profile may name, and what they say of themselves."""

import pytest
from pydantic import ValidationError

from clauseproof.facts.azure import AzureKey
from clauseproof.facts.google import GoogleKey
from clauseproof.facts.keys import AwsKey

CMK = "https://crm-poc.vault.azure.net/keys/customer-key"


@pytest.mark.parametrize(
    ("identifier", "domain", "hsm", "authority"),
    [
        (CMK, "azure.net", False, "https://login.microsoftonline.com"),
        ("https://crm.managedhsm.azure.net/keys/K1", "azure.net", True, "https://login.microsoftonline.com"),
        ("https://crm.vault.azure.cn/keys/k", "azure.cn", False, "https://login.chinacloudapi.cn"),
        ("https://crm.vault.usgovcloudapi.net/keys/k", "usgovcloudapi.net", False, "https://login.microsoftonline.us"),
        ("https://crm.vault.sovcloud-api.fr/keys/k", "sovcloud-api.fr", False, "https://login.sovcloud-identity.fr"),
        ("https://crm.vault.sovcloud-api.de/keys/k", "sovcloud-api.de", False, "https://login.sovcloud-identity.de"),
    ],
)
def test_cloud_kind_and_authority_come_from_the_identifier(
    identifier: str, domain: str, hsm: bool, authority: str
) -> None:
    key = AzureKey(key=identifier)
    assert (key.domain, key.managed_hsm, key.signs_in_at) == (domain, hsm, authority)
    assert f"{key.vault}/keys/{key.name}" == identifier


def test_a_cloud_that_is_not_known_here_must_name_its_authority() -> None:
    sovereign = "https://crm.vault.cloud.example/keys/k"
    with pytest.raises(ValidationError, match=r"tokens for cloud\.example come from is not known here"):
        AzureKey(key=sovereign)
    assert AzureKey(key=sovereign, authority="https://login.example").signs_in_at == "https://login.example"


def test_an_authority_names_no_tenant() -> None:
    with pytest.raises(ValidationError, match="the vault itself names the tenant"):
        AzureKey(key=CMK, authority="https://login.microsoftonline.com/contoso.example")


def test_the_word_key_is_told_apart_by_its_value() -> None:
    arn = "arn:aws:kms:eu-central-1:111122223333:key/49d865cd-fccb-4aea-84f0-f2c4e79678f9"
    google = "projects/acme-crm/locations/europe-west3/keyRings/r/cryptoKeys/k"
    for value, cls in ((CMK, AzureKey), (arn, AwsKey), (google, GoogleKey)):
        assert [kind for kind in (AwsKey, GoogleKey, AzureKey) if kind.accepts(value)] == [cls]


@pytest.mark.parametrize(
    "identifier",
    [
        "http://crm.vault.azure.net/keys/k",
        "https://crm.vault.azure.net/secrets/k",
        "https://crm.vault.azure.net/keys/",
        "https://crm.vault.azure.net/keys/a_b",
        "https://crm.vault.azure.net:8443/keys/k",
        "https://crm.vault.azure.net@evil.example/keys/k",
        "https://evil.example/.vault.azure.net/keys/k",
        "https://crm.blob.azure.net/keys/k",
        f"{CMK}\n",
    ],
)
def test_what_is_no_identifier_is_refused_with_the_form_to_write(identifier: str) -> None:
    with pytest.raises(ValidationError, match=r"write https://<name>\.vault\.azure\.net/keys/<key>"):
        AzureKey(key=identifier)


def test_one_version_is_not_the_key() -> None:
    with pytest.raises(ValidationError, match="leave the version out"):
        AzureKey(key=f"{CMK}/{'0' * 32}")


@pytest.mark.parametrize("token", ["eyJ0eXAi.of.a-token", "${file:token.txt}", "${keyring:vault/me}"])
def test_a_token_is_named_where_the_way_back_finds_it_and_never_written(token: str) -> None:
    with pytest.raises(ValidationError, match=r"write \$\{env:NAME\}") as caught:
        AzureKey.model_validate({"key": CMK, "token": token})
    assert "of.a-token" not in str(caught.value.errors()[0]["msg"])


@pytest.mark.parametrize("place", ["192.0.2.1:443", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", "vault.example:443"])
def test_only_this_machine_may_stand_in_for_a_vault(place: str) -> None:
    with pytest.raises(ValidationError, match="no address and port of this machine"):
        AzureKey(key=CMK, connect_to=place)
    assert AzureKey(key=CMK, connect_to="[::1]:8443").connect_to


def test_a_key_is_the_same_after_a_journey_through_json() -> None:
    key = AzureKey.model_validate({"key": CMK, "token": "${env:T}", "connect_to": "127.0.0.1:1", "ca_file": "ca.pem"})
    assert AzureKey.model_validate_json(key.model_dump_json(by_alias=True)) == key
    assert key.files() == ("ca.pem",)


def test_only_the_data_path_needs_somebody_elses_leave() -> None:
    path = {"url": "https://api.crm.example/v1/contacts/7", "expect_sentinel": "a sentence of ours"}
    assert AzureKey(key=CMK).hosts() == ()
    assert AzureKey.model_validate({"key": CMK, "data_path": path}).hosts() == ("api.crm.example",)


WORKSPACE = "0a1b2c3d-0000-1111-2222-333344445555"


@pytest.mark.parametrize(
    ("identifier", "endpoint"),
    [
        (CMK, "https://api.loganalytics.io"),
        ("https://crm.managedhsm.chinacloudapi.cn/keys/k", "https://api.loganalytics.azure.cn"),
        ("https://crm.vault.usgovcloudapi.net/keys/k", "https://api.loganalytics.us"),
        ("https://crm.vault.sovcloud-api.fr/keys/k", None),
    ],
)
def test_each_cloud_has_log_analytics_of_its_own(identifier: str, endpoint: str | None) -> None:
    assert AzureKey.model_validate({"key": identifier}).logs_at == endpoint


@pytest.mark.parametrize("identifier", [CMK, "https://crm.vault.sovcloud-api.fr/keys/k"])
def test_log_analytics_may_be_named_below_the_vaults_own_cloud(identifier: str) -> None:
    named = f"https://logs.{identifier.partition('.vault.')[2].partition('/')[0]}"
    assert AzureKey.model_validate({"key": identifier, "log_endpoint": named}).logs_at == named


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://api.loganalytics.us",
        "https://evil.example",
        "https://api.loganalytics.io.evil.example",
        "https://xapi.loganalytics.io",
        "https://api.loganalytics.io/v1",
        "http://127.0.0.1:8080",
        "https://127.0.0.1:8080",
    ],
)
def test_a_token_for_the_log_never_leaves_the_vaults_cloud(endpoint: str) -> None:
    with pytest.raises(ValidationError, match=r"is not Log Analytics of the cloud of azure\.net"):
        AzureKey.model_validate({"key": CMK, "log_endpoint": endpoint})


@pytest.mark.parametrize("workspace", ["crm-logs", f"{WORKSPACE}\n", f'{WORKSPACE}" or 1', WORKSPACE[:-1], "../x"])
def test_a_workspace_is_named_by_its_id(workspace: str) -> None:
    with pytest.raises(ValidationError, match="log_workspace"):
        AzureKey.model_validate({"key": CMK, "log_workspace": workspace})
