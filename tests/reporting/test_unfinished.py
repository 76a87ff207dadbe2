"""A key that a run left disabled is said first, in every report, and nowhere else."""

from pathlib import Path
from typing import Any

import pytest

from clauseproof.model.finding import Outcome
from clauseproof.reporting.html import render
from clauseproof.reporting.terminal import render as summary
from clauseproof.reporting.unfinished import unfinished
from tests.reporting.support import Script, finding


def script(drills: bool = True, **facts: Any) -> Script:
    """A run whose drill recorded these facts."""
    made = Script(drills=drills)
    made.subject("data-key", "key", "arn:aws:kms:eu-central-1:111122223333:key/1f0c")
    made.clause("DPA 5.1", "Revocation", "It goes dark.", ("revocation-drill", ("data-key",), None, {}))
    digest = made.look("keys.revocation", "data-key", facts)
    made.verdict("DPA 5.1", "revocation-drill", ("data-key",), None, finding(Outcome.UNKNOWN, "open", None, digest))
    return made


def test_the_summary_and_the_report_say_which_key_until_when_and_what_ends_it(tmp_path: Path) -> None:
    dossier = script(left_until="2026-11-25T15:00:00Z").dossier(tmp_path / "run")
    (sentence,) = unfinished(dossier)
    assert sentence == (
        "This run left the key data-key disabled: a later run with --drills goes on, until 25 November 2026, 15:00 UTC "
        "at the latest. To end the drill: clauseproof restore"
    )
    for told in (summary(dossier, "report.html"), render(dossier).decode()):
        assert sentence in " ".join(told.split())


@pytest.mark.parametrize("facts", [{}, {"left_until": None}, {"left_until": "soon"}, {"left_until": 7}])
def test_a_drill_that_ended_is_not_told(tmp_path: Path, facts: dict[str, Any]) -> None:
    assert unfinished(script(**facts).dossier(tmp_path / "run")) == ()


def test_without_drills_no_observation_is_read_for_it(tmp_path: Path) -> None:
    dossier = script(drills=False, left_until="2026-11-25T15:00:00Z").dossier(tmp_path / "run")
    assert unfinished(dossier) == ()
    assert "exhibits" not in vars(dossier)
