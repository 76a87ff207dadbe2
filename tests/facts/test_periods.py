"""Days and periods in the words of reports and certificates."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.periods import days, period_ends, validity_ends

JUNE_30 = date(2026, 6, 30)


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-30",
        "June 30, 2026",
        "JUNE 30 2026",
        "Jun. 30, 2026",
        "30 June 2026",
        "30th of June 2026",
        "30. Juni 2026",
        "30.06.2026",
        "30. 6. 2026",
        "06/30/2026",
        "30/06/2026",
        "(30 June 2026).",
    ],
)
def test_a_day_is_read_in_every_spelling(text: str) -> None:
    assert [found.day for found in days(text)] == [JUNE_30]


@pytest.mark.parametrize("day", ["05/05/2026", "5/5/2026"])
def test_a_day_with_two_equal_numbers_has_one_reading(day: str) -> None:
    assert [found.day for found in days(day)] == [date(2026, 5, 5)]


@pytest.mark.parametrize(
    "text",
    [
        "03/04/2026",
        "2026-02-30",
        "31.04.2026",
        "June 2026",
        "v1.30.06.2026",
        "12026-06-30",
        "2026-06-301",
        "2026-06-30-1",
    ],
)
def test_what_is_no_single_day_is_not_read(text: str) -> None:
    assert list(days(text)) == []


def test_years_that_no_report_speaks_of_are_not_read() -> None:
    assert list(days("9999-12-31, 1066-10-14, 1 January 0001")) == []


@pytest.mark.parametrize(
    "text",
    [
        "for the period July 1, 2025 to June 30, 2026, in all material respects",
        "throughout the period 1 July 2025 through 30 June 2026",
        "Period covered: 2025-07-01 – 2026-06-30",
        "between 1 July 2025 and 30 June 2026",
        "Prüfungszeitraum vom 1. Juli 2025 bis 30. Juni 2026",
        "for the period ended June 30, 2026",
        "for the twelve months ended 30 June 2026",
        "Period end: 30.06.2026",
    ],
)
def test_the_end_of_a_period_is_read(text: str) -> None:
    assert period_ends(text) == {JUNE_30}


@pytest.mark.parametrize(
    "text",
    [
        "signed on 30 June 2026",
        "Our policy of June 30, 2026 to this day",
        "1 July 2025. Meetings took place. 30 June 2026",
        "for the period 30 June 2026 to 1 July 2025",
    ],
)
def test_other_days_are_no_ends_of_a_period(text: str) -> None:
    assert period_ends(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "This certificate is valid until 30 June 2026.",
        "Valid from 2023-07-01 to 2026-06-30",
        "Expiry date: 30.06.2026",
        "Certificate expires on June 30, 2026",
        "Dieses Zertifikat ist gültig bis zum 30.06.2026",
    ],
)
def test_the_end_of_a_validity_is_read(text: str) -> None:
    assert validity_ends(text) == {JUNE_30}


def test_a_day_of_issue_is_no_end_of_a_validity() -> None:
    assert validity_ends("Issued 30 June 2026 by Example Certification") == set()


@given(st.dates(date(1970, 1, 1), date(2199, 12, 31)))
def test_every_day_is_read_back_as_it_was_written(day: date) -> None:
    for text in (f"{day}", f"{day:%d.%m.%Y}", f"{day.day} {day:%B} {day.year}", f"{day:%B} {day.day}, {day.year}"):
        assert [found.day for found in days(text)] == [day]


@given(st.text(alphabet="0123456789 -./,JunemayMaijuli\u2013tobisperiodvalid", max_size=200))
def test_any_text_is_survived(text: str) -> None:
    assert period_ends(text) <= {found.day for found in days(text)}
    assert validity_ends(text) <= {found.day for found in days(text)}
