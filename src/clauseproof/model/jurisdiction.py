"""Jurisdictions: dated sets of countries, so that a verdict can be asked for another day."""

from collections.abc import Iterable, Mapping
from datetime import date

from pydantic import Field

from clauseproof.model.frozen import Frozen
from clauseproof.model.units import Day


class Member(Frozen):
    """One country's membership: ISO 3166-1 alpha-2 code, first and last day (None: open)."""

    code: str = Field(pattern=r"^[A-Z]{2}$")
    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None

    def on(self, day: date) -> bool:
        """Whether it is a member on a day."""
        return (self.from_ is None or self.from_ <= day) and (self.to is None or day <= self.to)


class Jurisdiction(Frozen):
    """A named set of countries with its legal reference."""

    name: str
    reference: str
    members: tuple[Member, ...]

    def countries(self, day: date) -> frozenset[str]:
        """The members on a day."""
        return frozenset(member.code for member in self.members if member.on(day))


class Atlas:
    """All jurisdictions of a run by name; a bare country code names itself."""

    def __init__(self, jurisdictions: Iterable[Jurisdiction]) -> None:
        self._by_name: Mapping[str, Jurisdiction] = {j.name: j for j in jurisdictions}

    @property
    def names(self) -> tuple[str, ...]:
        """The names it knows."""
        return tuple(self._by_name)

    def knows(self, name: str) -> bool:
        """Whether a name is a jurisdiction of the atlas or looks like a country code."""
        return name in self._by_name or (len(name) == 2 and name.isalpha() and name.isupper())

    def countries(self, name: str, day: date) -> frozenset[str]:
        """The countries of a jurisdiction on a day; KeyError if the name is unknown."""
        if name in self._by_name:
            return self._by_name[name].countries(day)
        if self.knows(name):
            return frozenset({name})
        raise KeyError(name)
