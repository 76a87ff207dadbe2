"""In which countries a key service's location keeps its keys.

A region lies in one country. Multi-regions of Cloud KMS lie in several places, which Google describes in words ("Cloud
KMS locations", November 2026); those that it describes too vaguely are not in the table, and have no countries here.
"""

from typing import NamedTuple

from clauseproof.facts.regions import country_of

ANYWHERE = "anywhere"


class Places(NamedTuple):
    """Countries (ISO 3166-1 alpha-2) of a location.

    Attributes:
        every: whether the key lies in all of them; if not, it lies in some, and in none beside them.
        described: the provider's description, for people.
    """

    countries: frozenset[str]
    every: bool
    described: str


def _all(countries: str, described: str) -> Places:
    return Places(frozenset(countries.split()), True, described)


def _some(countries: str, described: str) -> Places:
    return Places(frozenset(countries.split()), False, described)


_GOOGLE = {
    "asia1": _all("JP KR", "Tokyo, Osaka and Seoul"),
    "ca": _all("CA", "several regions in Canada"),
    "eur4": _all("BE FI NL", "Finland, the Netherlands and Belgium"),
    "europe": Places(
        frozenset(["BE", "DE", "ES", "FI", "FR", "IT", "NL", "PL", "SE"]),
        False,
        "regions in Europe, London and Zürich excepted",
    ),
    "us": _all("US", "several regions in the United States"),
    **{f"nam{n}": _all("US", "several regions in the United States") for n in (3, 4, 6, 7, 8, 9, 10, 11, 12)},
}


def places_of(provider: str, location: str) -> Places | None:
    """Where a location of a provider's key service lies; None where that is not known.

    Google's `global` gives no countries: its keys are kept all over the world.
    """
    if provider == "google" and location == "global":
        return Places(frozenset(), True, ANYWHERE)
    country = country_of(provider, location)
    if country is not None:
        return _all(country, country)
    return _GOOGLE.get(location) if provider == "google" else None
