"""The audit log of a key: that of AWS over the wire through the engine, and every log judged rule by rule."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.keylog import KeyUsageLog, key_usage_log
from clauseproof.facts.keylog import Entry, Own, Recording, UsageLog
from clauseproof.facts.keys import AwsKey
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling
from clauseproof.probes.kms import aws_trail
from clauseproof.sandbox.kms.aws import AwsKmsDouble, KeySeed
from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.case import outcomes, texts
from tests.support.keyruns import judged, said
from tests.support.keys import FAST, NOW, aws_key, client

HOLDS, BROKEN, UNKNOWN = Outcome.HOLDS, Outcome.BROKEN, Outcome.UNKNOWN
LOGGED = KeyUsageLog()


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsKmsDouble]:
    with AwsKmsDouble() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDTRAIL", running.url)
        yield running


def drilled(double: AwsKmsDouble, log_within: str = "1200 ms") -> AwsKey:
    return aws_key(double, double.seed_key(KeySeed()), drill={**FAST, "log_within": log_within})


# over the wire


def test_a_log_that_has_the_drills_own_calls_is_satisfied_as_observed(double: AwsKmsDouble, tmp_path: Path) -> None:
    double.faults = Faults(log_lag_s=1)
    verdict = judged(drilled(double, "20 s"), "key-usage-log", LOGGED, tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.OBSERVED), said(verdict)
    for call in ("kms:DisableKey", "kms:EnableKey", "kms:Decrypt"):
        assert f"Our {call} of" in said(verdict)
    assert "refused with DisabledException, is in the log" in said(verdict)


def test_a_log_that_stays_silent_is_contradicted_once_the_clauses_time_is_over(
    double: AwsKmsDouble, tmp_path: Path
) -> None:
    double.faults = Faults(log_silent=True)
    at_once = KeyUsageLog(within=timedelta(seconds=1))
    verdict = judged(drilled(double), "key-usage-log", at_once, tmp_path / "a")
    assert (verdict.ruling, verdict.assurance) == (Ruling.NOT_SATISFIED, Assurance.OBSERVED)
    assert "; the limit is 1 s" in said(verdict)
    assert "has no entry about the key at all" in said(verdict)
    in_an_hour = KeyUsageLog(within=timedelta(hours=1))
    assert judged(drilled(double), "key-usage-log", in_an_hour, tmp_path / "b").ruling is Ruling.INCONCLUSIVE


def test_calls_of_others_are_not_taken_for_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else disabled and enabled the key in the same minute; that is logged already, and ours are not."""
    later = [0.0]
    with AwsKmsDouble(clock=Clock(ticks=lambda: time.monotonic() + later[0]), faults=Faults(log_lag_s=90)) as double:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDTRAIL", double.url)
        key = drilled(double, "1 s")
        client(double).disable_key(KeyId=key.arn)
        client(double).enable_key(KeyId=key.arn)
        later[0] = 100.0
        verdict = judged(key, "key-usage-log", LOGGED, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "Our kms:DisableKey of" in said(verdict)
    assert "is in the log" not in said(verdict)
    assert "has entries about the key" in said(verdict)


def test_a_refused_use_that_the_log_loses_contradicts_once_the_clauses_time_is_over(
    double: AwsKmsDouble, tmp_path: Path
) -> None:
    double.faults = Faults(log_loses=frozenset({"Decrypt"}))
    at_once = KeyUsageLog(within=timedelta(milliseconds=1))
    verdict = judged(drilled(double, "1 s"), "key-usage-log", at_once, tmp_path)
    assert verdict.ruling is Ruling.NOT_SATISFIED, said(verdict)
    assert "refused with DisabledException, was not in the log" in said(verdict)


def test_a_log_of_which_the_end_was_not_read_lacks_nothing(
    double: AwsKmsDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_trail, "MOST_NEWEST", 1)
    monkeypatch.setattr(aws_trail, "_MOST_PAGES", 1)
    double.faults = Faults(log_misnames=True)
    at_once = KeyUsageLog(within=timedelta(milliseconds=1))
    verdict = judged(drilled(double, "1 s"), "key-usage-log", at_once, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE, said(verdict)
    assert "the log has more entries around our kms:" in said(verdict)


def test_a_call_under_another_name_is_not_taken_for_ours(double: AwsKmsDouble, tmp_path: Path) -> None:
    double.faults = Faults(log_misnames=True)
    verdict = judged(drilled(double, "1 s"), "key-usage-log", LOGGED, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "is in the log" not in said(verdict)


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (Faults(denies=frozenset({"LookupEvents"})), "allow cloudtrail:LookupEvents on *"),
        (Faults(throttled_calls=EVERY, affects=frozenset({"LookupEvents"})), "throttled cloudtrail:LookupEvents"),
        (Faults(reset_calls=EVERY, affects=frozenset({"LookupEvents"})), "CloudTrail could not be reached"),
    ],
)
def test_a_log_that_cannot_be_read_is_inconclusive_with_what_is_missing(
    double: AwsKmsDouble, tmp_path: Path, faults: Faults, says: str
) -> None:
    key = drilled(double)
    double.faults = faults
    verdict = judged(key, "key-usage-log", LOGGED, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert says in said(verdict)


def test_a_drill_that_could_not_be_made_leaves_nothing_to_look_for(double: AwsKmsDouble, tmp_path: Path) -> None:
    key = drilled(double)
    double.faults = Faults(denies=frozenset({"DisableKey"}))
    verdict = judged(key, "key-usage-log", LOGGED, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert f"allow kms:DisableKey on {key.arn}" in said(verdict)
    assert "LookupEvents" not in {call.operation for call in double.calls}


# rule by rule


def recording(*, on: bool, exempt: tuple[str, ...] = ()) -> Recording:
    return Recording(stream="uses", policies=("projects/p", "folders/7"), on=on, exempt=exempt)


def own(found: float | None, missing: float = 0.0) -> Own:
    return of("uses", found, missing)


def of(stream: str, found: float | None, missing: float = 0.0) -> Own:
    entry = logged(stream) if found is not None else None
    return Own(
        call="kms:DisableKey",
        error=None,
        stream=stream,
        at=NOW,
        missing_until_s=missing,
        found_after_s=found,
        entry=entry,
    )


def logged(stream: str) -> Entry:
    return Entry(call="kms:DisableKey", at=NOW, error=None, id="e", stream=stream)


def judge(*calls: Own, within_s: float | None = None, **more: Any) -> list[Finding]:
    given = {"kept_days": 90, "newest": (), "routed": (), "recording": None, **more}
    log = UsageLog.model_validate({"target": "arn", "source": "A log", "own": calls, **given})
    claim = KeyUsageLog(within=None if within_s is None else timedelta(seconds=within_s))
    return list(key_usage_log(claim, log))


def test_every_call_must_be_in_the_log() -> None:
    assert outcomes(judge(own(10.0), own(None, 60.0))) == [HOLDS, UNKNOWN]


@pytest.mark.parametrize(("limit", "outcome"), [(30.0, HOLDS), (25.0, UNKNOWN), (19.0, BROKEN)])
def test_the_doubt_between_two_looks_counts_against_the_proof(limit: float, outcome: Outcome) -> None:
    """Not there after 20 s, there after 30 s."""
    assert outcomes(judge(own(30.0, 20.0), within_s=limit)) == [outcome]


@pytest.mark.parametrize(("limit", "outcome"), [(60.0, UNKNOWN), (59.0, BROKEN), (None, UNKNOWN)])
def test_a_call_that_is_not_there_contradicts_only_after_the_clauses_time(
    limit: float | None, outcome: Outcome
) -> None:
    assert outcomes(judge(own(None, 60.0), within_s=limit)) == [outcome]


def test_how_long_the_log_is_kept_is_said() -> None:
    assert "keeps this log for 90 days by itself" in texts(judge(own(1.0)))


def test_a_log_that_is_led_elsewhere_shows_nothing_by_being_empty() -> None:
    missing = of("uses", None, 60.0)
    assert outcomes(judge(missing, within_s=1.0)) == [BROKEN]
    assert outcomes(judge(missing, within_s=1.0, routed=("changes",))) == [BROKEN]
    findings = judge(missing, within_s=1.0, routed=("uses",))
    assert outcomes(findings) == [UNKNOWN]
    assert "see where the log is led, and who may read it" in texts(findings)


def test_a_log_that_has_others_of_its_kind_is_not_led_elsewhere() -> None:
    missing = of("uses", None, 60.0)
    assert outcomes(judge(missing, within_s=1.0, routed=("uses",), newest=(logged("uses"),))) == [BROKEN]
    assert outcomes(judge(missing, of("uses", 1.0), within_s=1.0, routed=("uses",))) == [BROKEN, HOLDS]
    assert outcomes(judge(missing, within_s=1.0, routed=("uses",), newest=(logged("changes"),))) == [UNKNOWN]


def test_a_log_that_is_not_kept_contradicts_as_reported() -> None:
    findings = judge(of("changes", 1.0), of("uses", None, 60.0), routed=("uses",), recording=recording(on=False))
    assert outcomes(findings) == [HOLDS, UNKNOWN, BROKEN]
    assert findings[2].assurance is Assurance.REPORTED
    assert "no audit configuration of projects/p, folders/7 turns that on" in texts(findings)


def test_a_log_that_is_there_is_believed_rather_than_its_settings() -> None:
    findings = judge(of("uses", 1.0), routed=("uses",), recording=recording(on=False))
    assert outcomes(findings) == [HOLDS]
    assert "and yet it has some" in texts(findings)


def test_a_principal_that_is_left_out_of_the_log_leaves_it_open() -> None:
    findings = judge(of("uses", 1.0), recording=recording(on=True, exempt=("user:night@buyer.example",)))
    assert outcomes(findings) == [HOLDS, UNKNOWN]
    assert "What user:night@buyer.example does with the key is left out of the log" in texts(findings)


def test_a_call_that_is_missing_may_be_one_of_those_left_out() -> None:
    """The caller may be whoever is exempt; changes are written down whoever makes them."""
    spares = {"routed": ("uses",), "newest": (logged("uses"),), "recording": recording(on=True, exempt=("user:n@b.x",))}
    findings = judge(of("uses", None, 60.0), of("changes", None, 60.0), within_s=1.0, **spares)
    assert outcomes(findings) == [UNKNOWN, BROKEN, UNKNOWN]
    assert "leaves out user:n@b.x, who may be whoever called" in texts(findings)


def test_settings_that_could_not_be_read_decide_nothing() -> None:
    unread = Unseen(reason=Reason.DENIED, text="no right to look", remedy="grant it")
    assert outcomes(judge(of("uses", 1.0), routed=("uses",), recording=unread)) == [HOLDS]
    among_others = judge(
        of("uses", None, 60.0), within_s=1.0, routed=("uses",), recording=unread, newest=(logged("uses"),)
    )
    assert outcomes(among_others) == [UNKNOWN], "we may be exempt"
    findings = judge(of("uses", None, 60.0), within_s=1.0, routed=("uses",), recording=unread)
    assert outcomes(findings) == [UNKNOWN]
    assert "Whether it is kept is not known: no right to look. To settle it: grant it" in texts(findings)


def test_a_log_recorded_before_there_were_others_is_still_read() -> None:
    entry = {"call": "kms:Decrypt", "at": "2026-11-24T09:00:00Z", "error": None, "id": "e"}
    call = {"call": "kms:Decrypt", "error": None, "at": entry["at"], "missing_until_s": 0.0, "found_after_s": 1.0}
    written = {"target": "arn", "source": "A log", "kept_days": 90, "newest": [entry]}
    read = UsageLog.load(1, {**written, "own": [{**call, "entry": entry}, {**call, "entry": None}]})
    assert [own.stream for own in read.own] == ["event history", "event history"]
    assert not read.silent("event history")
    assert outcomes(list(key_usage_log(LOGGED, read))) == [HOLDS, UNKNOWN]
