"""Dates and hours as reports say them: English words, UTC, no locale."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def day(when: date) -> str:
    """`24 November 2026`; of an instant its day in UTC."""
    on = when.astimezone(UTC) if isinstance(when, datetime) else when
    return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"


def weekday(when: date) -> str:
    """`Tuesday`."""
    return _WEEKDAYS[(when.astimezone(UTC) if isinstance(when, datetime) else when).weekday()]


def days(first: date, last: date) -> str:
    """`16 to 27 November 2026`, with as much of the first day as the last does not say."""
    if first == last:
        return day(last)
    if first.year != last.year:
        return f"{day(first)} to {day(last)}"
    if first.month != last.month:
        return f"{first.day} {_MONTHS[first.month - 1]} to {day(last)}"
    return f"{first.day} to {day(last)}"


def clock(when: datetime, *, seconds: bool = False) -> str:
    """`09:31`, or `09:31:12`, in UTC."""
    return when.astimezone(UTC).strftime("%H:%M:%S" if seconds else "%H:%M")


def span(first: datetime, last: datetime | None) -> str:
    """`24 November 2026, 09:00 to 09:31 UTC`, over midnight with both days; without an end only the beginning."""
    if last is None or (clock(first) == clock(last) and day(first) == day(last)):
        return f"{day(first)}, {clock(first)} UTC"
    if day(first) == day(last):
        return f"{day(first)}, {clock(first)} to {clock(last)} UTC"
    return f"{day(first)}, {clock(first)} to {day(last)}, {clock(last)} UTC"


def hours(times: Iterable[datetime]) -> str:
    """When looks were made, to the second: `09:00:06` or `09:00:06 to 09:05:02`, the day added where there are two."""
    ordered = sorted(times)
    if not ordered:
        return ""
    first, last = ordered[0], ordered[-1]
    start, end = clock(first, seconds=True), clock(last, seconds=True)
    if day(first) != day(last):
        return f"{day(first)}, {start} to {day(last)}, {end}"
    return start if start == end else f"{start} to {end}"
