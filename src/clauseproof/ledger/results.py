"""`results.json`: the verdicts of a run in the shape that scripts read."""

from collections.abc import Iterable
from typing import Any

from clauseproof.ledger.verdicts import instant, verdict_data
from clauseproof.model.run import RunRecord
from clauseproof.model.verdict import Ruling, Verdict

NO_CLAIM = "no claim in the profile"


def results(record: RunRecord, verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """The run, its verdicts in order, what nobody tested, and how many of each."""
    given = list(verdicts)
    return {
        "run": _run(record),
        "verdicts": [verdict_data(verdict) for verdict in given],
        "untested": untested(record, given),
        "summary": summary(given),
    }


def summary(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many verdicts there are of each ruling, those without any included."""
    counts = {str(ruling): 0 for ruling in Ruling}
    for verdict in verdicts:
        counts[str(verdict.ruling)] += 1
    return counts


def untested(record: RunRecord, verdicts: Iterable[Verdict]) -> list[dict[str, str | None]]:
    """Words that the profile says nobody tests, and (`words` null) clauses that no claim and no test speaks of."""
    spoken_of = {verdict.clause for verdict in verdicts}
    found: list[dict[str, str | None]] = []
    for clause in record.profile.clauses:
        found += [{"clause": clause.id, "words": gap.words, "because": gap.because} for gap in clause.untested]
        if not clause.claims and clause.id not in spoken_of:
            found.append({"clause": clause.id, "words": None, "because": NO_CLAIM})
    return found


def _run(record: RunRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "started": instant(record.started),
        "finished": None if record.finished is None else instant(record.finished),
        "complete": record.complete,
        "clauseproof": record.clauseproof,
        "profile_sha256": record.profile.sha256,
        "operator": record.operator,
        "vantages": list(record.vantages),
        "permission": [str(permission) for permission in record.permission],
    }
