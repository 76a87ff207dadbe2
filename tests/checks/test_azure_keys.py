"""The claims about keys on Azure: over TLS through the engine, each satisfied, contradicted and left open."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from checks.drills import RevocationDrill, RotationDrill
from checks.keys import CustomerManagedKey, RotationSchedule
from clauseproof.facts.azure import AzureKey
from clauseproof.model.assurance import Assurance
from clauseproof.model.claim import Claim
from clauseproof.model.verdict import Ruling
from clauseproof.sandbox.kms.azure import AzureKeyVaultDouble, KeySeed
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support import rsakeys
from tests.support.azurekeys import azure_key, client, flags, vendor
from tests.support.keyruns import judged, said
from tests.support.keys import FAST, NOW

TENANT = "99999999-8888-7777-6666-555555555555"
OURS = CustomerManagedKey(owner_account=TENANT)
QUARTERLY = RotationSchedule(every=timedelta(days=90))
IN_A_MINUTE = RevocationDrill(dark_within=timedelta(minutes=1))
CLAIMS: dict[str, Claim] = {
    "customer-managed-key": OURS,
    "rotation-schedule": QUARTERLY,
    "revocation-drill": IN_A_MINUTE,
    "rotation-drill": RotationDrill(),
}


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.fixture(autouse=True)
def _rsa_keys() -> Iterator[None]:
    with rsakeys.reused():
        yield


@pytest.fixture
def double() -> Iterator[AzureKeyVaultDouble]:
    with AzureKeyVaultDouble() as running:
        yield running


def seeded(double: AzureKeyVaultDouble, seed: KeySeed | None = None, **more: Any) -> AzureKey:
    return azure_key(double, double.seed_key(seed or KeySeed(name="cmk")), **more)


# customer-managed-key


def test_a_key_in_the_customers_tenant_is_satisfied_as_the_provider_reports(
    double: AzureKeyVaultDouble, tmp_path: Path
) -> None:
    verdict = judged(seeded(double), "customer-managed-key", OURS, tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.REPORTED), said(verdict)
    assert f"The key belongs to tenant {TENANT}" in said(verdict)


def test_a_key_in_the_vendors_tenant_is_not_the_customers(tmp_path: Path) -> None:
    vendors = "12121212-3434-5656-7878-909090909090"
    with AzureKeyVaultDouble(tenant=vendors) as double:
        verdict = judged(seeded(double), "customer-managed-key", OURS, tmp_path)
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert f"belongs to tenant {vendors}, not to {TENANT}" in said(verdict)


def test_a_key_that_backs_a_certificate_is_left_open(double: AzureKeyVaultDouble, tmp_path: Path) -> None:
    verdict = judged(seeded(double, KeySeed(name="cmk", managed=True)), "customer-managed-key", OURS, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "does not say who manages the key" in said(verdict)


def test_a_tenant_is_written_as_its_id() -> None:
    for wrong in ("contoso.onmicrosoft.com", TENANT[:-1], TENANT + "0"):
        with pytest.raises(ValidationError):
            CustomerManagedKey(owner_account=wrong)


# what keeps any claim from being decided


@pytest.mark.parametrize("kind", CLAIMS)
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"key": "https://probe.vault.azure.net/keys/other"}, "knows no key other"),
        ({"key": "https://another.vault.azure.net/keys/cmk"}, "is not trusted"),
        (
            {"authority": "https://login.microsoftonline.us"},
            "not of https://login.microsoftonline.us",
        ),
        ({"token": "${env:NOT_SET_AT_ALL}"}, "set the environment variable NOT_SET_AT_ALL"),
        ({"connect_to": "127.0.0.1:1"}, "could not be reached"),
    ],
)
def test_a_wrong_name_or_way_is_inconclusive_with_a_clear_sentence(
    double: AzureKeyVaultDouble, tmp_path: Path, kind: str, change: dict[str, str], says: str
) -> None:
    right = seeded(double).model_dump(by_alias=True, exclude_none=True)
    verdict = judged(AzureKey.model_validate({**right, **change}), kind, CLAIMS[kind], tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert says in said(verdict)
    assert "To settle it:" in said(verdict)


@pytest.mark.parametrize("kind", CLAIMS)
@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (Faults(denies=frozenset({"KeyListVersions"})), "allow keys/list on"),
        (Faults(expired_credentials=True), "does not accept the token"),
        (Faults(throttled_calls=EVERY), "throttled"),
        (Faults(server_error_calls=EVERY), "failed at"),
        (Faults(reset_calls=EVERY), "could not be reached"),
    ],
)
def test_trouble_and_missing_rights_are_inconclusive_with_a_clear_sentence(
    double: AzureKeyVaultDouble, tmp_path: Path, kind: str, faults: Faults, says: str
) -> None:
    key = seeded(double)
    double.faults = faults
    verdict = judged(key, kind, CLAIMS[kind], tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert says in said(verdict)


@pytest.mark.parametrize("kind", ["revocation-drill", "rotation-drill", "rotation-schedule"])
def test_a_deleted_key_decides_nothing_of_what_it_would_do(
    double: AzureKeyVaultDouble, tmp_path: Path, kind: str
) -> None:
    key = seeded(double)
    with client(double) as keys:
        keys.begin_delete_key("cmk").wait()
    verdict = judged(key, kind, CLAIMS[kind], tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "knows no key cmk" in said(verdict)


@pytest.mark.parametrize("kind", ["revocation-drill", "rotation-drill"])
def test_a_key_for_signatures_is_not_drilled(double: AzureKeyVaultDouble, tmp_path: Path, kind: str) -> None:
    verdict = judged(seeded(double, KeySeed(name="cmk", kty="EC-HSM")), kind, CLAIMS[kind], tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "the drill wraps and unwraps" in said(verdict)


# rotation-schedule


def test_a_policy_that_really_rotated_is_satisfied(double: AzureKeyVaultDouble, tmp_path: Path) -> None:
    seed = KeySeed(name="cmk", created=ago(200), rotations=(ago(110), ago(20)), rotate_after="P90D")
    verdict = judged(seeded(double, seed), "rotation-schedule", QUARTERLY, tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.REPORTED), said(verdict)
    assert verdict.findings[0].until == ago(20) + timedelta(days=90)


def test_a_notice_instead_of_a_rotation_is_contradicted(double: AzureKeyVaultDouble, tmp_path: Path) -> None:
    seed = KeySeed(name="cmk", created=ago(500), notify_before="P30D", expiry="P2Y")
    verdict = judged(seeded(double, seed), "rotation-schedule", QUARTERLY, tmp_path)
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert "never rotated since, 410 days longer ago than the 90 days allowed; no schedule is on" in said(verdict)


@pytest.mark.parametrize(("operation", "right"), [("KeyGet", "keys/get"), ("KeyListVersions", "keys/list")])
def test_wrong_answer_1_a_denied_read_is_neither_a_failure_nor_a_pass(
    double: AzureKeyVaultDouble, tmp_path: Path, operation: str, right: str
) -> None:
    key = seeded(double, KeySeed(name="cmk", created=ago(500)))
    double.faults = Faults(denies=frozenset({operation}))
    verdict = judged(key, "rotation-schedule", QUARTERLY, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert f"allow {right} on" in said(verdict)


@pytest.mark.parametrize("kty", ["RSA", "EC-HSM"])
@pytest.mark.parametrize(
    ("days_ago", "ruling"),
    [((30,), Ruling.INCONCLUSIVE), ((300,), Ruling.NOT_SATISFIED), ((300, 30), Ruling.SATISFIED)],
)
def test_wrong_answer_2_keys_that_do_not_rotate_by_themselves_are_judged_by_what_happened(
    double: AzureKeyVaultDouble, tmp_path: Path, kty: str, days_ago: tuple[int, ...], ruling: Ruling
) -> None:
    """A key without a policy: made, and given further versions by hand."""
    made, *later = map(ago, days_ago)
    seed = KeySeed(name="cmk", kty=kty, created=made, rotations=tuple(later))
    verdict = judged(seeded(double, seed), "rotation-schedule", QUARTERLY, tmp_path)
    assert verdict.ruling is ruling, said(verdict)


def test_wrong_answer_3_a_policy_that_is_on_is_not_a_rotation_that_happened(
    double: AzureKeyVaultDouble, tmp_path: Path
) -> None:
    double.faults = Faults(skips_scheduled_rotation=True)
    seed = KeySeed(name="cmk", created=ago(200), rotate_after="P90D")
    verdict = judged(seeded(double, seed), "rotation-schedule", QUARTERLY, tmp_path)
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert "never rotated since" in said(verdict)
    assert "it rotates by itself every 90 days" in said(verdict)


# drills


def test_a_vendor_that_loses_access_in_time_is_satisfied_as_observed(
    double: AzureKeyVaultDouble, tmp_path: Path
) -> None:
    key = seeded(double)
    with vendor(double) as path:
        reading = key.model_copy(update={"data_path": azure_key(double, key.identifier, data_path=path).data_path})
        verdict = judged(reading, "revocation-drill", IN_A_MINUTE, tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.OBSERVED), said(verdict)
    assert "The vendor's data path stopped serving" in said(verdict)
    assert flags(double) == [True]


def test_a_vendor_that_serves_from_a_kept_data_key_is_contradicted(double: AzureKeyVaultDouble, tmp_path: Path) -> None:
    identifier = double.seed_key(KeySeed(name="cmk"))
    with vendor(double, keep_s=600) as path:
        key = azure_key(double, identifier, data_path=path, drill={**FAST, "give_up_after": "2 s"})
        at_once = RevocationDrill(dark_within=timedelta(seconds=0.5))
        verdict = judged(key, "revocation-drill", at_once, tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.NOT_SATISFIED, Assurance.OBSERVED)
    assert flags(double) == [True]


def test_a_provider_that_ignores_the_disabling_leaves_the_vendor_undecided(
    double: AzureKeyVaultDouble, tmp_path: Path
) -> None:
    double.faults = Faults(ignores_disable=True)
    key = seeded(double, drill={**FAST, "give_up_after": "1 s"})
    verdict = judged(key, "revocation-drill", IN_A_MINUTE, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "not seen to refuse the disabled key" in said(verdict)


def test_a_rotation_that_does_what_it_should_is_satisfied_as_observed(
    double: AzureKeyVaultDouble, tmp_path: Path
) -> None:
    verdict = judged(seeded(double), "rotation-drill", RotationDrill(), tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.OBSERVED), said(verdict)
    assert "Left behind: the new version stays" in said(verdict)


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (Faults(loses_old_material=True), "no longer decrypts, tried twice: BadParameter"),
        (Faults(rotation_keeps_material=True), "although the provider shows the rotation as completed"),
    ],
)
def test_a_rotation_that_loses_or_keeps_the_old_key_is_contradicted(
    double: AzureKeyVaultDouble, tmp_path: Path, faults: Faults, says: str
) -> None:
    double.faults = faults
    key = seeded(double, drill={**FAST, "give_up_after": "1.5 s"})
    verdict = judged(key, "rotation-drill", RotationDrill(within=timedelta(seconds=0.3)), tmp_path)
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert says in said(verdict)
