"""What Cloud KMS says of a key, by the real client over gRPC, and what its errors mean."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from google.api_core import exceptions
from google.rpc.error_details_pb2 import ErrorInfo, PreconditionFailure  # type: ignore[import-untyped]

from clauseproof.facts.google import GoogleKey
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
from clauseproof.probes.kms.google import custody, rotation
from clauseproof.probes.kms.google_errors import REFUSALS, code_of, explain
from clauseproof.sandbox.kms.faults import EVERY, Faults
from clauseproof.sandbox.kms.google import Algorithm, GoogleKmsDouble, KeySeed, Level, Purpose, State
from tests.support.googlekeys import client, destroy, google_key, make_version, turn
from tests.support.keys import day, look

FailedPrecondition: Any = exceptions.FailedPrecondition
PermissionDenied: Any = exceptions.PermissionDenied
ServiceUnavailable: Any = exceptions.ServiceUnavailable
RING = "projects/buyer-prod/locations/europe-west3/keyRings/crm"
SIGNING = KeySeed(id="signing", purpose=Purpose.ASYMMETRIC_SIGN, algorithm=Algorithm.EC_SIGN_P256_SHA256)


@pytest.fixture
def double() -> Iterator[GoogleKmsDouble]:
    with GoogleKmsDouble() as running:
        yield running


def seen(double: GoogleKmsDouble, seed: KeySeed) -> Custody:
    return custody(google_key(double, double.seed_key(seed)), look())


def rotated(double: GoogleKmsDouble, seed: KeySeed) -> Rotation:
    key = google_key(double, double.seed_key(seed))
    return rotation(key, custody(key, look()), look())


def failure(look_at: Callable[[], object]) -> LookFailed:
    with pytest.raises(LookFailed) as caught:
        look_at()
    return caught.value


# custody


def test_custody_of_an_ordinary_key(double: GoogleKmsDouble) -> None:
    at = look()
    name = double.seed_key(KeySeed(id="contacts", created=day("2026-01-02")))
    assert custody(google_key(double, name), at) == Custody(
        provider=Provider.GOOGLE,
        target=name,
        owner="buyer-prod",
        manager=Manager.CUSTOMER,
        origin=Origin.PROVIDER_MADE,
        state=KeyState.ENABLED,
        usage=Usage.ENCRYPT_DECRYPT,
        spec="GOOGLE_SYMMETRIC_ENCRYPTION",
        created=day("2026-01-02"),
        partition="googleapis.com",
        region="europe-west3",
        multi_region=False,
        replicas=(),
        store=None,
        protection=Protection.SOFTWARE,
        material_expires=None,
        deletion=None,
    )
    assert at.calls == ["cloudkms.GetCryptoKey"]


@pytest.mark.parametrize(
    ("seed", "origin", "protection"),
    [
        (KeySeed(id="k", imported="job"), Origin.IMPORTED, Protection.SOFTWARE),
        (KeySeed(id="k", imported="job", level=Level.HSM), Origin.IMPORTED, Protection.HSM),
        (KeySeed(id="k", level=Level.HSM), Origin.PROVIDER_MADE, Protection.HSM),
        (KeySeed(id="k", level=Level.HSM_SINGLE_TENANT), Origin.SINGLE_TENANT_HSM, Protection.SINGLE_TENANT_HSM),
        (
            KeySeed(id="k", level=Level.EXTERNAL, external_uri="https://ekm.buyer.example/k"),
            Origin.EXTERNAL_KEY_STORE,
            Protection.EXTERNAL,
        ),
        (
            KeySeed(id="k", level=Level.EXTERNAL_VPC, external_path="v0/k", backend="projects/b/ekmConnections/c"),
            Origin.EXTERNAL_KEY_STORE,
            Protection.EXTERNAL,
        ),
    ],
)
def test_custody_modes_are_told_apart(
    double: GoogleKmsDouble, seed: KeySeed, origin: Origin, protection: Protection
) -> None:
    found = seen(double, seed)
    assert (found.origin, found.protection, found.store) == (origin, protection, seed.backend or None)


def test_the_state_is_that_of_the_version_that_encrypts(double: GoogleKmsDouble) -> None:
    name = double.seed_key(KeySeed(id="k", created=day("2026-01-01"), rotations=(day("2026-06-01"),)))
    key = google_key(double, name)
    turn(double, name, 1, "DISABLED")
    assert custody(key, look()).state is KeyState.ENABLED, "an old version may be off"
    turn(double, name, 2, "DISABLED")
    assert custody(key, look()).state is KeyState.DISABLED
    destroy(double, name, 2)
    pending = custody(key, look())
    assert pending.state is KeyState.PENDING_DELETION
    assert pending.deletion is not None


def test_a_key_whose_material_is_destroyed_is_told_from_one_that_is_off(double: GoogleKmsDouble) -> None:
    assert seen(double, KeySeed(id="k", states={1: State.DESTROYED})).state is KeyState.DESTROYED


def test_a_key_that_waits_for_its_first_import(double: GoogleKmsDouble) -> None:
    template = {"algorithm": Algorithm.GOOGLE_SYMMETRIC_ENCRYPTION}
    wanted = {"purpose": Purpose.ENCRYPT_DECRYPT, "version_template": template, "import_only": True}
    made = client(double).create_crypto_key(
        request={"parent": double.ring, "crypto_key_id": "empty", "crypto_key": wanted}
    )
    found = custody(google_key(double, made.name), look())
    assert (found.state, found.origin) == (KeyState.PENDING_IMPORT, Origin.UNKNOWN)


def test_a_key_without_a_primary_version_is_seen_by_its_newest_usable_one(double: GoogleKmsDouble) -> None:
    at = look()
    name = double.seed_key(SIGNING)
    found = custody(google_key(double, name), at)
    assert (found.usage, found.spec, found.state) == (Usage.SIGN_VERIFY, "EC_SIGN_P256_SHA256", KeyState.ENABLED)
    assert at.calls == ["cloudkms.GetCryptoKey", "cloudkms.ListCryptoKeyVersions"]
    turn(double, name, 1, "DISABLED")
    assert custody(google_key(double, name), look()).state is KeyState.DISABLED


@pytest.mark.parametrize(
    ("location", "many"), [("europe-west3", False), ("europe", True), ("eur4", True), ("global", True)]
)
def test_a_location_of_several_regions_is_told_from_a_region(location: str, many: bool) -> None:
    with GoogleKmsDouble(location=location) as double:
        found = seen(double, KeySeed(id="k"))
    assert (found.region, found.multi_region) == (location, many)


def test_a_sovereign_universe_is_the_partition(double: GoogleKmsDouble) -> None:
    key = google_key(double, double.seed_key(KeySeed(id="k")), universe_domain="s3nsapis.fr")
    assert custody(key, look()).partition == "s3nsapis.fr"


# rotation


def test_rotation_is_the_schedule_and_the_making_of_each_version(double: GoogleKmsDouble) -> None:
    seed = KeySeed(
        id="k",
        created=day("2026-01-01"),
        rotations=(day("2026-04-01"), day("2026-09-28")),
        rotation_period=timedelta(days=2000),
    )
    found = rotated(double, seed)
    assert (found.schedule, found.period_days) == (Schedule.ON, 2000)
    assert found.next_due == day("2026-09-28") + timedelta(days=2000)
    assert found.events is not None
    assert [(event.at, event.automatic, event.material) for event in found.events] == [
        (day("2026-04-01"), None, "2"),
        (day("2026-09-28"), None, "3"),
    ]


def test_a_version_that_never_became_primary_rotated_nothing(double: GoogleKmsDouble) -> None:
    name = double.seed_key(KeySeed(id="k", created=day("2026-01-01")))
    make_version(double, name)
    key = google_key(double, name)
    assert rotation(key, custody(key, look()), look()).events == ()


def test_a_period_without_a_next_date_is_no_schedule(double: GoogleKmsDouble) -> None:
    """prowler #4617"""
    name = double.seed_key(KeySeed(id="k", rotation_period=timedelta(days=90)))
    client(double).update_crypto_key(
        request={"crypto_key": {"name": name}, "update_mask": {"paths": ["next_rotation_time"]}}
    )
    key = google_key(double, name)
    found = rotation(key, custody(key, look()), look())
    assert (found.schedule, found.period_days, found.next_due) == (Schedule.OFF, None, None)


