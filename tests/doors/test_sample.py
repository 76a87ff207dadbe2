"""The committed sample is a run that verifies, and its report is of the vendor that overclaims."""

import json
from pathlib import Path

from clauseproof.ledger.verification import Trust
from clauseproof.ledger.verify import verify

SAMPLE = Path(__file__).parents[2] / "reports" / "sample"


def test_the_sample_is_whole_and_signed() -> None:
    found = verify(SAMPLE)
    assert found.problems == ()
    assert found.trust is Trust.EMBEDDED


def test_the_sample_shows_every_kind_of_end_but_the_undecided() -> None:
    summary = json.loads((SAMPLE / "results.json").read_text())["summary"]
    assert summary["not-satisfied"] == 9
    assert summary["inconclusive"] == 0
    assert summary["satisfied"] > summary["not-satisfied"]


def test_the_sample_names_no_place_of_the_machine_that_made_it() -> None:
    for path in SAMPLE.rglob("*"):
        if path.is_file():
            assert b"/home/" not in path.read_bytes()
            assert b"/tmp/" not in path.read_bytes()
