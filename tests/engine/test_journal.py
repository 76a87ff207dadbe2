"""The way back is written before anything is touched, and survives the death of the process at every point."""

import subprocess
import sys
from pathlib import Path

import pytest

from clauseproof.engine.journal import FileJournal, JournalOpen, open_entries, read_entry, restore
from clauseproof.model.drill import Undo
from clauseproof.model.errors import ClauseproofError, RestoreFailed

DRILL = """
import os, signal, sys
from pathlib import Path
from clauseproof.engine.journal import FileJournal
from clauseproof.model.drill import Undo

state, thing, die_at = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
passed = []

def point(name):
    passed.append(name)
    if len(passed) == die_at:
        os.kill(os.getpid(), signal.SIGKILL)

def settle(undo):
    Path(undo.target).write_text(undo.prior)
    point("settled")

journal = FileJournal(state, {"file": settle}, on_point=point)
with journal.change(Undo(kind="file", target=str(thing), prior=thing.read_text(), settings={})):
    point("before the change")
    thing.write_text("changed")
    journal.point("changed")
print(len(passed))
"""


def settle(undo: Undo) -> None:
    Path(undo.target).write_text(undo.prior)


def undo_of(path: Path) -> Undo:
    return Undo(kind="file", target=str(path), prior=path.read_text(), settings={})


@pytest.fixture
def thing(tmp_path: Path) -> Path:
    path = tmp_path / "thing"
    path.write_text("as it was")
    return path


def drill(state: Path, thing: Path, die_at: int) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", DRILL, str(state), str(thing), str(die_at)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_killed_at_any_point_the_way_back_is_taken_by_another_process(tmp_path: Path, thing: Path) -> None:
    points = int(drill(tmp_path / "count", thing, 0).stdout)
    assert points >= 7
    for die_at in range(1, points + 1):
        state = tmp_path / f"at{die_at}"
        assert drill(state, thing, die_at).returncode == -9
        for path in open_entries(state):
            restore(path, {"file": settle})
        assert thing.read_text() == "as it was", f"point {die_at}"
        assert open_entries(state) == ()


def test_a_second_change_of_the_same_target_is_refused(tmp_path: Path, thing: Path) -> None:
    journal = FileJournal(tmp_path / "state", {"file": settle})
    with journal.change(undo_of(thing)):
        thing.write_text("changed")
        with pytest.raises(JournalOpen), journal.change(undo_of(thing)):
            pytest.fail("the second change was let in")
        assert thing.read_text() == "changed"
    assert thing.read_text() == "as it was"


def test_an_exception_in_the_drill_takes_the_way_back_first(tmp_path: Path, thing: Path) -> None:
    journal = FileJournal(tmp_path / "state", {"file": settle})
    with pytest.raises(ZeroDivisionError), journal.change(undo_of(thing)):
        thing.write_text(str(1 // 0))
    assert thing.read_text() == "as it was"


def test_a_way_back_that_fails_stays_open(tmp_path: Path, thing: Path) -> None:
    def jammed(undo: Undo) -> None:
        raise RestoreFailed(f"{undo.target} is jammed", "by hand")

    journal = FileJournal(tmp_path / "state", {"file": jammed})
    with pytest.raises(RestoreFailed), journal.change(undo_of(thing)):
        thing.write_text("changed")
    (path,) = open_entries(tmp_path / "state")
    assert read_entry(path).prior == "as it was"
    restore(path, {"file": settle})
    assert thing.read_text() == "as it was"


def test_nothing_is_touched_if_nobody_knows_the_way_back(tmp_path: Path, thing: Path) -> None:
    journal = FileJournal(tmp_path / "state", {})
    with pytest.raises(ClauseproofError, match="nobody knows the way back"), journal.change(undo_of(thing)):
        pytest.fail("the change was let in")


def test_nothing_is_touched_if_the_journal_cannot_be_written(tmp_path: Path, thing: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    journal = FileJournal(blocked, {"file": settle})
    with pytest.raises(ClauseproofError, match="was not touched"), journal.change(undo_of(thing)):
        pytest.fail("the change was let in")


def test_a_damaged_entry_is_named_and_left(tmp_path: Path) -> None:
    (tmp_path / "damaged.json").write_text("{")
    (path,) = open_entries(tmp_path)
    with pytest.raises(RestoreFailed, match=r"damaged\.json"):
        restore(path, {"file": settle})
    assert path.exists()


def test_the_journal_is_private(tmp_path: Path, thing: Path) -> None:
    with FileJournal(tmp_path / "state", {"file": settle}).change(undo_of(thing)):
        assert (tmp_path / "state").stat().st_mode & 0o077 == 0
