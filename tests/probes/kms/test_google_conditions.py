"""Conditions of IAM bindings: the two shapes that are decided, and everything else left open."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.probes.kms.google_conditions import LONGEST, Scope, decide

PROJECT = "projects/buyer-prod"
RING = f"{PROJECT}/locations/europe-west3/keyRings/crm"
KEY = f"{RING}/cryptoKeys/k"
AT = datetime(2026, 6, 1, tzinfo=UTC)
FOLDERS = {"resourcemanager.organizations.*", "resourcemanager.folders.*"}


@pytest.mark.parametrize(
    ("expression", "scope"),
    [
        ('request.time < timestamp("2026-06-01T00:00:00Z")', Scope(ends=AT)),
        ("request.time<=timestamp('2026-06-01T02:00:00+02:00')", Scope(ends=AT)),
        ('request.time > timestamp("2026-06-01T00:00:00.000Z")', Scope(starts=AT)),
    ],
)
def test_a_comparison_with_a_timestamp_says_when(expression: str, scope: Scope) -> None:
    assert decide(expression, KEY) == scope


def test_a_time_is_kept_in_utc_whatever_it_is_written_in() -> None:
    scope = decide('request.time > timestamp("2026-06-01T02:00:00+02:00")', KEY)
    assert scope is not None
    assert f"{scope.starts:%H:%M} UTC" == "00:00 UTC"


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_beyond_the_calendar_is_left_open(text: str) -> None:
    assert decide(f'request.time < timestamp("{text}")', KEY) is None


def test_several_comparisons_leave_what_all_of_them_leave() -> None:
    later = 'request.time > timestamp("2026-06-01T00:00:00Z") && request.time > timestamp("2025-06-01T00:00:00Z")'
    assert decide(later, KEY) == Scope(starts=AT)
    assert decide(f'{later} && resource.name.startsWith("{RING}-2/")', KEY) == Scope(void=True, starts=AT)


@pytest.mark.parametrize(
    ("prefix", "more"),
    [
        ("projects/", set()),
        (PROJECT, set()),
        (f"{PROJECT}/locations/", {"resourcemanager.projects.*"}),
        (RING, {"resourcemanager.projects.*"}),
        (f"{RING}/", {"resourcemanager.projects.*", "cloudkms.keyRings.*"}),
        (KEY, {"resourcemanager.projects.*", "cloudkms.keyRings.*"}),
    ],
)
def test_a_name_that_the_keys_begins_with_leaves_the_key_and_what_begins_so(prefix: str, more: set[str]) -> None:
    scope = decide(f'resource.name.startsWith("{prefix}")', KEY)
    assert scope is not None
    assert not scope.void
    assert set(scope.but) == FOLDERS | more


@pytest.mark.parametrize(
    "expression",
    [
        f'resource.name.startsWith("{RING}/cryptoKeys/kk")',
        f'resource.name.startsWith("{PROJECT}/locations/europe-west4/")',
        f'resource.name == "{RING}/cryptoKeys/other"',
    ],
)
def test_a_name_elsewhere_in_the_project_leaves_nothing(expression: str) -> None:
    assert decide(expression, KEY) == Scope(void=True)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "true",
        f'resource.name == "{KEY}"',
        f'resource.name == "{RING}"',
        f'resource.name.startsWith("{KEY}/cryptoKeyVersions/1")',
        'resource.name.startsWith("projects/123456789/locations/")',
        f'!resource.name.startsWith("{RING}-2/")',
        f'resource.name.startsWith("{RING}-2/") || true',
        f'(resource.name.startsWith("{RING}-2/"))',
        f'resource.name.startsWith("{RING}-2/") && destination.port == 1',
        f'resource.name != "{RING}/cryptoKeys/other"',
        'request.time < timestamp("2026-06-01")',
        'request.time < timestamp("2026-06-01T00:00:00")',
        'request.time < timestamp("2026-13-01T00:00:00Z")',
        'request.time.getHours("Europe/Berlin") < 18',
        'request.time < timestamp("2026-06-01T00:00:00Z") && true',
        f'resource.name.startsWith("{RING}\\"-2/")',
        "&&",
        'resource.name.startsWith("' + "x" * LONGEST + '")',
    ],
)
def test_anything_else_is_left_undecided(expression: str) -> None:
    assert decide(expression, KEY) is None


@given(st.text(max_size=80) | st.from_regex(r"(request\.time|resource\.name).{0,60}", fullmatch=True))
def test_no_text_is_an_error(expression: str) -> None:
    scope = decide(expression, KEY)
    assert scope is None or isinstance(scope, Scope)
