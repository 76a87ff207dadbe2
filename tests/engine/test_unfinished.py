"""Drills left to a later run: a run that would not go on with one that is overdue makes no drills."""

from datetime import timedelta
from pathlib import Path

import pytest

from clauseproof.engine.journal import FileJournal, JournalOpen, left_entries
from clauseproof.engine.permit import Gate
from clauseproof.engine.plan import Plan, build_plan
from clauseproof.engine.unfinished import goes_on, overdue, refuse_open, refuse_overdue, unfinished
from clauseproof.model.claim import Claim
from clauseproof.model.drill import Undo
from clauseproof.model.permission import Permission
from tests.engine.house import AtLeast, Counter, Shaken
from tests.engine.support import NOW, grant, profile, registry, use

LATER, EARLIER = NOW + timedelta(hours=1), NOW - timedelta(seconds=1)


def plan(counter: str, kind: str = "shaken", claim: Claim | None = None, *, drills: bool = True) -> Plan:
    """A run of one claim on one counter."""
    made = profile({"a": Counter(counter=counter)}, [use(kind, claim or Shaken(), "a")], grant=grant(Permission.DRILL))
    return build_plan(made, registry(), Gate(made.permission, NOW, drills))


def leave(state: Path, target: str, *, by: str = "house.shake", overdue: bool = False) -> None:
    journal = FileJournal(state, {"house-settle": lambda undo: None})
    with journal.change(Undo(kind="house-settle", target=target, prior="still", settings={})) as change:
        change.leave(by, "shaken", EARLIER if overdue else LATER, "so far")


def test_what_is_left_and_not_over_yet_keeps_no_other_drill_from_running(tmp_path: Path) -> None:
    leave(tmp_path, "7")
    refuse_open(tmp_path)
    refuse_overdue(tmp_path, plan("8"), NOW)


def test_the_run_that_goes_on_with_what_is_overdue_may_begin(tmp_path: Path) -> None:
    leave(tmp_path, "7", overdue=True)
    refuse_overdue(tmp_path, plan("7"), NOW)


@pytest.mark.parametrize(
    "other",
    [
        plan("8"),
        plan("7", "at-least", AtLeast(least=1)),
        plan("7", drills=False),
    ],
    ids=["another subject", "no drill of it", "a drill that may not run"],
)
def test_every_other_run_refuses_its_drills_and_names_what_mends_it(tmp_path: Path, other: Plan) -> None:
    leave(tmp_path, "7", overdue=True)
    with pytest.raises(JournalOpen, match=r"7 is shaken for a drill .* which is over, and this run does not") as caught:
        refuse_overdue(tmp_path, other, NOW)
    assert "clauseproof restore" in caught.value.what_to_do


def test_a_drill_of_another_kind_does_not_go_on_with_it(tmp_path: Path) -> None:
    leave(tmp_path, "7", by="house.turn", overdue=True)
    with pytest.raises(JournalOpen):
        refuse_overdue(tmp_path, plan("7"), NOW)


def test_names_without_case_are_the_same_in_any(tmp_path: Path) -> None:
    leave(tmp_path, "https://v.vault.azure.net/keys/cmk")
    left = FileJournal(tmp_path, {}).left("https://v.vault.azure.net/keys/cmk")
    assert left is not None
    assert goes_on(plan("https://v.vault.azure.net/keys/CMK"), left)


def test_each_is_told_with_its_end_and_what_ends_it(tmp_path: Path) -> None:
    leave(tmp_path, "7")
    (line,) = unfinished(tmp_path, NOW)
    assert line == (
        "STILL CHANGED: 7 is shaken for a drill that was left to a later run, until 2026-11-24 10:00 UTC at the "
        "latest. The next run with --drills goes on. To end it now: clauseproof restore"
    )
    assert "which is OVERDUE" in next(unfinished(tmp_path, LATER))


def test_what_is_left_and_overdue_or_unreadable_is_told_apart_from_what_is_not(tmp_path: Path) -> None:
    leave(tmp_path, "7")
    assert not overdue(tmp_path, NOW)
    assert overdue(tmp_path, LATER)
    (path,) = left_entries(tmp_path)
    path.write_text("{")
    assert overdue(tmp_path, NOW)


def test_what_a_killed_drill_left_open_is_told_by_every_run(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, {"house-settle": lambda undo: None})
    with journal.change(Undo(kind="house-settle", target="7", prior="still", settings={})):
        (line,) = unfinished(tmp_path, NOW)
    assert line.startswith("STILL CHANGED: 7, unless another run is drilling it now")
    assert line.endswith("clauseproof restore")
    (tmp_path / "torn.json").write_text("{")
    assert next(unfinished(tmp_path, NOW)).startswith("NOT RESTORED: the journal entry")


def test_one_that_cannot_be_read_is_told_too(tmp_path: Path) -> None:
    leave(tmp_path, "7")
    (path,) = left_entries(tmp_path)
    path.write_text("{")
    assert path.name in next(unfinished(tmp_path, NOW))
    assert list(unfinished(tmp_path / "none", NOW)) == []
