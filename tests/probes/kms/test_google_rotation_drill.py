"""The rotation drill on Cloud KMS: real client, changing key material, real journal."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from clauseproof.engine.journal import open_entries
from clauseproof.facts.drills import Answer, End, RotationDrill
from clauseproof.model.errors import Denied, Unknowable, Unreachable
from clauseproof.probes.kms.google_drills import _RotatableGoogleKey, rotation_drill
from clauseproof.probes.kms.google_errors import LOSSES
from clauseproof.sandbox.kms.faults import EVERY, Faults
from clauseproof.sandbox.kms.google import Algorithm, GoogleKmsDouble, KeySeed, Level, Purpose, State
from tests.support.googlekeys import client, google_key, make_version, states_of, usable
from tests.support.keys import FAST, day, journal, look


@pytest.fixture
def double() -> Iterator[GoogleKmsDouble]:
    with GoogleKmsDouble() as running:
        yield running


@pytest.fixture
def name(double: GoogleKmsDouble) -> str:
    return double.seed_key(KeySeed(id="contacts", created=day("2026-01-01")))


def drill(double: GoogleKmsDouble, name: str, state: Path, **more: object) -> RotationDrill:
    return rotation_drill(google_key(double, name, drill={**FAST, **more}), look(), journal(state))


def primary(double: GoogleKmsDouble, name: str) -> str:
    return client(double).get_crypto_key(name=name).primary.name.rpartition("/")[2]


def test_new_data_comes_under_new_material_and_old_data_stays_readable(
    double: GoogleKmsDouble, name: str, tmp_path: Path
) -> None:
    double.faults = Faults(rotation_duration_s=0.4)
    found = drill(double, name, tmp_path)
    assert found.end is End.SETTLED
    assert (found.material_before, found.material_after) == ("1", "2")
    assert found.changed.new_after_s is not None
    assert found.changed.old_until_s <= 0.4 <= found.changed.new_after_s
    assert found.declared_after_s is not None
    assert [read.outcome for read in found.old_reads] == [Answer.SERVED]
    assert (found.listed, found.used, found.budget) == (True, None, None)
    assert open_entries(tmp_path) == ()
    assert RotationDrill.load(RotationDrill.version, found.model_dump(mode="json")) == found


def test_what_stays_behind_is_said(double: GoogleKmsDouble, name: str, tmp_path: Path) -> None:
    found = drill(double, name, tmp_path)
    assert found.lasting == (
        "version 2 stays until it is destroyed, and is billed as any other",
        "version 2 stays primary; version 1, primary before, could be made so again",
    )
    assert states_of(double, name) == {1: "ENABLED", 2: "ENABLED"}
    assert primary(double, name) == "2"


def test_a_version_that_is_primary_and_encrypts_nothing_is_caught(
    double: GoogleKmsDouble, name: str, tmp_path: Path
) -> None:
    double.faults = Faults(rotation_keeps_material=True, rotation_duration_s=0.2)
    found = drill(double, name, tmp_path, give_up_after="1 s")
    assert (found.end, found.listed) == (End.GAVE_UP, True)
    assert found.declared_after_s is not None
    assert found.material_before == found.material_after
    assert found.changed.new_after_s is None
    assert 0 < found.changed.old_until_s <= found.looked_for_s


def test_new_material_counts_only_once_decrypt_agrees_that_it_is_primary(double: GoogleKmsDouble, name: str) -> None:
    hand = _RotatableGoogleKey(google_key(double, name), look(), LOSSES)
    hand.progress()
    sealed = hand.seal()
    assert hand.open(sealed).material == "1"
    make_version(double, name)
    client(double).update_crypto_key_primary_version(name=name, crypto_key_version_id="2", timeout=5)
    assert hand.open(sealed).material is None, "the control plane showed version 1 as primary, and Decrypt does not"
    hand.progress()
    assert hand.open(sealed).material == "1"


def test_lost_old_data_is_looked_at_twice(double: GoogleKmsDouble, name: str, tmp_path: Path) -> None:
    double.faults = Faults(loses_old_material=True)
    found = drill(double, name, tmp_path)
    assert [(read.outcome, read.code) for read in found.old_reads] == [(Answer.REFUSED, "INVALID_ARGUMENT")] * 2


def test_a_primary_that_comes_late_is_waited_for_until_the_time_is_over(
    double: GoogleKmsDouble, name: str, tmp_path: Path
) -> None:
    double.faults = Faults(rotation_duration_s=60)
    found = drill(double, name, tmp_path, give_up_after="0.5 s")
    assert (found.end, found.changed.new_after_s) == (End.GAVE_UP, None)
    assert [read.outcome for read in found.old_reads] == [Answer.SERVED]


@pytest.mark.parametrize(
    ("seed", "says"),
    [
        (KeySeed(id="k", imported="job"), "is made of material that Google did not make"),
        (KeySeed(id="k", imported="job", import_only=True), "is made of material that Google did not make"),
        (KeySeed(id="k", level=Level.EXTERNAL, external_uri="https://e.example/k"), "that Google did not make"),
        (KeySeed(id="k", states={1: State.DISABLED}), "is DISABLED"),
        (
            KeySeed(id="k", purpose=Purpose.ASYMMETRIC_SIGN, algorithm=Algorithm.EC_SIGN_P256_SHA256),
            "is a key for ASYMMETRIC_SIGN",
        ),
    ],
)
def test_keys_that_a_drill_would_spoil_or_cannot_rotate_are_left_alone(
    double: GoogleKmsDouble, tmp_path: Path, seed: KeySeed, says: str
) -> None:
    with pytest.raises(Unknowable, match=says):
        drill(double, double.seed_key(seed), tmp_path)
    assert "CreateCryptoKeyVersion" not in {call.operation for call in double.calls}
    assert open_entries(tmp_path) == ()


def test_without_the_right_to_make_a_version_the_key_is_as_before(
    double: GoogleKmsDouble, name: str, tmp_path: Path
) -> None:
    double.faults = Faults(denies=frozenset({"CreateCryptoKeyVersion"}))
    with pytest.raises(Denied, match=r"lacks cloudkms\.cryptoKeyVersions\.create"):
        drill(double, name, tmp_path)
    assert states_of(double, name) == {1: "ENABLED"}
    assert open_entries(tmp_path) == ()


def test_a_version_that_was_made_and_could_not_be_made_primary_is_named(
    double: GoogleKmsDouble, name: str, tmp_path: Path
) -> None:
    double.faults = Faults(denies=frozenset({"UpdateCryptoKeyPrimaryVersion"}))
    with pytest.raises(Denied, match=r"cloudkms.cryptoKeys.update; version 2 was made before, stays, and may not be"):
        drill(double, name, tmp_path)
    assert primary(double, name) == "1"
    assert open_entries(tmp_path) == ()


@pytest.mark.parametrize("operation", ["CreateCryptoKeyVersion", "UpdateCryptoKeyPrimaryVersion"])
def test_a_lost_answer_is_never_asked_for_again(
    double: GoogleKmsDouble, name: str, tmp_path: Path, operation: str
) -> None:
    double.faults = Faults(lost_answers=EVERY, affects=frozenset({operation}))
    with pytest.raises(Unreachable, match=r"whether .* was rotated is not known"):
        drill(double, name, tmp_path)
    assert len(states_of(double, name)) == 2


def test_a_key_service_that_falls_silent_ends_the_watch(double: GoogleKmsDouble, name: str, tmp_path: Path) -> None:
    def cut(point: str) -> None:
        if point == "rotation asked for":
            double.bend(denies=frozenset({"Encrypt"}))

    found = rotation_drill(google_key(double, name), look(), journal(tmp_path, on_point=cut))
    assert found.end is End.BLIND
    assert [read.outcome for read in found.old_reads] == [Answer.SERVED]


def test_a_run_that_is_told_to_stop_reports_what_it_saw(double: GoogleKmsDouble, name: str, tmp_path: Path) -> None:
    double.faults = Faults(rotation_duration_s=60)
    told = threading.Event()
    stop = journal(tmp_path, on_point=lambda point: told.set() if point == "rotation asked for" else None)
    key = google_key(double, name, drill={**FAST, "give_up_after": "5 min"})
    found = rotation_drill(key, look(stopping=told.is_set), stop)
    assert found.end is End.INTERRUPTED
    assert usable(double, name)
