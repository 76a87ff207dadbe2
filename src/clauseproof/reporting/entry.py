"""One clause of the report: what was promised, what became of it, and what nobody tested."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from clauseproof.ledger.results import NO_CLAIM
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.run import ClauseRecord
from clauseproof.model.verdict import Ruling, Verdict, WaiverNote
from clauseproof.reporting.vocabulary import WHOSE, WHY_NOT, rank, worst
from clauseproof.reporting.words import Passage, passages

_OUTCOMES = (Outcome.BROKEN, Outcome.UNKNOWN, Outcome.HOLDS, Outcome.NOTE)
UNJUDGED = "the run ended before this was judged"
_REMEDY = ". To settle it: "  # how `Unseen.sentence` joins its two halves


@dataclass(frozen=True, slots=True)
class Told:
    """One sentence about what was seen, and the subjects it was said of."""

    outcome: Outcome
    text: str
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Something nobody tested: words of the promise, or a claim without words; why; how it could be tested."""

    words: str | None
    claim: str | None
    because: str
    remedy: str = ""


@dataclass(frozen=True)
class Entry:
    """A clause with its verdicts, worst first."""

    clause: ClauseRecord
    verdicts: tuple[Verdict, ...] = field(default=())

    @cached_property
    def ruling(self) -> Ruling:
        """The worst of its verdicts; `not-tested` where it has no claim, or at best where one has no verdict."""
        missing = [Ruling.NOT_TESTED] if self.unjudged else []
        return worst([*(verdict.ruling for verdict in self.verdicts), *missing])

    @cached_property
    def unjudged(self) -> tuple[Gap, ...]:
        """Claims that have no verdict on some of their subjects: the run was killed before it gave one."""
        judged: dict[tuple[str, str | None], set[str]] = {}
        for verdict in self.verdicts:
            judged.setdefault((verdict.claim, verdict.words), set()).update(verdict.subjects)
        return tuple(
            Gap(claim.words, claim.kind, UNJUDGED)
            for claim in self.clause.claims
            if not judged.get((claim.kind, claim.words), set()).issuperset(claim.where)
        )

    @cached_property
    def deciding(self) -> tuple[Verdict, ...]:
        """The verdicts that make the clause's ruling what it is."""
        ruling = self.ruling
        return tuple(verdict for verdict in self.verdicts if verdict.ruling is ruling)

    @cached_property
    def assurance(self) -> Assurance | None:
        """How strong the proof of its ruling is: of contradictions the strongest, of all else the weakest."""
        levels = [verdict.assurance for verdict in self.deciding]
        known = [level for level in levels if level is not None]
        if self.ruling is Ruling.NOT_SATISFIED:
            return max(known, default=None)
        return None if len(known) < len(levels) else min(known, default=None)

    @cached_property
    def evidence(self) -> tuple[str, ...]:
        """Digests of the observations its verdicts rest on, those of the worst verdict first, each once."""
        return tuple(dict.fromkeys(d for verdict in self.verdicts for f in verdict.findings for d in f.evidence))

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """The subjects it was tested on, or should have been."""
        judged = (name for verdict in self.verdicts for name in verdict.subjects)
        return tuple(dict.fromkeys([*judged, *(name for claim in self.clause.claims for name in claim.where)]))

    @cached_property
    def until(self) -> datetime | None:
        """When the first of its positive findings stops being true if nothing changes."""
        ends = (f.until for verdict in self.verdicts for f in verdict.findings if f.outcome is Outcome.HOLDS)
        return min((end for end in ends if end is not None), default=None)

    @property
    def waivers(self) -> tuple[WaiverNote, ...]:
        """The waivers that cover it, the expired ones too."""
        return tuple(dict.fromkeys(v.waiver for v in self.verdicts if v.waiver is not None))

    @property
    def passages(self) -> tuple[Passage, ...]:
        """The promise, cut where the verdict on its words changes."""
        tested = [(v.words, v.ruling) for v in self.verdicts if v.words and _looked(v)]
        return passages(self.clause.promise, tested)

    @property
    def wordless(self) -> tuple[str, ...]:
        """Kinds of claims that were tested and name no words of the promise."""
        return tuple(dict.fromkeys(v.claim for v in self.verdicts if not v.words and _looked(v)))

    @cached_property
    def seen(self) -> tuple[Told, ...]:
        """What was seen, the worst first; what kept a look from deciding is among it, without its remedy."""
        found = [(v, finding) for v in self.verdicts if _looked(v) for finding in v.findings]
        found.sort(key=lambda pair: (_OUTCOMES.index(pair[1].outcome), rank(pair[0].ruling)))
        subjects: dict[tuple[Outcome, str], dict[str, None]] = {}
        for verdict, finding in found:
            subjects.setdefault((finding.outcome, _said(finding, verdict.subjects)), {}).update(
                dict.fromkeys(verdict.subjects)
            )
        return tuple(Told(outcome, text, tuple(names)) for (outcome, text), names in subjects.items())

    @cached_property
    def settled_by(self) -> tuple[str, ...]:
        """What would decide what is open, as far as the findings say it."""
        return _unique(self._remedies())

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """What nobody tested, as the profile says and as the run turned out."""
        declared = [Gap(gap.words, None, gap.because) for gap in self.clause.untested]
        missed = [gap for verdict in self.verdicts if not _looked(verdict) for gap in _missed(verdict)]
        return tuple(dict.fromkeys([*missed, *self.unjudged, *declared]))

    @property
    def why_not(self) -> tuple[str, ...]:
        """Why the clause, or part of it, was not tested."""
        if not self.verdicts and not self.clause.claims:
            return (NO_CLAIM,)
        missed = (gap for verdict in self.verdicts if not _looked(verdict) for gap in _missed(verdict))
        return _unique(gap.because for gap in (*missed, *self.unjudged))

    def _remedies(self) -> Iterator[str]:
        for verdict in filter(_looked, self.verdicts):
            for finding in verdict.findings:
                if finding.outcome is Outcome.UNKNOWN:
                    yield halves(finding.text)[1]
            if _too_weak(verdict, self.clause.assurance):
                yield f"bring proof that is {self.clause.assurance} or stronger ({WHOSE[self.clause.assurance]})"


