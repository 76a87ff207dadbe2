"""Verdicts as JSON and back, and the names they go by."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.ledger.verdicts import decode_verdict, names, verdict_data
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.verdict import Because, Ruling, Verdict, WaiverNote
from clauseproof.strictjson import encode
from tests.ledger.runs import verdict, waiver

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FINDINGS = st.builds(
    Finding,
    st.sampled_from(Outcome),
    TEXT,
    TEXT,
    st.none() | st.sampled_from(Assurance),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.lists(TEXT, max_size=3).map(tuple),
)
VERDICTS = st.builds(
    Verdict,
    clause=TEXT,
    claim=TEXT,
    subjects=st.lists(TEXT, max_size=3).map(tuple),
    words=st.none() | TEXT,
    tier=st.integers(1, 3),
    ruling=st.sampled_from(Ruling),
    assurance=st.none() | st.sampled_from(Assurance),
    findings=st.lists(FINDINGS, max_size=3).map(tuple),
    because=st.none() | st.sampled_from(Because),
    waiver=st.none() | st.builds(WaiverNote, TEXT, TEXT, st.dates(), st.booleans()),
    waived_from=st.none() | st.sampled_from(Ruling),
    replayable=st.booleans(),
)
HOLDS = Finding(Outcome.HOLDS, "the lamp is lit", "bulb 1", Assurance.OBSERVED, None, ("sha256:1",))


@given(VERDICTS)
def test_a_verdict_survives_the_way_to_disk_and_back(given_verdict: Verdict) -> None:
    assert decode_verdict(encode(verdict_data(given_verdict))) == given_verdict


def test_a_plain_verdict_has_exactly_the_keys_that_scripts_know() -> None:
    assert verdict_data(verdict("hall", HOLDS)) == {
        "clause": "C 1",
        "claim": "lamp-lit",
        "subjects": ["hall"],
        "words": "lit at night",
        "tier": 1,
        "verdict": "satisfied",
        "assurance": "observed",
        "findings": [
            {
                "outcome": "holds",
                "assurance": "observed",
                "about": "bulb 1",
                "text": "the lamp is lit",
                "evidence": ["sha256:1"],
            }
        ],
    }


def test_a_waived_verdict_says_by_whom_until_when_and_what_it_would_be() -> None:
    data = verdict_data(verdict("hall", ruling=Ruling.WAIVED, waiver=waiver(), waived_from=Ruling.NOT_SATISFIED))
    assert data["waived_from"] == "not-satisfied"
    assert data["waiver"] == {
        "approver": "J. Doe",
        "reason": "bulb on order",
        "expires": "2026-12-31",
        "expired": False,
    }


def test_an_untested_verdict_says_why() -> None:
    data = verdict_data(verdict("hall", ruling=Ruling.NOT_TESTED, because=Because.PERMISSION))
    assert (data["verdict"], data["because"]) == ("not-tested", "permission")


def test_a_sentence_that_ends_says_when_in_utc() -> None:
    until = datetime(2027, 1, 1, 0, 30, tzinfo=UTC)
    data = verdict_data(verdict("hall", Finding(Outcome.HOLDS, "", "", Assurance.OBSERVED, until)))
    assert data["findings"][0]["until"] == "2027-01-01T00:30:00Z"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("verdict", "passed"),
        ("assurance", "certain"),
        ("assurance", 4),
        ("tier", "1"),
        ("replayable", 1),
        ("subjects", "hall"),
        ("findings", None),
        ("evidence", []),
        ("because", "laziness"),
    ],
)
def test_a_verdict_of_another_shape_is_refused_with_its_field(key: str, value: Any) -> None:
    data = verdict_data(verdict("hall", HOLDS)) | {key: value}
    with pytest.raises(ValueError, match=key):
        decode_verdict(json.dumps(data).encode())


def test_names_tell_clause_claim_subjects_and_words() -> None:
    given_verdicts = [verdict("hall", HOLDS), verdict("hall", HOLDS, words=None)]
    assert names(given_verdicts) == ["C 1 / lamp-lit / hall / lit at night", "C 1 / lamp-lit / hall"]


def test_the_same_claim_made_twice_gets_a_number() -> None:
    twice = [verdict("hall", HOLDS), verdict("attic", HOLDS), verdict("hall", HOLDS)]
    assert names(twice)[2] == "C 1 / lamp-lit / hall / lit at night (2)"
    assert len(set(names(twice))) == 3
