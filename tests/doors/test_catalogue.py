"""The generated pages of docs say what the checks and probes say."""

from pathlib import Path

import pytest

from clauseproof.doors.assembly import load
from clauseproof.doors.catalogue import in_full, listing, pages
from clauseproof.model.errors import ClauseproofError

DOCS = Path(__file__).parents[2] / "docs"


def test_the_pages_are_those_that_the_checks_generate() -> None:
    for name, text in pages(*load()):
        assert (DOCS / name).read_text() == text, f"{name} has drifted: python -m clauseproof.doors.catalogue docs"


def test_no_page_is_left_of_a_check_that_is_gone() -> None:
    generated = {name for name, _ in pages(*load()) if name.startswith("checks/")}
    assert {f"checks/{path.name}" for path in (DOCS / "checks").iterdir()} == generated


def test_every_claim_is_listed_with_a_first_line() -> None:
    registry, files = load()
    lines = [line for line in listing(registry, files) if line.startswith("  ")]
    assert len(lines) == len(registry.checks)
    assert all(len(line.split(maxsplit=1)) == 2 for line in lines)


def test_an_unknown_claim_names_those_there_are() -> None:
    with pytest.raises(ClauseproofError) as caught:
        list(in_full(load()[0], "tls-flor"))
    assert "tls-floor" in caught.value.what_to_do
