"""A verdict as JSON: one line of `verdicts.jsonl`, one entry of `results.json`."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from pydantic import AwareDatetime

from clauseproof.model.assurance import Assurance, AssuranceField
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.frozen import Frozen
from clauseproof.model.verdict import Because, Ruling, Verdict, WaiverNote
from clauseproof.strictjson import decode_as


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON values; `because`, `waiver` and `replayable` stand there only where they say something."""
    data: dict[str, Any] = {
        "clause": verdict.clause,
        "claim": verdict.claim,
        "subjects": list(verdict.subjects),
        "words": verdict.words,
        "tier": verdict.tier,
        "verdict": str(verdict.ruling),
        "assurance": _name(verdict.assurance),
    }
    if verdict.because is not None:
        data["because"] = str(verdict.because)
    if verdict.waiver is not None:
        data["waiver"] = _waiver_data(verdict.waiver)
    if verdict.waived_from is not None:
        data["waived_from"] = str(verdict.waived_from)
    if not verdict.replayable:
        data["replayable"] = False
    data["findings"] = [_finding_data(finding) for finding in verdict.findings]
    return data


def decode_verdict(raw: bytes) -> Verdict:
    """Read what `verdict_data` gave, as JSON; ValueError that says what is wrong."""
    return decode_as(_WrittenVerdict, raw).verdict_()


def names(verdicts: Iterable[Verdict]) -> list[str]:
    """A name for each verdict that stays the same from run to run, unique within the run.

    `DPA 4.2 / tls-floor / api / TLS 1.3 or higher`; where a profile makes the same claim twice, with other
    parameters, the second ends in `(2)`.
    """
    taken: Counter[str] = Counter()
    found = []
    for verdict in verdicts:
        parts = [verdict.clause, verdict.claim, ", ".join(verdict.subjects), verdict.words or ""]
        name = " / ".join(part for part in parts if part)
        taken[name] += 1
        found.append(name if taken[name] == 1 else f"{name} ({taken[name]})")
    return found


def instant(at: datetime) -> str:
    """An instant as our files write it: ISO 8601, UTC, `Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _name(assurance: Assurance | None) -> str | None:
    return None if assurance is None else str(assurance)


def _finding_data(finding: Finding) -> dict[str, Any]:
    data: dict[str, Any] = {
        "outcome": str(finding.outcome),
        "assurance": _name(finding.assurance),
        "about": finding.about,
        "text": finding.text,
        "evidence": list(finding.evidence),
    }
    if finding.until is not None:
        data["until"] = instant(finding.until)
    return data


def _waiver_data(waiver: WaiverNote) -> dict[str, Any]:
    return {
        "approver": waiver.approver,
        "reason": waiver.reason,
        "expires": waiver.expires.isoformat(),
        "expired": waiver.expired,
    }


class _WrittenFinding(Frozen):
    outcome: Outcome
    assurance: AssuranceField | None
    about: str
    text: str
    evidence: tuple[str, ...]
    until: AwareDatetime | None = None

    def finding(self) -> Finding:
        return Finding(self.outcome, self.text, self.about, self.assurance, self.until, self.evidence)


class _WrittenWaiver(Frozen):
    approver: str
    reason: str
    expires: date
    expired: bool

    def note(self) -> WaiverNote:
        return WaiverNote(self.approver, self.reason, self.expires, self.expired)


class _WrittenVerdict(Frozen):
    clause: str
    claim: str
    subjects: tuple[str, ...]
    words: str | None
    tier: int
    verdict: Ruling
    assurance: AssuranceField | None
    because: Because | None = None
    waiver: _WrittenWaiver | None = None
    waived_from: Ruling | None = None
    replayable: bool = True
    findings: tuple[_WrittenFinding, ...]

    def verdict_(self) -> Verdict:
        return Verdict(
            clause=self.clause,
            claim=self.claim,
            subjects=self.subjects,
            words=self.words,
            tier=self.tier,
            ruling=self.verdict,
            assurance=self.assurance,
            findings=tuple(finding.finding() for finding in self.findings),
            because=self.because,
            waiver=None if self.waiver is None else self.waiver.note(),
            waived_from=self.waived_from,
            replayable=self.replayable,
        )