@pytest.mark.parametrize(
    ("seed", "schedule"),
    [
        (KeySeed(id="k"), Schedule.OFF),
        (KeySeed(id="k", level=Level.HSM), Schedule.OFF),
        (KeySeed(id="k", imported="job", import_only=True), Schedule.UNSUPPORTED),
        (KeySeed(id="k", level=Level.EXTERNAL, external_uri="https://ekm.buyer.example/k"), Schedule.UNSUPPORTED),
        (SIGNING, Schedule.UNSUPPORTED),
    ],
)
def test_kinds_that_rotate_by_themselves_are_told_from_those_that_cannot(
    double: GoogleKmsDouble, seed: KeySeed, schedule: Schedule
) -> None:
    assert rotated(double, seed).schedule is schedule


def test_a_long_history_is_read_to_its_end(double: GoogleKmsDouble) -> None:
    past = tuple(day("1990-01-01") + timedelta(days=n) for n in range(1, 1101))
    found = rotated(double, KeySeed(id="k", created=day("1990-01-01"), rotations=past))
    assert found.events is not None
    assert tuple(event.at for event in found.events) == past
    assert [call.operation for call in double.calls].count("ListCryptoKeyVersions") == 2


# errors


def test_a_denied_call_names_the_missing_permission_and_the_key(double: GoogleKmsDouble) -> None:
    key = google_key(double, double.seed_key(KeySeed(id="k")))
    double.faults = Faults(denies=frozenset({"GetCryptoKey"}))
    error = failure(lambda: custody(key, look()))
    assert isinstance(error, Denied)
    assert error.what == (
        f"Google refused cloudkms.GetCryptoKey on {key.name}: the caller lacks cloudkms.cryptoKeys.get"
    )
    assert f"grant cloudkms.cryptoKeys.get on {key.name}" in error.what_to_do


