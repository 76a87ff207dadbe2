"""Durations and dates as contracts write them, with no room for a second reading.

`1m` is a minute to one reader and a month to another, so only ISO 8601 (`PT15M`, `P90D`) and spelled units
(`15 min`, `90 days`) are read. Dates are ISO 8601 calendar dates; a period that ends on a day ends at 24:00 UTC.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import BeforeValidator

_UNITS: dict[str, timedelta] = {
    "ms": timedelta(milliseconds=1),
    "millisecond": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "sec": timedelta(seconds=1),
    "second": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "minute": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_SPELLED = re.compile(r"(\d{1,7}(?:\.\d{1,6})?)\s*([A-Za-z]+)")
_ISO = re.compile(r"P(?:(\d{1,5})W|(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,8}(?:\.\d{1,6})?)S)?)?)")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def parse_duration(value: object) -> timedelta:
    """Read `15 min`, `90 days`, `2 hours`, `0.5 s` or ISO 8601 `PT15M`, `P90D`; ValueError otherwise."""
    if isinstance(value, timedelta):
        return value
    text = str(value).strip()
    duration = _iso(text) if text.startswith("P") else _spelled(text)
    if duration is None:
        raise ValueError(f"{text!r} is no clear duration; write for example '15 min', '90 days' or 'PT15M'")
    if duration <= timedelta(0):
        raise ValueError(f"{text!r} must be longer than zero")
    return duration


def _spelled(text: str) -> timedelta | None:
    match = _SPELLED.fullmatch(text)
    if match is None:
        return None
    name = match[2] if match[2] in _UNITS else match[2].removesuffix("s")
    unit = _UNITS.get(name)
    return None if unit is None else float(match[1]) * unit


def _iso(text: str) -> timedelta | None:
    match = _ISO.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    weeks, days, hours, minutes, seconds = (float(group or 0) for group in match.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def parse_day(value: object) -> date:
    """Read an ISO 8601 calendar date such as 2026-11-24; ValueError for every other spelling."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    text = str(value).strip()
    if not _DAY.fullmatch(text):
        raise ValueError(f"{text!r} is no clear date; write YYYY-MM-DD")
    return date.fromisoformat(text)


def day_starts(day: date) -> datetime:
    """The first instant of a day, UTC."""
    return datetime.combine(day, time(), UTC)


def day_ends(day: date) -> datetime:
    """24:00 UTC of a day: the first instant that no longer belongs to it."""
    return day_starts(day) + timedelta(days=1)


def spell(duration: timedelta) -> str:
    """A duration for people, two units at most: `11 min 40 s`, `90 days`, `0.25 s`."""
    seconds = duration.total_seconds()
    if seconds < 60:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    parts = [(whole // 86400, "day"), (whole % 86400 // 3600, "h"), (whole % 3600 // 60, "min"), (whole % 60, "s")]
    first = next(i for i, (count, _) in enumerate(parts) if count)
    return " ".join(_count(count, unit) for count, unit in parts[first : first + 2] if count)


def _count(count: int, unit: str) -> str:
    return f"{count} {unit}{'s' if unit == 'day' and count != 1 else ''}"


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
"""A length of time in a profile; in JSON an ISO 8601 duration."""
Day = Annotated[date, BeforeValidator(parse_day)]
"""A calendar day in a profile."""
