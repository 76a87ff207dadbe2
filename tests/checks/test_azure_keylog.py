"""The audit log of a key of Key Vault: found over the wire through the engine, and judged."""

import base64
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.keylog import KeyUsageLog
from clauseproof.model.assurance import Assurance
from clauseproof.model.verdict import Ruling, Verdict
from clauseproof.probes.kms import azure_log
from clauseproof.sandbox.kms.azure import BUYER, AzureKeyVaultDouble, Caller, KeySeed
from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.azurekeys import TOKEN_NAME, azure_key, client
from tests.support.keyruns import judged, said
from tests.support.keys import FAST

WORKSPACE = "0a1b2c3d-0000-1111-2222-333344445555"
LOGGED = KeyUsageLog()
AT_ONCE = KeyUsageLog(within=timedelta(milliseconds=1))
IN_AN_HOUR = KeyUsageLog(within=timedelta(hours=1))


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureKeyVaultDouble]:
    monkeypatch.setenv(TOKEN_NAME, BUYER.token)
    with AzureKeyVaultDouble() as running:
        yield running


def judge(
    double: AzureKeyVaultDouble,
    folder: Path,
    claim: KeyUsageLog = LOGGED,
    *,
    log_within: str = "0.3 s",
    table: str = "AzureDiagnostics",
    seed: KeySeed = KeySeed(name="cmk"),  # noqa: B008 (frozen)
    **more: Any,
) -> Verdict:
    with double.log_analytics(WORKSPACE, table=table) as log:
        way = {"log_workspace": WORKSPACE, "log_token": f"${{env:{TOKEN_NAME}}}", **more}
        way["log_connect_to"] = f"{log.host}:{log.port}"
        key = azure_key(double, double.seed_key(seed), drill={**FAST, "log_within": log_within}, **way)
        return judged(key, "key-usage-log", claim, folder)


@pytest.mark.parametrize("table", ["AzureDiagnostics", "AZKVAuditLogs"])
def test_a_log_that_has_the_drills_own_calls_is_satisfied_as_observed(
    double: AzureKeyVaultDouble, tmp_path: Path, table: str
) -> None:
    double.faults = Faults(log_lag_s=0.5)
    verdict = judge(double, tmp_path, log_within="20 s", table=table)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.OBSERVED), said(verdict)
    for call in ("KeyUpdate enabled=false", "KeyUpdate enabled=true", "KeyUnwrap/KeyDecrypt"):
        assert f"Our keyvault:{call} of" in said(verdict)
    assert "refused with KeyDisabled, is in the log" in said(verdict)


def test_a_key_that_decrypts_is_looked_for_by_what_it_did(double: AzureKeyVaultDouble, tmp_path: Path) -> None:
    seed = KeySeed(name="cmk", operations=("encrypt", "decrypt"))
    assert judge(double, tmp_path, seed=seed).ruling is Ruling.SATISFIED


def test_a_workspace_that_has_nothing_of_the_vault_may_be_another(double: AzureKeyVaultDouble, tmp_path: Path) -> None:
    double.faults = Faults(log_silent=True)
    verdict = judge(double, tmp_path, AT_ONCE)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "see where the log is led, and who may read it" in said(verdict)
    elsewhere = judge(double, tmp_path / "b", AT_ONCE, table="AppServiceHTTPLogs")
    assert elsewhere.ruling is Ruling.INCONCLUSIVE, "neither table exists"


def test_uses_that_are_lost_contradict_once_the_clauses_time_is_over(
    double: AzureKeyVaultDouble, tmp_path: Path
) -> None:
    double.faults = Faults(log_loses=frozenset({"KeyUnwrap"}))
    verdict = judge(double, tmp_path / "a", AT_ONCE)
    assert (verdict.ruling, verdict.assurance) == (Ruling.NOT_SATISFIED, Assurance.OBSERVED), said(verdict)
    assert "refused with KeyDisabled, was not in the log" in said(verdict)
    assert judge(double, tmp_path / "b", IN_AN_HOUR).ruling is Ruling.INCONCLUSIVE
    assert judge(double, tmp_path / "c").ruling is Ruling.INCONCLUSIVE


