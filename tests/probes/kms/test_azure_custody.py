"""What a key of Key Vault is made of, how long it outlives its deletion, and whom a Managed HSM lets use it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from clauseproof.facts.azure import AzureKey
from clauseproof.facts.keyaccess import Access, Level
from clauseproof.facts.keydeletion import Deletion
from clauseproof.facts.keymaterial import Fips
from clauseproof.facts.keyrights import Right, operations
from clauseproof.facts.keys import KeyState, Origin, Protection, Provider
from clauseproof.facts.keystores import External
from clauseproof.model.errors import Denied, Unknowable
from clauseproof.probes.kms.azure_access import access
from clauseproof.probes.kms.azure_custody import deletion, external, materials
from clauseproof.sandbox.kms.azure import (
    ADMINISTRATOR,
    CRYPTO_OFFICER,
    CRYPTO_USER,
    Assignment,
    AzureKeyVaultDouble,
    KeySeed,
)
from clauseproof.sandbox.kms.faults import Faults
from tests.support.azurekeys import azure_key, azure_look, client
from tests.support.keys import day


@pytest.fixture
def double() -> Iterator[AzureKeyVaultDouble]:
    with AzureKeyVaultDouble() as running:
        yield running


@pytest.fixture
def hsm() -> Iterator[AzureKeyVaultDouble]:
    with AzureKeyVaultDouble(managed_hsm=True) as running:
        yield running


def seeded(double: AzureKeyVaultDouble, seed: KeySeed | None = None) -> AzureKey:
    return azure_key(double, double.seed_key(seed or KeySeed(name="cmk")))


# materials


def test_every_version_is_a_generation_with_a_state_of_its_own(double: AzureKeyVaultDouble) -> None:
    past = (day("2026-03-01"), day("2026-06-01"))
    seed = KeySeed(name="cmk", created=day("2026-01-01"), rotations=past, disabled=frozenset({2}))
    found = materials(seeded(double, seed), azure_look()).generations
    assert [(one.state, one.current, one.made) for one in found] == [
        (KeyState.ENABLED, False, day("2026-01-01")),
        (KeyState.DISABLED, False, past[0]),
        (KeyState.ENABLED, True, past[1]),
    ]
    assert {(one.origin, one.protection, one.fips, one.expires) for one in found} == {
        (Origin.UNKNOWN, Protection.HSM, Fips(standard="140-3", level=3), None)
    }


@pytest.mark.parametrize(
    ("seed", "protection", "fips"),
    [
        (KeySeed(name="k", hsm_platform="1"), Protection.HSM, Fips(standard="140-2", level=2)),
        (KeySeed(name="k", kty="RSA", hsm_platform="0"), Protection.SOFTWARE, Fips(standard="140-2", level=1)),
        (KeySeed(name="k", kty="RSA"), Protection.SOFTWARE, None),
    ],
)
def test_the_hardware_is_the_one_that_the_version_names(
    double: AzureKeyVaultDouble, seed: KeySeed, protection: Protection, fips: Fips | None
) -> None:
    (found,) = materials(seeded(double, seed), azure_look()).generations
    assert (found.protection, found.fips) == (protection, fips)


def test_a_software_version_of_a_key_that_has_moved_to_hardware_is_seen(double: AzureKeyVaultDouble) -> None:
    key = seeded(double, KeySeed(name="cmk", kty="RSA"))
    with client(double) as keys:
        keys.create_key("cmk", "RSA-HSM")
    assert {one.protection for one in materials(key, azure_look()).generations} == {Protection.SOFTWARE, Protection.HSM}


def test_of_many_versions_that_do_not_say_what_guards_them_some_stay_unknown(double: AzureKeyVaultDouble) -> None:
    made = tuple(day("2026-01-01") + timedelta(days=n) for n in range(1, 20))
    key = seeded(double, KeySeed(name="cmk", kty="EC", created=day("2026-01-01"), rotations=made))
    found = [one.protection for one in materials(key, azure_look()).generations]
    assert (found.count(None), found[-1]) == (9, Protection.SOFTWARE)
    assert sum(call.operation == "KeyGet" and call.caller is not None for call in double.calls) == 11


def test_a_managed_hsm_guards_every_version_alone(hsm: AzureKeyVaultDouble) -> None:
    (found,) = materials(seeded(hsm, KeySeed(name="cmk", kty="oct-HSM")), azure_look()).generations
    assert (found.origin, found.protection) == (Origin.UNKNOWN, Protection.SINGLE_TENANT_HSM)


def test_no_key_of_azure_lies_anywhere_else(double: AzureKeyVaultDouble) -> None:
    assert external(seeded(double)) == External(keepers=())


# deletion


@pytest.mark.parametrize(
    ("days", "protected", "at_once"), [(90, False, "purging the deleted key"), (90, True, None), (7, True, None)]
)
def test_a_deletion_waits_as_long_as_the_vault_is_set_to(days: int, protected: bool, at_once: str | None) -> None:
    with AzureKeyVaultDouble(recoverable_days=days, purge_protection=protected) as double:
        assert deletion(seeded(double), azure_look()) == Deletion(
            shortest=timedelta(days=days),
            longest=timedelta(days=days),
            at_once=at_once,
            comes_back="restoring a backup of the key",
            due=None,
            source="the vault's own setting",
        )


def test_a_deletion_under_way_has_a_date(double: AzureKeyVaultDouble) -> None:
    key = seeded(double)
    with client(double) as keys:
        keys.begin_delete_key("cmk").wait()
    assert deletion(key, azure_look()).due is not None


# access


def let_in(found: Access) -> dict[str, set[Right]]:
    return {
        admission.principals[0]: set(operations(Provider.AZURE, admission.operations or ()).values())
        for admission in found.admissions
    }


def test_a_managed_hsm_shows_the_roles_at_the_key_and_above(hsm: AzureKeyVaultDouble) -> None:
    for who, role, scope in (
        ("admin", ADMINISTRATOR, "/"),
        ("officer", CRYPTO_OFFICER, "/keys"),
        ("vendor", CRYPTO_USER, "/keys/cmk"),
        ("stranger", CRYPTO_USER, "/keys/other"),
    ):
        hsm.assign(Assignment(principal=who, role=role, scope=scope))
    at = azure_look()
    found = access(seeded(hsm), at)
    assert [(a.principals, a.level, a.where) for a in found.admissions] == [
        (("admin",), Level.ABOVE, "the role Managed HSM Administrator at /"),
        (("officer",), Level.ABOVE, "the role Managed HSM Crypto Officer at /keys"),
        (("vendor",), Level.KEY, "the role Managed HSM Crypto User at /keys/cmk"),
    ]
    rights = let_in(found)
    assert Right.DECRYPT not in rights["admin"] | rights["officer"]
    assert {Right.ENCRYPT, Right.DECRYPT, Right.SIGN, Right.MANAGE} <= rights["vendor"]
    assert Right.SHARE in rights["officer"]
    assert Right.OTHER not in set[Right]().union(*rights.values())
    assert at.calls == ["keyvault:challenge", "keyvault:RoleDefinitionList", "keyvault:RoleAssignmentList"]


def test_a_long_list_is_read_to_its_end(hsm: AzureKeyVaultDouble) -> None:
    for number in range(60):
        hsm.assign(Assignment(principal=f"p{number}", role=CRYPTO_USER))
    assert len(access(seeded(hsm), azure_look()).admissions) == 60


def test_a_role_that_nobody_defines_cannot_be_read(hsm: AzureKeyVaultDouble) -> None:
    hsm.assign(Assignment(principal="vendor", role="77777777-7777-7777-7777-777777777777"))
    (found,) = access(seeded(hsm), azure_look()).admissions
    assert found.operations is None


def test_a_vault_does_not_know_who_may_use_its_keys(double: AzureKeyVaultDouble) -> None:
    with pytest.raises(Unknowable, match="does not itself say who may use its keys") as caught:
        access(seeded(double), azure_look())
    assert "azure-mgmt-authorization" in caught.value.what_to_do


@pytest.mark.parametrize("operation", ["RoleAssignmentList", "RoleDefinitionList"])
def test_a_denied_list_names_the_missing_right(hsm: AzureKeyVaultDouble, operation: str) -> None:
    key = seeded(hsm)
    hsm.faults = Faults(denies=frozenset({operation}))
    with pytest.raises(Denied) as caught:
        access(key, azure_look())
    kind = operation.removesuffix("List")[0].lower() + operation.removesuffix("List")[1:] + "s"
    assert f"allow Microsoft.KeyVault/managedHsm/{kind}/read/action on" in caught.value.what_to_do
