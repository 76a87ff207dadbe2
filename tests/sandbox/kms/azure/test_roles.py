from typing import TYPE_CHECKING

from azure.core.rest import HttpRequest

from clauseproof.sandbox.kms.azure import ADMINISTRATOR, CRYPTO_USER, Assignment, AzureKeyVaultDouble, KeySeed
from clauseproof.sandbox.kms.faults import Faults

if TYPE_CHECKING:
    from azure.keyvault.keys import KeyClient

    from tests.sandbox.kms.azure.conftest import Connect


def principals(client: "KeyClient", scope: str) -> list[tuple[str, str]]:
    """Who holds which role there, as the administration SDK asks."""
    answer = client.send_request(HttpRequest("GET", f"/{scope}/providers/Microsoft.Authorization/roleAssignments"))
    answer.raise_for_status()
    shown = [each["properties"] for each in answer.json()["value"]]
    return [(each["principalId"], each["roleDefinitionId"].rsplit("/", 1)[1]) for each in shown]


def test_a_managed_hsm_lists_the_roles_at_a_scope_and_above(connect: "Connect") -> None:
    with AzureKeyVaultDouble(managed_hsm=True) as double:
        double.seed_key(KeySeed(name="cmk"))
        double.assign(Assignment(principal="admin", role=ADMINISTRATOR))
        double.assign(Assignment(principal="vendor", role=CRYPTO_USER, scope="/keys/cmk"))
        client = connect(double)
        client.get_key("cmk")
        everywhere, on_key, on_other = (principals(client, scope) for scope in ("/", "keys/cmk", "keys/cmk2"))
    assert (everywhere, on_other) == ([("admin", ADMINISTRATOR)], [("admin", ADMINISTRATOR)])
    assert on_key == [("admin", ADMINISTRATOR), ("vendor", CRYPTO_USER)]


def test_foreign_grantees_are_shown_as_users_of_every_key(connect: "Connect") -> None:
    with AzureKeyVaultDouble(managed_hsm=True, faults=Faults(foreign_grantees=("stranger",))) as double:
        double.seed_key(KeySeed(name="cmk"))
        client = connect(double)
        client.get_key("cmk")
        assert principals(client, "keys/cmk") == [("stranger", CRYPTO_USER)]


def test_a_vault_does_not_know_its_roles(connect: "Connect") -> None:
    with AzureKeyVaultDouble() as double:
        double.seed_key(KeySeed(name="cmk"))
        client = connect(double)
        client.get_key("cmk")
        path = "/keys/cmk/providers/Microsoft.Authorization/roleAssignments"
        assert client.send_request(HttpRequest("GET", path)).status_code == 404
