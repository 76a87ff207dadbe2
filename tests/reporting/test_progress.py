"""Live progress: looks and never verdicts; redrawn on a terminal, plain lines elsewhere; safe from several threads."""

import io
import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from clauseproof.engine.events import Events
from clauseproof.engine.journal import FileJournal
from clauseproof.engine.observe import Observer
from clauseproof.engine.permit import Gate
from clauseproof.engine.plan import Key, Plan, build_plan
from clauseproof.model.permission import Permission
from clauseproof.model.profile import ClaimUse, Clause, Place, Profile
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.reporting.frame import Stage, bar, clock, draw, untested
from clauseproof.reporting.progress import Progress
from tests.engine.house import AtLeast, Counter, Either, Scanned, Shaken
from tests.engine.support import NOW, Lines, grant, profile, registry, use, workshop

REFUSED = Unseen(reason=Reason.DENIED, text="the counter refused \x1b[2J[bold]")
COUNTERS = {"a": Counter(counter="3"), "b": Counter(counter="5"), "c": Counter(counter="denied")}


class Tty(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def clause(name: str, *uses: ClaimUse) -> Clause:
    return Clause(name, "Counting", "It counts.", 1, uses, Place("p.yaml", 1, 1))


def planned(*clauses: Clause, drills: bool = False) -> Plan:
    made: Profile = replace(profile(COUNTERS, [], grant=grant(Permission.DRILL)), clauses=clauses)
    return build_plan(made, registry(), Gate(made.permission, NOW, drills))


def counting() -> Plan:
    return planned(
        clause("C 1", use("at-least", AtLeast(least=1), "a", "b", "c"), use("shaken", Shaken(), "a")), drills=True
    )


def run(plan: Plan, progress: Events, tmp: Path) -> None:
    """Look at everything in the plan, for real."""
    gate = Gate(plan.profile.permission, NOW, drills=True)
    shop = workshop(plan.profile, gate, tmp)
    shop.events = progress
    progress.planned(plan)
    observer = Observer(plan, Lines(), shop, progress, FileJournal(tmp, plan.registry.undoes, ()))
    observer.start()
    observer.wait()
    progress.judged(4)
    progress.recorded("sha256:" + "ab" * 32)


def test_without_a_terminal_there_is_one_plain_line_when_a_stage_ends(tmp_path: Path) -> None:
    stream = io.StringIO()
    with Progress("Example CRM", stream=stream) as progress:
        run(counting(), progress, tmp_path)
    lines = stream.getvalue().splitlines()
    assert lines == [
        "plan: 1 promise, 3 subjects: 4 looks to make, 1 of them a drill",
        "observe: 3 of 3, 1 unseen",
        "drill: house.shake of a begins",
        "drill: house.shake of a ended",
        "judge: 4 verdicts from 4 observations",
        f"record: sha256:{'ab' * 32}",
    ]


def test_on_a_terminal_the_last_picture_shows_every_stage_done(tmp_path: Path) -> None:
    stream = Tty()
    with Progress("Example CRM", stream=stream) as progress:
        run(counting(), progress, tmp_path)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    last = plain[plain.rindex("clauseproof Example CRM") :]
    assert re.search(r"observe +\[#{30}\] 3 of 3, 1 unseen +done", last)
    assert re.search(r"drill +house.shake of a: ended +done", last)
    assert re.search(r"judge +4 verdicts from 4 observations +done", last)


def test_no_verdict_is_shown_while_looking_goes_on(tmp_path: Path) -> None:
    stream = io.StringIO()
    with Progress("Example CRM", stream=stream) as progress:
        progress.planned(counting())
        progress.started(Key("house.count", "a", "local"), drill=False)
        progress.finished(Key("house.count", "a", "local"), None)
    assert not re.search("contradicted|satisfied|undecided", stream.getvalue(), re.IGNORECASE)


def test_what_a_probe_says_is_shown_as_it_is() -> None:
    stage = Stage("Example CRM")
    key = Key("house.count", "a", "local")
    stage.planned(counting())
    stage.started(key, drill=False, now=0.0)
    stage.told(key, "[bold]now\x1b[2J\u202e")
    stage.finished(Key("house.count", "b", "local"), REFUSED)
    text = draw(stage, 1.0, 1.0, 100).plain
    assert "open: house.count of a, [bold]now<U+001B>[2J<U+202E>" in text
    assert "unseen: house.count of b: the counter refused <U+001B>[2J[bold]" in text


def test_the_picture_never_grows_wider_than_the_terminal_nor_endless() -> None:
    stage = Stage("Example CRM " * 20)
    stage.plan = "x " * 200
    for n in range(500):
        stage.started(Key("house.count", f"subject{n}", "local"), drill=False, now=0.0)
        stage.finished(Key("house.count", f"other{n}", "local"), REFUSED)
    lines = draw(stage, 1.0, 1.0, 80).plain.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 15
    assert any("and 497 more" in line for line in lines)


def test_a_running_drill_says_that_ctrl_c_is_safe_and_what_to_do_if_the_process_dies() -> None:
    stage = Stage("Example CRM")
    stage.planned(counting())
    stage.started(Key("house.shake", "a", "local"), drill=True, now=10.0)
    text = draw(stage, 100.0, 100.0, 100).plain
    assert "house.shake of a: under way" in text
    assert "1:30" in text
    assert "Ctrl-C is safe" in text
    assert "clauseproof restore" in text


def test_a_drill_that_names_its_subject_is_not_introduced_twice() -> None:
    stage = Stage("Example CRM")
    stage.planned(counting())
    key = Key("house.shake", "a", "local")
    stage.started(key, drill=True, now=0.0)
    stage.told(key, "shaking of a: 3 s")
    assert "drill    shaking of a: 3 s " in draw(stage, 1.0, 1.0, 100).plain


def test_a_drill_that_gave_nothing_says_why() -> None:
    stage = Stage("Example CRM")
    stage.planned(counting())
    stage.finished(Key("house.shake", "a", "local"), REFUSED)
    assert "house.shake of a: the counter refused" in draw(stage, 1.0, 1.0, 100).plain


def test_what_will_stay_untested_is_said_in_the_plan() -> None:
    plan = planned(
        clause("C 1"),
        clause("C 2", use("scanned", Scanned(), "a")),
        clause("C 3", use("shaken", Shaken(), "a")),
        clause("C 4", use("at-least", AtLeast(least=1), "a"), use("scanned", Scanned(), "a")),
        clause("C 5", use("either", Either(), "a")),
    )
    assert list(untested(plan)) == [
        ("C 1", "no claim"),
        ("C 2", "no permission"),
        ("C 3", "drill not asked for"),
        ("C 4 scanned", "no permission"),
    ]


def test_a_look_that_will_not_be_made_is_not_waited_for() -> None:
    stage = Stage("Example CRM")
    stage.planned(planned(clause("C 1", use("either", Either(), "a"))))
    assert stage.looks == 1
    stage.finished(Key("house.scan", "a", "local"), REFUSED)
    assert stage.observed == "0 of 1, 1 unseen"


def test_many_threads_may_tell_at_once() -> None:
    stream = io.StringIO()
    plan = counting()
    with Progress("Example CRM", stream=stream) as progress:
        progress.planned(plan)

        def tell(number: int) -> None:
            for n in range(200):
                key = Key("house.count", f"{number}-{n}", "local")
                progress.started(key, drill=False)
                progress.told(key, "half way")
                progress.finished(key, REFUSED if n % 2 else None)

        threads = [threading.Thread(target=tell, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        progress.judged(1)
    assert stream.getvalue().splitlines()[-1].startswith("judge: 1 verdict")


def test_it_is_a_watcher_of_the_engine() -> None:
    watcher: Events = Progress("Example CRM", stream=io.StringIO())
    assert watcher is not None


def test_bars_and_clocks() -> None:
    assert [bar(0, 30), bar(15, 30), bar(30, 30)] == [f"[{'.' * 30}]", f"[{'#' * 15}{'.' * 15}]", f"[{'#' * 30}]"]
    assert [clock(9), clock(1220), clock(3723)] == ["0:09", "20:20", "1:02:03"]
