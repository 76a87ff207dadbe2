"""Looks: each once, all at once, bounded in time, drills last and always taken back."""

import threading
from pathlib import Path

import pytest

from clauseproof.engine.events import Silent
from clauseproof.engine.journal import FileJournal, open_entries
from clauseproof.engine.observe import Observer
from clauseproof.engine.permit import Gate
from clauseproof.engine.plan import build_plan
from clauseproof.model.facts import Facts
from clauseproof.model.permission import Permission
from clauseproof.model.unseen import Reason, Unseen
from tests.engine import house
from tests.engine.house import AtLeast, Counter, Proven, Scanned, Shaken, Weighed
from tests.engine.support import NOW, Lines, grant, observe, profile, registry, use, workshop

DRILL = grant(Permission.DRILL)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    house.looked.clear()
    house.state.clear()
    house.shaking.clear()


def unseen(lines: Lines, kind: str) -> Unseen:
    (found,) = [seen.result for seen in lines.observations if seen.kind == kind]
    assert isinstance(found, Unseen)
    return found


def test_a_look_is_made_once_however_many_claims_need_it(tmp_path: Path) -> None:
    claims = [use("at-least", AtLeast(least=n), "a") for n in range(5)] + [use("proven", Proven(), "a")]
    observe(profile({"a": Counter(counter="4")}, claims), tmp_path)
    assert house.looked == ["a"]


def test_probes_feed_probes_and_the_feed_stands_in_the_record(tmp_path: Path) -> None:
    _, lines, _ = observe(profile({"a": Counter(counter="4")}, [use("proven", Proven(), "a")]), tmp_path)
    first, second = lines.observations
    assert (first.kind, second.kind) == ("house.count", "house.double")
    assert second.result.value == 8  # type: ignore[union-attr]
    assert second.inputs == (f"sha256:{1:064x}",)
    assert second.calls == ("house:Double",)


@pytest.mark.parametrize(("counter", "kind"), [("slow", "house.count"), ("13", "house.double")])
def test_a_look_past_its_deadline_is_unseen_and_the_run_goes_on(counter: str, kind: str, tmp_path: Path) -> None:
    made = profile({"a": Counter(counter=counter), "b": Counter(counter="1")}, [use("proven", Proven(), "a", "b")])
    _, lines, _ = observe(made, tmp_path)
    results = {(seen.kind, seen.subject): seen.result for seen in lines.observations}
    late = results[kind, "a"]
    assert isinstance(late, Unseen)
    assert late.reason is Reason.DEADLINE
    assert isinstance(results["house.double", "b"], Facts)


def test_waiting_for_other_looks_takes_none_of_a_looks_time(tmp_path: Path) -> None:
    counters = {f"c{n}": Counter(counter="1") for n in range(8)}  # which take longer together than one may
    _, lines, _ = observe(profile(counters, [use("weighed", Weighed(), *counters)]), tmp_path)
    assert [seen.result.weighing for seen in lines.observations] == [1] * 8  # type: ignore[union-attr]


def test_what_feeds_on_nothing_is_unseen_for_the_same_reason(tmp_path: Path) -> None:
    _, lines, _ = observe(profile({"a": Counter(counter="denied")}, [use("proven", Proven(), "a")]), tmp_path)
    assert unseen(lines, "house.double") == unseen(lines, "house.count")
    assert unseen(lines, "house.double").remedy == "grant house:Read"


def test_a_defect_of_a_probe_becomes_an_unseen(tmp_path: Path) -> None:
    claims = [use("at-least", AtLeast(least=1), "a")]
    _, lines, _ = observe(profile({"a": Counter(counter="no number")}, claims), tmp_path)
    assert unseen(lines, "house.count").reason is Reason.FAILED
    assert "ValueError" in unseen(lines, "house.count").text


