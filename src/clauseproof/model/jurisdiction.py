"""Jurisdictions: dated sets of countries, so that a verdict can be asked for another day."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

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


_NOT_ISO = {"UK": "GB", "EL": "GR"}
"""Codes in everyday use that ISO 3166-1 does not assign; no source of locations speaks of them."""


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
        if name in self._by_name:
            return True
        return len(name) == 2 and name.isascii() and name.isalpha() and name.isupper() and name not in _NOT_ISO

    def countries(self, name: str, day: date) -> frozenset[str]:
        """The countries of a jurisdiction on a day; KeyError if the name is unknown."""
        if name in self._by_name:
            return self._by_name[name].countries(day)
        if self.knows(name):
            return frozenset({name})
        raise KeyError(name)


class UnknownJurisdiction(ValueError):
    """A profile names a jurisdiction that there is not; `choices` are those there are, `advice` what to write."""

    def __init__(self, name: str, atlas: Atlas) -> None:
        meant = _NOT_ISO.get(name) or (name.upper() if len(name) == 2 and atlas.knows(name.upper()) else None)
        self.choices = () if meant else atlas.names
        known = ", ".join(atlas.names)
        self.advice = f"write {meant}" if meant else f"write a country code such as CH, or one of {known}"
        super().__init__(f"{name[:_SHOWN]!r} is no jurisdiction and no ISO 3166-1 code of a country")


def _known(name: str, info: ValidationInfo) -> str:
    atlas = (info.context or {}).get("atlas")
    if isinstance(atlas, Atlas) and not atlas.knows(name):
        raise UnknownJurisdiction(name, atlas)
    return name


_SHOWN = 80
JurisdictionName = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_known)]
"""A jurisdiction or a country's code: known to the atlas that the validation's context holds as `atlas`, if it does."""
