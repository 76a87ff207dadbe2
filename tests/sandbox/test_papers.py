"""The papers: one set of templates, two vendors, any day."""

import io
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from clauseproof.sandbox.character import HONEST, OVERCLAIMING, Character
from clauseproof.sandbox.papers import dates, month_end, write_papers

BOTH = (HONEST, OVERCLAIMING)
TODAY = date(2026, 11, 24)
VALUES = {
    "port": "44300",
    "resolver": "127.0.0.1:5353",
    "key": "arn:aws:kms:eu-central-1:111122223333:key/1",
    "account": "111122223333",
    "kms": "http://127.0.0.1:4566",
    "attachments_key": "projects/acme-crm-keys/locations/europe-west3/keyRings/crm/cryptoKeys/attachments",
    "project": "acme-crm-keys",
    "google": "127.0.0.1:8080",
    "backups_key": "https://acme.managedhsm.azure.net/keys/backups",
    "tenant": "99999999-8888-7777-6666-555555555555",
    "azure": "127.0.0.1:8443",
    "customer": "11111111-1111-1111-1111-111111111111",
    "vendor_principal": "22222222-2222-2222-2222-222222222222",
    "sentinel": "canary 0123",
}


@pytest.mark.parametrize(
    ("day", "before", "end"),
    [
        (date(2026, 11, 24), 4, date(2026, 7, 31)),
        (date(2026, 1, 1), 1, date(2025, 12, 31)),
        (date(2024, 3, 31), 1, date(2024, 2, 29)),
        (date(2026, 12, 31), 12, date(2025, 12, 31)),
    ],
)
def test_the_end_of_an_earlier_month(day: date, before: int, end: date) -> None:
    assert month_end(day, before) == end


@given(st.dates(min_value=date(2026, 1, 1), max_value=date(2060, 1, 1)))
def test_on_every_day_one_soc_2_report_is_within_twelve_months_and_the_other_is_not(today: date) -> None:
    ages = [(today - date.fromisoformat(dates(who, today)["soc2_to"])).days for who in BOTH]
    assert ages[0] <= 365 < 366 < ages[1]


@given(st.dates(min_value=date(2026, 1, 1), max_value=date(2060, 1, 1)))
def test_a_soc_2_period_is_a_whole_year(today: date) -> None:
    written = {name: date.fromisoformat(day) for name, day in dates(HONEST, today).items()}
    assert written["soc2_from"].day == 1
    assert (written["soc2_to"] - written["soc2_from"]).days in (364, 365)


def write(folder: Path, character: Character) -> dict[str, str]:
    """Every text among the papers by its name."""
    profile = write_papers(folder, character, TODAY, VALUES)
    assert profile.parent == folder
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.[my]*") if path.is_file()}


@pytest.mark.parametrize("character", BOTH, ids=lambda character: character.slug)
def test_no_paper_has_a_name_left_to_fill_in_or_another_vendor_s_line(tmp_path: Path, character: Character) -> None:
    papers = write(tmp_path, character)
    assert len(papers) == 4
    for text in papers.values():
        assert "@" not in text
        assert "word| " not in text


def test_every_word_of_one_contract_is_in_the_other_but_for_what_is_promised_on_top(tmp_path: Path) -> None:
    texts = [write(tmp_path / who.slug, who)["contract/dpa.md"] for who in BOTH]
    honest, other = ({line for line in text.splitlines() if line[:1].isdigit()} for text in texts)
    assert {line.split()[0] for line in honest ^ other} == {"2.1", "4.1", "7.1"}


def test_the_overclaiming_vendor_s_profile_shows_the_words_and_the_clause_that_nothing_tests(tmp_path: Path) -> None:
    profiles = {who.slug: yaml.safe_load(write(tmp_path / who.slug, who)[f"{who.slug}-crm.yaml"]) for who in BOTH}
    untested = {
        slug: {clause["id"] for clause in profile["clauses"] if "untested" in clause or "claims" not in clause}
        for slug, profile in profiles.items()
    }
    assert untested == {"plainword": set(), "bigword": {"DPA 4.1", "DPA 7.1"}}


def test_the_reports_can_be_read_as_pdf(tmp_path: Path) -> None:
    write_papers(tmp_path, HONEST, TODAY, VALUES)
    text = PdfReader(io.BytesIO((tmp_path / "evidence/soc2.pdf").read_bytes())).pages[0].extract_text()
    assert "SOC 2 Type II" in text
    assert "2026-07-31" in text