def entry(clause: ClauseRecord, verdicts: Sequence[Verdict]) -> Entry:
    """The entry of a clause; its verdicts come in any order."""
    return Entry(clause, tuple(sorted(verdicts, key=lambda verdict: rank(verdict.ruling))))


def sentence_of(finding: Finding, subjects: Sequence[str] = ()) -> str:
    """A finding's text, with what it is about before it, unless the text names that.

    A plain word that is no subject (a check's name for one side of a drill) says nothing to those who read the text.
    """
    about = finding.about
    if not about or about in finding.text or (about.isalpha() and about not in subjects):
        return finding.text
    return f"{about}: {finding.text}"


def halves(text: str) -> tuple[str, str]:
    """What a finding says, and what it says would settle it; the second is empty where it says nothing of it."""
    reason, _, remedy = text.partition(_REMEDY)
    return reason, remedy


def _looked(verdict: Verdict) -> bool:
    return Ruling.NOT_TESTED not in (verdict.ruling, verdict.waived_from)


def _too_weak(verdict: Verdict, floor: Assurance) -> bool:
    open_ = Ruling.INCONCLUSIVE in (verdict.ruling, verdict.waived_from)
    return open_ and verdict.assurance is not None and verdict.assurance < floor


def _said(finding: Finding, subjects: Sequence[str]) -> str:
    told = sentence_of(finding, subjects)
    return halves(told)[0] if finding.outcome is Outcome.UNKNOWN else told


def _missed(verdict: Verdict) -> Iterator[Gap]:
    told = [halves(finding.text) for finding in verdict.findings if finding.outcome is Outcome.UNKNOWN]
    general = WHY_NOT[verdict.because] if verdict.because else "not looked at"
    for reason, remedy in told or [(general, "")]:
        yield Gap(verdict.words, verdict.claim, reason, remedy)


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))