def test_a_key_that_is_not_there(double: GoogleKmsDouble) -> None:
    name = f"{RING}/cryptoKeys/nobody"
    error = failure(lambda: custody(google_key(double, name), look()))
    assert isinstance(error, Unknowable)
    assert name in error.what
    assert "deleted is gone" in error.what_to_do


def test_a_key_of_another_project_that_did_not_let_us_in(double: GoogleKmsDouble) -> None:
    name = RING.replace("buyer-prod", "somebody-else") + "/cryptoKeys/k"
    error = failure(lambda: custody(google_key(double, name), look()))
    assert isinstance(error, Denied)
    assert "Google answers the same where the resource does not exist" in error.what_to_do


@pytest.mark.parametrize(
    ("faults", "error", "says"),
    [
        (Faults(expired_credentials=True), Denied, "does not accept the credentials"),
        (Faults(throttled_calls=EVERY), Unreachable, "throttled cloudkms.GetCryptoKey"),
        (Faults(server_error_calls=EVERY), Unreachable, "failed at cloudkms.GetCryptoKey"),
        (Faults(reset_calls=EVERY), Unreachable, "could not be reached"),
    ],
)
def test_trouble_on_the_way_is_told_apart_from_an_answer(
    double: GoogleKmsDouble, faults: Faults, error: type[LookFailed], says: str
) -> None:
    key = google_key(double, double.seed_key(KeySeed(id="k")))
    double.faults = faults
    caught = failure(lambda: custody(key, look()))
    assert type(caught) is error
    assert says in caught.what
    assert caught.what_to_do


