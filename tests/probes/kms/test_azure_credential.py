"""Tokens: azure-identity's chain as its users expect, asked once for many keys, and never a metadata service."""

import os
import stat
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessTokenInfo
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential

from clauseproof.model.errors import Denied, EvidenceRejected
from clauseproof.probes.kms import azure_credential
from clauseproof.probes.kms.azure import custody
from clauseproof.probes.kms.azure_credential import CHOICE, EnvironmentToken, ForVault, SharedTokens, credential
from clauseproof.sandbox.kms.azure import AzureKeyVaultDouble, KeySeed
from tests.support.azurekeys import azure_key, azure_look

PUBLIC = "https://login.microsoftonline.com"
CLI = """\
#!/bin/sh
echo "$@" >> "$(dirname "$0")/asked"
echo '{"accessToken": "buyer", "expiresOn": "2099-01-01 00:00:00.000000", "expires_on": 4070908800}'
"""


def chain(monkeypatch: pytest.MonkeyPatch, choice: str | None) -> tuple[type, ...]:
    """The kinds of credential that would be asked, in order."""
    if choice is None:
        monkeypatch.delenv(CHOICE, raising=False)
    else:
        monkeypatch.setenv(CHOICE, choice)
    made: Any = credential(PUBLIC, None, fresh=True)
    assert isinstance(made, DefaultAzureCredential)
    return tuple(type(link) for link in made.credentials)


def test_no_metadata_service_is_asked_unless_the_user_asks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ManagedIdentityCredential not in chain(monkeypatch, None)
    assert ManagedIdentityCredential not in chain(monkeypatch, "dev")
    assert chain(monkeypatch, "ManagedIdentityCredential") == (ManagedIdentityCredential,)
    assert ManagedIdentityCredential in chain(monkeypatch, "prod")


def azure_cli(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An `az` that gives the buyer's token and writes down what it was asked."""
    program = folder / "az"
    program.write_text(CLI)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv(CHOICE, "AzureCliCredential")
    return folder / "asked"


def test_a_login_of_the_azure_cli_is_used_and_asked_once_for_many_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = azure_cli(tmp_path, monkeypatch)
    with AzureKeyVaultDouble() as double:
        for name in ("one", "two", "three"):
            key = azure_key(double, double.seed_key(KeySeed(name=name)), token=None)
            assert custody(key, azure_look()).owner == "99999999-8888-7777-6666-555555555555"
    lines = asked.read_text().splitlines()
    assert len(lines) == 1
    assert "--resource https://vault.azure.net --tenant 99999999-8888-7777-6666-555555555555" in lines[0]


def test_a_chain_without_anybody_logged_in_is_denied_with_what_to_do(capfd: pytest.CaptureFixture[str]) -> None:
    with AzureKeyVaultDouble() as double:
        key = azure_key(double, double.seed_key(KeySeed(name="cmk")), token=None)
        with pytest.raises(Denied, match=r"no token for https://probe\.vault\.azure\.net was given by") as caught:
            custody(key, azure_look())
    assert "log in (az login)" in caught.value.what_to_do
    assert capfd.readouterr().err == "", "azure-identity says nothing of its own"


def test_a_choice_that_azure_identity_does_not_know_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOICE, "nonsense")
    with AzureKeyVaultDouble() as double:
        key = azure_key(double, double.seed_key(KeySeed(name="cmk")), token=None)
        with pytest.raises(Denied, match="credentials are set up wrongly") as caught:
            custody(key, azure_look())
    assert caught.value.what_to_do == f"correct {CHOICE}"


def test_a_token_of_the_environment_is_looked_up_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = EnvironmentToken("SOME_TOKEN")
    for text in ("first", "second"):
        monkeypatch.setenv("SOME_TOKEN", f" {text}\n")
        assert tokens.get_token_info("scope").token == text
    monkeypatch.setenv("SOME_TOKEN", "")
    with pytest.raises(Denied, match="holds no token"):
        tokens.get_token_info("scope")


class Counting:
    """A source of numbered tokens."""

    def __init__(self, lasts_s: float) -> None:
        self.lasts_s = lasts_s
        self.given = 0

    def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        self.given += 1
        return AccessTokenInfo(str(self.given), int(time.time() + self.lasts_s))


def test_tokens_are_shared_by_scope_and_tenant_while_they_last() -> None:
    tokens = SharedTokens(source := Counting(3600))
    for options in ({"tenant_id": "a"}, {"tenant_id": "b"}, {"tenant_id": "a"}, {"tenant_id": "b"}):
        tokens.get_token_info("scope", options=options)  # type: ignore[arg-type]
    assert source.given == 2
    tokens.get_token_info("scope", options={"tenant_id": "a", "claims": "{}"})
    assert source.given == 3, "a claims challenge asks for a new one"


def test_a_token_about_to_expire_is_asked_for_anew() -> None:
    tokens = SharedTokens(source := Counting(200))
    assert [tokens.get_token_info("scope").token for _ in range(2)] == ["1", "2"]
    assert source.given == 2


def test_changed_settings_of_azure_make_a_new_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    first = azure_credential.credential(PUBLIC, None)
    assert azure_credential.credential(PUBLIC, None) is first
    monkeypatch.setenv("AZURE_CLIENT_ID", "another")
    assert azure_credential.credential(PUBLIC, None) is not first


@pytest.mark.parametrize(
    ("vault", "scope", "given"),
    [
        ("https://crm.vault.azure.net", "https://vault.azure.net/.default", True),
        ("https://crm.managedhsm.azure.net", "https://managedhsm.azure.net/.default", True),
        ("https://crm.vault.azure.net", "https://management.azure.com/.default", False),
        ("https://crm.vault.azure.net", "https://other.vault.azure.net/.default", False),
        ("https://crm.vault.azure.net", "vault.azure.net", False),
    ],
)
def test_a_token_is_for_the_vaults_own_service_only(vault: str, scope: str, given: bool) -> None:
    tokens = ForVault(source := Counting(3600), vault)
    with nullcontext() if given else pytest.raises(EvidenceRejected, match="a token of another service"):
        tokens.get_token_info(scope)
    assert source.given == given
