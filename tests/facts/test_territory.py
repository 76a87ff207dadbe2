"""Jurisdictions of a claim, resolved for the day of the case."""

import pytest

from clauseproof.facts.territory import territory
from tests.support.case import case
from tests.support.keys import NOW


def test_inside_and_outside_are_both_kept() -> None:
    found = territory(["EU"], ["DE"], case(NOW))
    assert (found.keeps("FR"), found.keeps("DE"), found.keeps("US")) == (True, False, False)
    assert found.words == "inside EU and outside DE"


def test_without_inside_everything_but_outside_is_allowed() -> None:
    found = territory(None, ["US"], case(NOW))
    assert (found.keeps("FR"), found.keeps("US")) == (True, False)


def test_a_jurisdiction_that_nobody_knows_is_said_with_those_there_are() -> None:
    with pytest.raises(LookupError, match=r"No jurisdiction is called EFTA\. To settle it: name one of EU"):
        territory(["EFTA"], None, case(NOW))


def test_a_jurisdiction_without_members_allows_nothing_silently() -> None:
    with pytest.raises(LookupError, match="NONE has no members on 2026-11-24"):
        territory(["NONE"], None, case(NOW, NONE=()))
