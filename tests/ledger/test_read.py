"""Reading runs that are finished, killed, or no runs at all."""

from pathlib import Path

import pytest

from clauseproof.ledger.read import LedgerReader
from clauseproof.model.errors import LedgerError
from tests.ledger.runs import PHOTO, begin, finished, new_signer, record, replay


def test_a_finished_run_gives_back_record_lines_verdicts_and_artifacts(tmp_path: Path) -> None:
    finished(tmp_path / "run", new_signer())
    reader = LedgerReader.open(tmp_path / "run")
    assert reader.record == record()
    assert [line.subject for line in reader.lines()] == ["hall", "attic"]
    assert reader.verdicts() == tuple(replay(tmp_path / "run"))
    line = reader.line("lamp.light", "hall", "local")
    assert line is not None
    assert reader.artifact(line.artifacts[0], 100) == PHOTO
    assert not reader.truncated


def test_a_run_without_a_manifest_can_be_read(tmp_path: Path) -> None:
    begin(tmp_path / "run")
    assert len(LedgerReader.open(tmp_path / "run").verdicts()) == 2


@pytest.mark.parametrize("name", ["observations.jsonl", "verdicts.jsonl"])
def test_a_run_that_ends_inside_a_line_says_so_and_gives_the_whole_lines(tmp_path: Path, name: str) -> None:
    begin(tmp_path / "run")
    path = tmp_path / "run" / name
    path.write_bytes(path.read_bytes()[:-3])
    reader = LedgerReader.open(tmp_path / "run")
    assert reader.truncated
    assert [len(list(reader.lines())), len(reader.verdicts())] == ([1, 2] if name == "observations.jsonl" else [2, 1])


def test_a_folder_without_run_json_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="is no run directory"):
        LedgerReader.open(tmp_path)


@pytest.mark.parametrize("name", ["run.json", "observations.jsonl", "verdicts.jsonl"])
def test_a_folder_in_place_of_a_file_is_a_ledger_error(tmp_path: Path, name: str) -> None:
    begin(tmp_path / "run")
    (tmp_path / "run" / name).unlink()
    (tmp_path / "run" / name).mkdir()
    with pytest.raises(LedgerError, match=f"{name} is no regular file"):
        LedgerReader.open(tmp_path / "run")


def test_a_run_json_of_another_shape_is_refused_with_its_field(tmp_path: Path) -> None:
    begin(tmp_path / "run")
    path = tmp_path / "run/run.json"
    path.write_bytes(path.read_bytes().replace(b'"operator"', b'"operater"'))
    with pytest.raises(LedgerError, match="operat"):
        LedgerReader.open(tmp_path / "run")


def test_a_verdict_that_cannot_be_read_is_named_by_line(tmp_path: Path) -> None:
    begin(tmp_path / "run")
    path = tmp_path / "run/verdicts.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"tier":1', b'"tier":"1"'))
    with pytest.raises(LedgerError, match=r"verdicts\.jsonl:1: 'tier'"):
        LedgerReader.open(tmp_path / "run").verdicts()


def test_what_a_killed_run_was_still_writing_is_no_artifact(tmp_path: Path) -> None:
    begin(tmp_path / "run")
    (tmp_path / "run/artifacts/sha256/.new-x").write_bytes(b"half")
    reader = LedgerReader.open(tmp_path / "run")
    assert len([reader.artifact(digest) for digest in reader.artifacts()]) == 3