def test_trouble_that_passes_is_overcome(double: GoogleKmsDouble) -> None:
    key = google_key(double, double.seed_key(KeySeed(id="k")))
    double.faults = Faults(throttled_calls=1, server_error_calls=1)
    assert custody(key, look()).owner == "buyer-prod"


def test_a_silent_service_ends_with_the_deadline(double: GoogleKmsDouble) -> None:
    key = google_key(double, double.seed_key(KeySeed(id="k")))
    double.faults = Faults(delay_s=5)
    at = look()
    at.deadline = at.clock() + 1
    assert isinstance(failure(lambda: custody(key, at)), TimedOut)


def test_nobody_at_the_endpoint() -> None:
    key = GoogleKey.model_validate({"key": f"{RING}/cryptoKeys/k", "endpoint": "127.0.0.1:1", "insecure": True})
    assert isinstance(failure(lambda: custody(key, look())), Unreachable)


def test_no_credentials_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDSDK_CONFIG", "/nowhere")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    key = GoogleKey.model_validate({"key": f"{RING}/cryptoKeys/k", "endpoint": "127.0.0.1:1"})
    error = failure(lambda: custody(key, look()))
    assert isinstance(error, Denied)
    assert "no Google credentials were found" in error.what
    assert "gcloud auth application-default login" in error.what_to_do


def test_an_answer_about_another_key_is_no_answer(double: GoogleKmsDouble) -> None:
    name = double.seed_key(KeySeed(id="k"))
    double._holdings.keys[name].name = f"{RING}/cryptoKeys/other"
    assert isinstance(failure(lambda: custody(google_key(double, name), look())), EvidenceRejected)


# the table of errors, where no double says the words


def test_the_refusal_is_known_by_its_details_whatever_the_sentence() -> None:
    violation = PreconditionFailure.Violation(type="KEY_DISABLED", subject=f"{RING}/cryptoKeys/k/cryptoKeyVersions/1")
    error = FailedPrecondition("an other sentence", details=[PreconditionFailure(violations=[violation])])
    assert code_of(error) == "FAILED_PRECONDITION DISABLED"
    assert code_of(error) in REFUSALS


@pytest.mark.parametrize(
    "sentence",
    [
        "Google Cloud KMS API has not been used in project 1 before or it is disabled.",
        "the billing account is DISABLED",
        f"{RING}/cryptoKeys/k/cryptoKeyVersions/1 is not enabled, current state is: PENDING_GENERATION.",
        "is not enabled, current state is: DISABLED.",
    ],
)
def test_other_preconditions_that_fail_are_no_refusal(sentence: str) -> None:
    assert code_of(FailedPrecondition(sentence)) not in REFUSALS


@pytest.mark.parametrize(
    "error",
    [
        PermissionDenied(
            "Cloud Key Management Service (KMS) API has not been used in project 1 before or it is disabled."
        ),
        PermissionDenied("no", error_info=ErrorInfo(reason="SERVICE_DISABLED")),
    ],
)
def test_an_api_that_is_not_enabled_is_told_from_a_missing_permission(error: Exception) -> None:
    told = explain(error, "GetCryptoKey", f"{RING}/cryptoKeys/k")
    assert isinstance(told, Denied)
    assert "the Cloud KMS API is not enabled" in told.what


def test_credentials_that_cannot_be_renewed_are_no_network_failure() -> None:
    error = ServiceUnavailable("Getting metadata from plugin failed with error: ('invalid_grant: Token expired', {})")
    told = explain(error, "GetCryptoKey", f"{RING}/cryptoKeys/k")
    assert isinstance(told, Denied)
    assert "invalid_grant" not in told.what


def test_googles_own_text_never_gets_through() -> None:
    error = PermissionDenied("Permission 'cloudkms.<b>' denied on resource '<script>'")
    told = explain(error, "GetCryptoKey", f"{RING}/cryptoKeys/k")
    assert "<" not in told.what + told.what_to_do
    assert "cloudkms.cryptoKeys.get" in told.what
