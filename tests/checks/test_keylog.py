"""The audit log of a key: found over the wire through the engine, and judged rule by rule."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from checks.keylog import KeyUsageLog, key_usage_log
from clauseproof.facts.azure import AzureKey
from clauseproof.facts.google import GoogleKey
from clauseproof.facts.keylog import Entry, Own, UsageLog
from clauseproof.facts.keys import AwsKey
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.verdict import Ruling
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


def drilled(double: AwsKmsDouble, log_within: str = "3 s") -> AwsKey:
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


@pytest.mark.parametrize(
    ("key", "needs"),
    [
        (GoogleKey(key="projects/acme-crm/locations/europe-west3/keyRings/r/cryptoKeys/k"), "google-cloud-logging"),
        (AzureKey(key="https://crm.vault.azure.net/keys/k"), "azure-monitor-query"),
    ],
)
def test_where_the_key_service_cannot_show_its_log_the_verdict_says_what_could(
    tmp_path: Path, key: GoogleKey | AzureKey, needs: str
) -> None:
    verdict = judged(key, "key-usage-log", LOGGED, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "does not show" in said(verdict)
    assert needs in said(verdict)


# rule by rule


def own(found: float | None, missing: float = 0.0) -> Own:
    entry = Entry(call="kms:DisableKey", at=NOW, error=None, id="e") if found is not None else None
    return Own(call="kms:DisableKey", error=None, at=NOW, missing_until_s=missing, found_after_s=found, entry=entry)


def judge(*calls: Own, within_s: float | None = None) -> list[Finding]:
    log = UsageLog(target="arn", source="A log", kept_days=90, newest=(), own=calls)
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
