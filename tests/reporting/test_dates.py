"""Dates and hours in words."""

from datetime import UTC, date, datetime, timedelta, timezone

from clauseproof.reporting.dates import days, hours, span, weekday

START = datetime(2026, 11, 24, 9, 0, 6, tzinfo=UTC)


def test_days_say_only_what_differs() -> None:
    assert days(date(2026, 11, 16), date(2026, 11, 27)) == "16 to 27 November 2026"
    assert days(date(2026, 10, 30), date(2026, 11, 2)) == "30 October to 2 November 2026"
    assert days(date(2026, 12, 30), date(2027, 1, 2)) == "30 December 2026 to 2 January 2027"
    assert days(date(2026, 11, 16), date(2026, 11, 16)) == "16 November 2026"


def test_a_run_over_midnight_names_both_days() -> None:
    late = START.replace(hour=23)
    assert span(late, late + timedelta(hours=2)) == "24 November 2026, 23:00 to 25 November 2026, 01:00 UTC"


def test_a_run_without_an_end_has_only_its_beginning() -> None:
    assert span(START, None) == "24 November 2026, 09:00 UTC"


def test_another_time_zone_is_told_in_utc() -> None:
    tokyo = datetime(2026, 11, 25, 1, 0, tzinfo=timezone(timedelta(hours=9)))
    assert span(tokyo, None) == "24 November 2026, 16:00 UTC"
    assert weekday(tokyo) == "Tuesday"


def test_hours_are_the_first_and_the_last() -> None:
    assert hours([START + timedelta(minutes=5), START]) == "09:00:06 to 09:05:06"
    assert hours([START]) == "09:00:06"
    assert hours([]) == ""
