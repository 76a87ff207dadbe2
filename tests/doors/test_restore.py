"""`clauseproof restore` brings back what it can, whatever stands in the way of the rest."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clauseproof.doors.commands import restore_drills
from clauseproof.engine.journal import FileJournal, left_entries, open_entries
from clauseproof.engine.outcome import KEPT, UNRESTORED
from clauseproof.model.drill import Undo
from clauseproof.probes.kms.aws_api import AwsReach
from clauseproof.probes.kms.aws_drills import WAY_BACK
from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY, AwsKmsDouble, KeySeed
from tests.support.keys import aws_key, client, state_of


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the journals."""
    monkeypatch.setenv("CLAUSEPROOF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", BUYER_ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any secret will do")
    return tmp_path / "home" / "journal"


@pytest.fixture
def double() -> Iterator[AwsKmsDouble]:
    with AwsKmsDouble() as running:
        yield running


def leave(state: Path, undo: Undo, *checks: Path) -> None:
    """As a run leaves a change that was made with these folders of checks."""
    journal = FileJournal(state, {undo.kind: lambda undo: None}, tuple(map(str, checks)))
    with journal.change(undo) as change:
        change.leave("keys.revocation", "Disabled", datetime(2099, 1, 1, tzinfo=UTC), "{}")


def disabled(double: AwsKmsDouble) -> Undo:
    """The way back of a key of the double that was just disabled."""
    arn = double.seed_key(KeySeed())
    client(double).disable_key(KeyId=arn)
    settings = {**AwsReach.of(aws_key(double, arn)).settings(), "patience_s": "1"}
    return Undo(kind=WAY_BACK, target=arn, prior="Enabled", settings=settings)


def test_a_left_drill_is_ended_although_its_folder_of_checks_is_gone(
    double: AwsKmsDouble, state: Path, tmp_path: Path
) -> None:
    undo = disabled(double)
    leave(state, undo, tmp_path / "gone")
    assert restore_drills() == KEPT
    assert state_of(double, undo.target) == "Enabled"
    assert left_entries(state) == ()


def test_check_files_that_do_not_load_any_more_keep_no_key_dark(
    double: AwsKmsDouble, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "own.py").write_text("import nothing_of_that_name")
    undo = disabled(double)
    leave(state, undo, tmp_path / "checks")
    assert restore_drills() == KEPT
    assert state_of(double, undo.target) == "Enabled"
    assert "only what comes with clauseproof is tried" in capsys.readouterr().err


def test_one_that_cannot_be_restored_keeps_no_other_from_it(
    double: AwsKmsDouble, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    undo = disabled(double)
    no_settings = Undo(kind=WAY_BACK, target="arn:aws:kms:nowhere", prior="Enabled", settings={"patience_s": "soon"})
    unknown = Undo(kind="own-switch", target="a switch", prior="on", settings={})
    for other in (no_settings, unknown, undo):
        leave(state, other, tmp_path / "gone")
    assert restore_drills() == UNRESTORED
    assert state_of(double, undo.target) == "Enabled"
    assert len((*open_entries(state), *left_entries(state))) == 2
    told = capsys.readouterr().err
    assert "NOT RESTORED: nobody knows the way back own-switch of a switch" in told
    assert "NOT RESTORED: the way back of arn:aws:kms:nowhere to Enabled failed: ValueError" in told


def test_what_a_provider_calls_a_state_moves_no_terminal(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leave(state, Undo(kind="own-switch", target="a \x1b[2J switch \u202e", prior="on", settings={}))
    assert restore_drills() == UNRESTORED
    told = capsys.readouterr().err
    assert "own-switch of a <U+001B>[2J switch <U+202E>" in told
    assert told.isascii()
