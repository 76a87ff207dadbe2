"""Ordinary pytest tests that prove a clause: `@pytest.mark.clause("DPA 7.3")`. Both doors run and record them.

Their outcome is recorded like any verdict, marked as not replayable: it is copied when a run is judged again.
"""

import contextlib
import io
from collections.abc import Generator, Iterable
from typing import Any

import pytest

from clauseproof.doors.session import Session
from clauseproof.model.assurance import Assurance
from clauseproof.model.errors import ClauseproofError
from clauseproof.model.finding import Finding, broken, holds, unknown
from clauseproof.model.profile import Clause, Profile
from clauseproof.model.verdict import Verdict, fold

GUEST = pytest.StashKey[Session]()
"""The run that the command line's door started, for tests that it runs through pytest."""


def marked(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The tests that prove a clause."""
    return [item for item in items if item.get_closest_marker("clause") is not None]


def must_name_clauses(items: Iterable[pytest.Item], profile: Profile) -> None:
    """ClauseproofError for a marker that names no clause of the profile."""
    for item in items:
        _clause(item, profile)


def verdict_of(item: pytest.Item, report: pytest.TestReport, profile: Profile) -> Verdict | None:
    """The verdict that a phase of a marked test settles; None for other tests and phases."""
    if item.get_closest_marker("clause") is None or not _settles(report):
        return None
    clause, words, assurance = _clause(item, profile)
    finding = _finding(item, report, assurance)
    ruling, reached = fold([finding], clause.assurance)
    return Verdict(
        clause=clause.id,
        claim=f"test:{item.name}",
        subjects=(),
        words=words,
        tier=clause.tier,
        ruling=ruling,
        assurance=reached,
        findings=(finding,),
        replayable=False,
    )


def run_marked_tests(session: Session) -> None:
    """Run the user's marked tests through pytest; its output is not shown, its outcomes are."""
    files = session.marked_tests
    options = ["-q", "--import-mode=importlib", "-p", "no:cacheprovider", "-m", "clause", "-o", "addopts="]
    rootdir = f"--rootdir={files[0].parent}"
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main([*options, rootdir, *map(str, files)], plugins=[_Guest(session)])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise ClauseproofError(f"the marked tests could not be run: {said.getvalue()[-2000:].strip()}")


class _Guest:
    """The plugin that records marked tests for a run that the command line started."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[GUEST] = self.session

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        try:
            must_name_clauses(session.items, self.session.setting.profile)
        except ClauseproofError as error:
            raise pytest.UsageError(error.what) from error

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        report: Any = yield
        verdict = verdict_of(item, report, self.session.setting.profile)
        if verdict is not None:
            self.session.run.add(verdict)
        return report


def _settles(report: pytest.TestReport) -> bool:
    return report.when == "call" or (report.when == "setup" and not report.passed)


def _finding(item: pytest.Item, report: pytest.TestReport, assurance: Assurance) -> Finding:
    if report.passed:
        return holds(f"the test {item.name} passed", assurance)
    reason = _reason(report)
    if report.failed and report.when == "call":
        return broken(f"the test {item.name} failed: {reason}", assurance)
    return unknown(f"the test {item.name} did not get to its question: {reason}")


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash is not None else report.longrepr)[:1000]


def _clause(item: pytest.Item, profile: Profile) -> tuple[Clause, str | None, Assurance]:
    mark = item.get_closest_marker("clause")
    if mark is None or len(mark.args) != 1 or set(mark.kwargs) - {"words", "assurance"}:
        raise ClauseproofError(
            f"{item.nodeid}: a marked test names one clause", '@pytest.mark.clause("DPA 7.3", words=..., assurance=...)'
        )
    clause = next((clause for clause in profile.clauses if clause.id == mark.args[0]), None)
    if clause is None:
        known = ", ".join(clause.id for clause in profile.clauses)
        raise ClauseproofError(f"{item.nodeid}: the profile has no clause {mark.args[0]}", f"its clauses: {known}")
    stated = Assurance.parse(mark.kwargs.get("assurance", Assurance.OBSERVED))
    return clause, mark.kwargs.get("words"), min(stated, Assurance.OBSERVED)
