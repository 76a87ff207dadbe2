"""How Log Analytics is asked, and what a row of somebody else's making can do."""

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.probes.kms.azure_credential import object_id
from clauseproof.probes.kms.azure_log import _row, quoted

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@given(st.text(max_size=60))
def test_whatever_is_quoted_stays_one_string_on_one_line(text: str) -> None:
    written = quoted(text)
    assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', written)
    assert written.isprintable()


def test_a_quote_ends_no_string() -> None:
    assert quoted('x" or 1 == 1') == '"x\\" or 1 == 1"'
    assert quoted("\\") == '"\\\\"'


@given(
    st.dictionaries(
        st.sampled_from(["OperationName", "Status", "Client", "Caller", "CorrelationId", "Uri", "Id"]),
        st.none() | st.booleans() | st.integers() | st.text(max_size=300) | st.lists(st.text(max_size=5), max_size=2),
    )
)
def test_no_row_is_an_error(values: dict[str, Any]) -> None:
    row = _row({**values, "TimeGenerated": NOW})
    assert row is not None
    assert len(row.entry.call) <= 120
    assert len(row.entry.id) <= 120


@pytest.mark.parametrize("at", [None, "yesterday", 7, datetime(2026, 11, 24)])  # noqa: DTZ001 (the point of it)
def test_a_row_without_a_date_is_none(at: object) -> None:
    assert _row({"TimeGenerated": at, "OperationName": "KeyUpdate", "Status": 200}) is None


def test_a_status_that_is_no_success_is_an_error_of_the_entry() -> None:
    def error(status: object) -> str | None:
        row = _row({"TimeGenerated": NOW, "Status": status})
        assert row is not None
        return row.entry.error

    assert (error(200), error(403), error(True), error("200")) == (None, "HTTP 403", "HTTP 0", "HTTP 0")


def token(claims: object) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c2ln"


def test_a_token_says_whom_it_is_about() -> None:
    assert object_id(token({"oid": "ABCD-1"})) == "abcd-1"


@pytest.mark.parametrize(
    "text", ["", "buyer", "a.b.c", "a..c", "é.é.é", token([]), token({"oid": 1}), token({"oid": ""}), token("oid")]
)
def test_a_token_that_does_not_say_is_nobodys(text: str) -> None:
    assert object_id(text) is None
