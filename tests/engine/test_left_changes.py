"""A change that is left to a later run has one way back at every moment, and one run that goes on with it."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from clauseproof.engine.journal import (
    FileJournal,
    JournalOpen,
    LeftEntry,
    left_entries,
    open_entries,
    read_entry,
    read_left,
    restore,
)
from clauseproof.model.drill import Undo
from clauseproof.model.errors import ClauseproofError, RestoreFailed

DUE = datetime(2030, 1, 1, tzinfo=UTC)
DRILL = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from clauseproof.engine.journal import FileJournal
from clauseproof.model.drill import Undo

state, thing, die_at, leaves = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "leave"
passed = []

def point(name):
    passed.append(name)
    if len(passed) == die_at:
        os.kill(os.getpid(), signal.SIGKILL)

def settle(undo):
    Path(undo.target).write_text(undo.prior)
    point("settled")

journal = FileJournal(state, {"file": settle}, on_point=point)
left = journal.left(str(thing))
undo = Undo(kind="file", target=str(thing), prior="as it was", settings={})
with journal.change(undo) if left is None else journal.resume(left) as change:
    point("open")
    thing.write_text("changed")
    point("changed")
    if leaves:
        change.leave("house.shake", "shaken", datetime(2030, 1, 1, tzinfo=UTC), "a story" * 1000)
print(len(passed))
"""


def settle(undo: Undo) -> None:
    Path(undo.target).write_text(undo.prior)


def undo_of(path: Path) -> Undo:
    return Undo(kind="file", target=str(path), prior="as it was", settings={})


@pytest.fixture
def thing(tmp_path: Path) -> Path:
    path = tmp_path / "thing"
    path.write_text("as it was")
    return path


@pytest.fixture
def journal(tmp_path: Path) -> FileJournal:
    return FileJournal(tmp_path / "state", {"file": settle})


def leave(journal: FileJournal, thing: Path, story: str = "so far") -> LeftEntry:
    with journal.change(undo_of(thing)) as change:
        thing.write_text("changed")
        change.leave("house.shake", "shaken", DUE, story)
    (path,) = left_entries(journal.state)
    return read_left(path)


