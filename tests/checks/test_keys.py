"""Custody and rotation judged: over the wire through the engine, and rule by rule on facts built in sight."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from checks.keys import CustomerManagedKey, RotationSchedule, customer_managed_key, rotation_schedule
from clauseproof.facts.keys import (
    Custody,
    KeyState,
    Manager,
    Origin,
    Provider,
    Rotation,
    RotationEvent,
    Schedule,
    Usage,
)
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.verdict import Ruling, fold
from clauseproof.sandbox.kms.aws import AwsKmsDouble, CustomKeyStore, KeySeed
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.case import case, outcomes, texts
from tests.support.keyruns import judged, said
from tests.support.keys import NOW, aws_key, client

OURS = CustomerManagedKey(owner_account="111122223333")
QUARTERLY = RotationSchedule(every=timedelta(days=90))
HOLDS, BROKEN, UNKNOWN = Outcome.HOLDS, Outcome.BROKEN, Outcome.UNKNOWN


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def custody(**more: object) -> Custody:
    facts = {
        "provider": Provider.AWS,
        "target": "arn:aws:kms:eu-central-1:111122223333:key/k",
        "owner": "111122223333",
        "manager": Manager.CUSTOMER,
        "origin": Origin.PROVIDER_MADE,
        "state": KeyState.ENABLED,
        "usage": Usage.ENCRYPT_DECRYPT,
        "spec": "SYMMETRIC_DEFAULT",
        "created": ago(700),
        "partition": "aws",
        "region": "eu-central-1",
        "multi_region": False,
        "replicas": (),
        "store": None,
        "protection": None,
        "material_expires": None,
        "deletion": None,
    }
    return Custody.model_validate({**facts, **more})


def rotation(
    *days_ago: float, schedule: Schedule = Schedule.ON, period: float | None = 90, automatic: bool = True
) -> Rotation:
    events = tuple(RotationEvent(at=ago(d), automatic=automatic, material="m") for d in days_ago)
    shown = period if schedule is Schedule.ON else None
    return Rotation(schedule=schedule, period_days=shown, next_due=None, underway_since=None, events=events)


NEVER_LISTED = Rotation(
    schedule=Schedule.UNSUPPORTED, period_days=None, next_due=None, underway_since=None, events=None
)


def manual(*days_ago: float) -> Rotation:
    """Rotations on demand, and no schedule."""
    return rotation(*days_ago, schedule=Schedule.OFF, automatic=False)


def judge_rotation(seen: Rotation, kept: Custody | None = None, claim: RotationSchedule = QUARTERLY) -> list[Finding]:
    return list(rotation_schedule(claim, kept or custody(), seen, case(NOW)))


@pytest.fixture
def double() -> Iterator[AwsKmsDouble]:
    with AwsKmsDouble() as running:
        yield running


# customer-managed-key


def test_the_customers_own_key_is_satisfied_as_the_provider_reports(double: AwsKmsDouble, tmp_path: Path) -> None:
    verdict = judged(aws_key(double, double.seed_key(KeySeed())), "customer-managed-key", OURS, tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.REPORTED)


def test_a_key_that_the_provider_manages_is_not_the_customers(double: AwsKmsDouble, tmp_path: Path) -> None:
    verdict = judged(aws_key(double, double.seed_key(KeySeed(manager="AWS"))), "customer-managed-key", OURS, tmp_path)
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert "managed by the provider" in said(verdict)


def test_a_key_of_another_account_is_not_the_customers(double: AwsKmsDouble, tmp_path: Path) -> None:
    theirs = CustomerManagedKey(owner_account="999988887777")
    verdict = judged(aws_key(double, double.seed_key(KeySeed())), "customer-managed-key", theirs, tmp_path)
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert "belongs to account 111122223333, not to 999988887777" in said(verdict)


@pytest.mark.parametrize(
    ("arn", "says"),
    [
        ("arn:aws:kms:eu-central-1:111122223333:key/49d865cd-fccb-4aea-84f0-f2c4e79678f9", "knows no"),
        ("arn:aws:kms:eu-central-1:111122223333:key/nonsense", "knows no"),
        ("arn:aws:kms:eu-central-1:111122223333:alias/crm", "is an alias"),
        ("arn:aws:kms:eu-central-1:999988887777:key/49d865cd-fccb-4aea-84f0-f2c4e79678f9", "refused kms:DescribeKey"),
        ("arn:aws:kms:us-east-1:111122223333:key/49d865cd-fccb-4aea-84f0-f2c4e79678f9", "does not accept"),
    ],
)
def test_a_wrong_name_of_a_key_is_inconclusive_with_a_clear_sentence(
    double: AwsKmsDouble, tmp_path: Path, arn: str, says: str
) -> None:
    double.seed_key(KeySeed(alias="alias/crm"))
    verdict = judged(aws_key(double, arn), "customer-managed-key", OURS, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert says in said(verdict)
    assert "To settle it:" in said(verdict)


def test_a_key_that_is_about_to_be_deleted_is_shown_as_such(double: AwsKmsDouble, tmp_path: Path) -> None:
    arn = double.seed_key(KeySeed())
    client(double).schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    verdict = judged(aws_key(double, arn), "customer-managed-key", OURS, tmp_path)
    assert verdict.ruling is Ruling.SATISFIED
    assert "The key is pending-deletion at present" in said(verdict)


def test_credentials_of_another_partition_are_inconclusive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEOFPUBLIC1")
    with AwsKmsDouble(partition="aws-eusc", region="eusc-de-east-1") as sovereign:
        key = aws_key(sovereign, sovereign.seed_key(KeySeed()))
        verdict = judged(key, "customer-managed-key", OURS, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "credentials belong to one partition" in said(verdict)


def test_a_manager_that_the_provider_does_not_name_decides_nothing() -> None:
    assert outcomes(customer_managed_key(OURS, custody(manager=Manager.UNKNOWN))) == [HOLDS, UNKNOWN]


@pytest.mark.parametrize("account", ["12345678901", "1111-2222-3333", "1111222233334"])
def test_an_account_is_twelve_digits(account: str) -> None:
    with pytest.raises(ValidationError):
        CustomerManagedKey(owner_account=account)


# rotation-schedule, over the wire


def test_a_scheduled_key_that_really_rotated_is_satisfied(double: AwsKmsDouble, tmp_path: Path) -> None:
    seed = KeySeed(created=ago(200), rotations=(ago(110), ago(20)), rotation_period_days=90)
    verdict = judged(aws_key(double, double.seed_key(seed)), "rotation-schedule", QUARTERLY, tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.REPORTED)
    assert verdict.findings[0].until == ago(20) + timedelta(days=90)


def test_a_key_that_never_rotated_is_contradicted(double: AwsKmsDouble, tmp_path: Path) -> None:
    key = aws_key(double, double.seed_key(KeySeed(created=ago(500))))
    verdict = judged(key, "rotation-schedule", QUARTERLY, tmp_path)
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert "never rotated since, 410 days longer ago than the 90 days allowed; no schedule is on" in said(verdict)


def test_trouble_on_the_way_leaves_rotation_open(double: AwsKmsDouble, tmp_path: Path) -> None:
    key = aws_key(double, double.seed_key(KeySeed()))
    double.faults = Faults(server_error_calls=EVERY, affects=frozenset({"GetKeyRotationStatus"}))
    assert judged(key, "rotation-schedule", QUARTERLY, tmp_path).ruling is Ruling.INCONCLUSIVE


# rotation-schedule: wrong answers of other tools, each a regression case


@pytest.mark.parametrize("denied", ["GetKeyRotationStatus", "ListKeyRotations", "DescribeKey"])
def test_wrong_answer_1_a_denied_read_is_neither_a_failure_nor_a_pass(
    double: AwsKmsDouble, tmp_path: Path, denied: str
) -> None:
    arn = double.seed_key(KeySeed(created=ago(500)))
    double.faults = Faults(denies=frozenset({denied}))
    verdict = judged(aws_key(double, arn), "rotation-schedule", QUARTERLY, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert f"allow kms:{denied} on {arn}" in said(verdict)


@pytest.mark.parametrize(
    ("seed", "ruling"),
    [
        (KeySeed(spec="RSA_2048", usage="ENCRYPT_DECRYPT", created=ago(30)), Ruling.SATISFIED),
        (KeySeed(spec="ECC_NIST_P256", usage="SIGN_VERIFY", created=ago(30)), Ruling.SATISFIED),
        (KeySeed(spec="HMAC_256", usage="GENERATE_VERIFY_MAC", created=ago(30)), Ruling.SATISFIED),
        (KeySeed(origin="AWS_CLOUDHSM", store="cks-2", created=ago(30)), Ruling.SATISFIED),
        (KeySeed(origin="AWS_CLOUDHSM", store="cks-2", created=ago(300)), Ruling.NOT_SATISFIED),
        (KeySeed(spec="ECC_NIST_P256", usage="SIGN_VERIFY", created=ago(300)), Ruling.NOT_SATISFIED),
        (KeySeed(origin="EXTERNAL_KEY_STORE", store="cks-1", xks_key="k", created=ago(30)), Ruling.INCONCLUSIVE),
        (KeySeed(origin="EXTERNAL_KEY_STORE", store="cks-1", xks_key="k", created=ago(300)), Ruling.INCONCLUSIVE),
        (
            KeySeed(origin="EXTERNAL", material=b"m" * 32, created=ago(300), on_demand_rotations=(ago(30),)),
            Ruling.SATISFIED,
        ),
        (KeySeed(origin="EXTERNAL", material=b"m" * 32, created=ago(300)), Ruling.INCONCLUSIVE),
    ],
)
def test_wrong_answer_2_keys_that_cannot_rotate_by_themselves_are_judged_by_what_happened(
    double: AwsKmsDouble, tmp_path: Path, seed: KeySeed, ruling: Ruling
) -> None:
    for kind, name in (("EXTERNAL_KEY_STORE", "cks-1"), ("AWS_CLOUDHSM", "cks-2")):
        double.seed_store(CustomKeyStore(id=name, name=name, kind=kind, created=datetime.now(UTC)))
    verdict = judged(aws_key(double, double.seed_key(seed)), "rotation-schedule", QUARTERLY, tmp_path)
    assert verdict.ruling is ruling, said(verdict)


def test_wrong_answer_3_a_schedule_that_is_on_is_not_a_rotation_that_happened() -> None:
    findings = judge_rotation(rotation(200, schedule=Schedule.ON))
    assert outcomes(findings) == [BROKEN]
    assert "Last rotated on 2026-05-08 by schedule, 110 days longer ago than the 90 days allowed" in texts(findings)
    assert outcomes(judge_rotation(rotation(schedule=Schedule.ON))) == [BROKEN], "nor is one that never came"


def test_prowler_10434_a_manual_rotation_within_the_period_counts_without_a_schedule() -> None:
    findings = judge_rotation(manual(10))
    assert outcomes(findings) == [HOLDS]
    assert "somebody must rotate the key again by 2027-02-12" in texts(findings)


# rotation-schedule, rule by rule


def test_a_young_key_needs_a_schedule_that_will_rotate_it_in_time() -> None:
    young = custody(created=ago(10))
    assert outcomes(judge_rotation(rotation(), young)) == [HOLDS]
    assert outcomes(judge_rotation(rotation(period=365), young)) == [UNKNOWN]
    assert outcomes(judge_rotation(rotation(schedule=Schedule.OFF), young)) == [UNKNOWN]


def test_the_limit_is_the_contracts_to_the_second() -> None:
    assert outcomes(judge_rotation(manual(89.999))) == [HOLDS]
    assert outcomes(judge_rotation(manual(90))) == [BROKEN]


def test_a_scheduled_rotation_may_be_some_hours_late() -> None:
    assert outcomes(judge_rotation(rotation(90.5))) == [UNKNOWN]
    assert outcomes(judge_rotation(rotation(91))) == [BROKEN]


def test_the_newest_rotation_counts() -> None:
    assert outcomes(judge_rotation(manual(400, 300, 5))) == [HOLDS]


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        (rotation(10), HOLDS),
        (rotation(10, period=365), BROKEN),
        (rotation(10, period=None), UNKNOWN),
        (manual(10), BROKEN),
        (NEVER_LISTED, BROKEN),
    ],
)
def test_where_the_clause_demands_a_schedule_it_is_judged_too(seen: Rotation, outcome: Outcome) -> None:
    demanding = RotationSchedule(every=timedelta(days=90), automatic=True)
    assert outcomes(judge_rotation(seen, custody(created=ago(20)), demanding))[0] is outcome


def test_a_key_that_is_off_does_not_rotate_and_says_so() -> None:
    assert "such a key does not rotate" in texts(judge_rotation(rotation(10), custody(state=KeyState.DISABLED)))


def test_the_same_facts_give_another_verdict_on_a_later_day() -> None:
    seen = manual(10)
    later = rotation_schedule(QUARTERLY, custody(), seen, case(NOW + timedelta(days=100)))
    assert fold(later, Assurance.STATED)[0] is Ruling.NOT_SATISFIED
