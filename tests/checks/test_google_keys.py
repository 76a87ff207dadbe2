"""The claims on keys judged for Google Cloud KMS, over the wire through the engine."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.drills import RevocationDrill, RotationDrill
from checks.keys import CustomerManagedKey, RotationSchedule
from clauseproof.facts.google import GoogleKey
from clauseproof.model.assurance import Assurance
from clauseproof.model.verdict import Ruling
from clauseproof.sandbox.kms.faults import EVERY, Faults
from clauseproof.sandbox.kms.google import Algorithm, GoogleKmsDouble, KeySeed, Level, Purpose, State
from tests.support.googlekeys import destroy, google_key, usable, vendor
from tests.support.keyruns import judged, said
from tests.support.keys import FAST, NOW

RING = "projects/buyer-prod/locations/europe-west3/keyRings/crm"
OURS = CustomerManagedKey(owner_account="buyer-prod")
QUARTERLY = RotationSchedule(every=timedelta(days=90))
SIGNS: dict[str, Any] = {"purpose": Purpose.ASYMMETRIC_SIGN, "algorithm": Algorithm.EC_SIGN_P256_SHA256}
EXTERNAL: dict[str, Any] = {"level": Level.EXTERNAL, "external_uri": "https://ekm.buyer.example/k"}


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def within(seconds: float) -> RevocationDrill:
    return RevocationDrill(dark_within=timedelta(seconds=seconds))


@pytest.fixture
def double() -> Iterator[GoogleKmsDouble]:
    with GoogleKmsDouble() as running:
        yield running


# customer-managed-key


def test_the_customers_own_key_is_satisfied_as_the_provider_reports(double: GoogleKmsDouble, tmp_path: Path) -> None:
    key = google_key(double, double.seed_key(KeySeed(id="k")))
    verdict = judged(key, "customer-managed-key", OURS, tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.REPORTED)
    assert "The key belongs to project buyer-prod" in said(verdict)


def test_a_key_of_another_project_is_not_the_customers(tmp_path: Path) -> None:
    with GoogleKmsDouble(project="vendor-prod") as double:
        key = google_key(double, double.seed_key(KeySeed(id="k")))
        verdict = judged(key, "customer-managed-key", OURS, tmp_path)
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert "belongs to project vendor-prod, not to buyer-prod" in said(verdict)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (f"{RING}/cryptoKeys/nobody", "Cloud KMS knows no"),
        (f"{RING}-old/cryptoKeys/k", "Cloud KMS knows no"),
        (f"{RING.replace('buyer-prod', 'vendor-prod')}/cryptoKeys/k", "the caller lacks cloudkms.cryptoKeys.get"),
    ],
)
def test_a_wrong_name_of_a_key_is_inconclusive_with_a_clear_sentence(
    double: GoogleKmsDouble, tmp_path: Path, name: str, says: str
) -> None:
    double.seed_key(KeySeed(id="k"))
    verdict = judged(google_key(double, name), "customer-managed-key", OURS, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert says in said(verdict)
    assert "To settle it:" in said(verdict)


def test_a_key_that_is_about_to_be_destroyed_is_shown_as_such(double: GoogleKmsDouble, tmp_path: Path) -> None:
    name = double.seed_key(KeySeed(id="k"))
    destroy(double, name, 1)
    verdict = judged(google_key(double, name), "customer-managed-key", OURS, tmp_path)
    assert verdict.ruling is Ruling.SATISFIED
    assert "The key is pending-deletion at present" in said(verdict)


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (Faults(denies=frozenset({"GetCryptoKey"})), "grant cloudkms.cryptoKeys.get on"),
        (Faults(expired_credentials=True), "does not accept the credentials"),
        (Faults(throttled_calls=EVERY), "throttled"),
        (Faults(server_error_calls=EVERY), "run again later"),
        (Faults(reset_calls=EVERY), "could not be reached"),
    ],
)
def test_trouble_on_the_way_leaves_the_owner_open(
    double: GoogleKmsDouble, tmp_path: Path, faults: Faults, says: str
) -> None:
    key = google_key(double, double.seed_key(KeySeed(id="k")))
    double.faults = faults
    verdict = judged(key, "customer-managed-key", OURS, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert says in said(verdict)


def test_nobody_at_the_endpoint_is_inconclusive(tmp_path: Path) -> None:
    key = GoogleKey.model_validate({"key": f"{RING}/cryptoKeys/k", "endpoint": "127.0.0.1:1", "insecure": True})
    verdict = judged(key, "customer-managed-key", OURS, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "check network, location and endpoint" in said(verdict)


# rotation-schedule


def test_a_scheduled_key_that_really_rotated_is_satisfied(double: GoogleKmsDouble, tmp_path: Path) -> None:
    seed = KeySeed(id="k", created=ago(200), rotations=(ago(110), ago(20)), rotation_period=timedelta(days=90))
    key = google_key(double, double.seed_key(seed))
    verdict = judged(key, "rotation-schedule", RotationSchedule(every=timedelta(days=90), automatic=True), tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.REPORTED)
    assert "Last rotated on 2026-11-04, within 90 days" in said(verdict)


def test_a_key_that_never_rotated_is_contradicted(double: GoogleKmsDouble, tmp_path: Path) -> None:
    key = google_key(double, double.seed_key(KeySeed(id="k", created=ago(500))))
    verdict = judged(key, "rotation-schedule", QUARTERLY, tmp_path)
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert "never rotated since, 410 days longer ago than the 90 days allowed; no schedule is on" in said(verdict)


@pytest.mark.parametrize(
    ("denied", "permission"),
    [("GetCryptoKey", "cloudkms.cryptoKeys.get"), ("ListCryptoKeyVersions", "cloudkms.cryptoKeyVersions.list")],
)
def test_wrong_answer_1_a_denied_read_is_neither_a_failure_nor_a_pass(
    double: GoogleKmsDouble, tmp_path: Path, denied: str, permission: str
) -> None:
    name = double.seed_key(KeySeed(id="k", created=ago(500)))
    double.faults = Faults(denies=frozenset({denied}))
    verdict = judged(google_key(double, name), "rotation-schedule", QUARTERLY, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert f"grant {permission} on {name}" in said(verdict)


@pytest.mark.parametrize(
    ("seed", "ruling"),
    [
        (KeySeed(id="k", **SIGNS, created=ago(30)), Ruling.INCONCLUSIVE),
        (KeySeed(id="k", **SIGNS, created=ago(300)), Ruling.NOT_SATISFIED),
        (KeySeed(id="k", **SIGNS, created=ago(300), rotations=(ago(30),)), Ruling.SATISFIED),
        (KeySeed(id="k", imported="job", created=ago(300), rotations=(ago(30),)), Ruling.SATISFIED),
        (KeySeed(id="k", imported="job", created=ago(300)), Ruling.INCONCLUSIVE),
        (KeySeed(id="k", **EXTERNAL, created=ago(30)), Ruling.INCONCLUSIVE),
        (KeySeed(id="k", **EXTERNAL, created=ago(300)), Ruling.INCONCLUSIVE),
    ],
)
def test_wrong_answer_2_keys_that_cannot_rotate_by_themselves_are_judged_by_what_happened(
    double: GoogleKmsDouble, tmp_path: Path, seed: KeySeed, ruling: Ruling
) -> None:
    verdict = judged(google_key(double, double.seed_key(seed)), "rotation-schedule", QUARTERLY, tmp_path)
    assert verdict.ruling is ruling, said(verdict)


def test_wrong_answer_3_a_schedule_that_is_on_is_not_a_rotation_that_happened(
    double: GoogleKmsDouble, tmp_path: Path
) -> None:
    double.faults = Faults(skips_scheduled_rotation=True)
    seed = KeySeed(id="k", created=ago(500), rotation_period=timedelta(days=90))
    verdict = judged(google_key(double, double.seed_key(seed)), "rotation-schedule", QUARTERLY, tmp_path)
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert "never rotated since" in said(verdict)
    assert "it rotates by itself every 90 days" in said(verdict)


# revocation-drill


def test_a_vendor_that_loses_access_in_time_is_satisfied_as_observed(double: GoogleKmsDouble, tmp_path: Path) -> None:
    name = double.seed_key(KeySeed(id="k", created=ago(200), rotations=(ago(20),)))
    with vendor(double, name) as path:
        verdict = judged(google_key(double, name, data_path=path), "revocation-drill", within(60), tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.OBSERVED), said(verdict)
    assert "The vendor's data path stopped serving" in said(verdict)
    assert usable(double, name)


def test_a_vendor_that_serves_from_a_kept_data_key_is_contradicted(double: GoogleKmsDouble, tmp_path: Path) -> None:
    name = double.seed_key(KeySeed(id="k"))
    with vendor(double, name, keep_s=600) as path:
        key = google_key(double, name, data_path=path, drill={**FAST, "give_up_after": "2 s"})
        verdict = judged(key, "revocation-drill", within(0.5), tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.NOT_SATISFIED, Assurance.OBSERVED)
    assert usable(double, name)


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (Faults(denies=frozenset({"UpdateCryptoKeyVersion"})), "grant cloudkms.cryptoKeyVersions.update on"),
        (Faults(denies=frozenset({"Encrypt"})), "grant cloudkms.cryptoKeyVersions.useToEncrypt on"),
        (Faults(expired_credentials=True), "does not accept the credentials"),
        (Faults(throttled_calls=EVERY), "throttled"),
        (Faults(ignores_disable=True), "not seen to refuse the disabled key"),
    ],
)
def test_what_keeps_a_drill_from_seeing_leaves_it_open(
    double: GoogleKmsDouble, tmp_path: Path, faults: Faults, says: str
) -> None:
    name = double.seed_key(KeySeed(id="k"))
    double.faults = faults
    key = google_key(double, name, drill={**FAST, "give_up_after": "1 s"})
    verdict = judged(key, "revocation-drill", within(60), tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert says in said(verdict)


@pytest.mark.parametrize(
    ("seed", "says"),
    [
        (KeySeed(id="k", **SIGNS), "is a key for ASYMMETRIC_SIGN; the drill encrypts and decrypts"),
        (KeySeed(id="k", states={1: State.DISABLED}), "a drill gives a key back as it found it"),
        (KeySeed(id="k", states={1: State.DESTROYED}), "is DESTROYED"),
    ],
)
@pytest.mark.parametrize("kind", ["revocation-drill", "rotation-drill"])
def test_a_key_that_cannot_be_drilled_is_inconclusive_and_untouched(
    double: GoogleKmsDouble, tmp_path: Path, kind: str, seed: KeySeed, says: str
) -> None:
    key = google_key(double, double.seed_key(seed))
    claim = within(60) if kind == "revocation-drill" else RotationDrill()
    verdict = judged(key, kind, claim, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert says in said(verdict)
    assert {call.operation for call in double.calls} <= {"GetCryptoKey", "ListCryptoKeyVersions"}


# rotation-drill


def test_a_rotation_that_works_is_satisfied_and_says_what_stays(double: GoogleKmsDouble, tmp_path: Path) -> None:
    key = google_key(double, double.seed_key(KeySeed(id="k")))
    verdict = judged(key, "rotation-drill", RotationDrill(), tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.OBSERVED), said(verdict)
    assert "Left behind: version 2 stays until it is destroyed" in said(verdict)
    assert "Left behind: version 2 stays primary; version 1" in said(verdict)


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (Faults(rotation_keeps_material=True), "New data was still under the old material"),
        (Faults(loses_old_material=True), "no longer decrypts, tried twice: INVALID_ARGUMENT"),
    ],
)
def test_a_rotation_that_does_not_work_is_contradicted(
    double: GoogleKmsDouble, tmp_path: Path, faults: Faults, says: str
) -> None:
    double.faults = faults
    key = google_key(double, double.seed_key(KeySeed(id="k")), drill={**FAST, "give_up_after": "1 s"})
    verdict = judged(key, "rotation-drill", RotationDrill(within=timedelta(seconds=0.3)), tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.NOT_SATISFIED, Assurance.OBSERVED), said(verdict)
    assert says in said(verdict)


def test_a_rotation_that_was_not_seen_to_its_end_is_inconclusive(double: GoogleKmsDouble, tmp_path: Path) -> None:
    double.faults = Faults(rotation_duration_s=60)
    key = google_key(double, double.seed_key(KeySeed(id="k")), drill={**FAST, "give_up_after": "0.5 s"})
    verdict = judged(key, "rotation-drill", RotationDrill(within=timedelta(seconds=60)), tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
