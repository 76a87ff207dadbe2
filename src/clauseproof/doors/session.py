"""One run as a door drives it: a profile and the user's wishes in; run directory, summary and exit code out."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from clauseproof.doors.assembly import home, own_checks, prepare
from clauseproof.engine.loading import CheckFile
from clauseproof.engine.outcome import exit_code
from clauseproof.engine.plan import Item, items_of
from clauseproof.engine.run import Options, Run
from clauseproof.engine.unfinished import END_IT, overdue, unfinished
from clauseproof.ledger.keys import load_key, load_or_make_key
from clauseproof.ledger.read import LedgerReader
from clauseproof.model.errors import ClauseproofError
from clauseproof.model.pace import Pace
from clauseproof.model.permission import Permission

_LONGEST_SENTENCE = 1500


@dataclass(frozen=True)
class Wishes:
    """What the user asked for, the same at both doors.

    Attributes:
        out: the run directory; None for a new one under `reports/`.
        key: PEM of the signing key; None for the one made on first use.
    """

    out: Path | None = None
    drills: bool = False
    only: tuple[str, ...] = ()
    vantage: str = "local"
    operator: str | None = None
    key: Path | None = None
    pace: Pace = field(default_factory=Pace)


class Session:
    """A profile read, and the run made of it.

    Raises ProfileError or another ClauseproofError when the profile or a check file cannot be used.
    """

    def __init__(self, profile: Path, wishes: Wishes) -> None:
        self.setting = prepare(profile)
        self.wishes = wishes
        self.items: tuple[Item, ...] = tuple(items_of(self.setting.profile, self.setting.registry))
        now = datetime.now(UTC)
        self.signer = load_key(wishes.key) if wishes.key else load_or_make_key(home())
        self.directory = wishes.out or fresh(Path("reports"), f"{slug(profile.stem)}-{now:%Y-%m-%dT%H%MZ}")
        options = Options(
            directory=self.directory,
            drills=wishes.drills,
            only=wishes.only,
            vantage=wishes.vantage,
            operator=wishes.operator,
            now=None,
            pace=wishes.pace,
        )
        self.run = Run(self.setting, options)
        self.begun = False

    @property
    def title(self) -> str:
        """The vendor and the contract, in a few words."""
        contract = self.setting.profile.contract[0]
        return f"{self.setting.profile.vendor}, {contract.title or contract.id}"

    @property
    def check_files(self) -> tuple[CheckFile, ...]:
        """All check files loaded for the profile."""
        return self.setting.check_files

    def check_file(self, path: Path) -> CheckFile | None:
        """The loaded check file at a path."""
        return next((file for file in self.check_files if file.path.resolve() == path.resolve()), None)

    @property
    def marked_tests(self) -> tuple[Path, ...]:
        """Ordinary pytest files in the user's folder of checks that say which clause they prove."""
        found = (path for folder in own_checks(Path(self.setting.profile.path)) for path in folder.glob("test_*.py"))
        return tuple(path for path in sorted(found) if b"mark.clause" in path.read_bytes())

    def drills(self, item: Item) -> bool:
        """Whether judging an item needs a look that changes state."""
        probes = self.setting.registry.probe_for
        subjects = [type(self.setting.profile.subjects[name]) for name in item.subjects]
        found = [probes(subject, need.facts) for subject in subjects for need in item.check.needs]
        return any(probe is not None and probe.mark.permission is Permission.DRILL for probe in found)

    def begin(self, chosen: Iterable[Item] | None = None) -> None:
        """Start looking."""
        self.run.begin(chosen)
        self.begun = True

    def finish(self) -> int:
        """Judge what has no verdict yet, write and sign everything; returns the exit code."""
        self.run.judge_seen()
        self.run.finish(self.signer, render_report)
        return self.exit_code

    def report(self, form: str) -> bytes:
        """The finished run in a format."""
        from clauseproof.reporting.interface import report

        return report(LedgerReader.open(self.directory), form)

    def summary(self) -> str:
        """The summary of the finished run as plain text, for doors whose output is not ours."""
        import io

        from clauseproof.reporting.dossier import Dossier
        from clauseproof.reporting.terminal import show

        text = io.StringIO()
        show(Dossier.read(LedgerReader.open(self.directory)), str(self.directory / "report.html"), stream=text)
        return text.getvalue()

    @property
    def unfinished(self) -> tuple[str, ...]:
        """What this run or an earlier one has left changed, in sentences; to be said loudly at the end of every run."""
        from clauseproof.reporting.text import line

        failed = (f"NOT RESTORED: {sentence} To try again: {END_IT}" for sentence in self.unrestored)
        told = (*failed, *unfinished(self.setting.state, datetime.now(UTC)))
        return tuple(line(sentence, _LONGEST_SENTENCE) for sentence in told)

    @property
    def unrestored(self) -> tuple[str, ...]:
        """What a drill of this run could not bring back."""
        return tuple(self.run.observer.unrestored) if self.begun else ()

    @property
    def exit_code(self) -> int:
        """What the verdicts mean for the caller's shell."""
        unrestored = bool(self.unrestored) or overdue(self.setting.state, datetime.now(UTC))
        return exit_code(self.run.verdicts, unrestored=unrestored, interrupted=self.run.interrupted)


def slug(text: str) -> str:
    """A name fit for a folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.") or "run"


def fresh(parent: Path, name: str) -> Path:
    """A folder that does not exist yet: `name`, or `name-2` and so on where runs began in the same minute."""
    for number in range(1, 1000):
        path = parent / (name if number == 1 else f"{name}-{number}")
        if not path.exists():
            return path
    raise ClauseproofError(f"{parent} holds a thousand runs named {name}", "name a folder with --out")


def render_report(reader: LedgerReader) -> bytes:
    """The HTML report of a run."""
    from clauseproof.reporting.interface import report

    return report(reader, "html")
