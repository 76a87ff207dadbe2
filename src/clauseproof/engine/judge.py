"""From recorded observations to verdicts: pure, so that the same record always gives the same verdicts."""

import logging
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from clauseproof.engine.plan import Item, Plan
from clauseproof.engine.registry import Check, Need, Shape
from clauseproof.model.assurance import Assurance
from clauseproof.model.case import Case, TrustAnchors
from clauseproof.model.facts import All, Facts, Past, Seen
from clauseproof.model.finding import Finding, Outcome, unknown
from clauseproof.model.jurisdiction import Atlas
from clauseproof.model.profile import Waiver
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Because, Ruling, Verdict, WaiverNote, fold

log = logging.getLogger(__name__)

_TEXT_LIMIT = 2000
_UNTESTED = {Reason.NOT_PERMITTED: Because.PERMISSION, Reason.NOT_ASKED: Because.DRILL_NOT_ASKED}


class Line(Protocol):
    """A recorded observation."""

    @property
    def version(self) -> int: ...  # noqa: D102
    @property
    def at(self) -> datetime: ...  # noqa: D102
    @property
    def seen(self) -> bool: ...  # noqa: D102
    @property
    def data(self) -> dict[str, Any]: ...  # noqa: D102
    @property
    def digest(self) -> str: ...  # noqa: D102


class Record(Protocol):
    """Where observations are read from."""

    def line(self, kind: str, subject: str, vantage: str) -> Line | None:
        """The observation of one look, None if none was recorded."""


@dataclass(frozen=True)
class Court:
    """What all judgements of a run share."""

    now: datetime
    atlas: Atlas
    anchors: TrustAnchors


@dataclass
class Judge:
    """Judges items from a record; keeps the facts it read last, since claims share them."""

    plan: Plan
    record: Record
    court: Court
    _read: "OrderedDict[str, Facts | Unseen]" = field(default_factory=OrderedDict)

    def verdicts(self) -> Iterator[Verdict]:
        """One verdict per item of the plan, then one per item that was left out."""
        for item in self.plan.items:
            yield self.verdict(item)
        for item in self.plan.left_out:
            yield left_out(item)

    def verdict(self, item: Item) -> Verdict:
        """The verdict of one item."""
        gathered = _Gathered()
        whole = self._whole(item, gathered)
        ones = [need for need in item.check.needs if need.shape is Shape.ONE]
        for vantage in self.plan.vantages if ones else ("",):
            self._call(item, ones, vantage, whole, gathered)
        return self._fold(item, gathered)

    def _whole(self, item: Item, gathered: "_Gathered") -> dict[str, Any]:
        given: dict[str, Any] = {item.check.claim_name: item.use.claim}
        for need in item.check.needs:
            if need.shape is Shape.ALL:
                given[need.name] = All(self._all(item, need, gathered))
            elif need.shape is Shape.PAST:
                given[need.name] = Past()
        if item.check.case:
            subjects = {name: self.plan.profile.subjects[name] for name in item.subjects}
            given[item.check.case] = Case(self.court.now, item.clause, subjects, self.court.atlas, self.court.anchors)
        return given

    def _all(self, item: Item, need: Need, gathered: "_Gathered") -> Iterator[Seen[Facts]]:
        for subject in item.subjects:
            for vantage in self.plan.vantages:
                got = self._one(need, subject, vantage, gathered)
                if isinstance(got, Unseen):
                    gathered.gap(got, subject)
                else:
                    yield got

    def _one(self, need: Need, subject: str, vantage: str, gathered: "_Gathered") -> Seen[Facts] | Unseen:
        line = self.record.line(need.facts.kind, subject, vantage)
        if line is None:
            return Unseen(
                reason=Reason.NOT_RUN, text=f"{need.facts.kind} of {subject} was not recorded", remedy="run again"
            )
        gathered.evidence.setdefault(line.digest)
        facts = self._facts(need, line)
        if isinstance(facts, Unseen):
            return facts
        gathered.ceilings.append(facts.ceiling)
        return Seen(subject, vantage, line.at, facts, line.digest)

    def _facts(self, need: Need, line: Line) -> Facts | Unseen:
        known = self._read.get(line.digest)
        if known is None:
            known = _load(need.facts, line)
            self._read[line.digest] = known
            if len(self._read) > 256:
                self._read.popitem(last=False)
        return known

    def _call(
        self, item: Item, ones: list[Need], vantage: str, whole: Mapping[str, Any], gathered: "_Gathered"
    ) -> None:
        given = dict(whole)
        for need in ones:
            got = self._one(need, item.subjects[0], vantage, gathered)
            if isinstance(got, Unseen) and not need.optional:
                gathered.gap(got, "")
                return
            given[need.name] = got if isinstance(got, Unseen) else got.facts
        gathered.findings += _run(item.check, given)

    def _fold(self, item: Item, gathered: "_Gathered") -> Verdict:
        evidence = tuple(gathered.evidence)
        findings = tuple(gathered.settle(finding, evidence) for finding in gathered.findings)
        ruling, assurance = fold(findings, item.clause.assurance)
        because = None
        if ruling is Ruling.INCONCLUSIVE and gathered.untested is not None:
            ruling, assurance, because = Ruling.NOT_TESTED, None, gathered.untested
        elif ruling is Ruling.INCONCLUSIVE:
            findings += _why_open(findings, assurance, item.clause.assurance)
        verdict = Verdict(
            item.clause.id, item.use.kind, item.subjects, item.use.words, item.clause.tier, ruling, assurance,
            findings, because,
        )  # fmt: skip
        return waive(verdict, self.plan.profile.waivers, self.court.now)


