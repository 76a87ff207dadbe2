"""The fold of one claim's findings."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome


class Ruling(enum.StrEnum):
    """A verdict's word, as OSCAL and the files say it."""

    SATISFIED = "satisfied"
    NOT_SATISFIED = "not-satisfied"
    INCONCLUSIVE = "inconclusive"
    WAIVED = "waived"
    NOT_TESTED = "not-tested"


class Because(enum.StrEnum):
    """Why a claim was not tested."""

    PERMISSION = "permission"
    """The profile's permission does not cover a look it cannot do without."""
    DRILL_NOT_ASKED = "drill-not-asked"
    LEFT_OUT = "left-out"
    """The run was restricted by `--only`."""


@dataclass(frozen=True, slots=True)
class WaiverNote:
    """The waiver that covers a verdict: who accepted what, until the end (24:00 UTC) of which day."""

    approver: str
    reason: str
    expires: date
    expired: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one claim on its subjects.

    Attributes:
        claim: the claim's kind, `tls-floor`.
        words: the words of the clause that the claim tests, None where the profile names none.
        assurance: of a satisfied verdict its weakest positive finding, of a contradiction its strongest; None where
            nothing was established.
        because: set for `not-tested` only.
        waiver: the waiver that covers it; `waived_from` is the ruling it would have without.
        replayable: False for the copied outcome of a marked plain test.
    """

    clause: str
    claim: str
    subjects: tuple[str, ...]
    words: str | None
    tier: int
    ruling: Ruling
    assurance: Assurance | None
    findings: tuple[Finding, ...]
    because: Because | None = None
    waiver: WaiverNote | None = None
    waived_from: Ruling | None = None
    replayable: bool = True

    @property
    def identity(self) -> tuple[str, str, tuple[str, ...], str | None]:
        """What tells one verdict of a run from another."""
        return self.clause, self.claim, self.subjects, self.words


def fold(findings: Iterable[Finding], floor: Assurance) -> tuple[Ruling, Assurance | None]:
    """The one rule from findings to a ruling: no proof, no pass.

    Any `broken` contradicts; else any `unknown`, or no positive finding at all, leaves it open; else it holds as
    strongly as the *weakest* positive finding, and that must reach the clause's floor.
    """
    seen = list(findings)
    contradictions = [_strength(f) for f in seen if f.outcome is Outcome.BROKEN]
    if contradictions:
        return Ruling.NOT_SATISFIED, max(contradictions)
    positive = [_strength(f) for f in seen if f.outcome is Outcome.HOLDS]
    weakest = min(positive, default=None)
    if weakest is None or weakest < floor or any(f.outcome is Outcome.UNKNOWN for f in seen):
        return Ruling.INCONCLUSIVE, weakest
    return Ruling.SATISFIED, weakest


def _strength(finding: Finding) -> Assurance:
    return finding.assurance or Assurance.STATED
