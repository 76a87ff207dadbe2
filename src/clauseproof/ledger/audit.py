"""One verification on its way: what the steps hand on to each other."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from clauseproof.ledger.envelope import Envelope
from clauseproof.ledger.keys import PublicKey
from clauseproof.ledger.manifest import Statement
from clauseproof.ledger.read import LedgerReader
from clauseproof.ledger.verification import Problem, ProblemKind, Step, StepState, Trust
from clauseproof.model.errors import LedgerError
from clauseproof.model.run import RunRecord
from clauseproof.model.verdict import Verdict

Replay = Callable[[Path], Iterable[Verdict]]
"""Judges the recorded observations of a run directory again, with the caller's own code."""

_MOST = 200


class NotDone(Exception):
    """A step cannot be taken; the text says why."""


@dataclass(frozen=True)
class Recorded:
    """What the files of a run say, all of which could be read.

    Attributes:
        lines: digests of the observations.
    """

    reader: LedgerReader
    lines: frozenset[str]
    verdicts: tuple[Verdict, ...]

    @property
    def record(self) -> RunRecord:
        """Its `run.json`."""
        return self.reader.record


@dataclass
class Audit:
    """What was asked, and what has been established so far."""

    directory: Path
    trusted: PublicKey | None
    replay: Replay | None
    checks: Mapping[str, str] | None
    newest_of: Path | None
    files: set[str] = field(default_factory=set)
    manifest: str | None = None
    envelope: Envelope | None = None
    statement: Statement | None = None
    trust: Trust = Trust.UNSIGNED
    keyid: str | None = None
    recorded: Recorded | None = None
    other_code: tuple[str, ...] = ()
    note: str = ""

    def must_have_statement(self) -> Statement:
        """The statement, or the step is not done."""
        if self.statement is None:
            raise NotDone("there is no statement to compare with")
        return self.statement

    def must_have_recorded(self) -> Recorded:
        """What the files say, or the step is not done."""
        if self.recorded is None:
            raise NotDone("the record could not be read")
        return self.recorded


StepTaker = Callable[[Audit], Iterator[Problem]]


def take(audit: Audit, number: int, title: str, step: StepTaker) -> Step:
    """Take one step; what cannot be read is a problem of that step, and no problem is listed more than 200 times."""
    audit.note = ""
    problems: list[Problem] = []
    try:
        for problem in islice(step(audit), _MOST):
            problems.append(problem)  # one by one: a step that breaks off keeps what it found
    except NotDone as reason:
        return Step(number, title, StepState.NOT_DONE, str(reason), tuple(problems))
    except LedgerError as error:
        problems.append(Problem(ProblemKind.UNREADABLE, str(audit.directory), error.what))
    return Step(number, title, StepState.FAILED if problems else StepState.HELD, audit.note, tuple(problems))