def test_a_file_that_is_not_there_is_unseen_by_name(tmp_path: Path) -> None:
    claims = [use("at-least", AtLeast(least=1), "a")]
    _, lines, _ = observe(profile({"a": Counter(counter="file", file="evidence.txt")}, claims), tmp_path)
    assert "evidence.txt cannot be read" in unseen(lines, "house.count").text


def test_without_permission_the_probe_does_not_run(tmp_path: Path) -> None:
    _, lines, _ = observe(profile({"a": Counter(counter="4")}, [use("scanned", Scanned(), "a")]), tmp_path)
    assert unseen(lines, "house.scan").reason is Reason.NOT_PERMITTED


def test_a_drill_that_was_not_asked_for_does_not_run(tmp_path: Path) -> None:
    made = profile({"a": Counter(counter="x")}, [use("shaken", Shaken(), "a")], grant=DRILL)
    _, lines, _ = observe(made, tmp_path)
    assert unseen(lines, "house.shake").reason is Reason.NOT_ASKED
    assert house.state == {}


def test_a_drill_changes_the_state_and_changes_it_back(tmp_path: Path) -> None:
    made = profile({"a": Counter(counter="x")}, [use("shaken", Shaken(), "a")], grant=DRILL)
    journal = FileJournal(tmp_path / "journal", registry().undoes)
    _, lines, _ = observe(made, tmp_path, drills=True, journal=journal)
    assert lines.observations[0].result.state_during == "shaken"  # type: ignore[union-attr]
    assert house.state == {"x": "still"}
    assert open_entries(tmp_path / "journal") == ()


def test_a_drill_that_cannot_restore_is_said_loudly_and_stays_in_the_journal(tmp_path: Path) -> None:
    made = profile({"a": Counter(counter="jammed")}, [use("shaken", Shaken(), "a")], grant=DRILL)
    journal = FileJournal(tmp_path / "journal", registry().undoes)
    _, lines, observer = observe(made, tmp_path, drills=True, journal=journal)
    assert observer.unrestored == ["the counter is jammed. turn it by hand"]
    assert unseen(lines, "house.shake").remedy == "turn it by hand"
    assert len(open_entries(tmp_path / "journal")) == 1


def test_a_stopped_run_restores_its_drill_and_records_the_rest_as_not_run(tmp_path: Path) -> None:
    counters = {"a": Counter(counter="endless"), "b": Counter(counter="later")}
    made = profile(counters, [use("shaken", Shaken(), "a", "b")], grant=DRILL)
    gate = Gate(made.permission, NOW, drills=True)
    plan, lines = build_plan(made, registry(), gate), Lines()
    journal = FileJournal(tmp_path / "journal", registry().undoes)
    observer = Observer(plan, lines, workshop(made, gate, tmp_path), Silent(), journal)
    observer.start()
    assert house.shaking.wait(5)
    observer.stop()
    results = {seen.subject: seen.result for seen in lines.observations}
    assert isinstance(results["a"], Facts)
    assert isinstance(results["b"], Unseen)
    assert results["b"].reason is Reason.NOT_RUN
    assert house.state["endless"] == "still"


def test_a_hung_thread_does_not_hold_the_run(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    observe(profile({"a": Counter(counter="13")}, [use("proven", Proven(), "a")]), tmp_path)
    left = set(threading.enumerate()) - before
    assert left
    assert all(thread.daemon for thread in left)


def test_a_ledger_that_cannot_be_written_ends_the_run_with_its_error(tmp_path: Path) -> None:
    made = profile({"a": Counter(counter="4")}, [use("at-least", AtLeast(least=1), "a")])
    gate = Gate(None, NOW, drills=False)

    class Full(Lines):
        def observe(self, observation: object) -> str:
            raise OSError(28, "No space left on device")

    observer = Observer(build_plan(made, registry(), gate), Full(), workshop(made, gate, tmp_path), Silent())
    observer.start()
    with pytest.raises(OSError, match="No space left"):
        observer.wait()
