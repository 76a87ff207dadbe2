"""A claim can be made about a subject only where probes serve every fact its check cannot do without."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from clauseproof.engine.registry import Registry, read_check
from clauseproof.model.claim import Claim
from clauseproof.model.facts import All, Facts, Past
from clauseproof.model.finding import Finding, holds
from clauseproof.model.marks import check, probe
from clauseproof.model.permission import Permission
from clauseproof.model.unseen import Unseen
from clauseproof.profile.wiring import Wiring
from tests.profile.family import Flight, Letterbox, Letters, Pigeon, Route, Weather
from tests.profile.support import registry


class Anything(Claim):
    """A claim about anything."""


@check("needs-both")
def needs_both(claim: Anything, letters: Letters, flight: Flight) -> Iterator[Finding]:
    yield holds("")


@check("needs-all")
def needs_all(claim: Anything, flight: All[Flight]) -> Iterator[Finding]:
    yield holds("")


@check("needs-none")
def needs_none(claim: Anything) -> Iterator[Finding]:
    yield holds("")


@check("needs-past")
def needs_past(claim: Anything, letters: Letters, before: Past[Flight]) -> Iterator[Finding]:
    yield holds("")


@check("helped-by")
def helped_by(claim: Anything, letters: Letters, weather: Weather | Unseen) -> Iterator[Finding]:
    yield holds("")


@pytest.mark.parametrize(
    ("fn", "gap"),
    [(needs_both, Flight), (needs_all, Flight), (needs_none, None), (needs_past, None), (helped_by, None)],
)
def test_the_gap_of_a_letterbox(fn: object, gap: type[Facts] | None) -> None:
    assert callable(fn)
    assert Wiring(registry()).gap(read_check(fn), Letterbox) is gap


@probe(permission=Permission.CONNECT)
def route(bird: Pigeon, flight: Flight) -> Route:
    return Route(km=flight.km)


@probe(permission=Permission.CONNECT)
def flight(bird: Pigeon, route: Route) -> Flight:
    return Flight(km=route.km)


@check("needs-route")
def needs_route(claim: Anything, route: Route) -> Iterator[Finding]:
    yield holds("")


def test_the_needs_of_probes_count_too() -> None:
    made = registry()
    assert Wiring(made).gap(read_check(needs_route), Pigeon) is Route
    made.scan(SimpleNamespace(__name__=route.__module__, route=route))  # type: ignore[arg-type]
    assert Wiring(made).gap(read_check(needs_route), Pigeon) is None


def test_a_circle_of_probes_ends() -> None:
    made = Registry()
    made.scan(SimpleNamespace(__name__=route.__module__, route=route, flight=flight))  # type: ignore[arg-type]
    assert Wiring(made).gap(read_check(needs_route), Pigeon) is None
