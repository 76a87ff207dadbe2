"""Reports and certificates that the vendor hands over, held against what they say themselves."""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from itertools import islice

from pydantic import Field

from clauseproof import Assurance, Case, Claim, Finding, Unseen, broken, check, holds, note, unknown
from clauseproof.facts.documents import Report, ReportType
from clauseproof.facts.periods import days, period_ends, validity_ends
from clauseproof.facts.wording import sentences_with
from clauseproof.hardware.rejection import printable
from clauseproof.model.units import day_ends

FIRST_PAGES = 5
"""A document says what it is within its first pages."""
MOST_MENTIONS = 1000
"""The most mentions of a name that are read on one page."""

_SOC2 = r"\bSOC\)?[ -]?2\b"
_TYPE_I, _TYPE_II = r"\btype[ -]?(?:I|1)\b", r"\btype[ -]?(?:II|2)\b"


def _side_by_side(one: str, other: str) -> re.Pattern[str]:
    return re.compile(rf"{one}.{{0,60}}?{other}|{other}.{{0,60}}?{one}", re.IGNORECASE)


_NAMES_ITSELF = {
    ReportType.SOC2_TYPE_II: _side_by_side(_SOC2, _TYPE_II),
    ReportType.ISO_27001: re.compile(r"\bISO(?: ?/ ?IEC)?[ -]?27001\b", re.IGNORECASE),
}
_SOC2_TYPE_I = _side_by_side(_SOC2, _TYPE_I)
_EXCLUDES = re.compile(
    r"\b(?:exclu(?:de|des|ded|ding|sion)|out of scope|outside (?:of )?the scope|carved?[ -]out"
    r"|not (?:in|within|part of|covered|include[ds]?|extend|apply)|ausgenommen|nicht (?:im|Teil|umfasst))\b",
    re.IGNORECASE,
)


class AuditReport(Claim):
    """The vendor has a current audit report or certificate, of the type agreed, whose own text covers what we buy.

    `covers` are the product, the region and whatever else it must name. A SOC 2 report is current for `within_months`
    after the end of its period, an ISO 27001 certificate until the end of its validity. Nobody's signature is verified:
    a report vouches for the vendor, and this check vouches for no report.
    """

    type: ReportType
    within_months: int = Field(default=12, ge=1, le=60)
    covers: tuple[str, ...] = Field(min_length=1, max_length=50)


@check("audit-report")
def audit_report(claim: AuditReport, seen: Report, case: Case) -> Iterator[Finding]:
    yield note(f"{seen.name} has {seen.size} bytes, SHA-256 {seen.sha256}")
    if isinstance(seen.pages, Unseen):
        yield unknown(f"{seen.name} says nothing that can be read: {seen.pages.sentence}")
        return
    yield _current(claim, seen, seen.pages, case)
    yield _right_type(claim.type, seen, seen.pages)
    for name in dict.fromkeys((*claim.covers, *seen.stated.scope)):
        yield _covered(name, seen, seen.pages)


def _right_type(asked: ReportType, seen: Report, pages: tuple[str, ...]) -> Finding:
    given = seen.stated.type
    if given not in (None, asked):
        return broken(f"{seen.name} is given as {given}; the clause asks for {asked}", Assurance.STATED)
    first = " ".join(pages[:FIRST_PAGES])
    named = _NAMES_ITSELF[asked].search(first) is not None
    type_i = asked is ReportType.SOC2_TYPE_II and _SOC2_TYPE_I.search(first) is not None
    if named and not type_i:
        return holds(f"{seen.name} calls itself {asked}", Assurance.VOUCHED)
    if type_i and not named:
        text = f"{seen.name} calls itself SOC 2 Type I, which looks at one day; the clause asks for {asked}"
        return broken(text, Assurance.VOUCHED)
    said = "speaks of both types in" if named else f"does not say that it is {asked} in"
    return unknown(f"{seen.name} {said} its first {FIRST_PAGES} pages. To settle it: read its title page")


def _current(claim: AuditReport, seen: Report, pages: tuple[str, ...], case: Case) -> Finding:
    end = _period_end(claim.type, seen, pages)
    if isinstance(end, Finding):
        return end
    lasts = claim.type is ReportType.ISO_27001
    last = end if lasts else _months_after(end, claim.within_months)
    limit = day_ends(last)
    rule = f": its period ended on {end}, and the clause accepts it for {claim.within_months} months after that"
    why = "" if lasts else rule
    if case.now >= limit:
        return broken(f"{seen.name} is out of date since {limit:%Y-%m-%d}{why}", Assurance.VOUCHED)
    if not lasts and case.now < day_ends(end):
        return unknown(f"{seen.name} speaks of a period that ends on {end} and was not over when it was judged")
    return holds(f"{seen.name} is current until {last}{why}", Assurance.VOUCHED, until=limit)


def _period_end(asked: ReportType, seen: Report, pages: tuple[str, ...]) -> date | Finding:
    """The end that document and profile agree on, or why there is none."""
    find = validity_ends if asked is ReportType.ISO_27001 else period_ends
    named = {end for page in pages for end in find(page)}
    stated = seen.stated.period_end
    spelled = ", ".join(sorted(map(str, named)))
    if stated is None and len(named) == 1:
        return named.pop()
    if stated is None:
        text = f"{seen.name} names {spelled or 'no day'} as an end of its period. To settle it: give its period_end"
        return unknown(text)
    if stated in named or (not named and any(day.day == stated for page in pages for day in days(page))):
        return stated
    gaps = _gaps(seen, pages)
    if named and not gaps:
        text = f"{seen.name} names {spelled} as the end of its period; the profile says that it ends on {stated}"
        return broken(text, Assurance.VOUCHED)
    return unknown(f"{seen.name} does not name {stated}, which the profile gives as the end of its period{gaps}")


def _covered(name: str, seen: Report, pages: tuple[str, ...]) -> Finding:
    excluded = ""
    for page, text in _mentions(name, pages):
        if not _EXCLUDES.search(text):
            return holds(f"{seen.name} names {name} on page {page}: {printable(text)}", Assurance.VOUCHED)
        excluded = excluded or f"on page {page}: {printable(text)}"
    if excluded:
        return unknown(f"{seen.name} names {name} only where it speaks of exclusions, {excluded}")
    if gaps := _gaps(seen, pages):
        return unknown(f"{seen.name} does not name {name}{gaps}")
    return broken(f"{seen.name} nowhere names {name}", Assurance.VOUCHED)


def _mentions(name: str, pages: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    for number, page in enumerate(pages, start=1):
        for text in islice(sentences_with(name, page), MOST_MENTIONS):
            yield number, text


def _gaps(seen: Report, pages: tuple[str, ...]) -> str:
    """What of the document could not be read, as the end of a sentence; empty if nothing."""
    blank = [str(number) for number, page in enumerate(pages, start=1) if not page]
    shown = ", ".join(blank[:5]) + (" and more" if len(blank) > 5 else "")
    if blank:
        return f" in the text that could be read; without text: page {shown}"
    return " in the part that was recorded" if seen.cut else ""


def _months_after(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
