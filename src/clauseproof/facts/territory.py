"""Where something may be and where it must not: jurisdictions of a claim, resolved for the day of the case."""

from collections.abc import Iterable
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field

from clauseproof.facts.listed import listed
from clauseproof.model.case import Case
from clauseproof.model.jurisdiction import JurisdictionName

Jurisdictions = Annotated[
    tuple[JurisdictionName, ...],
    BeforeValidator(listed, json_schema_input_type=str | list[str]),
    Field(min_length=1),
]
"""A jurisdiction such as `EU`, a country code, or a list of them; names that no atlas knows are faults of a profile."""


class Territory(NamedTuple):
    """Countries that are allowed (None: all) and banned, and the claim in words: `inside EU and outside DE`."""

    allowed: frozenset[str] | None
    banned: frozenset[str]
    words: str

    def keeps(self, country: str) -> bool:
        """Whether something in a country keeps the claim."""
        return country not in self.banned and (self.allowed is None or country in self.allowed)


def territory(within: Iterable[str] | None, outside: Iterable[str] | None, case: Case) -> Territory:
    """LookupError, with a sentence, for a jurisdiction that is unknown or has no members on the case's day."""
    inner, outer = tuple(within or ()), tuple(outside or ())
    words = [f"inside {' or '.join(inner)}"] if inner else []
    words += [f"outside {' and '.join(outer)}"] if outer else []
    allowed = _countries(inner, case) if inner else None
    return Territory(allowed, _countries(outer, case), " and ".join(words))


def _countries(names: Iterable[str], case: Case) -> frozenset[str]:
    found = frozenset[str]()
    for name in names:
        try:
            members = case.countries(name)
        except KeyError as error:
            known = ", ".join(case.atlas.names)
            raise LookupError(
                f"No jurisdiction is called {name}. To settle it: name one of {known}, or a country by two letters"
            ) from error
        if not members:
            raise LookupError(f"{name} has no members on {case.now:%Y-%m-%d}. To settle it: correct its dates")
        found |= members
    return found