@dataclass
class _Gathered:
    """What one judgement has read and found so far."""

    findings: list[Finding] = field(default_factory=list)
    evidence: dict[str, None] = field(default_factory=dict)
    ceilings: list[Assurance] = field(default_factory=list)
    untested: Because | None = None

    def gap(self, unseen: Unseen, about: str) -> None:
        """A look that the check cannot do without gave nothing."""
        self.findings.append(unknown(unseen.sentence, about=about))
        self.untested = self.untested or _UNTESTED.get(unseen.reason)

    def settle(self, finding: Finding, evidence: tuple[str, ...]) -> Finding:
        """Cap a finding at its facts' ceiling, attach its evidence; unstated means as strong as the weakest facts."""
        assurance: Assurance | None = None
        if finding.outcome in (Outcome.HOLDS, Outcome.BROKEN):
            ceiling = max(self.ceilings, default=Assurance.STATED)
            assurance = min(finding.assurance or min(self.ceilings, default=Assurance.STATED), ceiling)
        text = finding.text if len(finding.text) <= _TEXT_LIMIT else finding.text[:_TEXT_LIMIT] + " [shortened]"
        return replace(finding, text=text, assurance=assurance, evidence=finding.evidence or evidence)


def left_out(item: Item) -> Verdict:
    """The verdict of an item that the run was told to leave out."""
    return Verdict(
        item.clause.id, item.use.kind, item.subjects, item.use.words, item.clause.tier,
        Ruling.NOT_TESTED, None, (unknown("the run was told to leave this claim out"),), Because.LEFT_OUT,
    )  # fmt: skip


def waive(verdict: Verdict, waivers: Iterable[Waiver], now: datetime) -> Verdict:
    """Apply the first waiver that covers a verdict. An expired one waives nothing and is shown as expired."""
    if verdict.ruling is Ruling.SATISFIED or verdict.because in (Because.DRILL_NOT_ASKED, Because.LEFT_OUT):
        return verdict
    covering = [w for w in waivers if w.clause == verdict.clause and w.claim in (None, verdict.claim)]
    for waiver in sorted(covering, key=lambda w: w.expired(now)):
        shown = WaiverNote(waiver.approver, waiver.reason, waiver.expires, waiver.expired(now))
        if shown.expired:
            return replace(verdict, waiver=shown)
        return replace(verdict, waiver=shown, ruling=Ruling.WAIVED, waived_from=verdict.ruling)
    return verdict


def _load(facts: type[Facts], line: Line) -> Facts | Unseen:
    try:
        return facts.load(line.version, line.data) if line.seen else Unseen.model_validate(line.data)
    except ValueError as error:
        text = f"the recorded {facts.kind} (version {line.version}) cannot be read: {str(error)[:300]}"
        return Unseen(reason=Reason.UNREADABLE, text=text, remedy="judge with the version of clauseproof that wrote it")


def _run(check: Check, given: Mapping[str, Any]) -> list[Finding]:
    try:
        return list(check.fn(**given))
    except Exception as error:
        log.debug("check %s failed", check.kind, exc_info=True)
        return [unknown(f"the check {check.kind} failed: {type(error).__name__}: {str(error)[:500]}")]


def _why_open(findings: tuple[Finding, ...], reached: Assurance | None, floor: Assurance) -> tuple[Finding, ...]:
    if any(finding.outcome is Outcome.UNKNOWN for finding in findings):
        return ()
    if reached is None:
        return (unknown("the check found nothing to judge, and no proof is no pass"),)
    return (unknown(f"the proof is {reached}; the clause asks for {floor} or stronger"),)
