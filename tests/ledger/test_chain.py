"""Runs of one profile in one folder."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clauseproof.ledger.chain import links, previous
from clauseproof.model.errors import LedgerError
from clauseproof.model.run import JudgedFrom, RunRecord
from tests.ledger.runs import NOW, begin, finished, new_signer, record

SIGNER = new_signer()


def hour(number: int, **changes: Any) -> RunRecord:
    return record(id=f"run-{number}", started=NOW + timedelta(hours=number), **changes)


def test_the_first_run_of_a_profile_has_no_predecessor(tmp_path: Path) -> None:
    assert previous(tmp_path / "reports", record().profile) is None
    assert previous(tmp_path, record().profile) is None


def test_a_run_follows_the_one_that_started_last_whatever_its_folder_is_called(tmp_path: Path) -> None:
    finished(tmp_path / "z", SIGNER, hour(1))
    second = finished(tmp_path / "a", SIGNER, hour(2))
    assert previous(tmp_path, record().profile) == second
    assert [link.run for link in links(tmp_path, record().profile)] == ["run-1", "run-2"]


def test_runs_of_other_profiles_are_no_predecessors(tmp_path: Path) -> None:
    other = record().profile.model_copy(update={"vendor": "Somebody else"})
    finished(tmp_path / "other", SIGNER, hour(2, profile=other))
    assert previous(tmp_path, record().profile) is None


def test_the_profile_is_the_same_after_an_amendment_and_from_another_folder(tmp_path: Path) -> None:
    digest = finished(tmp_path / "a", SIGNER, hour(1))
    amended = record().profile.model_copy(update={"path": "profiles/acme.yaml", "sha256": "f" * 64})
    assert previous(tmp_path, amended) == digest


def test_killed_runs_and_rejudgements_are_no_predecessors(tmp_path: Path) -> None:
    digest = finished(tmp_path / "whole", SIGNER, hour(1))
    begin(tmp_path / "killed", hour(2))
    finished(tmp_path / "again", SIGNER, hour(3, judged_from=JudgedFrom(run="run-1", manifest=digest)))
    assert previous(tmp_path, record().profile) == digest


def test_what_is_no_run_beside_the_runs_is_passed_over(tmp_path: Path) -> None:
    digest = finished(tmp_path / "whole", SIGNER, hour(1))
    (tmp_path / "notes").mkdir()
    (tmp_path / "readme.txt").write_bytes(b"")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/manifest.dsse.json").write_bytes(b"")
    (tmp_path / "broken/run.json").write_bytes(b"\xff")
    (tmp_path / "link").symlink_to(tmp_path / "whole")
    assert [link.manifest() for link in links(tmp_path, record().profile)] == [digest]


def test_a_file_is_no_folder_of_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LedgerError, match="cannot be listed"):
        previous(tmp_path / "file", record().profile)
