"""A table for procurement: one row per claim and subject, one for each clause without claims.

UTF-8 with a byte-order mark, which spreadsheets need to read it rightly; commas, CRLF (RFC 4180). A cell that a
spreadsheet would take for a formula begins with an apostrophe instead
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

import csv
import io
from collections.abc import Iterator, Sequence

from clauseproof.ledger.results import NO_CLAIM
from clauseproof.model.finding import Outcome
from clauseproof.model.run import ClauseRecord
from clauseproof.model.verdict import Ruling, Verdict
from clauseproof.reporting.dates import day
from clauseproof.reporting.dossier import Dossier
from clauseproof.reporting.entry import Entry, entry
from clauseproof.reporting.sentences import waiver
from clauseproof.reporting.text import block
from clauseproof.reporting.vocabulary import WORD

COLUMNS = (
    "clause", "title", "tier", "claim", "subject", "subject_value", "words", "verdict", "reads", "assurance",
    "assurance_required", "seen", "settled_by", "not_tested", "until", "waiver", "evidence",
    "vendor", "contract", "run", "started",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_CELL = 32_000
"""A spreadsheet's cell holds 32,767 characters."""


def render(dossier: Dossier) -> bytes:
    """The table, its first row the names of the columns."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(COLUMNS)
    for one in dossier.in_order:
        writer.writerows([harmless(cell) for cell in row] for row in _rows(one, dossier))
    return target.getvalue().encode("utf-8-sig")


def harmless(cell: str) -> str:
    """The cell as visible text that no spreadsheet takes for a formula."""
    shown = block(cell, _CELL)
    return f"'{shown}" if cell.lstrip(" ").startswith(_FORMULA) else shown


def _rows(one: Entry, dossier: Dossier) -> Iterator[Sequence[str]]:
    if not one.verdicts:
        yield _row(one.clause, None, "", dossier)
    for verdict in one.verdicts:
        for subject in verdict.subjects or ("",):
            yield _row(one.clause, verdict, subject, dossier)


def _row(clause: ClauseRecord, verdict: Verdict | None, subject: str, dossier: Dossier) -> Sequence[str]:
    run, told = dossier.record, entry(clause, [verdict] if verdict else [])
    known = run.profile.subjects.get(subject)
    gaps = [f"{gap.words or gap.claim}: {gap.because}" for gap in told.gaps]
    seen = [said.text for said in told.seen if said.outcome is not Outcome.NOTE]
    ruling = verdict.ruling if verdict else Ruling.NOT_TESTED
    return (
        clause.id,
        clause.title,
        str(clause.tier),
        verdict.claim if verdict else "",
        subject,
        known.value if known else "",
        (verdict.words or "") if verdict else "",
        str(ruling),
        WORD[ruling],
        str(told.assurance or ""),
        str(clause.assurance),
        "; ".join(seen),
        "; ".join(told.settled_by),
        "; ".join(gaps if verdict else [NO_CLAIM, *gaps]),
        day(told.until) if told.until else "",
        "; ".join(waiver(note) for note in told.waivers),
        " ".join(told.evidence),
        run.profile.vendor,
        clause.contract,
        run.id,
        run.started.isoformat(),
    )
