"""pytest's door: `pytest checks --profile P` shows every claim of a profile as an item and runs them in the engine.

Loaded by its entry point in every pytest run of an environment that has clauseproof, so nothing heavy is imported
until a profile is named.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from clauseproof.doors.session import Session, Wishes
    from clauseproof.engine.plan import Item
    from clauseproof.model.profile import Profile
    from clauseproof.model.verdict import Verdict

SESSION: pytest.StashKey[Session] = pytest.StashKey()
JUNIT = pytest.StashKey[Path | None]()
VERDICT = "clauseproof_verdict"
_FEW = 500
_LETTERS = {
    "satisfied": ("passed", ".", "CONSISTENT"),
    "not-satisfied": ("failed", "F", "CONTRADICTED"),
    "inconclusive": ("inconclusive", "?", "UNDECIDED"),
    "waived": ("waived", "w", "WAIVED"),
    "not-tested": ("not-tested", "n", "NOT TESTED"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of a run, as on the command line."""
    group = parser.getgroup("clauseproof", "contract clauses against a vendor's deployment")
    group.addoption("--profile", metavar="PROFILE", help="the vendor deployment to check (YAML)")
    group.addoption("--drills", action="store_true", help="also run drills: they change state and change it back")
    group.addoption("--out", metavar="DIR", help="run directory (default: a new one under reports/)")
    group.addoption("--vantage", metavar="NAME", default="local", help="name of the place we look from")
    group.addoption("--operator", metavar="NAME", help="who runs this, for the record")
    group.addoption("--connections-per-address", metavar="N", type=int, help="open at the same time (default: 6)")
    group.addoption(
        "--connections-per-second",
        metavar="N",
        type=int,
        help="begun to one address (default: 10; a permitted scan: as fast as five at once go)",
    )
    group.addoption("--signing-key", metavar="PEM", help="Ed25519 key to sign with (default: one made on first use)")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the profile; every error in it is a usage error."""
    config.addinivalue_line("markers", "clause(id, words=None, assurance='observed'): this test proves a clause")
    for tier in (1, 2, 3):
        config.addinivalue_line("markers", f"tier{tier}: a claim of a clause of tier {tier}")
    config.addinivalue_line("markers", "drill: a claim that needs a drill, which changes state")
    path = config.getoption("--profile")
    if not path or SESSION in config.stash:
        return
    if getattr(config.option, "numprocesses", None):
        raise pytest.UsageError("clauseproof makes its looks in parallel by itself: leave out -n")
    from clauseproof.doors.session import Session
    from clauseproof.model.errors import ClauseproofError

    # pytest's own file would call every undecided claim passed: ours takes its place, before pytest opens it.
    config.stash[JUNIT] = _path(getattr(config.option, "xmlpath", None))
    config.option.xmlpath = None
    try:
        config.stash[SESSION] = Session(Path(path), _wishes(config))
    except ClauseproofError as error:
        raise pytest.UsageError(f"{error.what}\n{error.what_to_do}".rstrip()) from error


def _wishes(config: pytest.Config) -> Wishes:
    from clauseproof.doors.session import Wishes
    from clauseproof.model.pace import Pace

    return Wishes(
        out=_path(config.getoption("--out")),
        drills=bool(config.getoption("--drills")),
        vantage=str(config.getoption("--vantage")),
        operator=config.getoption("--operator"),
        key=_path(config.getoption("--signing-key")),
        pace=Pace(config.getoption("--connections-per-address"), config.getoption("--connections-per-second")),
    )


def _path(value: object) -> Path | None:
    return Path(str(value)) if value else None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Check files are collected by the claims their checks serve."""
    session = parent.config.stash.get(SESSION, None)
    if session is None:
        return None
    known = session.check_file(file_path)
    return CheckFile.from_parent(parent, path=file_path, kinds=known.kinds) if known else None


