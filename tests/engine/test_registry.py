"""Signatures are the wiring, and wrong ones are named by file and line."""

import types
from collections.abc import Iterator

import pytest

from clauseproof.engine.registry import Registry, Shape
from clauseproof.model.assurance import Assurance
from clauseproof.model.claim import Claim
from clauseproof.model.errors import WiringError
from clauseproof.model.facts import All, Facts
from clauseproof.model.finding import Finding
from clauseproof.model.marks import check, probe
from clauseproof.model.permission import Permission
from clauseproof.model.subject import Subject
from tests.engine import house
from tests.engine.support import registry


class Thing(Claim):
    pass


class Sub(Subject):
    pass


def module(*members: object) -> types.ModuleType:
    made = types.ModuleType("made")
    for number, member in enumerate(members):
        member.__module__ = "made"
        setattr(made, f"m{number}", member)
    return made


def refusal(*members: object) -> WiringError:
    with pytest.raises(WiringError) as caught:
        Registry().scan(module(*members))
    return caught.value


def test_each_shape_of_a_parameter_is_read_from_its_type() -> None:
    needs = {need.name: need for need in registry().checks["sum"].needs}
    assert (needs["counts"].shape, needs["before"].shape) == (Shape.ALL, Shape.PAST)
    assert registry().checks["either"].needs[1].optional


def test_a_check_that_takes_all_says_so() -> None:
    assert registry().checks["sum"].takes_all
    assert not registry().checks["at-least"].takes_all


def test_a_probe_of_a_base_class_serves_its_subclasses() -> None:
    class Special(house.Counter):
        pass

    found = registry().probe_for(Special, house.Count)
    assert found is not None
    assert found.fn is house.count


def test_a_check_without_claim_is_refused_with_file_and_line() -> None:
    @check("none")
    def lost(count: house.Count) -> Iterator[Finding]:
        yield from ()

    assert refusal(lost).what.startswith(f"{__file__}:")
    assert "exactly one parameter that is a Claim" in refusal(lost).what


def test_a_parameter_that_is_no_facts_is_refused_by_name() -> None:
    @check("odd")
    def odd(claim: Thing, when: int) -> Iterator[Finding]:
        yield from ()

    assert "parameter when asks for int" in refusal(odd).what


def test_a_parameter_without_a_type_is_refused() -> None:
    @check("bare")
    def bare(claim: Thing, count) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
        yield from ()

    assert "parameter count has no type" in refusal(bare).what


def test_a_probe_that_asks_for_many_subjects_facts_is_refused() -> None:
    @probe(permission=Permission.CONNECT)
    def greedy(sub: Sub, counts: All[house.Count]) -> house.Double:
        raise NotImplementedError

    assert "asks for many facts" in refusal(greedy).what


def test_a_drill_without_a_journal_is_refused() -> None:
    @probe(permission=Permission.DRILL)
    def reckless(sub: Sub) -> house.Double:
        raise NotImplementedError

    assert "takes a Journal" in refusal(reckless).what


def test_a_kind_declared_twice_names_both_places() -> None:
    @check("twin")
    def one(claim: Thing) -> Iterator[Finding]:
        yield from ()

    @check("twin")
    def two(claim: Thing) -> Iterator[Finding]:
        yield from ()

    error = refusal(one, two)
    assert "check twin is declared a second time" in error.what
    assert f"{__file__}:" in error.what_to_do


def test_facts_with_a_default_are_refused() -> None:
    class Soft(Facts):
        kind = "soft"
        ceiling = Assurance.STATED
        accepted: tuple[str, ...] = ()

    assert "facts soft give accepted a default" in refusal(Soft).what


def test_what_a_module_only_imports_is_not_taken_twice() -> None:
    made = registry()
    made.scan(types.ModuleType("other"))
    made.scan(house)
    assert len([kind for kind in made.checks if kind == "sum"]) == 1
