"""The revocation drill on AWS: real SDK, real vendor that envelope-encrypts, real journal."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clauseproof.engine.journal import JournalEntry, open_entries, read_entry
from clauseproof.facts.drills import Answer, End, Lane, LaneTimes, Revocation
from clauseproof.model.errors import Denied, RestoreFailed, Unknowable, Unreachable
from clauseproof.probes.kms.aws_drills import restore_key_state, revocation
from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY, AwsKmsDouble, KeySeed
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.keys import (
    FAST,
    VENDOR,
    aws_key,
    client,
    journal,
    look,
    restore_all,
    state_of,
    usable,
    vendor,
)


@pytest.fixture
def double() -> Iterator[AwsKmsDouble]:
    with AwsKmsDouble() as running:
        yield running


@pytest.fixture
def arn(double: AwsKmsDouble) -> str:
    return double.seed_key(KeySeed())


def times(drill: Revocation, lane: Lane) -> LaneTimes:
    found = drill.lane(lane)
    assert found is not None
    return found


def test_both_sides_go_dark_and_come_back_and_the_key_is_as_before(
    double: AwsKmsDouble, arn: str, tmp_path: Path
) -> None:
    double.faults = Faults(disable_lag_s=0.5, enable_lag_s=0.3)
    at = look()
    with vendor(double, arn) as path:
        drill = revocation(aws_key(double, arn, data_path=path), at, journal(tmp_path))
    assert (drill.dark_end, drill.light_end) == (End.SETTLED, End.SETTLED)
    assert (drill.state_before, drill.state_after) == ("Enabled", "Enabled")
    refused = {(s.lane, s.code) for s in drill.samples if s.outcome is Answer.REFUSED}
    assert refused == {(Lane.KMS, "DisabledException"), (Lane.VENDOR, "HTTP 503")}
    for lane in (Lane.KMS, Lane.VENDOR):
        found = times(drill, lane)
        assert found.dark.new_after_s is not None
        assert found.dark.old_until_s <= 0.5 <= found.dark.new_after_s, "the double's lag lies in the interval"
        assert found.light is not None
        assert found.light.new_after_s is not None
        assert found.light.old_until_s <= 0.3 <= found.light.new_after_s
    assert usable(double, arn)
    assert open_entries(tmp_path) == ()
    assert at.calls == ["kms:DescribeKey", "kms:Encrypt", "kms:Decrypt", "kms:DisableKey", "kms:EnableKey"]


def test_access_denied_is_no_darkness(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    def deny(point: str) -> None:
        if point == "key disabled":
            double.bend(denies=frozenset({"Decrypt"}))
        if point == "dark":
            double.bend(denies=frozenset())

    drill = revocation(aws_key(double, arn), look(), journal(tmp_path, on_point=deny))
    assert drill.dark_end is End.BLIND
    assert times(drill, Lane.KMS).dark.new_after_s is None
    assert {s.code for s in drill.samples if s.outcome is Answer.UNCLEAR} == {"AccessDeniedException"}


def test_a_vendor_that_stays_dark_ends_the_drill_with_the_time_for_recovery(
    double: AwsKmsDouble, arn: str, tmp_path: Path
) -> None:
    def cut_the_vendor_off(point: str) -> None:
        if point == "dark":
            double.admit(replace(VENDOR, denied=frozenset({"kms:Decrypt"})))

    with vendor(double, arn) as path:
        key = aws_key(double, arn, data_path=path, drill={**FAST, "recover_within": "1 s"})
        drill = revocation(key, look(), journal(tmp_path, on_point=cut_the_vendor_off))
    assert drill.light_end is End.GAVE_UP
    light = times(drill, Lane.VENDOR).light
    assert light is not None
    assert light.new_after_s is None
    assert usable(double, arn), "the key is restored; the vendor is not, and the facts say so"


@pytest.mark.parametrize("word", ["Disabled", "PendingDeletion"])
def test_a_key_that_is_not_enabled_is_not_drilled(double: AwsKmsDouble, arn: str, tmp_path: Path, word: str) -> None:
    client(double).disable_key(KeyId=arn)
    if word == "PendingDeletion":
        client(double).schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    with pytest.raises(Unknowable, match=f"is {word}, and a drill gives a key back as it found it"):
        revocation(aws_key(double, arn), look(), journal(tmp_path))
    assert state_of(double, arn) == word


@pytest.mark.parametrize(
    "seed", [KeySeed(spec="ECC_NIST_P256", usage="SIGN_VERIFY"), KeySeed(spec="RSA_2048", usage="ENCRYPT_DECRYPT")]
)
def test_a_key_of_another_kind_is_not_drilled(double: AwsKmsDouble, tmp_path: Path, seed: KeySeed) -> None:
    arn = double.seed_key(seed)
    with pytest.raises(Unknowable, match="encrypts and decrypts with a symmetric key"):
        revocation(aws_key(double, arn), look(), journal(tmp_path))
    assert "DisableKey" not in {call.operation for call in double.calls}


def test_an_alias_is_not_drilled(double: AwsKmsDouble, tmp_path: Path) -> None:
    double.seed_key(KeySeed(alias="alias/crm"))
    with pytest.raises(Unknowable, match="is an alias"):
        revocation(aws_key(double, f"arn:aws:kms:{double.region}:111122223333:alias/crm"), look(), journal(tmp_path))


def test_without_the_right_to_disable_nothing_is_left_behind(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    double.faults = Faults(denies=frozenset({"DisableKey"}))
    with pytest.raises(Denied, match="kms:DisableKey"):
        revocation(aws_key(double, arn), look(), journal(tmp_path))
    assert usable(double, arn)
    assert open_entries(tmp_path) == ()


def test_a_lost_answer_to_the_disabling_is_taken_back(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    double.faults = Faults(lost_answers=EVERY, affects=frozenset({"DisableKey"}))
    with pytest.raises(Unreachable):
        revocation(aws_key(double, arn), look(), journal(tmp_path))
    assert usable(double, arn)


def test_a_key_that_somebody_else_scheduled_for_deletion_is_left_to_them(
    double: AwsKmsDouble, arn: str, tmp_path: Path
) -> None:
    def meddle(point: str) -> None:
        if point == "dark":
            client(double).schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)

    with pytest.raises(RestoreFailed, match="is PendingDeletion now, which the drill did not do"):
        revocation(aws_key(double, arn), look(), journal(tmp_path, on_point=meddle))
    assert len(open_entries(tmp_path)) == 1
    client(double).cancel_key_deletion(KeyId=arn)
    restore_all(tmp_path)
    assert usable(double, arn)


def test_the_way_back_taken_twice_is_harmless(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    read: list[JournalEntry] = []

    def note(point: str) -> None:
        if point == "journal written":
            read.append(read_entry(open_entries(tmp_path)[0]))

    revocation(aws_key(double, arn), look(), journal(tmp_path, on_point=note))
    before = len(double.calls)
    restore_key_state(read[0])
    restore_key_state(read[0])
    assert "EnableKey" not in {call.operation for call in double.calls[before:]}
    assert usable(double, arn)


def test_the_journal_holds_no_secret(
    double: AwsKmsDouble, arn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-very-secret-secret")
    written: list[str] = []

    def note(point: str) -> None:
        if point == "journal written":
            written.append(open_entries(tmp_path)[0].read_text())

    with vendor(double, arn) as path:
        revocation(aws_key(double, arn, data_path=path), look(), journal(tmp_path, on_point=note))
    assert arn in written[0]
    for secret in ("a-very-secret-secret", BUYER_ACCESS_KEY, "Bearer"):
        assert secret not in written[0]


def test_no_drill_ever_schedules_a_deletion(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    revocation(aws_key(double, arn), look(), journal(tmp_path))
    assert {call.operation for call in double.calls} == {
        "DescribeKey", "Encrypt", "Decrypt", "DisableKey", "EnableKey",
    }  # fmt: skip
