"""In which countries key services keep their keys."""

import pytest

from clauseproof.facts.keyplaces import places_of


@pytest.mark.parametrize(
    ("provider", "location", "countries"),
    [
        ("aws", "eu-central-1", {"DE"}),
        ("aws", "eusc-de-east-1", {"DE"}),
        ("google", "europe-west3", {"DE"}),
        ("google", "eur4", {"BE", "FI", "NL"}),
        ("google", "nam12", {"US"}),
        ("google", "asia1", {"JP", "KR"}),
        ("azure", "westeurope", {"NL"}),
    ],
)
def test_a_location_lies_in_each_of_its_countries(provider: str, location: str, countries: set[str]) -> None:
    found = places_of(provider, location)
    assert found is not None
    assert found.countries == countries
    assert found.every


def test_a_vague_multi_region_lies_in_some_of_its_countries() -> None:
    """Google excepts London and Zürich from `europe`, and names no more."""
    found = places_of("google", "europe")
    assert found is not None
    assert not found.every
    assert found.countries.isdisjoint({"GB", "CH"})


def test_global_is_nowhere_in_particular() -> None:
    found = places_of("google", "global")
    assert found is not None
    assert found.countries == set()


@pytest.mark.parametrize(("provider", "location"), [("google", "eur5"), ("aws", "eur4"), ("aws", "xx-nowhere-1")])
def test_what_is_not_known_is_not_guessed(provider: str, location: str) -> None:
    assert places_of(provider, location) is None
