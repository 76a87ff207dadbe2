"""The revocation drill on Cloud KMS: real client, real vendor that envelope-encrypts, real journal."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from clauseproof.engine.journal import JournalEntry, open_entries, read_entry
from clauseproof.facts.drills import Answer, End, Lane, LaneTimes, Revocation
from clauseproof.model.errors import Denied, RestoreFailed, Unknowable, Unreachable
from clauseproof.probes.kms.google_drills import MOST_VERSIONS, revocation
from clauseproof.probes.kms.google_undo import restore_versions
from clauseproof.sandbox.kms.faults import Faults
from clauseproof.sandbox.kms.google import Algorithm, GoogleKmsDouble, KeySeed, Level, Purpose, State
from tests.support.googlekeys import client, destroy, google_key, make_version, states_of, turn, usable, vendor
from tests.support.keys import day, journal, look, restore_all

PAST = (day("2026-03-01"), day("2026-06-01"), day("2026-09-01"))


@pytest.fixture
def double() -> Iterator[GoogleKmsDouble]:
    with GoogleKmsDouble() as running:
        yield running


@pytest.fixture
def name(double: GoogleKmsDouble) -> str:
    """A key of four versions, of which the second was off long before us."""
    return double.seed_key(
        KeySeed(id="contacts", created=day("2026-01-01"), rotations=PAST, states={2: State.DISABLED})
    )


def times(drill: Revocation, lane: Lane) -> LaneTimes:
    found = drill.lane(lane)
    assert found is not None
    return found


def updates(double: GoogleKmsDouble) -> int:
    return [call.operation for call in double.calls].count("UpdateCryptoKeyVersion")


def test_both_sides_go_dark_and_come_back_and_every_version_is_as_before(
    double: GoogleKmsDouble, name: str, tmp_path: Path
) -> None:
    double.faults = Faults(disable_lag_s=0.5, enable_lag_s=0.3)
    at = look()
    with vendor(double, name) as path:
        drill = revocation(google_key(double, name, data_path=path), at, journal(tmp_path))
    assert (drill.dark_end, drill.light_end) == (End.SETTLED, End.SETTLED)
    assert (drill.state_before, drill.state_after) == ("ENABLED 1,3-4; DISABLED 2", "ENABLED 1,3-4; DISABLED 2")
    refused = {(s.lane, s.code) for s in drill.samples if s.outcome is Answer.REFUSED}
    assert refused == {(Lane.KMS, "FAILED_PRECONDITION DISABLED"), (Lane.VENDOR, "HTTP 503")}
    for lane in (Lane.KMS, Lane.VENDOR):
        found = times(drill, lane)
        assert found.dark.new_after_s is not None
        assert found.dark.old_until_s <= 0.5 <= found.dark.new_after_s, "the double's lag lies in the interval"
        assert found.light is not None
        assert found.light.new_after_s is not None
        assert found.light.old_until_s <= 0.3 <= found.light.new_after_s
    assert usable(double, name, disabled=(2,))
    assert open_entries(tmp_path) == ()
    assert at.calls == [
        "cloudkms.GetCryptoKey",
        "cloudkms.ListCryptoKeyVersions",
        "cloudkms.Encrypt",
        "cloudkms.Decrypt",
        "cloudkms.UpdateCryptoKeyVersion",
    ]


def test_the_whole_key_is_dark_not_only_its_primary_version(double: GoogleKmsDouble, name: str, tmp_path: Path) -> None:
    seen: list[dict[int, str]] = []

    def note(point: str) -> None:
        if point == "dark":
            seen.append(states_of(double, name))

    revocation(google_key(double, name), look(), journal(tmp_path, on_point=note))
    assert seen == [dict.fromkeys((1, 2, 3, 4), "DISABLED")]


def test_permission_denied_is_no_darkness(double: GoogleKmsDouble, name: str, tmp_path: Path) -> None:
    def deny(point: str) -> None:
        if point == "key disabled":
            double.bend(denies=frozenset({"Decrypt"}))
        if point == "dark":
            double.bend(denies=frozenset())

    drill = revocation(google_key(double, name), look(), journal(tmp_path, on_point=deny))
    assert drill.dark_end is End.BLIND
    assert times(drill, Lane.KMS).dark.new_after_s is None
    assert {s.code for s in drill.samples if s.outcome is Answer.UNCLEAR} == {"PERMISSION_DENIED"}


@pytest.mark.parametrize("word", ["DISABLED", "DESTROY_SCHEDULED"])
def test_a_key_whose_primary_version_is_off_is_not_drilled(
    double: GoogleKmsDouble, name: str, tmp_path: Path, word: str
) -> None:
    if word == "DISABLED":
        turn(double, name, 4, word)
    else:
        destroy(double, name, 4)
    before = updates(double)
    with pytest.raises(Unknowable, match=f"is {word}, and a drill gives a key back as it found it"):
        revocation(google_key(double, name), look(), journal(tmp_path))
    assert updates(double) == before


@pytest.mark.parametrize(
    "seed",
    [
        KeySeed(id="k", purpose=Purpose.ASYMMETRIC_SIGN, algorithm=Algorithm.EC_SIGN_P256_SHA256),
        KeySeed(id="k", purpose=Purpose.ASYMMETRIC_DECRYPT, algorithm=Algorithm.RSA_DECRYPT_OAEP_2048_SHA256),
    ],
)
def test_a_key_of_another_kind_is_not_drilled(double: GoogleKmsDouble, tmp_path: Path, seed: KeySeed) -> None:
    with pytest.raises(Unknowable, match="encrypts and decrypts with a symmetric key"):
        revocation(google_key(double, double.seed_key(seed)), look(), journal(tmp_path))
    assert updates(double) == 0


def test_a_key_of_the_external_kind_is_drilled_like_any_other(double: GoogleKmsDouble, tmp_path: Path) -> None:
    name = double.seed_key(KeySeed(id="k", level=Level.EXTERNAL, external_uri="https://ekm.buyer.example/k"))
    drill = revocation(google_key(double, name), look(), journal(tmp_path))
    assert times(drill, Lane.KMS).dark.new_after_s is not None


def test_more_versions_than_a_quota_lets_through_are_not_touched(double: GoogleKmsDouble, tmp_path: Path) -> None:
    many = tuple(day("2020-01-01").replace(day=n) for n in range(2, MOST_VERSIONS + 2))
    name = double.seed_key(KeySeed(id="old", created=day("2020-01-01"), rotations=many))
    with pytest.raises(Unknowable, match=f"has {MOST_VERSIONS + 1} enabled versions"):
        revocation(google_key(double, name), look(), journal(tmp_path))
    assert updates(double) == 0
    turn(double, name, 1, "DISABLED")
    assert revocation(google_key(double, name), look(), journal(tmp_path)).dark_end is End.SETTLED


def test_without_the_right_to_disable_nothing_is_left_behind(
    double: GoogleKmsDouble, name: str, tmp_path: Path
) -> None:
    double.faults = Faults(denies=frozenset({"UpdateCryptoKeyVersion"}))
    with pytest.raises(Denied, match=r"lacks cloudkms\.cryptoKeyVersions\.update"):
        revocation(google_key(double, name), look(), journal(tmp_path))
    assert usable(double, name, disabled=(2,))
    assert open_entries(tmp_path) == ()


def test_a_disabling_that_fails_half_way_is_taken_back(double: GoogleKmsDouble, name: str, tmp_path: Path) -> None:
    def soon(point: str) -> None:
        if point == "journal written":
            double.faults = Faults(expired_credentials=True, spares=2, affects=frozenset({"UpdateCryptoKeyVersion"}))
            threading.Timer(1.5, lambda: double.bend(expired_credentials=False)).start()

    with pytest.raises(Denied, match="does not accept the credentials"):
        revocation(google_key(double, name), look(), journal(tmp_path, on_point=soon))
    assert updates(double) > 4, "two were disabled, and enabled again once the credentials were good"
    assert usable(double, name, disabled=(2,))
    assert open_entries(tmp_path) == ()


def test_one_version_that_cannot_be_enabled_keeps_no_other_dark(
    double: GoogleKmsDouble, name: str, tmp_path: Path
) -> None:
    def meddle(point: str) -> None:
        if point == "dark":
            destroy(double, name, 1)

    with pytest.raises(RestoreFailed, match="version 1 is DESTROY_SCHEDULED now, which the drill did not do"):
        revocation(google_key(double, name), look(), journal(tmp_path, on_point=meddle))
    assert {n: s for n, s in states_of(double, name).items() if n != 1} == {
        2: "DISABLED",
        3: "ENABLED",
        4: "ENABLED",
    }
    assert len(open_entries(tmp_path)) == 1
    client(double).restore_crypto_key_version(name=f"{name}/cryptoKeyVersions/1")
    restore_all(tmp_path)
    assert usable(double, name, disabled=(2,))


def test_a_version_made_while_dark_is_left_alone_and_seen(double: GoogleKmsDouble, name: str, tmp_path: Path) -> None:
    def rotate(point: str) -> None:
        if point == "dark":
            make_version(double, name)

    drill = revocation(google_key(double, name), look(), journal(tmp_path, on_point=rotate))
    assert (drill.state_before, drill.state_after) == ("ENABLED 1,3-4; DISABLED 2", "ENABLED 1,3-5; DISABLED 2")


def test_a_lost_answer_to_the_disabling_is_taken_back(double: GoogleKmsDouble, name: str, tmp_path: Path) -> None:
    def soon(point: str) -> None:
        if point == "journal written":
            double.faults = Faults(lost_answers=6, affects=frozenset({"UpdateCryptoKeyVersion"}))

    with pytest.raises(Unreachable):
        revocation(google_key(double, name), look(), journal(tmp_path, on_point=soon))
    assert usable(double, name, disabled=(2,))


def test_a_service_that_lags_behind_its_own_enabling_is_waited_for(
    double: GoogleKmsDouble, name: str, tmp_path: Path
) -> None:
    double.faults = Faults(enable_lag_s=1.0)
    read: list[JournalEntry] = []

    def note(point: str) -> None:
        if point == "dark":
            read.append(read_entry(open_entries(tmp_path)[0]))

    revocation(google_key(double, name), look(), journal(tmp_path, on_point=note))
    for number in (1, 3, 4):
        turn(double, name, number, "DISABLED")
    restore_versions(read[0])
    assert usable(double, name, disabled=(2,)), "the way back ends only once the canary decrypts"


def test_the_way_back_taken_twice_is_harmless(double: GoogleKmsDouble, name: str, tmp_path: Path) -> None:
    read: list[JournalEntry] = []

    def note(point: str) -> None:
        if point == "journal written":
            read.append(read_entry(open_entries(tmp_path)[0]))

    revocation(google_key(double, name), look(), journal(tmp_path, on_point=note))
    before = updates(double)
    restore_versions(read[0])
    restore_versions(read[0])
    assert updates(double) == before
    assert usable(double, name, disabled=(2,))


def test_who_may_enable_and_not_decrypt_has_done_what_it_could(
    double: GoogleKmsDouble, name: str, tmp_path: Path
) -> None:
    def deny(point: str) -> None:
        if point == "light":
            double.bend(denies=frozenset({"Decrypt"}))

    revocation(google_key(double, name), look(), journal(tmp_path, on_point=deny))
    assert open_entries(tmp_path) == ()


def test_the_journal_says_what_to_give_back_and_holds_no_secret(
    double: GoogleKmsDouble, name: str, tmp_path: Path
) -> None:
    written: list[str] = []

    def note(point: str) -> None:
        if point == "journal written":
            written.append(open_entries(tmp_path)[0].read_text())

    with vendor(double, name) as path:
        revocation(google_key(double, name, data_path=path), look(), journal(tmp_path, on_point=note))
    entry = JournalEntry.model_validate_json(written[0])
    assert (entry.kind, entry.target, entry.prior) == ("google-kms-versions", name, "ENABLED 1,3-4; DISABLED 2")
    assert "Bearer" not in written[0]


def test_no_drill_ever_schedules_a_destruction(double: GoogleKmsDouble, name: str, tmp_path: Path) -> None:
    revocation(google_key(double, name), look(), journal(tmp_path))
    assert {call.operation for call in double.calls} == {
        "GetCryptoKey", "ListCryptoKeyVersions", "Encrypt", "Decrypt", "UpdateCryptoKeyVersion",
    }  # fmt: skip
