from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from clauseproof.sandbox.kms.aws import AwsKmsDouble, CustomKeyStore, KeySeed
from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.faults import Faults

if TYPE_CHECKING:
    from tests.sandbox.kms.aws.conftest import Connect

CREATED = datetime(2025, 1, 1, tzinfo=UTC)


def test_an_old_ciphertext_opens_under_the_old_material_and_a_new_one_under_the_new(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        before = kms.encrypt(KeyId=key, Plaintext=b"canary")["CiphertextBlob"]
        kms.rotate_key_on_demand(KeyId=key)
        after = kms.encrypt(KeyId=key, Plaintext=b"canary")["CiphertextBlob"]
        old, new = kms.decrypt(CiphertextBlob=before), kms.decrypt(CiphertextBlob=after)
        current = kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
    assert old["Plaintext"] == new["Plaintext"] == b"canary"
    assert old["KeyMaterialId"] != new["KeyMaterialId"] == current


def test_a_rotation_in_progress_shows_its_start_until_it_is_done(connect: "Connect") -> None:
    tick = [0.0]
    with AwsKmsDouble(faults=Faults(rotation_duration_s=60), clock=Clock(ticks=lambda: tick[0])) as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        kms.rotate_key_on_demand(KeyId=key)
        during = kms.get_key_rotation_status(KeyId=key)
        with pytest.raises(kms.exceptions.ConflictException):
            kms.rotate_key_on_demand(KeyId=key)
        listed = kms.list_key_rotations(KeyId=key)["Rotations"]
        tick[0] = 60
        after = kms.get_key_rotation_status(KeyId=key)
        done = kms.list_key_rotations(KeyId=key)["Rotations"]
    assert ["OnDemandRotationStartDate" in status for status in (during, after)] == [True, False]
    assert (listed, [rotation["RotationType"] for rotation in done]) == ([], ["ON_DEMAND"])


def test_all_key_material_includes_the_one_that_no_rotation_brought(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        key = double.seed_key(KeySeed(created=CREATED, rotations=(CREATED + timedelta(days=365),)))
        listed = connect(double).list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert [(entry["KeyMaterialState"], entry.get("RotationType")) for entry in listed] == [
        ("NON_CURRENT", None),
        ("CURRENT", "AUTOMATIC"),
    ]


def test_a_seeded_history_reads_as_it_happened(connect: "Connect") -> None:
    year = timedelta(days=365)
    now = CREATED + 2 * year + timedelta(days=10)
    with AwsKmsDouble(clock=Clock(now=lambda: now)) as double:
        kms = connect(double)
        seed = KeySeed(
            created=CREATED,
            rotations=(CREATED + year, CREATED + 2 * year),
            on_demand_rotations=(CREATED + timedelta(days=30),),
            rotation_period_days=365,
        )
        key = double.seed_key(seed)
        rotations = kms.list_key_rotations(KeyId=key)["Rotations"]
        status = kms.get_key_rotation_status(KeyId=key)
    assert [(r["RotationDate"], r["RotationType"]) for r in rotations] == [
        (CREATED + timedelta(days=30), "ON_DEMAND"),
        (CREATED + year, "AUTOMATIC"),
        (CREATED + 2 * year, "AUTOMATIC"),
    ]
    assert (status["RotationPeriodInDays"], status["NextRotationDate"]) == (365, CREATED + 3 * year)


def test_a_schedule_is_shown_only_while_it_is_on(connect: "Connect") -> None:
    with AwsKmsDouble(clock=Clock(now=lambda: CREATED)) as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        before = kms.get_key_rotation_status(KeyId=key)
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
        on = kms.get_key_rotation_status(KeyId=key)
        kms.disable_key_rotation(KeyId=key)
        after = kms.get_key_rotation_status(KeyId=key)
    assert [status["KeyRotationEnabled"] for status in (before, on, after)] == [False, True, False]
    assert (on["RotationPeriodInDays"], on["NextRotationDate"]) == (90, CREATED + timedelta(days=90))
    assert not {"RotationPeriodInDays", "NextRotationDate"} & (before.keys() | after.keys())


def test_the_schedule_goes_off_while_deletion_is_pending(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed(rotation_period_days=365))
        kms.schedule_key_deletion(KeyId=key)
        assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
        kms.cancel_key_deletion(KeyId=key)
        assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True


def test_the_26th_rotation_on_demand_is_one_too_many(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        dates = tuple(CREATED + timedelta(days=day) for day in range(1, 25))
        key = double.seed_key(KeySeed(created=CREATED, on_demand_rotations=dates))
        kms.rotate_key_on_demand(KeyId=key)
        with pytest.raises(kms.exceptions.LimitExceededException):
            kms.rotate_key_on_demand(KeyId=key)


def test_a_disabled_key_does_not_rotate(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        kms.disable_key(KeyId=key)
        with pytest.raises(kms.exceptions.DisabledException):
            kms.rotate_key_on_demand(KeyId=key)


@pytest.mark.parametrize(
    "seed",
    [
        KeySeed(spec="HMAC_256", usage="GENERATE_VERIFY_MAC"),
        KeySeed(spec="ECC_NIST_P256", usage="SIGN_VERIFY"),
        KeySeed(origin="EXTERNAL_KEY_STORE", store="cks-1234567890abcdef0"),
    ],
    ids=["hmac", "asymmetric", "external key store"],
)
def test_kinds_of_keys_that_cannot_rotate_say_so_on_every_question(connect: "Connect", seed: KeySeed) -> None:
    with AwsKmsDouble() as double:
        double.seed_store(CustomKeyStore(id="cks-1234567890abcdef0", name="own", created=CREATED))
        kms = connect(double)
        key = double.seed_key(seed)
        for ask in (kms.get_key_rotation_status, kms.list_key_rotations, kms.rotate_key_on_demand):
            with pytest.raises(kms.exceptions.UnsupportedOperationException):
                ask(KeyId=key)


def test_a_rotation_that_keeps_the_material_is_listed_and_changes_nothing(connect: "Connect") -> None:
    with AwsKmsDouble(faults=Faults(rotation_keeps_material=True)) as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        before = kms.decrypt(CiphertextBlob=kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"])["KeyMaterialId"]
        kms.rotate_key_on_demand(KeyId=key)
        after = kms.decrypt(CiphertextBlob=kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"])["KeyMaterialId"]
        listed = kms.list_key_rotations(KeyId=key)["Rotations"]
    assert (len(listed), after) == (1, before)
    assert listed[0]["KeyMaterialId"] != before


def test_lost_old_material_makes_old_ciphertexts_invalid(connect: "Connect") -> None:
    with AwsKmsDouble(faults=Faults(loses_old_material=True)) as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        blob = kms.encrypt(KeyId=key, Plaintext=b"canary")["CiphertextBlob"]
        kms.rotate_key_on_demand(KeyId=key)
        with pytest.raises(kms.exceptions.InvalidCiphertextException):
            kms.decrypt(CiphertextBlob=blob)


@pytest.mark.parametrize(("skips", "rotations"), [(False, 2), (True, 0)])
def test_a_schedule_is_kept_unless_the_provider_skips_it(connect: "Connect", skips: bool, rotations: int) -> None:
    now = CREATED + timedelta(days=800)
    with AwsKmsDouble(faults=Faults(skips_scheduled_rotation=skips), clock=Clock(now=lambda: now)) as double:
        kms = connect(double)
        key = double.seed_key(KeySeed(created=CREATED, rotation_period_days=365))
        assert len(kms.list_key_rotations(KeyId=key)["Rotations"]) == rotations
        assert kms.get_key_rotation_status(KeyId=key)["NextRotationDate"] == CREATED + timedelta(days=3 * 365)
