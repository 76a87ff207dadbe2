"""Durations and dates leave no room for a second reading."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clauseproof.model.units import day_ends, parse_day, parse_duration, spell


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("15 min", timedelta(minutes=15)),
        ("90 days", timedelta(days=90)),
        ("1 day", timedelta(days=1)),
        ("1.5 hours", timedelta(minutes=90)),
        ("250 ms", timedelta(milliseconds=250)),
        ("PT15M", timedelta(minutes=15)),
        ("P90D", timedelta(days=90)),
        ("P2W", timedelta(weeks=2)),
        ("P1DT12H", timedelta(hours=36)),
    ],
)
def test_a_clear_duration_is_read(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text", ["1m", "3m", "5", "P", "PT", "1 month", "2 years", "P1Y", "P1M", "-1 day", "0 s", "1 min 30"]
)
def test_an_ambiguous_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no clear duration|longer than zero"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["2026-7-7", "07/07/2026", "2026", "2026-11-24T00:00:00", "2026-02-30", "today"])
def test_an_ambiguous_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no clear date|out of range"):
        parse_day(text)


def test_a_day_ends_at_midnight_utc() -> None:
    assert day_ends(date(2026, 12, 31)) == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("duration", "spelled"),
    [
        (timedelta(seconds=0.25), "0.25 s"),
        (timedelta(minutes=11, seconds=40), "11 min 40 s"),
        (timedelta(days=90), "90 days"),
        (timedelta(days=1, hours=2), "1 day 2 h"),
        (timedelta(hours=1), "1 h"),
    ],
)
def test_a_duration_is_spelled_with_two_units_at_most(duration: timedelta, spelled: str) -> None:
    assert spell(duration) == spelled
