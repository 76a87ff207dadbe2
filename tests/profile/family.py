"""A tiny family of its own: letterboxes and pigeons that are looked at, and claims about them."""

import enum
from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from clauseproof.facts.territory import Jurisdictions
from clauseproof.model.assurance import Assurance
from clauseproof.model.claim import Claim
from clauseproof.model.facts import All, Facts, Past
from clauseproof.model.finding import Finding, holds
from clauseproof.model.frozen import Frozen
from clauseproof.model.marks import check, probe
from clauseproof.model.permission import Permission
from clauseproof.model.secret import SecretRef
from clauseproof.model.subject import Subject
from clauseproof.model.units import Day, Duration
from clauseproof.model.unseen import Unseen


class Floor(enum.StrEnum):
    """How deep."""

    GROUND = "ground"
    UPPER = "upper"


class Door(Frozen):
    """How to get in."""

    headers: dict[str, SecretRef] = Field(default={})
    knocks: int = 1


class Letterbox(Subject):
    """Where letters arrive."""

    key: ClassVar[str] = "letterbox"
    letterbox: str
    door: Door | None = None
    opened: Day | None = None
    key_code: SecretRef | None = None


class Pigeon(Subject):
    """A bird that carries letters."""

    key: ClassVar[str] = "bird"
    bird: str

    @classmethod
    def accepts(cls, value: str) -> bool:
        return value.startswith("pigeon:")


class Owl(Subject):
    """A bird that carries letters by night."""

    key: ClassVar[str] = "bird"
    bird: str

    @classmethod
    def accepts(cls, value: str) -> bool:
        return value.startswith("owl:")


class Letters(Facts):
    """How many letters."""

    kind = "post.letters"
    ceiling = Assurance.OBSERVED
    count: int


class Flight(Facts):
    """How far a bird flies."""

    kind = "post.flight"
    ceiling = Assurance.OBSERVED
    km: int


class Weather(Facts):
    """Served by nobody."""

    kind = "post.weather"
    ceiling = Assurance.VOUCHED
    rain: bool


class Route(Facts):
    """Made from a flight and the weather."""

    kind = "post.route"
    ceiling = Assurance.VOUCHED
    km: int


@probe(permission=Permission.CONNECT)
def letters(box: Letterbox) -> Letters:
    return Letters(count=len(box.letterbox))


@probe(permission=Permission.CONNECT)
def pigeon_flight(bird: Pigeon) -> Flight:
    return Flight(km=1)


@probe(permission=Permission.CONNECT)
def owl_route(bird: Owl, weather: Weather) -> Route:
    return Route(km=2)


class LettersArrive(Claim):
    """Letters arrive in time.

    `within` is the longest time a letter may take.
    """

    within: Duration
    at_least: int = 1
    floor: Floor = Floor.GROUND
    sent_from: Jurisdictions | None = None


@check("letters-arrive")
def letters_arrive(claim: LettersArrive, seen: Letters) -> Iterator[Finding]:
    yield holds("arrived")


class BirdFlies(Claim):
    """The bird flies."""


@check("bird-flies")
def bird_flies(claim: BirdFlies, seen: All[Flight], before: Past[Flight]) -> Iterator[Finding]:
    yield holds("flew")


class BirdKnowsWay(Claim):
    """The bird knows the way."""


@check("bird-knows-way")
def bird_knows_way(claim: BirdKnowsWay, seen: Route) -> Iterator[Finding]:
    yield holds("knows")


class SomethingSeen(Claim):
    """Anything was seen."""


@check("something-seen")
def something_seen(claim: SomethingSeen, letters: Letters | Unseen, flight: Flight | Unseen) -> Iterator[Finding]:
    yield holds("seen")
