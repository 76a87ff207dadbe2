"""Days and periods in the words of reports and certificates, English and German.

Read from text with single spaces, as `documents.Report` holds it. `03/04/2026` is no day: it has two readings.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

_NAMES = (
    "january jan januar jänner",
    "february feb februar",
    "march mar märz",
    "april apr",
    "may mai",
    "june jun juni",
    "july jul juli",
    "august aug",
    "september sep sept",
    "october oct oktober okt",
    "november nov",
    "december dec dezember dez",
)
_MONTHS = {name: number for number, names in enumerate(_NAMES, start=1) for name in names.split()}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY = re.compile(
    rf"""(?<![\w.])(?:
    (?P<iso>\d{{4}}-\d\d-\d\d)
    | (?P<day1>\d{{1,2}})(?:st|nd|rd|th|\.)?[ ]?(?:of[ ])?(?P<month1>{_MONTH})\b\.?,?[ ]?(?P<year1>\d{{4}})
    | (?P<month2>{_MONTH})\b\.?[ ]?(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?,?[ ]?(?P<year2>\d{{4}})
    | (?P<dots>\d{{1,2}}\.[ ]?\d{{1,2}}\.[ ]?\d{{4}})
    | (?P<slashes>\d{{1,2}}/\d{{1,2}}/\d{{4}})
    )(?![\w-])""",
    re.VERBOSE | re.IGNORECASE,
)
_TO = re.compile(
    r"\s?(?:,? ?(?:to|through|thru|until|till|and|bis|bis zum)|[-\u2010-\u2015])(?: and including)?\s?", re.IGNORECASE
)
_PERIOD_BEFORE = re.compile(r"\b(?:period|from|between|zeitraum|vom)\b[^.;]{0,80}$", re.IGNORECASE)
_PERIOD_END = re.compile(r"\b(?:period|year|months) (?:end|ends|ended|ending)(?: on| date)?:?\s?$", re.IGNORECASE)
_VALID_UNTIL = re.compile(
    r"\b(?:valid (?:until|to|through|till)|expir(?:y|es|ation)(?: date)?(?: of(?: the)? certificate)?(?: on| is)?"
    r"|gültig bis(?: zum)?|ablaufdatum)(?: and including)?:?\s?$",
    re.IGNORECASE,
)
_VALID_BEFORE = re.compile(r"\b(?:valid|validity|gültig|gültigkeit)\b[^.;]{0,80}$", re.IGNORECASE)
_LOOK_BACK = 120
_YEARS = range(1970, 2200)


@dataclass(frozen=True, slots=True)
class Found:
    """A day in a text: where it begins and one past its end."""

    day: date
    start: int
    end: int


def days(text: str) -> Iterator[Found]:
    """All days that have one reading."""
    for match in _DAY.finditer(text):
        day = _read(match)
        if day is not None:
            yield Found(day, match.start(), match.end())


def period_ends(text: str) -> set[date]:
    """Last days of periods: `for the period 1 July 2025 to 30 June 2026`, `period ended June 30, 2026`."""
    return _ends(text, _PERIOD_END, _PERIOD_BEFORE)


def validity_ends(text: str) -> set[date]:
    """Last days of a validity: `valid until 2027-06-30`, `Expiry date: 30 June 2027`, `gültig bis 30.06.2027`."""
    return _ends(text, _VALID_UNTIL, _VALID_BEFORE)


def _ends(text: str, label: re.Pattern[str], range_label: re.Pattern[str]) -> set[date]:
    """Days behind a label, and the later days of ranges behind another."""
    found = list(days(text))
    labelled = {one.day for one in found if label.search(_before(text, one))}
    ranges = {
        last.day
        for first, last in pairwise(found)
        if first.day < last.day
        and _TO.fullmatch(text, first.end, last.start)
        and range_label.search(_before(text, first))
    }
    return labelled | ranges


def _before(text: str, found: Found) -> str:
    return text[max(found.start - _LOOK_BACK, 0) : found.start]


def _read(match: re.Match[str]) -> date | None:
    try:
        day = _READERS[match.lastgroup or ""](match)
    except ValueError:
        return None
    return day if day is not None and day.year in _YEARS else None


def _slashes(text: str) -> date | None:
    first, second, year = (int(part) for part in text.split("/"))
    if first > 12 or first == second:
        return date(year, second, first)
    return date(year, first, second) if second > 12 else None


def _dots(text: str) -> date:
    day, month, year = (int(part) for part in text.split("."))
    return date(year, month, day)


def _named(day: str, month: str, year: str) -> date:
    return date(int(year), _MONTHS[month.lower()], int(day))


_READERS: dict[str, Callable[[re.Match[str]], date | None]] = {
    "iso": lambda match: date.fromisoformat(match["iso"]),
    "year1": lambda match: _named(match["day1"], match["month1"], match["year1"]),
    "year2": lambda match: _named(match["day2"], match["month2"], match["year2"]),
    "dots": lambda match: _dots(match["dots"]),
    "slashes": lambda match: _slashes(match["slashes"]),
}
