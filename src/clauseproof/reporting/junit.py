"""JUnit XML for continuous integration: one test case per verdict, one for each clause that has none.

Not satisfied is a failure, inconclusive an error, waived and not tested are skipped: pytest's own file would call the
last three passed. The elements are those that Jenkins, GitLab and GitHub's reporters read in common: `testsuites`,
`testsuite`, `testcase` with `properties`, and one of `failure`, `error`, `skipped`.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC
from xml.etree import ElementTree as ET

from clauseproof.ledger.results import NO_CLAIM
from clauseproof.ledger.verdicts import names
from clauseproof.model.verdict import Ruling, Verdict
from clauseproof.reporting.dossier import Dossier
from clauseproof.reporting.entry import Entry, sentence_of
from clauseproof.reporting.sentences import DISCLAIMER, waiver
from clauseproof.reporting.text import block, line
from clauseproof.reporting.vocabulary import WHY_NOT, WORD

_OUTCOME = {
    Ruling.NOT_SATISFIED: "failure",
    Ruling.INCONCLUSIVE: "error",
    Ruling.WAIVED: "skipped",
    Ruling.NOT_TESTED: "skipped",
}
_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def render(dossier: Dossier) -> bytes:
    """The file, UTF-8."""
    cases = [*_cases(dossier), *_bare(dossier)]
    counts = {"tests": str(len(cases))} | {
        plural: str(sum(case.find(tag) is not None for case in cases)) for tag, plural in _COUNTED.items()
    }
    suites = ET.Element("testsuites", {"name": "clauseproof", **counts})
    suite = ET.SubElement(suites, "testsuite", {**_suite(dossier), **counts})
    _properties(suite, _circumstances(dossier))
    suite.extend(cases)
    ET.indent(suites)
    written: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _suite(dossier: Dossier) -> dict[str, str]:
    run = dossier.record
    length_s = (run.finished - run.started).total_seconds() if run.finished else 0.0
    started = run.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return {"name": line(run.profile.vendor, 200), "timestamp": started, "time": f"{length_s:.3f}"}


def _circumstances(dossier: Dossier) -> dict[str, str]:
    run = dossier.record
    untested = [f"{gap.words}: {gap.because}" for one in dossier.in_order for gap in one.clause.untested]
    return {
        "run": run.id,
        "buyer": run.profile.buyer,
        "operator": run.operator,
        "profile": run.profile.path,
        "profile_sha256": run.profile.sha256,
        "complete": str(run.complete).lower(),
        "untested_words": "; ".join(untested),
        "note": DISCLAIMER,
    }


def _cases(dossier: Dossier) -> Iterator[ET.Element]:
    for verdict, name in zip(dossier.verdicts, names(dossier.verdicts), strict=True):
        case = _case(verdict.clause, name.removeprefix(f"{verdict.clause} / "), _took_s(verdict, dossier))
        _properties(case, _said_of(verdict))
        tag = _OUTCOME.get(verdict.ruling)
        if tag is not None:
            told = ET.SubElement(case, tag, {"message": _message(verdict), "type": str(verdict.ruling)})
            told.text = _findings(verdict)
        elif verdict.findings:
            ET.SubElement(case, "system-out").text = _findings(verdict)
        yield case


def _bare(dossier: Dossier) -> Iterator[ET.Element]:
    """The clauses that no claim and no test speaks of, and the claims that a killed run did not come to."""
    for one in dossier.in_order:
        if not one.verdicts and not one.clause.claims:
            yield _skipped(one, NO_CLAIM, NO_CLAIM)
        for number, gap in enumerate(one.unjudged, 1):
            yield _skipped(one, f"{gap.claim} / {gap.words or ''} (not judged, {number})", gap.because)


def _skipped(one: Entry, name: str, because: str) -> ET.Element:
    case = _case(one.clause.id, name, 0.0)
    _properties(case, {"clause": one.clause.id, "tier": str(one.clause.tier), "verdict": str(Ruling.NOT_TESTED)})
    ET.SubElement(case, "skipped", {"message": because, "type": str(Ruling.NOT_TESTED)})
    return case


def _case(clause: str, name: str, took_s: float) -> ET.Element:
    return ET.Element("testcase", {"classname": line(clause, 200), "name": line(name, 1000), "time": f"{took_s:.3f}"})


def _said_of(verdict: Verdict) -> dict[str, str]:
    return {
        "clause": verdict.clause,
        "claim": verdict.claim,
        "tier": str(verdict.tier),
        "verdict": str(verdict.ruling),
        "assurance": str(verdict.assurance or "none"),
        "words": verdict.words or "",
        "subjects": ", ".join(verdict.subjects),
        "waiver": waiver(verdict.waiver) if verdict.waiver else "",
        "evidence": " ".join(dict.fromkeys(digest for finding in verdict.findings for digest in finding.evidence)),
    }


def _properties(parent: ET.Element, values: Mapping[str, str]) -> None:
    properties = ET.SubElement(parent, "properties")
    for name, value in values.items():
        if value:
            ET.SubElement(properties, "property", {"name": name, "value": block(value)})


def _message(verdict: Verdict) -> str:
    if verdict.ruling is Ruling.WAIVED and verdict.waiver:
        return line(f"{WORD[verdict.ruling]} {waiver(verdict.waiver)}", 1000)
    if verdict.because:
        return line(f"{WORD[verdict.ruling]}: {WHY_NOT[verdict.because]}", 1000)
    said = next((f.text for f in verdict.findings if f.outcome in ("broken", "unknown")), "nothing was found")
    return line(f"{WORD[verdict.ruling]}: {said}", 1000)


def _findings(verdict: Verdict) -> str:
    told = []
    for finding in verdict.findings:
        assurance = f" ({finding.assurance})" if finding.assurance else ""
        told.append(f"{finding.outcome}{assurance}: {sentence_of(finding, verdict.subjects)}")
    return block("\n".join(told), 20_000)


def _took_s(verdict: Verdict, dossier: Dossier) -> float:
    digests = dict.fromkeys(digest for finding in verdict.findings for digest in finding.evidence)
    return sum(dossier.exhibits[digest].took_s for digest in digests if digest in dossier.exhibits)