class CheckFile(pytest.File):
    """One check file; its items are the profile's claims that its checks judge."""

    def __init__(self, *, kinds: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kinds = kinds

    def collect(self) -> Iterator[ClaimItem]:
        """One item per claim and subject."""
        for item in self.config.stash[SESSION].items:
            if item.use.kind in self.kinds:
                yield ClaimItem.from_parent(self, name=item.title, item=item)


class ClaimItem(pytest.Item):
    """One claim on one subject, or on all of them."""

    def __init__(self, *, item: Item, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.item = item
        self.add_marker(f"tier{item.clause.tier}")
        if self.config.stash[SESSION].drills(item):
            self.add_marker("drill")

    def runtest(self) -> None:
        """Wait for the looks it needs, judge, and raise what is not satisfied."""
        verdict = self.config.stash[SESSION].run.verdict(self.item)
        self.user_properties.append((VERDICT, str(verdict.ruling)))
        self.user_properties += [("clause", verdict.clause), ("tier", verdict.tier)]
        self.user_properties.append(("assurance", str(verdict.assurance or "none")))
        if verdict.ruling != "satisfied":
            raise NotSatisfied(verdict)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The findings, a line each."""
        if isinstance(excinfo.value, NotSatisfied):
            return excinfo.value.text
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it comes from: the line of the profile."""
        return self.path, None, f"{self.item.clause.id} {self.name}"


class NotSatisfied(Exception):
    """Carries a verdict through pytest's machinery."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.ruling)
        self.text = "\n".join(f"{finding.outcome:8} {finding.text}" for finding in verdict.findings)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where folders were named, claims whose check files lie elsewhere belong to the run as well."""
    run = config.stash.get(SESSION, None)
    if run is None or not all(Path(arg.partition("::")[0]).is_dir() for arg in config.args):
        return
    present = {id(item.item) for item in items if isinstance(item, ClaimItem)}
    for file in run.check_files:
        parent = CheckFile.from_parent(session, path=file.path, kinds=file.kinds)
        items += [item for item in parent.collect() if id(item.item) not in present]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Selection is over: plan and start looking, never for --collect-only."""
    run = session.config.stash.get(SESSION, None)
    if run is None or session.config.option.collectonly:
        return
    from clauseproof.doors.plaintests import marked, must_name_clauses
    from clauseproof.model.errors import ClauseproofError

    chosen = [item.item for item in session.items if isinstance(item, ClaimItem)]
    plain = marked(session.items)
    if not chosen and not plain:
        raise pytest.UsageError("nothing of the profile was selected: name a folder of checks, or change -k and -m")
    if len(chosen) > _FEW:  # pytest's own list of failures takes time with their square, and our report has them all
        session.config.option.tbstyle = "no"
    try:
        must_name_clauses(plain, run.setting.profile)
        run.begin(chosen)
    except ClauseproofError as error:
        raise pytest.UsageError(f"{error.what}\n{error.what_to_do}".rstrip()) from error


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """A verdict that is neither kept nor contradicted has an outcome of its own; marked tests are recorded."""
    report: Any = yield
    ruling = dict(report.user_properties).get(VERDICT)
    if report.when == "call" and ruling in _LETTERS:
        report.outcome = _LETTERS[ruling][0]
    run = item.config.stash.get(SESSION, None)
    if run is not None and run.begun and ruling is None:
        from clauseproof.doors.plaintests import verdict_of

        verdict = verdict_of(item, report, run.setting.profile)
        if verdict is not None:
            run.run.add(verdict)
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """The letters `.`, `F`, `?`, `w` and `n`, each with the words of the reports."""
    ruling = dict(getattr(report, "user_properties", ())).get(VERDICT)
    return _LETTERS.get(str(ruling)) if report.when == "call" and ruling else None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close the run; 6 and 7 are added to pytest's own exit codes."""
    run = session.config.stash.get(SESSION, None)
    if run is None or not run.begun:
        return
    from clauseproof.engine.outcome import OPEN, UNRESTORED
    from clauseproof.model.errors import ClauseproofError

    if session.exitstatus == pytest.ExitCode.INTERRUPTED:
        run.run.stop()
    try:
        code = run.finish()
    except ClauseproofError:
        sys.stderr.writelines(f"{sentence}\n" for sentence in run.unfinished)
        raise
    junit = session.config.stash.get(JUNIT, None)
    if junit is not None:
        junit.write_bytes(run.report("junit"))
    if code == UNRESTORED or (code == OPEN and session.exitstatus == pytest.ExitCode.OK):
        session.exitstatus = code


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The same summary as the command line's."""
    run = config.stash.get(SESSION, None)
    if run is not None and run.begun:
        terminalreporter.write_line("")
        terminalreporter.write(run.summary())
        for sentence in run.unfinished:
            terminalreporter.write_line(sentence, red=True)


@pytest.fixture(scope="session")
def profile(request: pytest.FixtureRequest) -> Profile:
    """The profile of the run, for plain tests that prove a clause."""
    from clauseproof.doors.plaintests import GUEST

    run = request.config.stash.get(SESSION, None) or request.config.stash.get(GUEST, None)
    if run is None:
        pytest.skip("no --profile was given")
    return run.setting.profile
