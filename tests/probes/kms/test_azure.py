"""What Key Vault and Managed HSM say of a key, by the real SDK over TLS, and what their errors mean."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from clauseproof.facts.azure import AzureKey
from clauseproof.facts.keys import (
    Custody,
    KeyState,
    Manager,
    Origin,
    Protection,
    Provider,
    Rotation,
    Schedule,
    Usage,
)
from clauseproof.model.errors import Denied, EvidenceRejected, LookFailed, TimedOut, Unknowable, Unreachable
from clauseproof.probes.kms.azure import custody, rotation
from clauseproof.sandbox.kms.azure import AzureKeyVaultDouble, Caller, KeySeed
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.azurekeys import TOKEN_NAME, azure_key, azure_look, client
from tests.support.keys import day

TENANT = "99999999-8888-7777-6666-555555555555"


@pytest.fixture
def double() -> Iterator[AzureKeyVaultDouble]:
    with AzureKeyVaultDouble() as running:
        yield running


@pytest.fixture
def hsm() -> Iterator[AzureKeyVaultDouble]:
    with AzureKeyVaultDouble(managed_hsm=True) as running:
        yield running


def seeded(double: AzureKeyVaultDouble, seed: KeySeed | None = None, **more: Any) -> AzureKey:
    return azure_key(double, double.seed_key(seed or KeySeed(name="cmk")), **more)


def seen(double: AzureKeyVaultDouble, seed: KeySeed) -> Custody:
    return custody(seeded(double, seed), azure_look())


def rotated(double: AzureKeyVaultDouble, seed: KeySeed) -> Rotation:
    return rotation(seeded(double, seed), azure_look())


# custody


def test_custody_of_an_ordinary_key(double: AzureKeyVaultDouble) -> None:
    assert seen(double, KeySeed(name="cmk", created=day("2026-01-02"), rotations=(day("2026-03-04"),))) == Custody(
        provider=Provider.AZURE,
        target="https://probe.vault.azure.net/keys/cmk",
        owner=TENANT,
        manager=Manager.CUSTOMER,
        origin=Origin.UNKNOWN,
        state=KeyState.ENABLED,
        usage=Usage.ENCRYPT_DECRYPT,
        spec="RSA-HSM 2048",
        created=day("2026-01-02"),
        partition="azure.net",
        region="westeurope",
        multi_region=False,
        replicas=("northeurope",),
        store=None,
        protection=Protection.HSM,
        material_expires=None,
        deletion=None,
    )


def test_a_managed_hsm_is_one_customers_alone(hsm: AzureKeyVaultDouble) -> None:
    found = seen(hsm, KeySeed(name="cmk", kty="oct-HSM"))
    assert (found.origin, found.protection) == (Origin.SINGLE_TENANT_HSM, Protection.SINGLE_TENANT_HSM)
    assert (found.spec, found.usage) == ("oct-HSM", Usage.ENCRYPT_DECRYPT)
    assert found.target == "https://probe.managedhsm.azure.net/keys/cmk"
    assert found.replicas is None, "its API does not say in which further regions it is kept"


def test_a_key_behind_a_certificate_is_not_said_to_be_anybodys(double: AzureKeyVaultDouble) -> None:
    assert seen(double, KeySeed(name="cmk", managed=True)).manager is Manager.UNKNOWN


@pytest.mark.parametrize(
    ("seed", "usage", "spec", "protection"),
    [
        (KeySeed(name="k", kty="RSA", size=3072), Usage.ENCRYPT_DECRYPT, "RSA 3072", Protection.SOFTWARE),
        (KeySeed(name="k", kty="EC", curve="P-384"), Usage.SIGN_VERIFY, "EC P-384", Protection.SOFTWARE),
        (KeySeed(name="k", kty="EC-HSM"), Usage.SIGN_VERIFY, "EC-HSM P-256", Protection.HSM),
        (KeySeed(name="k", operations=("sign", "verify")), Usage.SIGN_VERIFY, "RSA-HSM 2048", Protection.HSM),
        (KeySeed(name="k", operations=()), Usage.OTHER, "RSA-HSM 2048", Protection.HSM),
    ],
)
def test_kinds_of_keys_are_told_apart(
    double: AzureKeyVaultDouble, seed: KeySeed, usage: Usage, spec: str, protection: Protection
) -> None:
    found = seen(double, seed)
    assert (found.usage, found.spec, found.protection) == (usage, spec, protection)


def test_the_version_that_is_guarded_least_counts_while_it_is_enabled(double: AzureKeyVaultDouble) -> None:
    key = seeded(double, KeySeed(name="cmk", kty="RSA"))
    with client(double) as keys:
        soft = str(keys.get_key("cmk").properties.version)
        keys.create_key("cmk", "RSA-HSM")
        assert custody(key, azure_look()).protection is Protection.SOFTWARE
        keys.update_key_properties("cmk", soft, enabled=False)
        assert custody(key, azure_look()).protection is Protection.HSM


@pytest.mark.parametrize(
    ("disabled", "state"), [(frozenset({1}), KeyState.ENABLED), (frozenset({2}), KeyState.DISABLED)]
)
def test_the_state_is_that_of_the_newest_version(
    double: AzureKeyVaultDouble, disabled: frozenset[int], state: KeyState
) -> None:
    seed = KeySeed(name="cmk", created=day("2026-01-01"), rotations=(day("2026-02-01"),), disabled=disabled)
    assert seen(double, seed).state is state


def test_a_deleted_key_is_pending_deletion_until_it_is_purged(double: AzureKeyVaultDouble) -> None:
    key = seeded(double)
    with client(double) as keys:
        keys.begin_delete_key("cmk").wait()
        found = custody(key, azure_look())
        assert found.state is KeyState.PENDING_DELETION
        assert found.created is not None
        assert found.deletion is not None
        assert found.deletion - found.created > timedelta(days=89)
        keys.purge_deleted_key("cmk")
    assert isinstance(failure(lambda: custody(key, azure_look())), Unknowable)


@pytest.mark.parametrize(
    ("cloud", "authority"),
    [
        ("azure.cn", "https://login.chinacloudapi.cn"),
        ("usgovcloudapi.net", "https://login.microsoftonline.us"),
        ("sovcloud-api.fr", "https://login.sovcloud-identity.fr"),
    ],
)
def test_a_sovereign_cloud_is_read_like_any_other(cloud: str, authority: str) -> None:
    with AzureKeyVaultDouble(cloud=cloud, authority=authority, region="francecentral") as double:
        found = seen(double, KeySeed(name="cmk"))
    assert (found.partition, found.region, found.owner) == (cloud, "francecentral", TENANT)


# rotation


def test_rotation_is_the_policy_and_the_versions_that_were_really_made(double: AzureKeyVaultDouble) -> None:
    made = (day("2026-04-01"), day("2026-09-01"))
    found = rotated(double, KeySeed(name="cmk", created=day("2026-01-01"), rotations=made, rotate_after="P1Y"))
    assert (found.schedule, found.period_days) == (Schedule.ON, 365)
    assert found.next_due == day("2027-09-01")
    assert found.events is not None
    assert [(event.at, event.automatic) for event in found.events] == [(made[0], None), (made[1], None)]
    assert all(event.material for event in found.events)


def test_a_rotation_before_expiry_counts_from_the_versions_making(double: AzureKeyVaultDouble) -> None:
    from azure.keyvault.keys import KeyRotationLifetimeAction, KeyRotationPolicy, KeyRotationPolicyAction

    key = seeded(double, KeySeed(name="cmk", created=day("2026-11-01")))
    before = KeyRotationLifetimeAction(KeyRotationPolicyAction.rotate, time_before_expiry="P30D")
    policy = KeyRotationPolicy(lifetime_actions=[before], expires_in="P3M")
    with client(double) as keys:
        keys.update_key_rotation_policy("cmk", policy)
    found = rotation(key, azure_look())
    assert (found.schedule, found.period_days) == (Schedule.ON, 60)


@pytest.mark.parametrize("seed", [KeySeed(name="cmk"), KeySeed(name="cmk", notify_before="P30D", expiry="P2Y")])
def test_a_notice_is_no_rotation(double: AzureKeyVaultDouble, seed: KeySeed) -> None:
    found = rotated(double, seed)
    assert (found.schedule, found.period_days, found.next_due, found.events) == (Schedule.OFF, None, None, ())


def test_a_long_history_is_read_to_its_end(double: AzureKeyVaultDouble) -> None:
    made = tuple(day("2026-01-01") + timedelta(days=n) for n in range(1, 61))
    found = rotated(double, KeySeed(name="cmk", kty="EC", created=day("2026-01-01"), rotations=made))
    assert found.events is not None
    assert tuple(event.at for event in found.events) == made


# calls and rights


def test_each_call_is_noted_once_by_its_name_in_the_audit_log(double: AzureKeyVaultDouble) -> None:
    at, key = azure_look(), seeded(double)
    custody(key, at)
    rotation(key, at)
    assert at.calls == [
        "keyvault:challenge", "keyvault:KeyGet", "keyvault:KeyListVersions", "keyvault:KeyRotationPolicyGet",
    ]  # fmt: skip


def test_the_rights_that_the_probes_name_are_enough(double: AzureKeyVaultDouble) -> None:
    double.admit(Caller(token="buyer", object_id="1", allowed=frozenset({"get", "list", "getrotationpolicy"})))
    key = seeded(double)
    custody(key, azure_look())
    rotation(key, azure_look())


def failure(look_at: Callable[[], object]) -> LookFailed:
    with pytest.raises(LookFailed) as caught:
        look_at()
    assert caught.value.what_to_do
    return caught.value


@pytest.mark.parametrize(
    ("operation", "right", "probe"),
    [
        ("KeyGet", "keys/get", custody),
        ("KeyListVersions", "keys/list", custody),
        ("KeyListVersions", "keys/list", rotation),
        ("KeyRotationPolicyGet", "keys/getrotationpolicy", rotation),
    ],
)
def test_a_denied_call_names_the_missing_right_and_the_key(
    double: AzureKeyVaultDouble, operation: str, right: str, probe: Callable[..., object]
) -> None:
    key = seeded(double)
    double.faults = Faults(denies=frozenset({operation}))
    error = failure(lambda: probe(key, azure_look()))
    assert isinstance(error, Denied)
    assert error.what == f"Key Vault refused keyvault:{operation} on {key.identifier}"
    assert f"allow {right} on {key.identifier} to the caller" in error.what_to_do


def test_a_key_that_is_not_there(double: AzureKeyVaultDouble) -> None:
    error = failure(lambda: custody(azure_key(double, f"{double.url}/keys/nothing"), azure_look()))
    assert isinstance(error, Unknowable)
    assert error.what == "https://probe.vault.azure.net knows no key nothing"
    assert "deleted and purged is gone for good" in error.what_to_do


def test_a_vault_of_another_name_is_not_taken_for_ours(double: AzureKeyVaultDouble) -> None:
    error = failure(lambda: custody(azure_key(double, "https://other.vault.azure.net/keys/cmk"), azure_look()))
    assert isinstance(error, Unreachable)
    assert error.what == "the certificate of https://other.vault.azure.net is not trusted"


def test_tokens_of_another_authority_are_not_even_asked_for(double: AzureKeyVaultDouble) -> None:
    key = seeded(double, authority="https://login.microsoftonline.us")
    error = failure(lambda: custody(key, azure_look()))
    assert isinstance(error, Denied)
    assert "takes tokens of https://login.microsoftonline.com, not of https://login.microsoftonline.us" in error.what
    assert {call.caller for call in double.calls} == {None}


def test_an_authority_may_have_a_second_name() -> None:
    with AzureKeyVaultDouble(authority="https://login.windows.net") as double:
        assert seen(double, KeySeed(name="cmk")).owner == TENANT


def test_a_challenge_for_another_service_gets_no_token() -> None:
    with AzureKeyVaultDouble(resource="https://vault.example") as double:
        error = failure(lambda: seen(double, KeySeed(name="cmk")))
        assert {call.caller for call in double.calls} == {None}
    assert isinstance(error, EvidenceRejected)
    assert "a token that is meant for another service, and got none" in error.what


def test_a_private_authority_must_be_named_and_be_one(double: AzureKeyVaultDouble) -> None:
    key = seeded(double)
    without = key.model_copy(update={"ca_file": None})
    error = failure(lambda: custody(without, azure_look()))
    assert isinstance(error, Unreachable)
    assert "is not trusted" in error.what
    for nonsense in (b"no certificate", b"\xff"):
        look = azure_look()
        look.read_file = lambda name, limit, nonsense=nonsense: nonsense  # type: ignore[misc]
        assert isinstance(failure(partial(custody, key, look)), EvidenceRejected)


def test_a_token_that_is_not_set_or_not_known(double: AzureKeyVaultDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    key = seeded(double)
    monkeypatch.setenv(TOKEN_NAME, "somebody else")
    error = failure(lambda: custody(key, azure_look()))
    assert isinstance(error, Denied)
    assert error.what == f"Key Vault does not accept the token used for keyvault:KeyGet on {key.identifier}"
    monkeypatch.delenv(TOKEN_NAME)
    error = failure(lambda: custody(key, azure_look()))
    assert isinstance(error, Denied)
    assert f"set the environment variable {TOKEN_NAME}" in error.what_to_do


@pytest.mark.parametrize(
    ("faults", "error", "says"),
    [
        (Faults(expired_credentials=True), Denied, "does not accept the token"),
        (Faults(throttled_calls=EVERY), Unreachable, "throttled keyvault:KeyGet"),
        (Faults(server_error_calls=EVERY), Unreachable, "failed at keyvault:KeyGet"),
        (Faults(reset_calls=EVERY), Unreachable, "could not be reached"),
    ],
)
def test_trouble_on_the_way_is_told_apart_from_an_answer(
    double: AzureKeyVaultDouble, faults: Faults, error: type[LookFailed], says: str
) -> None:
    key = seeded(double)
    double.faults = faults
    caught = failure(lambda: custody(key, azure_look()))
    assert type(caught) is error
    assert says in caught.what


def test_trouble_that_passes_is_overcome(double: AzureKeyVaultDouble) -> None:
    key = seeded(double)
    double.faults = Faults(throttled_calls=1, server_error_calls=1)
    assert custody(key, azure_look()).owner == TENANT


def test_a_silent_service_ends_with_the_deadline(double: AzureKeyVaultDouble) -> None:
    key = seeded(double)
    double.faults = Faults(delay_s=30)
    at = azure_look()
    at.deadline = at.clock() + 1
    assert isinstance(failure(lambda: custody(key, at)), TimedOut)


def test_nobody_at_the_vaults_place(double: AzureKeyVaultDouble) -> None:
    key = seeded(double, connect_to="127.0.0.1:1")
    assert isinstance(failure(lambda: custody(key, azure_look())), Unreachable)