def drill(state: Path, thing: Path, die_at: int, then: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", DRILL, str(state), str(thing), str(die_at), then]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("before", [[], ["leave"]], ids=["first", "later"])
@pytest.mark.parametrize("then", ["leave", "end"])
def test_killed_at_any_point_of_leaving_or_going_on_the_way_back_is_there(
    tmp_path: Path, thing: Path, before: list[str], then: str
) -> None:
    def prepared(name: str) -> Path:
        state = tmp_path / name
        thing.write_text("as it was")
        for step in before:
            assert drill(state, thing, 0, step).returncode == 0
        return state

    points = int(drill(prepared("count"), thing, 0, then).stdout)
    assert points >= 5
    for die_at in range(1, points + 1):
        state = prepared(f"at{die_at}")
        assert drill(state, thing, die_at, then).returncode == -9
        every = (*open_entries(state), *left_entries(state))
        assert thing.read_text() == "as it was" or len(every) == 1, f"point {die_at}"
        for path in every:
            restore(path, {"file": settle})
        assert thing.read_text() == "as it was", f"point {die_at}"
        assert [path for path in state.glob("*") if path.suffix != ".draft"] == [], f"point {die_at}"


def test_what_is_left_is_as_it_was_told_and_the_thing_stays_changed(journal: FileJournal, thing: Path) -> None:
    before = datetime.now(UTC)
    left = leave(journal, thing, 'a story with "quotes" and \u2028')
    assert (left.by, left.state, left.due, left.story) == (
        "house.shake",
        "shaken",
        DUE,
        'a story with "quotes" and \u2028',
    )
    assert before <= left.at <= datetime.now(UTC)
    assert thing.read_text() == "changed"
    assert journal.left(str(thing)) == left
    assert journal.left("another") is None


def test_a_run_that_goes_on_takes_the_way_back_at_the_end(journal: FileJournal, thing: Path) -> None:
    left = leave(journal, thing)
    with journal.resume(left):
        assert left_entries(journal.state) == ()
        assert thing.read_text() == "changed"
    assert thing.read_text() == "as it was"
    assert list(journal.state.iterdir()) == []


def test_it_can_be_left_again_with_another_story(journal: FileJournal, thing: Path) -> None:
    with journal.resume(leave(journal, thing)) as change:
        change.leave("house.shake", "shaken", DUE, "and then")
    again = journal.left(str(thing))
    assert again is not None
    assert again.story == "and then"
    assert thing.read_text() == "changed"


def test_an_exception_after_leaving_does_not_take_the_way_back(journal: FileJournal, thing: Path) -> None:
    def leave_and_fail() -> None:
        with journal.change(undo_of(thing)) as change:
            thing.write_text("changed")
            change.leave("house.shake", "shaken", DUE, "so far")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        leave_and_fail()
    assert thing.read_text() == "changed"
    assert len(left_entries(journal.state)) == 1


def test_an_exception_in_a_run_that_goes_on_takes_the_way_back_first(journal: FileJournal, thing: Path) -> None:
    with pytest.raises(ZeroDivisionError), journal.resume(leave(journal, thing)):
        raise ZeroDivisionError
    assert thing.read_text() == "as it was"


def test_another_change_of_the_target_is_refused_while_one_is_left(journal: FileJournal, thing: Path) -> None:
    left = leave(journal, thing)
    with (
        pytest.raises(
            JournalOpen, match="is shaken for a drill that was left to a later run, until 2030-01-01"
        ) as caught,
        journal.change(undo_of(thing)),
    ):
        pytest.fail("the second change was let in")
    assert "clauseproof restore" in caught.value.what_to_do
    assert journal.left(str(thing)) == left
    assert open_entries(journal.state) == ()


def test_of_two_runs_that_go_on_one_is_refused(journal: FileJournal, thing: Path) -> None:
    left = leave(journal, thing)
    with journal.resume(left):
        with pytest.raises(JournalOpen), journal.resume(left):
            pytest.fail("both were let in")
        with pytest.raises(JournalOpen), journal.change(undo_of(thing)):
            pytest.fail("a new change was let in")
        assert thing.read_text() == "changed"


def test_a_run_that_read_an_older_story_is_refused_and_nothing_is_lost(journal: FileJournal, thing: Path) -> None:
    old = leave(journal, thing)
    with journal.resume(old) as change:
        change.leave("house.shake", "shaken", DUE, "and then")
    with pytest.raises(JournalOpen), journal.resume(old):
        pytest.fail("the older one was let in")
    again = journal.left(str(thing))
    assert again is not None
    assert again.story == "and then"
    assert open_entries(journal.state) == ()


def test_restore_takes_the_way_back_of_what_was_left(journal: FileJournal, thing: Path) -> None:
    leave(journal, thing)
    (path,) = left_entries(journal.state)
    undone = restore(path, {"file": settle})
    assert isinstance(undone, LeftEntry)
    assert thing.read_text() == "as it was"
    assert list(journal.state.iterdir()) == []


def test_a_restore_that_fails_leaves_the_entry_open_and_complete(journal: FileJournal, thing: Path) -> None:
    def jammed(undo: Undo) -> None:
        raise RestoreFailed(f"{undo.target} is jammed", "by hand")

    leave(journal, thing, "so far")
    (path,) = left_entries(journal.state)
    with pytest.raises(RestoreFailed):
        restore(path, {"file": jammed})
    (path,) = open_entries(journal.state)
    entry = read_entry(path)
    assert isinstance(entry, LeftEntry)
    assert entry.story == "so far"
    assert left_entries(journal.state) == ()


def test_a_way_back_that_breaks_in_any_way_is_a_restore_that_failed(journal: FileJournal, thing: Path) -> None:
    def torn(undo: Undo) -> None:
        raise LookupError("settings without a region")

    leave(journal, thing)
    broken = FileJournal(journal.state, {"file": torn})
    left = broken.left(str(thing))
    assert left is not None
    with pytest.raises(RestoreFailed, match="LookupError: settings without a region"), broken.resume(left):
        pass
    (path,) = open_entries(journal.state)
    with pytest.raises(RestoreFailed, match=r"the way back of .* to as it was failed"):
        restore(path, {"file": torn})
    assert path.exists()


def test_what_a_killed_process_was_writing_is_in_nobodys_way(journal: FileJournal, thing: Path) -> None:
    left = leave(journal, thing)
    (path,) = left_entries(journal.state)
    for name in (f"{path.stem}.{os.getpid()}.draft", f"{path.stem}.1.draft"):
        (journal.state / name).touch()
    with journal.resume(left) as change:
        change.leave("house.shake", "shaken", DUE, "and then")
    assert journal.left(str(thing)) not in (None, left)


def test_a_story_that_cannot_be_written_ends_in_the_way_back(tmp_path: Path, thing: Path) -> None:
    def block(point: str) -> None:
        if point == "story written":
            (path,) = open_entries(tmp_path / "state")
            path.with_suffix(".left").mkdir()

    journal = FileJournal(tmp_path / "state", {"file": settle}, on_point=block)
    with pytest.raises(ClauseproofError, match="could not be left to a later run"):
        leave(journal, thing)
    assert thing.read_text() == "as it was"
    assert open_entries(journal.state) == ()


def test_a_damaged_file_is_named_and_kept(journal: FileJournal, thing: Path) -> None:
    leave(journal, thing)
    (path,) = left_entries(journal.state)
    path.write_text("{")
    with pytest.raises(RestoreFailed, match=path.name):
        journal.left(str(thing))
    with pytest.raises(RestoreFailed, match=path.name), journal.change(undo_of(thing)):
        pytest.fail("the change was let in")
    assert path.exists()


def test_nobody_goes_on_without_knowing_the_way_back(journal: FileJournal, thing: Path) -> None:
    left = leave(journal, thing)
    stranger = FileJournal(journal.state, {})
    with pytest.raises(ClauseproofError, match="nobody knows the way back"), stranger.resume(left):
        pytest.fail("it was let in")
    assert journal.left(str(thing)) == left


def test_when_it_is_over_is_told_in_utc() -> None:
    east = datetime(2026, 11, 24, 10, 30, tzinfo=timezone(timedelta(hours=2)))
    left = LeftEntry(
        kind="k", target="t", prior="p", settings={}, checks=(), by="b", state="s", at=east, due=east, story=""
    )
    assert left.sentence == "t is s for a drill that was left to a later run, until 2026-11-24 08:30 UTC"
