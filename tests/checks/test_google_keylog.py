"""The audit log of a key of Cloud KMS: found over the wire through the engine, and judged."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from checks.keylog import KeyUsageLog
from clauseproof.facts.google import GoogleKey
from clauseproof.model.assurance import Assurance
from clauseproof.model.verdict import Ruling, Verdict
from clauseproof.probes.kms import google_log
from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.faults import EVERY, Faults
from clauseproof.sandbox.kms.google import BUYER, GoogleKmsDouble, KeySeed
from tests.support.googlekeys import google_key, make_version, turn
from tests.support.keyruns import judged, said
from tests.support.keys import FAST

PROJECT = "projects/buyer-prod"
LOGGED = KeyUsageLog()
LAG_S = 90.0
AT_ONCE = KeyUsageLog(within=timedelta(milliseconds=1))
IN_AN_HOUR = KeyUsageLog(within=timedelta(hours=1))


@pytest.fixture
def double() -> Iterator[GoogleKmsDouble]:
    with GoogleKmsDouble() as running:
        running.log_uses(PROJECT)
        yield running


@contextmanager
def logged_key(
    double: GoogleKmsDouble, log_within: str = "0.3 s", ancestors: tuple[str, ...] = ()
) -> Iterator[GoogleKey]:
    with double.cloud_logging() as log, double.resource_manager(ancestors) as iam:
        way = {"log_endpoint": log.address, "iam_endpoint": iam.url}
        name = double.seed_key(KeySeed(id="k"))
        yield google_key(double, name, drill={**FAST, "log_within": log_within}, **way)


def judge(double: GoogleKmsDouble, folder: Path, claim: KeyUsageLog = LOGGED, log_within: str = "0.3 s") -> Verdict:
    with logged_key(double, log_within) as key:
        return judged(key, "key-usage-log", claim, folder)


def test_a_log_that_has_the_drills_own_calls_is_satisfied_as_observed(double: GoogleKmsDouble, tmp_path: Path) -> None:
    double.faults = Faults(log_lag_s=0.5)
    verdict = judge(double, tmp_path, log_within="20 s")
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.OBSERVED), said(verdict)
    for call in ("UpdateCryptoKeyVersion DISABLED", "UpdateCryptoKeyVersion ENABLED", "Decrypt"):
        assert f"Our cloudkms.{call} of" in said(verdict)
    assert "refused with FAILED_PRECONDITION DISABLED, is in the log" in said(verdict)


def test_uses_that_nobody_has_written_down_contradict_as_reported(tmp_path: Path) -> None:
    with GoogleKmsDouble() as double:
        verdict = judge(double, tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.NOT_SATISFIED, Assurance.REPORTED), said(verdict)
    assert f"no audit configuration of {PROJECT} turns that on" in said(verdict)
    assert "Our cloudkms.UpdateCryptoKeyVersion DISABLED of" in said(verdict), "changes are always written down"


def test_uses_may_be_written_down_by_what_the_project_lies_in(tmp_path: Path) -> None:
    with GoogleKmsDouble() as double:
        double.bind("organizations/8", "roles/owner", [BUYER])
        double.log_uses("organizations/8")
        with logged_key(double, ancestors=("organizations/8",)) as key:
            assert judged(key, "key-usage-log", LOGGED, tmp_path).ruling is Ruling.SATISFIED


def test_a_level_above_that_could_not_be_read_may_have_turned_it_on(tmp_path: Path) -> None:
    with GoogleKmsDouble() as double, logged_key(double, ancestors=("organizations/8",)) as key:
        verdict = judged(key, "key-usage-log", AT_ONCE, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "grant resourcemanager.organizations.getIamPolicy on organizations/8" in said(verdict)


def test_a_principal_that_is_exempt_leaves_it_open(double: GoogleKmsDouble, tmp_path: Path) -> None:
    double.log_uses(PROJECT, exempt=["user:night@buyer.example"])
    verdict = judge(double, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "What user:night@buyer.example does with the key is left out of the log" in said(verdict)


def test_the_refused_use_that_the_log_loses_contradicts_once_the_clauses_time_is_over(
    double: GoogleKmsDouble, tmp_path: Path
) -> None:
    double.faults = Faults(log_loses=frozenset({"UpdateCryptoKeyVersion"}))
    verdict = judge(double, tmp_path / "a", AT_ONCE)
    assert (verdict.ruling, verdict.assurance) == (Ruling.NOT_SATISFIED, Assurance.OBSERVED), said(verdict)
    assert "Our cloudkms.UpdateCryptoKeyVersion DISABLED of" in said(verdict)
    assert judge(double, tmp_path / "b", IN_AN_HOUR).ruling is Ruling.INCONCLUSIVE
    assert judge(double, tmp_path / "c").ruling is Ruling.INCONCLUSIVE


@pytest.mark.parametrize(
    "faults",
    [Faults(log_loses=frozenset({"Decrypt"})), Faults(denies=frozenset({"ListPrivateLogEntries"}))],
    ids=["led elsewhere", "no right to read"],
)
def test_uses_of_which_there_is_none_in_the_log_may_lie_elsewhere(
    double: GoogleKmsDouble, tmp_path: Path, faults: Faults
) -> None:
    """Encrypt of the seal is written down too, so that the log is not silent where only Decrypt is lost."""
    double.faults = Faults(
        log_loses=faults.log_loses | {"Encrypt"} if faults.log_loses else frozenset(), denies=faults.denies
    )
    verdict = judge(double, tmp_path, AT_ONCE)
    assert verdict.ruling is Ruling.INCONCLUSIVE, said(verdict)
    assert "see where the log is led, and who may read it" in said(verdict)


def test_uses_that_are_lost_among_others_contradict(double: GoogleKmsDouble, tmp_path: Path) -> None:
    double.faults = Faults(log_loses=frozenset({"Decrypt"}))
    verdict = judge(double, tmp_path, AT_ONCE)
    assert verdict.ruling is Ruling.NOT_SATISFIED, said(verdict)
    assert "Our cloudkms.Decrypt of" in said(verdict)


def test_a_call_under_another_name_is_not_taken_for_ours(double: GoogleKmsDouble, tmp_path: Path) -> None:
    double.faults = Faults(log_misnames=True)
    verdict = judge(double, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "is in the log" not in said(verdict)
    assert "has entries about the key" in said(verdict)


def test_a_log_of_which_the_end_was_not_read_lacks_nothing(
    double: GoogleKmsDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google_log, "_PAGE", 1)
    monkeypatch.setattr(google_log, "_MOST_PAGES", 1)
    double.faults = Faults(log_misnames=True)
    verdict = judge(double, tmp_path, AT_ONCE)
    assert verdict.ruling is Ruling.INCONCLUSIVE, said(verdict)
    assert "the log has more entries around our cloudkms." in said(verdict)


def test_the_same_changes_by_somebody_else_are_not_taken_for_ours(tmp_path: Path) -> None:
    """Somebody else disabled and enabled the key in the same minute; that is logged already, and ours are not."""
    later = [0.0]
    clock = Clock(ticks=lambda: time.monotonic() + later[0])
    with GoogleKmsDouble(clock=clock) as double, logged_key(double) as key:
        double.log_uses(PROJECT)
        make_version(double, key.name)
        turn(double, key.name, 2, "DISABLED")
        turn(double, key.name, 2, "ENABLED")
        double.faults = Faults(log_lag_s=LAG_S)
        later[0] = LAG_S
        verdict = judged(key, "key-usage-log", LOGGED, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "is in the log" not in said(verdict)
    assert "has entries about the key" in said(verdict)


def test_nonsense_between_the_entries_is_passed_over(double: GoogleKmsDouble, tmp_path: Path) -> None:
    double.faults = Faults(log_garbage=True)
    verdict = judge(double, tmp_path)
    assert verdict.ruling is Ruling.SATISFIED, said(verdict)
    assert "<script>" not in said(verdict)


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (Faults(denies=frozenset({"ListLogEntries"})), f"grant logging.privateLogEntries.list on {PROJECT}"),
        (Faults(throttled_calls=EVERY, affects=frozenset({"ListLogEntries"})), "throttled logging.ListLogEntries"),
        (Faults(server_error_calls=EVERY, affects=frozenset({"ListLogEntries"})), "Cloud Logging failed at"),
        (Faults(reset_calls=EVERY, affects=frozenset({"ListLogEntries"})), "Cloud Logging could not be reached"),
        (Faults(expired_credentials=True, affects=frozenset({"ListLogEntries"})), "does not accept the credentials"),
    ],
)
def test_a_log_that_cannot_be_read_is_inconclusive_with_what_is_missing(
    double: GoogleKmsDouble, tmp_path: Path, faults: Faults, says: str
) -> None:
    double.faults = faults
    verdict = judge(double, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert says in said(verdict)


def test_trouble_that_passes_is_overcome(double: GoogleKmsDouble, tmp_path: Path) -> None:
    double.faults = Faults(throttled_calls=1, affects=frozenset({"ListLogEntries"}))
    assert judge(double, tmp_path).ruling is Ruling.SATISFIED


def test_without_an_address_for_the_log_it_was_not_looked_at(double: GoogleKmsDouble, tmp_path: Path) -> None:
    key = google_key(double, double.seed_key(KeySeed(id="k")))
    verdict = judged(key, "key-usage-log", LOGGED, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "name log_endpoint" in said(verdict)
