"""Entries of Cloud Audit Logs: which are about the key, which are ours, and what nonsense among them can do."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.cloud.audit.audit_log_pb2 import AuditLog  # type: ignore[import-untyped]
from google.cloud.logging_v2.types import LogEntry
from google.protobuf.any_pb2 import Any as AnyMessage  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.google import GoogleKey
from clauseproof.probes.kms.auditlog import OwnCall
from clauseproof.probes.kms.google_api import GoogleReach, connect
from clauseproof.probes.kms.google_log import Read, may_be, read_entry

KEY = GoogleKey(key="projects/buyer-prod/locations/europe-west3/keyRings/crm/cryptoKeys/k")
LOGS = "projects/buyer-prod/logs/cloudaudit.googleapis.com%2F"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ROBOT = "auditor@buyer-prod.iam.gserviceaccount.com"
DISABLE = OwnCall("cloudkms.UpdateCryptoKeyVersion DISABLED", None, "activity", NOW, NOW)
REFUSED = OwnCall("cloudkms.Decrypt", "FAILED_PRECONDITION DISABLED", "data_access", NOW, NOW)


def record(code: int = 0, **parts: Any) -> Any:
    made = AuditLog(**{"method_name": "Decrypt", "resource_name": KEY.name, **parts})
    made.status.code = code
    made.request_metadata.caller_supplied_user_agent = "clauseproof/1.0 grpc-python/1.85.1,gzip(gfe)"
    made.authentication_info.principal_email = ROBOT
    return made


def updated(state: str) -> Any:
    made = record(method_name="google.cloud.kms.v1.KeyManagementService.UpdateCryptoKeyVersion")
    if state:
        made.request.update({"cryptoKeyVersion": {"state": state}})
    return made


def read(made: Any, log: str = f"{LOGS}data_access") -> Read | None:
    payload = AnyMessage()
    payload.Pack(made)
    return read_entry(LogEntry(log_name=log, timestamp=NOW, insert_id="i", proto_payload=payload), KEY)


def ours(made: Any, call: OwnCall, email: str | None = None) -> bool:
    found = read(made)
    return found is not None and may_be(call, found, email)


@pytest.mark.parametrize(
    ("name", "about"),
    [
        (KEY.name, True),
        (f"{KEY.name}/cryptoKeyVersions/1", True),
        (KEY.name.replace("buyer-prod", "123456789012"), True),
        (f"{KEY.name}2", False),
        (KEY.ring, False),
        (f"x/{KEY.name}", False),
        ("", False),
    ],
)
def test_an_entry_is_about_the_key_by_its_name_or_a_versions(name: str, about: bool) -> None:
    assert (read(record(resource_name=name)) is not None) is about


@pytest.mark.parametrize("log", [f"{LOGS}system_event", f"{LOGS}activity".replace("buyer-prod", "other"), ""])
def test_an_entry_of_another_log_is_none(log: str) -> None:
    assert read(record(), log) is None


def test_a_refusal_is_known_by_its_status() -> None:
    assert ours(record(9), REFUSED)
    assert not ours(record(7), REFUSED), "somebody without a right"
    assert not ours(record(12345), REFUSED), "a status that there is not"
    assert not ours(record(), REFUSED), "one that was served"


def test_a_change_is_known_by_the_state_asked_for_where_the_log_has_it() -> None:
    assert ours(updated("DISABLED"), DISABLE)
    assert not ours(updated("ENABLED"), DISABLE)
    assert ours(updated(""), DISABLE)


@pytest.mark.parametrize(("email", "is_ours"), [(ROBOT, True), (None, True), ("other@buyer.example", False)])
def test_a_service_account_knows_its_own_calls(email: str | None, is_ours: bool) -> None:
    assert ours(record(9), REFUSED, email) is is_ours


def test_another_client_is_not_ours() -> None:
    made = record(9)
    made.request_metadata.caller_supplied_user_agent = "google-cloud-sdk"
    assert not ours(made, REFUSED)


def test_credentials_of_a_service_account_say_whose_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = rsa.generate_private_key(65537, 2048)
    written = {
        "type": "service_account",
        "client_email": ROBOT,
        "private_key": key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode(),
        "token_uri": "https://oauth2.googleapis.com/token",
        "project_id": "buyer-prod",
    }
    (tmp_path / "adc.json").write_text(json.dumps(written))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "adc.json"))
    assert connect(GoogleReach.of(KEY), "https://www.googleapis.com/auth/logging.read").email == ROBOT


@given(st.binary(max_size=200))
def test_no_payload_is_an_error(content: bytes) -> None:
    payload = AnyMessage(type_url="type.googleapis.com/google.cloud.audit.AuditLog", value=content)
    found = read_entry(LogEntry(log_name=f"{LOGS}activity", timestamp=NOW, proto_payload=payload), KEY)
    assert found is None or len(found.entry.call) <= 120


def test_an_entry_without_a_date_or_a_payload_is_none() -> None:
    assert read_entry(LogEntry(log_name=f"{LOGS}activity"), KEY) is None
    assert read_entry(LogEntry(log_name=f"{LOGS}activity", timestamp=NOW, text_payload="x"), KEY) is None
