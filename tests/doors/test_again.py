"""A recorded run judged again: the same verdicts offline, others on another date or under another law."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from clauseproof.doors.assembly import Again
from clauseproof.doors.commands import judge_again, verify_run
from clauseproof.doors.session import Session, Wishes
from clauseproof.sandbox.vendor import ReferenceVendor

LAW = """
EU:
  reference: an imagined treaty without Germany
  members: [{code: FR}, {code: IE}]
"""

Key = tuple[str, str, str]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The vendor that keeps its word, without drills; it has stopped when the run is judged again."""
    folder = tmp_path_factory.mktemp("again")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLAUSEPROOF_HOME", str(tmp_path_factory.mktemp("home")))
        with ReferenceVendor.honest(folder / "deployment") as vendor, vendor.surroundings():
            session = Session(vendor.profile, Wishes(out=folder / "run"))
            session.begin()
            session.run.observer.wait()
            assert session.finish() == 0
        yield folder / "run"


def rulings(run: Path) -> dict[Key, str]:
    found = json.loads((run / "results.json").read_text())["verdicts"]
    return {(v["clause"], v["claim"], ",".join(v["subjects"])): v["verdict"] for v in found}


def changed(recorded: Path, out: Path, again: Again, at: str | None = None) -> dict[Key, str]:
    """What is judged otherwise than it was."""
    judge_again(recorded, again, at=at, out=out, key=None)
    before, after = rulings(recorded), rulings(out)
    return {key: ruling for key, ruling in after.items() if before[key] != ruling}


def test_offline_the_verdicts_are_the_same(recorded: Path, tmp_path: Path) -> None:
    assert changed(recorded, tmp_path / "again", Again()) == {}
    assert set(rulings(recorded).values()) == {"satisfied", "not-tested"}


def test_in_two_years_certificates_and_reports_have_run_out(recorded: Path, tmp_path: Path) -> None:
    year = int(json.loads((recorded / "run.json").read_text())["now"][:4]) + 2
    assert changed(recorded, tmp_path / "later", Again(), at=f"{year}-12-01") == {
        ("DPA 4.2", "certificate", "api"): "not-satisfied",
        ("DPA 4.2", "certificate", "files"): "not-satisfied",
        ("DPA 5.2", "rotation-schedule", "data-key"): "not-satisfied",
        ("DPA 5.2", "rotation-schedule", "attachments-key"): "not-satisfied",
        ("DPA 5.2", "rotation-schedule", "backups-key"): "not-satisfied",
        ("DPA 6.1", "audit-report", "soc2"): "not-satisfied",
        ("DPA 6.2", "audit-report", "iso27001"): "not-satisfied",
    }


def test_under_another_law_the_place_is_wrong(recorded: Path, tmp_path: Path) -> None:
    law = tmp_path / "law.yaml"
    law.write_text(LAW)
    assert changed(recorded, tmp_path / "law", Again(jurisdictions=law)) == {
        ("DPA 3.1", "endpoint-location", "api"): "not-satisfied",
        ("DPA 3.1", "endpoint-location", "files"): "not-satisfied",
        ("DPA 5.6", "key-location", "attachments-key"): "not-satisfied",
    }


def test_a_judgement_made_again_verifies_like_a_run(recorded: Path, tmp_path: Path) -> None:
    judge_again(recorded, Again(), at=None, out=tmp_path / "again", key=None)
    assert verify_run(tmp_path / "again", None, None, newest=False) == 0


def test_a_verdict_that_the_facts_do_not_yield_is_found(recorded: Path, tmp_path: Path) -> None:
    year = int(json.loads((recorded / "run.json").read_text())["now"][:4]) + 2
    judge_again(recorded, Again(), at=f"{year}-12-01", out=tmp_path / "later", key=None)
    record = tmp_path / "later" / "run.json"
    record.write_text(record.read_text().replace(f'"now": "{year}', f'"now": "{year - 2}'))
    assert verify_run(tmp_path / "later", None, None, newest=False) == 1
