"""No permission, no look, and the refusal names the line to add."""

from datetime import UTC, date, datetime

import pytest

from clauseproof.engine.permit import Gate, covers
from clauseproof.model.permission import Permission
from clauseproof.model.unseen import Reason
from tests.engine.house import Counter
from tests.engine.support import NOW, grant

API = Counter(counter="1", host="api.crm.example")


def test_connect_needs_no_grant() -> None:
    assert Gate(None, NOW, drills=False).refusal(Permission.CONNECT, API, "api") is None


def test_scan_without_a_grant_names_the_section_to_add() -> None:
    refused = Gate(None, NOW, drills=False).refusal(Permission.SCAN, API, "api")
    assert refused is not None
    assert refused.reason is Reason.NOT_PERMITTED
    assert "allows: [scan]" in refused.remedy


def test_a_class_that_is_not_allowed_names_itself() -> None:
    gate = Gate(grant(Permission.DRILL, hosts=("api.crm.example",)), NOW, drills=True)
    refused = gate.refusal(Permission.SCAN, API, "api")
    assert refused is not None
    assert refused.remedy == "add scan to permission.allows"


def test_a_host_outside_the_grant_is_refused_by_name() -> None:
    gate = Gate(grant(Permission.SCAN, hosts=("www.crm.example",)), NOW, drills=False)
    refused = gate.refusal(Permission.SCAN, API, "api")
    assert refused is not None
    assert refused.remedy == "add api.crm.example to permission.hosts"


@pytest.mark.parametrize(("when", "allowed"), [("2026-11-24T23:59Z", True), ("2026-11-25T00:00Z", False)])
def test_a_grant_ends_at_midnight_utc_after_its_last_day(when: str, allowed: bool) -> None:
    granted = grant(Permission.SCAN, hosts=("api.crm.example",), last=date(2026, 11, 24))
    gate = Gate(granted, datetime.fromisoformat(when), drills=False)
    assert (gate.refusal(Permission.SCAN, API, "api") is None) is allowed


def test_a_drill_nobody_asked_for_is_not_a_question_of_permission() -> None:
    refused = Gate(None, NOW, drills=False).refusal(Permission.DRILL, API, "api")
    assert refused is not None
    assert refused.reason is Reason.NOT_ASKED


@pytest.mark.parametrize(
    ("entry", "host", "covered"),
    [
        ("api.crm.example", "API.crm.example.", True),
        ("*.crm.example", "api.crm.example", True),
        ("*.crm.example", "crm.example", False),
        ("crm.example", "evilcrm.example", False),
        ("*.crm.example", "evilcrm.example", False),
        ("192.0.2.0/24", "192.0.2.77", True),
        ("192.0.2.0/24", "198.51.100.1", False),
        ("2001:db8::/32", "2001:db8::1", True),
        ("192.0.2.0/24", "api.crm.example", False),
    ],
)
def test_hosts_match_by_name_suffix_or_network(entry: str, host: str, covered: bool) -> None:
    assert covers(grant(Permission.SCAN, hosts=(entry,)), host) is covered


def test_the_classes_of_a_run_follow_the_date() -> None:
    granted = grant(Permission.SCAN, Permission.DRILL, last=date(2026, 11, 24))
    assert Permission.SCAN in Gate(granted, NOW, drills=False).classes
    assert Permission.DRILL not in Gate(granted, NOW, drills=False).classes
    assert Permission.SCAN not in Gate(granted, datetime(2026, 12, 1, tzinfo=UTC), drills=True).classes