def test_a_log_of_which_the_end_was_not_read_lacks_nothing(
    double: AzureKeyVaultDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(azure_log, "_MOST_ROWS", 1)
    verdict = judge(double, tmp_path, AT_ONCE)
    assert verdict.ruling is Ruling.INCONCLUSIVE, said(verdict)
    assert "the log has more entries around our keyvault:" in said(verdict)


def test_a_call_under_another_name_is_not_taken_for_ours(double: AzureKeyVaultDouble, tmp_path: Path) -> None:
    double.faults = Faults(log_misnames=True)
    verdict = judge(double, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "is in the log" not in said(verdict)
    assert "has entries about the key" in said(verdict)


def token_of(object_id: str) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"oid": object_id}).encode()).decode().rstrip("=")
    return f"e30.{claims}.c2lnbmF0dXJl"


@pytest.mark.parametrize(("says", "ruling"), [(BUYER.object_id, Ruling.SATISFIED), ("2" * 8, Ruling.INCONCLUSIVE)])
def test_whom_our_token_is_about_must_be_whom_the_log_names(
    double: AzureKeyVaultDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, ruling: Ruling
) -> None:
    double.admit(Caller(token=token_of(says), object_id=BUYER.object_id))
    monkeypatch.setenv("LOG_TOKEN", token_of(says))
    assert judge(double, tmp_path, log_token="${env:LOG_TOKEN}").ruling is ruling


def test_the_same_changes_by_somebody_else_are_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else disabled and enabled the key in the same minute; that is logged already, and ours are not."""
    monkeypatch.setenv(TOKEN_NAME, BUYER.token)
    later = [0.0]
    with AzureKeyVaultDouble(clock=Clock(ticks=lambda: time.monotonic() + later[0])) as double:
        double.seed_key(KeySeed(name="cmk"))
        with client(double) as keys:
            for enabled in (False, True):
                keys.update_key_properties("cmk", enabled=enabled)
        seed_again = KeySeed(name="cmk")
        double.faults = Faults(log_lag_s=90)
        later[0] = 100.0
        verdict = judge(double, tmp_path, seed=seed_again)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "is in the log" not in said(verdict)
    assert "has entries about the key" in said(verdict)


def test_nonsense_between_the_rows_is_passed_over(double: AzureKeyVaultDouble, tmp_path: Path) -> None:
    double.faults = Faults(log_garbage=True)
    verdict = judge(double, tmp_path)
    assert verdict.ruling is Ruling.SATISFIED, said(verdict)
    assert "<script>" not in said(verdict)


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (Faults(denies=frozenset({"Query"})), f"the role Log Analytics Reader on Log Analytics workspace {WORKSPACE}"),
        (Faults(denies=frozenset({"QueryInFull"})), "in part only"),
        (Faults(throttled_calls=EVERY, affects=frozenset({"Query"})), "Azure throttled loganalytics:Query"),
        (Faults(server_error_calls=EVERY, affects=frozenset({"Query"})), "Azure failed at loganalytics:Query"),
        (Faults(reset_calls=EVERY, affects=frozenset({"Query"})), "api.loganalytics.io could not be reached"),
        (Faults(expired_credentials=True, affects=frozenset({"Query"})), "does not accept the token"),
    ],
)
def test_a_log_that_cannot_be_read_is_inconclusive_with_what_is_missing(
    double: AzureKeyVaultDouble, tmp_path: Path, faults: Faults, says: str
) -> None:
    double.faults = faults
    verdict = judge(double, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert says in said(verdict)


def test_trouble_that_passes_is_overcome(double: AzureKeyVaultDouble, tmp_path: Path) -> None:
    double.faults = Faults(server_error_calls=1, affects=frozenset({"Query"}))
    assert judge(double, tmp_path).ruling is Ruling.SATISFIED


def test_another_workspace_is_explained(double: AzureKeyVaultDouble, tmp_path: Path) -> None:
    verdict = judge(double, tmp_path, log_workspace=WORKSPACE.replace("0a", "ff"))
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "compare log_workspace with the portal" in said(verdict)


def test_without_a_token_for_the_log_the_vaults_own_is_not_shown_there(
    double: AzureKeyVaultDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOG_TOKEN", raising=False)
    verdict = judge(double, tmp_path, log_token="${env:LOG_TOKEN}")
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "set the environment variable LOG_TOKEN" in said(verdict)


def test_without_a_workspace_the_verdict_says_what_to_write(double: AzureKeyVaultDouble, tmp_path: Path) -> None:
    key = azure_key(double, double.seed_key(KeySeed(name="cmk")))
    verdict = judged(key, "key-usage-log", LOGGED, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "write its id as log_workspace" in said(verdict)
