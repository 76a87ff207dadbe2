"""A table for procurement: one row per claim and subject, one for each clause without claims.

UTF-8 with a byte-order mark, which spreadsheets need to read it rightly; commas, CRLF (RFC 4180). A cell that a
spreadsheet would take for a formula begins with an apostrophe instead
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from clauseproof.ledger.results import NO_CLAIM
from clauseproof.model.finding import Outcome
from clauseproof.model.verdict import Verdict
from clauseproof.reporting.dates import day
from clauseproof.reporting.dossier import Dossier
from clauseproof.reporting.entry import Entry, Gap, entry
from clauseproof.reporting.sentences import waiver
from clauseproof.reporting.text import block
from clauseproof.reporting.vocabulary import WORD

COLUMNS = (
    "clause", "title", "tier", "claim", "subject", "subject_value", "words", "verdict", "reads", "assurance",
    "assurance_required", "seen", "settled_by", "not_tested", "until", "waiver", "evidence",
    "vendor", "contract", "run", "started", "way",
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
    for verdict in one.verdicts:
        told = entry(one.clause.model_copy(update={"claims": ()}), [verdict])
        for subject in verdict.subjects or ("",):
            yield _row(told, verdict, subject, [], dossier)
    if one.unjudged or not one.verdicts:
        why = [_gap(gap) for gap in one.unjudged] or [NO_CLAIM]
        yield _row(Entry(one.clause.model_copy(update={"claims": ()})), None, "", why, dossier)


def _row(told: Entry, verdict: Verdict | None, subject: str, why: list[str], dossier: Dossier) -> Sequence[str]:
    run, clause = dossier.record, told.clause
    known = run.profile.subjects.get(subject)
    seen = [said.text for said in told.seen if said.outcome is not Outcome.NOTE]
    return (
        clause.id,
        clause.title,
        str(clause.tier),
        verdict.claim if verdict else "",
        subject,
        known.value if known else "",
        (verdict.words or "") if verdict else "",
        str(told.ruling),
        WORD[told.ruling],
        str(told.assurance or ""),
        str(clause.assurance),
        "; ".join(seen),
        "; ".join(told.settled_by),
        "; ".join([*why, *map(_gap, told.gaps)]),
        day(told.until) if told.until else "",
        "; ".join(waiver(note) for note in told.waivers),
        " ".join(told.evidence),
        run.profile.vendor,
        clause.contract,
        run.id,
        run.started.isoformat(),
        "; ".join(_ways(told, dossier)),
    )


def _ways(told: Entry, dossier: Dossier) -> Iterable[str]:
    """`direct` and proxies, each once: the ways of the looks that it rests on."""
    return dict.fromkeys(exhibit.through or "direct" for exhibit in dossier.exhibits_of(told))


def _gap(gap: Gap) -> str:
    return f"{gap.words or gap.claim}: {gap.because}"
