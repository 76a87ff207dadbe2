"""Verifying that the files of a run agree with each other: record, evidence, results, and judging again."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import clauseproof
from clauseproof.ledger import layout
from clauseproof.ledger.audit import Audit, NotDone, Recorded
from clauseproof.ledger.files import read_bounded
from clauseproof.ledger.line import Line
from clauseproof.ledger.manifest import circumstances, outcome
from clauseproof.ledger.observations import Key
from clauseproof.ledger.read import LedgerReader
from clauseproof.ledger.results import results
from clauseproof.ledger.verdicts import names, verdict_data
from clauseproof.ledger.verification import Problem, ProblemKind
from clauseproof.model.assurance import Assurance
from clauseproof.model.errors import LedgerError
from clauseproof.model.run import RunRecord
from clauseproof.model.verdict import Ruling, Verdict, fold
from clauseproof.strictjson import decode, pretty

_FOLDED = (Ruling.SATISFIED, Ruling.NOT_SATISFIED, Ruling.INCONCLUSIVE)


def record(audit: Audit) -> Iterator[Problem]:
    """Every line can be read, none is cut off or of a look already recorded, and the manifest describes this run."""
    reader = LedgerReader.open(audit.directory)
    if reader.truncated:
        yield Problem(ProblemKind.TRUNCATED, str(audit.directory), "observations or verdicts end inside a line")
    digests, looks = set(), set[Key]()
    for line in reader.lines():
        look = (line.kind, line.subject, line.vantage)
        if look in looks:
            yield Problem(ProblemKind.UNREADABLE, layout.OBSERVATIONS, f"{_of(line)} is recorded twice")
        looks.add(look)
        digests.add(line.digest)
    audit.recorded = Recorded(reader, frozenset(digests), reader.verdicts())
    audit.note = f"{len(digests)} observations, {len(audit.recorded.verdicts)} verdicts; {_extent(reader.record)}"
    if audit.statement is not None:
        expected = circumstances(reader.record)
        differing = sorted(key for key, said in audit.statement.run.items() if expected.get(key) != said)
        if differing:
            told = f"the statement describes the run otherwise: {', '.join(differing)}"
            yield Problem(ProblemKind.BAD_STATEMENT, layout.RUN, told)


def evidence(audit: Audit) -> Iterator[Problem]:
    """Everything that a finding, an observation or the run names as evidence is there."""
    found = audit.must_have_recorded()
    kept = {f"sha256:{name.rpartition('/')[2]}" for name in audit.files if name.startswith(layout.ARTIFACTS)}
    count = 0
    for what, digest in _references(found):
        count += 1
        if digest not in found.lines and digest not in kept:
            yield Problem(ProblemKind.EVIDENCE_MISSING, digest, f"{what} rests on this, and the run does not have it")
    audit.note = f"{count} references"


def sums(audit: Audit) -> Iterator[Problem]:
    """Verdicts follow from their findings; results and manifest say what the verdicts say."""
    found = audit.must_have_recorded()
    floors = {clause.id: clause.assurance for clause in found.record.profile.clauses}
    for verdict in found.verdicts:
        wrong = _inconsistency(verdict, floors)
        if wrong:
            yield Problem(ProblemKind.VERDICT_DIFFERS, _short(verdict), wrong)
    yield from _results(audit, found)
    if audit.statement is not None and audit.statement.outcome != outcome(found.record, found.verdicts):
        yield Problem(ProblemKind.RESULTS_DIFFER, layout.MANIFEST, "the statement sums up other verdicts")


def replay(audit: Audit) -> Iterator[Problem]:
    """The recorded observations, judged again, give the recorded verdicts.

    Where other check files or another version judged, a difference may be theirs, so it is told and not held against
    the run. A whole run must have every verdict that judging gives; a partial one may lack some.
    """
    found = audit.must_have_recorded()
    if audit.replay is None:
        raise NotDone("the verdicts were not judged again")
    audit.other_code = _other_code(audit, found.record)
    try:
        again = list(audit.replay(audit.directory))
    except Exception as error:  # noqa: BLE001 (whatever a hostile record does to a judge is a problem of the record)
        yield Problem(ProblemKind.NOT_REPLAYED, str(audit.directory), f"judging again failed: {error!r}")
        return
    differing = list(_differences(found, again))
    copied = sum(not verdict.replayable for verdict in found.verdicts)
    audit.note = f"{len(again)} verdicts judged again" + (f"; {copied} copied, not replayable" if copied else "")
    if audit.other_code:
        audit.note += f"; judged by other code ({', '.join(audit.other_code)}), {len(differing)} come out otherwise"
        return
    yield from differing


def _references(found: Recorded) -> Iterator[tuple[str, str]]:
    of = found.record
    for digest in (*of.files.values(), of.atlas, *of.tls_anchors, *of.hsm_anchors, *of.dnssec_anchors):
        if digest is not None:
            yield layout.RUN, digest
    for line in found.reader.lines():
        for digest in (*line.inputs, *line.artifacts):
            yield _of(line), digest
    for verdict in found.verdicts:
        for finding in verdict.findings:
            for digest in finding.evidence:
                yield _short(verdict), digest


def _inconsistency(verdict: Verdict, floors: Mapping[str, Assurance]) -> str | None:
    if verdict.replayable and verdict.clause not in floors:
        return "run.json has no such clause"
    waived = verdict.ruling is Ruling.WAIVED
    if waived and (verdict.waiver is None or verdict.waiver.expired):
        return "it is waived, and no waiver in force covers it"
    bare = verdict.waived_from if waived else verdict.ruling
    if verdict.replayable and bare in _FOLDED:
        folded, _ = fold(verdict.findings, floors[verdict.clause])
        return None if folded is bare else f"its findings give {folded}, not {bare}"
    return None


def _results(audit: Audit, found: Recorded) -> Iterator[Problem]:
    expected = results(found.record, found.verdicts)
    # Bounds what is parsed by what there is to say, however much room a run may take.
    limit = 2 * len(pretty(expected)) + layout.MIB
    try:
        written = decode(read_bounded(audit.directory / layout.RESULTS, limit))
    except (LedgerError, ValueError) as error:
        yield Problem(ProblemKind.UNREADABLE, layout.RESULTS, str(error))
        return
    differing = _differing_parts(written, expected)
    if differing:
        yield Problem(ProblemKind.RESULTS_DIFFER, layout.RESULTS, f"not what the verdicts give: {', '.join(differing)}")


def _differing_parts(written: Any, expected: dict[str, Any]) -> list[str]:
    if not isinstance(written, dict):
        return ["all of it"]
    return sorted(key for key in written.keys() | expected.keys() if written.get(key) != expected.get(key))


def _differences(found: Recorded, again: Iterable[Verdict]) -> Iterator[Problem]:
    before, after = _by_name(found.verdicts), _by_name(again)
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield Problem(ProblemKind.VERDICT_DIFFERS, name, "recorded, and judging again gives no such verdict")
        elif name not in before and found.record.complete:
            yield Problem(
                ProblemKind.VERDICT_DIFFERS, name, f"judging again gives {after[name]['verdict']}; not recorded"
            )
        elif name in before and before[name] != after[name]:
            parts = ", ".join(_differing_parts(before[name], after[name]))
            told = f"recorded {before[name]['verdict']}, judged again {after[name]['verdict']}; differs in {parts}"
            yield Problem(ProblemKind.VERDICT_DIFFERS, name, told)


def _by_name(verdicts: Iterable[Verdict]) -> dict[str, dict[str, Any]]:
    judged = [verdict for verdict in verdicts if verdict.replayable]
    return dict(zip(names(judged), map(verdict_data, judged), strict=True))


def _other_code(audit: Audit, of: RunRecord) -> tuple[str, ...]:
    differing = [] if of.clauseproof == clauseproof.__version__ else [f"clauseproof {of.clauseproof}"]
    if audit.checks is not None:
        differing += sorted(name for name, digest in of.checks.items() if audit.checks.get(name) != digest)
    return tuple(differing)


def _extent(of: RunRecord) -> str:
    return "the run is complete" if of.complete else "the run is partial: it was interrupted"


def _of(line: Line) -> str:
    return f"{line.kind} of {line.subject}"


def _short(verdict: Verdict) -> str:
    return names([verdict])[0]
