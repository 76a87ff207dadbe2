"""What AWS KMS says of a key, by the real SDK over the wire, and what its errors mean."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from clauseproof.facts.keys import (
    AwsKey,
    Custody,
    KeyState,
    Manager,
    Origin,
    Provider,
    Rotation,
    Schedule,
    Usage,
)
from clauseproof.model.errors import Denied, LookFailed, TimedOut, Unknowable, Unreachable
from clauseproof.probes.kms.aws import custody, rotation
from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY, AwsKmsDouble, Caller, CustomKeyStore, KeySeed
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.keys import aws_key, client, day, look

ABSENT = "49d865cd-fccb-4aea-84f0-f2c4e79678f9"


@pytest.fixture
def double() -> Iterator[AwsKmsDouble]:
    with AwsKmsDouble() as running:
        yield running


def seen(double: AwsKmsDouble, seed: KeySeed) -> Custody:
    return custody(aws_key(double, double.seed_key(seed)), look())


def rotated(double: AwsKmsDouble, seed: KeySeed) -> Rotation:
    key = aws_key(double, double.seed_key(seed))
    return rotation(key, custody(key, look()), look())


def test_custody_of_an_ordinary_key(double: AwsKmsDouble) -> None:
    arn = double.seed_key(KeySeed(created=day("2026-01-02")))
    assert custody(aws_key(double, arn), look()) == Custody(
        provider=Provider.AWS,
        target=arn,
        owner="111122223333",
        manager=Manager.CUSTOMER,
        origin=Origin.PROVIDER_MADE,
        state=KeyState.ENABLED,
        usage=Usage.ENCRYPT_DECRYPT,
        spec="SYMMETRIC_DEFAULT",
        created=day("2026-01-02"),
        partition="aws",
        region="eu-central-1",
        multi_region=False,
        replicas=(),
        store=None,
        protection=None,
        material_expires=None,
        deletion=None,
    )


def test_custody_modes_are_told_apart(double: AwsKmsDouble) -> None:
    for kind, name in (("EXTERNAL_KEY_STORE", "cks-1"), ("AWS_CLOUDHSM", "cks-2")):
        double.seed_store(CustomKeyStore(id=name, name=name, kind=kind, created=datetime.now(UTC)))
    imported = seen(double, KeySeed(origin="EXTERNAL", material=b"m" * 32, expires=day("2099-01-01")))
    assert (imported.origin, imported.material_expires) == (Origin.IMPORTED, day("2099-01-01"))
    external = seen(double, KeySeed(origin="EXTERNAL_KEY_STORE", store="cks-1", xks_key="k"))
    assert (external.origin, external.store) == (Origin.EXTERNAL_KEY_STORE, "cks-1")
    assert seen(double, KeySeed(origin="AWS_CLOUDHSM", store="cks-2")).origin is Origin.HSM_CLUSTER
    assert seen(double, KeySeed(manager="AWS")).manager is Manager.PROVIDER


def test_states_and_usages_are_told_apart(double: AwsKmsDouble) -> None:
    disabled, deleted = double.seed_key(KeySeed()), double.seed_key(KeySeed())
    client(double).disable_key(KeyId=disabled)
    client(double).schedule_key_deletion(KeyId=deleted, PendingWindowInDays=7)
    assert custody(aws_key(double, disabled), look()).state is KeyState.DISABLED
    pending = custody(aws_key(double, deleted), look())
    assert pending.state is KeyState.PENDING_DELETION
    assert pending.deletion is not None
    assert seen(double, KeySeed(origin="EXTERNAL")).state is KeyState.PENDING_IMPORT
    signing = seen(double, KeySeed(spec="ECC_NIST_P256", usage="SIGN_VERIFY"))
    assert (signing.usage, signing.spec) == (Usage.SIGN_VERIFY, "ECC_NIST_P256")


def test_replicas_are_the_other_regions(double: AwsKmsDouble) -> None:
    found = seen(double, KeySeed(replicas=("us-east-1", "eu-west-1")))
    assert (found.multi_region, found.replicas) == (True, ("eu-west-1", "us-east-1"))


def test_a_sovereign_partition_is_read_like_any_other() -> None:
    with AwsKmsDouble(partition="aws-eusc", region="eusc-de-east-1") as double:
        found = seen(double, KeySeed())
    assert (found.partition, found.region) == ("aws-eusc", "eusc-de-east-1")


def test_rotation_is_the_schedule_and_what_really_happened(double: AwsKmsDouble) -> None:
    found = rotated(
        double,
        KeySeed(
            created=day("2026-01-01"),
            rotations=(day("2026-04-01"), day("2026-09-28")),
            on_demand_rotations=(day("2026-06-01"),),
            rotation_period_days=2000,
        ),
    )
    assert (found.schedule, found.period_days) == (Schedule.ON, 2000)
    assert found.next_due is not None
    assert found.next_due > day("2026-09-28")
    assert found.events is not None
    assert [(event.at, event.automatic) for event in found.events] == [
        (day("2026-04-01"), True),
        (day("2026-06-01"), False),
        (day("2026-09-28"), True),
    ]
    assert all(event.material for event in found.events)


def test_a_long_history_is_read_to_its_end(double: AwsKmsDouble) -> None:
    past = tuple(datetime.fromtimestamp(86400 * n, UTC) for n in range(1, 251))
    found = rotated(double, KeySeed(created=datetime.fromtimestamp(0, UTC), rotations=past))
    assert found.events is not None
    assert tuple(event.at for event in found.events) == past


def test_no_schedule_and_no_rotation_are_seen_as_such(double: AwsKmsDouble) -> None:
    assert rotated(double, KeySeed()) == Rotation(
        schedule=Schedule.OFF, period_days=None, next_due=None, underway_since=None, events=()
    )


def test_kinds_that_cannot_rotate_are_not_asked_to(double: AwsKmsDouble) -> None:
    double.seed_store(CustomKeyStore(id="cks-1", name="x", created=datetime.now(UTC)))
    never = Rotation(schedule=Schedule.UNSUPPORTED, period_days=None, next_due=None, underway_since=None, events=None)
    assert rotated(double, KeySeed(spec="RSA_2048")) == never
    assert rotated(double, KeySeed(spec="HMAC_256", usage="GENERATE_VERIFY_MAC")) == never
    assert rotated(double, KeySeed(origin="EXTERNAL_KEY_STORE", store="cks-1", xks_key="k")) == never
    assert not any(call.operation == "GetKeyRotationStatus" for call in double.calls)


def test_an_imported_key_rotates_on_demand_only(double: AwsKmsDouble) -> None:
    found = rotated(double, KeySeed(origin="EXTERNAL", material=b"m" * 32, on_demand_rotations=(day("2026-06-01"),)))
    assert found.schedule is Schedule.UNSUPPORTED
    assert found.last is not None
    assert (found.last.at, found.last.automatic) == (day("2026-06-01"), False)


def test_each_call_is_noted_once(double: AwsKmsDouble) -> None:
    at = look()
    key = aws_key(double, double.seed_key(KeySeed()))
    rotation(key, custody(key, at), at)
    assert at.calls == ["kms:DescribeKey", "kms:GetKeyRotationStatus", "kms:ListKeyRotations"]


def failure(look_at: Callable[[], object]) -> LookFailed:
    with pytest.raises(LookFailed) as caught:
        look_at()
    return caught.value


def test_a_denied_call_names_the_missing_permission_and_the_key(double: AwsKmsDouble) -> None:
    key = aws_key(double, double.seed_key(KeySeed()))
    known = custody(key, look())
    double.bend(denies=frozenset({"GetKeyRotationStatus"}))
    error = failure(lambda: rotation(key, known, look()))
    assert isinstance(error, Denied)
    assert error.what == f"AWS refused kms:GetKeyRotationStatus on {key.arn}"
    assert f"allow kms:GetKeyRotationStatus on {key.arn}" in error.what_to_do


def test_a_key_that_is_not_there_or_no_longer(double: AwsKmsDouble) -> None:
    arn = f"arn:aws:kms:{double.region}:111122223333:key/{ABSENT}"
    for wrong in (arn, arn.replace(ABSENT, "nonsense")):
        error = failure(partial(custody, aws_key(double, wrong), look()))
        assert isinstance(error, Unknowable)
        assert wrong in error.what
        assert "deleted is gone" in error.what_to_do


def test_a_key_of_another_account_that_did_not_let_us_in(double: AwsKmsDouble) -> None:
    arn = double.seed_key(KeySeed(account="999988887777"))
    error = failure(lambda: custody(aws_key(double, arn), look()))
    assert isinstance(error, Denied)
    assert "the key is in account 999988887777" in error.what_to_do


def test_a_key_of_another_account_that_let_us_describe_it_shows_its_owner(double: AwsKmsDouble) -> None:
    root = {"AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::999988887777:root"]}
    policy = {"Statement": [{"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}]}
    key = aws_key(double, double.seed_key(KeySeed(account="999988887777", policy=json.dumps(policy))))
    known = custody(key, look())
    assert known.owner == "999988887777"
    error = failure(lambda: rotation(key, known, look()))
    assert isinstance(error, Denied), "its rotation is shown to its own account only"


def test_an_alias_is_explained_with_the_key_behind_it(double: AwsKmsDouble) -> None:
    arn = double.seed_key(KeySeed(alias="alias/crm"))
    alias = f"arn:aws:kms:{double.region}:111122223333:alias/crm"
    error = failure(lambda: custody(aws_key(double, alias), look()))
    assert isinstance(error, Unknowable)
    assert (f"{alias} is an alias" in error.what, arn in error.what_to_do) == (True, True)
    lost = failure(lambda: custody(aws_key(double, alias.replace("crm", "nothing")), look()))
    assert "write the key's own ARN" in lost.what_to_do


def test_credentials_of_another_partition_are_not_known_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEOFPUBLIC1")
    with AwsKmsDouble(partition="aws-eusc", region="eusc-de-east-1") as double:
        error = failure(lambda: seen(double, KeySeed()))
    assert isinstance(error, Denied)
    assert (
        "does not accept the credentials used for kms:DescribeKey in eusc-de-east-1, partition aws-eusc" in error.what
    )


def test_no_credentials_at_all(double: AwsKmsDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    error = failure(lambda: seen(double, KeySeed()))
    assert isinstance(error, Denied)
    assert "no AWS credentials were found" in error.what


def test_a_profile_that_is_configured_is_used_and_one_that_is_not_is_named(
    double: AwsKmsDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    double.admit(Caller(access_key="AKIAAUDITOR000000001", arn="arn:aws:iam::111122223333:user/auditor"))
    config = tmp_path / "config"
    config.write_text("[profile audit]\naws_access_key_id = AKIAAUDITOR000000001\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    arn = double.seed_key(KeySeed())
    custody(aws_key(double, arn, profile="audit"), look())
    assert double.calls[-1].caller == "AKIAAUDITOR000000001"
    error = failure(lambda: custody(aws_key(double, arn, profile="nobody"), look()))
    assert isinstance(error, Denied)
    assert "no profile nobody" in error.what


def test_changed_credentials_are_found_by_the_next_look(double: AwsKmsDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    double.admit(Caller(access_key="AKIAAUDITOR000000001", arn="arn:aws:iam::111122223333:user/auditor"))
    key = aws_key(double, double.seed_key(KeySeed()))
    custody(key, look())
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAAUDITOR000000001")
    custody(key, look())
    assert [call.caller for call in double.calls] == [BUYER_ACCESS_KEY, "AKIAAUDITOR000000001"]


@pytest.mark.parametrize(
    ("faults", "error", "says"),
    [
        (Faults(expired_credentials=True), Denied, "have expired"),
        (Faults(throttled_calls=EVERY), Unreachable, "throttled kms:DescribeKey"),
        (Faults(server_error_calls=EVERY), Unreachable, "failed at kms:DescribeKey"),
        (Faults(reset_calls=EVERY), Unreachable, "could not be reached"),
    ],
)
def test_trouble_on_the_way_is_told_apart_from_an_answer(
    double: AwsKmsDouble, faults: Faults, error: type[LookFailed], says: str
) -> None:
    key = aws_key(double, double.seed_key(KeySeed()))
    double.faults = faults
    caught = failure(lambda: custody(key, look()))
    assert type(caught) is error
    assert says in caught.what
    assert caught.what_to_do


def test_trouble_that_passes_is_overcome(double: AwsKmsDouble) -> None:
    key = aws_key(double, double.seed_key(KeySeed()))
    double.faults = Faults(throttled_calls=1, server_error_calls=1)
    assert custody(key, look()).owner == "111122223333"


def test_a_silent_service_ends_with_the_deadline(double: AwsKmsDouble) -> None:
    key = aws_key(double, double.seed_key(KeySeed()))
    double.faults = Faults(delay_s=30)
    at = look()
    at.deadline = at.clock() + 1
    assert isinstance(failure(lambda: custody(key, at)), TimedOut)


def test_nobody_at_the_endpoint(double: AwsKmsDouble) -> None:
    arn = double.seed_key(KeySeed())
    key = AwsKey.model_validate({"key": arn, "endpoint_url": "http://127.0.0.1:1"})
    assert isinstance(failure(lambda: custody(key, look())), Unreachable)
